/**
 * What a browser must have before a machine can run in it.
 */
import type { OpenFailure } from './open.ts';

/** The globals that are asked for. */
export interface BrowserGlobals {
  readonly WebAssembly?: unknown;
  readonly SharedArrayBuffer?: unknown;
  readonly crossOriginIsolated?: boolean;
  readonly isSecureContext?: boolean;
}

/** @returns the first thing that is missing, undefined when a machine can run */
export function lacksOf(globals: BrowserGlobals): OpenFailure | undefined {
  const where = 'browser';
  if (globals.WebAssembly === undefined) {
    return { name: 'no-wasm', where, message: 'there is no WebAssembly' };
  }
  if (globals.crossOriginIsolated !== true) {
    const cause = globals.isSecureContext === false ? 'the page did not come over HTTPS' : 'the page is not cross-origin isolated';
    return { name: 'not-isolated', where, message: `${cause}, so memory cannot be shared between Workers` };
  }
  if (globals.SharedArrayBuffer === undefined) {
    return { name: 'no-shared-memory', where, message: 'there is no SharedArrayBuffer' };
  }
  return undefined;
}

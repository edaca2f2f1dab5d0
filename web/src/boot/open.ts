/**
 * From the text of a link to a machine: check, plan, start, in this order and never ahead.
 *
 * Everything that touches the browser comes in as Parts, so that the order can be tested.
 */
import type { FailureName, Result } from '../../../descriptor/src/errors.ts';
import type { Capability, Descriptor, Publisher } from '../../../descriptor/src/types.ts';
import { unsupportedField } from './features.ts';
import type { Verdict } from '../trust/records.ts';
import { MachineError } from './types.ts';
import type { BootPlan, Machine } from './types.ts';

/** What a decoded, verified link says. */
export interface VerifiedLink {
  readonly descriptor: Descriptor;
  readonly publisher: Publisher;
}

/** Why no machine runs; `name` is stable: one of the format's failures or one of these. */
export interface OpenFailure {
  readonly name: FailureName | PageFailureName;
  readonly where: string;
  readonly message: string;
}

/** Failures beyond the link's format. */
export type PageFailureName =
  | 'unsupported'
  | 'no-wasm'
  | 'no-shared-memory'
  | 'not-isolated'
  | 'verifier-failed'
  | 'unknown-runtime'
  | 'runtime-unreachable'
  | 'missing-image'
  | 'image-unreachable'
  | 'hash-mismatch'
  | 'bad-image'
  | 'out-of-memory'
  | 'start-failed';

export interface Parts {
  /** hash of the runtime that this page brings */
  readonly runtime: string;
  /** what this browser lacks, undefined when nothing */
  support(): OpenFailure | undefined;
  /** decode and verify, off the main thread; rejects when the verifier itself cannot run */
  verify(text: string): Promise<Result<VerifiedLink>>;
  /** has this deployment published that runtime? rejects when it cannot be reached */
  hasRuntime(hash: string): Promise<boolean>;
  /** whether its publisher is trusted; never rejects */
  judge(link: VerifiedLink): Promise<Verdict>;
  /** what the person decided; remembered for this publisher */
  accept(link: VerifiedLink, decision: Decision): Promise<void>;
  /** the machine started: for the list of recent ones */
  opened(text: string, link: VerifiedLink): Promise<void>;
  /** what a published runtime can do: features.ts */
  features(runtime: string): Promise<readonly string[]>;
  plan(descriptor: Descriptor): BootPlan;
  /** the link's overlays as the kernel unpacks them; rejects with a MachineError */
  overlays(descriptor: Descriptor): Promise<readonly Uint8Array[]>;
  /** start a machine on a published runtime; rejects with a MachineError */
  start(plan: BootPlan, runtime: string): Promise<Machine>;
}

/** What a person says to a link of a publisher who is not trusted yet. */
export interface Decision {
  /** open this publisher's links without asking from now on */
  readonly always: boolean;
  /** of what the link asks for */
  readonly grants: readonly Capability[];
}

/** A link that passed every check; `start` may be called again for a restart. */
export interface OpenedLink extends VerifiedLink {
  start(): Promise<Machine>;
}

export interface OpenOptions {
  /** the person chose to run the link on this page's runtime instead of the one it names */
  readonly ownRuntime?: boolean;
}

/**
 * Check a link. Nothing that it names is fetched or started before its signature is verified; the
 * kernel Worker of the page's own runtime prepares beside the check (docs/decisions/0070).
 *
 * @param text - what follows the # of the address
 */
export async function openLink(
  text: string,
  parts: Parts,
  options: OpenOptions = {},
): Promise<Result<OpenedLink, OpenFailure>> {
  const lacking = parts.support();
  if (lacking !== undefined) return { ok: false, failure: lacking };

  let verified: Result<VerifiedLink>;
  try {
    verified = await parts.verify(text);
  } catch (error) {
    return failed('verifier-failed', 'page, verifier', messageOf(error));
  }
  if (!verified.ok) return verified;
  const { descriptor, publisher } = verified.value;

  const runtime = options.ownRuntime === true ? parts.runtime : descriptor.runtime;
  if (runtime !== parts.runtime) {
    try {
      if (!(await parts.hasRuntime(runtime))) {
        return failed('unknown-runtime', 'runtime', `there is no runtime ${runtime} on this site`);
      }
    } catch (error) {
      return failed('runtime-unreachable', 'runtime', messageOf(error));
    }
  }
  let features: readonly string[];
  try {
    features = await parts.features(runtime);
  } catch (error) {
    return failed('runtime-unreachable', 'runtime', messageOf(error));
  }
  const lacks = unsupportedField(descriptor, features);
  if (lacks !== undefined) return failed('unsupported', lacks, `${lacks}: this runtime cannot do what it asks for`);
  const plan = parts.plan(descriptor);
  const start = async (): Promise<Machine> => {
    if (descriptor.overlays === undefined) return await parts.start(plan, runtime);
    return await parts.start({ ...plan, overlays: await parts.overlays(descriptor) }, runtime);
  };
  return { ok: true, value: { descriptor, publisher, start } };
}

/** Codes of a MachineError, and of the image reader behind it, that have a page of their own. */
const BY_CODE: ReadonlyMap<string, PageFailureName> = new Map([
  ['no-wasm', 'no-wasm'],
  ['no-shared-memory', 'no-shared-memory'],
  ['not-isolated', 'not-isolated'],
  ['unknown-runtime', 'unknown-runtime'],
  ['runtime-unreachable', 'runtime-unreachable'],
  ['missing-image', 'missing-image'],
  ['missing', 'missing-image'],
  ['image-unreachable', 'image-unreachable'],
  ['network', 'image-unreachable'],
  ['truncated', 'image-unreachable'],
  ['hash-mismatch', 'hash-mismatch'],
  ['index-hash', 'hash-mismatch'],
  ['chunk-hash', 'hash-mismatch'],
  ['bad-image', 'bad-image'],
  ['index-format', 'bad-image'],
  ['size', 'bad-image'],
  ['out-of-memory', 'out-of-memory'],
]);

/** The failure that a machine's refusal to start is shown as. */
export function failureOf(error: unknown): OpenFailure {
  if (!(error instanceof Error)) return failed('start-failed', 'machine', String(error)).failure;
  const code = error instanceof MachineError || error.name === 'MachineError' ? codeOf(error) : '';
  const known = BY_CODE.get(code);
  if (known !== undefined) return failed(known, 'machine', error.message).failure;
  const message = code === '' ? error.message : `${code}: ${error.message}`;
  return failed('start-failed', 'machine', message).failure;
}

/** The runtime is another module than the page: its MachineError is another class. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(
  name: PageFailureName,
  where: string,
  message: string,
): { readonly ok: false; readonly failure: OpenFailure } {
  return { ok: false, failure: { name, where, message } };
}

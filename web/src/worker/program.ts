/**
 * Programs: compiling a file of the machine, and telling what a trap means.
 */
import type { Program } from '../host/messages.ts';

/**
 * Wasm pages that the module's import of env.memory asks for; 0 when it imports none. Throws for what
 * no program needs and could exhaust the engine with, which ends every process: many tables (each
 * takes ten million entries), memories of its own, types of the garbage collector.
 */
function importedPages(bytes: Uint8Array): number {
  let at = 8;
  let pages = 0;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the module ends inside its import section');
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const name = (): string => {
    const length = leb();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const limits = (): number => {
    const flags = leb();
    const minimum = leb();
    if (flags & 1) leb();
    return minimum;
  };
  /* No types but functions: their objects would live in the engine's heap, which is not a process's. */
  const checkTypes = (): void => {
    for (let count = leb(); count > 0; count--) {
      if (bytes[at++] !== 0x60) throw new Error('types of the garbage collector');
      for (let vector = 0; vector < 2; vector++) {
        for (let n = leb(); n > 0; n--) {
          const type = bytes[at++];
          if (type === 0x63 || type === 0x64) leb();
        }
      }
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = leb();
    const end = at + size;
    if (id === 1) checkTypes();
    if (id === 4 && leb() > 1) throw new Error('more than one table');
    if (id === 5 && leb() > 0) throw new Error('a memory of its own');
    if (id === 2) {
      for (let count = leb(); count > 0; count--) {
        name(); /* "env" or "kernel": anything else fails to link */
        const what = name();
        const kind = bytes[at++];
        if (kind === 0) leb();
        else if (kind === 1) {
          at++;
          limits();
        } else if (kind === 2) {
          const minimum = limits();
          if (what === 'memory') pages = minimum;
        }
        else if (kind === 3) at += 2;
        else if (kind === 4) {
          at++;
          leb();
        }
      }
    }
    at = end;
  }
  return pages;
}

export function compileProgram(bytes: Uint8Array<ArrayBuffer>): Program {
  return { module: new WebAssembly.Module(bytes), pages: importedPages(bytes) };
}

const SIGILL = 4;
const SIGABRT = 6;
const SIGFPE = 8;
const SIGSEGV = 11;

/** Which signal a trap is, and a line for the kernel log that names the function. */
export function describeTrap(error: unknown): { readonly signo: number; readonly text: string } {
  if (!(error instanceof Error)) return { signo: SIGABRT, text: 'an exception that nobody caught' };
  const where = trapFunction(error.stack ?? '');
  const text = `${error.message}${where === '' ? '' : ` in ${where}`}`;
  /* Engines word traps differently; what is left over is an access that was not allowed. */
  if (/divi|remainder|overflow|unrepresentable|conversion|truncat/i.test(error.message) && !isStackOverflow(error)) {
    return { signo: SIGFPE, text };
  }
  if (/unreachable/i.test(error.message)) return { signo: SIGILL, text };
  if (isStackOverflow(error)) return { signo: SIGSEGV, text: `stack overflow${where === '' ? '' : ` in ${where}`}` };
  return { signo: SIGSEGV, text };
}

function isStackOverflow(error: Error): boolean {
  return error instanceof RangeError || /call stack|recursion/i.test(error.message);
}

/** Frames of the kernel carry its module's name; a trap is told by the program's function. */
const KERNEL_MODULE = 'linked.wasm';

function trapFunction(stack: string): string {
  for (const line of stack.split('\n')) {
    const match = /^\s*at (\S+) \(wasm:/.exec(line) ?? /^([^@\s]+)@.*wasm-function/.exec(line);
    const name = match?.[1];
    if (name === undefined || name.startsWith(KERNEL_MODULE)) continue;
    return name.replace(/^.*\.wasm\./, '');
  }
  return '';
}

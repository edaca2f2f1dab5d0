/**
 * The user memories of a machine: made, cleaned and made ready for the kernel.
 *
 * A memory that a process gave back is cleaned once no Worker that ran in it runs any more
 * (the quarantine of docs/decisions), then the kernel is told. Engines give a limited number of
 * memories to a tab, so they are used again and again.
 */
import { PLEAT_U_MAX_PAGES } from './abi.ts';

/* (module (import "u" "m" memory) (func (export "clean") (param end) ...)): for each 4 KiB page below
 * end, reads its words and, when one is not zero, fills it with zeros. Reading an untouched page does
 * not make the engine give it memory of its own; writing would. Made from tools/clean.wat. */
const CLEANER =
  'AGFzbQEAAAABBQFgAX8AAgsBAXUBbQIDAYCAAgMCAQAHCQEFY2xlYW4AAAqDAQGAAQICfwF+AkADQCABIABPDQFCACEDIAEhAgNAIAMg' +
  'AikDACACKQMIhCACKQMQIAIpAxiEhCACKQMgIAIpAyiEIAIpAzAgAikDOISEhIQhAyACQcAAaiICIAFBgCBqSQ0ACyADQgBSBEAgAUEA' +
  'QYAg/AsACyABQYAgaiEBDAALAAsL';

const FIRST_PAGES = 160; /* 10 MiB: what small programs with an 8 MiB stack ask for */

interface Entry {
  readonly memory: WebAssembly.Memory;
  clean: ((end: number) => void) | undefined;
  users: number;
  /** given back by the kernel: bytes that may not be zero */
  dirty: number | undefined;
}

export class Memories {
  readonly #entries = new Map<number, Entry>();
  readonly #ready: (id: number) => void;
  #cleaner: WebAssembly.Module | undefined;
  #next = 1;

  /** @param ready - called when memory `id` is clean and unused */
  constructor(ready: (id: number) => void) {
    this.#ready = ready;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Make one more. @returns false when the engine has none */
  make(limit: number): boolean {
    if (this.#entries.size >= limit) return false;
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: PLEAT_U_MAX_PAGES, shared: true });
    } catch {
      return false;
    }
    const id = this.#next++;
    this.#entries.set(id, { memory, clean: undefined, users: 0, dirty: undefined });
    this.#ready(id);
    return true;
  }

  /** A Worker starts to run in it. */
  enter(id: number): WebAssembly.Memory {
    const entry = this.#get(id);
    entry.users++;
    return entry.memory;
  }

  peek(id: number): WebAssembly.Memory {
    return this.#get(id).memory;
  }

  /** A Worker that ran in it runs no more. */
  leave(id: number): void {
    const entry = this.#get(id);
    entry.users--;
    this.#settle(id, entry);
  }

  /** The kernel gives it back; up to `touched` bytes may not be zero. */
  release(id: number, touched: number): void {
    const entry = this.#get(id);
    entry.dirty = touched;
    this.#settle(id, entry);
  }

  #settle(id: number, entry: Entry): void {
    if (entry.dirty === undefined || entry.users > 0) return;
    entry.clean ??= this.#cleanerFor(entry.memory);
    entry.clean(Math.min((entry.dirty + 4095) & ~4095, entry.memory.buffer.byteLength));
    entry.dirty = undefined;
    this.#ready(id);
  }

  #cleanerFor(memory: WebAssembly.Memory): (end: number) => void {
    this.#cleaner ??= new WebAssembly.Module(Uint8Array.from(atob(CLEANER), (c) => c.charCodeAt(0)));
    const instance = new WebAssembly.Instance(this.#cleaner, { u: { m: memory } });
    return instance.exports['clean'] as (end: number) => void;
  }

  #get(id: number): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`the kernel names memory ${id}, which does not exist`);
    return entry;
  }
}

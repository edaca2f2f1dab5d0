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
const KEEP_MAX = 128 << 20; /* a memory grown beyond is given back to the engine, its pages with it */

interface Entry {
  memory: WebAssembly.Memory;
  clean: ((end: number) => void) | undefined;
  users: number;
  /** given back by the kernel */
  released: boolean;
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
    const memory = freshMemory();
    if (memory === undefined) return false;
    const id = this.#next++;
    this.#entries.set(id, { memory, clean: undefined, users: 0, released: false });
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

  /** The kernel gives it back. */
  release(id: number): void {
    const entry = this.#get(id);
    entry.released = true;
    this.#settle(id, entry);
  }

  /**
   * All of it is cleaned, not what the kernel knows to be mapped: a program can write to the rest and
   * grow its memory by itself, and the next one must not find that.
   */
  #settle(id: number, entry: Entry): void {
    if (!entry.released || entry.users > 0) return;
    entry.memory.grow(0); /* the size it has now: see view.ts */
    const size = entry.memory.buffer.byteLength;
    const fresh = size > KEEP_MAX ? freshMemory() : undefined;
    if (fresh === undefined) {
      entry.clean ??= this.#cleanerFor(entry.memory);
      entry.clean(size);
    } else {
      entry.memory = fresh;
      entry.clean = undefined;
    }
    entry.released = false;
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

function freshMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: PLEAT_U_MAX_PAGES, shared: true });
  } catch {
    return undefined; /* the engine has none */
  }
}

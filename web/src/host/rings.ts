/**
 * The host's views over K: the layout of kernel/abi/ring.h and nothing else.
 * Only this file makes views over shared memory of the kernel.
 */
import { bufferUpTo } from './view.ts';

export const OP = {
  SPAWN: 1,
  END: 2,
  MEMORY_FREE: 3,
  POKE: 4,
  CONSOLE_OUTPUT: 5,
  CONSOLE_CLOSED: 6,
  CHUNK: 7,
  HOSTFS: 8,
  HALT: 9,
  PANIC: 10,
  LOG: 11,
  BOOTED: 12,
  EVENTS_DRAINED: 13,
  CONSOLE_EOF: 14,
  CONSOLE_SIZE: 15,
  CONSOLE_ROOM: 16,
  MEMORY_NEED: 17,
} as const;

export const EV = {
  CONSOLE_INPUT: 1,
  CONSOLE_DRAINED: 2,
  CONSOLE_RESIZE: 3,
  CONSOLE_OPEN: 4,
  CONSOLE_CLOSE: 5,
  CONSOLE_EOF: 6,
  WORKER_GONE: 7,
  SPAWN_FAILED: 8,
  STOP: 9,
  MEMORY: 10,
  MEMORY_REFUSED: 11,
} as const;

export const SPAWN_FORK = 1;
export const SPAWN_EXEC = 2;
export const SPAWN_INIT = 4;

/** Errno values that the host itself answers with. */
export const EIO = 5;
export const ENOENT = 2;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EINVAL = 22;

const ABI_VERSION = 1;
const SLOTS = 1024;
const SLOT_WORDS = 8;
const RING_SIZE = 65536;
const CALL_PENDING = 0xffffffff;

/* struct host_area, in bytes */
const AT = {
  version: 0,
  size: 4,
  doorbell: 8,
  requestHead: 12,
  requestTail: 16,
  eventHead: 20,
  eventTail: 24,
  eventWake: 28,
  eventDrainWanted: 32,
  memoryLimit: 48,
  cpus: 52,
  clockBase: 112,
} as const;
const REQUESTS = 120;
const EVENTS = REQUESTS + SLOTS * SLOT_WORDS * 4;
const CONSOLES = EVENTS + SLOTS * SLOT_WORDS * 4;
const CONSOLE_BYTES = 32;
const CONSOLES_END = CONSOLES + 17 * CONSOLE_BYTES;

/* struct console_ring, in bytes */
const RING = { inHead: 0, inTail: 4, outHead: 8, outTail: 12, inData: 16, outData: 20, outFull: 24 };

/** A request of the kernel: op and up to seven words. */
export interface Request {
  readonly op: number;
  readonly arg: readonly number[];
}

/** struct host_call: a request somebody in the kernel sleeps on. */
export interface HostCall {
  readonly address: number;
  readonly op: number;
  /** HOSTFS_* */
  readonly sub: number;
  readonly layer: number;
  readonly index: number;
  readonly data: number;
  readonly size: number;
  readonly path: string;
}

/** Kernel memory K as the host sees it. Addresses are bytes. */
export class KernelArea {
  readonly memory: WebAssembly.Memory;
  readonly #base: number;
  #i32: Int32Array;
  #u8: Uint8Array;
  readonly #waiting: (readonly number[])[] = [];

  /**
   * @param base - what the export host_area() returned
   * @throws Error when the kernel speaks another ABI: a build with parts that do not fit
   */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.memory = memory;
    this.#base = base;
    this.#i32 = new Int32Array(memory.buffer);
    this.#u8 = new Uint8Array(memory.buffer);
    const size = this.#load(AT.size);
    if (this.#load(AT.version) !== ABI_VERSION || size < CONSOLES_END || size > CONSOLES_END + 16) {
      throw new Error(`the kernel's host area has version ${this.#load(AT.version)}, ${size} bytes`);
    }
  }

  /** K grows under us: a view made before does not reach the new part. */
  #refresh(end = 0): void {
    if (this.#u8.byteLength === bufferUpTo(this.memory, end).byteLength) return;
    this.#i32 = new Int32Array(this.memory.buffer);
    this.#u8 = new Uint8Array(this.memory.buffer);
  }

  #load(field: number): number {
    return Atomics.load(this.#i32, (this.#base + field) >>> 2) >>> 0;
  }

  #store(field: number, value: number): void {
    Atomics.store(this.#i32, (this.#base + field) >>> 2, value | 0);
  }

  word(address: number): number {
    this.#refresh(address + 4);
    return Atomics.load(this.#i32, address >>> 2) >>> 0;
  }

  bytes(address: number, length: number): Uint8Array {
    this.#refresh(address + length);
    return this.#u8.subarray(address, address + length);
  }

  setClockBase(unixNs: bigint): void {
    new BigUint64Array(this.memory.buffer)[(this.#base + AT.clockBase) >>> 3] = unixNs;
  }

  setCpus(count: number): void {
    this.#store(AT.cpus, count);
  }

  setMemoryLimit(count: number): void {
    this.#store(AT.memoryLimit, count);
  }

  /** Resolves when the doorbell rang after `seen` was read; at once if it did meanwhile. */
  doorbell(): number {
    return this.#load(AT.doorbell);
  }

  async waitDoorbell(seen: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#i32, (this.#base + AT.doorbell) >>> 2, seen | 0);
    if (wait.async) await wait.value;
  }

  /** Take the oldest request; undefined when there is none. */
  takeRequest(): Request | undefined {
    this.#refresh();
    const tail = this.#load(AT.requestTail);
    if (tail === this.#load(AT.requestHead)) return undefined;
    const at = (this.#base + REQUESTS + (tail % SLOTS) * SLOT_WORDS * 4) >>> 2;
    const words = Array.from(this.#i32.subarray(at, at + SLOT_WORDS), (word) => word >>> 0);
    this.#store(AT.requestTail, tail + 1);
    return { op: words[0] ?? 0, arg: words.slice(1) };
  }

  /** Queue an event for the kernel's event thread; kept here while the ring is full. */
  sendEvent(op: number, ...arg: number[]): void {
    this.#waiting.push([op, ...arg]);
    this.flushEvents();
  }

  /** Put waiting events into the ring as far as there is room. */
  flushEvents(): void {
    let sent = false;
    while (this.#waiting.length > 0) {
      const head = this.#load(AT.eventHead);
      if (((head - this.#load(AT.eventTail)) >>> 0) === SLOTS) {
        this.#store(AT.eventDrainWanted, 1);
        if (((head - this.#load(AT.eventTail)) >>> 0) === SLOTS) break;
      }
      const event = this.#waiting.shift() ?? [];
      const at = (this.#base + EVENTS + (head % SLOTS) * SLOT_WORDS * 4) >>> 2;
      for (let i = 0; i < SLOT_WORDS; i++) this.#i32[at + i] = (event[i] ?? 0) | 0;
      this.#store(AT.eventHead, head + 1);
      sent = true;
    }
    if (sent) this.wakeEventThread();
  }

  wakeEventThread(): void {
    const wake = this.#load(AT.eventWake) >>> 2;
    if (wake === 0) return; /* it looks at the ring when it starts */
    Atomics.add(this.#i32, wake, 1);
    Atomics.notify(this.#i32, wake);
  }

  // ---- consoles ----

  #ring(n: number, field: number): number {
    return CONSOLES + n * CONSOLE_BYTES + field;
  }

  /** Take what console n wants shown; undefined when there is nothing. */
  takeOutput(n: number): Uint8Array | undefined {
    this.#refresh();
    const data = this.#load(this.#ring(n, RING.outData));
    this.#refresh(data + RING_SIZE);
    const head = this.#load(this.#ring(n, RING.outHead));
    const tail = this.#load(this.#ring(n, RING.outTail));
    const length = (head - tail) >>> 0;
    if (data === 0 || length === 0) return undefined;
    const start = tail % RING_SIZE;
    const first = Math.min(length, RING_SIZE - start);
    const out = new Uint8Array(length);
    out.set(this.#u8.subarray(data + start, data + start + first));
    out.set(this.#u8.subarray(data, data + length - first), first);
    this.#store(this.#ring(n, RING.outTail), head);
    if (Atomics.exchange(this.#i32, (this.#base + this.#ring(n, RING.outFull)) >>> 2, 0) !== 0) {
      this.sendEvent(EV.CONSOLE_DRAINED, n);
    }
    return out;
  }

  /** Write key strokes to console n. @returns bytes that fitted; 0 while it does not exist */
  putInput(n: number, bytes: Uint8Array): number {
    this.#refresh();
    const data = this.#load(this.#ring(n, RING.inData));
    this.#refresh(data + RING_SIZE);
    if (data === 0) return 0;
    const head = this.#load(this.#ring(n, RING.inHead));
    const room = RING_SIZE - ((head - this.#load(this.#ring(n, RING.inTail))) >>> 0);
    const length = Math.min(room, bytes.length);
    const start = head % RING_SIZE;
    const first = Math.min(length, RING_SIZE - start);
    this.#u8.set(bytes.subarray(0, first), data + start);
    this.#u8.set(bytes.subarray(first, length), data);
    this.#store(this.#ring(n, RING.inHead), head + length);
    if (length > 0) this.sendEvent(EV.CONSOLE_INPUT, n);
    return length;
  }

  // ---- calls that somebody waits for ----

  readCall(address: number): HostCall {
    this.#refresh(address + 48);
    const word = (i: number): number => this.#i32[(address >>> 2) + i]! >>> 0;
    const path = new TextDecoder().decode(this.bytes(word(9), word(10)).slice());
    return {
      address,
      op: word(2),
      sub: word(11),
      layer: word(3),
      index: word(4) + word(5) * 2 ** 32,
      data: word(6),
      size: word(7),
      path,
    };
  }

  /** Answer a call: bytes go to its buffer, then the sleeper is woken. Once only for each call. */
  finishCall(call: HostCall, result: Uint8Array | number): void {
    this.#refresh(call.data + call.size);
    const at = call.address >>> 2;
    if (Atomics.load(this.#i32, at) >>> 0 !== CALL_PENDING) throw new Error('a call is answered twice');
    let status = 0;
    if (typeof result === 'number') status = result;
    else if (result.length > call.size) status = EINVAL;
    else {
      this.#u8.set(result, call.data);
      this.#i32[at + 8] = result.length;
    }
    const wake = (this.#i32[at + 1]! >>> 0) >>> 2;
    this.#refresh(wake * 4 + 4);
    Atomics.store(this.#i32, at, status);
    Atomics.add(this.#i32, wake, 1);
    Atomics.notify(this.#i32, wake);
  }
}

/**
 * The rings of kernel/abi/ring.h as the host uses them. Views over K are made here and by view.ts.
 */
import {
  CONSOLE_RING,
  CONSOLE_RING_BYTES,
  CONSOLE_RING_SIZE,
  ERRNO,
  EV,
  EVENT_SLOTS,
  FB_RING,
  FB_RING_BYTES,
  HOST_ABI_VERSION,
  HOST_AREA,
  HOST_AREA_BYTES,
  HOST_CALL,
  HOST_CALL_BYTES,
  HOST_CALL_PENDING,
  HOST_SLOT_BYTES,
  INPUT_RING,
  REQUEST_SLOTS,
  SOUND_FRAMES,
  SOUND_RING,
} from './abi.ts';
import type { SoundSource } from '../boot/sound.ts';
import { bufferUpTo } from './view.ts';

const SLOT_WORDS = HOST_SLOT_BYTES / 4;


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
    const size = this.#load(HOST_AREA.size);
    if (this.#load(HOST_AREA.version) !== HOST_ABI_VERSION || size !== HOST_AREA_BYTES) {
      throw new Error(
        `kernel.wasm speaks host ABI ${this.#load(HOST_AREA.version)} (${size} bytes), this runtime ${HOST_ABI_VERSION} (${HOST_AREA_BYTES} bytes): build both again`,
      );
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

  setCpus(count: number): void {
    this.#store(HOST_AREA.cpus, count);
  }

  /** From here on the kernel tells of new lines again: call it before reading the log. */
  lookAtLog(): void {
    this.#store(HOST_AREA.logTold, 0);
  }

  /** Resolves when the doorbell rang after `seen` was read; at once if it did meanwhile. */
  doorbell(): number {
    return this.#load(HOST_AREA.doorbell);
  }

  async waitDoorbell(seen: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#i32, (this.#base + HOST_AREA.doorbell) >>> 2, seen | 0);
    if (wait.async) await wait.value;
  }

  /** Take the oldest request; undefined when there is none. */
  takeRequest(): Request | undefined {
    this.#refresh();
    const tail = this.#load(HOST_AREA.requestTail);
    if (tail === this.#load(HOST_AREA.requestHead)) return undefined;
    const at = (this.#base + HOST_AREA.requests + (tail % REQUEST_SLOTS) * SLOT_WORDS * 4) >>> 2;
    const words = Array.from(this.#i32.subarray(at, at + SLOT_WORDS), (word) => word >>> 0);
    this.#store(HOST_AREA.requestTail, tail + 1);
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
      const head = this.#load(HOST_AREA.eventHead);
      if (((head - this.#load(HOST_AREA.eventTail)) >>> 0) === EVENT_SLOTS) {
        this.#store(HOST_AREA.eventDrainWanted, 1);
        if (((head - this.#load(HOST_AREA.eventTail)) >>> 0) === EVENT_SLOTS) break;
      }
      const event = this.#waiting.shift() ?? [];
      const at = (this.#base + HOST_AREA.events + (head % EVENT_SLOTS) * SLOT_WORDS * 4) >>> 2;
      for (let i = 0; i < SLOT_WORDS; i++) this.#i32[at + i] = (event[i] ?? 0) | 0;
      this.#store(HOST_AREA.eventHead, head + 1);
      sent = true;
    }
    if (sent) this.wakeEventThread();
  }

  wakeEventThread(): void {
    const wake = this.#load(HOST_AREA.eventWake) >>> 2;
    if (wake === 0) return; /* it looks at the ring when it starts */
    Atomics.add(this.#i32, wake, 1);
    Atomics.notify(this.#i32, wake);
  }

  // ---- consoles ----

  #ring(n: number, field: number): number {
    return HOST_AREA.consoles + n * CONSOLE_RING_BYTES + field;
  }

  /** Take what console n wants shown; undefined when there is nothing. */
  takeOutput(n: number): Uint8Array | undefined {
    this.#refresh();
    const data = this.#load(this.#ring(n, CONSOLE_RING.outData));
    this.#refresh(data + CONSOLE_RING_SIZE);
    const head = this.#load(this.#ring(n, CONSOLE_RING.outHead));
    const tail = this.#load(this.#ring(n, CONSOLE_RING.outTail));
    const length = (head - tail) >>> 0;
    if (data === 0 || length === 0) return undefined;
    const start = tail % CONSOLE_RING_SIZE;
    const first = Math.min(length, CONSOLE_RING_SIZE - start);
    const out = new Uint8Array(length);
    out.set(this.#u8.subarray(data + start, data + start + first));
    out.set(this.#u8.subarray(data, data + length - first), first);
    this.#store(this.#ring(n, CONSOLE_RING.outTail), head);
    if (Atomics.exchange(this.#i32, (this.#base + this.#ring(n, CONSOLE_RING.outFull)) >>> 2, 0) !== 0) {
      this.sendEvent(EV.CONSOLE_DRAINED, n);
    }
    return out;
  }

  /** Write key strokes to console n. @returns bytes that fitted; 0 while it does not exist */
  putInput(n: number, bytes: Uint8Array): number {
    this.#refresh();
    const data = this.#load(this.#ring(n, CONSOLE_RING.inData));
    this.#refresh(data + CONSOLE_RING_SIZE);
    if (data === 0) return 0;
    const head = this.#load(this.#ring(n, CONSOLE_RING.inHead));
    const room = CONSOLE_RING_SIZE - ((head - this.#load(this.#ring(n, CONSOLE_RING.inTail))) >>> 0);
    const length = Math.min(room, bytes.length);
    const start = head % CONSOLE_RING_SIZE;
    const first = Math.min(length, CONSOLE_RING_SIZE - start);
    this.#u8.set(bytes.subarray(0, first), data + start);
    this.#u8.set(bytes.subarray(first, length), data);
    this.#store(this.#ring(n, CONSOLE_RING.inHead), head + length);
    if (length > 0) this.sendEvent(EV.CONSOLE_INPUT, n);
    return length;
  }

  // ---- frame buffers ----

  /** Addresses of a frame buffer's ring and of the event thread's wake word's address. */
  screenAt(n: number): { readonly ring: number; readonly eventWake: number } {
    return { ring: this.#base + HOST_AREA.fbs + n * FB_RING_BYTES, eventWake: this.#base + HOST_AREA.eventWake };
  }

  /** The same; from here on the kernel tells of changes again: read the ring after it. */
  lookAtScreen(n: number): { readonly ring: number; readonly eventWake: number } {
    this.#store(HOST_AREA.fbs + n * FB_RING_BYTES + FB_RING.told, 0);
    return this.screenAt(n);
  }

  // ---- input ----

  /** Events that the ring had no room for yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Which devices are open, as bits; from here on the kernel tells of changes again. */
  lookAtInput(): number {
    this.#store(HOST_AREA.input + INPUT_RING.told, 0);
    return this.#load(HOST_AREA.input + INPUT_RING.opened);
  }

  // ---- sound ----

  /** What the audio thread needs; from here on the kernel tells of changes again. */
  lookAtSound(): SoundSource {
    this.#store(HOST_AREA.sound + SOUND_RING.told, 0);
    const data = this.#load(HOST_AREA.sound + SOUND_RING.data);
    return {
      playing: this.#load(HOST_AREA.sound + SOUND_RING.playing) !== 0,
      memory: bufferUpTo(this.memory, data + SOUND_FRAMES * 4),
      ring: this.#base + HOST_AREA.sound,
      data,
      eventWake: this.#base + HOST_AREA.eventWake,
    };
  }

  soundStats(): { readonly soundFrames: number; readonly soundUnderruns: number } {
    return {
      soundFrames: this.#load(HOST_AREA.sound + SOUND_RING.tail),
      soundUnderruns: this.#load(HOST_AREA.sound + SOUND_RING.underruns),
    };
  }

  // ---- calls that somebody waits for ----

  readCall(address: number): HostCall {
    this.#refresh(address + HOST_CALL_BYTES);
    const field = (offset: number): number => this.#i32[(address + offset) >>> 2]! >>> 0;
    const path = this.bytes(field(HOST_CALL.path), field(HOST_CALL.pathLen)).slice();
    return {
      address,
      op: field(HOST_CALL.op),
      sub: field(HOST_CALL.hostfsOp),
      layer: field(HOST_CALL.layer),
      index: field(HOST_CALL.indexLo) + field(HOST_CALL.indexHi) * 2 ** 32,
      data: field(HOST_CALL.data),
      size: field(HOST_CALL.size),
      path: new TextDecoder().decode(path),
    };
  }

  /** Answer a call: bytes go to its buffer, then the sleeper is woken. Once only for each call. */
  finishCall(call: HostCall, result: Uint8Array | number): void {
    this.#refresh(call.data + call.size);
    const status = (call.address + HOST_CALL.status) >>> 2;
    if (Atomics.load(this.#i32, status) >>> 0 !== HOST_CALL_PENDING) throw new Error('a call is answered twice');
    let error = 0;
    if (typeof result === 'number') error = result;
    else if (result.length > call.size) error = ERRNO.EINVAL;
    else {
      this.#u8.set(result, call.data);
      this.#i32[(call.address + HOST_CALL.result) >>> 2] = result.length;
    }
    const wake = (this.#i32[(call.address + HOST_CALL.wake) >>> 2]! >>> 0) >>> 2;
    this.#refresh(wake * 4 + 4);
    Atomics.store(this.#i32, status, error);
    Atomics.add(this.#i32, wake, 1);
    Atomics.notify(this.#i32, wake);
  }
}

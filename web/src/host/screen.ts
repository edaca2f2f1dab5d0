/**
 * A frame buffer as the host sees it: struct fb_ring of kernel/abi/ring.h, and its pixels as RGBA.
 * Used where the pixels are: the render Worker of a browser, Node's main thread.
 */
import { FB_RING } from './abi.ts';
import { bufferUpTo, wordsAt } from './view.ts';

/** What a frame buffer shows now, or did a moment ago: see ScreenView.unchanged(). */
export interface ScreenState {
  readonly seq: number;
  readonly opens: number;
  readonly xres: number;
  readonly yres: number;
  readonly lineLength: number;
  readonly bits: number;
  /** number of the memory that holds the pixels; 0: kernel memory */
  readonly memory: number;
  readonly address: number;
  readonly hold: boolean;
  readonly blank: boolean;
}

/** Rows that changed, both included. */
export interface Rows {
  readonly first: number;
  readonly last: number;
}

export class ScreenView {
  readonly #kernel: WebAssembly.Memory;
  readonly #ring: number;
  readonly #eventWake: number;
  readonly #words: Int32Array;

  /**
   * @param ring - address of the struct fb_ring
   * @param eventWake - address of host_area.event_wake
   */
  constructor(kernel: WebAssembly.Memory, ring: number, eventWake: number) {
    this.#kernel = kernel;
    this.#ring = ring;
    this.#eventWake = eventWake;
    /* The rings lie in the part of K that was there from the start: growing does not move it. */
    this.#words = wordsAt(kernel, 0, ring / 4 + 16);
  }

  #load(field: number): number {
    return Atomics.load(this.#words, (this.#ring + field) >>> 2) >>> 0;
  }

  #store(field: number, value: number): void {
    Atomics.store(this.#words, (this.#ring + field) >>> 2, value);
  }

  /** undefined while the kernel writes it */
  read(): ScreenState | undefined {
    const seq = this.#load(FB_RING.seq);
    const state: ScreenState = {
      seq,
      opens: this.#load(FB_RING.opens),
      xres: this.#load(FB_RING.xres),
      yres: this.#load(FB_RING.yres),
      lineLength: this.#load(FB_RING.lineLength),
      bits: this.#load(FB_RING.bits),
      memory: this.#load(FB_RING.memory),
      address: this.#load(FB_RING.address),
      hold: this.#load(FB_RING.hold) !== 0,
      blank: this.#load(FB_RING.blank) !== 0,
    };
    return (seq & 1) === 0 && this.unchanged(state) ? state : undefined;
  }

  /** Is it still what was read? If not, what was made of its pixels must not be shown. */
  unchanged(state: ScreenState): boolean {
    return this.#load(FB_RING.seq) === state.seq;
  }

  /** Do frames come at all? */
  setShown(shown: boolean): void {
    this.#store(FB_RING.shown, shown ? 1 : 0);
  }

  /** A frame was shown: whoever waits for it goes on. */
  countFrame(): void {
    Atomics.add(this.#words, (this.#ring + FB_RING.frame) >>> 2, 1);
    if (Atomics.exchange(this.#words, (this.#ring + FB_RING.vsyncWanted) >>> 2, 0) !== 0) {
      wakeEventThread(this.#kernel, this.#eventWake);
    }
  }
}

/** Make the kernel's event thread look around. @param field - address of host_area.event_wake */
export function wakeEventThread(kernel: WebAssembly.Memory, field: number): void {
  const at = wordsAt(kernel, field, 1)[0]! >>> 0;
  if (at === 0) return;
  const word = wordsAt(kernel, at, 1);
  Atomics.add(word, 0, 1);
  Atomics.notify(word, 0);
}

/**
 * Bring `into`, xres * yres words of RGBA, up to date with the frame buffer's pixels.
 *
 * @param memory - the one that state.memory names
 * @returns the rows that differ from before; undefined when none does
 */
export function convert(state: ScreenState, memory: WebAssembly.Memory, into: Uint32Array): Rows | undefined {
  const { xres, yres, lineLength, bits, address } = state;
  const end = address + lineLength * (yres - 1) + xres * (bits / 8);
  const buffer = bufferUpTo(memory, end);
  if (end > buffer.byteLength) return undefined; /* its process is gone: the state is old */
  let first = -1;
  let last = -1;
  const wide = bits === 32;
  const line = lineLength / (wide ? 4 : 2);
  const from = wide ? new Uint32Array(buffer, address) : new Uint16Array(buffer, address);
  for (let y = 0, row = 0, to = 0; y < yres; y++, row += line, to += xres) {
    const changed = wide ? row32(from, row, into, to, xres) : row16(from, row, into, to, xres);
    if (!changed) continue;
    if (first < 0) first = y;
    last = y;
  }
  return first < 0 ? undefined : { first, last };
}

type Pixels = Uint32Array | Uint16Array;

/* One row at a time: small loops that an engine keeps in registers. Compare and convert are one pass. */
function row32(from: Pixels, row: number, into: Uint32Array, to: number, xres: number): boolean {
  let differ = 0;
  for (let x = 0; x < xres; x++) {
    const p = from[row + x]!;
    const rgba = 0xff000000 | ((p & 0xff) << 16) | (p & 0xff00) | ((p >>> 16) & 0xff);
    differ |= into[to + x]! ^ rgba;
    into[to + x] = rgba;
  }
  return differ !== 0;
}

function row16(from: Pixels, row: number, into: Uint32Array, to: number, xres: number): boolean {
  let differ = 0;
  for (let x = 0; x < xres; x++) {
    const p = from[row + x]!;
    const r = ((p >>> 8) & 0xf8) | (p >>> 13);
    const g = ((p >>> 3) & 0xfc) | ((p >>> 9) & 3);
    const b = ((p << 3) & 0xf8) | ((p >>> 2) & 7);
    const rgba = 0xff000000 | (b << 16) | (g << 8) | r;
    differ |= into[to + x]! ^ rgba;
    into[to + x] = rgba;
  }
  return differ !== 0;
}

const BLACK = 0xff000000;

/** All black. @returns the rows that were not */
export function darken(into: Uint32Array, xres: number): Rows | undefined {
  const at = into.findIndex((pixel) => pixel !== BLACK);
  if (at < 0) return undefined;
  const last = into.findLastIndex((pixel) => pixel !== BLACK);
  into.fill(BLACK);
  return { first: Math.floor(at / xres), last: Math.floor(last / xres) };
}

/**
 * What draws a frame buffer into a canvas, once for each animation frame. It runs in the render
 * Worker; where there is no OffscreenCanvas, on the main thread.
 */
import { ScreenView, convert, darken } from '../host/screen.ts';
import type { Rows, ScreenState } from '../host/screen.ts';

/** From the kernel Worker: where the pixels are now. Sent anew whenever the memory is another one. */
export interface SourceMessage {
  readonly type: 'source';
  readonly kernel: WebAssembly.Memory;
  /** addresses in kernel memory: struct fb_ring and host_area.event_wake */
  readonly ring: number;
  readonly eventWake: number;
  /** number of the memory, and it; 0: the kernel's own */
  readonly id: number;
  readonly memory: WebAssembly.Memory | undefined;
}

export interface ScreenStats {
  /** animation frames, and those of them that drew something */
  readonly frames: number;
  readonly drawn: number;
  /** milliseconds of work of the frames that drew: the middle one of the last 128, and the longest of all */
  readonly medianMs: number;
  readonly maxMs: number;
  /** of all frames */
  readonly workMs: number;
}

const TOOK_MAX = 128;

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;
export type AnyCanvas = OffscreenCanvas | HTMLCanvasElement;

export class Screen {
  #canvas: AnyCanvas | undefined;
  #context: Context | undefined;
  #view: ScreenView | undefined;
  #source: SourceMessage | undefined;
  #image: ImageData | undefined;
  #pixels = new Uint32Array(0);
  /** rows that are in #image and not on the canvas yet */
  #due: Rows | undefined;
  #shown = false;
  #frames = 0;
  #drawn = 0;
  readonly #took: number[] = [];
  #maxMs = 0;
  #workMs = 0;

  /** Draw into this canvas from now on. */
  setCanvas(canvas: AnyCanvas): void {
    this.#canvas = canvas;
    /* No alpha: the picture covers all. Reading back is for screenshots alone. */
    this.#context = (canvas.getContext('2d', { alpha: false, desynchronized: false }) as Context | null) ?? undefined;
    this.#image = undefined;
  }

  setSource(source: SourceMessage): void {
    if (this.#source?.kernel !== source.kernel) {
      this.#view = new ScreenView(source.kernel, source.ring, source.eventWake);
      this.#view.setShown(this.#shown);
    }
    this.#source = source;
  }

  setShown(shown: boolean): void {
    this.#shown = shown;
    this.#view?.setShown(shown);
  }

  get stats(): ScreenStats {
    return {
      frames: this.#frames,
      drawn: this.#drawn,
      medianMs: this.#took.toSorted((a, b) => a - b)[this.#took.length >> 1] ?? 0,
      maxMs: this.#maxMs,
      workMs: this.#workMs,
    };
  }

  /** Once for each animation frame. */
  frame(): void {
    const view = this.#view;
    if (view === undefined) return;
    const start = performance.now();
    const drew = this.#draw(view);
    view.countFrame();
    const took = performance.now() - start;
    this.#frames++;
    this.#workMs += took;
    if (!drew) return;
    this.#drawn++;
    this.#took.push(took);
    if (this.#took.length > TOOK_MAX) this.#took.shift();
    this.#maxMs = Math.max(this.#maxMs, took);
  }

  #draw(view: ScreenView): boolean {
    const state = view.read();
    if (state === undefined || state.xres === 0 || state.hold) return false;
    const image = this.#fit(state);
    const rows = this.#update(state);
    if (rows !== undefined) this.#due = this.#due === undefined ? rows : join(this.#due, rows);
    /* What was read may be another process's by now: it waits for the next frame, which reads again. */
    if (this.#due === undefined || this.#context === undefined || image === undefined || !view.unchanged(state)) return false;
    const { first, last } = this.#due;
    this.#due = undefined;
    this.#context.putImageData(image, 0, 0, 0, first, image.width, last - first + 1);
    return true;
  }

  #update(state: ScreenState): Rows | undefined {
    if (state.blank || state.address === 0) return darken(this.#pixels, state.xres);
    const source = this.#source;
    if (source === undefined) return undefined;
    const memory = state.memory === 0 ? source.kernel : state.memory === source.id ? source.memory : undefined;
    return memory === undefined ? undefined : convert(state, memory, this.#pixels);
  }

  /** Canvas and picture have the mode's size. */
  #fit({ xres, yres }: ScreenState): ImageData | undefined {
    if (this.#image?.width === xres && this.#image.height === yres) return this.#image;
    if (this.#canvas === undefined) return undefined;
    this.#canvas.width = xres;
    this.#canvas.height = yres;
    this.#image = new ImageData(xres, yres);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#pixels.fill(0xff000000);
    this.#due = { first: 0, last: yres - 1 };
    return this.#image;
  }

  /** The picture in its own size. */
  async screenshot(): Promise<Blob | undefined> {
    const image = this.#image;
    if (image === undefined) return undefined;
    if (typeof OffscreenCanvas !== 'undefined') {
      const copy = new OffscreenCanvas(image.width, image.height);
      copy.getContext('2d')?.putImageData(image, 0, 0);
      return copy.convertToBlob({ type: 'image/png' });
    }
    const canvas = this.#canvas as HTMLCanvasElement;
    return new Promise((done) => canvas.toBlob((blob) => done(blob ?? undefined)));
  }
}

function join(a: Rows, b: Rows): Rows {
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last) };
}

/**
 * The audio thread: takes what the kernel mixed out of its ring (struct sound_ring of
 * kernel/abi/ring.h), 128 frames at a time. It cannot wait, and what is not there is silence.
 */
import { SOUND_FRAMES, SOUND_RING } from '../host/abi.ts';

/** What the processor is made with. */
export interface SoundOptions {
  /** kernel memory */
  readonly memory: SharedArrayBuffer;
  /** addresses: struct sound_ring, its data, host_area.event_wake */
  readonly ring: number;
  readonly data: number;
  readonly eventWake: number;
}

/** The kernel is asked for more when this much is left: half of what it keeps ready. */
const LOW = 512;

/* TypeScript's libraries do not have the worklet's scope. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
  constructor();
}
declare function registerProcessor(
  name: string,
  constructor: new (options: { readonly processorOptions: SoundOptions }) => AudioWorkletProcessor,
): void;

class SoundProcessor extends AudioWorkletProcessor {
  readonly #options: SoundOptions;
  readonly #words: Int32Array;
  readonly #samples: Int16Array;

  constructor({ processorOptions }: { readonly processorOptions: SoundOptions }) {
    super();
    this.#options = processorOptions;
    this.#words = new Int32Array(processorOptions.memory);
    this.#samples = new Int16Array(processorOptions.memory, processorOptions.data, SOUND_FRAMES * 2);
    this.#store(SOUND_RING.tail, this.#load(SOUND_RING.head)); /* what lies there is old */
    this.#store(SOUND_RING.pulling, 1);
    this.port.onmessage = () => this.#store(SOUND_RING.pulling, 0);
  }

  #load(field: number): number {
    return Atomics.load(this.#words, (this.#options.ring + field) >>> 2);
  }

  #store(field: number, value: number): void {
    Atomics.store(this.#words, (this.#options.ring + field) >>> 2, value);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right] = outputs[0] ?? [];
    if (left === undefined) return true;
    const tail = this.#load(SOUND_RING.tail);
    const ready = (this.#load(SOUND_RING.head) - tail) >>> 0;
    const count = Math.min(ready, left.length);
    for (let i = 0; i < count; i++) {
      const at = (((tail + i) >>> 0) % SOUND_FRAMES) * 2;
      left[i] = this.#samples[at]! / 32768;
      if (right !== undefined) right[i] = this.#samples[at + 1]! / 32768;
    }
    if (count < left.length && this.#load(SOUND_RING.playing) !== 0) {
      Atomics.add(this.#words, (this.#options.ring + SOUND_RING.underruns) >>> 2, 1);
    }
    /* Also when there was nothing: the kernel sees by it that somebody takes. */
    this.#store(SOUND_RING.tail, tail + count);
    if (ready - count < LOW && Atomics.exchange(this.#words, (this.#options.ring + SOUND_RING.kickWanted) >>> 2, 0) !== 0) {
      this.#wake();
    }
    return true;
  }

  #wake(): void {
    const at = (Atomics.load(this.#words, this.#options.eventWake >>> 2) >>> 2) >>> 0;
    if (at === 0 || at >= this.#words.length) return;
    Atomics.add(this.#words, at, 1);
    Atomics.notify(this.#words, at);
  }
}

registerProcessor('pleat-sound', SoundProcessor);

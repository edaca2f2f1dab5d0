/**
 * The machine's sound, from the page's side: an AudioContext whose worklet takes what the kernel
 * mixed. It is made when a program first plays. Browsers let a page be heard only after a click or
 * a key stroke on it: until then the kernel's clock consumes the sound, and `state` says why.
 */
import type { SoundOptions } from '../worker/sound.worklet.ts';
import type { MachineSound, SoundState } from './types.ts';

/** From the kernel Worker when playing begins or ends. */
export interface SoundSource extends SoundOptions {
  readonly playing: boolean;
}

/** SOUND_RATE of the kernel */
const RATE = 48_000;

export class BrowserSound implements MachineSound {
  state: SoundState = 'silent';
  volume = 1;
  muted = false;
  readonly #runtime: URL;
  readonly #listeners = new Set<() => void>();
  #context: AudioContext | undefined;
  #gain: GainNode | undefined;
  #ended = false;

  constructor(runtime: URL) {
    this.#runtime = runtime;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  setVolume(volume: number, muted: boolean): void {
    this.volume = Math.min(1, Math.max(0, volume));
    this.muted = muted;
    this.#level();
    this.#tell();
  }

  /** ms from the kernel's ring to the ear, as far as the browser knows; undefined while silent */
  get latencyMs(): number | undefined {
    const context = this.#context;
    return context === undefined ? undefined : (context.baseLatency + (context.outputLatency || 0)) * 1000;
  }

  changed(source: SoundSource): void {
    if (!source.playing || this.#context !== undefined || this.#ended || this.state === 'impossible') return;
    void this.#start(source);
  }

  end(): void {
    this.#ended = true;
    void this.#context?.close();
    this.#context = undefined;
    this.#set('silent');
  }

  async #start(source: SoundSource): Promise<void> {
    try {
      const context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
      this.#context = context;
      context.onstatechange = () => this.#follow(context);
      await context.audioWorklet.addModule(new URL('sound.worklet.js', this.#runtime));
      const { memory, ring, data, eventWake } = source;
      const processorOptions: SoundOptions = { memory, ring, data, eventWake };
      const node = new AudioWorkletNode(context, 'pleat-sound', {
        numberOfInputs: 0,
        outputChannelCount: [2],
        processorOptions,
      });
      this.#gain = context.createGain();
      node.connect(this.#gain).connect(context.destination);
      this.#level();
      this.#follow(context);
    } catch {
      /* No device, no worklets: programs play on, and nobody hears them. */
      this.#set('impossible');
    }
  }

  #follow(context: AudioContext): void {
    if (this.#ended || context !== this.#context) return;
    if (context.state === 'running') {
      this.#set('audible');
      return;
    }
    this.#set('blocked');
    const resume = (): void => {
      removeEventListener('pointerdown', resume, true);
      removeEventListener('keydown', resume, true);
      void context.resume();
    };
    addEventListener('pointerdown', resume, true);
    addEventListener('keydown', resume, true);
    /* Where the page has been clicked before it is allowed right away. */
    void context.resume();
  }

  #level(): void {
    if (this.#gain !== undefined) this.#gain.gain.value = this.muted ? 0 : this.volume ** 2;
  }

  #set(state: SoundState): void {
    if (this.state === state) return;
    this.state = state;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

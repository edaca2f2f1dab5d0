/**
 * The words that the page, the boot code, the host and the command line share.
 * Types only: no code, no DOM.
 */

import type { ScreenStats } from '../worker/screen.ts';
import type { InputEvent } from './inputcodes.ts';

/** A layer as a descriptor names it. */
export interface LayerRef {
  /** short name for messages, e.g. "base" */
  readonly name: string;
  /** Merkle root of the layer's chunk index: 64 hex digits */
  readonly root: string;
  /** bytes of the plain EROFS image */
  readonly size: number;
  /** where <root>.idx and <root>.pack lie: base URLs or folders, tried in order */
  readonly from: readonly string[];
}

/** Everything a machine needs to start; made from a verified descriptor or from a command line. */
export interface BootPlan {
  /** lowest first; the root file system is an overlay of these below a tmpfs */
  readonly layers: readonly LayerRef[];
  /** what PID 1 runs on the first console; empty: the image's default (a login-less shell) */
  readonly argv: readonly string[];
  /** NAME=value */
  readonly env: readonly string[];
  /** user name from /etc/passwd of the image */
  readonly user: string;
  readonly cwd: string;
  /** true: argv runs on a terminal; false: on plain byte streams (pipes) */
  readonly tty: boolean;
  /** entries laid over the root before PID 1, each a CBOR array (descriptor/SPEC.md 5.6) */
  readonly overlays?: readonly Uint8Array[];
  /** file systems beside the root, in order */
  readonly mounts?: readonly MountPlan[];
  /** seconds since 1970 when the machine starts; absent: the true time */
  readonly clock?: number;
  /** host folders shown read-only inside (Node only) */
  readonly hostDirs?: readonly { readonly host: string; readonly path: string }[];
  /** kernel options, e.g. "strace=1" */
  readonly options?: readonly string[];
}

export interface MountPlan {
  readonly path: string;
  readonly type: 'tmpfs' | 'layer' | 'overlay';
  /** tmpfs: bytes; absent: half of memory */
  readonly size?: number;
  /** lowest first */
  readonly layers?: readonly LayerRef[];
}

export type MachineState =
  | {
      readonly kind: 'booting';
      readonly chunks: number;
      /** chunks that boot is known to need, 0 when unknown */
      readonly chunksNeeded: number;
      readonly bytes: number;
    }
  | { readonly kind: 'running'; readonly chunks: number; readonly bytes: number }
  /** wait status as exit code: 0..255, or 128 + signal */
  | { readonly kind: 'stopped'; readonly status: number }
  | { readonly kind: 'panic'; readonly message: string };

/** One line of the kernel log. */
export interface LogLine {
  /** milliseconds since the machine was started */
  readonly ms: number;
  readonly level: 'error' | 'warn' | 'info';
  /** "room: text" without time or newline */
  readonly text: string;
}

/** The far end of a terminal device; number 1 is the boot console. */
export interface MachineConsole {
  readonly number: number;
  /** bytes as the program wrote them (after output processing); called in order. A promise: no more comes until it is kept */
  onOutput(listener: (bytes: Uint8Array) => Promise<void> | void): void;
  /** the last process of its session is gone (not called for number 1) */
  onClosed(listener: () => void): void;
  /** key strokes, UTF-8; never lost, also before the machine runs */
  write(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** hang up: the session gets SIGHUP */
  close(): void;
}

/** A frame buffer's state, as far as a page shows it. */
export interface ScreenInfo {
  readonly width: number;
  readonly height: number;
  /** some program has it open */
  readonly open: boolean;
}

/** Frame buffer /dev/fb<number>: what draws it into a canvas. */
export interface MachineScreen {
  readonly number: number;
  readonly info: ScreenInfo;
  /** Called now and at each change. @returns what ends that */
  onInfo(listener: (info: ScreenInfo) => void): () => void;
  /** Draw into this canvas from now on. A canvas can be given once only. */
  attach(canvas: HTMLCanvasElement): void;
  /** While it is not shown nothing is drawn. */
  setShown(shown: boolean): void;
  /** the picture in its own size, as PNG; undefined when there is none yet */
  screenshot(): Promise<Blob | undefined>;
  /** what drawing costs, for measurements */
  stats(): Promise<ScreenStats>;
}

/** Keyboard, mouse, touch screen and gamepads of the machine: /dev/input/event0 and on. */
export interface MachineInput {
  /** One frame of events; what says that it is whole is added. Device: DEVICE of inputcodes.ts. */
  send(device: number, events: readonly InputEvent[]): void;
  /** What a key types, for programs that read it from the console. */
  type(text: string): void;
  /** bit n: some program has device n open */
  readonly opened: number;
  onOpened(listener: (opened: number) => void): void;
}

/**
 * silent: no program played yet; blocked: the browser wants a click or a key stroke first;
 * impossible: there is no way to play here.
 */
export type SoundState = 'silent' | 'blocked' | 'audible' | 'impossible';

/** The machine's sound card, /dev/dsp. */
export interface MachineSound {
  readonly state: SoundState;
  /** 0..1 */
  readonly volume: number;
  readonly muted: boolean;
  readonly latencyMs: number | undefined;
  setVolume(volume: number, muted: boolean): void;
  /** @returns what ends that */
  onChange(listener: () => void): () => void;
}

export interface Machine {
  readonly state: MachineState;
  onState(listener: (state: MachineState) => void): void;
  /**
   * The machine could not boot at all: an image is missing or wrong, memory was refused. Called at
   * most once and before the state is "running"; an error from before is replayed. A startMachine()
   * that rejects with the MachineError does the same.
   */
  onFailed?(listener: (error: MachineError) => void): void;
  /** also replays the lines so far */
  onLog(listener: (line: LogLine) => void): void;
  readonly bootConsole: MachineConsole;
  /** a further terminal with a shell; rejects with a MachineError when none is free */
  openConsole(): Promise<MachineConsole>;
  /** the console that the Inspector reads the machine through, not a terminal; at most one at a time */
  openInspector?(): MachineConsole;
  /** a program opened a frame buffer that no program had opened before; replays those so far */
  onScreen?(listener: (screen: MachineScreen) => void): void;
  readonly input?: MachineInput;
  readonly sound?: MachineSound;
  /**
   * What changed under the root since the layers: entries as kernel/fs/overlay_diff.h has them.
   * Rejects with a MachineError when the machine is over or the list is too long. Absent in the first
   * runtimes.
   */
  diff?(): Promise<Uint8Array>;
  /** end it: every Worker is gone and every memory released when the promise resolves */
  stop(): Promise<void>;
}

/** A failure a person is shown: `code` is stable, `message` says what, where and what to do. */
export class MachineError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
    this.name = 'MachineError';
  }
}

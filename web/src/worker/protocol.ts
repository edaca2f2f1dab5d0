/** Messages between the page (web/src/boot/machine.ts) and the kernel Worker. */
import type { ImageError } from '../boot/images.ts';
import type { BootPlan, LogLine, ScreenInfo } from '../boot/types.ts';
import type { HostStats } from '../host/kernelhost.ts';
import type { FromWorker, ToWorker } from '../host/messages.ts';
import type { SoundSource } from '../boot/sound.ts';
import type { ScreenStats } from './screen.ts';

export type ToKernelWorker =
  /** start what no link decides; runtime: address of its folder */
  | { readonly type: 'prepare'; readonly runtime: string }
  /** boot; follows a prepare */
  | { readonly type: 'start'; readonly plan: BootPlan }
  | { readonly type: 'input'; readonly console: number; readonly bytes: Uint8Array }
  | { readonly type: 'resize'; readonly console: number; readonly cols: number; readonly rows: number }
  | { readonly type: 'open'; readonly console: number; readonly cols: number; readonly rows: number }
  | { readonly type: 'close'; readonly console: number }
  /** the page has shown one 'output' of the console */
  | { readonly type: 'shown'; readonly console: number }
  /** from a Worker that the page made; see 'spawn' */
  | { readonly type: 'fromWorker'; readonly id: number; readonly message: FromWorker }
  | { readonly type: 'workerFailed'; readonly id: number; readonly reason: string }
  | { readonly type: 'stats' }
  | { readonly type: 'diff' }
  /** whoever draws frame buffer `number` listens at the port's other end for SourceMessages */
  | { readonly type: 'screen'; readonly number: number; readonly port: MessagePort }
  /** one frame of an input device: type << 16 | code and value, by turns */
  | { readonly type: 'events'; readonly device: number; readonly events: readonly number[] }
  /** what a key types */
  | { readonly type: 'typed'; readonly bytes: Uint8Array }
  | { readonly type: 'stop' };

export type FromKernelWorker =
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'imageFailed'; readonly error: ImageError }
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'progress'; readonly chunks: number; readonly needed: number; readonly bytes: number }
  | { readonly type: 'booted' }
  | { readonly type: 'output'; readonly console: number; readonly bytes: Uint8Array }
  | { readonly type: 'closed'; readonly console: number }
  /** a frame buffer was opened or closed, or has another size */
  | { readonly type: 'screen'; readonly number: number; readonly info: ScreenInfo }
  /** a program began to play, or the last one ended */
  | { readonly type: 'sound'; readonly source: SoundSource }
  /** bit n: some program has input device n open */
  | { readonly type: 'inputOpened'; readonly opened: number }
  | { readonly type: 'halted'; readonly status: number }
  | { readonly type: 'panic'; readonly message: string }
  | { readonly type: 'stats'; readonly stats: HostStats | undefined }
  | { readonly type: 'stopped' }
  /** answers 'diff', in order: the list, or why there is none */
  | { readonly type: 'diff'; readonly list: Uint8Array | undefined; readonly reason: string }
  /** Firefox: Workers are the page's to make and end, and it passes their messages on */
  | { readonly type: 'spawn'; readonly id: number; readonly url: string; readonly name: string }
  | { readonly type: 'toWorker'; readonly id: number; readonly message: ToWorker }
  | { readonly type: 'endWorker'; readonly id: number };

/** Messages between the page and the render Worker; number: of the frame buffer. */
export type ToRenderWorker =
  | { readonly type: 'port'; readonly number: number; readonly port: MessagePort }
  | { readonly type: 'canvas'; readonly number: number; readonly canvas: OffscreenCanvas }
  | { readonly type: 'shown'; readonly number: number; readonly shown: boolean }
  | { readonly type: 'stats'; readonly number: number; readonly id: number }
  | { readonly type: 'screenshot'; readonly number: number; readonly id: number };

export type FromRenderWorker =
  | { readonly type: 'stats'; readonly number: number; readonly id: number; readonly stats: ScreenStats }
  | { readonly type: 'screenshot'; readonly number: number; readonly id: number; readonly blob: Blob | undefined };

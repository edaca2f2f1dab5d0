/** Messages between the page (web/src/boot/machine.ts) and the kernel Worker. */
import type { ImageError } from '../boot/images.ts';
import type { BootPlan, LogLine } from '../boot/types.ts';
import type { HostStats } from '../host/kernelhost.ts';
import type { FromWorker, ToWorker } from '../host/messages.ts';

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
  | { readonly type: 'halted'; readonly status: number }
  | { readonly type: 'panic'; readonly message: string }
  | { readonly type: 'stats'; readonly stats: HostStats | undefined }
  | { readonly type: 'stopped' }
  /** Firefox: Workers are the page's to make and end, and it passes their messages on */
  | { readonly type: 'spawn'; readonly id: number; readonly url: string; readonly name: string }
  | { readonly type: 'toWorker'; readonly id: number; readonly message: ToWorker }
  | { readonly type: 'endWorker'; readonly id: number };

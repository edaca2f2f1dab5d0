/** Messages between the page (web/src/boot/machine.ts) and the kernel Worker. */
import type { ImageError } from '../boot/images.ts';
import type { BootPlan, LogLine } from '../boot/types.ts';
import type { HostStats } from '../host/kernelhost.ts';

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
  | { readonly type: 'stopped' };

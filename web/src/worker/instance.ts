/**
 * Instances of kernel.wasm: one for each run of a thread, one each for the kernel and timer Workers.
 * All share K; stack pointer and TLS base are an instance's own and are set before anything else.
 */
import type { InitMessage } from '../host/messages.ts';
import { bytesAt } from '../host/view.ts';
import { jsUaccess } from './uaccess.ts';

/** kernel.wasm's exports; kernel/arch/wasm/entry.c says what each does. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __tls_size: WebAssembly.Global;
  readonly __tls_align: WebAssembly.Global;
  readonly __wasm_init_tls: (at: number) => void;
  readonly syscall: (...words: number[]) => number;
  readonly attach: (thread: number) => void;
  readonly kstack_size: () => number;
  readonly event_kstack: () => number;
  readonly event_main: () => void;
  readonly run_init: () => void;
  readonly text_buffer: () => number;
  readonly text_size: () => number;
  readonly exec_size_lo: () => number;
  readonly exec_buffer: () => number;
  readonly exec_buffer_free: (at: number) => void;
  readonly exec_read_at: (buffer: number, length: number, position: number) => number;
  readonly exec_start_at: (heapBase: number, stackTop: number) => number;
  readonly exec_fail: (length: number) => void;
  readonly start_begin: () => void;
  readonly start_end: () => void;
  readonly enter_user: () => void;
  readonly trapped: (signo: number, length: number) => void;
  readonly thread_state: () => number;
  readonly leave_reason: () => number;
  readonly regs_buffer: () => number;
  readonly fork_parent: () => number;
  readonly fork_regs: () => number;
  readonly fork_next_range: (i: number) => number;
  readonly fork_child_ready: () => void;
  readonly thread_ready: () => void;
}

export interface KernelCallbacks {
  /** ms since the machine's start */
  clock(): number;
  realtime?(): number;
  random?(into: Uint8Array<ArrayBuffer>): void;
  panic(message: string): void;
}

/** What kernel.wasm imports. */
export function kernelImports(
  init: InitMessage,
  user: WebAssembly.Memory,
  callbacks: KernelCallbacks,
): WebAssembly.Imports {
  const { memory, realStart } = init;
  const imports: WebAssembly.Imports = {
    env: { memory },
    host: {
      clock: () => callbacks.clock(),
      realtime: callbacks.realtime ?? (() => (realStart === undefined ? Date.now() : realStart + callbacks.clock())),
      random(at: number, length: number) {
        const bytes = new Uint8Array(length);
        if (callbacks.random === undefined) crypto.getRandomValues(bytes);
        else callbacks.random(bytes);
        bytesAt(memory, at >>> 0, length).set(bytes);
      },
      panic(at: number, length: number) {
        callbacks.panic(new TextDecoder().decode(bytesAt(memory, at >>> 0, length).slice()));
      },
      nop() {},
      never: 0,
    },
  };
  if (init.jsUaccess) imports['uaccess'] = jsUaccess(memory, user);
  else {
    imports['user'] = { memory: user };
    imports['shared'] = { memory: init.shared! };
  }
  return imports;
}

/** The first instance: its stack and TLS are where the linker put them. */
export function startKernel(init: InitMessage, imports: WebAssembly.Imports): WebAssembly.Exports {
  return new WebAssembly.Instance(init.kernel, imports).exports;
}

/** An instance with a stack of its own. @param kstack - lowest byte of it */
export function attachKernel(
  init: InitMessage,
  imports: WebAssembly.Imports,
  kstack: number | 'events',
): { readonly exports: KernelExports; readonly stackTop: number } {
  const exports = startKernel(init, imports) as unknown as KernelExports;
  const base = kstack === 'events' ? exports.event_kstack() : kstack;
  const top = base + exports.kstack_size();
  const align = Math.max(16, exports.__tls_align.value as number);
  const tls = (top - (exports.__tls_size.value as number)) & -align;
  exports.__stack_pointer.value = tls;
  exports.__wasm_init_tls(tls);
  return { exports, stackTop: tls };
}

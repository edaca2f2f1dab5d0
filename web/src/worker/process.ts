/**
 * A process Worker: runs one thread after the other, each from its start (exec, fork, boot) to the
 * moment it leaves its program, which is always by a Wasm trap.
 */
import { ERRNO, PLEAT_U_MAX_PAGES, PROG_REGS, PROG_REGS_BYTES, SPAWN, THREAD } from '../host/abi.ts';
import type { FromWorker, InitMessage, Program, RunMessage, ToWorker } from '../host/messages.ts';
import { bytesAt, wordsAt } from '../host/view.ts';
import type { WorkerEnv } from './env.ts';
import { attachKernel, kernelImports } from './instance.ts';
import type { KernelExports } from './instance.ts';
import { compileProgram, describeTrap } from './program.ts';

const UNWINDING = 1; /* asyncify_get_state() */
const REWINDING = 2;
const UNWIND_MAX = 1 << 20; /* bytes below the stack pointer that Asyncify may fill */
const STACK_GUARD = 65536;
const ENTRY_THREAD = 1; /* PROG_REGS.entry: __pleat_thread_start, not _start */

interface ProgramExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __tls_base?: WebAssembly.Global;
  readonly __wasm_tp?: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
  readonly _start: (block: number) => void;
  readonly __pleat_thread_start?: (arg: number) => void;
  readonly asyncify_get_state?: () => number;
  readonly asyncify_start_unwind?: (at: number) => void;
  readonly asyncify_stop_unwind?: () => void;
  readonly asyncify_start_rewind?: (at: number) => void;
  readonly asyncify_stop_rewind?: () => void;
}

export class ProcessWorker {
  readonly #env: WorkerEnv;
  readonly #post: (message: FromWorker) => void;
  readonly #programs = new Map<string, Program>();
  #init: InitMessage | undefined;

  constructor(env: WorkerEnv, post: (message: FromWorker) => void) {
    this.#env = env;
    this.#post = post;
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'init':
        this.#init = message;
        this.#post({ type: 'ready' });
        break;
      case 'program':
        this.#programs.set(message.key, message.program);
        break;
      case 'run':
        if (this.#init === undefined) throw new Error('a run before init');
        new Run(this.#init, this.#env, message, this.#post, this.#programs).toEnd();
        break;
      case 'events':
        this.#events();
        break;
    }
  }

  /** The timer Worker: stays in the kernel's event loop. */
  #events(): void {
    if (this.#init === undefined) throw new Error('events before init');
    const user = new WebAssembly.Memory({ initial: 1, maximum: PLEAT_U_MAX_PAGES, shared: true });
    try {
      const imports = kernelImports(this.#init, user, callbacks(this.#init, this.#env, this.#post));
      attachKernel(this.#init, imports, 'events').exports.event_main();
    } catch (error) {
      this.#post({ type: 'panic', message: stackOf(error) });
    }
  }
}

function callbacks(init: InitMessage, env: WorkerEnv, post: (message: FromWorker) => void) {
  return {
    clock: () => env.clock() - init.clockStart,
    realtime: () => (init.realStart === undefined ? env.realtime() : init.realStart + env.clock() - init.clockStart),
    random: (into: Uint8Array<ArrayBuffer>) => env.random(into),
    panic: (message: string) => post({ type: 'panic', message }),
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
}

class Run {
  readonly #init: InitMessage;
  readonly #message: RunMessage;
  readonly #post: (message: FromWorker) => void;
  readonly #programs: Map<string, Program>;
  readonly #kernel: KernelExports;
  readonly #stackTop: number;
  #program: ProgramExports | undefined;
  #forkResult = 0;
  #unwound = 0;
  /** of a further thread's stack; 0: the first one's, below the program's data */
  #stackLow = 0;

  constructor(
    init: InitMessage,
    env: WorkerEnv,
    message: RunMessage,
    post: (message: FromWorker) => void,
    programs: Map<string, Program>,
  ) {
    this.#init = init;
    this.#message = message;
    this.#post = post;
    this.#programs = programs;
    const imports = kernelImports(init, message.user, callbacks(init, env, post));
    const { exports, stackTop } = attachKernel(init, imports, message.kstack);
    this.#kernel = exports;
    this.#stackTop = stackTop;
    exports.attach(message.thread);
  }

  toEnd(): void {
    try {
      if (this.#message.flags & SPAWN.INIT) this.#kernel.run_init();
      else if (this.#message.flags & SPAWN.FORK) this.#fork();
      else if (this.#message.flags & SPAWN.THREAD) this.#thread();
      else this.#exec();
      throw new Error('the program returned');
    } catch (error) {
      if (!this.#left() && !this.#trapped(error)) return;
    }
    const { thread, kstack } = this.#message;
    this.#post({ type: 'parked', thread, kstack });
  }

  /** Did the last trap mean that the thread left on purpose? */
  #left(): boolean {
    return this.#kernel.leave_reason() !== 0 || (this.#kernel.thread_state() & 3) === THREAD.DEAD;
  }

  /** A trap of the program becomes a signal; one of the kernel is a panic. @returns false then */
  #trapped(error: unknown): boolean {
    if ((this.#kernel.thread_state() & 3) === THREAD.KERNEL) {
      this.#post({ type: 'panic', message: `the kernel trapped: ${stackOf(error)}` });
      return false;
    }
    const { signo, text } = describeTrap(error);
    try {
      /* The overflow that brought us here may have left the kernel's stack pointer anywhere. */
      this.#kernel.__stack_pointer.value = this.#stackTop;
      this.#kernel.trapped(signo, this.#text(text));
    } catch (second) {
      if (!this.#left()) {
        this.#post({ type: 'panic', message: `the kernel trapped: ${stackOf(second)}` });
        return false;
      }
    }
    return true;
  }

  /** Put text where the kernel finds it. @returns its length */
  #text(text: string): number {
    const room = this.#kernel.text_size() - 1;
    const bytes = new TextEncoder().encode(text).subarray(0, room);
    bytesAt(this.#init.memory, this.#kernel.text_buffer(), bytes.length).set(bytes);
    return bytes.length;
  }

  // ---- exec ----

  #exec(): void {
    const program = this.#load();
    this.#reserve(program.pages);
    const exports = this.#instantiate(program);
    const heapBase = exports.__heap_base.value as number;
    const block = this.#kernel.exec_start_at(heapBase, exports.__stack_pointer.value as number);
    exports.__stack_pointer.value = block;
    this.#kernel.enter_user();
    this.#drive(exports, exports._start, block);
  }

  #load(): Program {
    const { key } = this.#message;
    let program = this.#message.program ?? this.#programs.get(key);
    if (program === undefined) {
      try {
        program = compileProgram(this.#read());
      } catch (error) {
        if (this.#left()) throw error;
        this.#fail(`is not a module this engine takes: ${error instanceof Error ? error.message : String(error)}`);
      }
      this.#post({ type: 'program', key, program });
    }
    if (key !== '') this.#programs.set(key, program);
    return program;
  }

  #fail(why: string): never {
    this.#kernel.exec_fail(this.#text(why));
    throw new Error('exec_fail returned');
  }

  /** The program's file, through the kernel: its chunks are fetched as it is read. */
  #read(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#kernel.exec_size_lo());
    const buffer = this.#kernel.exec_buffer();
    if (buffer === 0) this.#fail('out of kernel memory');
    let done = 0;
    while (done < bytes.length) {
      const n = this.#kernel.exec_read_at(buffer, Math.min(65536, bytes.length - done), done);
      if (n <= 0) break;
      bytes.set(bytesAt(this.#init.memory, buffer, n), done);
      done += n;
    }
    this.#kernel.exec_buffer_free(buffer);
    if (done < bytes.length) this.#fail(`cannot be read beyond byte ${done}`);
    return bytes;
  }

  #reserve(pages: number): void {
    const { user } = this.#message;
    const have = user.buffer.byteLength / 65536;
    if (have >= pages) return;
    try {
      user.grow(pages - have);
    } catch {
      this.#fail(`asks for ${pages} Wasm pages, which the engine does not give`);
    }
  }

  #instantiate(program: Program): ProgramExports {
    let instance: WebAssembly.Instance;
    this.#kernel.start_begin();
    try {
      instance = new WebAssembly.Instance(program.module, {
        env: { memory: this.#message.user, shared_memory: this.#init.shared! },
        kernel: { syscall: this.#kernel.syscall, fork: () => this.#forkCalled() },
      });
    } catch (error) {
      if (this.#left()) throw error;
      this.#kernel.start_end();
      this.#fail(`cannot be instantiated: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#kernel.start_end();
    const wrong = wrongExport(instance.exports);
    if (wrong !== undefined) this.#fail(`has no fit export ${wrong}`);
    this.#program = instance.exports as unknown as ProgramExports;
    return this.#program;
  }

  /** Run until it leaves; each fork comes back here in between. */
  #drive(exports: ProgramExports, entry: (arg: number) => void, arg: number): void {
    for (;;) {
      entry(arg);
      if (exports.asyncify_get_state?.() !== UNWINDING) return;
      exports.asyncify_stop_unwind?.();
      this.#saveRegs(exports, entry, arg);
      this.#forkResult = this.#kernel.fork_parent();
      exports.asyncify_start_rewind?.(this.#unwound);
    }
  }

  // ---- fork ----

  /** The program's import kernel.fork: called once to unwind and once more when it rewinds. */
  #forkCalled(): number {
    const exports = this.#program;
    if (exports?.asyncify_get_state === undefined) return -ERRNO.ENOSYS; /* not linked for fork */
    if (exports.asyncify_get_state() === REWINDING) {
      exports.asyncify_stop_rewind?.();
      return this.#forkResult;
    }
    const sp = exports.__stack_pointer.value as number;
    const room = Math.min(UNWIND_MAX, this.#stackLow === 0 ? sp - STACK_GUARD : sp - this.#stackLow);
    if (room < 4096) return -ERRNO.ENOMEM; /* no stack left to save the stack to */
    this.#unwound = (sp - room) & ~15;
    wordsAt(this.#message.user, this.#unwound, 2).set([this.#unwound + 8, sp & ~15]);
    exports.asyncify_start_unwind?.(this.#unwound);
    return 0;
  }

  #saveRegs(exports: ProgramExports, entry: (arg: number) => void, arg: number): void {
    const end = wordsAt(this.#message.user, this.#unwound, 1)[0] ?? 0;
    const regs = wordsAt(this.#init.memory, this.#kernel.regs_buffer(), PROG_REGS_BYTES / 4);
    const put = (field: keyof typeof PROG_REGS, value: number): void => {
      regs[PROG_REGS[field] / 4] = value;
    };
    put('sp', exports.__stack_pointer.value as number);
    put('tlsBase', (exports.__tls_base?.value as number | undefined) ?? 0);
    put('tp', (exports.__wasm_tp?.value as number | undefined) ?? 0);
    put('unwound', this.#unwound);
    put('unwoundEnd', end);
    put('stackLow', this.#stackLow);
    put('entry', entry === exports._start ? 0 : ENTRY_THREAD);
    put('arg', arg);
  }

  #fork(): void {
    this.#copyParent();
    this.#kernel.fork_child_ready();
    const regs = this.#regs();
    const exports = this.#withRegs(regs);
    this.#unwound = regs.unwound;
    this.#forkResult = 0;
    this.#kernel.enter_user();
    exports.asyncify_start_rewind?.(this.#unwound);
    this.#drive(exports, this.#entry(exports, regs.entry), regs.arg);
  }

  /** A further thread of a process: an instance more of its program, on the same memory. */
  #thread(): void {
    const regs = this.#regs();
    const exports = this.#withRegs(regs);
    const entry = this.#entry(exports, regs.entry);
    this.#kernel.thread_ready();
    this.#kernel.enter_user();
    this.#drive(exports, entry, regs.arg);
  }

  #regs(): Record<keyof typeof PROG_REGS, number> {
    const words = wordsAt(this.#init.memory, this.#kernel.fork_regs(), PROG_REGS_BYTES / 4);
    const fields = Object.entries(PROG_REGS).map(([field, at]) => [field, words[at / 4] ?? 0]);
    return Object.fromEntries(fields) as Record<keyof typeof PROG_REGS, number>;
  }

  /** An instance with these globals. */
  #withRegs(regs: Record<keyof typeof PROG_REGS, number>): ProgramExports {
    const exports = this.#instantiate(this.#load());
    exports.__stack_pointer.value = regs.sp;
    if (exports.__tls_base !== undefined) exports.__tls_base.value = regs.tlsBase;
    if (exports.__wasm_tp !== undefined) exports.__wasm_tp.value = regs.tp;
    this.#stackLow = regs.stackLow;
    return exports;
  }

  #entry(exports: ProgramExports, which: number): (arg: number) => void {
    if (which !== ENTRY_THREAD) return exports._start;
    const start = exports.__pleat_thread_start;
    if (typeof start !== 'function') this.#fail('has no export __pleat_thread_start');
    return start;
  }

  /** The parent sleeps in the kernel until fork_child_ready: its memory does not change. */
  #copyParent(): void {
    const { user, parent } = this.#message;
    if (parent === undefined) throw new Error('a fork without a parent');
    parent.grow(0); /* the size it has now: see view.ts */
    this.#reserve(parent.buffer.byteLength / 65536);
    for (let i = 0; ; i++) {
      const pair = this.#kernel.fork_next_range(i);
      if (pair === 0) break;
      const [start = 0, end = 0] = wordsAt(this.#init.memory, pair, 2);
      bytesAt(user, start, end - start).set(bytesAt(parent, start, end - start));
    }
  }
}

/** What the kernel's side of the Worker uses must be what it takes it for: the module is a stranger's. */
function wrongExport(exports: WebAssembly.Exports): string | undefined {
  for (const name of ['__stack_pointer', '__tls_base', '__wasm_tp', '__heap_base']) {
    const it = exports[name];
    if (it === undefined && (name === '__tls_base' || name === '__wasm_tp')) continue;
    if (!(it instanceof WebAssembly.Global)) return name;
    try {
      if (typeof it.value !== 'number') return name;
      if (name !== '__heap_base') it.value = it.value as number; /* throws unless mutable */
    } catch {
      return name;
    }
  }
  return typeof exports['_start'] === 'function' ? undefined : '_start';
}

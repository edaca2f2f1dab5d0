/** Messages between the host and the Workers that it makes. */

export interface InitMessage {
  readonly type: 'init';
  readonly kernel: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** S, which processes share; not with jsUaccess: it needs multi-memory */
  readonly shared?: WebAssembly.Memory;
  /** the kernel build without multi-memory: copies come from JavaScript */
  readonly jsUaccess: boolean;
  /** platform clock at the machine's start, ms */
  readonly clockStart: number;
  /** Unix time at the machine's start that the link wants, ms; absent: the true one */
  readonly realStart?: number;
}

/** Run a thread: see OP_SPAWN in kernel/abi/ring.h. */
export interface RunMessage {
  readonly type: 'run';
  readonly thread: number;
  readonly kstack: number;
  readonly flags: number;
  readonly user: WebAssembly.Memory;
  readonly parent?: WebAssembly.Memory;
  /** of the compiled program; '' for one that must not be kept */
  readonly key: string;
  readonly program?: Program;
}

/** A compiled program and what its import section asks of memory. */
export interface Program {
  readonly module: WebAssembly.Module;
  /** Wasm pages that env.memory must have */
  readonly pages: number;
}

export interface ProgramMessage {
  readonly type: 'program';
  readonly key: string;
  readonly program: Program;
}

/** The timer Worker: sleeps in the kernel's event loop from then on. */
export interface EventsMessage {
  readonly type: 'events';
}

export type ToWorker = InitMessage | RunMessage | ProgramMessage | EventsMessage;

/** The run is over: nothing touches thread, stack and user memory any more. */
export interface ParkedMessage {
  readonly type: 'parked';
  readonly thread: number;
  readonly kstack: number;
}

export interface PanicMessage {
  readonly type: 'panic';
  readonly message: string;
}

export type FromWorker = { readonly type: 'ready' } | ParkedMessage | PanicMessage | ProgramMessage;

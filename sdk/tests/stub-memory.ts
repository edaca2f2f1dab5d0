/** stub-memory.ts - the stub's processes and their memory. */
export interface Image {
  module: WebAssembly.Module;
  initial: number;
}
export interface Pipe {
  bytes: number[];
}
export interface Open {
  kind: 'host' | 'pipe' | 'file';
  host: number;
  pipe: Pipe;
  file: { data: number[] };
  at: number;
  append: boolean;
}
export interface Action {
  handler: number;
  flags: number;
  mask: bigint;
}

export interface Process {
  pid: number;
  ppid: number;
  memory: WebAssembly.Memory;
  instance: WebAssembly.Instance;
  image: Image;
  fds: Map<number, { open: Open; cloexec: boolean }>;
  actions: Map<number, Action>;
  mask: bigint;
  /** the mask that sigsuspend put aside, for the handler's return */
  suspended: bigint | undefined;
  pending: Set<number>;
  altstack: { sp: number; size: number };
  children: Map<number, number>;
  brk: number;
  forkBuffer: number;
  forkResult: number;
  /** vfork: whose memory this child uses */
  borrowedFrom: Process | undefined;
}

export const E = {
  ENOENT: -2,
  ESRCH: -3,
  EBADF: -9,
  ECHILD: -10,
  EAGAIN: -11,
  ENOMEM: -12,
  EINVAL: -22,
  ENOTTY: -25,
  EPIPE: -32,
  ENOSYS: -38,
} as const;

/** Leaves a program by its exit status. */
export class Exit {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

export class StubMemory {
  protected current!: Process;

  protected word(p: Process, name: string): number {
    return (p.instance.exports[name] as WebAssembly.Global).value as number;
  }

  protected view(p: Process = this.current): DataView {
    return new DataView(p.memory.buffer);
  }

  protected bytes(at: number, n: number): Uint8Array {
    return new Uint8Array(this.current.memory.buffer, at >>> 0, n);
  }

  protected str(at: number): string {
    const m = new Uint8Array(this.current.memory.buffer);
    return Buffer.from(m.slice(at, m.indexOf(0, at))).toString();
  }

  protected strings(at: number): string[] {
    const out: string[] = [];
    for (let v = this.view(); at && v.getUint32(at, true); at += 4)
      out.push(this.str(v.getUint32(at, true)));
    return out;
  }

  protected grow(p: Process, bytes: number): number {
    const at = p.memory.buffer.byteLength;
    try {
      p.memory.grow((bytes + 65535) >>> 16);
    } catch {
      return E.ENOMEM;
    }
    return at;
  }
}

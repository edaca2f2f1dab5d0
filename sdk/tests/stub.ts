/**
 * stub.ts - a tiny kernel for the SDK's own tests: one process runs at a time, a child runs to its
 * end before its parent goes on. It keeps the promises of kernel/abi/program.h to programs;
 * everything else is as small as the tests allow.
 *
 * By hand: node sdk/tests/stub.ts PROGRAM ARGS... (programs found as /bin/NAME: STUB_BIN=NAME=FILE,...)
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { E, Exit } from './stub-memory.ts';
import type { Image, Open, Process } from './stub-memory.ts';
import { RESTART, SIGCHLD, StubSignals } from './stub-signals.ts';

/** Numbers above every real one, for what only a test wants. */
export const TEST_CALL = {
  signalLater: 9000,
  interruptedRead: 9001,
  interruptedSleep: 9002,
  log: 9003,
} as const;

class Exec {
  readonly image: Image;
  readonly argv: string[];
  readonly env: string[];
  constructor(image: Image, argv: string[], env: string[]) {
    this.image = image;
    this.argv = argv;
    this.env = env;
  }
}

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
  log: number[];
}

export class Stub extends StubSignals {
  readonly log: number[] = [];
  forks = 0;
  stackImage = 0;
  private nextPid = 100;
  private images = new Map<string, Image>();
  private random = 1;
  private ticks = 0;

  /** Run a program to its end. */
  run(file: string, argv: string[], env: string[] = ['PATH=/bin', 'HOME=/root']): Result {
    const fds = new Map(
      [0, 1, 2].map((n) => [
        n,
        {
          open: {
            kind: 'host',
            host: n,
            pipe: { bytes: [] },
            file: { data: [] },
            at: 0,
            append: false,
          } as Open,
          cloexec: false,
        },
      ]),
    );
    const p: Process = {
      pid: this.nextPid++,
      ppid: 1,
      memory: undefined as never,
      instance: undefined as never,
      image: undefined as never,
      fds,
      actions: new Map(),
      mask: 0n,
      suspended: undefined,
      pending: new Set(),
      altstack: { sp: 0, size: 0 },
      children: new Map(),
      brk: 0,
      forkBuffer: 0,
      forkResult: 0,
      borrowedFrom: undefined,
    };
    const status = this.runImage(p, this.load(file), [basename(file), ...argv], env);
    const text = (n: number) => Buffer.from(this.output[n] ?? []).toString();
    return { status, stdout: text(1), stderr: text(2), log: this.log };
  }

  private load(file: string): Image {
    const known = this.images.get(file);
    if (known) return known;
    const bytes = readFileSync(file);
    const section = bytes.subarray(0, 24);
    if (!section.includes('pleat')) throw new Error(`${file}: section "pleat" is not the first`);
    const image = { module: new WebAssembly.Module(bytes), initial: memoryPages(bytes) };
    this.images.set(file, image);
    return image;
  }

  private instantiate(p: Process): void {
    p.instance = new WebAssembly.Instance(p.image.module, {
      env: { memory: p.memory },
      kernel: {
        syscall: (n: number, ...a: number[]) => this.syscall(n, a),
        fork: () => this.fork(),
      },
    });
  }

  /** Enter an image as process p until it exits; forks and execs on the way. */
  private runImage(p: Process, image: Image, argv: string[], env: string[]): number {
    for (;;) {
      p.image = image;
      p.memory = new WebAssembly.Memory({ initial: image.initial, maximum: 32768, shared: true });
      p.forkBuffer = 0;
      p.altstack = { sp: 0, size: 0 };
      p.borrowedFrom = undefined;
      for (const [sig, a] of p.actions) if (a.handler > 1) p.actions.delete(sig);
      for (const [n, f] of p.fds) if (f.cloexec) p.fds.delete(n);
      this.current = p;
      this.instantiate(p);
      p.brk = this.word(p, '__heap_base');
      const block = this.startBlock(p, argv, env);
      try {
        return this.runInstance(p, block);
      } catch (e) {
        if (!(e instanceof Exec)) throw e;
        ({ image, argv, env } = e);
      }
    }
  }

  private runInstance(p: Process, block: number): number {
    const x = p.instance.exports as { [name: string]: (...a: number[]) => number };
    for (;;) {
      this.current = p;
      try {
        x['_start']?.(block);
      } catch (e) {
        if (e instanceof Exit) return e.status;
        throw e;
      }
      if (x['asyncify_get_state']?.() !== 1) throw new Error('_start returned');
      x['asyncify_stop_unwind']?.();
      p.forkResult = this.forkChild(p, block);
      this.current = p;
      this.raise(p, SIGCHLD);
      x['asyncify_start_rewind']?.(p.forkBuffer);
    }
  }

  private forkChild(parent: Process, block: number): number {
    const pid = this.nextPid++;
    const child: Process = {
      ...parent,
      pid,
      ppid: parent.pid,
      fds: new Map([...parent.fds].map(([n, f]) => [n, { ...f }])),
      actions: new Map(parent.actions),
      pending: new Set(),
      children: new Map(),
      forkResult: 0,
      memory: new WebAssembly.Memory({
        initial: parent.memory.buffer.byteLength >>> 16,
        maximum: 32768,
        shared: true,
      }),
    };
    this.forks++;
    this.stackImage = Math.max(
      this.stackImage,
      this.view(parent).getUint32(parent.forkBuffer, true) - parent.forkBuffer,
    );
    new Uint8Array(child.memory.buffer).set(new Uint8Array(parent.memory.buffer));
    this.instantiate(child);
    for (const g of ['__stack_pointer', '__tls_base', '__wasm_tp'])
      (child.instance.exports[g] as WebAssembly.Global).value = (
        parent.instance.exports[g] as WebAssembly.Global
      ).value;
    (child.instance.exports['asyncify_start_rewind'] as (a: number) => void)(child.forkBuffer);
    let status: number;
    try {
      status = this.runInstance(child, block);
    } catch (e) {
      if (!(e instanceof Exec)) throw e;
      status = this.runImage(child, e.image, e.argv, e.env);
    }
    parent.children.set(pid, status);
    return pid;
  }

  private fork(): number {
    const p = this.current;
    const x = p.instance.exports as { [name: string]: (...a: number[]) => number };
    if (x['asyncify_get_state']?.() === 2) {
      x['asyncify_stop_rewind']?.();
      return p.forkResult;
    }
    const size = 1 << 18;
    if (!p.forkBuffer) p.forkBuffer = this.grow(p, size);
    const v = this.view(p);
    v.setUint32(p.forkBuffer, p.forkBuffer + 8, true);
    v.setUint32(p.forkBuffer + 4, p.forkBuffer + size, true);
    x['asyncify_start_unwind']?.(p.forkBuffer);
    return 0;
  }

  private startBlock(p: Process, argv: string[], env: string[]): number {
    const base = this.grow(p, 65536);
    let text = base + 32768;
    const put = (s: string) => {
      const b = Buffer.from(`${s}\0`);
      new Uint8Array(p.memory.buffer).set(b, text);
      text += b.length;
      return text - b.length;
    };
    const random = put('0123456789abcdef');
    const words = [
      argv.length,
      ...argv.map(put),
      0,
      ...env.map(put),
      0,
      6,
      4096,
      25,
      random,
      11,
      0,
      12,
      0,
      13,
      0,
      14,
      0,
      23,
      0,
      0,
      0,
    ];
    words.forEach((w, i) => new DataView(p.memory.buffer).setUint32(base + 4 * i, w, true));
    return base;
  }

  private syscall(n: number, a: number[]): number {
    const r = this.call(n, a as [number, number, number, number, number, number]);
    if (!this.quiet) this.setPoll(this.current);
    this.quiet = false;
    return r;
  }

  private call(
    n: number,
    [a, b, c, d, e, f]: [number, number, number, number, number, number],
  ): number {
    const p = this.current;
    switch (n) {
      case 1024:
        return this.sigtake(a);
      case 139:
        return ((p.mask = this.view().getBigUint64(a, true)), 0);
      case 1025:
        return this.spawn(a);
      case 1026:
        return this.vfork();
      case 221:
        return this.execve(this.str(a), this.strings(b), this.strings(c));
      case 93:
      case 94:
        return this.exit((a & 255) as number);
      case 260:
        return this.wait(a, b);
      case 172:
      case 178:
        return p.pid;
      case 173:
        return p.ppid;
      case 96:
        return p.pid;
      case 174:
      case 175:
      case 176:
      case 177:
        return 0;
      case 154:
      case 155:
      case 156:
      case 157:
        return p.pid;
      case 129:
      case 130:
        return (this.raise(p, b), 0);
      case 131:
        return (this.raise(p, c), 0);
      case 132:
        return this.sigaltstack(a, b);
      case 133:
        return this.sigsuspend(a);
      case 134:
        return this.sigaction(a, b, c);
      case 135:
        return this.sigprocmask(a, b, c);
      case 414:
        return this.deliverable(p) !== undefined ? RESTART.nohand : E.ENOSYS;
      case 128:
        return (this.log.push(128), 0);
      case 214:
        return a && a > p.brk && a <= this.view().byteLength
          ? (p.brk = a)
          : a > p.brk
            ? this.sbrk(a)
            : p.brk;
      case 222:
        return this.grow(p, b >>> 0);
      case 215:
      case 226:
      case 233:
        return 0;
      case 63:
        return this.read(a, b, c);
      case 64:
        return this.write(a, Array.from(this.bytes(b, c)));
      case 65:
      case 66:
        return this.vector(n, a, b, c);
      case 57:
        return p.fds.delete(a) ? 0 : E.EBADF;
      case 59:
        return this.pipe(a, b);
      case 23:
        return this.dup(a, 0, 0);
      case 24:
        return this.dup(a, b, c, true);
      case 25:
        return this.fcntl(a, b, c);
      case 56:
        return this.open(this.str(b), c);
      case 62:
        return this.seek(a, c, d, e);
      case 48:
      case 439:
        return this.exists(this.str(b)) ? 0 : E.ENOENT;
      case 291:
        return this.statx(a, this.str(b), e);
      case 17:
        return (this.bytes(a, 2).set([47, 0]), 2);
      case 29:
        return E.ENOTTY;
      case 35:
        return this.files.delete(this.str(b)) ? 0 : E.ENOENT;
      case 79:
      case 80:
        return E.ENOSYS;
      case 113:
      case 403:
        return this.clock(b);
      case 166:
        return 0o22;
      case 261:
        return this.limits(d);
      case 278:
        return (
          this.bytes(a, b).forEach(
            (_, i, at) => (at[i] = this.random = (this.random * 75 + 74) % 65537),
          ),
          b
        );
      case 153:
        return (this.bytes(a, 16).fill(0), 1);
      case 160:
        return this.uname(a);
      case 220:
        return E.ENOSYS;
      case TEST_CALL.signalLater:
        return this.signalLater(a);
      case TEST_CALL.interruptedRead:
        return this.interruptedRead(a, f);
      case TEST_CALL.interruptedSleep:
        return (this.raise(p, a), RESTART.block);
      case TEST_CALL.log:
        return (this.log.push(a), 0);
    }
    return E.ENOSYS;
  }

  private exit(status: number): number {
    const p = this.current;
    const parent = p.borrowedFrom;
    if (!parent) throw new Exit(status);
    parent.children.set(p.pid, status);
    this.current = parent;
    return p.pid;
  }

  private vfork(): number {
    const p = this.current;
    this.current = {
      ...p,
      pid: this.nextPid++,
      ppid: p.pid,
      fds: new Map([...p.fds].map(([n, f]) => [n, { ...f }])),
      actions: new Map(p.actions),
      pending: new Set(),
      children: new Map(),
      borrowedFrom: p,
    };
    return 0;
  }

  private execve(path: string, argv: string[], env: string[]): number {
    const file = this.programs.get(path);
    if (!file) return E.ENOENT;
    const p = this.current;
    const parent = p.borrowedFrom;
    if (!parent) throw new Exec(this.load(file), argv, env);
    parent.children.set(p.pid, this.runImage(p, this.load(file), argv, env));
    this.current = parent;
    this.raise(parent, SIGCHLD);
    return p.pid;
  }

  private spawn(at: number): number {
    const v = this.view();
    const word = (i: number) => v.getUint32(at + 4 * i, true);
    const [path, argv, env] = [this.str(word(0)), this.strings(word(1)), this.strings(word(2))];
    const parent = this.current;
    this.vfork();
    const child = this.current;
    if (word(5) & 8) child.mask = v.getBigUint64(at + 32, true);
    let failed = 0;
    for (let i = 0; i < word(4) && failed >= 0; i++) {
      const act = word(3) + 24 * i;
      const [op, fd, srcfd, flags] = [0, 4, 8, 12].map((o) => v.getInt32(act + o, true)) as [
        number,
        number,
        number,
        number,
      ];
      if (op === 1) child.fds.delete(fd);
      else if (op === 2)
        failed = fd === srcfd ? this.fcntl(fd, 2, 0) : this.dup(srcfd, fd, 0, true);
      else if (op === 3) {
        failed = this.open(this.str(v.getUint32(act + 20, true)), flags);
        if (failed >= 0 && failed !== fd) (this.dup(failed, fd, 0, true), child.fds.delete(failed));
      }
    }
    const r = failed < 0 ? failed : this.execve(path, argv, env);
    this.current = parent;
    return r;
  }

  private wait(pid: number, status: number): number {
    for (const [child, code] of this.current.children) {
      if (pid !== -1 && pid !== child) continue;
      this.current.children.delete(child);
      if (status) this.view().setInt32(status, code >= 128 ? code - 128 : code << 8, true);
      return child;
    }
    return E.ECHILD;
  }

  private sbrk(to: number): number {
    const p = this.current;
    if (to > p.memory.buffer.byteLength) return p.brk;
    return (p.brk = to);
  }

  private clock(at: number): number {
    const v = this.view();
    v.setBigInt64(at, BigInt(Math.floor(Date.now() / 1000)), true);
    v.setInt32(at + 8, this.ticks++ % 1_000_000_000, true);
    return 0;
  }

  private limits(old: number): number {
    if (old) for (const o of [0, 8]) this.view().setBigUint64(old + o, 8388608n, true);
    return 0;
  }

  private uname(at: number): number {
    this.bytes(at, 390).fill(0);
    ['Linux', 'stub', '6.1.0', '#1', 'wasm32', ''].forEach((s, i) =>
      this.bytes(at + 65 * i, s.length).set(Buffer.from(s)),
    );
    return 0;
  }
}

/** Initial size of the imported memory, from the import section. */
function memoryPages(bytes: Uint8Array): number {
  const text = Buffer.from(bytes);
  const at = text.indexOf(Buffer.from('\x03env\x06memory\x02\x03', 'latin1')) + 13;
  let [n, shift] = [0, 0];
  for (let i = at; ; i++) {
    const b = bytes[i] ?? 0;
    n |= (b & 127) << shift;
    shift += 7;
    if (b < 128) return n;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stub = new Stub();
  const [program = '', ...args] = process.argv.slice(2);
  for (const pair of (process.env['STUB_BIN'] ?? '').split(',')) {
    const [name = '', file = ''] = pair.split('=');
    if (name) stub.programs.set(`/bin/${name}`, file);
  }
  stub.echo = true;
  process.exitCode = stub.run(program, args).status;
  if (process.env['STUB_STATS'])
    console.error(`${stub.forks} forks, stack image up to ${stub.stackImage} bytes`);
}

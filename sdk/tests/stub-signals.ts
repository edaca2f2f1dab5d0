/** stub-signals.ts - the stub's signals, and the calls that only tests of signals make. */
import { Worker } from 'node:worker_threads';
import { StubFiles } from './stub-files.ts';
import { E, Exit } from './stub-memory.ts';
import type { Process } from './stub-memory.ts';

export const RESTART = { sys: -512, nohand: -514, block: -516 } as const;
const POLL_WORD = 16 / 4;
const SA_NODEFER = 0x40000000;
export const SIGCHLD = 17;
const IGNORED_BY_DEFAULT = new Set([SIGCHLD, 18, 23, 28]);

export class StubSignals extends StubFiles {
  protected quiet = false;
  private interrupted = new Set<number>();

  protected raise(p: Process, sig: number): void {
    const a = p.actions.get(sig)?.handler ?? 0;
    if (a === 1 || (a === 0 && IGNORED_BY_DEFAULT.has(sig))) return;
    p.pending.add(sig);
    this.setPoll(p);
  }

  protected deliverable(p: Process): number | undefined {
    return [...p.pending].sort((a, b) => a - b).find((s) => !(p.mask & (1n << BigInt(s - 1))));
  }

  protected setPoll(p: Process): void {
    if (p.memory)
      Atomics.store(
        new Int32Array(p.memory.buffer),
        POLL_WORD,
        this.deliverable(p) === undefined ? 0 : 1,
      );
  }

  protected sigtake(frame: number): number {
    const p = this.current;
    const sig = this.deliverable(p);
    if (sig === undefined) return (this.setPoll(p), 0);
    p.pending.delete(sig);
    const a = p.actions.get(sig);
    if (!a || a.handler < 2) throw new Exit(128 + sig);
    const v = this.view();
    const [handler, flags] = [a.handler, a.flags];
    const onStack = flags & 0x08000000 && p.altstack.size ? p.altstack.sp + p.altstack.size : 0;
    [handler, sig, flags, onStack].forEach((w, i) => v.setUint32(frame + 4 * i, w, true));
    v.setBigUint64(frame + 16, p.suspended ?? p.mask, true);
    p.suspended = undefined;
    this.bytes(frame + 24, 128).fill(0);
    v.setInt32(frame + 24, sig, true);
    p.mask |= a.mask | (flags & SA_NODEFER ? 0n : 1n << BigInt(sig - 1));
    this.setPoll(p);
    return 1;
  }

  protected sigaction(sig: number, now: number, old: number): number {
    const p = this.current;
    const v = this.view();
    const a = p.actions.get(sig) ?? { handler: 0, flags: 0, mask: 0n };
    if (old)
      (v.setUint32(old, a.handler, true),
        v.setUint32(old + 4, a.flags, true),
        v.setBigUint64(old + 8, a.mask, true));
    if (now)
      p.actions.set(sig, {
        handler: v.getUint32(now, true),
        flags: v.getUint32(now + 4, true),
        mask: v.getBigUint64(now + 8, true),
      });
    return 0;
  }

  protected sigprocmask(how: number, now: number, old: number): number {
    const p = this.current;
    const v = this.view();
    if (old) v.setBigUint64(old, p.mask, true);
    const set = now ? v.getBigUint64(now, true) : 0n;
    if (now) p.mask = how === 0 ? p.mask | set : how === 1 ? p.mask & ~set : set;
    return 0;
  }

  protected sigsuspend(at: number): number {
    const p = this.current;
    p.suspended = p.mask;
    p.mask = this.view().getBigUint64(at, true);
    return this.deliverable(p) !== undefined ? RESTART.nohand : E.ENOSYS;
  }

  protected sigaltstack(now: number, old: number): number {
    const v = this.view();
    if (old)
      [
        this.current.altstack.sp,
        this.current.altstack.size ? 0 : 2,
        this.current.altstack.size,
      ].forEach((w, i) => v.setUint32(old + 4 * i, w, true));
    if (now)
      this.current.altstack = { sp: v.getUint32(now, true), size: v.getUint32(now + 8, true) };
    return 0;
  }

  /** Pending now, but the poll word is set by another thread a while later: code must look. */
  protected signalLater(sig: number): number {
    const set =
      "const { workerData: m } = require('worker_threads'); const w = new Int32Array(m.buffer);" +
      'Atomics.wait(w, 5, 0, 50); Atomics.store(w, 4, 1)';
    new Worker(set, { eval: true, workerData: this.current.memory }).unref();
    this.current.pending.add(sig);
    this.quiet = true;
    return 0;
  }

  /** First time: a signal arrives and the call asks to be made again; then it succeeds. */
  protected interruptedRead(sig: number, key: number): number {
    if (this.interrupted.delete(key)) return 42;
    this.interrupted.add(key);
    this.raise(this.current, sig);
    return RESTART.sys;
  }
}

/** stub-files.ts - the stub's descriptors, pipes and files, all in memory. */
import { writeSync } from 'node:fs';
import { E, StubMemory } from './stub-memory.ts';
import type { Open, Pipe } from './stub-memory.ts';

export class StubFiles extends StubMemory {
  readonly programs = new Map<string, string>();
  readonly files = new Map<string, { data: number[] }>();
  readonly output: { [fd: number]: number[] } = { 1: [], 2: [] };
  echo = false;
  stdin: number[] = [];

  protected read(fd: number, at: number, n: number): number {
    const o = this.current.fds.get(fd)?.open;
    if (!o) return E.EBADF;
    const from =
      o.kind === 'pipe'
        ? o.pipe.bytes.splice(0, n)
        : o.kind === 'file'
          ? o.file.data.slice(o.at, o.at + n)
          : this.stdin.splice(0, n);
    if (o.kind === 'file') o.at += from.length;
    this.bytes(at, from.length).set(from);
    return from.length;
  }

  protected write(fd: number, data: number[]): number {
    const o = this.current.fds.get(fd)?.open;
    if (!o) return E.EBADF;
    if (o.kind === 'pipe') o.pipe.bytes.push(...data);
    else if (o.kind === 'host') {
      this.output[o.host]?.push(...data);
      if (this.echo) writeSync(o.host, Uint8Array.from(data));
    } else {
      if (o.append) o.at = o.file.data.length;
      for (const b of data) o.file.data[o.at++] = b;
    }
    return data.length;
  }

  protected vector(n: number, fd: number, iov: number, count: number): number {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const v = this.view();
      const [at, len] = [v.getUint32(iov + 8 * i, true), v.getUint32(iov + 8 * i + 4, true)];
      const r = n === 65 ? this.read(fd, at, len) : this.write(fd, Array.from(this.bytes(at, len)));
      if (r < 0) return total || r;
      total += r;
      if (r < len) break;
    }
    return total;
  }

  protected add(open: Open, min: number, cloexec: boolean): number {
    let n = min;
    while (this.current.fds.has(n)) n++;
    this.current.fds.set(n, { open, cloexec });
    return n;
  }

  protected pipe(at: number, flags: number): number {
    const pipe: Pipe = { bytes: [] };
    for (const i of [0, 1])
      this.view().setInt32(
        at + 4 * i,
        this.add(
          { kind: 'pipe', host: 0, pipe, file: { data: [] }, at: 0, append: false },
          0,
          (flags & 0o2000000) !== 0,
        ),
        true,
      );
    return 0;
  }

  protected dup(fd: number, to: number, flags: number, exact = false): number {
    const f = this.current.fds.get(fd);
    if (!f) return E.EBADF;
    if (!exact) return this.add(f.open, to, flags !== 0);
    this.current.fds.set(to, { open: f.open, cloexec: (flags & 0o2000000) !== 0 });
    return to;
  }

  protected fcntl(fd: number, cmd: number, arg: number): number {
    const f = this.current.fds.get(fd);
    if (!f) return E.EBADF;
    if (cmd === 0) return this.dup(fd, arg, 0);
    if (cmd === 1030) return this.dup(fd, arg, 1);
    if (cmd === 1) return f.cloexec ? 1 : 0;
    if (cmd === 2) return ((f.cloexec = (arg & 1) !== 0), 0);
    return cmd === 3 ? 2 : 0;
  }

  protected exists(path: string): boolean {
    return this.programs.has(path) || this.files.has(path);
  }

  protected open(path: string, flags: number): number {
    let file = this.files.get(path);
    if (file && (flags & 0o300) === 0o300) return -17; // O_CREAT | O_EXCL: EEXIST
    if (path === '/dev/null') file = { data: [] };
    if (!file) {
      if (!(flags & 0o100)) return E.ENOENT;
      this.files.set(path, (file = { data: [] }));
    }
    if (flags & 0o1000) file.data.length = 0;
    return this.add(
      { kind: 'file', host: 0, pipe: { bytes: [] }, file, at: 0, append: (flags & 0o2000) !== 0 },
      0,
      (flags & 0o2000000) !== 0,
    );
  }

  protected seek(fd: number, low: number, result: number, whence: number): number {
    const o = this.current.fds.get(fd)?.open;
    if (o?.kind !== 'file') return -29;
    o.at = whence === 0 ? low : whence === 1 ? o.at + low : o.file.data.length + low;
    this.view().setBigInt64(result, BigInt(o.at), true);
    return 0;
  }

  protected statx(fd: number, path: string, at: number): number {
    const open = this.current.fds.get(fd)?.open;
    if (path ? !this.exists(path) && path !== '/bin' && path !== '/' : !open)
      return path ? E.ENOENT : E.EBADF;
    const dir = path === '/bin' || path === '/';
    const v = this.view();
    this.bytes(at, 256).fill(0);
    v.setUint32(at, 0x7ff, true);
    v.setUint32(at + 4, 4096, true);
    v.setUint16(at + 28, dir ? 0o40755 : open?.kind === 'pipe' ? 0o10600 : 0o100755, true);
    v.setBigUint64(
      at + 40,
      BigInt(open?.file.data.length ?? this.files.get(path)?.data.length ?? 0),
      true,
    );
    return 0;
  }
}

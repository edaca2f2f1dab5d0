/**
 * The kernel's copies to and from user memory for engines without multi-memory: the same functions
 * as kernel/arch/wasm/uaccess.wat. The kernel has checked every address.
 */
import { bufferUpTo } from '../host/view.ts';

export function jsUaccess(kernel: WebAssembly.Memory, user: WebAssembly.Memory): WebAssembly.ModuleImports {
  let k: Uint8Array = new Uint8Array(kernel.buffer);
  let u: Uint8Array = new Uint8Array(user.buffer);
  let u32: Int32Array = new Int32Array(user.buffer);
  const small = 32; /* below it a loop beats set() */

  /* Both grow; a view made before ends where the memory did then. */
  const reach = (kEnd: number, uEnd: number): void => {
    if (kEnd > k.length) k = new Uint8Array(bufferUpTo(kernel, kEnd));
    if (uEnd > u.length) {
      u = new Uint8Array(bufferUpTo(user, uEnd));
      u32 = new Int32Array(user.buffer);
    }
  };
  return {
    copyin(to: number, from: number, n: number): void {
      const [t, f, length] = [to >>> 0, from >>> 0, n >>> 0];
      reach(t + length, f + length);
      if (length <= small) for (let i = 0; i < length; i++) k[t + i] = u[f + i]!;
      else k.set(u.subarray(f, f + length), t);
    },
    copyout(to: number, from: number, n: number): void {
      const [t, f, length] = [to >>> 0, from >>> 0, n >>> 0];
      reach(f + length, t + length);
      if (length <= small) for (let i = 0; i < length; i++) u[t + i] = k[f + i]!;
      else u.set(k.subarray(f, f + length), t);
    },
    fill(to: number, value: number, n: number): void {
      const t = to >>> 0;
      reach(0, t + (n >>> 0));
      u.fill(value, t, t + (n >>> 0));
    },
    move(to: number, from: number, n: number): void {
      const [t, f, length] = [to >>> 0, from >>> 0, n >>> 0];
      reach(0, Math.max(t, f) + length);
      u.copyWithin(t, f, f + length);
    },
    load32(a: number): number {
      reach(0, (a >>> 0) + 4);
      return Atomics.load(u32, a >>> 2);
    },
    store32(a: number, value: number): void {
      reach(0, (a >>> 0) + 4);
      Atomics.store(u32, a >>> 2, value);
    },
    cas32(a: number, old: number, value: number): number {
      reach(0, (a >>> 0) + 4);
      return Atomics.compareExchange(u32, a >>> 2, old, value);
    },
    size(): number {
      user.grow(0);
      return user.buffer.byteLength >>> 16;
    },
    grow(pages: number): number {
      try {
        return user.grow(pages);
      } catch {
        return -1;
      }
    },
    /* No memory that processes share: a program that wants it needs multi-memory itself. */
    ssize: () => 0,
    sgrow: () => -1,
  };
}

/**
 * Views over memory that other threads grow. An engine may go on showing a memory's old size here for
 * a while after another thread grew it; growing by nothing makes it look.
 */
export function bufferUpTo(memory: WebAssembly.Memory, end: number): SharedArrayBuffer {
  if (end > memory.buffer.byteLength) memory.grow(0);
  return memory.buffer as unknown as SharedArrayBuffer;
}

/** Bytes [at, at + length) of a memory. */
export function bytesAt(memory: WebAssembly.Memory, at: number, length: number): Uint8Array {
  return new Uint8Array(bufferUpTo(memory, at + length), at, length);
}

/** `count` words from the address `at` on. */
export function wordsAt(memory: WebAssembly.Memory, at: number, count: number): Int32Array {
  return new Int32Array(bufferUpTo(memory, at + count * 4), at, count);
}

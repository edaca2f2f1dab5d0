/** Frame buffers as the host reads them: conversion, what changed, a state that is being written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FB_RING } from './abi.ts';
import { ScreenView, convert, darken } from './screen.ts';
import type { ScreenState } from './screen.ts';

const memory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
const state = (change: Partial<ScreenState>): ScreenState => ({
  seq: 2, opens: 1, xres: 2, yres: 3, lineLength: 16, bits: 32, memory: 1, address: 4096, hold: false, blank: false, ...change,
});

test('32 bits: red, green and blue change places, and only rows that differ are named', () => {
  const source = memory();
  const into = new Uint32Array(6).fill(0xff000000);
  assert.equal(convert(state({}), source, into), undefined);
  new Uint32Array(source.buffer, 4096)[4] = 0x99123456; /* the second row's first pixel */
  assert.deepEqual(convert(state({}), source, into), { first: 1, last: 1 });
  assert.equal(into[2], 0xff563412);
  assert.equal(convert(state({}), source, into), undefined);
});

test('16 bits: white is white and each color is its own', () => {
  const source = memory();
  new Uint16Array(source.buffer, 4096).set([0xffff, 0xf800]);
  new Uint16Array(source.buffer, 4096 + 16).set([0x07e0, 0x001f]);
  const into = new Uint32Array(6);
  convert(state({ bits: 16 }), source, into);
  assert.deepEqual([...into.subarray(0, 4)], [0xffffffff, 0xff0000ff, 0xff00ff00, 0xffff0000]);
});

test('pixels beyond the memory are those of a process that is gone', () => {
  assert.equal(convert(state({ address: 65536 }), memory(), new Uint32Array(6)), undefined);
});

test('a state is not read while the kernel writes it, and what was read is known to be old', () => {
  const kernel = memory();
  const words = new Int32Array(kernel.buffer);
  const view = new ScreenView(kernel, 1024, 2048);
  words[(1024 + FB_RING.seq) / 4] = 1;
  assert.equal(view.read(), undefined);
  words[(1024 + FB_RING.seq) / 4] = 2;
  const read = view.read();
  assert.ok(read !== undefined && view.unchanged(read));
  words[(1024 + FB_RING.seq) / 4] = 4;
  assert.equal(view.unchanged(read), false);
});

test('a frame is counted, and the event thread is woken if somebody waits for it', () => {
  const kernel = memory();
  const words = new Int32Array(kernel.buffer);
  const view = new ScreenView(kernel, 1024, 2048);
  words[2048 / 4] = 3000; /* address of the wake word */
  view.countFrame();
  assert.deepEqual([words[(1024 + FB_RING.frame) / 4], words[3000 / 4]], [1, 0]);
  words[(1024 + FB_RING.vsyncWanted) / 4] = 1;
  view.countFrame();
  assert.deepEqual([words[(1024 + FB_RING.frame) / 4], words[3000 / 4]], [2, 1]);
});

test('a dark screen is drawn once', () => {
  const into = new Uint32Array(6).fill(0xff000000);
  assert.equal(darken(into, 2), undefined);
  into[3] = 0xffffffff;
  assert.deepEqual(darken(into, 2), { first: 1, last: 1 });
});

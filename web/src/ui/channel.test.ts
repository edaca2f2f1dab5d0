import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConsole } from '../boot/types.ts';
import { Channel } from './channel.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (parts: readonly Uint8Array[]): string => parts.map((part) => new TextDecoder().decode(part)).join('|');

class FakeConsole implements MachineConsole {
  readonly number = 1;
  readonly written: Uint8Array[] = [];
  readonly sizes: string[] = [];
  say: (bytes: Uint8Array) => void = () => assert.fail('nobody listens');
  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.say = listener;
  }
  onClosed(): void {
    /* nobody closes it */
  }
  write(part: Uint8Array): void {
    this.written.push(part);
  }
  resize(cols: number, rows: number): void {
    this.sizes.push(`${cols}x${rows}`);
  }
  close(): void {
    /* nothing to close */
  }
}

test('key strokes from before the console are written in order, after the size', () => {
  const channel = new Channel(() => undefined);
  channel.input(bytes('l'));
  channel.input(bytes('s\r'));
  channel.resize(80, 24);
  const console = new FakeConsole();
  channel.attach(console);
  channel.input(bytes('x'));
  assert.equal(text(console.written), 'l|s\r|x');
  assert.deepEqual(console.sizes, ['80x24']);
});

test('output from before the terminal is shown in order', () => {
  const shown: Uint8Array[] = [];
  let first = 0;
  const channel = new Channel(() => first++);
  const console = new FakeConsole();
  channel.attach(console);
  console.say(bytes('a'));
  console.say(bytes('b'));
  channel.view(async (part) => void shown.push(part));
  console.say(bytes('c'));
  assert.equal(text(shown), 'a|b|c');
  assert.equal(first, 1);
});

test('a size is told once', () => {
  const channel = new Channel(() => undefined);
  const console = new FakeConsole();
  channel.attach(console);
  channel.resize(80, 24);
  channel.resize(80, 24);
  channel.resize(100, 24);
  assert.deepEqual(console.sizes, ['80x24', '100x24']);
});

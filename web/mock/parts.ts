/**
 * A pretended machine, for looking at the page: node web/build.ts --mock, then
 * node web/serve.ts --web build/web-mock, and an address such as #p1-running, #p1-booting, #p1-panic,
 * #p1-stopped, #p1-fail-bad-signature. Never part of the shipped page.
 */
import type { FailureName } from '../../descriptor/src/errors.ts';
import { FEATURES } from '../src/boot/features.ts';
import type { Parts } from '../src/boot/open.ts';
import { lacksOf } from '../src/boot/support.ts';
import { MachineError } from '../src/boot/types.ts';
import type { BootPlan, LogLine, Machine, MachineConsole, MachineState } from '../src/boot/types.ts';

const PLAN: BootPlan = { layers: [], argv: [], env: [], user: 'root', cwd: '/', tty: true };
const NEEDED = 84;
const LOG = [
  'init: Pleat 0.1.0, kernel memory 64 MiB, 2 processors',
  'time: clock source performance, resolution 5 us',
  'vfs: root is overlay(erofs, tmpfs)',
  'erofs: base: 31 MiB, 496 chunks, trace of 84',
  'tty: console is 80x24',
  'proc: PID 1 is /sbin/init',
] as const;
const PICTURE = [
  '\x1b[1;32mroot\x1b[0m:\x1b[1;34m/\x1b[0m# ls --color /etc /usr/bin | head -3',
  '\x1b[34mprofile.d\x1b[0m  \x1b[32mrun-parts\x1b[0m  \x1b[36mlocaltime\x1b[0m  passwd  shells',
  'see https://example.org/manual for more, naïve café, ┌──┐ 日本語',
  Array.from({ length: 16 }, (_, i) => `\x1b[${i < 8 ? 30 + i : 82 + i}mcolour ${i}\x1b[0m`).join(' '),
] as const;

let scene = 'running';

class MockConsole implements MachineConsole {
  readonly number: number;
  #listener: ((bytes: Uint8Array) => void) | undefined;
  #closed: (() => void) | undefined;
  constructor(number: number) {
    this.number = number;
  }
  say(text: string): void {
    this.#listener?.(new TextEncoder().encode(text.replaceAll('\n', '\r\n')));
  }
  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
    if (this.number > 1) this.say('# ');
  }
  onClosed(listener: () => void): void {
    this.#closed = listener;
  }
  write(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    if (text === '\x04') this.#closed?.();
    for (const char of text) this.say(char === '\r' ? '\n# ' : char < ' ' ? `^${String.fromCharCode(char.charCodeAt(0) + 64)}` : char);
  }
  resize(cols: number, rows: number): void {
    Object.assign(globalThis, { mockSize: [cols, rows] });
  }
  close(): void {
    this.#closed?.();
  }
}

class MockMachine implements Machine {
  state: MachineState = { kind: 'booting', chunks: 0, chunksNeeded: NEEDED, bytes: 0 };
  readonly bootConsole = new MockConsole(1);
  #listener: ((state: MachineState) => void) | undefined;
  #log: ((line: LogLine) => void) | undefined;
  #consoles = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  onState(listener: (state: MachineState) => void): void {
    this.#listener = listener;
    let step = 0;
    this.#timer = setInterval(() => this.#step(step++), 40);
  }
  onLog(listener: (line: LogLine) => void): void {
    this.#log = listener;
  }
  async openConsole(): Promise<MachineConsole> {
    if (this.#consoles >= 4) throw new MachineError('no-console', 'all 4 terminals are in use');
    return new MockConsole(++this.#consoles);
  }
  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }
  #set(state: MachineState): void {
    this.state = state;
    this.#listener?.(state);
  }
  #step(step: number): void {
    const text = LOG[step];
    if (text !== undefined) this.#log?.({ ms: step * 3.17 + 1.04, level: step === 1 ? 'warn' : 'info', text });
    const chunks = Math.min(NEEDED, step * 9);
    if (chunks < NEEDED) this.#set({ kind: 'booting', chunks, chunksNeeded: NEEDED, bytes: chunks * 21_400 });
    if (scene === 'booting' && chunks > 50) clearInterval(this.#timer);
    if (chunks < NEEDED) return;
    clearInterval(this.#timer);
    this.#set({ kind: 'running', chunks: 91, bytes: 1_947_400 });
    this.bootConsole.say(`${PICTURE.join('\n')}\n# `);
    if (scene === 'stopped') this.#set({ kind: 'stopped', status: 137 });
    if (scene === 'panic') {
      this.#log?.({ ms: 212.4, level: 'error', text: 'lib: KASSERT(pipe->readers > 0) failed at ipc/pipe.c:214' });
      this.#set({ kind: 'panic', message: 'KASSERT(pipe->readers > 0) failed at ipc/pipe.c:214\n  pipe_write\n  sys_write\n  syscall' });
    }
  }
}

export const parts: Parts = {
  runtime: '0'.repeat(64),
  support: () => lacksOf(globalThis),
  verify: async (text) => {
    const [, name = 'running', ...rest] = text.split('-');
    scene = name;
    if (name === 'fail' && !rest.includes('machine')) {
      const failure = rest.join('-') as FailureName;
      return { ok: false, failure: { name: failure, where: 'envelope, byte 3', message: 'envelope, byte 3: pretended' } };
    }
    return {
      ok: true,
      value: {
        descriptor: { runtime: '0'.repeat(64), base: { name: 'shell', root: '0'.repeat(64), size: 4096 }, title: 'A shell with coreutils' },
        publisher: { key: '0'.repeat(64), short: 'mzxw-6ytb-oi2g-k3tl' },
      },
    };
  },
  hasRuntime: async () => true,
  judge: async () => ({ standing: 'site', trusted: true, grants: [] }),
  accept: async () => undefined,
  opened: async () => undefined,
  features: async () => FEATURES,
  overlays: async () => [],
  plan: () => PLAN,
  start: async () => new MockMachine(),
};

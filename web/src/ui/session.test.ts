import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEATURES } from '../boot/features.ts';
import type { Parts } from '../boot/open.ts';
import { MachineError } from '../boot/types.ts';
import type { LogLine, Machine, MachineConsole, MachineState } from '../boot/types.ts';
import { Session } from './session.ts';

class FakeConsole implements MachineConsole {
  readonly number: number;
  readonly written: string[] = [];
  hungUp = false;
  output: (bytes: Uint8Array) => void = () => undefined;
  closed: () => void = () => undefined;
  constructor(number: number) {
    this.number = number;
  }
  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.output = listener;
  }
  onClosed(listener: () => void): void {
    this.closed = listener;
  }
  write(bytes: Uint8Array): void {
    this.written.push(new TextDecoder().decode(bytes));
  }
  resize(): void {
    /* sizes are channel.test.ts's */
  }
  close(): void {
    this.hungUp = true;
  }
}

class FakeMachine implements Machine {
  state: MachineState = { kind: 'booting', chunks: 0, chunksNeeded: 0, bytes: 0 };
  readonly bootConsole = new FakeConsole(1);
  readonly consoles: FakeConsole[] = [];
  stopped = false;
  report: (state: MachineState) => void = () => undefined;
  say: (line: LogLine) => void = () => undefined;
  fail: (error: MachineError) => void = () => undefined;
  onState(listener: (state: MachineState) => void): void {
    this.report = listener;
  }
  onFailed(listener: (error: MachineError) => void): void {
    this.fail = listener;
  }
  onLog(listener: (line: LogLine) => void): void {
    this.say = listener;
  }
  async openConsole(): Promise<MachineConsole> {
    if (this.consoles.length === 2) throw new MachineError('no-console', 'none is free');
    const console = new FakeConsole(this.consoles.length + 2);
    this.consoles.push(console);
    return console;
  }
  async stop(): Promise<void> {
    this.stopped = true;
  }
}

function scene(given: Partial<Parts> = {}) {
  const machines: FakeMachine[] = [];
  const runtime = 'a'.repeat(64);
  const parts: Parts = {
    runtime,
    support: () => undefined,
    verify: async () => ({
      ok: true,
      value: {
        descriptor: { runtime, base: { name: 'shell', root: runtime, size: 4096 } },
        publisher: { key: runtime, short: 'abcd' },
      },
    }),
    hasRuntime: async () => true,
    judge: async () => ({ standing: 'site', trusted: true, grants: [] }),
    accept: async () => undefined,
    opened: async () => undefined,
    features: async () => FEATURES,
    overlays: async () => [],
    plan: () => ({ layers: [], argv: [], env: [], user: 'root', cwd: '/', tty: true }),
    start: async () => {
      const machine = new FakeMachine();
      machines.push(machine);
      return machine;
    },
    ...given,
  };
  return { session: new Session('p1', parts), machines };
}

const RUNNING = { kind: 'running', chunks: 1, bytes: 1 } as const;

test('key strokes typed during the check reach the boot console', async () => {
  const { session, machines } = scene();
  session.typeEarly('ls\r');
  await session.open();
  assert.deepEqual(machines[0]?.bootConsole.written, ['ls\r']);
  assert.equal(session.state.kind, 'booting');
});

test('a link that fails starts nothing', async () => {
  const failure = { name: 'bad-signature', where: 'x', message: 'y' } as const;
  const { session, machines } = scene({ verify: async () => ({ ok: false, failure }) });
  await session.open();
  assert.deepEqual(session.state, { kind: 'failed', failure });
  assert.equal(machines.length, 0);
});

test('a machine that refuses to start is a failure with its page', async () => {
  const { session } = scene({ start: () => Promise.reject(new MachineError('missing-image', 'no x.idx')) });
  await session.open();
  assert.equal(session.state.kind === 'failed' && session.state.failure.name, 'missing-image');
});

test('a machine that fails while booting is a failure with its page, and is stopped', async () => {
  const { session, machines } = scene();
  await session.open();
  machines[0]?.fail(new MachineError('index-hash', 'layer base: root page'));
  assert.equal(session.state.kind === 'failed' && session.state.failure.name, 'hash-mismatch');
  assert.equal(machines[0]?.stopped, true);
  machines[0]?.report({ kind: 'panic', message: 'late' });
  assert.equal(session.state.kind, 'failed');
});

test('closing the session while its machine starts stops that machine', async () => {
  const { promise, resolve } = Promise.withResolvers<Machine>();
  const { session } = scene({ start: () => promise });
  const opening = session.open();
  await new Promise((done) => setImmediate(done));
  await session.close();
  const machine = new FakeMachine();
  resolve(machine);
  await opening;
  assert.equal(machine.stopped, true);
});

test('restart ends the old machine, whose late reports no longer count', async () => {
  const { session, machines } = scene();
  await session.open();
  machines[0]?.say({ ms: 1, level: 'info', text: 'old' });
  const oldTab = session.tabs[0];
  await session.restart();
  assert.equal(machines[0]?.stopped, true);
  assert.equal(machines.length, 2);
  machines[0]?.report({ kind: 'panic', message: 'late' });
  machines[0]?.say({ ms: 1, level: 'info', text: 'late' });
  assert.equal(session.state.kind, 'booting');
  assert.deepEqual(session.log, []);
  assert.notEqual(session.tabs[0]?.id, oldTab?.id);
});

test('terminals open while running, close by Delete or by their shell, and leave a neighbour active', async () => {
  const { session, machines } = scene();
  await session.open();
  await session.newTab();
  assert.equal(session.tabs.length, 1, 'not while booting');
  machines[0]?.report(RUNNING);
  await session.newTab();
  await session.newTab();
  const [boot, second, third] = session.tabs;
  assert.equal(session.active, third?.id);
  session.closeTab(boot?.id ?? 0);
  assert.equal(session.tabs.length, 3, 'PID 1 lives on the first one');
  session.closeTab(third?.id ?? 0);
  assert.equal(machines[0]?.consoles[1]?.hungUp, true);
  assert.equal(session.active, second?.id);
  machines[0]?.consoles[0]?.closed();
  assert.deepEqual(session.tabs.map((tab) => tab.id), [boot?.id]);
  assert.equal(session.active, boot?.id);
});

test('a refused terminal is a notice, not a failure', async () => {
  const { session, machines } = scene();
  await session.open();
  machines[0]?.report(RUNNING);
  await session.newTab();
  await session.newTab();
  await session.newTab();
  assert.match(session.notice, /none is free/);
  assert.equal(session.state.kind, 'running');
  session.dismissNotice();
  assert.equal(session.notice, '');
});

test('stop by the person has no exit status; by the machine it has', async () => {
  const { session, machines } = scene();
  await session.open();
  machines[0]?.report({ kind: 'stopped', status: 3 });
  assert.deepEqual(session.state, { kind: 'stopped', status: 3 });
  await session.restart();
  await session.stop();
  assert.deepEqual(session.state, { kind: 'ended' });
});

test('the log keeps its newest lines', async () => {
  const { session, machines } = scene();
  await session.open();
  for (let ms = 0; ms < 5_010; ms++) machines[0]?.say({ ms, level: 'info', text: '' });
  assert.equal(session.log.length, 5_000);
  assert.equal(session.log[0]?.ms, 10);
});

test('a program names its terminal in one line of at most 80 characters; nothing visible is no name', () => {
  const { session } = scene();
  const [tab] = session.tabs;
  session.rename(tab?.id ?? 0, ' \u202Etxt.exe\u0007\r\n vi\u200B ');
  assert.equal(session.tabs[0]?.name, 'txt.exe vi');
  session.rename(tab?.id ?? 0, '\u202E\u0000 ');
  assert.equal(session.tabs[0]?.name, 'txt.exe vi');
  session.rename(tab?.id ?? 0, 'é'.repeat(500_000));
  assert.equal(session.tabs[0]?.name, 'é'.repeat(80));
});

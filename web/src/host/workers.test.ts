import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SPAWN } from './abi.ts';
import type { InitMessage, Program, RunMessage, ToWorker } from './messages.ts';
import type { Platform, WorkerListener } from './platform.ts';
import { WorkerPool } from './workers.ts';
import type { Run } from './workers.ts';

/** A Worker that notes what it is sent. */
interface FakeWorker {
  readonly listener: WorkerListener;
  readonly runs: RunMessage[];
}

const EMPTY_MODULE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

function program(): Program {
  return { module: new WebAssembly.Module(EMPTY_MODULE), pages: 1 };
}

function run(thread: number, key: string): Run {
  const message: RunMessage = { type: 'run', thread, kstack: 0, flags: 0, user: memory, key };
  return { thread, kstack: 0, memory: thread, message };
}

function scene(limit = 100) {
  const workers: FakeWorker[] = [];
  const platform: Platform = {
    spawn(_, listener) {
      const worker: FakeWorker = { listener, runs: [] };
      workers.push(worker);
      return {
        post: (message: ToWorker) => void (message.type === 'run' && worker.runs.push(message)),
        terminate: () => Promise.resolve(),
      };
    },
    endsLate: false,
    clock: () => 0,
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    runtimeFile: () => Promise.reject(new Error('nothing is read here')),
    memoryLimit: 1,
    workerLimit: limit,
  };
  const failed: number[] = [];
  const told: string[] = [];
  const pool = new WorkerPool(platform, {
    over: ({ thread }) => void told.push(`over ${thread}`),
    broke: ({ thread }) => void told.push(`broke ${thread}`),
    failed: ({ thread }) => void failed.push(thread),
    panic: (message) => assert.fail(message),
  });
  const init: InitMessage = { type: 'init', kernel: program().module, memory, jsUaccess: false, clockStart: 0 };
  pool.begin(init);
  for (const worker of [...workers]) worker.listener.message({ type: 'ready' });
  /** The Worker that runs the thread, and what it was told. */
  const runOf = (thread: number) => {
    const worker = workers.find((each) => each.runs.some((message) => message.thread === thread));
    return { worker, message: worker?.runs.find((message) => message.thread === thread) };
  };
  return { pool, runOf, failed, told };
}

test('a program compiled by one Worker comes with later runs of the same key', () => {
  const { pool, runOf } = scene();
  const shell = program();
  pool.start(run(1, 'shell'));
  assert.equal(runOf(1).message?.program, undefined);
  runOf(1).worker?.listener.message({ type: 'program', key: 'shell', program: shell });
  pool.start(run(2, 'shell'));
  assert.equal(runOf(2).message?.program, shell);
});

test('a fork child waits until its parent’s program is known', () => {
  const { pool, runOf } = scene();
  const shell = program();
  pool.start(run(1, 'shell'));
  pool.startFork(run(2, ''), 1);
  assert.equal(runOf(2).message, undefined);
  runOf(1).worker?.listener.message({ type: 'program', key: 'shell', program: shell });
  assert.equal(runOf(2).message?.program, shell);
  assert.equal(runOf(2).message?.key, 'shell');
});

test('a program without a key is that of its process and its children alone', () => {
  const { pool, runOf } = scene();
  const [first, second] = [program(), program()];
  pool.start(run(1, ''));
  runOf(1).worker?.listener.message({ type: 'program', key: '', program: first });
  pool.start(run(2, ''));
  assert.equal(runOf(2).message?.program, undefined);
  runOf(2).worker?.listener.message({ type: 'program', key: '', program: second });
  pool.startFork(run(3, ''), 1);
  assert.equal(runOf(3).message?.program, first);
});

test('beyond the limit of Workers a thread is refused at once, and an exec waits', () => {
  const { pool, runOf, failed } = scene(3);
  for (let thread = 1; thread <= 3; thread++) pool.start(run(thread, ''));
  for (let thread = 1; thread <= 3; thread++) runOf(thread).worker?.listener.message({ type: 'program', key: '', program: program() });
  const thread = run(4, '');
  pool.startFork({ ...thread, message: { ...thread.message, flags: SPAWN.THREAD } }, 1);
  assert.deepEqual(failed, [4]);
  pool.start(run(5, ''));
  assert.deepEqual(failed, [4]);
  runOf(1).worker?.listener.message({ type: 'parked', thread: 1, kstack: 0 });
  assert.ok(runOf(5).message);
});

test('a Worker that the engine gives up is told of, and its run is over when it is gone', async () => {
  const { pool, runOf, told } = scene();
  pool.start(run(1, ''));
  runOf(1).worker?.listener.failed('out of memory');
  assert.deepEqual(told, ['broke 1']);
  await new Promise(setImmediate);
  assert.deepEqual(told, ['broke 1', 'over 1']);
  pool.start(run(2, ''));
  assert.ok(runOf(2).message);
});

/** programs.test.ts - libc on our ABI: each program's output under the stub kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compile, run } from './build.ts';

const lines = (...l: string[]) => `${l.join('\n')}\n`;

test('hello: stdio, argv, jumps, TLS, numbers, constructors, exit status', () => {
  const r = run(compile('hello'), ['foo']);
  assert.equal(
    r.stdout,
    lines(
      'argc 2 argv1 foo env PATH=/bin /root',
      'destructor',
      'setjmp 5',
      'longjmp 0 gives 1',
      'sigsetjmp(0) 3 mask 1',
      'sigsetjmp(1) 3 mask 0',
      'No such file or directory',
      '0.333333333333333333333333333333 1.4142135623731 tls 7 0 constructor 1',
      '1.500 1.234568e+04 0x1p+0 -1234567890123 ff | 27.50',
      '123',
      '-2 2 -1 -3 1.5',
    ),
  );
  assert.equal(r.status, 3);
});

test('vfork: exec, failed exec, _exit, eight nested, a pipe; the frame keeps its locals', () => {
  const r = run(compile('vfork'), [], ['exit', 'echo']);
  assert.equal(
    r.stdout,
    lines(
      'kept 1: exit 7',
      'kept 1: exit 7',
      'kept 1: exit 7',
      'kept 1: exit 127',
      'nested 8',
      'through a pipe',
      'pid 1',
    ),
  );
});

test('posix_spawn: actions, PATH, environment, errors', () => {
  const r = run(compile('spawn'), [], ['echo']);
  assert.equal(
    r.stdout,
    lines(
      'spawned',
      'spawned MARK=1',
      'echo: No such file or directory, pid -1',
      'nothing: No such file or directory, pid -1',
      'spawned',
      'pipe: spawned',
      'file: spawned',
      '/bin/echo: Bad file descriptor, pid -1',
    ),
  );
});

const FORK_OUTPUT = lines(
  'prepare',
  'atfork child',
  'deep 1047',
  'prepare',
  'atfork child',
  'child 10, parent 0',
  'prepare',
  'atfork child',
  'child 11, parent 1',
  'prepare',
  'atfork child',
  'child 12, parent 2',
  'prepare',
  'atfork child',
  'longjmp in child: 33',
  'prepare',
  'fork in a handler: Resource deadlock would occur',
);

test('fork, whole program: deep stacks, pointers, setjmp, atfork handlers, errno in a handler', () => {
  assert.equal(run(compile('fork')).stdout, FORK_OUTPUT);
});

test('fork, with a list: the same, checked by Asyncify assertions', () => {
  const program = compile(
    'fork',
    `--fork-list=${import.meta.dirname}/fork.list`,
    '-masyncify-asserts',
  );
  assert.equal(run(program).stdout, FORK_OUTPUT);
});

test('signals: handlers, siginfo, masks, restarts, alternate stack, jumps, loops without calls', () => {
  const r = run(compile('signals'));
  assert.equal(
    r.stdout,
    lines(
      'handler: count 1 signal 10',
      'siginfo: count 2 signal 12',
      'blocked: count 2',
      'sigsuspend: count 3 result -1 Interrupted system call',
      'call without SA_RESTART: -1 Interrupted system call, count 1',
      'call with SA_RESTART: 42, count 2',
      'sleep with a handler: -1 Interrupted system call',
      'sleep without one: 0',
      'alternate stack 1',
      'own stack 1',
      'inside a handler: count 1 masked 1 deepest 1 runs 2',
      'siglongjmp out: 10, mask 0',
      'loop without calls: count 1',
    ),
  );
  assert.deepEqual(r.log, [128], 'restart_syscall once');
  assert.equal(r.status, 128 + 10);
});

test('threads: without kernel support an errno, and the creator keeps its own TLS', () => {
  const r = run(compile('threads'));
  assert.equal(
    r.stdout,
    lines('pthread_create: Resource temporarily unavailable, own TLS 8', 'trylock: Resource busy'),
  );
  assert.equal(r.status, 0);
});

test('programs import no more than they use, and say what they are', () => {
  const imports = (file: string) =>
    WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file)))
      .map((i) => `${i.module}.${i.name}`)
      .sort();
  assert.deepEqual(imports(compile('spawn')), ['env.memory', 'kernel.syscall']);
  assert.deepEqual(imports(compile('vfork')), ['env.memory', 'kernel.syscall']);
  assert.deepEqual(imports(compile('fork')), ['env.memory', 'kernel.fork', 'kernel.syscall']);
  const words = (file: string) => {
    const b = readFileSync(file);
    assert.equal(b.subarray(10, 16).toString('latin1'), '\x05pleat', 'first section');
    return [b.readUInt32LE(16), b.readUInt32LE(20), b.readUInt32LE(24)];
  };
  assert.deepEqual(words(compile('exit')), [1, 4, 8388608]);
  assert.deepEqual(words(compile('fork')), [1, 5, 8388608]);
  assert.deepEqual(words(compile('exit', '-mno-safepoint')), [1, 0, 8388608]);
  assert.deepEqual(words(compile('exit', '-Wl,-z,stack-size=1048576')), [1, 4, 1048576]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InspectClient } from './client.ts';
import { parseMounts, parseProcesses, parseTable, processTree, TraceLog } from './model.ts';

const PROCS = '1\t0\t1\t0\tS\t10\t4096\t1\tpoll\t0\tinit\n7\t2\t7\t0\tR\t30\t8192\t2\t\t1000\tcc a.c\n2\t1\t2\t0\tS\t0\t0\t1\twait_for\t0\tsh\n';

test('processes become a tree, each child below its parent', () => {
  const rows = processTree(parseProcesses(PROCS), new Map([[7, 10]]), 0.5);
  assert.deepEqual(rows.map(({ pid, depth }) => [pid, depth]), [[1, 0], [2, 1], [7, 2]]);
  assert.equal(rows[2]?.cpu, 40);
  assert.equal(rows[0]?.cpu, 0);
  assert.equal(rows[2]?.command, 'cc a.c');
});

test('a process whose parent is not listed stands at the top', () => {
  const rows = processTree(parseProcesses('9\t8\t9\t0\tS\t0\t0\t1\t\t0\tlost\n'), new Map(), 1);
  assert.deepEqual(rows.map(({ pid, depth }) => [pid, depth]), [[9, 0]]);
});

test("a call and its return are one line, though another thread's come between", () => {
  const log = new TraceLog();
  log.add('>\t1000000\t5\t5\tread\t0\t0\t0\tread(0, \n>\t1100000\t6\t6\tclose\t0\t0\t0\tclose(3\n<\t1200000\t6\t6\tclose\t-9\t5000\t0\t) ');
  log.add('= -1 EBADF\n<\t3000000\t5\t5\tread\t2\t2000000\t1000\t"hi", 9) = 2\n');
  assert.deepEqual(log.lines.map(({ text, failed, micros }) => [text, failed, micros]), [
    ['read(0, "hi", 9) = 2', false, 2000],
    ['close(3) = -1 EBADF', true, 5],
  ]);
});

test('a return without its entry, ends and losses are lines of their own', () => {
  const log = new TraceLog();
  log.add('<\t1\t5\t5\tread\t0\t0\t0\t"", 1) = 0\n.\t1\t5\t5\t-\t0\t0\t0\t+++ exited with 0 +++\n!\t0\t0\t0\t-\t7\t0\t0\t\n');
  assert.deepEqual(log.lines.map(({ kind }) => kind), ['call', 'event', 'lost']);
  assert.match(log.lines[0]?.text ?? '', /^… read/);
});

test('tables say whether they count', () => {
  assert.deepEqual(parseTable('# on: x\ncall calls\nread  3 0\n'), { on: true, rows: [['read', '3', '0']] });
  assert.equal(parseTable('# off: x\ncall calls\n').on, false);
});

test('mounts have their blanks back', () => {
  assert.deepEqual(parseMounts('dev /my\\040disk devfs rw,nosuid 0 0\n'), [
    { source: 'dev', path: '/my disk', type: 'devfs', options: 'rw,nosuid' },
  ]);
});

test('requests wait for the other end, answers may come in pieces, an end rejects what waits', async () => {
  const sent: string[] = [];
  let output = (_: Uint8Array): void => undefined;
  let closed = (): void => undefined;
  const client = new InspectClient({
    onOutput: (listener) => (output = listener),
    onClosed: (listener) => (closed = listener),
    write: (bytes) => sent.push(new TextDecoder().decode(bytes)),
    close: () => undefined,
  });
  const say = (text: string): void => output(new TextEncoder().encode(text));
  const first = client.read('/proc/version');
  assert.deepEqual(sent, []);
  say('some words\nready\n');
  assert.deepEqual(sent, ['1 read /proc/version\n']);
  say('1 5\nhe');
  say('llo');
  assert.equal(await first, 'hello');
  const traced: string[] = [];
  const begun = client.trace(['all', 'trace %file;x'], (text) => traced.push(text));
  assert.equal(sent.at(-1), '2 trace all;trace %file x\n');
  say('2 2\nok0 3\n>>>');
  assert.equal(await begun, 'ok');
  assert.deepEqual(traced, ['>>>']);
  const never = client.processes();
  closed();
  await assert.rejects(never, /ended/);
  await assert.rejects(client.processes(), /ended/);
});

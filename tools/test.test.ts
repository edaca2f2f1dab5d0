import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, readCount } from './test.ts';
import { runCommand } from './steps.ts';
import { inputHash, keep, takeKept } from './unlesssame.ts';
import { SUITES } from './suites.ts';

test('a count is read from the last line that is not blank, and from no other', () => {
  assert.deepEqual(readCount(['x', '3 passed, 0 failed', '']), { passed: 3, failed: 0, skipped: 0 });
  assert.deepEqual(readCount(['3 passed, 1 failed, 2 skipped']), { passed: 3, failed: 1, skipped: 2 });
  assert.equal(readCount(['3 passed, 0 failed', 'Segmentation fault']), undefined);
  assert.equal(readCount(['3 passed, 0 failed, honest']), undefined);
  assert.equal(readCount([]), undefined);
});

test('a suite without a count, with a bad status, without tests or out of time has failed', () => {
  const good = { status: 0, tail: ['3 passed, 0 failed'], timedOut: false };
  assert.deepEqual(judge(good), { passed: 3, failed: 0, skipped: 0, wrong: '' });
  assert.equal(judge({ ...good, tail: ['done'] }).failed, 1);
  assert.equal(judge({ ...good, status: 1 }).failed, 1);
  assert.equal(judge({ ...good, tail: ['0 passed, 0 failed'] }).failed, 1);
  assert.equal(judge({ ...good, timedOut: true }).failed, 1);
  assert.equal(judge({ ...good, status: 1, tail: ['3 passed, 2 failed'] }).failed, 2);
});

test('a command that hangs is ended with its children', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'steps-'));
  try {
    const result = await runCommand('sleep 1000 & echo $! >child; wait', {
      cwd: dir, log: join(dir, 'log'), timeoutSeconds: 1 });
    assert.equal(result.timedOut, true);
    assert.notEqual(result.status, 0);
    const pid = Number(readFileSync(join(dir, 'child'), 'utf8'));
    // Ended, if not yet reaped by whoever inherited it.
    const state = ((): string => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] ?? '';
      } catch {
        return 'gone';
      }
    })();
    assert.ok(state === 'Z' || state === 'X' || state === 'gone', `state ${state}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the log has both streams of a command and its status is kept', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'steps-'));
  try {
    const result = await runCommand('echo out; echo err >&2; exit 3', { cwd: dir, log: join(dir, 'log') });
    assert.equal(result.status, 3);
    assert.deepEqual(result.tail, ['out', 'err']);
    assert.match(readFileSync(join(dir, 'log'), 'utf8'), /out\nerr\n/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the hash of inputs changes with a name and with a content, and with nothing else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'same-'));
  try {
    writeFileSync(join(dir, 'a'), '1');
    const first = inputHash(dir, ['*']);
    writeFileSync(join(dir, 'a'), '1');
    assert.equal(inputHash(dir, ['*']), first);
    writeFileSync(join(dir, 'a'), '2');
    const second = inputHash(dir, ['*']);
    assert.notEqual(second, first);
    writeFileSync(join(dir, 'b'), '');
    assert.notEqual(inputHash(dir, ['*']), second);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what a step left is taken from the cache whole or not at all', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kept-'));
  try {
    const [from, to, kept] = [join(dir, 'from'), join(dir, 'to'), join(dir, 'cache/step/key')];
    const outputs = ['out/a', 'out/b'];
    mkdirSync(join(from, 'out'), { recursive: true });
    for (const path of outputs) writeFileSync(join(from, path), path);
    assert.equal(takeKept(kept, outputs, to), false);
    keep(kept, outputs, from);
    rmSync(join(kept, 'b'));
    assert.equal(takeKept(kept, outputs, to), false);
    assert.equal(existsSync(join(to, 'out/a')), false);
    rmSync(kept, { recursive: true });
    keep(kept, outputs, from);
    assert.equal(takeKept(kept, outputs, to), true);
    assert.equal(readFileSync(join(to, 'out/b'), 'utf8'), 'out/b');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('no two suites have one name', () => {
  assert.equal(new Set(SUITES.map((suite) => suite.name)).size, SUITES.length);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeState, describeStatus, formatBytes, formatLogTime } from './state.ts';

test('booting has a bar only when the end is known', () => {
  const known = describeState({ kind: 'booting', chunks: 21, chunksNeeded: 84, bytes: 450_000 });
  assert.deepEqual([known.detail, known.progress], ['21 of 84 chunks · 450 kB', 0.25]);
  const unknown = describeState({ kind: 'booting', chunks: 1, chunksNeeded: 0, bytes: 999 });
  assert.deepEqual([unknown.detail, unknown.progress], ['1 chunk · 999 B fetched', undefined]);
});

test('the bar never goes past its end', () => {
  assert.equal(describeState({ kind: 'booting', chunks: 90, chunksNeeded: 84, bytes: 1 }).progress, 1);
});

test('formatBytes keeps two or three digits', () => {
  assert.deepEqual([0, 999, 1000, 9949, 9960, 999_400, 999_600, 1_947_400, 5e9, 7e12].map(formatBytes), [
    '0 B', '999 B', '1.0 kB', '9.9 kB', '10 kB', '999 kB', '1.0 MB', '1.9 MB', '5.0 GB', '7.0 TB',
  ]);
});

test('describeStatus names signals', () => {
  assert.deepEqual([0, 2, 128, 137, 139, 170].map(describeStatus), [
    'exit status 0', 'exit status 2', 'exit status 128', 'by SIGKILL', 'by SIGSEGV', 'by signal 42',
  ]);
});

test('formatLogTime aligns', () => {
  assert.deepEqual([0.04, 12.34, 9999.94, 12_000].map(formatLogTime), ['   0.0 ms', '  12.3 ms', '9999.9 ms', '  12.00 s']);
});

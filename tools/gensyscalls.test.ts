import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTable } from './syscalltable.ts';
import { dispatch, fuzzGrammar, libcNumbers, nameTable, prototypes, supportPage, traceTable } from './gensyscalls.ts';

const ROOT = join(import.meta.dirname, '..');
const TABLE = join(ROOT, 'kernel/abi/syscalls.tbl');

function one(line: string): ReturnType<typeof parseTable> {
  return parseTable(`# head\n\n${line}\n`);
}

test('a row becomes a prototype with the C type of each kind', () => {
  const { rows, errors } = one('67 pread64 count fd:fd out[r]:buf size:len off:offset vfs/rw.c');
  assert.deepEqual(errors, []);
  assert.match(prototypes(rows),
    /^int sys_pread64\(int32_t fd, uaddr_t buf, uint32_t len, uint64_t offset\); /m);
});

test('an off argument is joined from two words, low first, and later words move on', () => {
  const { rows } = one('47 fallocate err fd:fd u32:mode off:offset off:length vfs/open.c');
  assert.match(dispatch(rows),
    /sys_fallocate\(\(int32_t\)a0, a1, \(uint64_t\)a3 << 32 \| a2, \(uint64_t\)a5 << 32 \| a4\)/);
});

test('a call without arguments has a void prototype', () => {
  assert.match(prototypes(one('81 sync err vfs/rw.c').rows), /int sys_sync\(void\);/);
});

test('an absent call has a number and a name but neither prototype nor case', () => {
  const { rows } = one('98 futex int addr:word proc/futex.c absent use 422');
  assert.doesNotMatch(prototypes(rows), /sys_futex/);
  assert.doesNotMatch(dispatch(rows), /case 98/);
  assert.match(libcNumbers(rows), /#define __NR_futex 98/);
  assert.match(nameTable(rows), /\[98, 'futex'\]/);
  assert.match(supportPage(rows), /\| 98 \| `futex\(word\)` \| absent \| use 422 \|/);
});

test('pointer, set, text and buffer kinds keep their parts', () => {
  const { rows, errors } = one(
    '1 x err timespec[2]*?:times u32*?out:cpu flags(AT):flags str?:s buf[n]:b size:n room/x.c');
  assert.deepEqual(errors, []);
  const [times, cpu, flags, text, buf] = rows[0]!.args;
  assert.deepEqual([times!.kind, times!.type, times!.optional, times!.out], ['ptr', 'timespec[2]', true, false]);
  assert.deepEqual([cpu!.kind, cpu!.type, cpu!.optional, cpu!.out], ['ptr', 'u32', true, true]);
  assert.deepEqual([flags!.kind, flags!.type], ['flags', 'AT']);
  assert.deepEqual([text!.kind, text!.optional], ['str', true]);
  assert.equal(buf!.length, 'n');
  assert.match(traceTable(rows), /\{"b", "", SC_BUF, 4, 0, 5\}/);
});

test('the fuzzer has a letter for each word, and no call that is absent', () => {
  const { rows } = parseTable('56 openat fd dirfd:dir path?:p flags(O):flags mode:mode vfs/open.c\n' +
    '67 pread64 count fd:fd out[r]:buf size:len off:offset vfs/rw.c\n98 futex int addr:word proc/futex.c absent use 422');
  assert.match(fuzzGrammar(rows), /\{56, "fdtbm"\}, \/\* openat/);
  assert.match(fuzzGrammar(rows), /\{67, "-fanlh"\}/);
  assert.doesNotMatch(fuzzGrammar(rows), /98/);
});

const bad: readonly (readonly [string, RegExp])[] = [
  ['x read count vfs/rw.c', /not a number/],
  ['63 Read count vfs/rw.c', /not a system call's name/],
  ['63 read bytes vfs/rw.c', /unknown result kind 'bytes'/],
  ['63 read count f:fd vfs/rw.c', /unknown argument kind 'f'/],
  ['63 read count fd:fd fd:fd vfs/rw.c', /'fd' appears twice/],
  ['63 read count out[n]:buf vfs/rw.c', /length 'n' of 'buf' is no argument/],
  ['63 read count off:a off:b off:c u32:d vfs/rw.c', /7 words/],
  ['63 read count fd:fd', /is not room\/file\.c/],
  ['63 read count vfs/rw.c some', /unknown level 'some'/],
  ['63 read count vfs/rw.c absent', /needs a note/],
  ['63 read count vfs/rw.c\n63 write count vfs/rw.c', /number 63 after 63/],
  ['63 read count vfs/rw.c\n64 read count vfs/rw.c', /'read' appears twice/],
];
for (const [line, message] of bad)
  test(`bad table: ${String(message)}`, () => {
    const { errors } = one(line);
    assert.equal(errors.length, 1);
    assert.match(errors[0]!.message, message);
    assert.ok(errors[0]!.line >= 3, 'the error names its line');
  });

test('the generator names file and line, writes nothing and fails on a bad table', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gensyscalls-'));
  try {
    writeFileSync(join(dir, 'bad.tbl'), '1 a err x/y.c\n2 b what x/y.c\n');
    const run = spawnSync(process.execPath,
      [join(ROOT, 'tools/gensyscalls.ts'), join(dir, 'bad.tbl'), join(dir, 'gen')], { encoding: 'utf8' });
    assert.equal(run.status, 1);
    assert.match(run.stderr, /bad\.tbl:2: unknown result kind 'what'/);
    assert.throws(() => statSync(join(dir, 'gen')));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the real table parses, and what is made of it compiles', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gensyscalls-'));
  try {
    const gen = join(dir, 'gen');
    const run = spawnSync(process.execPath, [join(ROOT, 'tools/gensyscalls.ts'), TABLE, gen], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const before = statSync(join(gen, 'syscalls.h')).mtimeMs;
    spawnSync(process.execPath, [join(ROOT, 'tools/gensyscalls.ts'), TABLE, gen]);
    assert.equal(statSync(join(gen, 'syscalls.h')).mtimeMs, before, 'unchanged files are left alone');
    const source = '#include "syscalls_dispatch.h"\n#include "syscalls_trace.h"\n' +
      'int main(void) { return syscall_dispatch(99999, 0, 0, 0, 0, 0, 0) + !!syscall_infos[0].nr; }\n';
    writeFileSync(join(dir, 't.c'), source);
    const cc = spawnSync('clang-19', ['-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fsyntax-only', `-I${gen}`,
      `-I${join(ROOT, 'kernel')}`, join(dir, 't.c')], { encoding: 'utf8' });
    assert.equal(cc.status, 0, cc.stderr);
    assert.match(readFileSync(join(gen, 'syscalls.ts'), 'utf8'), /\[63, 'read'\]/);
    assert.match(readFileSync(join(dir, 'support.md'), 'utf8'), /^# System calls/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/**
 * The TypeScript numbers of web/src/host/abi.ts against the C headers that are their truth: the
 * compiler itself compares, one static assertion for each number.
 */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as abi from '../web/src/host/abi.ts';

const ROOT = join(import.meta.dirname, '..');
const HEADERS = ['abi/ring.h', 'abi/program.h', 'abi/errno.h', 'abi/fs.h', 'proc/proc.h'];

/** Tables of enumerators and #defines: the C name is the prefix and the key. */
const PREFIXES: Readonly<Record<string, string>> = {
  OP: 'OP_',
  EV: 'EV_',
  SPAWN: 'SPAWN_',
  HOSTFS: 'HOSTFS_',
  DT: 'DT_',
  ERRNO: '',
  THREAD: 'THREAD_',
  INPUT: 'INPUT_',
};

/** Tables of offsets, named as the struct in capitals. */
const STRUCTS = ['HOST_AREA', 'CONSOLE_RING', 'FB_RING', 'INPUT_RING', 'SOUND_RING', 'HOST_CALL', 'HOSTFS_STAT', 'PROG_REGS'];

/** Numbers whose C expression is not their own name. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  HOST_SLOT_BYTES: 'sizeof(struct host_slot)',
  CONSOLES: '(sizeof(((struct host_area *)0)->consoles) / sizeof(struct console_ring))',
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** [TypeScript name, C expression, value] of all that abi.ts exports. */
export function claims(exported: Readonly<Record<string, unknown>>): [string, string, number][] {
  const list: [string, string, number][] = [];
  for (const [name, value] of Object.entries(exported)) {
    const struct = `struct ${name.replace(/_BYTES$/, '').toLowerCase()}`;
    if (typeof value === 'number') {
      const size = name.endsWith('_BYTES') ? `sizeof(${struct})` : name;
      list.push([name, EXPRESSIONS[name] ?? size, value]);
      continue;
    }
    const prefix = PREFIXES[name];
    assert.ok(prefix !== undefined || STRUCTS.includes(name), `abi.ts exports ${name}: tell this test what it is in C`);
    for (const [key, number] of Object.entries(value as Readonly<Record<string, number>>)) {
      const c = prefix === undefined ? `offsetof(${struct}, ${snake(key)})` : `${prefix}${key}`;
      list.push([`${name}.${key}`, c, number]);
    }
  }
  return list;
}

/** What the compiler for the kernel's own target says against the claims; '' for nothing. */
function compare(list: readonly [string, string, number][]): string {
  const source = [
    '#include <stddef.h>',
    ...HEADERS.map((header) => `#include "${header}"`),
    ...list.map(([name, c, value]) => `_Static_assert((${c}) == ${value}u, "abi.ts: ${name} is not ${c}");`),
  ].join('\n');
  const cc = spawnSync(
    'clang-19',
    ['--target=wasm32-unknown-unknown', '-std=gnu17', '-ffreestanding', '-nostdlibinc', '-fsyntax-only', '-ferror-limit=0',
      `-I${join(ROOT, 'kernel')}`, '-xc', '-'],
    { input: source, encoding: 'utf8' },
  );
  assert.ok(cc.error === undefined, `clang-19 cannot be run: ${cc.error?.message}`);
  return cc.status === 0 ? '' : cc.stderr;
}

test('every number of abi.ts is that of the C headers', () => {
  assert.equal(compare(claims(abi)), '');
});

test('a number that differs from the C headers is named', () => {
  assert.match(compare(claims({ EV: { ...abi.EV, MEMORY: 99 } })), /abi\.ts: EV\.MEMORY is not EV_MEMORY/);
});

test('every request and event of ring.h is in abi.ts', () => {
  const ring = readFileSync(join(ROOT, 'kernel/abi/ring.h'), 'utf8');
  for (const [table, names] of [['OP', abi.OP], ['EV', abi.EV]] as const) {
    const inC = [...ring.matchAll(new RegExp(`^\\t${table}_([A-Z_]+)(?: = \\d+)?,`, 'gm'))].map((match) => match[1]);
    assert.deepEqual(Object.keys(names).toSorted(), inC.toSorted());
  }
});

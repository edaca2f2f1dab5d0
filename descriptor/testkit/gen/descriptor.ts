/** Failures of the descriptor: each link is validly signed and spoilt in one field. */
import type { CborValue } from '../../src/cbor.ts';
import type { FailureName } from '../../src/errors.ts';
import { hashOf, layer, signedMap, smallest } from './vector.ts';
import type { Vector } from './vector.ts';

export type Map_ = Map<number | string, CborValue>;

/** [name, failure, where, comment, what to do to the smallest descriptor] */
export type Row = readonly [string, FailureName, string, string, (d: Map_) => unknown];

/** Put a boot map with the given fields. */
const boot =
  (...fields: readonly (readonly [number | string, CborValue])[]) =>
  (d: Map_): unknown =>
    d.set(4, new Map(fields));

/** Change the base layer. */
const base =
  (key: number | string, value: CborValue) =>
  (d: Map_): unknown =>
    d.set(2, layer('shell', 0x22).set(key, value));

const packages =
  (...layers: readonly CborValue[]) =>
  (d: Map_): unknown =>
    d.set(3, layers);

const env = (...entries: readonly (readonly [number | string, CborValue])[]) =>
  boot([3, new Map(entries)]);

const from = (...urls: readonly CborValue[]) => base(4, urls);

const ROWS: readonly Row[] = [
  [
    'field-reserved',
    'unknown-field',
    'descriptor',
    'field 18, which is not defined',
    (d) => d.set(18, []),
  ],
  [
    'field-text-key',
    'unknown-field',
    'descriptor',
    'a field by its JSON name',
    (d) => d.set('title', 'x'),
  ],
  ['field-zero', 'unknown-field', 'descriptor', 'field 0', (d) => d.set(0, 1)],
  ['boot-field', 'unknown-field', 'boot', 'field 7 of boot', boot([7, 1])],
  ['layer-field', 'unknown-field', 'base', 'field 5 of a layer', base(5, 1)],
  ['runtime-missing', 'missing-field', 'runtime', 'no runtime', (d) => d.delete(1)],
  ['base-missing', 'missing-field', 'base', 'no base', (d) => d.delete(2)],
  [
    'layer-root-missing',
    'missing-field',
    'packages[0].root',
    'a layer without its root',
    packages(
      new Map<number, CborValue>([
        [1, 'lua'],
        [3, 4096],
      ]),
    ),
  ],
  [
    'runtime-text',
    'wrong-type',
    'runtime',
    'hex digits where bytes belong',
    (d) => d.set(1, '11'.repeat(32)),
  ],
  ['base-text', 'wrong-type', 'base', 'a name in place of a layer', (d) => d.set(2, 'shell')],
  [
    'packages-map',
    'wrong-type',
    'packages',
    'one layer in place of a list',
    (d) => d.set(3, layer('lua', 0x33)),
  ],
  ['title-bytes', 'wrong-type', 'title', 'a byte string', (d) => d.set(5, hashOf(0x41))],
  ['size-text', 'wrong-type', 'base.size', 'digits as text', base(3, '4096')],
  ['argv-text', 'wrong-type', 'boot.argv', 'a command line in place of a list', boot([1, 'ls -l'])],
  [
    'argv-number',
    'wrong-type',
    'boot.argv[1]',
    'a number among the arguments',
    boot([1, ['sleep', 5]]),
  ],
  ['env-list', 'wrong-type', 'boot.env', 'NAME=value in a list', boot([3, ['A=b']])],
  ['env-number', 'wrong-type', 'boot.env.A', 'a number as value', env(['A', 1])],
  ['env-number-name', 'wrong-type', 'boot.env (a key)', 'a number as name', env([1, 'a'])],
  ['tty-number', 'wrong-type', 'boot.tty', '0 for false', boot([6, 0])],
  ['descriptor-list', 'wrong-type', 'descriptor', 'the layer list alone', () => undefined],
  ['argv-and-cmd', 'conflicting-fields', 'boot', 'both argv and cmd', boot([1, ['ls']], [2, 'ls'])],
  ['packages-empty', 'spelled-default', 'packages', 'an empty list', packages()],
  ['boot-empty', 'spelled-default', 'boot', 'an empty map', boot()],
  ['argv-empty', 'spelled-default', 'boot.argv', 'an empty list', boot([1, []])],
  ['env-empty', 'spelled-default', 'boot.env', 'an empty map', env()],
  ['user-root', 'spelled-default', 'boot.user', 'root', boot([4, 'root'])],
  ['cwd-root', 'spelled-default', 'boot.cwd', '/', boot([5, '/'])],
  ['tty-true', 'spelled-default', 'boot.tty', 'true', boot([6, true])],
  ['from-images', 'spelled-default', 'base.from', 'images/', from('images/')],
  ['title-empty', 'spelled-default', 'title', 'an empty text', (d) => d.set(5, '')],
  ['description-empty', 'spelled-default', 'description', 'an empty text', (d) => d.set(6, '')],
  ['name-long', 'limit-exceeded', 'base.name', '65 bytes', base(1, 'n'.repeat(65))],
  ['size-large', 'limit-exceeded', 'base.size', '1 TiB and one byte', base(3, 2 ** 40 + 1)],
  [
    'packages-many',
    'limit-exceeded',
    'packages',
    '65 layers',
    packages(...Array.from({ length: 65 }, (_, i) => layer(`p${i}`, i + 100))),
  ],
  [
    'from-many',
    'limit-exceeded',
    'base.from',
    'nine URLs',
    from(...Array.from({ length: 9 }, (_, i) => `${i}/`)),
  ],
  ['url-long', 'limit-exceeded', 'base.from[0]', '513 bytes', from(`${'u'.repeat(512)}/`)],
  [
    'argv-many',
    'limit-exceeded',
    'boot.argv',
    '257 arguments',
    boot([1, Array.from({ length: 257 }, () => 'a')]),
  ],
  ['arg-long', 'limit-exceeded', 'boot.argv[0]', '16,385 bytes', boot([1, ['a'.repeat(16_385)]])],
  ['cmd-long', 'limit-exceeded', 'boot.cmd', '16,385 bytes', boot([2, 'a'.repeat(16_385)])],
  [
    'env-many',
    'limit-exceeded',
    'boot.env',
    '129 variables',
    env(...Array.from({ length: 129 }, (_, i) => [`V${i}`, ''] as const)),
  ],
  ['env-name-long', 'limit-exceeded', 'boot.env (a key)', '129 bytes', env(['N'.repeat(129), ''])],
  ['env-value-long', 'limit-exceeded', 'boot.env.A', '4,097 bytes', env(['A', 'v'.repeat(4_097)])],
  ['user-long', 'limit-exceeded', 'boot.user', '33 bytes', boot([4, 'u'.repeat(33)])],
  ['cwd-long', 'limit-exceeded', 'boot.cwd', '1,025 bytes', boot([5, `/${'d'.repeat(1_024)}`])],
  ['cwd-deep', 'limit-exceeded', 'boot.cwd', '65 levels', boot([5, '/d'.repeat(65)])],
  [
    'title-long',
    'limit-exceeded',
    'title',
    '129 letters of two bytes each',
    (d) => d.set(5, 'é'.repeat(129)),
  ],
  [
    'description-long',
    'limit-exceeded',
    'description',
    '4,097 bytes',
    (d) => d.set(6, 'd'.repeat(4_097)),
  ],
  ['runtime-short', 'bad-value', 'runtime', '31 bytes', (d) => d.set(1, hashOf(0x11).subarray(1))],
  ['runtime-zeros', 'bad-value', 'runtime', '32 zero bytes', (d) => d.set(1, hashOf(0))],
  ['root-long', 'bad-value', 'base.root', '33 bytes', base(2, new Uint8Array(33).fill(0x22))],
  ['root-zeros', 'bad-value', 'base.root', '32 zero bytes', base(2, hashOf(0))],
  ['size-zero', 'bad-value', 'base.size', 'no bytes', base(3, 0)],
  ['name-empty', 'bad-value', 'base.name', 'an empty name', base(1, '')],
  ['name-slash', 'bad-value', 'base.name', 'a path', base(1, '../shell')],
  ['name-upper-case', 'bad-value', 'base.name', 'a capital letter', base(1, 'Shell')],
  ['from-empty', 'bad-value', 'base.from', 'an empty list', from()],
  ['url-empty', 'bad-value', 'base.from[0]', 'an empty text', from('')],
  ['url-no-slash', 'bad-value', 'base.from[0]', 'no / at the end', from('images')],
  ['url-javascript', 'bad-value', 'base.from[0]', 'another scheme', from('javascript:alert(1)/')],
  ['url-data', 'bad-value', 'base.from[0]', 'a data URL', from('data:,x/')],
  ['url-user', 'bad-value', 'base.from[0]', 'a user name', from('https://user@example.org/')],
  ['url-query', 'bad-value', 'base.from[0]', 'a query', from('https://example.org/?a/')],
  ['url-escape', 'bad-value', 'base.from[0]', 'an escaped dot', from('a/%2e%2e/b/')],
  ['url-up', 'bad-value', 'base.from[0]', 'a path out of the app', from('../secrets/')],
  [
    'url-no-scheme',
    'bad-value',
    'base.from[0]',
    'another host without a scheme',
    from('//example.org/'),
  ],
  [
    'url-backslash',
    'bad-value',
    'base.from[0]',
    'a backslash, which browsers take for a slash',
    from('\\\\example.org/'),
  ],
  [
    'url-upper-case-host',
    'bad-value',
    'base.from[0]',
    'a second spelling of a host',
    from('https://Example.org/'),
  ],
  ['argv-0-empty', 'bad-value', 'boot.argv[0]', 'no program', boot([1, ['', 'x']])],
  ['argv-nul', 'bad-value', 'boot.argv[0]', 'a NUL, where exec would cut', boot([1, ['ls\0-l']])],
  ['cmd-nul', 'bad-value', 'boot.cmd', 'a NUL, where exec would cut', boot([2, 'ls\0rm'])],
  ['env-name-digit', 'bad-value', 'boot.env (a key)', 'a digit first', env(['1A', 'x'])],
  ['env-name-equals', 'bad-value', 'boot.env (a key)', 'an = in the name', env(['A=B', 'x'])],
  ['env-name-empty', 'bad-value', 'boot.env (a key)', 'no name', env(['', 'x'])],
  ['env-value-nul', 'bad-value', 'boot.env.A', 'a NUL', env(['A', 'x\0y'])],
  ['user-upper-case', 'bad-value', 'boot.user', 'a capital letter', boot([4, 'Root'])],
  ['user-colon', 'bad-value', 'boot.user', 'the separator of /etc/passwd', boot([4, 'a:0'])],
  ['cwd-relative', 'bad-value', 'boot.cwd', 'not absolute', boot([5, 'home'])],
  ['cwd-empty', 'bad-value', 'boot.cwd', 'an empty text', boot([5, ''])],
  ['cwd-up', 'bad-value', 'boot.cwd', 'a .. part', boot([5, '/home/../root'])],
  ['cwd-slash', 'bad-value', 'boot.cwd', 'a / at the end', boot([5, '/home/'])],
  ['cwd-nul', 'bad-value', 'boot.cwd', 'a NUL', boot([5, '/ho\0me'])],
  ['title-newline', 'bad-text', 'title', 'a second line', (d) => d.set(5, 'a\nb')],
  [
    'title-escape',
    'bad-text',
    'title',
    "a terminal's escape sequence",
    (d) => d.set(5, '\u001b[31mred'),
  ],
  [
    'title-direction',
    'bad-text',
    'title',
    'a right-to-left override',
    (d) => d.set(5, 'safe\u202egpj.exe'),
  ],
  ['title-zero-width', 'bad-text', 'title', 'a zero-width space', (d) => d.set(5, 'sh\u200bell')],
  ['description-return', 'bad-text', 'description', 'a carriage return', (d) => d.set(6, 'a\r\nb')],
  [
    'layer-name-twice',
    'duplicate-layer',
    'packages[0]',
    'the name of the base',
    packages(layer('shell', 0x33)),
  ],
  [
    'layer-root-twice',
    'duplicate-layer',
    'packages[1]',
    'the root of another package',
    packages(layer('lua', 0x33), layer('git', 0x33)),
  ],
];

/** One vector a row. */
export async function vectorsOf(rows: readonly Row[], prefix: string): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for (const [name, expect, where, comment, spoil] of rows) {
    const map = smallest();
    spoil(map);
    const link = await signedMap(name === 'descriptor-list' ? [layer('shell', 0x22)] : map);
    vectors.push({ name: `${prefix}-${name}`, expect, where, comment, link });
  }
  return vectors;
}

export function descriptor(): Promise<Vector[]> {
  return vectorsOf(ROWS, 'field');
}

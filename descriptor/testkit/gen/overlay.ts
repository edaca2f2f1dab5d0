/** Failures of overlays in a link: path tricks, wrong order, fields that do not belong together. */
import type { CborValue } from '../../src/cbor.ts';
import { hashOf } from './vector.ts';
import { vectorsOf } from './descriptor.ts';
import type { Map_, Row } from './descriptor.ts';
import type { Vector } from './vector.ts';

type Entry = readonly (readonly [number | string, CborValue])[];

/** One overlay with these entries. */
const files =
  (...entries: readonly Entry[]) =>
  (d: Map_): unknown =>
    d.set(8, [new Map([[1, entries.map((entry) => new Map(entry))]])]);

const text = new TextEncoder().encode('x\n');
const file = (path: CborValue, ...more: Entry): Entry => [[1, path], ...more, [6, text]];
const typed = (path: string, type: CborValue, ...more: Entry): Entry => [[1, path], [2, type], ...more];
const only = (path: CborValue, ...more: Entry) => files([[1, path], ...more]);

const blob =
  (...fields: Entry) =>
  (d: Map_): unknown =>
    d.set(8, [new Map([[2, new Map(fields)]])]);
const HASH = [1, hashOf(0x77)] as const;
const SIZE = [2, 1000] as const;

const PATH = 'overlays[0].files[0].path';
const SECOND = 'overlays[0].files[1].path';

const ROWS: readonly Row[] = [
  ['up', 'bad-path', PATH, 'a .. part', only('home/../../etc/passwd')],
  ['up-first', 'bad-path', PATH, '.. first', only('../x')],
  ['up-alone', 'bad-path', PATH, '.. alone', only('..')],
  ['dot', 'bad-path', PATH, 'a . part', only('home/./x')],
  ['absolute', 'bad-path', PATH, 'an absolute path', only('/etc/passwd')],
  ['double-slash', 'bad-path', PATH, 'an empty part', only('home//x')],
  ['end-slash', 'bad-path', PATH, 'a / at the end', only('home/')],
  ['path-empty', 'bad-path', PATH, 'the root itself', only('')],
  ['path-nul', 'bad-value', PATH, 'a NUL, where the kernel would cut', only('home/x\0y')],
  ['path-bytes', 'wrong-type', PATH, 'a byte string', only(text)],
  ['path-missing', 'missing-field', PATH, 'no path', files([[6, text]])],
  ['deep', 'limit-exceeded', PATH, '65 levels', only(Array(65).fill('d').join('/'))],
  ['very-deep', 'limit-exceeded', PATH, '10,000 levels', only(Array(10_000).fill('d').join('/'))],
  ['path-long', 'limit-exceeded', PATH, '1,025 bytes', only(`${'d'.repeat(200)}/`.repeat(5) + 'd'.repeat(20))],
  ['part-long', 'limit-exceeded', PATH, 'a name of 256 bytes', only('d'.repeat(256))],
  [
    'through-symlink',
    'path-conflict',
    SECOND,
    'a file below a symbolic link that leads out',
    files(typed('out', 2, [7, '/etc']), file('out/passwd')),
  ],
  ['through-file', 'path-conflict', SECOND, 'a file below a file', files(file('a'), file('a/b'))],
  ['through-deleted', 'path-conflict', SECOND, 'a file below what is deleted', files(typed('a', 4), file('a/b'))],
  [
    'hardlink-nowhere',
    'path-conflict',
    'overlays[0].files[0].target',
    'a hard link to a file of the layers',
    files(typed('a', 3, [7, 'etc/shadow'])),
  ],
  [
    'hardlink-later',
    'path-conflict',
    'overlays[0].files[0].target',
    'a hard link to a later file',
    files(typed('a', 3, [7, 'b']), file('b')),
  ],
  [
    'hardlink-symlink',
    'path-conflict',
    'overlays[0].files[1].target',
    'a hard link to a symbolic link',
    files(typed('a', 2, [7, 'x']), typed('b', 3, [7, 'a'])),
  ],
  [
    'hardlink-up',
    'bad-path',
    'overlays[0].files[1].target',
    'a hard link out of the tree',
    files(file('a'), typed('b', 3, [7, '../a'])),
  ],
  ['order', 'unsorted-paths', SECOND, 'b before a', files(file('b'), file('a'))],
  ['twice', 'unsorted-paths', SECOND, 'one path twice', files(file('a'), file('a'))],
  ['order-bytes', 'unsorted-paths', SECOND, 'the order of UTF-16, not of bytes', files(file('\u{1f434}'), file('\uff5e'))],
  ['device', 'bad-value', 'overlays[0].files[0].type', 'type 6: no device nodes', files(typed('dev/sda', 6))],
  ['type-text', 'wrong-type', 'overlays[0].files[0].type', 'a type by its name', files(typed('a', 'directory'))],
  ['type-file', 'spelled-default', 'overlays[0].files[0].type', 'type 0', files(typed('a', 0))],
  ['mode-device', 'bad-value', 'overlays[0].files[0].mode', 'S_IFCHR in the mode', only('a', [3, 0o20644])],
  ['mode-default', 'spelled-default', 'overlays[0].files[0].mode', '0644 for a file', only('a', [3, 0o644])],
  [
    'mode-default-directory',
    'spelled-default',
    'overlays[0].files[0].mode',
    '0755 for a directory',
    files(typed('a', 1, [3, 0o755])),
  ],
  [
    'mode-symlink',
    'conflicting-fields',
    'overlays[0].files[0].mode',
    'a mode for a symbolic link',
    files(typed('a', 2, [3, 0o777], [7, 'b'])),
  ],
  ['uid-nobody', 'bad-value', 'overlays[0].files[0].uid', 'the uid that means none', only('a', [4, 0xffff_ffff])],
  ['gid-zero', 'spelled-default', 'overlays[0].files[0].gid', 'gid 0', only('a', [5, 0])],
  [
    'uid-deleted',
    'conflicting-fields',
    'overlays[0].files[0].uid',
    'an owner of what is deleted',
    files(typed('a', 4, [4, 5])),
  ],
  ['content-text', 'wrong-type', 'overlays[0].files[0].content', 'a text', only('a', [6, 'x'])],
  ['content-empty', 'spelled-default', 'overlays[0].files[0].content', 'no bytes', only('a', [6, new Uint8Array(0)])],
  [
    'content-directory',
    'conflicting-fields',
    'overlays[0].files[0].content',
    'a directory with contents',
    files(typed('a', 1, [6, text])),
  ],
  ['sparse', 'unknown-field', 'overlays[0].files[0]', 'a size of 4 GiB without contents', only('a', [9, 2 ** 32])],
  [
    'symlink-nowhere',
    'missing-field',
    'overlays[0].files[0].target',
    'a symbolic link without target',
    files(typed('a', 2)),
  ],
  [
    'symlink-empty',
    'bad-value',
    'overlays[0].files[0].target',
    'a symbolic link to nothing',
    files(typed('a', 2, [7, ''])),
  ],
  [
    'target-long',
    'limit-exceeded',
    'overlays[0].files[0].target',
    '4,096 bytes',
    files(typed('a', 2, [7, 't'.repeat(4_096)])),
  ],
  ['target-file', 'conflicting-fields', 'overlays[0].files[0].target', 'a file with a target', only('a', [7, 'b'])],
  [
    'mtime-large',
    'limit-exceeded',
    'overlays[0].files[0].mtime',
    'the year 10000',
    only('a', [8, 253_402_300_800]),
  ],
  ['no-files', 'bad-value', 'overlays[0].files', 'an empty list', files()],
  [
    'many-files',
    'limit-exceeded',
    'overlays[0].files',
    '769 files',
    files(...Array.from({ length: 769 }, (_, i) => [[1, `f${String(i).padStart(3, '0')}`]] as Entry)),
  ],
  ['files-map', 'wrong-type', 'overlays[0].files', 'a map', (d) => d.set(8, [new Map([[1, new Map()]])])],
  ['many', 'limit-exceeded', 'overlays', 'nine overlays', (d) => d.set(8, Array(9).fill(new Map([[1, []]])))],
  ['none', 'spelled-default', 'overlays', 'an empty list', (d) => d.set(8, [])],
  ['empty', 'missing-field', 'overlays[0].files', 'neither files nor blob', (d) => d.set(8, [new Map()])],
  [
    'both',
    'conflicting-fields',
    'overlays[0]',
    'files and blob',
    (d) =>
      d.set(8, [
        new Map<number, CborValue>([
          [1, [new Map([[1, 'a']])]],
          [2, new Map<number, CborValue>([HASH, SIZE])],
        ]),
      ]),
  ],
  ['field', 'unknown-field', 'overlays[0]', 'field 3', (d) => d.set(8, [new Map([[3, 1]])])],
  ['blob-hash', 'missing-field', 'overlays[0].blob.hash', 'bytes that nothing names', blob(SIZE)],
  ['blob-size', 'missing-field', 'overlays[0].blob.size', 'no size', blob(HASH)],
  ['blob-large', 'limit-exceeded', 'overlays[0].blob.size', '256 MiB and one byte', blob(HASH, [2, 2 ** 28 + 1])],
  ['blob-from', 'spelled-default', 'overlays[0].blob.from', 'overlays/', blob(HASH, SIZE, [3, ['overlays/']])],
  ['blob-from-empty', 'bad-value', 'overlays[0].blob.from', 'an empty list', blob(HASH, SIZE, [3, []])],
  ['blob-url', 'bad-value', 'overlays[0].blob.from[0]', 'another scheme', blob(HASH, SIZE, [3, ['data:x/']])],
  ['blob-key', 'bad-value', 'overlays[0].blob.key', '31 bytes', blob(HASH, SIZE, [4, hashOf(1).subarray(1)])],
];

export function overlay(): Promise<Vector[]> {
  return vectorsOf(ROWS, 'overlay');
}

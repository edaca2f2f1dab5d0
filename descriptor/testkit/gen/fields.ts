/** Failures of mounts, panels, capabilities, services and the other fields from 7 on. */
import type { CborValue } from '../../src/cbor.ts';
import { hashOf, layer } from './vector.ts';
import { vectorsOf } from './descriptor.ts';
import type { Map_, Row } from './descriptor.ts';
import type { Vector } from './vector.ts';

type Entries = readonly (readonly [number | string, CborValue])[];

const set =
  (key: number, value: CborValue) =>
  (d: Map_): unknown =>
    d.set(key, value);
const listOf =
  (key: number) =>
  (...items: readonly Entries[]) =>
    set(key, items.map((each) => new Map(each)));
const mounts = listOf(7);
const panels = listOf(9);
const services = listOf(14);
const pad = listOf(17);
const lua = layer('lua', 0x33);
const archive = new Map<number, CborValue>([
  [1, hashOf(0x66)],
  [2, 512],
]);
const button = (x: number, y: number): Entries => [[1, 'A'], [2, 30], [3, x], [4, y]];

const ROWS: readonly Row[] = [
  ['mounts-empty', 'spelled-default', 'mounts', 'an empty list', set(7, [])],
  ['mount-root', 'bad-value', 'mounts[0].path', 'over the root', mounts([[1, '/'], [2, 0]])],
  ['mount-up', 'bad-value', 'mounts[0].path', 'a .. part', mounts([[1, '/a/../b'], [2, 0]])],
  ['mount-relative', 'bad-value', 'mounts[0].path', 'a relative path', mounts([[1, 'a'], [2, 0]])],
  ['mount-type', 'bad-value', 'mounts[0].type', 'type 5', mounts([[1, '/a'], [2, 5]])],
  ['mount-type-missing', 'missing-field', 'mounts[0].type', 'no type', mounts([[1, '/a']])],
  ['mount-twice', 'duplicate-mount', 'mounts[1].path', 'one path twice', mounts([[1, '/a'], [2, 0]], [[1, '/a'], [2, 0]])],
  [
    'mounts-many',
    'limit-exceeded',
    'mounts',
    '17 mounts',
    mounts(...Array.from({ length: 17 }, (_, i): Entries => [[1, `/m${i}`], [2, 0]])),
  ],
  ['mount-field', 'unknown-field', 'mounts[0]', 'field 7', mounts([[1, '/a'], [2, 0], [7, 1]])],
  ['tmpfs-small', 'bad-value', 'mounts[0].size', 'less than a page', mounts([[1, '/a'], [2, 0], [3, 4095]])],
  ['tmpfs-large', 'limit-exceeded', 'mounts[0].size', '1 TiB and one byte', mounts([[1, '/a'], [2, 0], [3, 2 ** 40 + 1]])],
  ['tmpfs-layers', 'conflicting-fields', 'mounts[0].layers', 'a tmpfs of layers', mounts([[1, '/a'], [2, 0], [4, [lua]]])],
  ['mount-layer-none', 'missing-field', 'mounts[0].layers', 'a layer without layer', mounts([[1, '/a'], [2, 1]])],
  [
    'mount-layer-two',
    'bad-value',
    'mounts[0].layers',
    'a layer of two',
    mounts([[1, '/a'], [2, 1], [4, [lua, layer('git', 0x44)]]]),
  ],
  ['mount-layers-empty', 'bad-value', 'mounts[0].layers', 'an empty list', mounts([[1, '/a'], [2, 2], [4, []]])],
  [
    'mount-layer-twice',
    'duplicate-layer',
    'mounts[0].layers[0]',
    'the base again',
    mounts([[1, '/a'], [2, 1], [4, [layer('shell', 0x34)]]]),
  ],
  ['opfs-nameless', 'missing-field', 'mounts[0].name', 'storage without a name', mounts([[1, '/a'], [2, 3]])],
  ['opfs-path', 'bad-value', 'mounts[0].name', 'a path as name', mounts([[1, '/a'], [2, 3], [5, '../x']])],
  ['archive-none', 'missing-field', 'mounts[0].archive', 'no archive', mounts([[1, '/a'], [2, 4]])],
  [
    'archive-size',
    'conflicting-fields',
    'mounts[0].size',
    'the size of a tmpfs',
    mounts([[1, '/a'], [2, 4], [3, 8192], [6, archive]]),
  ],
  ['panels-empty', 'spelled-default', 'panels', 'an empty list', set(9, [])],
  ['panel-type', 'bad-value', 'panels[0].type', 'type 5', panels([[1, 5]])],
  ['panel-port-missing', 'missing-field', 'panels[0].port', 'a web panel without port', panels([[1, 2]])],
  ['panel-port-0', 'bad-value', 'panels[0].port', 'port 0', panels([[1, 2], [2, 0]])],
  ['panel-port-large', 'bad-value', 'panels[0].port', 'port 65536', panels([[1, 2], [2, 65_536]])],
  ['panel-port-terminal', 'conflicting-fields', 'panels[0].port', 'a terminal with a port', panels([[1, 0], [2, 80]])],
  ['panel-file-none', 'missing-field', 'panels[0].path', 'a file panel without path', panels([[1, 3]])],
  ['panel-file-up', 'bad-value', 'panels[0].path', 'a .. part', panels([[1, 3], [3, '/a/..']])],
  ['panel-title-long', 'limit-exceeded', 'panels[0].title', '65 bytes', panels([[1, 0], [4, 't'.repeat(65)]])],
  ['panel-title-hidden', 'bad-text', 'panels[0].title', 'a right-to-left override', panels([[1, 0], [4, 'a\u202eb']])],
  ['panels-many', 'limit-exceeded', 'panels', 'nine panels', panels(...Array.from({ length: 9 }, (): Entries => [[1, 0]]))],
  ['capabilities-empty', 'spelled-default', 'capabilities', 'an empty list', set(10, [])],
  ['capability-unknown', 'bad-value', 'capabilities[0]', 'capability 3', set(10, [3])],
  ['capability-twice', 'bad-value', 'capabilities', 'network twice', set(10, [1, 1])],
  ['capability-order', 'bad-value', 'capabilities', 'network before clipboard', set(10, [1, 0])],
  ['capability-text', 'wrong-type', 'capabilities[0]', 'a capability by its name', set(10, ['network'])],
  ['author-empty', 'bad-value', 'author', 'an empty text', set(11, '')],
  ['author-long', 'limit-exceeded', 'author', '129 bytes', set(11, 'a'.repeat(129))],
  ['author-hidden', 'bad-text', 'author', 'a zero-width space', set(11, 'a\u200bb')],
  ['licence-text', 'bad-value', 'licence', 'a sentence with a comma', set(12, 'GPL, perhaps')],
  ['licence-long', 'limit-exceeded', 'licence', '65 bytes', set(12, 'M'.repeat(65))],
  ['documentation-empty', 'spelled-default', 'documentation', 'an empty list', set(13, [])],
  ['documentation-script', 'bad-value', 'documentation[0]', 'javascript:', set(13, ['javascript:alert(1)'])],
  ['documentation-space', 'bad-value', 'documentation[0]', 'a blank', set(13, ['https://example.org/a b'])],
  ['documentation-user', 'bad-value', 'documentation[0]', 'a user name', set(13, ['https://bank@example.org/'])],
  ['documentation-long', 'limit-exceeded', 'documentation[0]', '513 bytes', set(13, [`https://example.org/${'a'.repeat(493)}`])],
  [
    'documentation-many',
    'limit-exceeded',
    'documentation',
    'nine addresses',
    set(13, Array(9).fill('https://example.org/')),
  ],
  ['services-empty', 'spelled-default', 'services', 'an empty list', set(14, [])],
  ['service-nameless', 'missing-field', 'services[0].name', 'no name', services([[2, 80]])],
  ['service-nowhere', 'missing-field', 'services[0].port', 'neither port nor path', services([[1, 'web']])],
  ['service-both', 'conflicting-fields', 'services[0]', 'port and path', services([[1, 'web'], [2, 80], [3, '/run/x']])],
  ['service-patient', 'limit-exceeded', 'services[0].seconds', '601 seconds', services([[1, 'web'], [2, 80], [4, 601]])],
  ['service-default', 'spelled-default', 'services[0].seconds', '30 seconds', services([[1, 'web'], [2, 80], [4, 30]])],
  ['clock-large', 'limit-exceeded', 'clock', 'the year 10000', set(15, 253_402_300_800)],
  ['clock-text', 'wrong-type', 'clock', 'a date as text', set(15, '2026-01-01')],
  ['seed-short', 'bad-value', 'seed', '31 bytes', set(16, hashOf(1).subarray(1))],
  ['seed-zeros', 'bad-value', 'seed', '32 zero bytes', set(16, hashOf(0))],
  ['pad-empty', 'spelled-default', 'pad', 'an empty list', set(17, [])],
  ['pad-label-empty', 'bad-value', 'pad[0].label', 'no label', pad([[1, ''], [2, 30], [3, 0], [4, 0]])],
  ['pad-label-long', 'limit-exceeded', 'pad[0].label', '17 bytes', pad([[1, 'l'.repeat(17)], [2, 30], [3, 0], [4, 0]])],
  ['pad-key', 'bad-value', 'pad[0].key', 'key 768', pad([[1, 'A'], [2, 768], [3, 0], [4, 0]])],
  ['pad-column', 'bad-value', 'pad[0].x', 'column 16', pad(button(16, 0))],
  ['pad-twice', 'bad-value', 'pad[1]', 'two at one place', pad(button(1, 1), button(1, 1))],
  [
    'pad-many',
    'limit-exceeded',
    'pad',
    '33 buttons',
    pad(...Array.from({ length: 33 }, (_, i) => button(i % 16, i >> 4))),
  ],
];

export function fields(): Promise<Vector[]> {
  return vectorsOf(ROWS, 'field');
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import { factsOf, overlayPaths, visible } from './facts.ts';

const base: Descriptor = { runtime: 'ab'.repeat(32), base: { name: 'shell', root: 'cd'.repeat(32), size: 2_461_696 } };
const facts = (more: Partial<Descriptor>) => Object.fromEntries(factsOf({ ...base, ...more }).map(({ term, lines }) => [term, lines]));

test('the preview says what boots and from where, what runs, and as whom', () => {
  const shown = facts({
    packages: [{ name: 'lua', root: 'ef'.repeat(32), size: 1000, from: ['https://mirror.example.org/a/', 'pkg/'] }],
    boot: { cmd: 'echo "hi there"; id', user: 'guest', cwd: '/home/guest', env: { A: 'b' } },
  });
  assert.deepEqual(shown['Boots'], ['shell, 2.5 MB, from this site', 'lua, 1.0 kB, from mirror.example.org or this site']);
  assert.deepEqual(shown['Runs'], [`sh -c 'echo "hi there"; id'`]);
  assert.deepEqual(shown['As'], ['guest of the machine, in /home/guest']);
  assert.deepEqual(shown['With'], ['A=b']);
  assert.deepEqual(facts({})['Runs'], ['the image’s own shell']);
});

test('what would hide or turn text is spelled out', () => {
  assert.equal(visible('a\u001b[31m\u202eb'), 'a\\u{1b}[31m\\u{202e}b');
  assert.match(facts({ boot: { cmd: 'rm\u202e' } })['Runs']?.[0] ?? '', /rm\\u\{202e\}/);
});

test('overlays: how many paths, what is deleted, what is kept elsewhere', () => {
  const overlays: Descriptor['overlays'] = [
    { files: [{ path: 'a' }, { path: 'b', type: 'deleted' }] },
    { blob: { hash: 'ab'.repeat(32), size: 5000, from: ['https://files.example.org/'], key: 'cd'.repeat(32) } },
  ];
  assert.deepEqual(facts({ overlays })['Changes'], [
    '1 path in the link itself, 1 deleted',
    '5.0 kB of files from files.example.org, encrypted; the key is in the link',
  ]);
  assert.deepEqual(overlayPaths({ ...base, overlays: overlays ?? [] }), ['+ /a', '− /b']);
});

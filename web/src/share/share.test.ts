/** From the kernel's list to a link and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBlob } from '../../../descriptor/src/blob.ts';
import { encodeCbor } from '../../../descriptor/src/cbor.ts';
import type { CborValue } from '../../../descriptor/src/cbor.ts';
import { decodeLink } from '../../../descriptor/src/decode.ts';
import { decodeOverlay } from '../../../descriptor/src/overlay.ts';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import { readChanges, selectEntries, usualSelection } from './changes.ts';
import { classOf, foldMachine } from './fold.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const hash = (n: number): string =>
  Array.from({ length: 32 }, (_, i) => ((n * 131 + i * 197 + i * i * 31) & 255).toString(16).padStart(2, '0')).join('');
const descriptor: Descriptor = {
  runtime: hash(1),
  base: { name: 'shell', root: hash(2), size: 12_582_912 },
  boot: { user: 'guest', cwd: '/home/guest' },
  title: 'Notes',
};

/** An entry as the kernel writes it: every field there. */
function entry(path: string, type: number, more: Readonly<Record<number, CborValue>> = {}): CborValue {
  const fields: Record<number, CborValue> = {
    1: bytes(path),
    2: type,
    ...(type === 3 || type === 4 ? {} : { 3: type === 0 ? 0o644 : 0o755, 4: 0, 5: 0, 8: 1_700_000_000 }),
    ...more,
  };
  return new Map(Object.entries(fields).map(([key, value]) => [Number(key), value]));
}

const file = (path: string, text: string, more: Readonly<Record<number, CborValue>> = {}): CborValue =>
  entry(path, 0, { 6: bytes(text), ...more });

function changesOf(...entries: readonly CborValue[]) {
  return readChanges(encodeCbor(entries));
}

test('the usual selection leaves out caches, temporary files, histories and what no link can hold, by name', () => {
  const changes = changesOf(
    file('home/guest/notes', 'x'),
    file('home/guest/.cache/thing', 'x'),
    file('home/guest/.ash_history', 'secret'),
    file('var/tmp/x', 'x'),
    entry('run/sock', 7),
    entry('home/guest/pipe', 6),
    entry('dev/thing', 8),
    entry('home/guest/huge', 0, { 9: 4_294_967_296 }),
    new Map<number, CborValue>([[1, Uint8Array.of(0x66, 0xff)], [2, 0], [6, bytes('x')]]),
  );
  const selected = usualSelection(changes);
  assert.deepEqual([...selected], ['home/guest/notes']);
  const { entries, leftOut } = selectEntries(changes, selected);
  assert.deepEqual(entries, [{ path: 'home/guest/notes', content: bytes('x') }]);
  assert.deepEqual(
    Object.fromEntries(leftOut.map(({ change, reason }) => [change.path, reason])),
    {
      'dev/thing': 'device', 'f\ufffd': 'name', 'home/guest/.ash_history': 'history', 'home/guest/.cache/thing': 'cache',
      'home/guest/huge': 'too-large', 'home/guest/pipe': 'fifo', 'run/sock': 'socket', 'var/tmp/x': 'temporary',
    },
  );
});

test('hard links are put in order: the lowest taken path has the contents', () => {
  const changes = changesOf(file('z', 'text'), entry('a', 3, { 7: bytes('z') }), entry('m', 3, { 7: bytes('z') }));
  const all = selectEntries(changes, new Set(['a', 'm', 'z'])).entries;
  assert.deepEqual(all, [
    { path: 'a', content: bytes('text') },
    { path: 'm', type: 'hardlink', target: 'a' },
    { path: 'z', type: 'hardlink', target: 'a' },
  ]);
  /* the name that had them in the kernel's list is unticked: they go with another */
  assert.deepEqual(selectEntries(changes, new Set(['m'])).entries, [{ path: 'm', content: bytes('text') }]);
});

test('ten small edited files of a home directory, 1.5 KB together, are a chat link', async () => {
  /* words as people write them: no two lines alike */
  const words = 'the machine boots reads writes shell script notes todo list kernel file folder link share user home list of things to do tomorrow fix build test page write letter buy milk call server port log error'.split(' ');
  let at = 7;
  const word = (): string => words[(at = (at * 48_271) % 2_147_483_647) % words.length] ?? '';
  const text = (n: number): string => {
    let out = '';
    while (out.length < n) out += `${word()} ${word()}${out.length % 5 === 0 ? '\n' : ' '}`;
    return out.slice(0, n);
  };
  const owner = { 4: 1000, 5: 1000 };
  const names = ['.profile', 'bin/run.sh', 'bin/test.sh', 'hello.c', 'Makefile', 'notes.txt', 'todo.md', 'letter', 'list', 'x.py'];
  const changes = changesOf(
    entry('home/guest/bin', 1, owner),
    ...names.map((name) => file(`home/guest/${name}`, text(150), { ...owner, 3: name.endsWith('.sh') ? 0o755 : 0o644 })),
  );
  const begun = performance.now();
  const { entries } = selectEntries(changes, usualSelection(changes));
  const shared = await foldMachine(descriptor, entries, { seed: SEED });
  const spent = performance.now() - begun;
  assert.ok(shared.ok, JSON.stringify(shared));
  const address = `https://app.example.org/#${shared.value.link}`;
  assert.ok(address.length < 2_000, `${address.length} characters`);
  assert.equal(classOf(address.length), 'chat');
  assert.ok(spent < 1_000, `${spent} ms`); /* the target is 200; a busy machine and the first use of libsodium */
  const decoded = await decodeLink(shared.value.link);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.descriptor.overlays?.[0]?.files?.length, 11);
  assert.equal(decoded.value.descriptor.title, 'Notes');
});

test('what does not fit into a link is named by its hash, and private files are cipher to whoever keeps them', async () => {
  let state = 1;
  const content = Array.from({ length: 30_000 }, () => ((state = (state * 48_271) % 2_147_483_647) % 1_679_616).toString(36)).join('');
  const changes = changesOf(file('big', content), file('small', 'x'));
  const { entries } = selectEntries(changes, usualSelection(changes));
  const plain = await foldMachine(descriptor, entries, { seed: SEED });
  assert.ok(plain.ok && plain.value.hosted !== undefined);
  const sealed = await foldMachine(descriptor, entries, { seed: SEED, isPrivate: true, from: ['https://files.example.org/'] });
  assert.ok(sealed.ok && sealed.value.hosted !== undefined);
  for (const { link, hosted } of [plain.value, sealed.value]) {
    const decoded = await decodeLink(link);
    assert.ok(decoded.ok);
    const blob = decoded.value.descriptor.overlays?.[0]?.blob;
    assert.ok(blob !== undefined && hosted !== undefined);
    assert.equal(blob.hash, hosted.hash);
    const opened = await openBlob(hosted.bytes, blob);
    assert.ok(opened.ok, JSON.stringify(opened));
    const read = decodeOverlay(opened.value);
    assert.ok(read.ok && read.value.length === 2);
    const changed = hosted.bytes.slice();
    changed[100] = (changed[100] ?? 0) ^ 1;
    const refused = await openBlob(changed, blob);
    assert.ok(!refused.ok && refused.failure.name === 'bad-hash');
  }
  const { bytes: secret } = sealed.value.hosted;
  const found = await decodeLink(sealed.value.link);
  const blob = found.ok ? found.value.descriptor.overlays?.[0]?.blob : undefined;
  assert.ok(blob?.key !== undefined);
  const wrongKey = await openBlob(secret, { ...blob, key: 'ab'.repeat(32) });
  assert.ok(!wrongKey.ok && wrongKey.failure.name === 'bad-key');
});

test('a machine without changes is shared as its link without overlays', async () => {
  const shared = await foldMachine({ ...descriptor, overlays: [{ files: [{ path: 'x' }] }] }, [], { seed: SEED });
  assert.ok(shared.ok);
  const decoded = await decodeLink(shared.value.link);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.descriptor.overlays, undefined);
});

/** From recipes to a layer that verifies: needs fakeroot and mkfs.erofs, no compiler. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileFetch } from '../../web/src/boot/filefetch.ts';
import { LayerReader } from '../../web/src/boot/images.ts';
import type { BuildContext } from '../src/build.ts';
import { buildImage } from '../src/image.ts';
import type { ImageInfo } from '../src/image.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
let folder = '';
let root = '';
let lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pleat-image-'));
  root = join(folder, 'repository');
  mkdirSync(join(root, 'images/packages'), { recursive: true });
  mkdirSync(join(root, 'images/sets'));
  for (const part of ['src', 'styles']) symlinkSync(join(repository, 'images', part), join(root, 'images', part));
  symlinkSync(join(repository, 'web'), join(root, 'web'));
  symlinkSync(join(repository, 'LICENSE'), join(root, 'LICENSE'));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function context(cache: string, mirror?: string): BuildContext {
  return { root, cache: join(folder, cache), mirror, log: (line) => lines.push(line) };
}
/** A package that installs `files` (path: content), with further lines of its recipe. */
function pkg(name: string, files: Record<string, string>, more = ''): void {
  const base = join(root, 'images/packages', name);
  rmSync(base, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(base, 'files', path, '..'), { recursive: true });
    writeFileSync(join(base, 'files', path), content);
  }
  writeFileSync(join(base, 'recipe'), `name=${name} version=1 license=MIT style=copy\n${more}`);
}
async function open(info: ImageInfo, out: string): Promise<LayerReader> {
  const ref = { name: info.name, root: info.root, size: info.size, from: [out] };
  const reader = await LayerReader.open(ref, { fetch: fileFetch });
  if (!reader.ok) assert.fail(reader.error.message);
  return reader.value;
}
function dump(...args: string[]): string {
  return spawnSync('/usr/bin/dump.erofs', args, { encoding: 'utf8' }).stdout;
}

test('the same recipes give the same root in another cache and folder', async () => {
  pkg('a', { 'etc/a': 'one', 'usr/bin/a': 'x'.repeat(200_000) });
  pkg('b', { 'etc/b': 'two' }, 'stage() { cp -R files/. "$dest"; chown 1000:1000 "$dest/etc/b"; ln -s b "$dest/etc/c"; }\n');
  writeFileSync(join(root, 'images/sets/both.txt'), 'a\nb\n');
  const one = await buildImage(context('c1'), 'both', join(folder, 'o1'));
  const two = await buildImage(context('c2'), 'both', join(folder, 'o2'));
  assert.equal(one.root, two.root);
  for (const kind of ['idx', 'pack']) {
    const [a, b] = ['o1', 'o2'].map((out) => readFileSync(join(folder, out, `${one.root}.${kind}`)));
    assert.ok(a !== undefined && b !== undefined && a.equals(b), kind);
  }
});

test('the pack holds the image, chunk for chunk', async () => {
  pkg('a', { 'usr/bin/a': 'y'.repeat(300_000) });
  const out = join(folder, 'out');
  const info = await buildImage(context('c'), 'a', out);
  const reader = await open(info, out);
  const all = await reader.readAt(0, info.size);
  assert.ok(all.ok && Buffer.compare(all.value, readFileSync(join(out, 'a.erofs'))) === 0);
  assert.equal(info.chunks, reader.root.chunks);
});

test('owners, modes and the fixed time are in the image, and layouts stay plain', async () => {
  pkg('a', { 'etc/mine': 'm', 'etc/root': 'r' }, 'stage() { cp -R files/. "$dest"; chown 1000:50 "$dest/etc/mine"; chmod 4750 "$dest/etc/mine"; }\n');
  const out = join(folder, 'out');
  await buildImage(context('c'), 'a', out);
  const mine = dump('--path=/etc/mine', join(out, 'a.erofs'));
  assert.match(mine, /Uid: 1000\s+Gid: 50\s+Access: 0750/);
  const nid = Number(/NID: (\d+)/.exec(mine)?.[1]);
  // i_mode, the third u16 of an inode: dump.erofs does not show the set-user-ID bit.
  assert.equal(readFileSync(join(out, 'a.erofs')).readUInt16LE(nid * 32 + 4), 0o104750);
  assert.match(mine, /Timestamp: 2025-01-01 /);
  assert.match(mine, /Layout: [02]\b/);
  assert.match(dump('--path=/etc/root', join(out, 'a.erofs')), /Uid: 0\s+Gid: 0\s+Access: 0?644/);
});

test('files on the boot list lead the pack', async () => {
  const filler = Array.from({ length: 100_000 }, (_, i) => i).join(' ');
  pkg('a', { 'usr/first': filler, 'usr/second': filler.slice(5) });
  writeFileSync(join(root, 'images/sets/set.txt'), 'a\n');
  writeFileSync(join(root, 'images/sets/set.boot'), '# comment\n/usr/second\n');
  const out = join(folder, 'out');
  const reader = await open(await buildImage(context('c'), 'set', out), out);
  assert.ok(reader.root.trace.length >= 8 && reader.root.trace.length < reader.root.chunks);
  await reader.prefetch();
  const before = reader.stats.bytes;
  for (const n of reader.root.trace) assert.ok((await reader.readChunk(n)).ok);
  assert.equal(reader.stats.bytes, before);
  const image = readFileSync(join(out, 'set.erofs'));
  const at = image.indexOf(filler.slice(5, 2000));
  assert.ok(reader.root.trace.includes(Math.floor(at / 65536)), 'the file of the list is in the trace');
});

test('two packages with one file in common are refused by its name', async () => {
  pkg('a', { 'etc/same': 'a' });
  pkg('b', { 'etc/same': 'b' });
  writeFileSync(join(root, 'images/sets/both.txt'), 'a\nb\n');
  await assert.rejects(buildImage(context('c'), 'both', join(folder, 'out')), /two packages have \.\/etc\/same/);
});

test('a finished package comes from the cache, or from the mirror, and is not built again', async () => {
  pkg('a', { 'etc/a': 'a' });
  const first = await buildImage(context('c'), 'a', join(folder, 'o1'));
  assert.ok(lines.some((line) => line.includes('building a 1')));
  lines = [];
  await buildImage(context('c'), 'a', join(folder, 'o2'));
  const mirrored = await buildImage(context('empty', join(folder, 'c')), 'a', join(folder, 'o3'));
  assert.equal(mirrored.root, first.root);
  assert.ok(!lines.some((line) => line.includes('building')), lines.join('\n'));
});

test('a build that fails shows the end of its log and leaves no package', async () => {
  pkg('a', { 'etc/a': 'a' }, 'build() { echo some words; false; echo never; }\n');
  await assert.rejects(buildImage(context('c'), 'a', join(folder, 'out')), (error: Error) => {
    return error.message.includes('some words') && error.message.includes('a 1 failed') && !error.message.includes('never');
  });
  await assert.rejects(buildImage(context('c'), 'a', join(folder, 'out')), /a 1 failed/);
});

test('a spoiled byte of a built pack fails one chunk and no other', async () => {
  pkg('a', { 'usr/a': Array.from({ length: 60_000 }, (_, i) => i).join('') });
  const out = join(folder, 'out');
  const info = await buildImage(context('c'), 'a', out);
  const file = join(out, `${info.root}.pack`);
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1; // not the end: there a run of zeros is the same at any distance
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const reader = await open(info, out);
  const chunks = await Promise.all(Array.from({ length: info.chunks }, (_, n) => reader.readChunk(n)));
  assert.equal(chunks.filter((chunk) => !chunk.ok).length, 1);
});

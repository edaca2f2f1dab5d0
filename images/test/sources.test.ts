/** Where upstream tarballs come from. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { aptMirrors, fetchSource } from '../src/sources.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pleat-sources-'));
  mkdirSync(join(folder, 'sources.list.d'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('mirrors are read from one-line entries, with and without options', () => {
  const lines = [
    '# deb http://off.example/debian x main',
    'deb http://a.example/debian/ bookworm main',
    'deb [arch=amd64 signed-by=/k.gpg] https://b.example/debian bookworm main',
  ];
  writeFileSync(join(folder, 'sources.list'), lines.join('\n'));
  assert.deepEqual(aptMirrors(folder), ['http://a.example/debian', 'https://b.example/debian']);
});

test('mirrors are read from stanzas, folded values and disabled ones included', () => {
  const text = `Types: deb
URIs: http://a.example/debian/
 http://b.example/debian
Suites: bookworm

Enabled: no
Types: deb
URIs: http://off.example/debian
`;
  writeFileSync(join(folder, 'sources.list.d/debian.sources'), text);
  assert.deepEqual(aptMirrors(folder), ['http://a.example/debian', 'http://b.example/debian']);
});

test('other vendors are asked only where there is no Debian mirror', () => {
  writeFileSync(join(folder, 'sources.list'), 'deb http://vendor.example/apt x main\n');
  assert.deepEqual(aptMirrors(folder), ['http://vendor.example/apt']);
  writeFileSync(join(folder, 'sources.list.d/d.list'), 'deb http://a.example/debian x main\n');
  assert.deepEqual(aptMirrors(folder), ['http://a.example/debian']);
});

/** A mirror of ours with one file, at the place that the driver asks for. */
function mirrorWith(name: string, hash: string, content: string): string {
  const mirror = join(folder, 'mirror');
  mkdirSync(join(mirror, 'src'), { recursive: true });
  writeFileSync(join(mirror, 'src', `${hash.slice(0, 16)}-${name}`), content);
  return mirror;
}

test('the second alternative is taken when no place has the first', async () => {
  const good = { path: 'pool/none/b.tar', sha256: sha256('b') };
  const mirror = mirrorWith('b.tar', good.sha256, 'b');
  const missing = { path: 'pool/none/a.tar', sha256: sha256('a') };
  const file = await fetchSource([missing, good], join(folder, 'cache'), mirror);
  assert.equal(readFileSync(file, 'utf8'), 'b');
});

test('a file with another hash is refused and named', async () => {
  const source = { path: 'pool/none/a.tar', sha256: sha256('right') };
  const mirror = mirrorWith('a.tar', source.sha256, 'wrong');
  await assert.rejects(fetchSource([source], join(folder, 'cache'), mirror), (error: Error) => {
    return error.message.includes(sha256('wrong')) && error.message.includes(source.sha256);
  });
});

test('a damaged file in the cache is fetched again', async () => {
  const source = { path: 'pool/none/a.tar', sha256: sha256('right') };
  const mirror = mirrorWith('a.tar', source.sha256, 'right');
  const file = await fetchSource([source], join(folder, 'cache'), mirror);
  writeFileSync(file, 'spoiled');
  assert.equal(await fetchSource([source], join(folder, 'cache'), mirror), file);
  assert.equal(readFileSync(file, 'utf8'), 'right');
});

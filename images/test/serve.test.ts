/** `pleat image`: the server for pages on another origin, and what the command refuses. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const pleat = join(root, 'cli/pleat');
const name = `test-${process.pid}.pack`;
const file = join(root, 'build/images', name);
const content = 'abcdefghij';
let server: ChildProcess;
let base = '';

before(async () => {
  mkdirSync(join(root, 'build/images'), { recursive: true });
  writeFileSync(file, content);
  server = spawn(pleat, ['image', 'serve', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  base = await new Promise((resolve) => server.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim())));
});
after(() => {
  server.kill();
  rmSync(file);
});

test('a range is answered with 206, and another origin may read it', async () => {
  const response = await fetch(base + name, { headers: { Range: 'bytes=2-4' } });
  assert.equal(response.status, 206);
  assert.equal(response.headers.get('content-range'), 'bytes 2-4/10');
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  assert.equal(response.headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.equal(response.headers.get('content-encoding'), null);
  assert.equal(await response.text(), 'cde');
});

test('a range past the end is cut, and one beyond it is 416', async () => {
  assert.equal(await (await fetch(base + name, { headers: { Range: 'bytes=8-99' } })).text(), 'ij');
  assert.equal((await fetch(base + name, { headers: { Range: 'bytes=10-11' } })).status, 416);
});

test('without a range the whole file comes', async () => {
  const response = await fetch(base + name);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), content);
});

test('nothing outside the folder is served, and nothing is written', async () => {
  for (const path of ['none.idx', '%2e%2e/%2e%2e/package.json', '..%2f..%2fpackage.json', '.shell.key', '']) {
    assert.equal((await fetch(base + path)).status, 404, path);
  }
  assert.equal((await fetch(base + name, { method: 'PUT', body: 'x' })).status, 405);
});

test('the server ends on SIGTERM with status 0', async () => {
  const second = spawn(pleat, ['image', 'serve', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => second.stdout.once('data', resolve));
  second.kill('SIGTERM');
  const status = await new Promise((resolve) => second.on('close', resolve));
  assert.equal(status, 0);
});

test('an image that is not there, or words that are not understood, are said', () => {
  const verify = spawnSync(pleat, ['image', 'verify', 'no-such'], { encoding: 'utf8' });
  assert.equal(verify.status, 1);
  assert.match(verify.stderr, /no image "no-such"/);
  const build = spawnSync(pleat, ['image', 'build', 'no-such'], { encoding: 'utf8' });
  assert.equal(build.status, 1);
  assert.match(build.stderr, /no package "no-such"/);
  assert.equal(spawnSync(pleat, ['image', 'frobnicate']).status, 2);
});

import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from './serve.ts';
import type { RunningServer } from './serve.ts';

const ROOT = 'ab'.repeat(32);
let folder: string;
let server: RunningServer;
let plain: RunningServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pleat-serve-'));
  await mkdir(`${folder}/web`);
  await mkdir(`${folder}/images`);
  await writeFile(`${folder}/web/index.html`, '<!doctype html>');
  await writeFile(`${folder}/images/${ROOT}.pack`, Buffer.from('0123456789'));
  const folders = { web: `${folder}/web`, images: `${folder}/images`, port: 0 };
  server = await startServer(folders);
  plain = await startServer({ ...folders, isolate: false });
});

after(async () => {
  await server.close();
  await plain.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((done, failed) => {
    const options = { host: '127.0.0.1', port, path, method, headers: { Host: 'app.pleat.localhost', ...headers } };
    const sent = request(options, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString('latin1')));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', failed);
    sent.end();
  });
}

test('the page comes with the three isolation headers', async () => {
  const { status, headers } = await get(server.port, '/');
  assert.equal(status, 200);
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(headers['cache-control'], 'no-cache');
});

test('without isolation the page comes as most hosts send it', async () => {
  const { status, headers } = await get(plain.port, '/');
  assert.equal(status, 200);
  assert.equal(headers['cross-origin-embedder-policy'], undefined);
});

test('a range of a pack is sent alone, not encoded, and may be kept for ever', async () => {
  const { status, headers, body } = await get(server.port, `/images/${ROOT}.pack`, { Range: 'bytes=2-4' });
  assert.equal(status, 206);
  assert.equal(body, '234');
  assert.equal(headers['content-range'], 'bytes 2-4/10');
  assert.equal(headers['content-encoding'], undefined);
  assert.match(headers['cache-control'] ?? '', /immutable/);
});

test('a range past the end is answered 416 with the size', async () => {
  const { status, headers } = await get(server.port, `/images/${ROOT}.pack`, { Range: 'bytes=10-' });
  assert.equal(status, 416);
  assert.equal(headers['content-range'], 'bytes */10');
});

test('a known ETag is answered 304; If-Range with another one sends the whole file', async () => {
  const path = `/images/${ROOT}.pack`;
  const first = await get(server.port, path);
  const again = await get(server.port, path, { 'If-None-Match': first.headers.etag ?? '' });
  assert.equal(again.status, 304);
  const other = await get(server.port, path, { Range: 'bytes=0-1', 'If-Range': '"old"' });
  assert.equal(other.status, 200);
  assert.equal(other.body, '0123456789');
});

test('other hosts, methods and paths are refused', async () => {
  assert.equal((await get(server.port, '/', { Host: 'example.org' })).status, 421);
  assert.equal((await get(server.port, '/', {}, 'POST')).status, 405);
  assert.equal((await get(server.port, '/images/../web/index.html')).status, 400);
  assert.equal((await get(server.port, '/nothing')).status, 404);
  assert.equal((await get(server.port, '/images/')).status, 404);
});

test('HEAD sends the headers alone', async () => {
  const { status, headers, body } = await get(server.port, `/images/${ROOT}.pack`, {}, 'HEAD');
  assert.equal(status, 200);
  assert.equal(headers['content-length'], '10');
  assert.equal(body, '');
});

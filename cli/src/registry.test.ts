/** Push and pull against a registry that keeps to the specification, and one that lies. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { PACK_TYPE, Registry, parseReference } from './registry.ts';

const store = new Map<string, Buffer>();
let server: Server;
let host = '';
/** change what is sent back */
let lie = false;

before(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://registry');
      const body = Buffer.concat(parts);
      if (request.method === 'POST') return void response.writeHead(202, { Location: '/v2/a/b/blobs/uploads/1?state=x' }).end();
      if (request.method === 'PUT') {
        const digest = url.searchParams.get('digest');
        const right = digest === null || digest === `sha256:${createHash('sha256').update(body).digest('hex')}`;
        if (right) store.set(digest === null ? url.pathname : `/v2/a/b/blobs/${digest}`, body);
        return void response.writeHead(right ? 201 : 400).end();
      }
      const found = store.get(url.pathname);
      if (found === undefined) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      const sent = lie && url.pathname.includes('/blobs/') ? Buffer.concat([found, Buffer.of(0)]) : found;
      return void response.writeHead(200).end(request.method === 'HEAD' ? undefined : sent);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

function at(place: string): Registry {
  const reference = parseReference(place);
  assert.ok(reference !== undefined, place);
  return new Registry(reference);
}

test('what was pushed is pulled, and nothing is sent twice', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);
  const blobs = [{ mediaType: PACK_TYPE, title: 'x.pack', bytes }];
  const first = await at(`${host}/a/b:1.0`).push(blobs, { root: 'r' });
  const before = store.size;
  assert.equal(await at(`${host}/a/b:1.0`).push(blobs, { root: 'r' }), first);
  assert.equal(store.size, before);
  assert.deepEqual(await at(`${host}/a/b:1.0`).pull(), blobs);
});

test('a blob that is not its digest is refused, and a missing tag says so', async () => {
  lie = true;
  await assert.rejects(at(`${host}/a/b:1.0`).pull(), /is not what its digest says/);
  lie = false;
  await assert.rejects(at(`${host}/a/b:2.0`).pull(), /404 .*MANIFEST_UNKNOWN/);
});

test('references: a host, a repository, a tag; loopback without TLS', () => {
  assert.deepEqual(parseReference('registry.example.org/pleat/shell:1.2'), { base: 'https://registry.example.org', name: 'pleat/shell', tag: '1.2' });
  assert.deepEqual(parseReference('localhost:5000/shell'), { base: 'http://localhost:5000', name: 'shell', tag: 'latest' });
  for (const wrong of ['shell', 'host/UPPER', 'host/a:', 'host/../x', 'https://host/a', 'host/a:b c']) assert.equal(parseReference(wrong), undefined, wrong);
});

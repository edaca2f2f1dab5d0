/** LayerReader against a real HTTP server that serves well, badly, or lies. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { deflateRaw } from 'pako';
import { makePack } from '../../../images/src/pack.ts';
import type { Pack } from '../../../images/src/pack.ts';
import type { Bytes } from './chunkindex.ts';
import { CHUNK_SIZE, ENTRIES_PER_PAGE, encodeIndex, rootHash, sha256 } from './chunkindex.ts';
import { fileFetch } from './filefetch.ts';
import type { ChunkStore } from './chunkstore.ts';
import { ChunkCache, LayerReader } from './images.ts';
import type { ImageError, ImageResult, LayerReaderOptions } from './images.ts';

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** end the connection after this many bytes of the body */
  cut?: number;
}
type Behaviour = (file: Uint8Array, range: [number, number] | undefined, path: string) => Reply;

const honest: Behaviour = (file, range) => {
  if (range === undefined) return { body: file };
  if (range[0] >= file.length) return { status: 416 };
  const body = file.subarray(range[0], range[1] + 1);
  const end = range[0] + body.length - 1;
  return { status: 206, body, headers: { 'Content-Range': `bytes ${range[0]}-${end}/${file.length}` } };
};

const files = new Map<string, Uint8Array>();
const behaviours = new Map<string, Behaviour>();
let requests: { mirror: string; file: string; range: [number, number] | undefined }[] = [];
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const [, mirror = '', file = ''] = (request.url ?? '').split('/');
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const range: [number, number] | undefined = match ? [Number(match[1]), Number(match[2])] : undefined;
  requests.push({ mirror, file, range });
  const bytes = files.get(file);
  if (bytes === undefined) {
    response.writeHead(404).end();
    return;
  }
  const reply = (behaviours.get(mirror) ?? honest)(bytes, range, file);
  const body = reply.body ?? new Uint8Array(0);
  response.writeHead(reply.status ?? 200, { 'Content-Length': body.length, ...reply.headers });
  if (reply.cut === undefined) response.end(body);
  else response.write(body.subarray(0, reply.cut), () => response.destroy());
});

let base = '';
let image: Bytes;
let pack: Pack;
const trace = [9, 2, 3];

before(async () => {
  // 300 chunks: two index pages; chunk 5 equals chunk 6; a short last chunk.
  image = new Uint8Array(299 * CHUNK_SIZE + 777);
  const view = new DataView(image.buffer);
  for (let n = 0; n < 300; n++) view.setUint32(n * CHUNK_SIZE, n + 1);
  for (let i = 0; i < 30000; i++) image[2 * CHUNK_SIZE + i] = (i * 7919) % 251;
  image.copyWithin(6 * CHUNK_SIZE, 5 * CHUNK_SIZE, 6 * CHUNK_SIZE);
  pack = await makePack(image, trace);
  files.set(`${pack.root}.idx`, pack.index);
  files.set(`${pack.root}.pack`, pack.pack);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  behaviours.clear();
  requests = [];
});

const quick = { fetch, backoffMs: 1, stallMs: 2000 } satisfies LayerReaderOptions;

async function openAt(...mirrors: string[]): Promise<LayerReader> {
  return unwrap(await tryOpen(mirrors));
}
function tryOpen(mirrors: string[], made: Pack = pack, size = image.length): Promise<ImageResult<LayerReader>> {
  const from = mirrors.map((mirror) => `${base}/${mirror}/`);
  return LayerReader.open({ name: 'base', root: made.root, size, from }, quick);
}
function unwrap<T>(result: ImageResult<T>): T {
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
}
function failure<T>(result: ImageResult<T>): ImageError {
  if (result.ok) assert.fail('expected a failure');
  return result.error;
}
function plain(n: number): Bytes {
  return image.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE);
}
async function reads(reader: LayerReader, n: number): Promise<void> {
  assert.deepEqual(Buffer.compare(unwrap(await reader.readChunk(n)), plain(n)), 0, `chunk ${n}`);
}
/** The pack with one byte of chunk n's encoding flipped; everything else as it was. */
function flipped(n: number): Behaviour {
  return (file, range, path) => {
    if (!path.endsWith('.pack')) return honest(file, range, path);
    const copy = file.slice();
    const at = offsetOf(n) + 5;
    copy[at] = (copy[at] ?? 0) ^ 1;
    return honest(copy, range, path);
  };
}
function offsetOf(n: number): number {
  const view = new DataView(pack.index.buffer, pack.index.byteOffset);
  return Number(view.getBigUint64(48 + 2 * 32 + 4 * trace.length + 44 * n, true));
}

test('every chunk of an honest host reads back as it was', async () => {
  const reader = await openAt('a');
  for (let n = 0; n < 300; n++) await reads(reader, n);
  assert.equal(Buffer.compare(unwrap(await reader.readAt(65530, 20)), image.slice(65530, 65550)), 0);
  const end = unwrap(await reader.readAt(image.length - 5, 100));
  assert.equal(Buffer.compare(end, image.slice(-5)), 0);
});

test('opening takes one request and the first chunk at most two more', async () => {
  const reader = await openAt('a');
  assert.equal(requests.length, 1);
  await reads(reader, 299);
  assert.equal(requests.length, 3);
});

test('sequential reading fetches many chunks with one request', async () => {
  const reader = await openAt('a');
  for (let n = 10; n < 110; n++) await reads(reader, n);
  const asked = requests.filter((request) => request.file.endsWith('.pack')).length;
  assert.ok(asked <= 12, `${asked} requests for 100 chunks`);
});

test('a chunk that another one equals is fetched once', async () => {
  const reader = await openAt('a');
  await reads(reader, 5);
  const asked = requests.length;
  await reads(reader, 6);
  assert.equal(requests.length, asked);
});

test('two readers of one chunk at the same time share one request', async () => {
  const reader = await openAt('a');
  await Promise.all([reads(reader, 20), reads(reader, 20), reads(reader, 20)]);
  assert.equal(requests.filter((request) => request.file.endsWith('.pack')).length, 1);
});

test('prefetch takes the boot trace with one request and later reads take none', async () => {
  const reader = await openAt('a');
  await reader.prefetch();
  const packs = requests.filter((request) => request.file.endsWith('.pack'));
  assert.equal(packs.length, 1);
  assert.equal(packs[0]?.range?.[0], 0);
  for (const n of trace) await reads(reader, n);
  assert.equal(requests.filter((request) => request.file.endsWith('.pack')).length, 1);
  assert.equal(reader.stats.chunks, 3);
  assert.equal(reader.stats.chunksNeeded, 3);
});

test('stats count the bytes of index and chunks that were received', async () => {
  const reader = await openAt('a');
  await reads(reader, 7);
  const view = new DataView(pack.index.buffer);
  const length = view.getUint32(48 + 2 * 32 + 4 * trace.length + 44 * 7 + 8, true);
  const pageZero = ENTRIES_PER_PAGE * 44;
  assert.equal(reader.stats.bytes, Math.min(16384, pack.index.length) + pageZero + length);
});

test('a host that ignores Range is asked once per file', async () => {
  behaviours.set('a', (file) => ({ body: file }));
  const reader = await openAt('a');
  await Promise.all([reads(reader, 0), reads(reader, 100), reads(reader, 299)]);
  await reads(reader, 50);
  assert.equal(requests.length, 2);
});

test('a host that compresses ranges is asked for the whole file', async () => {
  behaviours.set('a', (file, range) => {
    if (range === undefined) {
      return { body: gzipSync(file), headers: { 'Content-Encoding': 'gzip' } };
    }
    const body = gzipSync(file).subarray(range[0], range[1] + 1);
    return { status: 206, body, headers: { 'Content-Encoding': 'gzip' } };
  });
  await reads(await openAt('a'), 42);
});

test('a host that answers another range than asked is not believed', async () => {
  behaviours.set('a', (file, range, path) => {
    if (range === undefined || path.endsWith('.idx')) return honest(file, range, path);
    return honest(file, [range[0] + 1, range[1] + 1], path);
  });
  assert.equal(failure(await (await openAt('a')).readChunk(1)).code, 'network');
  await reads(await openAt('a', 'b'), 1);
});

test('a flipped byte in a chunk is met by the next mirror', async () => {
  behaviours.set('a', flipped(4));
  await reads(await openAt('a', 'b'), 4);
});

test('a flipped byte on the only mirror is asked for once more, past the caches', async () => {
  let bad = true;
  behaviours.set('a', (file, range, path) => {
    const reply = (bad ? flipped(4) : honest)(file, range, path);
    if (path.endsWith('.pack')) bad = false;
    return reply;
  });
  await reads(await openAt('a'), 4);
  assert.equal(requests.filter((request) => request.file.endsWith('.pack')).length, 2);
});

test('a chunk that stays wrong is an error that names layer, chunk and both hashes', async () => {
  behaviours.set('a', flipped(4));
  behaviours.set('b', flipped(4));
  for (const mirrors of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    const reader = await openAt(...mirrors);
    requests = [];
    const error = failure(await reader.readChunk(4));
    assert.equal(error.code, 'chunk-hash');
    assert.equal(error.layer, 'base');
    assert.equal(error.chunk, 4);
    assert.equal(error.expected, await sha256(plain(4)));
    assert.ok(error.got !== undefined && error.got !== error.expected);
    for (const part of ['base', 'chunk 4', error.expected ?? '', error.got]) {
      assert.ok(error.message.includes(part), error.message);
    }
    assert.equal(requests.filter((request) => request.file.endsWith('.pack')).length, 2);
    await reads(reader, 5);
  }
});

test('a wrong chunk inside a run spoils only itself', async () => {
  behaviours.set('a', flipped(14));
  const reader = await openAt('a');
  for (const n of [10, 11, 12, 13]) await reads(reader, n);
  assert.equal(failure(await reader.readChunk(14)).code, 'chunk-hash');
  for (const n of [15, 16, 17]) await reads(reader, n);
});

test('a failed chunk is tried again by the next read', async () => {
  behaviours.set('a', flipped(4));
  const reader = await openAt('a');
  assert.equal(failure(await reader.readChunk(4)).code, 'chunk-hash');
  behaviours.clear();
  await reads(reader, 4);
});

test('a pack that is cut short says so', async () => {
  behaviours.set('a', (file, range, path) =>
    honest(path.endsWith('.pack') ? file.subarray(0, -10) : file, range, path),
  );
  const reader = await openAt('a');
  await reads(reader, 0);
  const error = failure(await reader.readChunk(299));
  assert.equal(error.code, 'truncated');
  assert.equal(error.chunk, 299);
  behaviours.set('b', (file) => ({ body: file.subarray(0, 100) }));
  assert.equal(failure(await tryOpen(['b'])).code, 'index-hash');
});

test('a body that breaks off is asked for again', async () => {
  let breaks = 2;
  behaviours.set('a', (file, range, path) => {
    const reply = honest(file, range, path);
    return path.endsWith('.pack') && breaks-- > 0 ? { ...reply, cut: 10 } : reply;
  });
  await reads(await openAt('a'), 8);
  assert.equal(requests.filter((request) => request.file.endsWith('.pack')).length, 3);
});

test('a host that fails for a while is asked at most three times', async () => {
  behaviours.set('a', () => ({ status: 503 }));
  const error = failure(await tryOpen(['a']));
  assert.equal(error.code, 'network');
  assert.equal(requests.length, 3);
  assert.ok(error.url.startsWith(base));
});

test('a host that stalls counts as failed after the stall time', async () => {
  const fetchNothing: LayerReaderOptions['fetch'] = (_url, init) =>
    new Promise((_resolve, reject) => {
      init.signal.addEventListener('abort', () => reject(init.signal.reason as Error));
    });
  const options = { fetch: fetchNothing, attempts: 2, backoffMs: 1, stallMs: 30 };
  const ref = { name: 'base', root: pack.root, size: image.length, from: [`${base}/a/`] };
  assert.equal(failure(await LayerReader.open(ref, options)).code, 'network');
});

test('a layer that no mirror has is missing', async () => {
  const other = { ...pack, root: '00'.repeat(32) };
  const error = failure(await tryOpen(['a', 'b'], other));
  assert.equal(error.code, 'missing');
  assert.equal(requests.length, 2);
  assert.equal(failure(await tryOpen([])).code, 'missing');
});

test('an unreachable mirror is passed over', async () => {
  const from = ['http://127.0.0.1:9/', `${base}/b/`];
  const ref = { name: 'base', root: pack.root, size: image.length, from };
  const reader = unwrap(await LayerReader.open(ref, quick));
  await reads(reader, 3);
});

test('an index under a wrong root is refused before it is used', async () => {
  const wrong = 'ab'.repeat(32);
  files.set(`${wrong}.idx`, pack.index);
  const error = failure(await tryOpen(['a'], { ...pack, root: wrong }));
  assert.equal(error.code, 'index-hash');
  assert.equal(error.expected, wrong);
  assert.equal(error.got, pack.root);
});

test('any flipped byte of the root page or an index page is found', async () => {
  for (const at of [0, 9, 17, 30, 37, 41, 50, 48 + 64 + 1]) {
    behaviours.set('a', (file, range, path) => {
      const copy = file.slice();
      if (path.endsWith('.idx')) copy[at] = (copy[at] ?? 0) ^ 0x10;
      return honest(copy, range, path);
    });
    assert.equal(failure(await tryOpen(['a'])).code, 'index-hash', `byte ${at}`);
  }
  behaviours.set('a', (file, range, path) => {
    const copy = file.slice();
    if (path.endsWith('.idx')) copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
    return honest(copy, range, path);
  });
  const reader = await openAt('a');
  await reads(reader, 0);
  assert.equal(failure(await reader.readChunk(299)).code, 'index-hash');
});

test('a size other than the descriptor says is refused', async () => {
  const error = failure(await tryOpen(['a'], pack, image.length - 1));
  assert.equal(error.code, 'size');
});

test('an index that is signed but breaks the format is refused', async () => {
  const entry = { offset: 0, length: 10, hash: await sha256(plain(0)) };
  const outside = await encodeIndex(100, 9, [entry], []);
  files.set(`${outside.root}.idx`, outside.index);
  const made: Pack = { ...outside, pack: new Uint8Array(9), chunks: 1 };
  const reader = unwrap(await tryOpen(['a'], made, 100));
  assert.equal(failure(await reader.readChunk(0)).code, 'index-format');
  const twice = await encodeIndex(CHUNK_SIZE + 1, 9, [entry, entry], [1, 1]);
  files.set(`${twice.root}.idx`, twice.index);
  const refused = failure(await tryOpen(['a'], { ...twice, pack: made.pack, chunks: 2 }, CHUNK_SIZE + 1));
  assert.equal(refused.code, 'index-format');
});

test('a root page longer than the first read is fetched whole', async () => {
  const chunks = 5000;
  const entry = { offset: 0, length: deflateRaw(plain(0)).length, hash: await sha256(plain(0)) };
  const size = chunks * CHUNK_SIZE;
  const everything = Array.from({ length: chunks }, (_, i) => i);
  const made = await encodeIndex(size, entry.length, Array<typeof entry>(chunks).fill(entry), everything);
  assert.equal(made.root, await rootHash(made.index.slice(0, 48 + 32 * 20 + 4 * chunks)));
  files.set(`${made.root}.idx`, made.index);
  files.set(`${made.root}.pack`, deflateRaw(plain(0)));
  const reader = unwrap(await tryOpen(['a'], { ...made, pack: new Uint8Array(0), chunks }, size));
  await reads(reader, 0);
  assert.equal(Buffer.compare(unwrap(await reader.readChunk(4999)), plain(0)), 0);
});

test('a chunk that inflates past its length is stopped, not kept', async () => {
  const bomb = deflateRaw(new Uint8Array(50 << 20), { level: 9 });
  const entry = { offset: 0, length: bomb.length, hash: await sha256(new Uint8Array(1000)) };
  const made = await encodeIndex(1000, bomb.length, [entry], []);
  files.set(`${made.root}.idx`, made.index);
  files.set(`${made.root}.pack`, bomb);
  const reader = unwrap(await tryOpen(['a'], { ...made, pack: bomb, chunks: 1 }, 1000));
  const error = failure(await reader.readChunk(0));
  assert.equal(error.code, 'chunk-hash');
  assert.equal(error.got, 'more than 1000 bytes');
});

test('a chunk too short for its place is refused even if its hash is listed', async () => {
  const short = new Uint8Array(10).fill(1);
  const packed = deflateRaw(short);
  const entry = { offset: 0, length: packed.length, hash: await sha256(short) };
  const made = await encodeIndex(1000, packed.length, [entry], []);
  files.set(`${made.root}.idx`, made.index);
  files.set(`${made.root}.pack`, packed);
  const reader = unwrap(await tryOpen(['a'], { ...made, pack: packed, chunks: 1 }, 1000));
  assert.equal(failure(await reader.readChunk(0)).code, 'chunk-hash');
});

test('the cache keeps at most its limit, latest first', () => {
  const cache = new ChunkCache(2 * CHUNK_SIZE);
  for (const name of ['a', 'b']) cache.put(name, new Uint8Array(CHUNK_SIZE));
  assert.ok(cache.get('a'));
  cache.put('c', new Uint8Array(CHUNK_SIZE));
  assert.deepEqual(['a', 'b', 'c'].map((name) => cache.get(name) !== undefined), [true, false, true]);
});

test('a chunk number outside the image is our own bug and throws', async () => {
  const reader = await openAt('a');
  await assert.rejects(reader.readChunk(300), RangeError);
  await assert.rejects(reader.readChunk(-1), RangeError);
});

test('a folder serves as a mirror under Node', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pleat-'));
  try {
    await writeFile(join(folder, `${pack.root}.idx`), pack.index);
    await writeFile(join(folder, `${pack.root}.pack`), pack.pack);
    const ref = { name: 'base', root: pack.root, size: image.length, from: [`${folder}/none`, folder] };
    const reader = unwrap(await LayerReader.open(ref, { fetch: fileFetch }));
    await reader.prefetch();
    for (const n of [0, 9, 299]) await reads(reader, n);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the same image and trace give the same pack', async () => {
  const again = await makePack(image.slice(), trace);
  assert.equal(again.root, pack.root);
  assert.equal(Buffer.compare(again.pack, pack.pack), 0);
  assert.notEqual((await makePack(image, [])).root, pack.root);
});

/** A chunk store as a browser keeps it, without the browser. */
function keeping(): ChunkStore & { readonly kept: Map<string, Bytes> } {
  const kept = new Map<string, Bytes>();
  return { kept, get: async (keys) => keys.map((key) => kept.get(key)), put: (key, bytes) => void kept.set(key, bytes) };
}

async function openKeeping(store: ChunkStore): Promise<LayerReader> {
  const from = [`${base}/a/`];
  return unwrap(await LayerReader.open({ name: 'base', root: pack.root, size: image.length, from }, { ...quick, store }));
}

test('a second machine fetches nothing of what an earlier one fetched, index included', async () => {
  const store = keeping();
  const first = await openKeeping(store);
  await first.prefetch();
  unwrap(await first.readAt(10 * CHUNK_SIZE, 20 * CHUNK_SIZE));
  requests = [];
  const second = await openKeeping(store);
  await second.prefetch();
  const again = unwrap(await second.readAt(10 * CHUNK_SIZE, 20 * CHUNK_SIZE));
  assert.deepEqual(again, image.slice(10 * CHUNK_SIZE, 30 * CHUNK_SIZE));
  assert.deepEqual(requests, []);
  assert.equal(second.stats.bytes, 0);
  assert.ok(second.stats.chunks >= 20 + trace.length - 3);
});

test('what is kept and no longer right is fetched anew', async () => {
  const store = keeping();
  unwrap(await (await openKeeping(store)).readChunk(4));
  for (const [key, bytes] of store.kept) store.kept.set(key, bytes.map((byte) => byte ^ 1));
  requests = [];
  const second = await openKeeping(store);
  assert.deepEqual(unwrap(await second.readChunk(4)), image.slice(4 * CHUNK_SIZE, 5 * CHUNK_SIZE));
  assert.equal(requests.length, 3); /* root page, index page, chunk */
});

test('chunks that are kept boot without a host', async () => {
  const store = keeping();
  const first = await openKeeping(store);
  await first.prefetch();
  behaviours.set('a', () => ({ status: 503 }));
  const second = await openKeeping(store);
  await second.prefetch();
  for (const n of trace) assert.equal(unwrap(await second.readChunk(n)).length, CHUNK_SIZE);
  assert.equal(failure(await second.readChunk(100)).code, 'network');
});

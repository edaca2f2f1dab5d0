/**
 * `pleat image`: build images, check every chunk of one, serve them to a page, keep them in registries.
 */
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultContext } from '../../images/src/build.ts';
import { buildImage, readImageInfo, retrace } from '../../images/src/image.ts';
import { sha256 } from '../../web/src/boot/chunkindex.ts';
import { fileFetch } from '../../web/src/boot/filefetch.ts';
import { LayerReader } from '../../web/src/boot/images.ts';
import { defaultEnv } from '../../web/src/boot/plan.ts';
import type { BootPlan } from '../../web/src/boot/types.ts';
import { ROOT, localLayer } from './layers.ts';
import { INDEX_TYPE, INFO_TYPE, PACK_TYPE, Registry, parseReference } from './registry.ts';
import { runMachine } from './run.ts';

const USAGE = `Use: pleat image build NAME...          build images of sets (tiny, base, shell) or of packages alone
     pleat image verify NAME [FROM...]  check every chunk of an image, here or at URLs and folders
     pleat image trace NAME [COMMAND]   boot the image, run COMMAND (default: true), and pack it anew with the chunks
                                        that this read in front: one request then fetches them
     pleat image push NAME REGISTRY/REPOSITORY[:TAG]
                                        put an image into an OCI registry
     pleat image pull REGISTRY/REPOSITORY[:TAG]
                                        get one from there into build/images, and check every chunk
     pleat image diff NAME NAME         what two images share, chunk by chunk
     pleat image serve [PORT]           serve built images with Range and CORS (port 8090)

Images are written to build/images. images/README.md tells more; sets are in images/sets, packages
in images/packages.
`;

/** @returns the exit status: 0 done, 1 failed (with the reason on stderr), 2 not understood */
export async function image(args: string[]): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  const out = join(root, 'build/images');
  const [command, ...rest] = args;
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    if (command === 'build' && rest.length > 0) {
      for (const name of rest) {
        const info = await buildImage(defaultContext(root), name, out);
        process.stdout.write(`${info.name} ${info.root}\n`);
      }
      return 0;
    }
    if (command === 'verify' && rest[0] !== undefined) return await verify(out, rest[0], rest.slice(1));
    if (command === 'trace' && rest[0] !== undefined && rest.length <= 2) return await trace(out, rest[0], rest[1]);
    if (command === 'push' && rest[0] !== undefined && rest[1] !== undefined && rest.length === 2) {
      return await push(out, rest[0], rest[1]);
    }
    if (command === 'pull' && rest[0] !== undefined && rest.length === 1) return await pull(out, rest[0]);
    if (command === 'diff' && rest[0] !== undefined && rest[1] !== undefined && rest.length === 2) {
      return await diff(out, rest[0], rest[1]);
    }
    if (command === 'serve' && rest.length <= 1) return await serve(out, Number(rest[0] ?? 8090));
  } catch (error) {
    process.stderr.write(`pleat image: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const what = command === undefined ? 'a command is wanted' : `not understood: ${args.join(' ')}`;
  process.stderr.write(`pleat image: ${what}\n${USAGE}`);
  return 2;
}

async function verify(out: string, name: string, from: readonly string[]): Promise<number> {
  if (!existsSync(join(out, `${name}.json`))) {
    throw new Error(`there is no image "${name}" in ${out}; pleat image build ${name} makes it`);
  }
  const info = readImageInfo(out, name);
  const ref = { name, root: info.root, size: info.size, from: from.length > 0 ? from : [out] };
  const opened = await LayerReader.open(ref, { fetch: fileFetch });
  if (!opened.ok) {
    process.stderr.write(`${opened.error.message}\n`);
    return 1;
  }
  const reader = opened.value;
  let bad = 0;
  for (let n = 0; n < reader.root.chunks; n++) {
    const chunk = await reader.readChunk(n);
    if (chunk.ok) continue;
    bad++;
    process.stderr.write(`${chunk.error.message}\n`);
  }
  const { chunks } = reader.root;
  process.stdout.write(`${name} ${info.root}: ${chunks - bad} of ${chunks} chunks are right\n`);
  return bad === 0 ? 0 : 1;
}

/** Boot once, see which chunks that takes, and put them in front. */
async function trace(out: string, name: string, command = 'true'): Promise<number> {
  let touched: readonly number[] = [];
  const plan: BootPlan = {
    layers: [localLayer(name)],
    argv: ['/bin/sh', '-l', '-c', command],
    env: Object.entries(defaultEnv('root', false)).map(([variable, value]) => `${variable}=${value}`),
    user: 'root',
    cwd: '/',
    tty: false,
  };
  const status = await runMachine(plan, join(ROOT, 'build', 'kernel'), {
    log: false,
    stats: false,
    trace: undefined,
    outputToErr: true,
    ending: (host) => {
      touched = host.touched(0);
      return Promise.resolve();
    },
  });
  if (status !== 0) throw new Error(`the command ended with exit status ${status}: nothing was changed`);
  const before = readImageInfo(out, name);
  const info = await retrace(out, name, touched);
  process.stdout.write(`${name} ${info.root}: ${touched.length} of ${info.chunks} chunks in front (was ${before.root})\n`);
  return 0;
}

function registryAt(text: string): Registry {
  const reference = parseReference(text);
  if (reference === undefined) throw new Error(`${text} is no place in a registry: want HOST[:PORT]/REPOSITORY[:TAG]`);
  return new Registry(reference);
}

async function push(out: string, name: string, to: string): Promise<number> {
  const registry = registryAt(to);
  const info = readImageInfo(out, name);
  const file = (title: string, mediaType: string) => ({ title, mediaType, bytes: new Uint8Array(readFileSync(join(out, title))) });
  const blobs = [
    file(`${name}.json`, INFO_TYPE),
    file(`${info.root}.idx`, INDEX_TYPE),
    file(`${info.root}.pack`, PACK_TYPE),
  ];
  const digest = await registry.push(blobs, {
    'org.opencontainers.image.title': name,
    'dev.pleat.image.root': info.root,
    'dev.pleat.image.size': String(info.size),
  });
  process.stdout.write(`${name} ${info.root}\n${to}@${digest}\n`);
  return 0;
}

/** The files of an image, under names that are ours to choose, and only if they are what the index says. */
async function pull(out: string, from: string): Promise<number> {
  const blobs = await registryAt(from).pull();
  const of = (mediaType: string): Uint8Array => {
    const found = blobs.find((blob) => blob.mediaType === mediaType);
    if (found === undefined) throw new Error(`${from} is no image of ours: it has no ${mediaType}`);
    return found.bytes;
  };
  const info = JSON.parse(new TextDecoder().decode(of(INFO_TYPE))) as { name?: unknown; root?: unknown; size?: unknown };
  const { name, root, size } = info;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9.+_-]{0,63}$/.test(name) || typeof size !== 'number') {
    throw new Error(`${from}: its description names no image`);
  }
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) throw new Error(`${from}: its description has no root`);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${root}.idx`), of(INDEX_TYPE));
  writeFileSync(join(out, `${root}.pack`), of(PACK_TYPE));
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify({ ...info, from: ['images/'] }, null, 2)}\n`);
  return await verify(out, name, []);
}

/** Every chunk's hash. */
async function hashesOf(out: string, name: string): Promise<string[]> {
  const { root, size } = readImageInfo(out, name);
  const opened = await LayerReader.open({ name, root, size, from: [out] }, { fetch: fileFetch });
  if (!opened.ok) throw new Error(opened.error.message);
  const hashes: string[] = [];
  for (let n = 0; n < opened.value.root.chunks; n++) {
    const chunk = await opened.value.readChunk(n);
    if (!chunk.ok) throw new Error(chunk.error.message);
    hashes.push(await sha256(chunk.value));
  }
  return hashes;
}

async function diff(out: string, a: string, b: string): Promise<number> {
  const [first, second] = await Promise.all([hashesOf(out, a), hashesOf(out, b)]);
  const known = new Set(first);
  const fresh = second.filter((hash) => !known.has(hash)).length;
  process.stdout.write(`${b} has ${second.length} chunks, ${second.length - fresh} of them are in ${a} (${first.length})\n`);
  return fresh === 0 && first.length === second.length ? 0 : 1;
}

/** Serve the folder until interrupted. Port 0 takes any free one; the address is printed. */
async function serve(out: string, port: number): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error('not a port number');
  const server = createServer((request, response) => answer(out, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${address.port}/\n`);
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  server.closeAllConnections();
  server.close();
  return 0;
}

function answer(out: string, request: IncomingMessage, response: ServerResponse): void {
  const headers: Record<string, string> = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'Range',
    'Access-Control-Expose-Headers': 'Content-Range',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
  const name = new URL(request.url ?? '/', 'http://local').pathname.slice(1);
  const path = join(out, name);
  if (request.method === 'OPTIONS') {
    response.writeHead(204, headers).end();
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, headers).end();
  } else if (!/^[\w-][\w.-]*$/.test(name) || !existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404, headers).end();
  } else {
    sendFile(path, name, headers, request, response);
  }
}

function sendFile(
  path: string,
  name: string,
  headers: Record<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { size } = statSync(path);
  headers['Accept-Ranges'] = 'bytes';
  headers['Content-Type'] = name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
  headers['Cache-Control'] = name.endsWith('.json') ? 'no-cache' : 'public, max-age=31536000, immutable';
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range === null ? 0 : Number(range[1]);
  const end = range === null || range[2] === '' ? size - 1 : Math.min(Number(range[2]), size - 1);
  if (range !== null && (start >= size || end < start)) {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  if (range !== null) headers['Content-Range'] = `bytes ${start}-${end}/${size}`;
  headers['Content-Length'] = String(end - start + 1);
  response.writeHead(range === null ? 200 : 206, headers);
  if (request.method === 'HEAD' || size === 0) response.end();
  else createReadStream(path, { start, end }).on('error', () => response.destroy()).pipe(response);
}

/**
 * The static server for development and tests: node web/serve.ts [--port N] [--no-isolation]
 *
 * Serves build/web at /, build/images at /images/ and build/overlays at /overlays/, on the loopback address alone, under the
 * names localhost, 127.0.0.1 and *.pleat.localhost. It does what any static host can do, plus the
 * three headers that give a page shared memory; --no-isolation leaves those out, as most hosts do.
 */
import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isImmutable, parseRange, resolvePath, servesHost } from './http.ts';

export interface ServeOptions {
  /** folder served at / */
  readonly web: string;
  /** folder served at /images/ */
  readonly images: string;
  /** folder served at /overlays/: files of links that keep them elsewhere; default: none */
  readonly overlays?: string;
  /** 0: any free one */
  readonly port: number;
  /** send the headers that isolate the page; default true */
  readonly isolate?: boolean;
  /** told of each answer */
  readonly log?: (line: string) => void;
}

export interface RunningServer {
  /** e.g. "http://app.pleat.localhost:8437/" */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log?.(`500 ${request.url ?? ''}: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'The server failed.');
    });
  });
  await listen(server, options.port);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://app.pleat.localhost:${port}/`,
    port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      done();
    });
  });
}

async function answer(options: ServeOptions, request: IncomingMessage, response: ServerResponse) {
  response.once('finish', () => options.log?.(`${response.statusCode} ${request.method} ${request.url}`));
  if (!servesHost(request.headers.host)) {
    return refuse(response, 421, 'This server answers to localhost and *.pleat.localhost only.');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are served.');
  }
  const path = resolvePath(request.url ?? '/');
  if (path === undefined) return refuse(response, 400, 'The path is malformed.');
  const file = fileOf(options, path);
  const info = await stat(file).catch(() => undefined);
  if (info === undefined || !info.isFile()) return refuse(response, 404, 'There is no such file.');

  response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', isImmutable(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (options.isolate !== false) {
    for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value);
  }
  return sendFile(file, info, request, response);
}

function fileOf({ web, images, overlays }: ServeOptions, path: string): string {
  if (path.startsWith('/images/')) return `${images}${path.slice('/images'.length)}`;
  if (overlays !== undefined && path.startsWith('/overlays/')) return `${overlays}${path.slice('/overlays'.length)}`;
  return `${web}${path}`;
}

/** Answer with the file, or the one range of it that is asked for. RFC 9110 sections 13 and 14. */
function sendFile(file: string, info: Stats, request: IncomingMessage, response: ServerResponse): void {
  const tag = `"${info.size.toString(36)}-${Math.floor(info.mtimeMs * 1000).toString(36)}"`;
  response.setHeader('ETag', tag);
  response.setHeader('Accept-Ranges', 'bytes');
  if (request.headers['if-none-match']?.split(/\s*,\s*/).includes(tag)) {
    response.writeHead(304).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === tag ? request.headers.range : undefined;
  const range = parseRange(asked, info.size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${info.size}`);
    return refuse(response, 416, 'The range lies past the end of the file.');
  }
  const [start, end] = range ?? [0, info.size - 1];
  response.setHeader('Content-Length', end - start + 1);
  if (range !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end}/${info.size}`);
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === 'HEAD' || info.size === 0) {
    response.end();
    return;
  }
  const stream = createReadStream(file, { start, end });
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.removeHeader('Cache-Control');
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...ISOLATION });
  response.end(`${status}: ${text}\n`);
}

async function main(): Promise<void> {
  const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8437' },
      web: { type: 'string', default: `${root}/build/web` },
      images: { type: 'string', default: `${root}/build/images` },
      overlays: { type: 'string', default: `${root}/build/overlays` },
      'no-isolation': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  const server = await startServer({
    web: resolve(values.web),
    images: resolve(values.images),
    overlays: resolve(values.overlays),
    port: Number(values.port),
    isolate: !values['no-isolation'],
    ...(values.verbose ? { log: (line: string) => console.log(line) } : {}),
  });
  console.log(`page: ${server.url}`);
}

if (import.meta.main) await main();

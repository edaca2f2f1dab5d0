/**
 * fetch() for image files under Node: http(s) URLs go to the network, anything else is a path or a
 * file: URL and is read from disk, with Range honoured as a good host does. Node only.
 */
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FetchLike, ResponseLike } from './rangefile.ts';

export const fileFetch: FetchLike = async (url, init) => {
  if (/^https?:/.test(url)) return await fetch(url, init);
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const range = /^bytes=(\d+)-(\d+)$/.exec(init.headers['Range'] ?? '');
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return answer(404);
    throw error;
  }
  try {
    const { size } = await file.stat();
    const from = range === null ? 0 : Number(range[1]);
    if (range !== null && from >= size) return answer(416);
    const to = range === null ? size : Math.min(size, Number(range[2]) + 1);
    const bytes = new Uint8Array(to - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return answer(range === null ? 200 : 206, bytes.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
};

function answer(status: number, bytes?: Uint8Array): ResponseLike {
  const body =
    bytes === undefined
      ? null
      : new ReadableStream<Uint8Array>({
          start(controller) {
            if (bytes.length > 0) controller.enqueue(bytes);
            controller.close();
          },
        });
  return { status, headers: new Headers(), body };
}

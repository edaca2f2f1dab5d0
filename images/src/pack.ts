/**
 * Cutting an image into a chunk pack. Spec: images/FORMAT.md.
 */
import { deflateRaw } from 'pako';
import type { Bytes, ChunkEntry } from '../../web/src/boot/chunkindex.ts';
import { CHUNK_SIZE, concatBytes, encodeIndex, sha256 } from '../../web/src/boot/chunkindex.ts';

export interface Pack {
  readonly root: string;
  readonly index: Bytes;
  readonly pack: Bytes;
  readonly chunks: number;
}

/**
 * Cut, compress and index an image.
 *
 * @param image - the plain image, at least one byte
 * @param trace - chunk numbers in the order in which a boot read them; they lead the pack
 */
export async function makePack(image: Bytes, trace: readonly number[] = []): Promise<Pack> {
  const chunks = Math.ceil(image.length / CHUNK_SIZE);
  const traced = new Set(trace);
  const order = [...trace];
  for (let n = 0; n < chunks; n++) if (!traced.has(n)) order.push(n);

  const entries: ChunkEntry[] = [];
  const stored = new Map<string, ChunkEntry>();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const n of order) {
    const plain = image.subarray(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE);
    const hash = await sha256(plain);
    let entry = stored.get(hash);
    if (entry === undefined) {
      // pako, pinned: the system's zlib differs from machine to machine in its bytes.
      const packed = deflateRaw(plain, { level: 9 });
      entry = { offset, length: packed.length, hash };
      stored.set(hash, entry);
      parts.push(packed);
      offset += packed.length;
    }
    entries[n] = entry;
  }
  const pack = concatBytes(parts);
  const { index, root } = await encodeIndex(image.length, pack.length, entries, trace);
  return { root, index, pack, chunks };
}

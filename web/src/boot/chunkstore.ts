/**
 * Chunks that were fetched once, by hash, in IndexedDB: shared by all machines of the page's origin. What it
 * gives is checked like what a host sends. Least recently used chunks go when the limit is reached.
 */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import type { Bytes } from './chunkindex.ts';

/** Where a LayerReader looks before it asks a host. Nothing of it ever rejects. */
export interface ChunkStore {
  /** in the order of the keys; undefined where there is nothing */
  get(keys: readonly string[]): Promise<readonly (Bytes | undefined)[]>;
  put(key: string, bytes: Bytes): void;
}

export interface ChunkUsage {
  readonly chunks: number;
  readonly bytes: number;
  readonly limit: number;
}

interface Use {
  readonly key: string;
  readonly size: number;
  /** ms since 1970 */
  readonly used: number;
}

interface Schema extends DBSchema {
  data: { key: string; value: Bytes };
  use: { key: string; value: Use; indexes: { used: number } };
}

const CHUNK_LIMIT = 512 << 20;
/** Writes are gathered for this long, so that they do not stand in the way of a boot. */
const WRITE_AFTER_MS = 500;

function openChunks(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>('pleat-chunks', 1, {
    upgrade(db) {
      db.createObjectStore('data');
      db.createObjectStore('use', { keyPath: 'key' }).createIndex('used', 'used');
    },
  });
}

export function indexedChunkStore(limit = CHUNK_LIMIT): ChunkStore {
  const opened = openChunks().catch(() => undefined); /* a browser that keeps nothing */
  const waiting = new Map<string, Bytes | undefined>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = async (): Promise<void> => {
    timer = undefined;
    const entries = [...waiting];
    waiting.clear();
    const db = await opened;
    if (db === undefined) return;
    try {
      await write(db, entries, limit);
    } catch {
      /* quota, or another tab cleared it: it is fetched again next time */
    }
  };
  const later = (key: string, bytes: Bytes | undefined): void => {
    if (bytes !== undefined || !waiting.has(key)) waiting.set(key, bytes);
    timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS);
  };

  return {
    async get(keys) {
      const db = await opened;
      if (db === undefined) return keys.map(() => undefined);
      try {
        const { store } = db.transaction('data');
        const found = await Promise.all(keys.map((key) => store.get(key)));
        for (const [i, bytes] of found.entries()) if (bytes !== undefined) later(keys[i] ?? '', undefined);
        return found;
      } catch {
        return keys.map(() => undefined);
      }
    },
    put: later,
  };
}

/** undefined: only used. */
async function write(db: IDBPDatabase<Schema>, entries: readonly (readonly [string, Bytes | undefined])[], limit: number): Promise<void> {
  const change = db.transaction(['data', 'use'], 'readwrite');
  const data = change.objectStore('data');
  const use = change.objectStore('use');
  const used = Date.now();
  for (const [key, bytes] of entries) {
    if (bytes !== undefined) {
      await data.put(bytes, key);
      await use.put({ key, size: bytes.length, used });
    } else {
      const before = await use.get(key);
      if (before !== undefined) await use.put({ ...before, used });
    }
  }
  let sum = 0;
  for (const { size } of await use.getAll()) sum += size;
  for (let oldest = await use.index('used').openCursor(); oldest !== null && sum > limit; oldest = await oldest.continue()) {
    sum -= oldest.value.size;
    await data.delete(oldest.value.key);
    await oldest.delete();
  }
  await change.done;
}

/** What is kept, for the page. */
export async function chunkUsage(): Promise<ChunkUsage> {
  const db = await openChunks();
  const all = await db.getAll('use');
  db.close();
  return { chunks: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0), limit: CHUNK_LIMIT };
}

export async function clearChunks(): Promise<void> {
  const db = await openChunks();
  const change = db.transaction(['data', 'use'], 'readwrite');
  await Promise.all([change.objectStore('data').clear(), change.objectStore('use').clear(), change.done]);
  db.close();
}

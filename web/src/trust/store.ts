/**
 * Keys, publishers and recent links in IndexedDB of the page's origin, which no machine can reach.
 * Where the browser keeps nothing (some private windows), they last as long as the tab.
 */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase } from 'idb';
import { memoryStore } from './records.ts';
import type { OwnKey, PublisherRecord, RecentLink, TrustStore } from './records.ts';

interface Schema extends DBSchema {
  publishers: { key: string; value: PublisherRecord };
  keys: { key: string; value: OwnKey };
  recent: { key: string; value: RecentLink; indexes: { at: number } };
}

const RECENT_MOST = 12;

async function openStore(): Promise<TrustStore> {
  let db: IDBPDatabase<Schema>;
  try {
    db = await openDB<Schema>('pleat', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('publishers', { keyPath: 'key' });
        fresh.createObjectStore('keys', { keyPath: 'key' });
        fresh.createObjectStore('recent', { keyPath: 'link' }).createIndex('at', 'at');
      },
    });
  } catch {
    return memoryStore();
  }
  return {
    publishers: () => db.getAll('publishers'),
    putPublisher: async (record) => void (await db.put('publishers', record)),
    forgetPublisher: (key) => db.delete('publishers', key),
    ownKeys: () => db.getAll('keys'),
    putOwnKey: async (key) => void (await db.put('keys', key)),
    forgetOwnKey: (key) => db.delete('keys', key),
    recent: async () => (await db.getAllFromIndex('recent', 'at')).reverse(),
    putRecent: async (link) => {
      await db.put('recent', link);
      const all = await db.getAllKeysFromIndex('recent', 'at');
      for (const old of all.slice(0, Math.max(0, all.length - RECENT_MOST))) await db.delete('recent', old);
    },
    forgetRecent: (link) => db.delete('recent', link),
  };
}

let store: Promise<TrustStore> | undefined;

export function trustStore(): Promise<TrustStore> {
  store ??= openStore();
  return store;
}

/** The keys that the page's build names: links of theirs are the site's own. */
export function sitePublishers(): readonly string[] {
  const content = document.querySelector<HTMLMetaElement>('meta[name=publishers]')?.content ?? '';
  return content.split(' ').filter((key) => /^[0-9a-f]{64}$/.test(key));
}

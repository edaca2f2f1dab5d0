/**
 * Whom a person trusts: what is remembered of publishers, and what it means for a link. No DOM, no storage.
 */
import type { Capability } from '../../../descriptor/src/types.ts';
import type { VerifiedLink } from '../boot/open.ts';

/** What is remembered of a key that signed a link here. */
export interface PublisherRecord {
  /** 64 hex digits */
  readonly key: string;
  readonly short: string;
  /** as the person calls it */
  readonly name?: string;
  /** as its links call their author: a claim, not a proof */
  readonly author?: string;
  /** ms since 1970 */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** its links open without being asked about */
  readonly always: boolean;
  /** what was granted, and stays so */
  readonly grants: readonly Capability[];
}

/** A key of the person's own. */
export interface OwnKey {
  readonly key: string;
  readonly short: string;
  readonly name: string;
  /** 32 secret bytes */
  readonly seed: Uint8Array;
  readonly made: number;
}

/** A machine that was opened here. */
export interface RecentLink {
  /** "p1…" */
  readonly link: string;
  readonly title: string;
  readonly short: string;
  readonly at: number;
}

export interface TrustStore {
  publishers(): Promise<readonly PublisherRecord[]>;
  putPublisher(record: PublisherRecord): Promise<void>;
  forgetPublisher(key: string): Promise<void>;
  ownKeys(): Promise<readonly OwnKey[]>;
  putOwnKey(key: OwnKey): Promise<void>;
  forgetOwnKey(key: string): Promise<void>;
  /** latest first */
  recent(): Promise<readonly RecentLink[]>;
  putRecent(link: RecentLink): Promise<void>;
  forgetRecent(link: string): Promise<void>;
}

export type Standing = 'site' | 'own' | 'always' | 'seen' | 'new';

/** What is known of a link's publisher. */
export interface Verdict {
  /** site: built into this page; own: the person's key; always: trusted by the person; seen: signed before; new: never */
  readonly standing: Standing;
  /** opens without being asked about */
  readonly trusted: boolean;
  readonly record?: PublisherRecord;
  /** another key that is known under the name by which this link calls its author */
  readonly impostorOf?: PublisherRecord;
  /** what it may without asking again */
  readonly grants: readonly Capability[];
}

/** Names that people would take for one: case, width and blanks do not count. */
function sameName(a: string | undefined, b: string | undefined): boolean {
  const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, '');
  return a !== undefined && b !== undefined && plain(a) !== '' && plain(a) === plain(b);
}

export interface Known {
  /** keys built into the page */
  readonly site: readonly string[];
  readonly publishers: readonly PublisherRecord[];
  readonly ownKeys: readonly OwnKey[];
}

export function judge({ publisher, descriptor }: VerifiedLink, { site, publishers, ownKeys }: Known): Verdict {
  const asked = descriptor.capabilities ?? [];
  if (site.includes(publisher.key)) return { standing: 'site', trusted: true, grants: asked };
  if (ownKeys.some(({ key }) => key === publisher.key)) return { standing: 'own', trusted: true, grants: asked };
  const record = publishers.find(({ key }) => key === publisher.key);
  const { author } = descriptor;
  const impostorOf = publishers.find(
    (other) => other.key !== publisher.key && (sameName(other.name, author) || (other.always && sameName(other.author, author))),
  );
  const grants = (record?.grants ?? []).filter((each) => asked.includes(each));
  /* what it asks for and was never granted needs a look, whoever asks */
  const trusted = record?.always === true && impostorOf === undefined && grants.length === asked.length;
  const standing = record === undefined ? 'new' : record.always ? 'always' : 'seen';
  return { standing, trusted, grants, ...(record && { record }), ...(impostorOf && { impostorOf }) };
}

/** The record of a publisher after one of its links was looked at or opened. */
export function seenNow(link: VerifiedLink, before: PublisherRecord | undefined, now: number): PublisherRecord {
  const { publisher, descriptor } = link;
  const author = descriptor.author ?? before?.author;
  return {
    key: publisher.key,
    short: publisher.short,
    firstSeen: before?.firstSeen ?? now,
    lastSeen: now,
    always: before?.always ?? false,
    grants: before?.grants ?? [],
    ...(before?.name !== undefined && { name: before.name }),
    ...(author !== undefined && { author }),
  };
}

/** A store that forgets: for tests, and where the browser keeps nothing. */
export function memoryStore(): TrustStore {
  const publishers = new Map<string, PublisherRecord>();
  const own = new Map<string, OwnKey>();
  const recent = new Map<string, RecentLink>();
  return {
    publishers: async () => [...publishers.values()],
    putPublisher: async (record) => void publishers.set(record.key, record),
    forgetPublisher: async (key) => void publishers.delete(key),
    ownKeys: async () => [...own.values()],
    putOwnKey: async (key) => void own.set(key.key, key),
    forgetOwnKey: async (key) => void own.delete(key),
    recent: async () => [...recent.values()].sort((a, b) => b.at - a.at),
    putRecent: async (link) => void recent.set(link.link, link),
    forgetRecent: async (link) => void recent.delete(link),
  };
}

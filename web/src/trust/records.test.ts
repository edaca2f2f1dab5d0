/** Whose links open without being asked about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capability, Descriptor } from '../../../descriptor/src/types.ts';
import type { VerifiedLink } from '../boot/open.ts';
import { judge, seenNow } from './records.ts';
import type { Known, PublisherRecord } from './records.ts';

const key = (digit: string): string => digit.repeat(64);
const link = (signer: string, more: Partial<Descriptor> = {}): VerifiedLink => ({
  publisher: { key: key(signer), short: signer.repeat(4) },
  descriptor: { runtime: key('1'), base: { name: 'shell', root: key('2'), size: 1 }, ...more },
});
const record = (signer: string, more: Partial<PublisherRecord> = {}): PublisherRecord => ({
  key: key(signer), short: signer.repeat(4), firstSeen: 1, lastSeen: 2, always: false, grants: [], ...more,
});
const known = (more: Partial<Known> = {}): Known => ({ site: [key('5')], publishers: [], ownKeys: [], ...more });

test("the site's key and the person's own are trusted, with what they ask for", () => {
  const asks: readonly Capability[] = ['clipboard'];
  assert.deepEqual(judge(link('5', { capabilities: asks }), known()), { standing: 'site', trusted: true, grants: asks });
  const ownKeys = [{ key: key('6'), short: '6666', name: 'me', seed: new Uint8Array(32), made: 1 }];
  assert.equal(judge(link('6'), known({ ownKeys })).standing, 'own');
});

test('an unknown key, and one that was only seen, are asked about', () => {
  assert.deepEqual(judge(link('a'), known()), { standing: 'new', trusted: false, grants: [] });
  const seen = judge(link('a'), known({ publishers: [record('a')] }));
  assert.equal(seen.standing, 'seen');
  assert.equal(seen.trusted, false);
});

test('a key that is always trusted opens, until it asks for more than it was granted', () => {
  const publishers = [record('a', { always: true, grants: ['clipboard'] })];
  assert.equal(judge(link('a'), known({ publishers })).trusted, true);
  assert.equal(judge(link('a', { capabilities: ['clipboard'] }), known({ publishers })).trusted, true);
  const more = judge(link('a', { capabilities: ['clipboard', 'network'] }), known({ publishers }));
  assert.equal(more.trusted, false);
  assert.deepEqual(more.grants, ['clipboard']);
});

test('another key under a known name warns, also where it was trusted before', () => {
  const publishers = [record('a', { name: 'Ada Lovelace', always: true }), record('b', { always: true })];
  const fake = judge(link('b', { author: 'ada  LOVELACE' }), known({ publishers }));
  assert.equal(fake.impostorOf?.key, key('a'));
  assert.equal(fake.trusted, false);
  assert.equal(judge(link('a', { author: 'Ada Lovelace' }), known({ publishers })).impostorOf, undefined);
  /* a name that only an untrusted link claimed protects nobody */
  const claims = [record('c', { author: 'Bob' })];
  assert.equal(judge(link('d', { author: 'Bob' }), known({ publishers: claims })).impostorOf, undefined);
});

test('seeing a link keeps what the person decided', () => {
  const before = record('a', { name: 'Ada', always: true, grants: ['network'], firstSeen: 5 });
  assert.deepEqual(seenNow(link('a', { author: 'A. L.' }), before, 9), { ...before, author: 'A. L.', lastSeen: 9 });
  assert.equal(seenNow(link('a'), undefined, 9).firstSeen, 9);
});

/** Promises of the codec that hold for all links, not for one vector. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { toHex } from './bytes.ts';
import { decodeLink, linkText } from './decode.ts';
import { deflatePinned, inflateCapped } from './deflate.ts';
import { encodeLink, foldLink } from './encode.ts';
import { LinkError } from './errors.ts';
import { keyPairFromSeed } from './sign.ts';
import type { Descriptor } from './types.ts';
import { keyShortForm } from './verify.ts';

const keys = await keyPairFromSeed(new Uint8Array(32).fill(7));

const usual: Descriptor = {
  runtime: '8f3a6c1e0b7d95244ce1f0a83b6d72915e0c48fa97d1b6230e5fa4c87d921b36',
  base: {
    name: 'shell',
    root: 'c05d7be2914fa36870d2e8b15c94073fae61d8240b9f573cd18ea6420f7b39e5',
    size: 12_582_912,
  },
  boot: { cmd: 'echo hello; exec sh -l', env: { LANG: 'C', A: '1' } },
  title: 'Hello',
};

test('a usual link is under 600 characters', async () => {
  const link = await encodeLink(usual, keys);
  assert.ok(link.length < 600, `${link.length} characters`);
});

test('a link decodes to its descriptor and publisher', async () => {
  const decoded = await decodeLink(await encodeLink(usual, keys));
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.descriptor, usual);
  assert.equal(decoded.value.signature, 'valid');
  assert.equal(decoded.value.publisher.key, toHex(keys.publicKey));
  assert.match(decoded.value.publisher.short, /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
});

test('one descriptor and key give one link, whatever the order of the JSON', async () => {
  const { title, boot, base, runtime } = usual;
  const turned = {
    title: title!,
    boot: { env: { A: '1', LANG: 'C' }, cmd: boot!.cmd! },
    base,
    runtime,
  };
  assert.equal(await encodeLink(turned, keys), await encodeLink(usual, keys));
});

test('another key gives another link and another publisher', async () => {
  const other = await keyPairFromSeed(new Uint8Array(32).fill(8));
  const decoded = await decodeLink(await encodeLink(usual, other));
  assert.ok(decoded.ok);
  assert.equal(decoded.value.publisher.key, toHex(other.publicKey));
});

test('every change of a single character is refused', async () => {
  const link = await encodeLink({ runtime: usual.runtime, base: usual.base }, keys);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let tried = 0;
  for (let at = 0; at < link.length; at++) {
    for (const character of alphabet) {
      if (character === link[at]) continue;
      const changed = link.slice(0, at) + character + link.slice(at + 1);
      assert.equal((await decodeLink(changed)).ok, false, `character ${at} as ${character}`);
      tried++;
    }
  }
  assert.equal(tried, link.length * 63);
});

test('every prefix of a link is refused', async () => {
  const link = await encodeLink(usual, keys);
  for (let length = 0; length < link.length; length++) {
    assert.equal((await decodeLink(link.slice(0, length))).ok, false, `${length} characters`);
  }
});

test('a wrong descriptor from a person is refused by name and place', async () => {
  const folded = await foldLink({ ...usual, boot: { cwd: 'home' } }, keys);
  assert.ok(!folded.ok);
  assert.equal(folded.failure.name, 'bad-value');
  assert.equal(folded.failure.where, 'boot.cwd');
  const misspelt = await foldLink({ ...usual, tittle: 'x' }, keys);
  assert.ok(!misspelt.ok);
  assert.equal(misspelt.failure.name, 'unknown-field');
  const lone = await foldLink({ ...usual, boot: { cmd: 'echo \ud800' } }, keys);
  assert.ok(!lone.ok);
  assert.equal(lone.failure.name, 'bad-text');
});

test('things that are no descriptor are refused, not thrown', async () => {
  for (const value of [null, undefined, 1, 'x', [], new Date(), { runtime: usual.runtime }]) {
    assert.equal((await foldLink(value, keys)).ok, false);
  }
});

test('encodeLink throws a LinkError for an invalid descriptor', async () => {
  const invalid: Descriptor = { ...usual, title: 'a\nb' };
  await assert.rejects(encodeLink(invalid, keys), (error) => {
    return error instanceof LinkError && error.failure.name === 'bad-text';
  });
});

test('a descriptor that fits its caps but no link is refused by name', async () => {
  let state = 1;
  const noise = Array.from({ length: 3 }, () =>
    Array.from({ length: 16_000 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return String.fromCharCode(33 + (state % 90));
    }).join(''),
  );
  const folded = await foldLink({ ...usual, boot: { argv: ['/bin/echo', ...noise] } }, keys);
  assert.ok(!folded.ok);
  assert.equal(folded.failure.name, 'link-too-long');
});

test('base64url: every length round-trips, against the vectors of RFC 4648', () => {
  const rfc = ['', 'Zg', 'Zm8', 'Zm9v', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy'];
  for (const [length, text] of rfc.entries()) {
    const bytes = new TextEncoder().encode('foobar'.slice(0, length));
    assert.equal(encodeBase64url(bytes), text);
    assert.deepEqual(decodeBase64url(text), { ok: true, value: bytes });
  }
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(decodeBase64url(encodeBase64url(all)), { ok: true, value: all });
});

/* made once with zlib 1.2.13: compressobj(9, DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) */
test("the pinned compressor gives zlib's bytes", () => {
  const text = 'the quick brown fox jumps over the lazy dog; the lazy dog sleeps. '.repeat(3);
  assert.equal(toHex(deflatePinned(new TextEncoder().encode(text))), ZLIB_TEXT);
});

const ZLIB_TEXT =
  '2bc94855282ccd4cce56482aca2fcf5348cbaf50c82acd2d2856c82f4b2d5228014ae72456552aa4e4a75ba3f0148a7352530b8af5c082036d0200';

test('inflating stops at the cap, exactly', () => {
  const packed = deflatePinned(new Uint8Array(1_000));
  assert.equal(inflateCapped(packed, 1_000).ok, true);
  const over = inflateCapped(packed, 999);
  assert.ok(!over.ok);
  assert.equal(over.failure.name, 'inflates-past-cap');
});

test('the short form of a key is its first 80 bits', () => {
  assert.equal(keyShortForm(new Uint8Array(32)), 'aaaa-aaaa-aaaa-aaaa');
  assert.equal(keyShortForm(new Uint8Array(32).fill(255)), '7777-7777-7777-7777');
  /* base32 of the bytes 0 to 9, as coreutils prints it */
  const counting = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(keyShortForm(counting), 'aaaq-eaye-auda-ocaj');
});

test('linkText finds the link in a URL, a fragment and a text', () => {
  assert.equal(linkText('https://example.org/a?b=c#p1AAAA'), 'p1AAAA');
  assert.equal(linkText('#p1AAAA'), 'p1AAAA');
  assert.equal(linkText('p1AAAA'), 'p1AAAA');
  assert.equal(linkText('https://example.org/#p1AA#AA'), 'p1AA#AA');
});

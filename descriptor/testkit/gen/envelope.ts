/** Failures of the envelope and the signature. */
import { encodeCbor } from '../../src/cbor.ts';
import type { CborValue } from '../../src/cbor.ts';
import { signedHash, SIGNING_DOMAIN } from '../../src/sign.ts';
import { signDescriptor } from '../../src/sign.ts';
import { loadSodium } from '../../src/sodium.ts';
import { concat, hashOf, linkOf, smallest, testKey } from './vector.ts';
import type { Vector } from './vector.ts';

const sodium = await loadSodium();
const descriptor = encodeCbor(smallest());
const signature = await signDescriptor(descriptor, testKey);
const key = testKey.publicKey;

const link = (parts: CborValue): string => linkOf(encodeCbor(parts));

/** The order of the Ed25519 group, little-endian. */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

/** The same signature with S + order for S: RFC 8032 refuses it, careless verifiers do not. */
function unreduced(): Uint8Array {
  let s = 0n;
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i]!);
  s += ORDER;
  const spoilt = signature.slice();
  for (let i = 32; i < 64; i++, s >>= 8n) spoilt[i] = Number(s & 255n);
  return spoilt;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const spoilt = bytes.slice();
  spoilt[at] = spoilt[at]! ^ 1;
  return spoilt;
}

function signedWith(message: Uint8Array): Uint8Array {
  return sodium.crypto_sign_detached(message, testKey.secretKey);
}

const SIGNATURES: readonly (readonly [string, string, CborValue])[] = [
  [
    'last-byte',
    'last signature byte flipped; the body alone is valid',
    [descriptor, key, flipped(signature, 63)],
  ],
  ['first-byte', 'first signature byte flipped', [descriptor, key, flipped(signature, 0)]],
  ['zeros', 'a signature of zeros', [descriptor, key, new Uint8Array(64)]],
  ['other-key', 'another key than the one that signed', [descriptor, flipped(key, 0), signature]],
  [
    'small-order-key',
    'a key of order one, for which forging is easy',
    [
      descriptor,
      Uint8Array.of(1, ...new Uint8Array(31)),
      concat(Uint8Array.of(1), new Uint8Array(63)),
    ],
  ],
  ['unreduced', 'S is not below the order of the group', [descriptor, key, unreduced()]],
  [
    'descriptor-byte',
    'one bit of the descriptor changed after signing',
    [flipped(descriptor, descriptor.length - 1), key, signature],
  ],
  [
    'no-domain',
    'the hash of the descriptor alone was signed',
    [descriptor, key, signedWith(sodium.crypto_hash(descriptor))],
  ],
  [
    'no-hash',
    'domain and descriptor were signed without hashing',
    [descriptor, key, signedWith(concat(new TextEncoder().encode(SIGNING_DOMAIN), descriptor))],
  ],
  [
    'other-descriptor',
    'a signature over another descriptor',
    [descriptor, key, signedWith(signedHash(sodium, hashOf(0x33)))],
  ],
];

export function envelope(): Vector[] {
  const vectors: Vector[] = SIGNATURES.map(([name, comment, parts]) => ({
    name: `signature-${name}`,
    expect: 'bad-signature',
    comment,
    link: link(parts),
  }));
  const bad: readonly (readonly [string, string, CborValue])[] = [
    ['not-a-list', 'the descriptor where the list should be', smallest()],
    ['no-parts', 'an empty list', []],
    ['two-parts', 'no signature', [descriptor, key]],
    ['four-parts', 'a further part', [descriptor, key, signature, 0]],
    ['descriptor-inline', 'the descriptor as a map, not as bytes', [smallest(), key, signature]],
    ['key-text', 'the key as text', [descriptor, 'k'.repeat(32), signature]],
    ['key-short', 'a key of 31 bytes', [descriptor, key.subarray(1), signature]],
    ['key-long', 'a key of 33 bytes', [descriptor, concat(key, hashOf(0).subarray(31)), signature]],
    ['signature-short', 'a signature of 63 bytes', [descriptor, key, signature.subarray(1)]],
    ['signature-empty', 'an empty signature', [descriptor, key, new Uint8Array(0)]],
  ];
  for (const [name, comment, parts] of bad) {
    vectors.push({ name: `envelope-${name}`, expect: 'bad-envelope', comment, link: link(parts) });
  }
  vectors.push({
    name: 'envelope-unsigned',
    expect: 'unsigned',
    comment: 'the descriptor alone',
    link: link([descriptor]),
  });
  return vectors;
}

/**
 * Checking signatures, and how a key is shown. Spec: RFC 8032 section 5.1.7; SPEC.md section 4.
 */
import { toHex } from './bytes.ts';
import { signedHash } from './sign.ts';
import { loadSodium } from './sodium.ts';
import type { Publisher } from './types.ts';

/**
 * Check a signature over descriptor bytes. libsodium refuses what RFC 8032 leaves open: S not below
 * the group order, keys of small order, points that are not in their canonical encoding.
 *
 * @param publicKey - 32 bytes
 * @param signature - 64 bytes
 */
export async function verifyDescriptor(
  descriptor: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const sodium = await loadSodium();
  return sodium.crypto_sign_verify_detached(signature, signedHash(sodium, descriptor), publicKey);
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The first 80 bits of a key in RFC 4648 base32, lower case, in groups of four. */
export function keyShortForm(publicKey: Uint8Array): string {
  let bits = 0n;
  for (const byte of publicKey.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 75n; shift >= 0n; shift -= 5n) {
    text += BASE32.charAt(Number((bits >> shift) & 31n));
    if (shift > 0n && shift % 20n === 0n) text += '-';
  }
  return text;
}

export function publisherOf(publicKey: Uint8Array): Publisher {
  return { key: toHex(publicKey), short: keyShortForm(publicKey) };
}

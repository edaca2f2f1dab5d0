/**
 * Keys and signatures. Spec: RFC 8032 Ed25519, by libsodium; SPEC.md section 4.
 */
import { loadSodium } from './sodium.ts';
import type { Sodium } from './sodium.ts';
import type { KeyPair } from './types.ts';

/** Stands before the descriptor's bytes in the hash, so that no signature means two things. */
export const SIGNING_DOMAIN = 'pleat link 1 descriptor\0';

/** What is signed: SHA-512 (crypto_hash) of the domain and the exact descriptor bytes. */
export function signedHash(sodium: Sodium, descriptor: Uint8Array): Uint8Array {
  const domain = new TextEncoder().encode(SIGNING_DOMAIN);
  const message = new Uint8Array(domain.length + descriptor.length);
  message.set(domain);
  message.set(descriptor, domain.length);
  return sodium.crypto_hash(message);
}

/** @returns the signature, 64 bytes; the same for the same bytes and key */
export async function signDescriptor(descriptor: Uint8Array, keys: KeyPair): Promise<Uint8Array> {
  const sodium = await loadSodium();
  return sodium.crypto_sign_detached(signedHash(sodium, descriptor), keys.secretKey);
}

/** @param seed - 32 random bytes: the secret */
export async function keyPairFromSeed(seed: Uint8Array): Promise<KeyPair> {
  const sodium = await loadSodium();
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  return { publicKey, secretKey: privateKey };
}

/** @returns 32 bytes from the system's random source */
export async function makeSeed(): Promise<Uint8Array> {
  const sodium = await loadSodium();
  return sodium.randombytes_buf(32);
}

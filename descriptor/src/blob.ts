/**
 * Overlays that are kept elsewhere: folding entries into bytes to host, and the way back.
 * Spec: SPEC.md section 5.6; XChaCha20-Poly1305 by libsodium.
 */
import * as pako from 'pako';
import { toHex } from './bytes.ts';
import { inflateCapped } from './deflate.ts';
import type { FailureName, Result } from './errors.ts';
import { LIMITS } from './limits.ts';
import { decodeOverlay, encodeOverlay } from './overlay.ts';
import type { RawEntry } from './overlay.ts';
import { fromHex } from './bytes.ts';
import { loadSodium } from './sodium.ts';
import type { Blob } from './types.ts';

const NONCE = 24;

/** The bytes to host and the field that names them. Encrypted with a fresh key if `isPrivate`. */
export async function foldBlob(
  files: readonly RawEntry[],
  options: { readonly isPrivate: boolean; readonly from?: readonly string[] },
): Promise<{ readonly bytes: Uint8Array; readonly blob: Blob }> {
  const packed = pako.deflateRaw(encodeOverlay(files), { level: 9 });
  const from = options.from === undefined ? {} : { from: options.from };
  if (!options.isPrivate) {
    return { bytes: packed, blob: { hash: await sha256(packed), size: packed.length, ...from } };
  }
  const sodium = await loadSodium();
  const key = sodium.crypto_aead_xchacha20poly1305_ietf_keygen();
  const nonce = sodium.randombytes_buf(NONCE);
  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(packed, null, null, nonce, key);
  const bytes = new Uint8Array(NONCE + sealed.length);
  bytes.set(nonce);
  bytes.set(sealed, NONCE);
  return { bytes, blob: { hash: await sha256(bytes), size: bytes.length, ...from, key: toHex(key) } };
}

/**
 * Check bytes against the field that names them, and give the plain CBOR array of entries.
 *
 * @returns bad-hash: not these bytes; bad-key: they cannot be decrypted; or a failure of the format
 */
export async function openBlob(bytes: Uint8Array, blob: Blob): Promise<Result<Uint8Array, BlobFailure>> {
  const got = bytes.length === blob.size ? await sha256(bytes) : `${bytes.length} bytes`;
  if (got !== blob.hash) return failed('bad-hash', `has ${got}, not SHA-256 ${blob.hash}`);
  let packed = bytes;
  if (blob.key !== undefined) {
    const opened = await unseal(bytes, blob.key);
    if (opened === undefined) return failed('bad-key', "cannot be decrypted with the link's key");
    packed = opened;
  }
  const plain = inflateCapped(packed, LIMITS.blobSize);
  if (!plain.ok) return plain;
  const entries = decodeOverlay(plain.value);
  return entries.ok ? plain : entries;
}

export interface BlobFailure {
  readonly name: FailureName | 'bad-hash' | 'bad-key';
  readonly where: string;
  readonly message: string;
}

async function unseal(bytes: Uint8Array, key: string): Promise<Uint8Array | undefined> {
  const sodium = await loadSodium();
  try {
    const sealed = bytes.subarray(NONCE);
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, null, bytes.subarray(0, NONCE), fromHex(key));
  } catch {
    return undefined; /* libsodium throws for a wrong tag and for too few bytes alike */
  }
}

function failed(name: BlobFailure['name'], detail: string): Result<never, BlobFailure> {
  return { ok: false, failure: { name, where: 'overlay', message: `the overlay ${detail}` } };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
}

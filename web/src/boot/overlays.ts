/**
 * The overlays of a link as the kernel unpacks them: those in the link, and those kept elsewhere, which
 * are fetched, checked against their hash, decrypted and checked like a link's.
 */
import type { BlobFailure } from '../../../descriptor/src/blob.ts';
import { overlayBytes } from '../../../descriptor/src/overlay.ts';
import type { Blob, Descriptor } from '../../../descriptor/src/types.ts';
import type { Result } from '../../../descriptor/src/errors.ts';
import { MachineError } from './types.ts';

export interface OverlayParts {
  /** the bytes at an address; undefined: there is nothing; rejects when it cannot be reached */
  fetch(url: string, size: number): Promise<Uint8Array | undefined>;
  /** check, decrypt and unfold a blob (descriptor/src/blob.ts), off the main thread */
  open(bytes: Uint8Array, blob: Blob): Promise<Result<Uint8Array, BlobFailure>>;
}

/**
 * @param appUrl - relative addresses are resolved against it
 * @throws MachineError missing-image, image-unreachable, hash-mismatch, bad-image
 */
export function loadOverlays(descriptor: Descriptor, appUrl: string, parts: OverlayParts): Promise<Uint8Array[]> {
  return Promise.all(
    (descriptor.overlays ?? []).map(({ files, blob }, i) =>
      blob === undefined ? overlayBytes(files ?? []) : loadBlob(blob, `overlays[${i}]`, appUrl, parts),
    ),
  );
}

async function loadBlob(blob: Blob, where: string, appUrl: string, parts: OverlayParts): Promise<Uint8Array> {
  let worst = new MachineError('missing-image', `${where}: no place has ${blob.hash}`);
  for (const base of blob.from ?? ['overlays/']) {
    const url = new URL(`${base}${blob.hash}`, appUrl).href;
    let bytes: Uint8Array | undefined;
    try {
      bytes = await parts.fetch(url, blob.size);
    } catch (error) {
      worst = new MachineError('image-unreachable', `${where}: ${url}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    if (bytes === undefined) continue;
    const opened = await parts.open(bytes, blob);
    if (opened.ok) return opened.value;
    const { name, message } = opened.failure;
    if (name !== 'bad-hash') throw new MachineError('bad-image', `${where}: ${name}: ${message}`);
    worst = new MachineError('hash-mismatch', `${where}: ${url}: ${message}`);
  }
  throw worst;
}

/** At most `size` bytes of an answer: a host may send more than was signed. */
export async function fetchBytes(url: string, size: number): Promise<Uint8Array | undefined> {
  const response = await fetch(url);
  if (response.status === 404 || response.status === 410 || response.status === 403) return undefined;
  if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
  const bytes = new Uint8Array(size);
  let filled = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes.subarray(0, filled);
    if (filled + value.length > size) {
      await reader.cancel();
      return bytes; /* its hash will be wrong unless the rest was too much */
    }
    bytes.set(value, filled);
    filled += value.length;
  }
}

/**
 * Decodes and verifies links and what they name elsewhere, off the main thread: libsodium loads here and
 * nowhere else. Each request has one answer.
 */
import { openBlob } from '../../../descriptor/src/blob.ts';
import { decodeLink } from '../../../descriptor/src/decode.ts';
import { loadSodium } from '../../../descriptor/src/sodium.ts';
import type { Blob } from '../../../descriptor/src/types.ts';

export type VerifyRequest =
  /** answered by the result of decodeLink */
  | { readonly text: string }
  /** answered by the result of openBlob */
  | { readonly blob: Blob; readonly bytes: Uint8Array };

/* It compiles while the link comes and is taken apart; decodeLink tells what goes wrong here. */
void loadSodium().catch(() => undefined);

self.onmessage = async (event: MessageEvent<VerifyRequest>): Promise<void> => {
  const request = event.data;
  self.postMessage('text' in request ? await decodeLink(request.text) : await openBlob(request.bytes, request.blob));
};

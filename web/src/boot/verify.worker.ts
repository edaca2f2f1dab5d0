/**
 * Decodes and verifies links and what they name elsewhere, off the main thread: libsodium loads here and
 * nowhere else. Each request has one answer.
 */
import { openBlob } from '../../../descriptor/src/blob.ts';
import { decodeLink } from '../../../descriptor/src/decode.ts';
import { foldLink } from '../../../descriptor/src/encode.ts';
import { loadSodium } from '../../../descriptor/src/sodium.ts';
import type { RawEntry } from '../../../descriptor/src/overlay.ts';
import { keyPairFromSeed } from '../../../descriptor/src/sign.ts';
import type { Blob, Descriptor } from '../../../descriptor/src/types.ts';
import { publisherOf } from '../../../descriptor/src/verify.ts';
import { foldMachine } from '../share/fold.ts';
import type { ShareOptions } from '../share/fold.ts';

export type VerifyRequest =
  /** answered by the result of decodeLink */
  | { readonly text: string }
  /** answered by the result of openBlob */
  | { readonly blob: Blob; readonly bytes: Uint8Array }
  /** answered by the result of foldMachine */
  | { readonly descriptor: Descriptor; readonly entries: readonly RawEntry[]; readonly options: ShareOptions }
  /** answered by the result of foldLink */
  | { readonly sign: Descriptor; readonly seed: Uint8Array }
  /** a key's secret bytes: answered by a Publisher */
  | { readonly publicOf: Uint8Array };

/* It compiles while the link comes and is taken apart; decodeLink tells what goes wrong here. */
void loadSodium().catch(() => undefined);

self.onmessage = async (event: MessageEvent<VerifyRequest>): Promise<void> => {
  self.postMessage(await answer(event.data));
};

async function answer(request: VerifyRequest): Promise<unknown> {
  if ('text' in request) return await decodeLink(request.text);
  if ('blob' in request) return await openBlob(request.bytes, request.blob);
  if ('publicOf' in request) return publisherOf((await keyPairFromSeed(request.publicOf)).publicKey);
  if ('sign' in request) return await foldLink(request.sign, await keyPairFromSeed(request.seed));
  return await foldMachine(request.descriptor, request.entries, request.options);
}

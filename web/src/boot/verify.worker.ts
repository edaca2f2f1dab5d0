/**
 * Decodes and verifies one link, off the main thread: libsodium loads here and nowhere else.
 */
import { decodeLink } from '../../../descriptor/src/decode.ts';
import { loadSodium } from '../../../descriptor/src/sodium.ts';

export interface VerifyRequest {
  readonly text: string;
}

/* It compiles while the link comes and is taken apart; decodeLink tells what goes wrong here. */
void loadSodium().catch(() => undefined);

self.onmessage = async (event: MessageEvent<VerifyRequest>): Promise<void> => {
  self.postMessage(await decodeLink(event.data.text));
};

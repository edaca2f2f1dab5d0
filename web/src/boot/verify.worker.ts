/**
 * Decodes and verifies one link, off the main thread: libsodium loads here and nowhere else.
 */
import { decodeLink } from '../../../descriptor/src/decode.ts';

export interface VerifyRequest {
  readonly text: string;
}

self.onmessage = async (event: MessageEvent<VerifyRequest>): Promise<void> => {
  self.postMessage(await decodeLink(event.data.text));
};

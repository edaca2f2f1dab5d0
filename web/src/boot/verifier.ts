/**
 * Asking the verifier Worker: it checks, signs and decrypts, so that libsodium is nowhere else.
 */
import type { VerifyRequest } from './verify.worker.ts';

declare const __VERIFIER__: string;

/** One question to a verifier of its own: it holds what libsodium and unfolding need no longer than that. */
export function askVerifier<Answer>(request: VerifyRequest): Promise<Answer> {
  const worker = new Worker(new URL(__VERIFIER__, document.baseURI), { type: 'module', name: 'verify' });
  return new Promise<Answer>((done, failed) => {
    worker.onmessage = (event: MessageEvent<Answer>) => done(event.data);
    worker.onerror = (event) => failed(new Error(event.message || 'the verifier could not be loaded'));
    worker.onmessageerror = () => failed(new Error('the verifier answered what cannot be read'));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

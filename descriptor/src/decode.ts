/**
 * Link to descriptor, strict: whatever is not exactly what encode.ts writes is refused by name.
 * The signature is checked over the exact bytes before anything looks inside them.
 */
import { decodeCbor } from './cbor.ts';
import { readEnvelope } from './envelope.ts';
import { refuse } from './errors.ts';
import type { Result } from './errors.ts';
import { readDescriptor } from './shape.ts';
import type { Descriptor, Publisher } from './types.ts';
import { publisherOf, verifyDescriptor } from './verify.ts';

export interface DecodedLink {
  readonly descriptor: Descriptor;
  readonly publisher: Publisher;
  /** links that are not signed are refused in this version */
  readonly signature: 'valid';
}

/**
 * Decode and verify a link. Never throws for any text.
 *
 * @param text - the fragment without "#"; linkText() finds it in a URL
 */
export async function decodeLink(text: string): Promise<Result<DecodedLink>> {
  const envelope = readEnvelope(text);
  if (!envelope.ok) return envelope;
  const { descriptor: bytes, publicKey, signature } = envelope.value;
  if (!(await verifyDescriptor(bytes, publicKey, signature))) {
    const found = "is not the key's over this descriptor: changed, or never signed by that key";
    return refuse('bad-signature', 'envelope, signature', found);
  }
  const value = decodeCbor(bytes, 'descriptor');
  if (!value.ok) return value;
  const descriptor = readDescriptor(value.value, 'cbor');
  if (!descriptor.ok) return descriptor;
  const publisher = publisherOf(publicKey);
  return { ok: true, value: { descriptor: descriptor.value, publisher, signature: 'valid' } };
}

/** The text of a link in a URL, a fragment with "#", or the text itself. */
export function linkText(input: string): string {
  return input.slice(input.indexOf('#') + 1);
}

/**
 * Descriptor to link. The same descriptor and key give the same text, everywhere and for ever.
 */
import { encodeCbor } from './cbor.ts';
import { writeEnvelope } from './envelope.ts';
import { LinkError } from './errors.ts';
import type { Result } from './errors.ts';
import { readDescriptor, writeDescriptor } from './shape.ts';
import { signDescriptor } from './sign.ts';
import type { Descriptor, KeyPair } from './types.ts';

/**
 * Check, sign and fold a descriptor that may be wrong: typed by a person, read from a file.
 *
 * @param value - a descriptor in JSON form
 * @returns the text of the link, "p1..." without "#"; or what is wrong with the descriptor
 */
export async function foldLink(value: unknown, keys: KeyPair): Promise<Result<string>> {
  const checked = readDescriptor(value, 'json');
  if (!checked.ok) return checked;
  const descriptor = encodeCbor(writeDescriptor(checked.value));
  const signature = await signDescriptor(descriptor, keys);
  return writeEnvelope({ descriptor, publicKey: keys.publicKey, signature });
}

/**
 * Sign and fold a descriptor that the caller knows to be valid.
 *
 * @returns the text of the link, "p1..." without "#"
 * @throws LinkError if the descriptor is not valid after all
 */
export async function encodeLink(descriptor: Descriptor, keys: KeyPair): Promise<string> {
  const folded = await foldLink(descriptor, keys);
  if (!folded.ok) throw new LinkError(folded.failure);
  return folded.value;
}

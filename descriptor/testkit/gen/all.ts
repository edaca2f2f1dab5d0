/** All vectors, in the order in which a decoder meets what they test. */
import { cbor } from './cbor.ts';
import { deflate } from './deflate.ts';
import { descriptor } from './descriptor.ts';
import { envelope } from './envelope.ts';
import { fields } from './fields.ts';
import { good } from './good.ts';
import { overlay } from './overlay.ts';
import { text } from './text.ts';
import type { Vector } from './vector.ts';

export async function allVectors(): Promise<Vector[]> {
  return [
    ...(await good()),
    ...text(),
    ...deflate(),
    ...(await cbor()),
    ...envelope(),
    ...(await descriptor()),
    ...(await fields()),
    ...(await overlay()),
  ];
}

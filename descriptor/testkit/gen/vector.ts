/**
 * What a generator needs: the shape of a vector, its file format, the testkit's key, and the steps
 * of folding one at a time, so that each can be done wrongly on its own.
 */
import { encodeBase64url } from '../../src/base64url.ts';
import { encodeCbor } from '../../src/cbor.ts';
import type { CborValue } from '../../src/cbor.ts';
import { deflatePinned } from '../../src/deflate.ts';
import type { FailureName } from '../../src/errors.ts';
import { keyPairFromSeed, signDescriptor } from '../../src/sign.ts';
import type { Descriptor } from '../../src/types.ts';

export interface Vector {
  /** file name in vectors/ */
  readonly name: string;
  readonly expect: 'success' | FailureName;
  /** place that the failure must name; our wording, not normative */
  readonly where?: string;
  readonly comment: string;
  /** what a good link says */
  readonly descriptor?: Descriptor;
  /** text of the link without "#" */
  readonly link: string;
}

/** The key of every vector: the seed is the bytes 0 to 31. Anybody can sign with it. */
export const testKey = await keyPairFromSeed(Uint8Array.from({ length: 32 }, (_, i) => i));

/** A hash that is easy to tell from others: one byte, 32 times. */
export function hashOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

/** The smallest descriptor, in CBOR form, as a fresh map to be spoilt. */
export function smallest(): Map<number | string, CborValue> {
  return new Map<number | string, CborValue>([
    [1, hashOf(0x11)],
    [2, layer('shell', 0x22)],
  ]);
}

export function layer(name: string, root: number): Map<number | string, CborValue> {
  return new Map<number | string, CborValue>([
    [1, name],
    [2, hashOf(root)],
    [3, 4096],
  ]);
}

/** Envelope bytes to link. */
export function linkOf(envelope: Uint8Array): string {
  return `p1${encodeBase64url(deflatePinned(envelope))}`;
}

/** Descriptor bytes to link, validly signed. */
export async function signedLink(descriptor: Uint8Array): Promise<string> {
  const signature = await signDescriptor(descriptor, testKey);
  return linkOf(encodeCbor([descriptor, testKey.publicKey, signature]));
}

/** A descriptor in CBOR form to link, validly signed. */
export function signedMap(descriptor: CborValue): Promise<string> {
  return signedLink(encodeCbor(descriptor));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function vectorText(vector: Vector): string {
  const head = [`expect: ${vector.expect}`];
  if (vector.where !== undefined) head.push(`where: ${vector.where}`);
  head.push(`comment: ${vector.comment}`);
  if (vector.descriptor !== undefined) {
    head.push(`descriptor: ${JSON.stringify(vector.descriptor)}`);
  }
  return `${head.join('\n')}\n\n${vector.link}\n`;
}

/** Read a vector's file; the header ends at the first empty line. */
export function parseVector(name: string, text: string): Vector {
  const split = text.indexOf('\n\n');
  const header = new Map(
    text
      .slice(0, split)
      .split('\n')
      .map((line) => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2)] as const;
      }),
  );
  const where = header.get('where');
  const descriptor = header.get('descriptor');
  return {
    name,
    expect: (header.get('expect') ?? '') as Vector['expect'],
    comment: header.get('comment') ?? '',
    link: text.slice(split + 2, -1),
    ...(where === undefined ? {} : { where }),
    ...(descriptor === undefined ? {} : { descriptor: JSON.parse(descriptor) as Descriptor }),
  };
}

/**
 * The envelope: what stands between the signed descriptor bytes and the text of a link.
 * Both directions; SPEC.md sections 2 to 4 are the text to it.
 */
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { equalBytes } from './bytes.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { deflatePinned, inflateCapped } from './deflate.ts';
import { refuse } from './errors.ts';
import type { Result } from './errors.ts';
import { LIMITS } from './limits.ts';

export interface Envelope {
  /** the exact bytes that are signed */
  readonly descriptor: Uint8Array;
  /** 32 bytes */
  readonly publicKey: Uint8Array;
  /** 64 bytes */
  readonly signature: Uint8Array;
}

export const LINK_PREFIX = 'p1';

/** @returns the text of the link, or inflates-past-cap, link-too-long */
export function writeEnvelope(envelope: Envelope): Result<string> {
  const bytes = encodeCbor([envelope.descriptor, envelope.publicKey, envelope.signature]);
  if (bytes.length > LIMITS.inflatedBytes) {
    const found = `${bytes.length} bytes before compression, the cap is ${LIMITS.inflatedBytes}`;
    return refuse('inflates-past-cap', 'link', found);
  }
  const text = LINK_PREFIX + encodeBase64url(deflatePinned(bytes));
  if (text.length > LIMITS.linkChars) return tooLong(text);
  return { ok: true, value: text };
}

/**
 * Take a link's text apart. Nothing is said about the signature yet.
 *
 * @param text - fragment of the link without "#"
 */
export function readEnvelope(text: string): Result<Envelope> {
  if (text.length > LIMITS.linkChars) return tooLong(text);
  if (!/^p[1-9]/.test(text)) {
    return refuse('not-a-link', 'link', 'does not begin with p and a version digit');
  }
  if (!text.startsWith(LINK_PREFIX)) {
    const found = `begins with ${text.slice(0, 2)}; this software knows version 1`;
    return refuse('unknown-version', 'link', found);
  }
  const packed = decodeBase64url(text.slice(LINK_PREFIX.length), LINK_PREFIX.length);
  if (!packed.ok) return packed;
  const inflated = inflateCapped(packed.value, LIMITS.inflatedBytes);
  if (!inflated.ok) return inflated;
  if (!equalBytes(deflatePinned(inflated.value), packed.value)) {
    return refuse(
      'not-canonical',
      'link',
      'is not what the pinned compressor gives for its content',
    );
  }
  const value = decodeCbor(inflated.value, 'envelope');
  return value.ok ? openEnvelope(value.value) : value;
}

function tooLong(text: string): Result<never> {
  const found = `has ${text.length} characters, the cap is ${LIMITS.linkChars}`;
  return refuse('link-too-long', 'link', found);
}

const PARTS = [
  { name: 'descriptor', length: undefined },
  { name: 'public key', length: 32 },
  { name: 'signature', length: 64 },
] as const;

function openEnvelope(value: unknown): Result<Envelope> {
  if (!Array.isArray(value)) return refuse('bad-envelope', 'envelope', 'is not a list');
  if (value.length === 1) return refuse('unsigned', 'envelope', 'has no key and no signature');
  if (value.length !== PARTS.length) {
    return refuse('bad-envelope', 'envelope', `has ${value.length} parts, must have 3`);
  }
  const parts: Uint8Array[] = [];
  for (const [i, part] of value.entries()) {
    const { name, length } = PARTS[i]!;
    if (!(part instanceof Uint8Array)) {
      return refuse('bad-envelope', `envelope, ${name}`, 'is not a byte string');
    }
    if (length !== undefined && part.length !== length) {
      return refuse('bad-envelope', `envelope, ${name}`, `has ${part.length} bytes, not ${length}`);
    }
    parts.push(part);
  }
  const [descriptor, publicKey, signature] = parts as [Uint8Array, Uint8Array, Uint8Array];
  return { ok: true, value: { descriptor, publicKey, signature } };
}

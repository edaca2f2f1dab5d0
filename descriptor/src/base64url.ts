/**
 * base64url without padding, RFC 4648 section 5, strict: one text for each byte string.
 */
import { refuse } from './errors.ts';
import type { Result } from './errors.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Sextet of each ASCII code, 255 where there is none. */
const SEXTETS = new Uint8Array(128).fill(255);
for (let i = 0; i < ALPHABET.length; i++) SEXTETS[ALPHABET.charCodeAt(i)] = i;

export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63);
    if (left > 1) text += ALPHABET.charAt((word >> 6) & 63);
    if (left > 2) text += ALPHABET.charAt(word & 63);
  }
  return text;
}

/**
 * Decode text to bytes.
 *
 * @param text - at most as long as the caller's cap: three bytes are allocated for four characters
 * @param skipped - characters before `text` in what the person sees, for the place in messages
 * @returns the bytes, or not-base64url, bad-length, pad-bits
 */
export function decodeBase64url(text: string, skipped = 0): Result<Uint8Array> {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let out = 0;
  let word = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const sextet = SEXTETS[text.charCodeAt(i)] ?? 255;
    if (sextet === 255) {
      const code = text.charCodeAt(i).toString(16).padStart(4, '0').toUpperCase();
      const where = `link, character ${skipped + i + 1}`;
      return refuse('not-base64url', where, `U+${code} is not in the base64url alphabet`);
    }
    word = ((word << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (word >> bits) & 0xff;
    }
  }
  if (bits === 6) {
    const found = `${text.length} characters cannot be a whole number of bytes; is one missing?`;
    return refuse('bad-length', 'link', found);
  }
  if ((word & ((1 << bits) - 1)) !== 0) {
    const where = `link, character ${skipped + text.length}`;
    return refuse('pad-bits', where, `the last ${bits} bits must be zero`);
  }
  return { ok: true, value: bytes };
}

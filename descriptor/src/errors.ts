/**
 * The failures of the format. A failure is a value: the name is stable and normative (SPEC.md
 * section 7), `where` names the place, the message is for people and may be reworded.
 */

/** Name of each failure, with what it means in one sentence; in the order a decoder looks. */
export const FAILURES = {
  'link-too-long': 'the link has more characters than any link may have',
  'not-a-link': 'the text does not begin with p and a version digit',
  'unknown-version': 'the link is of a version that this software does not know',
  'not-base64url': 'a character is outside the base64url alphabet',
  'bad-length': 'no whole number of bytes has this many base64url characters',
  'pad-bits': 'the unused bits of the last character are not zero',
  truncated: 'the compressed data ends before its end mark: a part of the link is missing',
  'bad-deflate': 'the compressed data is damaged',
  'inflates-past-cap': 'the compressed data unfolds to more than the cap',
  'trailing-bytes': 'bytes follow the end of the compressed data',
  'not-canonical': 'the same content has another, shorter or pinned, spelling',
  'cbor-truncated': 'a CBOR item ends before its declared length',
  'cbor-trailing-bytes': 'bytes follow the CBOR item',
  'cbor-malformed': 'the bytes are not well-formed CBOR',
  'cbor-unsupported': 'a CBOR type that the format does not use',
  'cbor-bad-text': 'a text string is not UTF-8, or has a byte order mark',
  'cbor-not-deterministic': 'the CBOR is not in the one deterministic form',
  'cbor-too-deep': 'arrays and maps are nested deeper than the cap',
  'cbor-too-many-items': 'more data items than the cap',
  unsigned: 'the envelope has no key and no signature',
  'bad-envelope': 'the envelope is not (descriptor, public key, signature)',
  'bad-signature': "the signature is not the key's over this descriptor",
  'wrong-type': 'a value has another type than its field',
  'unknown-field': 'a field that this version does not define',
  'missing-field': 'a required field is absent',
  'conflicting-fields': 'two fields that exclude each other',
  'spelled-default': 'a field spells out its default and must be left out',
  'limit-exceeded': 'a value is longer, larger or more numerous than its cap',
  'bad-value': "a value breaks its field's grammar",
  'bad-text': 'text for people has control, direction or other hidden characters',
  'bad-path': "a path of an overlay leads elsewhere than below the machine's root, or has two spellings",
  'unsorted-paths': 'the paths of an overlay are not in rising order, or one occurs twice',
  'path-conflict': 'a path of an overlay goes through something that the overlay does not leave a directory',
  'duplicate-mount': 'two mounts have the same path',
  'duplicate-layer': 'two layers have the same name or the same root',
} as const;

export type FailureName = keyof typeof FAILURES;

export interface Failure<Name extends string = FailureName> {
  readonly name: Name;
  /** "link", "link, character 17", "envelope, byte 3", "boot.env.HOME", "packages[2].root" ... */
  readonly where: string;
  /** one sentence: what is wrong and where */
  readonly message: string;
}

export type Result<T, F = Failure> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: F };

/**
 * Make a failed result.
 *
 * @param detail - what was found, e.g. "has 300 bytes, at most 256 are allowed"
 */
export function refuse(
  name: FailureName,
  where: string,
  detail: string,
): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { name, where, message: `${where}: ${detail}` } };
}

/** Thrown where a caller broke a promise: an invalid descriptor handed to encodeLink. */
export class LinkError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(`${failure.name}: ${failure.message}`);
    this.failure = failure;
    this.name = 'LinkError';
  }
}

/**
 * Deterministic CBOR, RFC 8949 section 4.2.1, cut down to what the format uses: unsigned integers
 * up to 2^53-1, byte and text strings, arrays, maps, true and false.
 * Bytes are walked once under the caps of LIMITS before the decoder may allocate anything.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { equalBytes } from './bytes.ts';
import { refuse } from './errors.ts';
import type { Failure, FailureName, Result } from './errors.ts';
import { LIMITS } from './limits.ts';

export type CborValue = number | boolean | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/**
 * Decode one CBOR item that fills `bytes`.
 *
 * @param what - "envelope", "descriptor" or "overlay", for messages
 * @param maxItems - most data items
 * @returns the value, maps as Map; or a failure named cbor-...
 */
export function decodeCbor(bytes: Uint8Array, what: string, maxItems: number = LIMITS.cborItems): Result<unknown> {
  const failure = new Walk(bytes, what, maxItems).run();
  if (failure !== undefined) return { ok: false, failure };
  const value: unknown = decode(bytes, { useMaps: true, allowIndefinite: false, strict: true });
  /* what the walk leaves: the order of map keys, and keys that occur twice */
  if (!equalBytes(encode(value, rfc8949EncodeOptions), bytes)) {
    const found = 'the keys of a map are out of order or occur twice';
    return refuse('cbor-not-deterministic', what, found);
  }
  return { ok: true, value };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One pass over the heads of all data items; no recursion and no copies. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  /** each open array or map; a map's items are its keys and values, so keys come at even counts */
  readonly #open: { left: number; readonly isMap: boolean }[] = [];
  readonly #maxItems: number;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array, what: string, maxItems: number) {
    this.#bytes = bytes;
    this.#what = what;
    this.#maxItems = maxItems;
  }

  run(): Failure | undefined {
    do {
      const failure = this.#item();
      if (failure !== undefined) return failure;
      while (this.#open.at(-1)?.left === 0) this.#open.pop();
    } while (this.#open.length > 0);
    const left = this.#bytes.length - this.#at;
    return left === 0
      ? undefined
      : this.#fail('cbor-trailing-bytes', this.#at, `${left} bytes follow the item`);
  }

  #fail(name: FailureName, at: number, detail: string): Failure {
    return refuse(name, `${this.#what}, byte ${at}`, detail).failure;
  }

  #item(): Failure | undefined {
    const start = this.#at;
    const initial = this.#bytes[start];
    if (initial === undefined) return this.#fail('cbor-truncated', start, 'an item is missing');
    if (++this.#items > this.#maxItems) {
      return this.#fail('cbor-too-many-items', start, `more than ${this.#maxItems} items`);
    }
    const around = this.#open.at(-1);
    const isKey = around !== undefined && around.isMap && around.left % 2 === 0;
    if (around !== undefined) around.left--;
    const major = initial >> 5;
    const argument = this.#head(initial, start);
    if (typeof argument !== 'number') return argument;
    if (isKey && major !== 0 && major !== 3) {
      return this.#fail('cbor-unsupported', start, 'a map key that is neither integer nor text');
    }
    switch (major) {
      case 0:
        return undefined;
      case 2:
      case 3:
        return this.#string(major === 3, argument, start);
      case 4:
        return this.#enter(argument, argument, false, start);
      case 5:
        return this.#enter(argument, 2 * argument, true, start);
      default:
        if (initial === 0xf4 || initial === 0xf5) return undefined;
        return this.#fail('cbor-unsupported', start, `item head 0x${initial.toString(16)}`);
    }
  }

  /** The argument of a head, which must be in its shortest form. */
  #head(initial: number, start: number): number | Failure {
    const info = initial & 31;
    this.#at = start + 1;
    if (info < 24) return info;
    const indefinite = initial >> 5 >= 2 && initial >> 5 <= 5;
    if (info > 27) {
      if (info === 31 && indefinite) {
        return this.#fail('cbor-not-deterministic', start, 'an item of indefinite length');
      }
      return this.#fail('cbor-malformed', start, `item head 0x${initial.toString(16)}`);
    }
    const width = 1 << (info - 24);
    if (this.#bytes.length - this.#at < width) {
      return this.#fail('cbor-truncated', start, 'the bytes end inside an item head');
    }
    let argument = 0;
    for (let i = 0; i < width; i++) argument = argument * 256 + this.#bytes[this.#at++]!;
    if (initial >> 5 === 7) return argument; /* floats and simple values: refused by the caller */
    if (argument > Number.MAX_SAFE_INTEGER) {
      return this.#fail('cbor-unsupported', start, 'a number above 2^53-1');
    }
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (argument < least) {
      return this.#fail(
        'cbor-not-deterministic',
        start,
        `${argument} in ${width} bytes is too long`,
      );
    }
    return argument;
  }

  #string(isText: boolean, length: number, start: number): Failure | undefined {
    const left = this.#bytes.length - this.#at;
    if (length > left) {
      const found = `a string of ${length} bytes where ${left} are left`;
      return this.#fail('cbor-truncated', start, found);
    }
    const end = this.#at + length;
    if (isText && !isPlainText(this.#bytes.subarray(this.#at, end))) {
      return this.#fail('cbor-bad-text', start, 'a text that is not UTF-8, or has U+FEFF');
    }
    this.#at = end;
    return undefined;
  }

  #enter(count: number, items: number, isMap: boolean, start: number): Failure | undefined {
    if (this.#open.length >= LIMITS.cborDepth) {
      return this.#fail('cbor-too-deep', start, `nested deeper than ${LIMITS.cborDepth}`);
    }
    const left = this.#bytes.length - this.#at;
    if (items > left) {
      const found = `a list of ${count} where ${left} bytes are left`;
      return this.#fail('cbor-truncated', start, found);
    }
    this.#open.push({ left: items, isMap });
    return undefined;
  }
}

function isPlainText(bytes: Uint8Array): boolean {
  try {
    return !utf8.decode(bytes).includes('\ufeff');
  } catch {
    return false;
  }
}

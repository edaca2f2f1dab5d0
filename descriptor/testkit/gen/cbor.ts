/** Failures of the CBOR, in the envelope and in a validly signed descriptor. */
import { encodeCbor } from '../../src/cbor.ts';
import { fromHex } from '../../src/bytes.ts';
import type { FailureName } from '../../src/errors.ts';
import { concat, layer, linkOf, signedLink, smallest } from './vector.ts';
import type { Vector } from './vector.ts';

/** [name, failure, comment, hex of the whole item] */
type Row = readonly [string, FailureName, string, string];

const ENVELOPES: readonly Row[] = [
  ['list-cut', 'cbor-truncated', 'a list of three with one part', '8341aa'],
  ['list-huge', 'cbor-truncated', 'a list of 4,294,967,295 in five bytes', '9affffffff'],
  ['string-huge', 'cbor-truncated', 'a byte string of 2 GB in five bytes', '5a7fffffff'],
  ['head-cut', 'cbor-truncated', 'the bytes end inside a length', '59ff'],
  ['two-items', 'cbor-trailing-bytes', 'an empty list, then another', '8080'],
  ['indefinite-list', 'cbor-not-deterministic', 'a list that ends by a break', '9f41aaff'],
  ['indefinite-bytes', 'cbor-not-deterministic', 'a byte string in pieces', '815f41aaff'],
  ['long-length', 'cbor-not-deterministic', 'length 1 in two bytes', '815801aa'],
  ['long-count', 'cbor-not-deterministic', 'count 1 in nine bytes', '9b000000000000000141aa'],
  ['long-integer', 'cbor-not-deterministic', '255 in three bytes', '811900ff'],
  ['reserved-head', 'cbor-malformed', 'additional information 28', '811c'],
  ['break-alone', 'cbor-malformed', 'a break outside of anything', '81ff'],
  ['tag', 'cbor-unsupported', 'tag 24, CBOR in a byte string', '81d81841aa'],
  ['float', 'cbor-unsupported', '1.5 as a half', '81f93e00'],
  ['null', 'cbor-unsupported', 'null', '81f6'],
  ['negative', 'cbor-unsupported', '-1', '8120'],
  ['simple', 'cbor-unsupported', 'simple value 32', '81f820'],
  [
    'above-2-53',
    'cbor-unsupported',
    '2^53, which doubles cannot tell from 2^53+1',
    '811b0020000000000000',
  ],
  ['key-bytes', 'cbor-unsupported', 'a byte string as map key', 'a1410100'],
  ['key-list', 'cbor-unsupported', 'a list as map key', 'a18001'],
  ['not-utf8', 'cbor-bad-text', 'a text with the byte FF', '8161ff'],
  ['surrogate', 'cbor-bad-text', 'a text with half a surrogate pair', '8163eda080'],
  ['long-utf8', 'cbor-bad-text', 'a slash in two bytes', '8162c0af'],
  ['byte-order-mark', 'cbor-bad-text', 'a text that begins with U+FEFF', '8163efbbbf'],
  ['key-twice', 'cbor-not-deterministic', 'a map with one key twice', 'a201010102'],
  ['key-order', 'cbor-not-deterministic', 'a map with its keys in falling order', 'a202010101'],
  ['key-order-text', 'cbor-not-deterministic', '"b" after "aa"', 'a262616101616202'],
  ['deep', 'cbor-too-deep', 'nine lists in each other', '818181818181818180'],
];

export async function cbor(): Promise<Vector[]> {
  const vectors: Vector[] = ENVELOPES.map(([name, expect, comment, hex]) => ({
    name: `cbor-${name}`,
    expect,
    comment,
    link: linkOf(fromHex(hex)),
  }));
  const items = encodeCbor(Array.from({ length: 8_192 }, () => 0));
  vectors.push({
    name: 'cbor-many-items',
    expect: 'cbor-too-many-items',
    where: 'envelope, byte 8194',
    comment: 'a list of 8,192 zeros is 8,193 items',
    link: linkOf(items),
  });
  const bytes = encodeCbor(smallest());
  const longSize = concat(bytes.subarray(0, -3), fromHex('1a00001000'));
  const swapped = encodeCbor(new Map([[1, layer('shell', 0x22)]]));
  vectors.push(
    {
      name: 'descriptor-empty',
      expect: 'cbor-truncated',
      where: 'descriptor, byte 0',
      comment: 'no bytes, validly signed',
      link: await signedLink(new Uint8Array(0)),
    },
    {
      name: 'descriptor-cut',
      expect: 'cbor-truncated',
      comment: 'the last byte of the descriptor was left out before signing',
      link: await signedLink(bytes.subarray(0, -1)),
    },
    {
      name: 'descriptor-trailing-byte',
      expect: 'cbor-trailing-bytes',
      comment: 'a zero byte after the map, validly signed',
      link: await signedLink(concat(bytes, Uint8Array.of(0))),
    },
    {
      name: 'descriptor-long-integer',
      expect: 'cbor-not-deterministic',
      comment: 'the size 4096 in five bytes, validly signed',
      link: await signedLink(longSize),
    },
    {
      name: 'descriptor-key-order',
      expect: 'cbor-not-deterministic',
      comment: 'the fields 2 and 1 in this order, validly signed',
      link: await signedLink(
        concat(
          Uint8Array.of(0xa2, 0x02),
          swapped.subarray(2),
          Uint8Array.of(0x01),
          encodeCbor(new Uint8Array(32).fill(0x11)),
        ),
      ),
    },
  );
  return vectors;
}

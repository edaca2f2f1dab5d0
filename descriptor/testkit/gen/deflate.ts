/** Failures of the compressed data. */
import * as pako from 'pako';
import { encodeBase64url } from '../../src/base64url.ts';
import { encodeCbor } from '../../src/cbor.ts';
import { deflatePinned } from '../../src/deflate.ts';
import { signDescriptor } from '../../src/sign.ts';
import { concat, linkOf, smallest, testKey } from './vector.ts';
import type { Vector } from './vector.ts';

const descriptor = encodeCbor(smallest());
const signature = await signDescriptor(descriptor, testKey);
const envelope = encodeCbor([descriptor, testKey.publicKey, signature]);
const packed = deflatePinned(envelope);

const link = (bytes: Uint8Array): string => `p1${encodeBase64url(bytes)}`;

export function deflate(): Vector[] {
  return [
    {
      name: 'deflate-empty',
      expect: 'truncated',
      comment: 'the prefix alone',
      link: 'p1',
    },
    {
      name: 'deflate-truncated-early',
      expect: 'truncated',
      comment: 'the first three bytes',
      link: link(packed.subarray(0, 3)),
    },
    {
      name: 'deflate-truncated-half',
      expect: 'truncated',
      comment: 'the first half, as a chat that cuts long lines leaves it',
      link: link(packed.subarray(0, packed.length >> 1)),
    },
    {
      name: 'deflate-truncated-last-byte',
      expect: 'truncated',
      comment: 'the last byte is missing',
      link: link(packed.subarray(0, -1)),
    },
    {
      name: 'deflate-reserved-block',
      expect: 'bad-deflate',
      comment: 'block type 3 does not exist',
      link: link(Uint8Array.of(0x07, 0x00)),
    },
    {
      name: 'deflate-stored-length',
      expect: 'bad-deflate',
      comment: 'a stored block whose two lengths disagree',
      link: link(Uint8Array.of(0x01, 0x01, 0x00, 0x00, 0x00, 0x00)),
    },
    {
      name: 'deflate-far-distance',
      expect: 'bad-deflate',
      comment: 'a copy from before the beginning',
      link: link(Uint8Array.of(0x03, 0x02, 0x00)),
    },
    {
      name: 'deflate-zlib-header',
      expect: 'bad-deflate',
      comment: 'a zlib wrapper around the data',
      link: link(pako.deflate(envelope, { level: 9 })),
    },
    {
      name: 'deflate-bomb',
      expect: 'inflates-past-cap',
      comment: '20 MB of zeros in 20 KB',
      link: link(deflatePinned(new Uint8Array(20_000_000))),
    },
    {
      name: 'deflate-one-past-cap',
      expect: 'inflates-past-cap',
      comment: '262,145 bytes',
      link: link(deflatePinned(new Uint8Array(262_145))),
    },
    {
      name: 'deflate-trailing-byte',
      expect: 'trailing-bytes',
      comment: 'a zero byte after the end mark',
      link: link(concat(packed, Uint8Array.of(0))),
    },
    {
      name: 'deflate-two-streams',
      expect: 'trailing-bytes',
      comment: 'the same data twice',
      link: link(concat(packed, packed)),
    },
    {
      name: 'deflate-stored',
      expect: 'not-canonical',
      comment: 'the right content, not compressed',
      link: link(pako.deflateRaw(envelope, { level: 0 })),
    },
    {
      name: 'deflate-other-level',
      expect: 'not-canonical',
      comment: 'the right content at level 1',
      link: link(pako.deflateRaw(envelope, { level: 1, strategy: pako.Z_HUFFMAN_ONLY })),
    },
    {
      name: 'deflate-unused-bits',
      expect: 'not-canonical',
      comment: 'a one in the unused bits of the last byte',
      link: link(concat(packed.subarray(0, -1), Uint8Array.of(packed.at(-1)! | 0x80))),
    },
    {
      name: 'deflate-empty-block',
      expect: 'not-canonical',
      comment: 'an empty stored block in front',
      link: link(concat(Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff), packed)),
    },
    {
      name: 'envelope-empty',
      expect: 'cbor-truncated',
      where: 'envelope, byte 0',
      comment: 'nothing is compressed',
      link: linkOf(new Uint8Array(0)),
    },
  ];
}

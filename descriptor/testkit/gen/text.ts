/** Failures of the text: prefix, alphabet, length, pad bits. */
import { signedMap, smallest } from './vector.ts';
import type { Vector } from './vector.ts';

const whole = await signedMap(smallest());
const body = whole.slice(2);

export function text(): Vector[] {
  return [
    {
      name: 'link-empty',
      expect: 'not-a-link',
      comment: 'no text at all',
      link: '',
    },
    {
      name: 'link-no-prefix',
      expect: 'not-a-link',
      comment: 'the body alone',
      link: body,
    },
    {
      name: 'link-upper-case-prefix',
      expect: 'not-a-link',
      comment: 'P for p',
      link: `P1${body}`,
    },
    {
      name: 'link-with-hash',
      expect: 'not-a-link',
      comment: 'the # belongs to the URL',
      link: `#${whole}`,
    },
    {
      name: 'link-version-0',
      expect: 'not-a-link',
      comment: 'versions begin at 1',
      link: `p0${body}`,
    },
    {
      name: 'link-version-2',
      expect: 'unknown-version',
      comment: 'a version of the future',
      link: `p2${body}`,
    },
    {
      name: 'link-version-9',
      expect: 'unknown-version',
      comment: 'the last version that the prefix can name',
      link: `p9${body}`,
    },
    {
      name: 'link-too-long',
      expect: 'link-too-long',
      comment: 'one character over the cap; looked at before anything else',
      link: `p1${'A'.repeat(32_767)}`,
    },
    {
      name: 'base64-plus',
      expect: 'not-base64url',
      where: 'link, character 12',
      comment: '+ of plain base64 in place of -',
      link: `${whole.slice(0, 11)}+${whole.slice(12)}`,
    },
    {
      name: 'base64-padding',
      expect: 'not-base64url',
      comment: 'padded with =',
      link: `${whole}=`,
    },
    {
      name: 'base64-space',
      expect: 'not-base64url',
      where: 'link, character 3',
      comment: 'a space after the prefix',
      link: `p1 ${body}`,
    },
    {
      name: 'base64-newline',
      expect: 'not-base64url',
      comment: 'broken over two lines, as mail programs do',
      link: `${whole.slice(0, 76)}\n${whole.slice(76)}`,
    },
    {
      name: 'base64-percent',
      expect: 'not-base64url',
      comment: 'percent-encoded',
      link: `p1%2D${body}`,
    },
    {
      name: 'base64-not-ascii',
      expect: 'not-base64url',
      comment: 'a Cyrillic letter that looks like a Latin one',
      link: `p1\u0410${body.slice(1)}`,
    },
    {
      name: 'base64-length',
      expect: 'bad-length',
      comment: 'four whole characters and one more',
      link: 'p1AAAAA',
    },
    {
      name: 'base64-pad-bits-4',
      expect: 'pad-bits',
      comment: 'one byte in two characters: the lowest of four pad bits is one',
      link: 'p1AAAAAB',
    },
    {
      name: 'base64-pad-bits-2',
      expect: 'pad-bits',
      comment: 'two bytes in three characters: the lowest of two pad bits is one',
      link: 'p1AAAAAAB',
    },
  ];
}

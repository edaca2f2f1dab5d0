/** Links that are right: each shows one part of the format. */
import { encodeLink } from '../../src/encode.ts';
import type { Descriptor } from '../../src/types.ts';
import { testKey } from './vector.ts';
import type { Vector } from './vector.ts';

const runtime = '11'.repeat(32);
const base = { name: 'shell', root: '22'.repeat(32), size: 4096 };

const DESCRIPTORS: readonly (readonly [string, string, Descriptor])[] = [
  ['smallest', 'only what is required', { runtime, base }],
  [
    'usual',
    'what `pleat link --cmd` makes; hashes as random as real ones',
    {
      runtime: '8f3a6c1e0b7d95244ce1f0a83b6d72915e0c48fa97d1b6230e5fa4c87d921b36',
      base: {
        name: 'shell',
        root: 'c05d7be2914fa36870d2e8b15c94073fae61d8240b9f573cd18ea6420f7b39e5',
        size: 12_582_912,
      },
      boot: { cmd: 'echo hello; exec sh -l', env: { GREETING: 'hello' }, cwd: '/root' },
      title: 'Hello',
    },
  ],
  [
    'everything',
    'every field at once',
    {
      runtime,
      base: { ...base, from: ['images/', 'https://mirror.example.org:8443/pleat/v1/'] },
      packages: [
        { name: 'lua', root: '33'.repeat(32), size: 1_048_576 },
        { name: 'gcc-14.2+x', root: '44'.repeat(32), size: 5_000_000_000, from: ['/pkg/'] },
      ],
      boot: {
        argv: ['/usr/bin/lua', '-e', 'print("a b")', ''],
        env: { A: '', LANG: 'C.UTF-8', _private_2: 'x=y' },
        user: 'guest',
        cwd: '/home/guest',
        tty: false,
      },
      title: 'Lua, the language',
      description: 'First line.\nSecond line.',
    },
  ],
  [
    'overlay',
    'each type of entry; contents that are no text; paths in the order of their bytes',
    {
      runtime,
      base,
      overlays: [
        {
          files: [
            { path: 'etc/motd', content: 'Welcome.\n' },
            { path: 'home', type: 'directory' },
            { path: 'home/guest', type: 'directory', mode: 0o700, uid: 1000, gid: 1000 },
            { path: 'home/guest/a.sh', mode: 0o755, uid: 1000, gid: 1000, content: '#!/bin/sh\necho hi\n' },
            { path: 'home/guest/b', type: 'hardlink', target: 'home/guest/a.sh' },
            { path: 'home/guest/bytes', content: { base64url: '_wAB' }, mtime: 1_700_000_000 },
            { path: 'home/guest/empty', mode: 0o600 },
            { path: 'home/guest/link', type: 'symlink', target: '../../etc/motd', uid: 1000 },
            { path: 'opt', type: 'opaque' },
            { path: 'opt-\uff5e' },
            { path: 'opt-\u{1f434}' },
            { path: 'opt/new' },
            { path: 'usr/bin/dash', type: 'deleted' },
          ],
        },
        { blob: { hash: '77'.repeat(32), size: 123_456 } },
        { blob: { hash: '78'.repeat(32), size: 99, from: ['https://files.example.org/o/'], key: '79'.repeat(32) } },
      ],
    },
  ],
  [
    'all-fields',
    'every field from 7 on, and every type of mount and panel',
    {
      runtime,
      base,
      mounts: [
        { path: '/scratch', type: 'tmpfs', size: 1_048_576 },
        { path: '/run', type: 'tmpfs' },
        { path: '/opt/lua', type: 'layer', layers: [{ name: 'lua', root: '33'.repeat(32), size: 4096 }] },
        {
          path: '/srv',
          type: 'overlay',
          layers: [
            { name: 'site', root: '34'.repeat(32), size: 4096 },
            { name: 'more', root: '35'.repeat(32), size: 4096 },
          ],
        },
        { path: '/home/guest', type: 'opfs', name: 'guest' },
        { path: '/data', type: 'archive', archive: { hash: '36'.repeat(32), size: 10_240 } },
      ],
      panels: [
        { type: 'canvas', title: 'Screen' },
        { type: 'terminal' },
        { type: 'web', port: 8080, title: 'Site' },
        { type: 'file', path: '/srv/README' },
        { type: 'log' },
      ],
      capabilities: ['clipboard', 'network', 'persistence'],
      author: 'A. Nonymous',
      licence: 'GPL-2.0-or-later WITH Classpath-exception-2.0',
      documentation: ['https://example.org/', 'http://example.org:8080/a/b.html?c=d#e'],
      services: [
        { name: 'web', port: 8080 },
        { name: 'db', path: '/run/db.sock', seconds: 60 },
      ],
      clock: 946_684_800,
      seed: '99'.repeat(32),
      pad: [
        { label: '\u2190', key: 105, x: 0, y: 6 },
        { label: 'Fire', key: 29, x: 15, y: 7 },
      ],
    },
  ],
  ['argv', 'a program with arguments', { runtime, base, boot: { argv: ['/bin/ls', '-l'] } }],
  ['no-tty', 'byte streams in place of a terminal', { runtime, base, boot: { tty: false } }],
  [
    'not-english',
    'text beyond ASCII, four-byte characters included',
    { runtime, base, title: 'Машина 機械 🖥', boot: { cmd: 'echo "žluťoučký 🐎"' } },
  ],
  [
    'env-order',
    'CBOR orders keys by length first; the order in JSON says nothing',
    { runtime, base, boot: { env: { BB: '1', A: '2', AAA: '3', B: '4' } } },
  ],
  [
    'env-proto',
    'names that JavaScript objects have already',
    {
      runtime,
      base,
      boot: { env: JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string> },
    },
  ],
  [
    'limits-reached',
    'each text and list exactly at its cap',
    {
      runtime,
      base: {
        name: 'n'.repeat(64),
        root: base.root,
        size: 1_099_511_627_776,
        from: Array.from({ length: 8 }, (_, i) => `${i}${'u'.repeat(510)}/`),
      },
      boot: { cmd: 'c'.repeat(16_384), user: 'u'.repeat(32), cwd: '/d'.repeat(64) },
      title: 'é'.repeat(128),
      description: 'd'.repeat(4_096),
    },
  ],
  [
    'long-command',
    'more than one block of the window: the compressor is pinned here too',
    {
      runtime,
      base,
      boot: { cmd: Array.from({ length: 900 }, (_, i) => `echo ${(i * 7919) % 10007};`).join(' ') },
    },
  ],
];

export async function good(): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for (const [name, comment, descriptor] of DESCRIPTORS) {
    const link = await encodeLink(descriptor, testKey);
    vectors.push({ name: `good-${name}`, expect: 'success', comment, descriptor, link });
  }
  return vectors;
}

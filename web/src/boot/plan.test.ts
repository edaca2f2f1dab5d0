/** Boot plans from descriptors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import { planFromDescriptor } from './plan.ts';

const APP = 'http://app.pleat.localhost:8437/sub/index.html?a=b';
const root = (digit: string): string => digit.repeat(64);

const smallest: Descriptor = {
  runtime: root('1'),
  base: { name: 'shell', root: root('2'), size: 4096 },
};

test('plan of the smallest descriptor: the defaults of the specification', () => {
  const plan = planFromDescriptor(smallest, APP);
  assert.deepEqual(plan, {
    layers: [
      {
        name: 'shell',
        root: root('2'),
        size: 4096,
        from: ['http://app.pleat.localhost:8437/sub/images/'],
      },
    ],
    argv: [],
    env: [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      'USER=root',
      'LOGNAME=root',
      'LANG=C.UTF-8',
      'TERM=xterm-256color',
    ],
    user: 'root',
    cwd: '/',
    tty: true,
  });
});

test('plan of a full descriptor: packages above the base, env over the defaults, no TERM', () => {
  const plan = planFromDescriptor(
    {
      ...smallest,
      packages: [
        { name: 'lua', root: root('3'), size: 1, from: ['/pkg/', 'https://mirror.example.org/p/'] },
        { name: 'git', root: root('4'), size: 2 },
      ],
      boot: {
        argv: ['/usr/bin/lua', '-v'],
        env: { PATH: '/bin', B: 'x=y' },
        user: 'guest',
        cwd: '/tmp',
        tty: false,
      },
    },
    APP,
  );
  assert.deepEqual(
    plan.layers.map((layer) => layer.name),
    ['shell', 'lua', 'git'],
  );
  assert.deepEqual(plan.layers[1]?.from, [
    'http://app.pleat.localhost:8437/pkg/',
    'https://mirror.example.org/p/',
  ]);
  assert.deepEqual(plan.argv, ['/usr/bin/lua', '-v']);
  assert.deepEqual(plan.env, [
    'PATH=/bin',
    'HOME=/home/guest',
    'USER=guest',
    'LOGNAME=guest',
    'LANG=C.UTF-8',
    'B=x=y',
  ]);
  assert.equal(plan.user, 'guest');
  assert.equal(plan.cwd, '/tmp');
  assert.equal(plan.tty, false);
});

test('plan of a command: sh -c with the command as one argument', () => {
  const plan = planFromDescriptor({ ...smallest, boot: { cmd: 'echo "a b"; ls' } }, APP);
  assert.deepEqual(plan.argv, ['/bin/sh', '-c', 'echo "a b"; ls']);
});

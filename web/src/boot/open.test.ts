import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEATURES } from './features.ts';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import { failureOf, openLink } from './open.ts';
import type { Parts } from './open.ts';
import { lacksOf } from './support.ts';
import { MachineError } from './types.ts';
import type { BootPlan, Machine } from './types.ts';

const OWN = 'a'.repeat(64);
const OLD = 'b'.repeat(64);
const PLAN: BootPlan = { layers: [], argv: [], env: [], user: 'root', cwd: '/', tty: true };
const MACHINE = {} as Machine;

function scene(given: Partial<Parts> & { readonly names?: string } = {}) {
  const calls: string[] = [];
  const parts: Parts = {
    runtime: OWN,
    support: () => undefined,
    verify: async () => {
      calls.push('verify');
      return {
        ok: true,
        value: {
          descriptor: { runtime: given.names ?? OWN, base: { name: 'shell', root: OLD, size: 4096 } },
          publisher: { key: OWN, short: 'abcd-efgh-ijkl-mnop' },
        },
      };
    },
    hasRuntime: async (hash) => {
      calls.push(`hasRuntime ${hash[0]}`);
      return hash === OLD;
    },
    judge: async () => ({ standing: 'site', trusted: true, grants: [] }),
    accept: async () => undefined,
    opened: async () => undefined,
    features: async () => FEATURES,
    overlays: async () => [],
    plan: () => {
      calls.push('plan');
      return PLAN;
    },
    start: async (_, runtime) => {
      calls.push(`start ${runtime[0]}`);
      return MACHINE;
    },
    ...given,
  };
  return { parts, calls };
}

test('openLink verifies, plans and leaves starting to its caller', async () => {
  const { parts, calls } = scene();
  const result = await openLink('p1', parts);
  assert.deepEqual(calls, ['verify', 'plan']);
  assert.ok(result.ok);
  assert.equal(await result.value.start(), MACHINE);
  assert.deepEqual(calls, ['verify', 'plan', 'start a']);
});

test('a link that asks for what the runtime cannot do is refused by the field, before anything is planned', async () => {
  const base = { name: 'shell', root: OLD, size: 4096 };
  const publisher = { key: OWN, short: 'abcd-efgh-ijkl-mnop' };
  const asks: readonly (readonly [string, Partial<Descriptor>])[] = [
    ['seed', { seed: OLD }],
    ['services', { services: [{ name: 'web', port: 80 }] }],
    ['mounts[1]', { mounts: [{ path: '/a', type: 'tmpfs' }, { path: '/b', type: 'opfs', name: 'x' }] }],
    ['capabilities[0]', { capabilities: ['network'] }],
    ['panels[0]', { panels: [{ type: 'web', port: 80 }] }],
  ];
  for (const [where, more] of asks) {
    const descriptor = { runtime: OWN, base, ...more };
    const { parts, calls } = scene({ verify: async () => ({ ok: true, value: { descriptor, publisher } }) });
    const result = await openLink('p1', parts);
    assert.ok(!result.ok);
    assert.equal(result.failure.name, 'unsupported');
    assert.equal(result.failure.where, where);
    assert.deepEqual(calls, []);
  }
});

test('an older runtime that has no list of features opens what needs none, and nothing else', async () => {
  const { parts } = scene({ names: OLD, features: async () => [] });
  assert.ok((await openLink('p1', parts)).ok);
  const overlays = [{ files: [{ path: 'x' }] }];
  const descriptor = { runtime: OLD, base: { name: 'shell', root: OLD, size: 4096 }, overlays };
  const verify = async () => ({ ok: true, value: { descriptor, publisher: { key: OWN, short: 'abcd' } } }) as const;
  const refused = await openLink('p1', scene({ verify, features: async () => [] }).parts);
  assert.ok(!refused.ok && refused.failure.name === 'unsupported');
});

test('the overlays of a link reach the machine, loaded at its start and not before', async () => {
  const overlays = [{ files: [{ path: 'x' }] }];
  const descriptor = { runtime: OWN, base: { name: 'shell', root: OLD, size: 4096 }, overlays };
  const bytes = [Uint8Array.of(0x80)];
  let started: BootPlan | undefined;
  let loads = 0;
  const { parts } = scene({
    verify: async () => ({ ok: true, value: { descriptor, publisher: { key: OWN, short: 'abcd' } } }),
    overlays: async () => {
      loads++;
      return bytes;
    },
    start: async (plan) => {
      started = plan;
      return MACHINE;
    },
  });
  const opened = await openLink('p1', parts);
  assert.ok(opened.ok);
  assert.equal(loads, 0);
  await opened.value.start();
  assert.deepEqual(started?.overlays, bytes);
});

test('openLink does nothing after a bad signature', async () => {
  const failure = { name: 'bad-signature', where: 'envelope', message: 'envelope: no' } as const;
  const { parts, calls } = scene({ verify: async () => ({ ok: false, failure }) });
  assert.deepEqual(await openLink('p1', parts), { ok: false, failure });
  assert.deepEqual(calls, []);
});

test('openLink does not even verify where no machine can run', async () => {
  const { parts, calls } = scene({ support: () => lacksOf({ WebAssembly: {}, crossOriginIsolated: false }) });
  const result = await openLink('p1', parts);
  assert.equal(!result.ok && result.failure.name, 'not-isolated');
  assert.deepEqual(calls, []);
});

test('openLink says so when the verifier itself fails', async () => {
  const { parts } = scene({ verify: () => Promise.reject(new Error('no Worker')) });
  const result = await openLink('p1', parts);
  assert.equal(!result.ok && result.failure.name, 'verifier-failed');
});

test('openLink starts the runtime that the link names when it is published', async () => {
  const { parts, calls } = scene({ names: OLD });
  const result = await openLink('p1', parts);
  assert.ok(result.ok);
  await result.value.start();
  assert.deepEqual(calls, ['verify', 'hasRuntime b', 'plan', 'start b']);
});

test('openLink refuses an unknown runtime until the person chooses the own one', async () => {
  const { parts, calls } = scene({ names: 'c'.repeat(64) });
  const result = await openLink('p1', parts);
  assert.equal(!result.ok && result.failure.name, 'unknown-runtime');
  assert.deepEqual(calls, ['verify', 'hasRuntime c']);
  const chosen = await openLink('p1', parts, { ownRuntime: true });
  assert.ok(chosen.ok);
  await chosen.value.start();
  assert.equal(calls.at(-1), 'start a');
});

test('openLink tells an unreachable host from an unknown runtime', async () => {
  const { parts } = scene({ names: OLD, hasRuntime: () => Promise.reject(new Error('offline')) });
  const result = await openLink('p1', parts);
  assert.equal(!result.ok && result.failure.name, 'runtime-unreachable');
});

test('failureOf keeps the codes that have a page, also from another copy of the class', () => {
  assert.equal(failureOf(new MachineError('hash-mismatch', 'chunk 3')).name, 'hash-mismatch');
  const foreign = Object.assign(new Error('gone'), { name: 'MachineError', code: 'missing-image' });
  assert.equal(failureOf(foreign).name, 'missing-image');
  const other = failureOf(new MachineError('bad-mood', 'no'));
  assert.deepEqual([other.name, other.message], ['start-failed', 'bad-mood: no']);
  assert.equal(failureOf('text').name, 'start-failed');
});

test('lacksOf names the first thing that is missing', () => {
  const all = { WebAssembly: {}, SharedArrayBuffer: {}, crossOriginIsolated: true, isSecureContext: true };
  assert.equal(lacksOf(all), undefined);
  assert.equal(lacksOf({ ...all, WebAssembly: undefined })?.name, 'no-wasm');
  assert.equal(lacksOf({ ...all, SharedArrayBuffer: undefined })?.name, 'no-shared-memory');
  assert.equal(lacksOf({ ...all, crossOriginIsolated: false })?.name, 'not-isolated');
});

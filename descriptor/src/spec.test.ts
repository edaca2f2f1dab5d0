/** SPEC.md and schema.json say what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { allVectors } from '../testkit/gen/all.ts';
import { linkOf, smallest } from '../testkit/gen/vector.ts';
import { decodeCbor } from './cbor.ts';
import { readEnvelope } from './envelope.ts';
import { FAILURES } from './errors.ts';
import { LIMITS } from './limits.ts';
import { readDescriptor } from './shape.ts';
import type { Descriptor } from './types.ts';

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');
const schema: unknown = JSON.parse(
  readFileSync(new URL('../schema.json', import.meta.url), 'utf8'),
);
const accepts = new Ajv2020({ strict: false, unicodeRegExp: true }).compile(schema as object);
const vectors = await allVectors();

test('section 6 lists the limits of the code', () => {
  const section = spec.slice(spec.indexOf('## 6.'), spec.indexOf('## 7.'));
  const rows = [...section.matchAll(/^\| (\w+) \| (\d+) \|/gm)].map(([, k, v]) => [k, Number(v)]);
  assert.deepEqual(Object.fromEntries(rows), LIMITS);
});

test('section 7 lists the failures of the code with their meaning', () => {
  const section = spec.slice(spec.indexOf('## 7.'), spec.indexOf('## 8.'));
  const rows = [...section.matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(([, k, v]) => [k, v]);
  assert.deepEqual(Object.fromEntries(rows), FAILURES);
});

test('sections 1 to 5 say where each failure arises', () => {
  const body = spec.slice(0, spec.indexOf('## 6.'));
  assert.deepEqual(
    Object.keys(FAILURES).filter((name) => !body.includes(`\`${name}\``)),
    [],
  );
});

test('the schema accepts every descriptor of a good vector', () => {
  const good = vectors.filter((vector) => vector.descriptor !== undefined);
  assert.ok(good.length > 0);
  for (const vector of good) {
    assert.ok(accepts(vector.descriptor), `${vector.name}: ${JSON.stringify(accepts.errors)}`);
  }
});

/** Descriptors in JSON form, each with one mistake. */
const base: Descriptor = {
  runtime: '11'.repeat(32),
  base: { name: 'shell', root: '22'.repeat(32), size: 4096 },
};
const layer = (change: object): unknown => ({ ...base, base: { ...base.base, ...change } });
const boot = (change: object): unknown => ({ ...base, boot: change });
const overlay = (entry: object): unknown => ({ ...base, overlays: [{ files: [entry] }] });
const MISTAKES: readonly unknown[] = [
  null,
  [],
  {},
  { base: base.base },
  { runtime: base.runtime },
  { ...base, mounts: [] },
  { ...base, unknown: [] },
  { ...base, mounts: [{ path: '/', type: 'tmpfs' }] },
  { ...base, mounts: [{ path: '/a', type: 'ext4' }] },
  { ...base, mounts: [{ path: '/a', type: 'tmpfs', name: 'x' }] },
  { ...base, mounts: [{ path: '/a', type: 'layer' }] },
  { ...base, overlays: [{}] },
  { ...base, overlays: [{ files: [] }] },
  overlay({ path: '../x' }),
  overlay({ path: '/x' }),
  overlay({ path: 'a//b' }),
  overlay({ path: 'a', type: 'file' }),
  overlay({ path: 'a', type: 'device' }),
  overlay({ path: 'a', type: 'symlink' }),
  overlay({ path: 'a', type: 'directory', mode: 0o755 }),
  overlay({ path: 'a', type: 'deleted', mode: 0o600 }),
  overlay({ path: 'a', mode: 0o644 }),
  overlay({ path: 'a', uid: 0 }),
  overlay({ path: 'a', content: '' }),
  overlay({ path: 'a', content: { base64url: '=' } }),
  overlay({ path: 'a', content: { base64: 'AAAA' } }),
  overlay({ path: 'a', target: 'b' }),
  { ...base, panels: [{ type: 'web' }] },
  { ...base, panels: [{ type: 'terminal', port: 1 }] },
  { ...base, capabilities: ['everything'] },
  { ...base, capabilities: ['network', 'network'] },
  { ...base, author: '' },
  { ...base, licence: 'a, b' },
  { ...base, documentation: ['ftp://example.org/'] },
  { ...base, services: [{ name: 'x' }] },
  { ...base, services: [{ name: 'x', port: 1, seconds: 30 }] },
  { ...base, clock: -1 },
  { ...base, seed: '00'.repeat(32) },
  { ...base, pad: [{ label: 'A', key: 1, x: 16, y: 0 }] },
  { ...base, runtime: '00'.repeat(32) },
  { ...base, runtime: 'AA'.repeat(32) },
  { ...base, packages: [] },
  { ...base, packages: Array.from({ length: 65 }, () => base.base) },
  { ...base, title: '' },
  { ...base, title: 'a\nb' },
  { ...base, title: 'a\u202eb' },
  { ...base, title: 'a\u{e0041}b' },
  { ...base, title: 't'.repeat(257) },
  { ...base, description: 'a\r\nb' },
  layer({ name: 'Shell' }),
  layer({ name: '' }),
  layer({ size: 0 }),
  layer({ size: 1.5 }),
  layer({ size: 2 ** 40 + 1 }),
  layer({ root: 'zz' }),
  layer({ from: [] }),
  layer({ from: ['images/'] }),
  layer({ from: [''] }),
  layer({ from: ['images'] }),
  layer({ from: ['../x/'] }),
  layer({ from: ['a/./b/'] }),
  layer({ from: ['javascript:x/'] }),
  layer({ from: ['//host/'] }),
  layer({ other: 1 }),
  boot({}),
  boot({ argv: [] }),
  boot({ argv: [''] }),
  boot({ argv: ['a', 1] }),
  boot({ argv: ['a'], cmd: 'b' }),
  boot({ cmd: '' }),
  boot({ cmd: 'a\0b' }),
  boot({ env: {} }),
  boot({ env: { '1A': 'x' } }),
  boot({ env: { A: 1 } }),
  boot({ env: { A: 'v'.repeat(4_097) } }),
  boot({ user: 'root' }),
  boot({ user: 'Guest' }),
  boot({ cwd: '/' }),
  boot({ cwd: '' }),
  boot({ cwd: 'home' }),
  boot({ cwd: '/a/../b' }),
  boot({ cwd: '/a/' }),
  boot({ cwd: '/d'.repeat(65) }),
  boot({ tty: true }),
  boot({ tty: 'no' }),
];

test('schema and code refuse the same mistakes', () => {
  for (const mistake of MISTAKES) {
    const shown = JSON.stringify(mistake).slice(0, 200);
    assert.equal(readDescriptor(mistake, 'json').ok, false, `the code accepts ${shown}`);
    assert.equal(accepts(mistake), false, `the schema accepts ${shown}`);
  }
});

test('the code refuses what the schema cannot say', () => {
  const twice = { ...base, packages: [base.base] };
  assert.ok(accepts(twice));
  assert.equal(readDescriptor(twice, 'json').ok, false);
});

test("the format's order of checks: the outer failure wins", () => {
  const unsigned = readEnvelope(linkOf(Uint8Array.of(0x81, 0xf6)));
  assert.ok(!unsigned.ok);
  assert.equal(unsigned.failure.name, 'cbor-unsupported');
  assert.equal(decodeCbor(Uint8Array.of(0xa1, 0x01, 0x01), 'descriptor').ok, true);
  const both = readDescriptor(smallest().set(18, 1).set(5, ''), 'cbor');
  assert.ok(!both.ok);
  assert.equal(both.failure.name, 'unknown-field');
});

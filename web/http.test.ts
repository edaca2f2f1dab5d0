import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isImmutable, parseRange, resolvePath, servesHost } from './http.ts';

test('servesHost accepts loopback names and any subdomain of pleat.localhost', () => {
  for (const host of ['localhost', 'localhost:8437', '127.0.0.1:8437', 'app.pleat.localhost:8437', 'm-1.PLEAT.localhost'])
    assert.equal(servesHost(host), true, host);
});

test('servesHost refuses names that another site could point at this machine', () => {
  for (const host of [undefined, '', 'example.org', 'pleat.localhost.example.org', 'evilpleat.localhost'])
    assert.equal(servesHost(host), false, String(host));
});

test('resolvePath drops query and fragment and names the index of a folder', () => {
  assert.equal(resolvePath('/?mock=1#p1'), '/index.html');
  assert.equal(resolvePath('/r/a%20b.js'), '/r/a b.js');
});

test('resolvePath refuses what would leave the folder', () => {
  for (const path of ['/../x', '/a/%2e%2e/x', '/a/..', '/%', 'x', '/a\\b', '/%00'])
    assert.equal(resolvePath(path), undefined, path);
});

test('isImmutable is true of names that hold a hash and of no others', () => {
  const hash = '0123456789abcdef'.repeat(4);
  for (const path of [`/r/${hash}/machine.js`, '/assets/main-B3x_9a-Z.js', `/images/${hash}.pack`, `/images/sub/${hash}.idx`])
    assert.equal(isImmutable(path), true, path);
  for (const path of ['/index.html', '/sw.js', '/images/gallery.json', '/r/latest/machine.js'])
    assert.equal(isImmutable(path), false, path);
});

test('parseRange reads the three forms of one range', () => {
  assert.deepEqual(parseRange('bytes=0-99', 1000), [0, 99]);
  assert.deepEqual(parseRange('bytes=900-', 1000), [900, 999]);
  assert.deepEqual(parseRange('bytes=-100', 1000), [900, 999]);
  assert.deepEqual(parseRange('bytes=990-2000', 1000), [990, 999]);
  assert.deepEqual(parseRange('bytes=-5000', 1000), [0, 999]);
});

test('parseRange ignores what a server may ignore and refuses a start past the end', () => {
  for (const header of [undefined, '', 'items=0-1', 'bytes=0-1,5-6', 'bytes=-', 'bytes=9-3'])
    assert.equal(parseRange(header, 1000), undefined, String(header));
  assert.equal(parseRange('bytes=1000-', 1000), 'unsatisfiable');
  assert.equal(parseRange('bytes=-0', 1000), 'unsatisfiable');
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pastedLink, placeOf } from './linktext.ts';

test('pastedLink takes an address, a fragment, a bare text, and unwraps lines', () => {
  for (const input of ['https://pleat.example/#p1abc', '#p1abc', 'p1abc', ' p1a\n  bc\n'])
    assert.equal(pastedLink(input), 'p1abc', input);
});

test('placeOf takes everything for a link but nothing and #/', () => {
  for (const hash of ['', '#', '#/', '#/elsewhere']) assert.equal(placeOf(hash).place, 'start', hash);
  assert.deepEqual(placeOf('#p1abc'), { place: 'machine', link: 'p1abc' });
  assert.deepEqual(placeOf('#nonsense'), { place: 'machine', link: 'nonsense' });
});

test('places of their own have addresses that no link can have', () => {
  assert.deepEqual(placeOf('#/storage'), { place: 'storage' });
  assert.deepEqual(placeOf('#/editor'), { place: 'editor' });
});

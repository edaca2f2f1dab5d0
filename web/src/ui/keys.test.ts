import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlOf, textOfKey, textOfRowKey } from './keys.ts';

const plain = { ctrlKey: false, altKey: false, metaKey: false };

test('textOfKey gives what a terminal sends', () => {
  assert.equal(textOfKey({ ...plain, key: 'a' }), 'a');
  assert.equal(textOfKey({ ...plain, key: 'é' }), 'é');
  assert.equal(textOfKey({ ...plain, key: 'Enter' }), '\r');
  assert.equal(textOfKey({ ...plain, key: 'Backspace' }), '\x7f');
  assert.equal(textOfKey({ ...plain, key: 'c', ctrlKey: true }), '\x03');
  assert.equal(textOfKey({ ...plain, key: 'b', altKey: true }), '\x1bb');
  assert.equal(textOfKey({ ...plain, key: '@', altKey: true, ctrlKey: true }), '@', 'AltGr');
});

test('textOfKey sends nothing for keys that are not the terminal’s', () => {
  for (const key of ['Shift', 'F5', 'Dead', 'Unidentified']) assert.equal(textOfKey({ ...plain, key }), '');
  assert.equal(textOfKey({ ...plain, key: 'v', metaKey: true }), '');
  assert.equal(textOfKey({ ...plain, key: '5', ctrlKey: true }), '');
});

test('controlOf covers @ to _, space and ?', () => {
  assert.deepEqual(['a', 'Z', '[', '\\', ' ', '?', '1', 'ab'].map(controlOf), [
    '\x01', '\x1a', '\x1b', '\x1c', '\0', '\x7f', undefined, undefined,
  ]);
});

test('textOfRowKey follows application cursor keys', () => {
  assert.equal(textOfRowKey('ArrowUp', false), '\x1b[A');
  assert.equal(textOfRowKey('ArrowUp', true), '\x1bOA');
  assert.equal(textOfRowKey('Escape', true), '\x1b');
});

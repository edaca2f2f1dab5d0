/** Keys by their places, what they type, gamepads, the on-screen pad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BTN, EV_ABS, EV_KEY } from '../boot/inputcodes.ts';
import { padEvents } from './gamepads.ts';
import { keyName, keyText, linuxKey } from './keycodes.ts';
import { DEFAULT_PAD, directions, padLayout, padLegend, padOfLink } from './pad.ts';

test('keys have the codes of linux/input-event-codes.h', () => {
  const known = {
    Escape: 1, Digit0: 11, Backspace: 14, KeyQ: 16, Enter: 28, ControlLeft: 29, KeyA: 30, ShiftLeft: 42, KeyZ: 44,
    Space: 57, F1: 59, F10: 68, Numpad7: 71, NumpadDecimal: 83, F11: 87, NumpadEnter: 96, ArrowUp: 103, ArrowDown: 108,
    Delete: 111, Pause: 119, MetaLeft: 125, ContextMenu: 127, F13: 183,
  };
  for (const [code, number] of Object.entries(known)) assert.equal(linuxKey(code), number, code);
  assert.equal(linuxKey('Fn'), undefined);
});

test('a key types what it does on a Linux console', () => {
  const plain = { ctrlKey: false, altKey: false, metaKey: false };
  assert.equal(keyText({ ...plain, key: 'ä' }), 'ä');
  assert.equal(keyText({ ...plain, key: 'Enter' }), '\r');
  assert.equal(keyText({ ...plain, key: 'c', ctrlKey: true }), '\x03');
  assert.equal(keyText({ ...plain, key: 'x', altKey: true }), '\x1bx');
  assert.equal(keyText({ ...plain, key: 'v', metaKey: true }), '');
  assert.equal(keyText({ ...plain, key: 'Shift' }), '');
});

test('a gamepad tells what changed since the last look', () => {
  const buttons = Array.from({ length: 17 }, () => ({ value: 0, pressed: false }));
  assert.equal(padEvents(new Map(), { axes: [0, 0, 0, 0], buttons }).size, 0);
  buttons[0] = { value: 1, pressed: true };
  buttons[7] = { value: 1, pressed: true };
  buttons[12] = { value: 1, pressed: true };
  const events = padEvents(new Map(), { axes: [-1, 0, 0, 0], buttons });
  assert.deepEqual(
    new Map([...events]),
    new Map([[(EV_KEY << 16) | BTN.SOUTH, 1], [EV_ABS << 16, -32767], [(EV_ABS << 16) | 5, 255], [(EV_ABS << 16) | 17, -1]]),
  );
  assert.equal(padEvents(events, { axes: [-1, 0, 0, 0], buttons }).size, 0);
});

test('a finger on the cross presses one direction, or two neighbours', () => {
  assert.deepEqual(directions(0, 0), [false, false, false, false]);
  assert.deepEqual(directions(0, -0.9), [true, false, false, false]);
  assert.deepEqual(directions(0.7, 0.7), [false, true, true, false]);
  assert.deepEqual(directions(-0.9, 0.1), [false, false, false, true]);
});

test('keys have the names that are written on them', () => {
  assert.deepEqual([29, 57, 30, 2, 1, 103, 42, 28, 200].map(keyName), ['Ctrl', 'Space', 'A', '1', 'Esc', '↑', 'Shift', 'Enter', 'key 200']);
});

test('a link\'s pad has its buttons by rows on two sides, and the arrows are a cross if all are there', () => {
  const pad = padOfLink([
    { label: 'Open', key: 57, x: 15, y: 1 }, { label: 'Fire', key: 29, x: 14, y: 0 }, { label: 'Menu', key: 1, x: 4, y: 0 },
    { label: 'U', key: 103, x: 1, y: 0 }, { label: 'L', key: 105, x: 0, y: 1 }, { label: 'R', key: 106, x: 2, y: 1 }, { label: 'D', key: 108, x: 1, y: 2 },
  ]);
  assert.deepEqual(pad.cross, [103, 106, 108, 105]);
  assert.deepEqual(pad.buttons.map(({ label, side }) => `${side} ${label}`), ['left Menu', 'right Fire', 'right Open']);
  assert.deepEqual(padLegend(pad)[0], { key: 'Arrows', does: 'Move' });
  const two = padOfLink([{ label: 'U', key: 103, x: 1, y: 0 }, { label: 'D', key: 108, x: 1, y: 1 }]);
  assert.equal(two.cross, undefined);
  assert.deepEqual(padLegend(two), [{ key: '↑', does: 'U' }, { key: '↓', does: 'D' }]);
});

test('a layout from somewhere else is checked', () => {
  assert.deepEqual(padLayout(JSON.parse(JSON.stringify(DEFAULT_PAD))), DEFAULT_PAD);
  const button = { label: 'A', keys: [30], side: 'left' };
  assert.ok(padLayout({ buttons: [button] }));
  for (const wrong of [
    null, 1, {}, { buttons: 'A' }, { buttons: [{ ...button, label: '' }] }, { buttons: [{ ...button, keys: [] }] },
    { buttons: [{ ...button, keys: [0] }] }, { buttons: [{ ...button, side: 'top' }] }, { cross: [1, 2, 3], buttons: [] },
    { buttons: Array.from({ length: 13 }, () => button) },
  ]) {
    assert.equal(padLayout(wrong), undefined, JSON.stringify(wrong));
  }
});

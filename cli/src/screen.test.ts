/** --fb and --input, as far as they are read from the command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput, parseShot } from './screen.ts';

test('a picture is a file, a time and maybe a screen', () => {
  assert.deepEqual(parseShot('a/b.png@1.5'), { file: 'a/b.png', seconds: 1.5, screen: 0 });
  assert.deepEqual(parseShot('x@2.png@3:fb1'), { file: 'x@2.png', seconds: 3, screen: 1 });
  for (const wrong of ['a.png', 'a.jpg@1', '@1', 'a.png@', 'a.png@-1', 'a.png@1:fb4']) {
    assert.throws(() => parseShot(wrong), /want FILE\.png@SECONDS/);
  }
});

test('a script of events is read in the order of its times', () => {
  const steps = parseInput('2 button left\n# nothing\n1 key KeyA down # a\n\n1.5 move 3 -4\n3 type hello you\n', 's');
  assert.deepEqual(
    steps.map(({ seconds, device, events, text }) => [seconds, device, events, text]),
    [
      [1, 0, [[1, 30, 1]], 'a'],
      [1.5, 1, [[2, 0, 3], [2, 1, -4]], ''],
      [2, 1, [[1, 0x110, 1]], ''],
      [2, 1, [[1, 0x110, 0]], ''],
      [3, 0, [], 'hello you'],
    ],
  );
});

test('a line that is no event is named', () => {
  for (const wrong of ['key KeyA', '1 key KeyÄ', '1 key KeyA sideways', '1 move a b', '1 at 2 0', '1 dance', '1 button nose']) {
    assert.throws(() => parseInput(`1 key KeyA\n${wrong}\n`, 's'), /--input s, line 2: /);
  }
});

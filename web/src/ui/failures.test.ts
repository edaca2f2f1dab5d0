import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES } from '../../../descriptor/src/errors.ts';
import type { FailureName } from '../../../descriptor/src/errors.ts';
import { textOfFailure } from './failures.ts';

test('every failure of the format has a page that says what, what it means and what to do', () => {
  for (const name of Object.keys(FAILURES) as FailureName[]) {
    const { title, what, means, todo } = textOfFailure({ name, where: '', message: '' });
    for (const sentence of [what, means, todo]) assert.match(sentence, /^[A-Z].*\.$/, `${name}: ${sentence}`);
    assert.doesNotMatch(title + what + means + todo, /!/, name);
  }
});

test('the failures that people meet have titles of their own', () => {
  const names = [
    'truncated', 'not-base64url', 'inflates-past-cap', 'unknown-version', 'unknown-field', 'bad-signature',
    'missing-image', 'hash-mismatch', 'no-shared-memory', 'not-isolated', 'unknown-runtime',
  ] as const;
  const titles = names.map((name) => textOfFailure({ name, where: '', message: '' }).title);
  assert.equal(new Set(titles).size, names.length);
});

/** A short run of the fuzzer with a fixed seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES } from '../../src/errors.ts';
import { allVectors } from '../gen/all.ts';
import { fuzz } from './fuzz.ts';

test('3,000 spoilt links: no exception, no second spelling, bounded time', async () => {
  const report = await fuzz(await allVectors(), 20_010_203, (links) => links < 3_000);
  assert.equal(report.links, 3_000);
  /* the fuzzer reaches deep: some spoilt descriptors are valid, and most failures are met */
  assert.ok(report.accepted > 0);
  assert.ok(report.failures.size > Object.keys(FAILURES).length / 2, `${report.failures.size}`);
});

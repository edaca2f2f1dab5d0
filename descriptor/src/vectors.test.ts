/** Every vector of the testkit, both ways. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allVectors } from '../testkit/gen/all.ts';
import { parseVector, testKey, vectorText } from '../testkit/gen/vector.ts';
import { toHex } from './bytes.ts';
import { decodeLink } from './decode.ts';
import { encodeLink } from './encode.ts';
import { FAILURES } from './errors.ts';

const folder = new URL('../testkit/vectors/', import.meta.url);
const vectors = readdirSync(folder).map((name) =>
  parseVector(name, readFileSync(new URL(name, folder), 'utf8')),
);

for (const vector of vectors) {
  test(`vector ${vector.name}: ${vector.expect} (${vector.comment})`, async () => {
    const decoded = await decodeLink(vector.link);
    if (vector.expect !== 'success') {
      assert.ok(!decoded.ok, 'the link was accepted');
      assert.equal(decoded.failure.name, vector.expect, decoded.failure.message);
      if (vector.where !== undefined) assert.equal(decoded.failure.where, vector.where);
      return;
    }
    assert.ok(decoded.ok, JSON.stringify(decoded));
    assert.deepEqual(decoded.value.descriptor, vector.descriptor);
    assert.equal(decoded.value.publisher.key, toHex(testKey.publicKey));
    assert.ok(vector.descriptor !== undefined);
    assert.equal(await encodeLink(vector.descriptor, testKey), vector.link);
  });
}

test('the vectors on disk are what the generators make', async () => {
  const made = await allVectors();
  assert.deepEqual(
    made.map((vector) => vector.name).toSorted(),
    vectors.map((v) => v.name).toSorted(),
  );
  for (const vector of made) {
    assert.equal(
      readFileSync(new URL(vector.name, folder), 'utf8'),
      vectorText(vector),
      vector.name,
    );
  }
});

test('every failure has a vector', () => {
  const seen = new Set<string>(vectors.map((vector) => vector.expect));
  assert.deepEqual(
    Object.keys(FAILURES).filter((name) => !seen.has(name)),
    [],
  );
});

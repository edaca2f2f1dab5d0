/**
 * Write every vector to descriptor/testkit/vectors. The same bytes on every run.
 * Use: node descriptor/testkit/gen/main.ts
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { allVectors } from './all.ts';
import { vectorText } from './vector.ts';

const folder = new URL('../vectors/', import.meta.url);
const vectors = await allVectors();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const vector of vectors) writeFileSync(new URL(vector.name, folder), vectorText(vector));
console.log(`${vectors.length} vectors`);

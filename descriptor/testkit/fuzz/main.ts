/**
 * Fuzz the decoder for a while and say what it met.
 * Use: node descriptor/testkit/fuzz/main.ts [SECONDS [SEED]]
 */
import { allVectors } from '../gen/all.ts';
import { fuzz } from './fuzz.ts';

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Date.now());
console.log(`seed ${seed}, ${seconds} s`);
const end = performance.now() + seconds * 1_000;
const report = await fuzz(await allVectors(), seed, () => performance.now() < end);
const slowest = report.slowestMs.toFixed(1);
console.log(`${report.links} links, ${report.accepted} accepted, slowest decode ${slowest} ms`);
for (const [name, count] of [...report.failures].toSorted((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(9)} ${name}`);
}

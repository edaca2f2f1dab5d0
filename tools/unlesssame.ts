/**
 * unlesssame.ts - run a build step unless nothing it is made from changed since it last succeeded.
 *
 * node tools/unlesssame.ts STEP       STEP names: see TARGETS
 *
 * What a step is made from is every file below its inputs, by content, and the versions of its tools;
 * the hash of the last success is in build/same/STEP. Outputs of a step that is kept also go to
 * ${PLEAT_CACHE:-~/.cache/pleat}/STEP/HASH, and a new checkout with the same inputs takes them from there.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

interface Target {
  readonly command: readonly string[];
  /** Quick, and run each time: what the step leaves besides its outputs. */
  readonly before?: readonly string[];
  /** Prints what else the outputs depend on. */
  readonly version?: readonly string[];
  /** Keep the outputs in the cache. */
  readonly keep?: boolean;
  readonly inputs: readonly string[];
  /** Without these the step runs, whatever the hash. */
  readonly outputs: readonly string[];
}

const KEPT_MAX = 16;

const root = resolve(import.meta.dirname, '..');

const TARGETS: Readonly<Record<string, Target>> = {
  kernel: {
    command: ['make', '-s', `-j${availableParallelism()}`, '-C', 'kernel', 'wasm'],
    before: ['make', '-s', '-C', 'kernel', 'gen'],
    version: ['clang-19', '--version'],
    keep: true,
    inputs: ['kernel/**/*.c', 'kernel/**/*.h', 'kernel/arch/wasm/*', 'kernel/abi/*', 'kernel/Makefile',
      'tools/gensyscalls.ts', 'tools/syscalltable.ts', 'tools/genprobe.ts', 'node_modules/binaryen/package.json'],
    outputs: ['build/kernel/kernel.wasm', 'build/kernel/kernel-js.wasm'],
  },
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

function cacheFolder(): string {
  return process.env['PLEAT_CACHE'] ?? join(process.env['HOME'] ?? homedir(), '.cache', 'pleat');
}

/** Copy files that were kept under a key to their places. @returns false when they are not all there */
export function takeKept(kept: string, outputs: readonly string[], folder: string): boolean {
  if (!outputs.every((path) => existsSync(join(kept, basename(path))))) return false;
  for (const path of outputs) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(join(kept, basename(path)), join(folder, path));
  }
  return true;
}

/** Whoever works on a step makes many of them. */
function forgetOld(folder: string): void {
  const ages = readdirSync(folder).map((name) => ({ name, ms: statSync(join(folder, name)).mtimeMs }));
  for (const { name } of ages.sort((a, b) => b.ms - a.ms).slice(KEPT_MAX)) rmSync(join(folder, name), { recursive: true });
}

/** Whole or not at all: others may look for the same key now. A full disk only means nothing kept. */
export function keep(kept: string, outputs: readonly string[], folder: string): void {
  const fresh = `${kept}.${process.pid}`;
  try {
    mkdirSync(fresh, { recursive: true });
    for (const path of outputs) cpSync(join(folder, path), join(fresh, basename(path)));
    renameSync(fresh, kept);
    forgetOld(dirname(kept));
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(kept)) console.error(`not kept in the cache: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function runStep([command = '', ...args]: readonly string[]): number {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function targetKey(target: Target): string {
  const inputs = inputHash(root, target.inputs);
  if (target.version === undefined) return inputs;
  const [command = '', ...args] = target.version;
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return createHash('sha256').update(`${inputs}\n${stdout}`).digest('hex');
}

/** The outputs are in it: a step run by hand, from other inputs, leaves others. */
function stampText(key: string, target: Target): string {
  return `${key} ${inputHash(root, target.outputs)}`;
}

function main(name: string | undefined): number {
  const target = name === undefined ? undefined : TARGETS[name];
  if (name === undefined || target === undefined) {
    console.error(`use: unlesssame.ts ${Object.keys(TARGETS).join('|')}`);
    return 2;
  }
  if (target.before !== undefined && runStep(target.before) !== 0) return 1;
  const key = targetKey(target);
  const stamp = join(root, 'build/same', name);
  const last = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (target.outputs.every((path) => existsSync(join(root, path))) && last === stampText(key, target)) return 0;
  const kept = join(cacheFolder(), name, key);
  if (target.keep !== true || !takeKept(kept, target.outputs, root)) {
    const status = runStep(target.command);
    if (status !== 0) return status;
    /* Somebody may have edited a file meanwhile: then nobody knows what this was made from. */
    if (targetKey(target) !== key) return 0;
    if (target.keep === true) keep(kept, target.outputs, root);
  }
  mkdirSync(join(root, 'build/same'), { recursive: true });
  writeFileSync(stamp, stampText(key, target));
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);

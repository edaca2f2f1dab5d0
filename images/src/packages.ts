/**
 * Recipes and sets as data, and the keys under which finished packages are kept.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { Source } from './sources.ts';

/** Fixed time of every file we make: 2025-01-01, after 1980 for formats that begin there. */
export const EPOCH = 1735689600;

export interface Recipe {
  readonly name: string;
  readonly version: string;
  /** SPDX expression */
  readonly license: string;
  readonly style: string;
  /** alternatives; empty: the recipe's own folder is the source */
  readonly sources: readonly Source[];
  /** packages that must be there to build this one */
  readonly needs: readonly string[];
  readonly folder: string;
}

/** @throws Error that names the recipe and what is wrong with it */
export function readRecipe(root: string, name: string): Recipe {
  const folder = join(root, 'images/packages', name);
  if (!existsSync(join(folder, 'recipe'))) throw new Error(`there is no package "${name}"`);
  const run = spawnSync('sh', [join(root, 'images/src/recipe.sh'), 'describe'], {
    env: { PATH: '/usr/bin:/bin', root, pkgdir: folder },
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`recipe of ${name}: ${run.stderr.trim()}`);
  const fields = run.stdout.split('\0');
  const [own = '', version = '', license = '', style = '', source = '', sha256 = '', needs = ''] = fields;
  if (own !== name) throw new Error(`recipe of ${name} says name=${own}`);
  if (!existsSync(join(root, 'images/styles', `${style}.sh`))) {
    throw new Error(`recipe of ${name}: no style "${style}"`);
  }
  const paths = words(source);
  const hashes = words(sha256);
  if (paths.length !== hashes.length || hashes.some((hash) => !/^[0-9a-f]{64}$/.test(hash))) {
    throw new Error(`recipe of ${name}: one sha256 for each source, please`);
  }
  const sources = paths.map((path, i) => ({ path, sha256: hashes[i] as string }));
  return { name, version, license, style, sources, needs: words(needs), folder };
}

/**
 * Names of the packages of a set, in its order. A line is a package, "@other" (all of another
 * set) or a comment (#). A name that is no set stands for the package alone.
 */
export function readSet(root: string, name: string): string[] {
  const file = join(root, 'images/sets', `${name}.txt`);
  if (!existsSync(file)) {
    readRecipe(root, name);
    return [name];
  }
  const names: string[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const word = line.replace(/#.*/, '').trim();
    if (word.startsWith('@')) names.push(...readSet(root, word.slice(1)));
    else if (word !== '') names.push(word);
  }
  return [...new Set(names)];
}

/** Packages and all that they need, each after what it needs. */
export function buildOrder(root: string, names: readonly string[]): Recipe[] {
  const order: Recipe[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, from: string): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') throw new Error(`packages need each other: ${from}, ${name}`);
    state.set(name, 'open');
    const recipe = readRecipe(root, name);
    for (const need of recipe.needs) visit(need, name);
    state.set(name, 'done');
    order.push(recipe);
  };
  for (const name of names) visit(name, name);
  return order;
}

/**
 * What decides a package's bytes: recipe folder, style, driver, sources, tools and the keys of
 * what it needs. A package that compiles nothing (style copy) does not depend on the tools.
 */
export function packageKey(
  root: string,
  recipe: Recipe,
  toolchain: string,
  keys: ReadonlyMap<string, string>,
): string {
  const hash = createHash('sha256');
  hash.update(`pleat package 1\n${EPOCH}\n`);
  hash.update(treeHash([recipe.folder], root));
  hash.update(treeHash([join(root, 'images/src/recipe.sh'), join(root, 'images/styles', `${recipe.style}.sh`)], root));
  if (recipe.style !== 'copy') hash.update(toolchain);
  for (const need of recipe.needs) hash.update(`${need} ${keys.get(need)}\n`);
  return hash.digest('hex');
}

/**
 * Hash of what every compiled package depends on: compiler, our wrappers and link-time steps, and
 * libc as it was built (its bytes, not its sources: a change of a comment builds nothing again).
 *
 * @throws Error when libc has not been built
 */
export function toolchainKey(root: string): string {
  const sysroot = join(root, 'build/sysroot');
  if (!existsSync(join(sysroot, 'lib/libc.a'))) {
    throw new Error('libc is not built yet: run glue/build first');
  }
  const hash = createHash('sha256');
  const parts = ['sdk/bin', 'sdk/post', 'sdk/share', 'build/sysroot', 'kernel/abi/program.h'];
  hash.update(treeHash(parts.map((part) => join(root, part)), root));
  hash.update(spawnSync('clang-19', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  const binaryen = join(root, 'node_modules/binaryen/package.json');
  hash.update((JSON.parse(readFileSync(binaryen, 'utf8')) as { version: string }).version);
  return hash.digest('hex');
}

/**
 * A copy of the sysroot in the cache, named by its contents: builds go on with it while the
 * repository's own is made anew.
 */
export function keepSysroot(root: string, cache: string): string {
  const sysroot = join(root, 'build/sysroot');
  const kept = join(cache, 'sysroot', treeHash([sysroot], sysroot).slice(0, 16));
  if (existsSync(kept)) return kept;
  const part = `${kept}.${process.pid}`;
  cpSync(sysroot, part, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  if (!kept.endsWith(treeHash([part], part).slice(0, 16))) {
    rmSync(part, { recursive: true });
    throw new Error('libc was being built at the same time: try again');
  }
  renameSync(part, kept);
  return kept;
}

/** Hash of names, kinds, x bits and contents below some paths; order of folders does not matter. */
export function treeHash(paths: readonly string[], root: string): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    const name = relative(root, path);
    if (stat.isDirectory()) {
      for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    } else if (stat.isSymbolicLink()) {
      hash.update(`link ${name}\0${readlinkSync(path)}\0`);
    } else {
      const content = createHash('sha256').update(readFileSync(path)).digest('hex');
      hash.update(`file ${name}\0${stat.mode & 0o111 ? 'x' : '-'} ${content}\0`);
    }
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

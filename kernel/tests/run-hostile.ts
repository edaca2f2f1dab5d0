/**
 * run-hostile.ts - run the programs of hostile/ in the machine, with the kernel that checks its locks:
 * each must survive what it does, and the machine with it. The last line is "N passed, N failed".
 *
 * node kernel/tests/run-hostile.ts [PART OF A NAME...]
 *
 * More seeds of one, by hand: cli/pleat run --kernel build/kernel-debug --log -v build/hostile:/t shell
 * -- /t/fuzz FIRST_SEED CHILDREN CALLS [UID]; with VERBOSE=1 in its environment it shows each call.
 */
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import { run as runIn, type Run } from './subprocess.ts';

const here = import.meta.dirname;
const root = resolve(here, '../..');
const out = join(root, 'build/hostile');

interface Attack {
  readonly name: string;
  readonly command: readonly string[];
  readonly seconds: number;
}

const ATTACKS: readonly Attack[] = [
  { name: 'pointers that lead nowhere', command: ['badptr'], seconds: 40 },
  { name: 'what no libc does', command: ['odd'], seconds: 60 },
  { name: 'malformed programs', command: ['malformed'], seconds: 60 },
  { name: 'random calls as root', command: ['fuzz', '3025', '8', '2500'], seconds: 60 },
  { name: 'random calls as a user', command: ['fuzz', '2100', '8', '2500', '1000'], seconds: 60 },
  { name: 'threads', command: ['threads'], seconds: 90 },
  { name: 'sockets, timers, devices', command: ['events'], seconds: 90 },
  { name: 'shared memory', command: ['shared'], seconds: 60 },
  { name: 'kill storms', command: ['storm', '3'], seconds: 90 },
  { name: 'hogs', command: ['hog'], seconds: 90 },
  { name: 'terminals', command: ['ttys', '1', '3'], seconds: 60 },
];

/** These are linked with -mshm: they reach S, the memory that processes share. */
const SHARED: readonly string[] = ['fuzz', 'shared'];

const run = (command: string, args: readonly string[], seconds: number): Promise<Run> => runIn(root, command, args, seconds);

/** @returns '' or why not */
async function build(): Promise<string> {
  const made = await run('make', ['-s', '-j2', '-C', 'kernel', 'wasm', 'LOCK_DEBUG=1'], 300);
  if (made.end !== 'exit 0') return `the kernel: ${made.text}`;
  mkdirSync(out, { recursive: true });
  const generated = join(root, 'build/gen/syscalls_fuzz.h');
  const libc = statSync(join(root, 'build/sysroot/lib/libc.a')).mtimeMs;
  const header = Math.max(statSync(join(here, 'hostile/hostile.h')).mtimeMs, statSync(generated).mtimeMs);
  for (const source of globSync(join(here, 'hostile/*.c'))) {
    const target = join(out, basename(source, '.c'));
    const newest = Math.max(libc, header, statSync(source).mtimeMs);
    if (existsSync(target) && statSync(target).mtimeMs > newest) continue;
    const shared = SHARED.includes(basename(source, '.c')) ? ['-mshm'] : [];
    const flags = ['-O1', '-Wall', '-Werror', `-I${join(root, 'build/gen')}`, ...shared];
    const compiled = await run('sdk/bin/pleat-cc', [...flags, '-o', target, source], 180);
    if (compiled.end !== 'exit 0') return `${basename(source)}: ${compiled.text}`;
  }
  return '';
}

/** @returns '' if the machine stood it, else what is wrong */
async function attack({ command, seconds }: Attack): Promise<string> {
  const [program = '', ...args] = command;
  const machine = ['run', '--kernel', 'build/kernel-debug', '--log', '--stats', '-v', `${out}:/t`];
  const result = await run('cli/pleat', [...machine, 'shell', '--', `/t/${program}`, ...args], seconds);
  const last = result.text.split('\n').slice(-25).join('\n');
  if (result.end === 'out of time') return `the machine hangs\n${last}`;
  if (/kernel panic/.test(result.text)) return last;
  if (result.end !== 'exit 0') return `${result.end}\n${last}`;
  return /^survived$/m.test(result.output) ? '' : `it does not say that it survived\n${last}`;
}

async function main(parts: readonly string[]): Promise<number> {
  let passed = 0;
  let failed = 0;
  const unbuilt = await build();
  if (unbuilt !== '') {
    console.log(`FAIL build: ${unbuilt}\n0 passed, 1 failed`);
    return 1;
  }
  for (const each of ATTACKS) {
    const words = [each.name, ...each.command].join(' ');
    if (parts.length > 0 && !parts.some((part) => words.includes(part))) continue;
    const start = performance.now();
    const wrong = await attack(each);
    if (wrong === '') passed++;
    else failed++;
    const ms = Math.round(performance.now() - start);
    console.log(wrong === '' ? `ok ${each.name} (${ms} ms)` : `FAIL ${each.name}: ${wrong}`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

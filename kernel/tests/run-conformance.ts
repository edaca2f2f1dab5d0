/**
 * run-conformance.ts - run the programs *_test.c of this folder on Linux and in the machine, and
 * compare what they print and how they end. The last line is "N passed, N failed".
 *
 * node kernel/tests/run-conformance.ts [--linux] [--image NAME] [--jobs N] [PART OF A NAME...]
 *
 * --linux: only on Linux, three times, as the same user: a program that is not repeatable or does
 * not end well there is a wrong program.
 *
 * differences.txt lists the lines that are known to differ, each with its reason:
 *   program | line on Linux | line in the machine | reason
 * An entry that is not needed any more is a failure, so that the list cannot rot.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { run as runIn, type Run } from './subprocess.ts';

const here = import.meta.dirname;
const root = resolve(here, '../..');
const out = join(root, 'build/conformance');
const SECONDS_ON_LINUX = 30;
const SECONDS_IN_MACHINE = 90;
const run = (command: string, args: readonly string[], seconds: number): Promise<Run> => runIn(root, command, args, seconds);
const CFLAGS = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-Werror'];

interface Difference {
  readonly program: string;
  readonly linux: string;
  readonly machine: string;
  readonly line: number;
  used: boolean;
}

/** Compile unless a program of the same source, header and compiler is there. @returns '' or why not */
async function compile(source: string, compiler: string, kind: string, key: string): Promise<string> {
  const target = join(out, kind, basename(source, '.c'));
  const text = readFileSync(source, 'utf8');
  const linked = kind === 'pleat' ? (/link:[\s*]+(-\S+)/.exec(text.slice(0, 400))?.[1] ?? '') : '';
  const hash = createHash('sha256')
    .update(text).update(readFileSync(join(here, 'conformance.h'))).update(readFileSync(join(here, 'thread.h')))
    .update(readFileSync(join(here, 'inet.h')))
    .update([...CFLAGS, linked].join(' ')).update(key).digest('hex');
  const stamp = `${target}.key`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return '';
  const result = await run(compiler, [...CFLAGS, ...(linked ? [linked] : []), '-o', target, source], 180);
  if (result.end !== 'exit 0') return `${kind}: does not compile (${result.end})\n${result.text}`;
  writeFileSync(stamp, hash);
  return '';
}

/** What programs for the machine depend on beside their source: all of the toolchain. */
function toolchainKey(): string {
  const hash = createHash('sha256');
  const files = globSync(['sdk/bin/*', 'sdk/post/*.ts', 'sdk/share/*', 'build/sysroot/usr/lib/*.a', 'build/sysroot/lib/*.a',
    'build/sysroot/lib/*.o', 'build/sysroot/usr/lib/*.o'], { cwd: root });
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function readDifferences(): Difference[] {
  const file = join(here, 'differences.txt');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap((text, index) => {
    if (text.trim() === '' || text.startsWith('#')) return [];
    const [program = '', linux = '', machine = '', reason = ''] = text.split('|').map((part) => part.trim());
    if (reason === '') throw new Error(`differences.txt:${index + 1}: not "program | Linux | machine | reason"`);
    return [{ program, linux, machine, line: index + 1, used: false }];
  });
}

/** Linux's text with the lines replaced that are known to differ. */
function expected(program: string, text: string, differences: Difference[]): string {
  return text.split('\n').map((line) => {
    const known = differences.find((d) => d.program === program && d.linux === line);
    if (!known) return line;
    known.used = true;
    return known.machine;
  }).join('\n');
}

/** The first lines that differ, for the report. */
function firstDifference(want: string, got: string): string {
  const a = want.split('\n');
  const b = got.split('\n');
  const at = a.findIndex((line, i) => line !== b[i]);
  const i = at < 0 ? a.length : at;
  const before = a.slice(Math.max(0, i - 2), i).map((line) => `      ${line}`);
  return [...before, `  on Linux, line ${i + 1}: ${a[i] ?? '(end)'}`, `  in the machine: ${b[i] ?? '(end)'}`,
    ...b.slice(i + 1, i + 4).map((line) => `      ${line}`)].join('\n');
}

interface Options {
  readonly linuxOnly: boolean;
  readonly image: string;
  readonly jobs: number;
  readonly parts: readonly string[];
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      linux: { type: 'boolean', default: false },
      image: { type: 'string', default: 'shell' },
      jobs: { type: 'string', default: '2' },
    },
  });
  return { linuxOnly: values.linux, image: values.image, jobs: Number(values.jobs), parts: positionals };
}

/** @returns '' if the program behaves, else what is wrong */
async function test(source: string, options: Options, key: string, differences: Difference[]): Promise<string> {
  const name = basename(source, '.c');
  const wrong = await compile(source, 'cc', 'linux', '');
  if (wrong !== '') return wrong;
  const native = (): Promise<Run> => run(join(out, 'linux', name), [], SECONDS_ON_LINUX);
  const linux = await native();
  if (linux.end !== 'exit 0') return `on Linux: ${linux.end}\n${linux.text}`;
  if (options.linuxOnly) {
    for (let i = 0; i < 2; i++) {
      const again = await native();
      if (again.text !== linux.text) return `not the same twice on Linux\n${firstDifference(linux.text, again.text)}`;
    }
    return '';
  }
  const broken = await compile(source, 'sdk/bin/pleat-cc', 'pleat', key);
  if (broken !== '') return broken;
  const machine = await run('cli/pleat', ['run', '-v', `${join(out, 'pleat')}:/t`, options.image, '--', `/t/${name}`], SECONDS_IN_MACHINE);
  const want = expected(name, linux.text, differences);
  writeFileSync(join(out, 'pleat', `${name}.out`), machine.text);
  if (machine.text !== want) return `${machine.end}\n${firstDifference(want, machine.text)}`;
  return machine.end === linux.end ? '' : `on Linux: ${linux.end}, in the machine: ${machine.end}`;
}

async function main(): Promise<number> {
  const options = readOptions();
  for (const kind of ['linux', 'pleat']) mkdirSync(join(out, kind), { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const sources = globSync('*_test.c', { cwd: here }).sort().map((name) => join(here, name))
    .filter((source) => options.parts.length === 0 || options.parts.some((part) => basename(source).includes(part)));
  const differences = readDifferences();
  const key = options.linuxOnly ? '' : toolchainKey();
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const queue = [...sources];
  const worker = async (): Promise<void> => {
    for (let source = queue.shift(); source !== undefined; source = queue.shift()) {
      const name = basename(source, '.c');
      if (!isRoot && readFileSync(source, 'utf8').slice(0, 400).includes('needs: root')) {
        console.log(`skipped ${name}: Linux answers it only as root`);
        skipped++;
        continue;
      }
      const start = performance.now();
      const wrong = await test(source, options, key, differences);
      if (wrong === '') passed++;
      else failed++;
      console.log(wrong === '' ? `ok ${name} (${Math.round(performance.now() - start)} ms)` : `FAIL ${name}: ${wrong}`);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, worker));
  if (!options.linuxOnly && options.parts.length === 0)
    for (const unused of differences.filter((d) => !d.used)) {
      failed++;
      console.log(`FAIL differences.txt:${unused.line}: ${unused.program} does not need it any more`);
    }
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();

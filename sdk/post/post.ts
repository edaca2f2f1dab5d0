/**
 * post.ts [-mno-safepoint] [-mshm] [--fork-list=FILE | --fork-list-if=FILE] [-masyncify-asserts] PROGRAM
 *
 * What turns the linker's output into a program of ours, in place: polls at loop heads, Asyncify
 * if it forks, wasm-opt, access to shared memory if it asks for it (-mshm), and the section "pleat" that the kernel looks for first.
 * The contract is kernel/abi/program.h, which is read for its numbers.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forkList } from './forklist.ts';
import { addSafepoints } from './safepoint.ts';
import { addShared } from './shm.ts';
import {
  SECTION,
  concat,
  exports,
  functionNames,
  imports,
  nameSection,
  parse,
  section,
  serialize,
} from './wasm.ts';
import type { Module, Section } from './wasm.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Larger modules are optimized with -O1: -O2 costs about ten seconds a megabyte. */
const O2_MAX_BYTES = 3 << 20;

const FEATURES = [
  'threads',
  'bulk-memory',
  'bulk-memory-opt',
  'mutable-globals',
  'sign-ext',
  'nontrapping-float-to-int',
  'exception-handling',
  'multivalue',
  'reference-types',
  'simd',
  'tail-call',
].map((f) => `--enable-${f}`);

/** Custom sections that the finished program keeps beside ours. */
const KEPT = new Set(['name', 'metadata.code.branch_hint']);

interface Options {
  program: string;
  safepoint: boolean;
  shared: boolean;
  asserts: boolean;
  forkListFile: string | undefined;
  /** the list is a whole package's: a program need not have every function in it */
  forkListShared: boolean;
}

function options(argv: readonly string[]): Options {
  const o: Options = {
    program: '',
    safepoint: true,
    shared: false,
    asserts: false,
    forkListFile: undefined,
    forkListShared: false,
  };
  for (const a of argv) {
    if (a === '-mno-safepoint') o.safepoint = false;
    else if (a === '-mshm') o.shared = true;
    else if (a === '-masyncify-asserts') o.asserts = true;
    else if (a.startsWith('--fork-list')) {
      o.forkListFile = a.slice(a.indexOf('=') + 1);
      o.forkListShared = a.startsWith('--fork-list-if=');
    } else if (a.startsWith('-') || o.program) throw new Error(`unknown argument ${a}`);
    else o.program = a;
  }
  if (!o.program) throw new Error('no program named');
  return o;
}

/** The numbers of kernel/abi/program.h. */
export function abi(): (name: string) => number {
  const text = readFileSync(join(root, 'kernel/abi/program.h'), 'utf8');
  return (name) => {
    const found = new RegExp(`^#define PLEAT_${name} (\\d+)`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`program.h does not define PLEAT_${name}`);
    return Number(found);
  };
}

/** First value of __stack_pointer: the stack lies below it. */
function stackSize(module: Module): number {
  const index = exports(module).get('__stack_pointer')?.index;
  const r = section(module, SECTION.global);
  const imported = imports(module).filter((i) => i.kind === 3).length;
  for (let i = imported, n = r ? r.u32() : 0; r && n > 0; i++, n--) {
    r.valueType();
    r.byte();
    if (r.byte() !== 0x41) throw new Error('a global is not initialized by a constant');
    const value = r.s32();
    r.byte();
    if (i === index) return value;
  }
  throw new Error('__stack_pointer is not exported');
}

/** Debug information and linker notes go; function names stay, for messages about traps. */
function withoutDebug(sections: readonly Section[], names: Section): Section[] {
  return [
    ...sections.filter((s) => s.id !== SECTION.custom || s.name === 'target_features'),
    names,
  ];
}

function asyncifyArgs(module: Module, o: Options, dir: string): string[] {
  const args = ['--asyncify', '--pass-arg=asyncify-imports@kernel.fork'];
  const file = join(dir, 'list');
  if (o.asserts) args.push('--pass-arg=asyncify-asserts');
  if (o.forkListFile === undefined) {
    // A handler does not fork (glue: EDEADLK), so a poll or a system call need not unwind.
    writeFileSync(file, '__pleat_poll\n__pleat_deliver\n');
    return [...args, `--pass-arg=asyncify-removelist@@${file}`];
  }
  const named = readFileSync(o.forkListFile, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const { list, unknown } = forkList(module, named);
  if (unknown.length && !o.forkListShared)
    throw new Error(`${o.forkListFile} names functions that do not exist: ${unknown.join(' ')}`);
  writeFileSync(file, list.join('\n') + '\n');
  return [...args, `--pass-arg=asyncify-onlylist@@${file}`];
}

function wasmOpt(bytes: Uint8Array, args: readonly string[], dir: string): Uint8Array {
  const [input, output] = [join(dir, 'in.wasm'), join(dir, 'out.wasm')];
  writeFileSync(input, bytes);
  const level = bytes.length > O2_MAX_BYTES ? '-O1' : '-O2';
  const tool = join(root, 'node_modules/binaryen/bin/wasm-opt');
  const run = spawnSync(
    process.execPath,
    [tool, input, '-o', output, '-g', ...FEATURES, ...args, level],
    { encoding: 'utf8' },
  );
  if (run.status !== 0)
    throw new Error(
      `wasm-opt failed: ${run.stderr || run.error?.message || `status ${run.status}`}`,
    );
  return readFileSync(output);
}

/** All steps on one module. */
export function postLink(bytes: Uint8Array, o: Options): { bytes: Uint8Array; report: string } {
  const value = abi();
  const linked = parse(bytes);
  if (linked.sections.some((s) => s.id === SECTION.custom && s.name === 'pleat'))
    throw new Error('already processed');
  const memory = imports(linked).find((i) => i.kind === 2);
  if (memory?.max !== value('U_MAX_PAGES'))
    throw new Error(`memory maximum is ${memory?.max} pages, not ${value('U_MAX_PAGES')}`);
  const forks = imports(linked).some((i) => i.module === 'kernel' && i.name === 'fork');
  const names = nameSection(functionNames(linked));
  const polled = o.safepoint
    ? addSafepoints(linked, value('POLL_WORD'))
    : { sections: linked.sections, loops: 0 };
  const module: Module = { ...linked, sections: withoutDebug(polled.sections, names) };
  const dir = mkdtempSync(join(tmpdir(), 'pleat-post-'));
  try {
    const asyncify = forks ? asyncifyArgs(module, o, dir) : [];
    const done = parse(wasmOpt(serialize(module.sections), asyncify, dir));
    const shared = o.shared ? addShared(done) : undefined;
    const flags =
      (forks ? value('PROG_FORK') : 0) |
      (o.safepoint ? value('PROG_SAFEPOINT') : 0) |
      (shared ? value('PROG_SHM') : 0);
    const words = new DataView(new ArrayBuffer(4 * value('SECTION_WORDS')));
    [value('ABI_VERSION'), flags, stackSize(done)].forEach((w, i) =>
      words.setUint32(4 * i, w, true),
    );
    const own: Section = { id: SECTION.custom, name: 'pleat', body: new Uint8Array(words.buffer) };
    const rest = (shared ?? done).sections.filter(
      (s) => s.id !== SECTION.custom || KEPT.has(s.name),
    );
    return {
      bytes: concat([serialize([own, ...rest])]),
      report:
        `${polled.loops} loops${forks ? ', forks' : ''}` +
        (shared ? `, ${shared.tested} of ${shared.accesses} accesses tested` : ''),
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const o = options(process.argv.slice(2));
    const { bytes, report } = postLink(readFileSync(o.program), o);
    const mode = statSync(o.program).mode;
    writeFileSync(`${o.program}.post`, bytes);
    chmodSync(`${o.program}.post`, mode | 0o111);
    renameSync(`${o.program}.post`, o.program);
    if (process.env['PLEAT_VERBOSE'])
      console.error(`post: ${o.program}: ${report}, ${bytes.length} bytes`);
  } catch (e) {
    console.error(`post: ${e instanceof Error ? e.message : String(e)}`);
    process.exitCode = 1;
  }
}

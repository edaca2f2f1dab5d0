/**
 * syscalltable.ts - reads kernel/abi/syscalls.tbl, whose head describes the format.
 * No side effects: the text comes in, rows or errors with their line numbers come out.
 */

/** What a system call's result means. */
export type ResultKind = 'err' | 'fd' | 'count' | 'pid' | 'addr' | 'int' | 'none';

/** How an argument is passed and shown. */
export type ArgKind =
  | 'fd' | 'dirfd' | 'int' | 'u32' | 'size' | 'mode' | 'pid' | 'uid' | 'sig' | 'flags'
  | 'str' | 'path' | 'buf' | 'out' | 'ptr' | 'addr' | 'off';

export type Level = 'full' | 'partial' | 'absent';

export interface Arg {
  readonly kind: ArgKind;
  readonly name: string;
  /** Name set of u32(SET) and flags(SET); pointed-to type of a ptr; '' otherwise. */
  readonly type: string;
  /** buf[N] and out[N]: the argument or 'r' (the result) that says how many bytes; else ''. */
  readonly length: string;
  /** May be 0. */
  readonly optional: boolean;
  /** The kernel writes there. */
  readonly out: boolean;
  /** Index of its first word among a0..a5. */
  readonly word: number;
}

export interface Row {
  readonly line: number;
  readonly nr: number;
  readonly name: string;
  readonly result: ResultKind;
  readonly args: readonly Arg[];
  readonly where: string;
  readonly level: Level;
  readonly note: string;
}

export interface TableError {
  readonly line: number;
  readonly message: string;
}

const RESULTS: ReadonlySet<string> = new Set(['err', 'fd', 'count', 'pid', 'addr', 'int', 'none']);
const PLAIN_KINDS: ReadonlySet<string> = new Set([
  'fd', 'dirfd', 'int', 'u32', 'size', 'mode', 'pid', 'uid', 'sig', 'addr', 'off', 'buf', 'out',
  'str', 'path',
]);
const MAX_WORDS = 6;

/** The words among a0..a5 that an argument takes. */
function argWords(arg: Arg): number {
  return arg.kind === 'off' ? 2 : 1;
}

/** The C type of an argument in sys_<name>(). */
export function argType(arg: Arg): string {
  switch (arg.kind) {
    case 'fd':
    case 'dirfd':
    case 'int':
    case 'pid':
      return 'int32_t';
    case 'u32':
    case 'size':
    case 'mode':
    case 'uid':
    case 'sig':
    case 'flags':
      return 'uint32_t';
    case 'off':
      return 'uint64_t';
    case 'str':
    case 'path':
    case 'buf':
    case 'out':
    case 'ptr':
    case 'addr':
      return 'uaddr_t';
  }
}

/** Parse "kind:name"; a string is the reason why it is not one. */
function parseArg(text: string, word: number): Arg | string {
  const colon = text.lastIndexOf(':');
  if (colon < 1) return `argument '${text}' is not kind:name`;
  const spec = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (!/^[a-z][a-z0-9_]*$/.test(name)) return `'${name}' is not an argument name`;
  const base = { name, word, type: '', length: '', optional: false, out: false };

  const pointer = /^([a-z][a-z0-9_]*(?:\[\d+\])?\*?)\*(\??)(out)?$/.exec(spec);
  if (pointer)
    return { ...base, kind: 'ptr', type: pointer[1]!, optional: pointer[2] === '?',
      out: pointer[3] !== undefined };
  const named = /^(flags|u32)\(([A-Z]+)\)$/.exec(spec);
  if (named) return { ...base, kind: named[1] as ArgKind, type: named[2]! };
  const sized = /^(buf|out)\[([a-z][a-z0-9_]*)\]$/.exec(spec);
  if (sized)
    return { ...base, kind: sized[1] as ArgKind, length: sized[2]!, out: sized[1] === 'out' };
  const text0 = /^(str|path)\?$/.exec(spec);
  if (text0) return { ...base, kind: text0[1] as ArgKind, optional: true };
  if (PLAIN_KINDS.has(spec)) return { ...base, kind: spec as ArgKind, out: spec === 'out' };
  return `unknown argument kind '${spec}'`;
}

/** Parse one line that is neither blank nor a comment. */
function parseRow(text: string, line: number): Row | string {
  const fields = text.split(/\s+/);
  const [nrText = '', name = '', resultText = ''] = fields;
  if (!/^\d+$/.test(nrText)) return `'${nrText}' is not a number`;
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) return `'${name}' is not a system call's name`;
  if (!RESULTS.has(resultText)) return `unknown result kind '${resultText}'`;

  const args: Arg[] = [];
  let word = 0;
  let i = 3;
  for (; i < fields.length && fields[i]!.includes(':'); i++) {
    const arg = parseArg(fields[i]!, word);
    if (typeof arg === 'string') return arg;
    if (args.some((a) => a.name === arg.name)) return `argument '${arg.name}' appears twice`;
    word += argWords(arg);
    args.push(arg);
  }
  if (word > MAX_WORDS) return `${word} words of arguments, at most ${MAX_WORDS} are passed`;
  for (const arg of args)
    if (arg.length !== '' && arg.length !== 'r' && !args.some((a) => a.name === arg.length))
      return `length '${arg.length}' of '${arg.name}' is no argument`;

  const where = fields[i] ?? '';
  if (!/^[a-z]+\/[a-z0-9_]+\.c$/.test(where)) return `'${where}' is not room/file.c`;
  const levelText = fields[i + 1] ?? 'full';
  if (levelText !== 'full' && levelText !== 'partial' && levelText !== 'absent')
    return `unknown level '${levelText}'`;
  const note = fields.slice(i + 2).join(' ');
  if (levelText !== 'full' && note === '') return `level ${levelText} needs a note that says why`;
  return { line, nr: Number(nrText), name, result: resultText as ResultKind, args, where,
    level: levelText, note };
}

/** Parse the whole table. Every bad line gives one error; the rows are only good without any. */
export function parseTable(text: string): { rows: Row[]; errors: TableError[] } {
  const rows: Row[] = [];
  const errors: TableError[] = [];
  const names = new Set<string>();
  let last = -1;
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const body = raw.trim();
    if (body === '' || body.startsWith('#')) return;
    const row = parseRow(body, line);
    if (typeof row === 'string') {
      errors.push({ line, message: row });
      return;
    }
    if (row.nr <= last)
      errors.push({ line, message: `number ${row.nr} after ${last}: numbers rise, none twice` });
    if (names.has(row.name)) errors.push({ line, message: `'${row.name}' appears twice` });
    names.add(row.name);
    last = Math.max(last, row.nr);
    rows.push(row);
  });
  return { rows, errors };
}

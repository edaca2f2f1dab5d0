/**
 * gensyscalls.ts - everything that is made from kernel/abi/syscalls.tbl.
 *
 * node tools/gensyscalls.ts [TABLE [OUTDIR]]   (default kernel/abi/syscalls.tbl build/gen)
 *
 * OUTDIR/syscalls.h           prototypes of sys_<name>() for the rooms
 * OUTDIR/syscalls_dispatch.h  the switch from number to body
 * OUTDIR/syscalls_trace.h     names and kinds, for strace and /proc
 * OUTDIR/syscalls.ts          names by number
 * OUTDIR/syscalls_fuzz.h      the grammar of the fuzzer that runs in the machine (kernel/tests/hostile/fuzz.c)
 * OUTDIR/syscall.h.in         numbers in the form of libc's bits/syscall.h.in
 * OUTDIR/../support.md        the support page
 *
 * A file whose text did not change is not written again, so nothing is rebuilt for it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { argType, parseTable } from './syscalltable.ts';
import type { Arg, Row } from './syscalltable.ts';

const MADE = 'Made by tools/gensyscalls.ts from kernel/abi/syscalls.tbl; do not edit.';

function present(rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.level !== 'absent');
}

/** Prototypes of the bodies. All return int: a result or a negative errno. */
export function prototypes(rows: readonly Row[]): string {
  const lines = present(rows).map((row) => {
    const args = row.args.map((arg) => `${argType(arg)} ${arg.name}`).join(', ');
    return `int sys_${row.name}(${args || 'void'}); /* ${row.where} */`;
  });
  return `/* ${MADE} */
#ifndef GEN_SYSCALLS_H
#define GEN_SYSCALLS_H

#include "lib/types.h"

${lines.join('\n')}

#endif
`;
}

function passed(arg: Arg): string {
  if (arg.kind === 'off') return `(uint64_t)a${arg.word + 1} << 32 | a${arg.word}`;
  const type = argType(arg);
  return type === 'int32_t' ? `(int32_t)a${arg.word}` : `a${arg.word}`;
}

/** One switch from number to body. Included by the file that enters the kernel. */
export function dispatch(rows: readonly Row[]): string {
  const cases = present(rows).map(
    (row) => `\tcase ${row.nr}:\n\t\treturn sys_${row.name}(${row.args.map(passed).join(', ')});`,
  );
  return `/* ${MADE} */
#ifndef GEN_SYSCALLS_DISPATCH_H
#define GEN_SYSCALLS_DISPATCH_H

#include "syscalls.h"

static int syscall_dispatch(uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
	uint32_t a4, uint32_t a5)
{
	switch (nr) {
${cases.join('\n')}
	default:
		return -ENOSYS;
	}
}

#endif
`;
}

const LENGTH_NONE = 255;
const LENGTH_RESULT = 254;

function traceArg(arg: Arg, row: Row): string {
  let length = LENGTH_NONE;
  if (arg.length === 'r') length = LENGTH_RESULT;
  else if (arg.length !== '') length = row.args.findIndex((a) => a.name === arg.length);
  const flags = (arg.optional ? 1 : 0) | (arg.out ? 2 : 0);
  return `{"${arg.name}", "${arg.type}", SC_${arg.kind.toUpperCase()}, ${arg.word}, ${flags}, ${length}}`;
}

/** Names and kinds of every row, absent ones too: strace shows calls that fail with ENOSYS. */
export function traceTable(rows: readonly Row[]): string {
  const entries = rows.map((row) => {
    const args = row.args.map((arg) => `\n\t\t${traceArg(arg, row)}`).join(',');
    return `\t{${row.nr}, SC_RESULT_${row.result.toUpperCase()}, ${row.args.length}, "${row.name}", {${args}}},`;
  });
  return `/* ${MADE} */
#ifndef GEN_SYSCALLS_TRACE_H
#define GEN_SYSCALLS_TRACE_H

#include "lib/types.h"

enum syscall_arg_kind {
	SC_FD, SC_DIRFD, SC_INT, SC_U32, SC_SIZE, SC_MODE, SC_PID, SC_UID, SC_SIG, SC_FLAGS,
	SC_STR, SC_PATH, SC_BUF, SC_OUT, SC_PTR, SC_ADDR, SC_OFF
};
enum syscall_result_kind {
	SC_RESULT_ERR, SC_RESULT_FD, SC_RESULT_COUNT, SC_RESULT_PID, SC_RESULT_ADDR,
	SC_RESULT_INT, SC_RESULT_NONE
};
#define SC_OPTIONAL 1 /* flags: may be 0 */
#define SC_WRITTEN 2  /* flags: the kernel writes there */
#define SC_LENGTH_NONE ${LENGTH_NONE}
#define SC_LENGTH_RESULT ${LENGTH_RESULT} /* length: as many bytes as the result says */

struct syscall_arg_info {
	const char *name;
	const char *type; /* set of a number's names, or what a pointer leads to; "" */
	uint8_t kind;     /* SC_* */
	uint8_t word;     /* its (first) word among a0..a5 */
	uint8_t flags;
	uint8_t length;   /* SC_BUF, SC_OUT: index of the argument with the size, or SC_LENGTH_* */
};
struct syscall_info {
	uint16_t nr;
	uint8_t result; /* SC_RESULT_* */
	uint8_t nargs;
	const char *name;
	struct syscall_arg_info args[6];
};

/* By number, rising. */
static const struct syscall_info syscall_infos[] = {
${entries.join('\n')}
};

#endif
`;
}

/** What the fuzzer passes: one letter for each word of each call that is there (head of the text). */
export function fuzzGrammar(rows: readonly Row[]): string {
  const letters: Readonly<Record<Arg['kind'], string>> = {
    fd: 'f', dirfd: 'd', int: 'i', u32: 'u', size: 'n', mode: 'm', pid: 'p', uid: 'g', sig: 's', flags: 'b',
    str: 't', path: 't', buf: 'a', out: 'a', ptr: 'a', addr: 'w', off: 'l',
  };
  const entries = present(rows).map((row) => {
    const words = row.args.map((arg) => letters[arg.kind] + (arg.kind === 'off' ? 'h' : '')).join('');
    return `\t{${row.nr}, "${row.result === 'fd' ? 'f' : '-'}${words}"}, /* ${row.name} */`;
  });
  return `/* ${MADE} */
#ifndef GEN_SYSCALLS_FUZZ_H
#define GEN_SYSCALLS_FUZZ_H

/*
 * words[0]: f if the result is a descriptor, else -. Then for each word: f descriptor, d it or
 * AT_FDCWD, i int, u one of a set or a number, n size, m mode, p pid, g user or group, s signal,
 * b bits, t text or path, a address that is followed, w address or word, l and h low and high half.
 */
static const struct grammar {
	unsigned nr;
	const char *words;
} grammar[] = {
${entries.join('\n')}
};

#endif
`;
}

/** Names by number for the host side. */
export function nameTable(rows: readonly Row[]): string {
  const entries = rows.map((row) => `  [${row.nr}, '${row.name}'],`);
  return `// ${MADE}

/** Every system call of the table by its number. */
export const syscallNames: ReadonlyMap<number, string> = new Map([
${entries.join('\n')}
]);
`;
}

/** Numbers for libc. Absent calls have theirs too: they answer ENOSYS. */
export function libcNumbers(rows: readonly Row[]): string {
  const lines = rows.map((row) => `#define __NR_${row.name} ${row.nr}`);
  return `/* ${MADE} */\n${lines.join('\n')}\n`;
}

/** The support page: what each call can do, by room. */
export function supportPage(rows: readonly Row[]): string {
  const count = (level: string): number => rows.filter((row) => row.level === level).length;
  const lines = rows.map((row) => {
    const args = row.args.map((arg) => arg.name).join(', ');
    return `| ${row.nr} | \`${row.name}(${args})\` | ${row.level} | ${row.note} | kernel/${row.where} |`;
  });
  return `# System calls

${count('full')} full, ${count('partial')} partial, ${count('absent')} absent. A call that is absent, or not in this list,
fails with ENOSYS. Numbers are Linux's generic ones (as riscv32 has them); those from 1024 up are ours.

A program's own load or store through a null or wild pointer does not trap as long as it stays inside its
memory: WebAssembly has no page protection. The kernel checks every address that a call is given (EFAULT).

| number | call | support | note | body |
|---:|---|---|---|---|
${lines.join('\n')}
`;
}

function writeIfChanged(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function main(args: readonly string[]): number {
  const root = resolve(import.meta.dirname, '..');
  const table = resolve(args[0] ?? join(root, 'kernel/abi/syscalls.tbl'));
  const out = resolve(args[1] ?? join(root, 'build/gen'));
  const { rows, errors } = parseTable(readFileSync(table, 'utf8'));
  for (const error of errors)
    console.error(`${relative(process.cwd(), table)}:${error.line}: ${error.message}`);
  if (errors.length > 0) return 1;
  writeIfChanged(join(out, 'syscalls.h'), prototypes(rows));
  writeIfChanged(join(out, 'syscalls_dispatch.h'), dispatch(rows));
  writeIfChanged(join(out, 'syscalls_trace.h'), traceTable(rows));
  writeIfChanged(join(out, 'syscalls_fuzz.h'), fuzzGrammar(rows));
  writeIfChanged(join(out, 'syscalls.ts'), nameTable(rows));
  writeIfChanged(join(out, 'syscall.h.in'), libcNumbers(rows));
  writeIfChanged(join(out, '../support.md'), supportPage(rows));
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));

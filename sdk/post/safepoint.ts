/**
 * Polls at loop heads: signal handlers reach code that makes no system call.
 *
 * Each loop begins with `if (i32.atomic.load PLEAT_POLL_WORD) call __pleat_poll`. The module
 * already has that function (glue), so no index moves; offsets into the code do, which is why
 * the caller drops debug sections.
 */
import {
  SECTION,
  OP,
  Reader,
  bodies,
  concat,
  exports,
  functionNames,
  leb,
  section,
  skipImmediates,
  skipLocals,
} from './wasm.ts';
import type { Module, Section } from './wasm.ts';

/** The poll itself, what it calls, and what the linker runs before there is a thread. */
const WITHOUT = new Set([
  '__pleat_poll',
  '__pleat_deliver',
  '__pleat_after',
  'after_call',
  '__pleat_syscall',
  'call_handler',
  '__syscall_cp_asm',
  '__wasm_init_memory',
  '__wasm_init_tls',
  '__wasm_call_ctors',
]);

/**
 * @param module - a linked program with a name section
 * @param pollWord - address of the poll word
 * @returns the new sections and the number of loops that got a poll
 */
export function addSafepoints(
  module: Module,
  pollWord: number,
): { sections: Section[]; loops: number } {
  const poll = exports(module).get('__pleat_poll');
  const names = functionNames(module);
  const code = section(module, SECTION.code);
  if (!poll || poll.kind !== 0 || !names.size)
    throw new Error('no __pleat_poll or no function names');
  if (!code) return { sections: module.sections, loops: 0 };
  // i32.const 0; i32.atomic.load align=4 offset=pollWord; if; call poll; end
  const test = [
    0x41,
    0,
    0xfe,
    0x10,
    2,
    ...leb(pollWord),
    0x04,
    0x40,
    OP.call,
    ...leb(poll.index),
    0x0b,
  ];
  const list = bodies(code);
  const parts: (Uint8Array | number[])[] = [leb(list.length)];
  let loops = 0;
  list.forEach(({ start, end }, i) => {
    const heads = WITHOUT.has(names.get(module.importedFunctions + i) ?? '')
      ? []
      : loopHeads(code.bytes, start, end);
    loops += heads.length;
    parts.push(leb(end - start + heads.length * test.length));
    let from = start;
    for (const head of heads) {
      parts.push(code.bytes.subarray(from, head), test);
      from = head;
    }
    parts.push(code.bytes.subarray(from, end));
  });
  const body = concat(parts);
  return {
    sections: module.sections.map((s) => (s.id === SECTION.code ? { ...s, body } : s)),
    loops,
  };
}

/** Offsets just after each loop instruction of one body. */
export function loopHeads(bytes: Uint8Array, start: number, end: number): number[] {
  const r = new Reader(bytes, start);
  const heads: number[] = [];
  skipLocals(r);
  while (r.pos < end) {
    const op = r.byte();
    skipImmediates(r, op);
    if (op === OP.loop) heads.push(r.pos);
  }
  if (r.pos !== end) throw new Error(`function body at ${start} does not end where it should`);
  return heads;
}

/**
 * -mshm: memory shared between processes.
 *
 * Every load, store, atomic and bulk operation of a finished module is given a second memory, S, for
 * addresses from 2 GiB up; below that it stays on the program's own memory, U. S's byte 0 is address
 * 0x80000000. The module imports S as env.shared_memory, memory 1.
 *
 *   (i32.load offset=o ADDRESS)   becomes   (local.tee $a ADDRESS) >= 0 signed
 *                                             ? (i32.load offset=o $a)
 *                                             : (i32.load 1 offset=o ($a & 0x7fffffff))
 *
 * with a hint that U is likely. An access that is known to be in U stays as it is: one at a constant
 * address, and one on the shadow stack's frame, which LLVM keeps in a local that is set once.
 * memory.copy and memory.fill go through functions that look at their addresses; memory.init, .size
 * and .grow concern U alone. No access straddles: U ends below 2 GiB, and both ends of S are reserved.
 *
 * It runs last, after wasm-opt, so that nothing undoes it.
 */
import {
  SECTION,
  Reader,
  bodies,
  concat,
  exports,
  imports,
  leb,
  section,
  skipImmediates,
} from './wasm.ts';
import type { Module, Section } from './wasm.ts';

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
const EMPTY = 0x40;

const LOADS = [I32, I64, F32, F64, I32, I32, I32, I32, I64, I64, I64, I64, I64, I64];
const STORES = [I32, I64, F32, F64, I32, I32, I64, I64, I64];
/** The seven widths of each atomic operation: i32, i64, i32 8 and 16, i64 8, 16 and 32. */
const ATOMIC = [I32, I64, I32, I32, I64, I64, I64];

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const I32_CONST = 0x41;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_AND = 0x71;
const I32_GE_S = 0x4e;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const CALL = 0x10;
const BULK = 0xfc;
const SIMD = 0xfd;
const THREADS = 0xfe;
const MEMORY_COPY = 10;
const MEMORY_FILL = 11;
/** 0x7fffffff as a signed LEB128 */
const LOW_31 = [0xff, 0xff, 0xff, 0xff, 0x07];
const SHARED_MAX_PAGES = 32768;

/** What an access takes above its address, and what it leaves. 0: nothing. */
interface Access {
  readonly values: readonly number[];
  readonly result: number;
}

/** @returns undefined: op (with sub, for the prefixed ones) is no access to memory with a memarg */
function accessOf(op: number, sub: number): Access | undefined {
  const load = (result: number): Access => ({ values: [], result });
  const store = (value: number): Access => ({ values: [value], result: 0 });
  if (op >= 0x28 && op <= 0x35) return load(LOADS[op - 0x28] ?? 0);
  if (op >= 0x36 && op <= 0x3e) return store(STORES[op - 0x36] ?? 0);
  if (op === SIMD) {
    if (sub <= 10 || sub === 92 || sub === 93) return load(V128);
    if (sub === 11) return store(V128);
    if (sub >= 84 && sub <= 87) return { values: [V128], result: V128 };
    if (sub >= 88 && sub <= 91) return store(V128);
  }
  if (op !== THREADS || sub === 3) return undefined;
  if (sub === 0) return { values: [I32], result: I32 };
  if (sub === 1) return { values: [I32, I64], result: I32 };
  if (sub === 2) return { values: [I64, I64], result: I32 };
  const type = (first: number): number => ATOMIC[(sub - first) % 7] ?? 0;
  if (sub < 0x17) return load(type(0x10));
  if (sub < 0x1e) return store(type(0x17));
  if (sub < 0x48) return { values: [type(0x1e)], result: type(0x1e) };
  return { values: [type(0x48), type(0x48)], result: type(0x48) };
}

/** A growing list of bytes: bodies are written once, in order. */
class Writer {
  bytes = new Uint8Array(1 << 16);
  length = 0;

  raw(part: Uint8Array | readonly number[]): void {
    if (this.length + part.length > this.bytes.length) {
      const old = this.bytes;
      this.bytes = new Uint8Array(Math.max(old.length * 2, this.length + part.length));
      this.bytes.set(old.subarray(0, this.length));
    }
    this.bytes.set(part, this.length);
    this.length += part.length;
  }

  op(...part: number[]): void {
    this.raw(part);
  }

  index(op: number, n: number): void {
    this.raw([op, ...leb(n)]);
  }

  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** What is the same for all functions of a module. */
interface Context {
  /** index of __stack_pointer, -1: not exported */
  readonly stackPointer: number;
  readonly copy: number;
  readonly fill: number;
}

export interface ShmReport {
  sections: Section[];
  /** accesses that got a test, and all of them */
  tested: number;
  accesses: number;
}

/** @param module - a finished program, with one imported memory and no hints of its own */
export function addShared(module: Module): ShmReport {
  const code = section(module, SECTION.code);
  if (imports(module).filter((i) => i.kind === 2).length !== 1)
    throw new Error('-mshm: the program does not import exactly one memory');
  if (!code) return { sections: module.sections, tested: 0, accesses: 0 };
  const types = section(module, SECTION.type);
  const functions = section(module, SECTION.function);
  if (!types || !functions) throw new Error('-mshm: a code section without types');
  const list = bodies(code);
  const helpers = module.importedFunctions + list.length;
  const pointer = exports(module).get('__stack_pointer');
  const context: Context = {
    stackPointer: pointer?.kind === 3 ? pointer.index : -1,
    copy: helpers,
    fill: helpers + 1,
  };
  const parameters = parameterCounts(module);
  const out: (Uint8Array | number[])[] = [leb(list.length + 2)];
  const hints: (Uint8Array | number[])[] = [];
  let tested = 0;
  let accesses = 0;
  let hinted = 0;
  list.forEach(({ start, end }, i) => {
    const done = rewrite(code.bytes, start, end, parameters[i] ?? 0, context);
    tested += done.tested;
    accesses += done.accesses;
    out.push(leb(done.body.length), done.body);
    if (!done.hints.length) return;
    hinted++;
    hints.push(leb(module.importedFunctions + i), leb(done.hints.length));
    for (const at of done.hints) hints.push(leb(at), [1, 1]);
  });
  for (const body of [copyHelper(), fillHelper()]) out.push(leb(body.length), body);

  const typeCount = types.u32();
  const newTypes = concat([
    leb(typeCount + 1),
    types.bytes.subarray(types.pos),
    [0x60, 3, I32, I32, I32, 0],
  ]);
  const functionCount = functions.u32();
  const newFunctions = concat([
    leb(functionCount + 2),
    functions.bytes.subarray(functions.pos),
    leb(typeCount),
    leb(typeCount),
  ]);
  const hintSection: Section = {
    id: SECTION.custom,
    name: 'metadata.code.branch_hint',
    body: concat([leb(hinted), ...hints]),
  };
  const sections = module.sections.flatMap((s): Section[] => {
    if (s.id === SECTION.type) return [{ ...s, body: newTypes }];
    if (s.id === SECTION.import) return [{ ...s, body: withSharedMemory(s.body) }];
    if (s.id === SECTION.function) return [{ ...s, body: newFunctions }];
    if (s.id === SECTION.code) return [hintSection, { ...s, body: concat(out) }];
    return [s];
  });
  return { sections, tested, accesses };
}

function withSharedMemory(body: Uint8Array): Uint8Array {
  const r = new Reader(body);
  const count = r.u32();
  const text = (s: string): number[] => [s.length, ...new TextEncoder().encode(s)];
  const memory = [...text('env'), ...text('shared_memory'), 2, 3, 0, ...leb(SHARED_MAX_PAGES)];
  return concat([leb(count + 1), body.subarray(r.pos), memory]);
}

/** How many parameters each function of the code section has: its locals count on from there. */
function parameterCounts(module: Module): number[] {
  const types = section(module, SECTION.type);
  const functions = section(module, SECTION.function);
  if (!types || !functions) return [];
  const counts = Array.from({ length: types.u32() }, () => {
    if (types.byte() !== 0x60) throw new Error('-mshm: a type that is not a function');
    const n = types.u32();
    for (let i = 0; i < n; i++) types.valueType();
    for (let m = types.u32(); m > 0; m--) types.valueType();
    return n;
  });
  return Array.from({ length: functions.u32() }, () => counts[functions.u32()] ?? 0);
}

/** Locals declared beyond the parameters: their number, and where the first instruction is. */
function declaredLocals(r: Reader): { count: number; groups: number; from: number } {
  const groups = r.u32();
  const from = r.pos;
  let count = 0;
  for (let i = 0; i < groups; i++) {
    count += r.u32();
    r.valueType();
  }
  return { count, groups, from };
}

/**
 * Locals that hold this frame's place on the shadow stack: set once in the body, from
 * `global.get __stack_pointer`, with at most a constant added or taken away. An access through one is
 * in U, whatever its offset: frames are smaller than the stack, and the stack lies at U's start.
 */
function frameLocals(
  bytes: Uint8Array,
  from: number,
  end: number,
  first: number,
  pointer: number,
): Set<number> {
  const r = new Reader(bytes, from);
  const sets = new Map<number, number>();
  const frames = new Set<number>();
  /** 0 nothing, 1 the pointer is on top, 2 a constant lies on it */
  let state = 0;
  while (r.pos < end) {
    const op = r.byte();
    const at = r.pos;
    skipImmediates(r, op);
    const index = op >= LOCAL_GET && op <= GLOBAL_SET ? new Reader(bytes, at).u32() : -1;
    if (op === LOCAL_SET || op === LOCAL_TEE) {
      sets.set(index, (sets.get(index) ?? 0) + 1);
      if (state === 1) frames.add(index);
    }
    if (op === GLOBAL_GET && index === pointer) state = 1;
    else if (op === I32_CONST && state === 1) state = 2;
    else if ((op === I32_ADD || op === I32_SUB) && state === 2) state = 1;
    else if (op !== LOCAL_TEE) state = 0;
  }
  return new Set([...frames].filter((local) => local >= first && sets.get(local) === 1));
}

interface Rewritten {
  body: Uint8Array;
  /** offsets of the tests' if instructions, from the body's first byte */
  hints: number[];
  tested: number;
  accesses: number;
}

/** The locals that carry an access's operands over the test, one of each kind, added when needed. */
class Temporaries {
  readonly #next: number;
  readonly #types: number[] = [];
  readonly #known = new Map<string, number>();
  constructor(next: number) {
    this.#next = next;
  }

  get(key: string, type: number): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.#next + this.#types.length;
    this.#types.push(type);
    this.#known.set(key, index);
    return index;
  }

  declarations(): { groups: number; bytes: number[] } {
    return { groups: this.#types.length, bytes: this.#types.flatMap((type) => [1, type]) };
  }
}

function rewrite(
  bytes: Uint8Array,
  start: number,
  end: number,
  parameters: number,
  context: Context,
): Rewritten {
  const r = new Reader(bytes, start);
  const declared = declaredLocals(r);
  const codeStart = r.pos;
  const frames = frameLocals(bytes, codeStart, end, parameters, context.stackPointer);
  const temporaries = new Temporaries(parameters + declared.count);
  const w = new Writer();
  const hints: number[] = [];
  let from = codeStart;
  let accesses = 0;
  let tested = 0;
  /** Is what was pushed last, by one instruction, an address in U? Values above it are not tracked. */
  let known = false;
  while (r.pos < end) {
    const at = r.pos;
    const op = r.byte();
    const sub = op === SIMD || op === THREADS || op === BULK ? new Reader(bytes, r.pos).u32() : 0;
    const operands = r.pos;
    skipImmediates(r, op);
    const access = accessOf(op, sub);
    if (op === BULK && (sub === MEMORY_COPY || sub === MEMORY_FILL)) {
      accesses++;
      tested++;
      w.raw(bytes.subarray(from, at));
      w.index(CALL, sub === MEMORY_COPY ? context.copy : context.fill);
      from = r.pos;
    } else if (access) {
      accesses++;
      if (!(known && access.values.length === 0)) {
        tested++;
        w.raw(bytes.subarray(from, at));
        hints.push(emit(w, bytes, operands, op, access, temporaries));
        from = r.pos;
      }
    }
    known =
      (op === I32_CONST && (bytes[operands + skipOf(bytes, operands)] ?? 0) < 0x40) ||
      ((op === LOCAL_GET || op === LOCAL_TEE) && frames.has(new Reader(bytes, operands).u32())) ||
      (op === GLOBAL_GET && new Reader(bytes, operands).u32() === context.stackPointer);
  }
  w.raw(bytes.subarray(from, end));
  const extra = temporaries.declarations();
  const head = concat([
    leb(declared.groups + extra.groups),
    bytes.subarray(declared.from, codeStart),
    extra.bytes,
  ]);
  return {
    body: concat([head, w.take()]),
    hints: hints.map((at) => at + head.length),
    tested,
    accesses,
  };
}

/** Where the last byte of the LEB128 at pos is: a signed one is negative if its bit 6 is set. */
function skipOf(bytes: Uint8Array, pos: number): number {
  let n = 0;
  while ((bytes[pos + n] ?? 0) >= 128) n++;
  return n;
}

/**
 * The test and both accesses. Its operands are on the stack: the address, then the values.
 * @returns where its `if` is, in what w holds
 */
function emit(
  w: Writer,
  bytes: Uint8Array,
  operands: number,
  op: number,
  access: Access,
  temporaries: Temporaries,
): number {
  const values = access.values.map((type, i) => temporaries.get(`${type}.${i}`, type));
  for (const value of [...values].reverse()) w.index(LOCAL_SET, value);
  const address = temporaries.get('address', I32);
  w.index(LOCAL_TEE, address);
  w.op(I32_CONST, 0, I32_GE_S);
  const at = w.length;
  w.op(IF, access.result || EMPTY);
  const operation = (memory: 0 | 1): void => {
    w.index(LOCAL_GET, address);
    if (memory) w.raw([I32_CONST, ...LOW_31, I32_AND]);
    for (const value of values) w.index(LOCAL_GET, value);
    w.raw(instruction(bytes, operands, op, memory));
  };
  operation(0);
  w.op(ELSE);
  operation(1);
  w.op(END);
  return at;
}

/** The instruction as it was, or on memory 1: bit 6 of the alignment says that an index follows. */
function instruction(bytes: Uint8Array, operands: number, op: number, memory: 0 | 1): Uint8Array {
  const r = new Reader(bytes, operands);
  const prefix: number[] = [op];
  if (op === SIMD || op === THREADS) {
    const sub = r.u32();
    prefix.push(...leb(sub));
  }
  const align = r.u32();
  if (align & 0x40) throw new Error('-mshm: an access names a memory already');
  const offset = leb(r.u32());
  const lane: number[] = [];
  if (op === SIMD) {
    const sub = new Reader(bytes, operands).u32();
    if (sub >= 84 && sub <= 91) lane.push(r.byte());
  }
  return concat([prefix, memory ? [align | 0x40, 1] : [align], offset, lane]);
}

const isU = (local: number): number[] => [LOCAL_GET, local, I32_CONST, 0, I32_GE_S];
const inS = (local: number): number[] => [LOCAL_GET, local, I32_CONST, ...LOW_31, I32_AND];

/** (destination, source, length): one of four copies. */
function copyHelper(): Uint8Array {
  const copy = (to: 0 | 1, from: 0 | 1): number[] => [
    ...(to ? inS(0) : [LOCAL_GET, 0]),
    ...(from ? inS(1) : [LOCAL_GET, 1]),
    LOCAL_GET, 2, BULK, MEMORY_COPY, to, from,
  ];
  const either = (to: 0 | 1): number[] => [
    ...isU(1), IF, EMPTY, ...copy(to, 0), ELSE, ...copy(to, 1), END,
  ];
  return concat([[0, ...isU(0), IF, EMPTY, ...either(0), ELSE, ...either(1), END, END]]);
}

/** (destination, byte, length) */
function fillHelper(): Uint8Array {
  const fill = (to: 0 | 1): number[] => [
    ...(to ? inS(0) : [LOCAL_GET, 0]), LOCAL_GET, 1, LOCAL_GET, 2, BULK, MEMORY_FILL, to,
  ];
  return concat([[0, ...isU(0), IF, EMPTY, ...fill(0), ELSE, ...fill(1), END, END]]);
}

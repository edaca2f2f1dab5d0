/**
 * shm.test.ts - the step -mshm by itself: each access to memory does in U what it did before, does
 * the same in S for addresses from 2 GiB up, and traps where the plain one does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addShared } from '../post/shm.ts';
import { SECTION, concat, leb, parse, serialize } from '../post/wasm.ts';
import type { Section } from '../post/wasm.ts';

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
const PAGES = 3;
const SIZE = PAGES * 65536;
/** Where vectors come from and go to: values of that type cannot be passed from JavaScript. */
const VECTOR_IN = 64;
const VECTOR_OUT = 96;

interface Operation {
  readonly name: string;
  readonly opcode: readonly number[];
  /** log2 of the alignment that is written down, which atomics must have */
  readonly align: number;
  readonly values: readonly number[];
  readonly result: number;
  /** lane immediate */
  readonly lane?: number;
}

const LOAD_TYPES = [I32, I64, F32, F64, I32, I32, I32, I32, I64, I64, I64, I64, I64, I64];
const LOAD_ALIGN = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2];
const STORE_TYPES = [I32, I64, F32, F64, I32, I32, I64, I64, I64];
const STORE_ALIGN = [2, 3, 2, 3, 0, 1, 0, 1, 2];
const ATOMIC_TYPES = [I32, I64, I32, I32, I64, I64, I64];
const ATOMIC_ALIGN = [2, 3, 0, 1, 0, 1, 2];
const RMW = ['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg'];

function operations(): Operation[] {
  const all: Operation[] = [];
  LOAD_TYPES.forEach((result, i) =>
    all.push({ name: `load ${i}`, opcode: [0x28 + i], align: LOAD_ALIGN[i]!, values: [], result }),
  );
  STORE_TYPES.forEach((type, i) =>
    all.push({ name: `store ${i}`, opcode: [0x36 + i], align: STORE_ALIGN[i]!, values: [type], result: 0 }),
  );
  all.push({ name: 'notify', opcode: [0xfe, 0], align: 2, values: [I32], result: I32 });
  all.push({ name: 'wait32', opcode: [0xfe, 1], align: 2, values: [I32, I64], result: I32 });
  all.push({ name: 'wait64', opcode: [0xfe, 2], align: 3, values: [I64, I64], result: I32 });
  ATOMIC_TYPES.forEach((type, i) => {
    const align = ATOMIC_ALIGN[i]!;
    all.push({ name: `atomic load ${i}`, opcode: [0xfe, 0x10 + i], align, values: [], result: type });
    all.push({ name: `atomic store ${i}`, opcode: [0xfe, 0x17 + i], align, values: [type], result: 0 });
    RMW.forEach((what, r) => {
      const values = what === 'cmpxchg' ? [type, type] : [type];
      all.push({ name: `atomic ${what} ${i}`, opcode: [0xfe, 0x1e + 7 * r + i], align, values, result: type });
    });
  });
  [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3].forEach((align, sub) =>
    all.push({ name: `v128 load ${sub}`, opcode: [0xfd, sub], align, values: [], result: V128 }),
  );
  all.push({ name: 'v128 store', opcode: [0xfd, 11], align: 4, values: [V128], result: 0 });
  for (let i = 0; i < 4; i++) {
    all.push({ name: `load lane ${i}`, opcode: [0xfd, 84 + i], align: i, values: [V128], result: V128, lane: 1 });
    all.push({ name: `store lane ${i}`, opcode: [0xfd, 88 + i], align: i, values: [V128], result: 0, lane: 1 });
  }
  all.push({ name: 'load32 zero', opcode: [0xfd, 92], align: 2, values: [], result: V128 });
  all.push({ name: 'load64 zero', opcode: [0xfd, 93], align: 3, values: [], result: V128 });
  return all;
}

const constant = (n: number): number[] => [0x41, ...signed(n)];

function signed(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const low = n & 127;
    n >>= 7;
    if ((n === 0 && !(low & 64)) || (n === -1 && low & 64)) return [...out, low];
    out.push(low | 128);
  }
}

/** One function f(address, values...) that does the operation; vectors go by way of memory. */
function moduleOf(o: Operation, offset: number): Uint8Array<ArrayBuffer> {
  const scalars = o.values.filter((type) => type !== V128);
  const result = o.result === V128 || o.result === 0 ? [] : [o.result];
  const access = [...o.opcode.slice(0, 1), ...o.opcode.slice(1).flatMap(leb), o.align, ...leb(offset), ...(o.lane === undefined ? [] : [o.lane])];
  const vectorLoad = [...constant(VECTOR_IN), 0xfd, 0, 4, 0];
  const operands = o.values.flatMap((type, i) => (type === V128 ? vectorLoad : [0x20, 1 + i]));
  const body = [
    ...(o.result === V128 ? constant(VECTOR_OUT) : []),
    0x20, 0, ...operands, ...access,
    ...(o.result === V128 ? [0xfd, 11, 4, 0] : []),
  ];
  return functionModule([I32, ...scalars], result, body);
}

function functionModule(parameters: number[], results: number[], body: number[]): Uint8Array<ArrayBuffer> {
  const s = (id: number, ...bytes: number[]): Section => ({ id, name: '', body: Uint8Array.from(bytes) });
  const text = (t: string): number[] => [t.length, ...Buffer.from(t)];
  const code = [0, ...body, 0x0b];
  return serialize([
    s(SECTION.type, 1, 0x60, parameters.length, ...parameters, results.length, ...results),
    s(SECTION.import, 1, ...text('env'), ...text('memory'), 2, 3, 1, ...leb(32768)),
    s(SECTION.function, 1, 0),
    s(SECTION.export, 1, ...text('f'), 0, 0),
    s(SECTION.code, 1, ...leb(code.length), ...code),
  ]);
}

const shared = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => serialize(addShared(parse(bytes)).sections);

function memoryOf(seed: number): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 32768, shared: true });
  const words = new Uint32Array(memory.buffer);
  for (let i = 0, x = seed; i < words.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    words[i] = x;
  }
  return memory;
}

const bytesOf = (memory: WebAssembly.Memory): Buffer => Buffer.from(new Uint8Array(memory.buffer));

interface Outcome {
  readonly result: unknown;
  readonly trapped: boolean;
}

function call(f: (...args: unknown[]) => unknown, args: unknown[]): Outcome {
  try {
    return { result: f(...args), trapped: false };
  } catch (error) {
    assert.ok(error instanceof WebAssembly.RuntimeError, String(error));
    return { result: undefined, trapped: true };
  }
}

type Callable = (...args: unknown[]) => unknown;

/** Two machines, both memories filled alike, so that U of one and S of the other can be compared. */
class Pair {
  readonly plainModule: WebAssembly.Module;
  readonly sharedModule: WebAssembly.Module;
  readonly name: string;
  constructor(name: string, plain: Uint8Array<ArrayBuffer>) {
    this.name = name;
    this.plainModule = new WebAssembly.Module(plain);
    this.sharedModule = new WebAssembly.Module(shared(plain));
  }

  /** args: addresses of U; the same call is made with the ones of `moved` 2 GiB higher */
  check(args: unknown[], moved: readonly number[], copyVectors: boolean): void {
    const plainMemory = memoryOf(1);
    const plain = new WebAssembly.Instance(this.plainModule, { env: { memory: plainMemory } });
    const want = call(plain.exports['f'] as Callable, args);
    const after = bytesOf(plainMemory);
    const label = `${this.name} (${args.join(', ')})`;

    for (const inS of [false, true]) {
      const u = memoryOf(1);
      const s = memoryOf(inS ? 1 : 2);
      const untouched = bytesOf(inS ? u : s);
      const instance = new WebAssembly.Instance(this.sharedModule, { env: { memory: u, shared_memory: s } });
      const at = args.map((a, i) => (inS && moved.includes(i) ? Number(a) + 0x80000000 : a));
      const got = call(instance.exports['f'] as Callable, at);
      assert.deepEqual(got, want, `${label} in ${inS ? 'S' : 'U'}`);
      const result = bytesOf(inS ? s : u);
      const rest = bytesOf(inS ? u : s);
      if (copyVectors && inS) {
        /* The vector's place is in U both times. */
        rest.copy(result, VECTOR_OUT, VECTOR_OUT, VECTOR_OUT + 16);
        untouched.copy(rest, VECTOR_OUT, VECTOR_OUT, VECTOR_OUT + 16);
      }
      assert.ok(result.equals(after), `${label}: what it left in ${inS ? 'S' : 'U'}`);
      assert.ok(rest.equals(untouched), `${label}: it touched ${inS ? 'U' : 'S'}, too`);
    }
  }
}

function sample(type: number, seed: number): unknown {
  if (type === I64) return 0x0123456789abcdefn * BigInt(seed);
  if (type === F32 || type === F64) return 1.5 * seed;
  return 0x01234567 * seed;
}

test('every access does in U and in S what it did before, at edges and with offsets', () => {
  const list = operations();
  assert.equal(list.length, 14 + 9 + 3 + 7 * 9 + 11 + 1 + 8 + 2);
  for (const o of list) {
    for (const offset of [0, 8, 65536]) {
      const pair = new Pair(`${o.name} offset=${offset}`, moduleOf(o, offset));
      const width = 16; /* no access is wider */
      const scalars = o.values.filter((type) => type !== V128).map((type, i) => sample(type, i + 1));
      if (o.name.startsWith('wait')) scalars[1] = 0n; /* do not wait */
      for (const at of [1024, SIZE - width - offset, SIZE - offset, SIZE - offset - 8 + 65536])
        pair.check([at, ...scalars], [0], o.result === V128);
    }
  }
});

test('an access that is not aligned is as it was: atomics trap, others do not', () => {
  for (const o of operations()) {
    if (o.align === 0 || o.opcode[0] === 0xfd || o.name.startsWith('wait')) continue;
    const scalars = o.values.map((type, i) => sample(type, i + 1));
    new Pair(o.name, moduleOf(o, 0)).check([1025, ...scalars], [0], false);
  }
});

test('memory.copy and memory.fill look at each address', () => {
  const three = [0x20, 0, 0x20, 1, 0x20, 2];
  const copy = new Pair('copy', functionModule([I32, I32, I32], [], [...three, 0xfc, 10, 0, 0]));
  const fill = new Pair('fill', functionModule([I32, I32, I32], [], [...three, 0xfc, 11, 0]));
  for (const [to, from, n] of [[1024, 2048, 100], [1024, 1030, 64], [1030, 1024, 64], [5, SIZE - 8, 8], [5, SIZE - 8, 9], [7, 9, 0]] as const) {
    copy.check([to, from, n], [0, 1], false);
    fill.check([to, 0x1ab, n], [0], false);
  }
  fill.check([SIZE - 4, 1, 5], [0], false);
});

test('memory.copy from U to S and back', () => {
  const three = [0x20, 0, 0x20, 1, 0x20, 2];
  const module = new WebAssembly.Module(shared(functionModule([I32, I32, I32], [], [...three, 0xfc, 10, 0, 0])));
  const u = memoryOf(1);
  const s = memoryOf(2);
  const f = new WebAssembly.Instance(module, { env: { memory: u, shared_memory: s } }).exports['f'] as Callable;
  f(0x80000000 + 4096, 1024, 300);
  assert.ok(bytesOf(s).subarray(4096, 4396).equals(bytesOf(u).subarray(1024, 1324)));
  f(8192, 0x80000000 + 12288, 300);
  assert.ok(bytesOf(u).subarray(8192, 8492).equals(bytesOf(s).subarray(12288, 12588)));
});

test('an access at a constant address is left as it was', () => {
  const body = [...constant(1024), 0x28, 2, 0];
  const done = addShared(parse(functionModule([I32], [I32], body)));
  assert.deepEqual([done.tested, done.accesses], [0, 1]);
  const negative = addShared(parse(functionModule([I32], [I32], [...constant(-65536), 0x28, 2, 0])));
  assert.equal(negative.tested, 1, 'an address in S is no constant of U');
});

test('a program with two memories is refused', () => {
  const once = shared(functionModule([I32], [I32], [0x20, 0, 0x28, 2, 0]));
  assert.throws(() => addShared(parse(once)), /exactly one memory/);
  assert.ok(WebAssembly.validate(concat([once])));
});

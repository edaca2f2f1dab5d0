/**
 * Which functions can be on the stack when kernel.fork is called.
 *
 * Direct calls are followed backwards from the import. An indirect call counts only in the
 * functions that the list names: there it may reach any function of its type in the table.
 * Without such a list nearly everything can reach fork through some function pointer.
 */
import {
  SECTION,
  OP,
  Reader,
  bodies,
  functionNames,
  imports,
  section,
  skipImmediates,
  skipLocals,
} from './wasm.ts';
import type { Module } from './wasm.ts';

/** Of libc: start-up calls main, and stage2 it, through pointers. */
const LIBC_INDIRECT = ['__libc_start_main', 'libc_start_main_stage2'];

interface Calls {
  direct: Set<number>;
  /** types called through the table */
  indirect: Set<number>;
}

/**
 * @param module - a linked program with a name section
 * @param indirect - names of functions whose indirect calls can lead to fork
 * @returns names for Asyncify's only-list, sorted; or the names in `indirect` that do not exist
 */
export function forkList(
  module: Module,
  indirect: readonly string[],
): { list: string[]; unknown: string[] } {
  const names = functionNames(module);
  const byName = new Map([...names].map(([i, n]) => [n, i]));
  const types = functionTypes(module);
  const calls = callGraph(module);
  const inTable = new Set([...tableFunctions(module), ...calls.refs]);
  const may = new Set([...LIBC_INDIRECT, ...indirect].map((n) => byName.get(n)));
  const callers = new Map<number, number[]>();
  const callersOfType = new Map<string, number[]>();
  const push = <K>(map: Map<K, number[]>, key: K, value: number) => {
    const list = map.get(key);
    if (list) list.push(value);
    else map.set(key, [value]);
  };
  for (const [f, c] of calls.of) {
    for (const g of c.direct) push(callers, g, f);
    if (may.has(f)) for (const t of c.indirect) push(callersOfType, types.shapes[t] ?? '', f);
  }
  const reached = new Set<number>();
  const work = imports(module)
    .filter((i) => i.kind === 0)
    .flatMap((i, index) => (i.module === 'kernel' && i.name === 'fork' ? [index] : []));
  for (let g = work.pop(); g !== undefined; g = work.pop()) {
    const shape = inTable.has(g) ? types.shapes[types.ofFunction[g] ?? -1] : undefined;
    for (const f of [
      ...(callers.get(g) ?? []),
      ...(shape === undefined ? [] : (callersOfType.get(shape) ?? [])),
    ]) {
      if (reached.has(f)) continue;
      reached.add(f);
      work.push(f);
    }
  }
  return {
    list: [...reached].map((f) => names.get(f) ?? String(f)).sort(),
    unknown: indirect.filter((n) => !byName.has(n)),
  };
}

/** Type index of each function, and each type as text: equal text, equal type. */
function functionTypes(module: Module): { ofFunction: number[]; shapes: string[] } {
  const shapes: string[] = [];
  const r = section(module, SECTION.type);
  for (let n = r ? r.u32() : 0; r && n > 0; n--) {
    const from = r.pos;
    if (r.byte() !== 0x60) throw new Error('only function types are known here');
    for (let part = 0; part < 2; part++) for (let m = r.u32(); m > 0; m--) r.valueType();
    shapes.push(r.bytes.subarray(from, r.pos).join());
  }
  const ofFunction = imports(module)
    .filter((i) => i.kind === 0)
    .map((i) => i.type);
  const f = section(module, SECTION.function);
  for (let n = f ? f.u32() : 0; f && n > 0; n--) ofFunction.push(f.u32());
  return { ofFunction, shapes };
}

/** Functions in active element segments (all that the linker makes). */
function tableFunctions(module: Module): number[] {
  const r = section(module, SECTION.element);
  const found: number[] = [];
  for (let n = r ? r.u32() : 0; r && n > 0; n--) {
    const flags = r.u32();
    if (flags !== 0 && flags !== 2)
      throw new Error(`element segment of kind ${flags} is not known here`);
    if (flags === 2) r.skipLeb();
    for (let op = r.byte(); op !== 0x0b; op = r.byte()) skipImmediates(r, op);
    if (flags === 2) r.byte();
    for (let m = r.u32(); m > 0; m--) found.push(r.u32());
  }
  return found;
}

function callGraph(module: Module): { of: Map<number, Calls>; refs: Set<number> } {
  const of = new Map<number, Calls>();
  const refs = new Set<number>();
  const code = section(module, SECTION.code);
  const list = code ? bodies(code) : [];
  list.forEach(({ start, end }, i) => {
    const calls: Calls = { direct: new Set(), indirect: new Set() };
    const r = new Reader(code?.bytes ?? new Uint8Array(), start);
    skipLocals(r);
    while (r.pos < end) {
      const op = r.byte();
      const at = r.pos;
      skipImmediates(r, op);
      if (
        op !== OP.call &&
        op !== OP.returnCall &&
        op !== OP.callIndirect &&
        op !== OP.returnCallIndirect &&
        op !== OP.refFunc
      )
        continue;
      const target = new Reader(r.bytes, at).u32();
      if (op === OP.refFunc) refs.add(target);
      else if (op === OP.call || op === OP.returnCall) calls.direct.add(target);
      else calls.indirect.add(target);
    }
    of.set(module.importedFunctions + i, calls);
  });
  return { of, refs };
}

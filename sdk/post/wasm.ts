/**
 * Reading and writing WebAssembly's binary format, as far as the link-time steps need it.
 * Spec: WebAssembly 3.0, binary format; legacy exception handling; threads.
 */

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
} as const;

export const OP = {
  loop: 0x03,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  refFunc: 0xd2,
} as const;

export interface Section {
  id: number;
  /** custom sections only */
  name: string;
  /** contents, without id, size and (custom) name */
  body: Uint8Array;
}

export interface Module {
  sections: Section[];
  /** number of imported functions: the index of the first body */
  importedFunctions: number;
}

/** A cursor over bytes. Reading past the end throws: the linker's output is not stranger's input. */
export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  constructor(bytes: Uint8Array, pos = 0) {
    this.bytes = bytes;
    this.pos = pos;
  }

  get done(): boolean {
    return this.pos >= this.bytes.length;
  }

  byte(): number {
    const b = this.bytes[this.pos++];
    if (b === undefined) throw new Error('unexpected end of module');
    return b;
  }

  /** unsigned LEB128, at most 32 bits */
  u32(): number {
    let result = 0;
    let factor = 1;
    for (;;) {
      const b = this.byte();
      result += (b & 127) * factor;
      if (b < 128) return result;
      factor *= 128;
    }
  }

  /** signed LEB128, at most 32 bits */
  s32(): number {
    let result = 0;
    let shift = 0;
    let b: number;
    do {
      b = this.byte();
      result |= (b & 127) << shift;
      shift += 7;
    } while (b >= 128);
    return shift < 32 && b & 64 ? result | (-1 << shift) : result;
  }

  skipLeb(): void {
    while (this.byte() >= 128);
  }

  take(n: number): Uint8Array {
    const end = this.pos + n;
    if (end > this.bytes.length) throw new Error('unexpected end of module');
    const part = this.bytes.subarray(this.pos, end);
    this.pos = end;
    return part;
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }

  valueType(): void {
    const t = this.byte();
    if (t === 0x63 || t === 0x64) this.skipLeb();
  }

  limits(): { shared: boolean; max: number | undefined } {
    const flags = this.byte();
    this.skipLeb();
    return { shared: (flags & 2) !== 0, max: flags & 1 ? this.u32() : undefined };
  }
}

export function leb(n: number): number[] {
  const out: number[] = [];
  do {
    const low = n % 128;
    n = Math.floor(n / 128);
    out.push(n ? low | 128 : low);
  } while (n);
  return out;
}

export function concat(
  parts: readonly (Uint8Array | readonly number[])[],
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function encodeName(s: string): Uint8Array {
  const text = new TextEncoder().encode(s);
  return concat([leb(text.length), text]);
}

export function parse(bytes: Uint8Array): Module {
  const r = new Reader(bytes);
  if (new TextDecoder().decode(r.take(4)) !== '\0asm' || r.byte() !== 1)
    throw new Error('not a WebAssembly module');
  r.pos = 8;
  const sections: Section[] = [];
  while (!r.done) {
    const id = r.byte();
    const body = new Reader(r.take(r.u32()));
    const name = id === SECTION.custom ? body.name() : '';
    sections.push({ id, name, body: body.bytes.subarray(body.pos) });
  }
  const module: Module = { sections, importedFunctions: 0 };
  module.importedFunctions = imports(module).filter((i) => i.kind === 0).length;
  return module;
}

export function serialize(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const parts: (Uint8Array | number[])[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
  for (const s of sections) {
    const name = s.id === SECTION.custom ? encodeName(s.name) : new Uint8Array();
    parts.push([s.id, ...leb(name.length + s.body.length)], name, s.body);
  }
  return concat(parts);
}

export function section(module: Module, id: number): Reader | undefined {
  const s = module.sections.find((x) => x.id === id);
  return s && new Reader(s.body);
}

export interface Import {
  module: string;
  name: string;
  /** 0 function, 1 table, 2 memory, 3 global, 4 tag */
  kind: number;
  /** functions: type index */
  type: number;
  /** memories */
  max: number | undefined;
}

export function imports(module: Module): Import[] {
  const r = section(module, SECTION.import);
  if (!r) return [];
  return Array.from({ length: r.u32() }, () => {
    const i: Import = { module: r.name(), name: r.name(), kind: r.byte(), type: 0, max: undefined };
    if (i.kind === 0) i.type = r.u32();
    else if (i.kind === 1) (r.valueType(), r.limits());
    else if (i.kind === 2) i.max = r.limits().max;
    else if (i.kind === 3) (r.valueType(), r.byte());
    else (r.byte(), r.skipLeb());
    return i;
  });
}

/** Exports by name: kind as in Import, and the index. */
export function exports(module: Module): Map<string, { kind: number; index: number }> {
  const r = section(module, SECTION.export);
  const found = new Map<string, { kind: number; index: number }>();
  for (let n = r ? r.u32() : 0; r && n > 0; n--) {
    const name = r.name();
    found.set(name, { kind: r.byte(), index: r.u32() });
  }
  return found;
}

/** Function names by index, made unique: Binaryen's lists find functions by name. */
export function functionNames(module: Module): Map<number, string> {
  const names = new Map<number, string>();
  const seen = new Map<string, number>();
  const s = module.sections.find((x) => x.id === SECTION.custom && x.name === 'name');
  const r = s && new Reader(s.body);
  while (r && !r.done) {
    const kind = r.byte();
    const part = new Reader(r.take(r.u32()));
    for (let n = kind === 1 ? part.u32() : 0; n > 0; n--) {
      const index = part.u32();
      const name = part.name();
      const copies = seen.get(name) ?? 0;
      seen.set(name, copies + 1);
      names.set(index, copies ? `${name}.${copies}` : name);
    }
  }
  return names;
}

export function nameSection(names: ReadonlyMap<number, string>): Section {
  const entries = [...names]
    .sort((a, b) => a[0] - b[0])
    .map(([i, n]) => concat([leb(i), encodeName(n)]));
  const map = concat([leb(entries.length), ...entries]);
  return { id: SECTION.custom, name: 'name', body: concat([[1], leb(map.length), map]) };
}

/** The bodies of the code section: where each begins (its locals) and ends. */
export function bodies(code: Reader): { start: number; end: number }[] {
  return Array.from({ length: code.u32() }, () => {
    const size = code.u32();
    const start = code.pos;
    code.pos += size;
    return { start, end: code.pos };
  });
}

export function skipLocals(r: Reader): void {
  for (let n = r.u32(); n > 0; n--) {
    r.skipLeb();
    r.valueType();
  }
}

/** Skip the immediates of the instruction whose opcode has just been read. */
export function skipImmediates(r: Reader, op: number): void {
  if (op >= 0x28 && op <= 0x3e) return memarg(r);
  if (op >= 0x45 && op <= 0xc4) return;
  switch (op) {
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x06: // block, loop, if, try: block type
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x18: // catch, throw, rethrow, delegate
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0x14:
    case 0x15:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
    case 0xd2:
    case 0xd5:
    case 0xd6:
      return r.skipLeb();
    case 0x11:
    case 0x13:
      r.skipLeb();
      return r.skipLeb();
    case 0x0e: // br_table: a vector and the default
      for (let n = r.u32(); n >= 0; n--) r.skipLeb();
      return;
    case 0x1c:
      for (let n = r.u32(); n > 0; n--) r.valueType();
      return;
    case 0x1f: // try_table: block type, catch clauses
      r.skipLeb();
      for (let n = r.u32(); n > 0; n--) {
        if (r.byte() < 2) r.skipLeb();
        r.skipLeb();
      }
      return;
    case 0x43:
      r.pos += 4;
      return;
    case 0x44:
      r.pos += 8;
      return;
    case 0xfc:
      return bulk(r, r.u32());
    case 0xfd:
      return simd(r, r.u32());
    case 0xfe:
      if (r.u32() === 3)
        r.pos++; // atomic.fence
      else memarg(r);
      return;
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0a:
    case 0x0b:
    case 0x0f:
    case 0x19:
    case 0x1a:
    case 0x1b:
    case 0xd1:
    case 0xd3:
    case 0xd4:
      return;
  }
  throw new Error(`opcode 0x${op.toString(16)} at ${r.pos - 1} is not known here`);
}

function memarg(r: Reader): void {
  if (r.u32() & 0x40) r.skipLeb();
  r.skipLeb();
}

function bulk(r: Reader, sub: number): void {
  if (sub < 8) return;
  if (sub > 17) throw new Error(`opcode 0xfc ${sub} is not known here`);
  r.skipLeb();
  if (sub === 8 || sub === 10 || sub === 12 || sub === 14) r.skipLeb();
}

function simd(r: Reader, sub: number): void {
  if (sub <= 11 || sub === 92 || sub === 93) memarg(r);
  else if (sub === 12 || sub === 13) r.pos += 16;
  else if (sub >= 21 && sub <= 34) r.pos++;
  else if (sub >= 84 && sub <= 91) {
    memarg(r);
    r.pos++;
  }
}

/**
 * What tables of fields are made of: each codec reads a value in its JSON form or its CBOR form,
 * refuses it by name, and writes CBOR. shape.ts and overlay.ts have the tables.
 */
import { fromHex, toHex } from './bytes.ts';
import type { CborMap, CborValue } from './cbor.ts';
import { refuse } from './errors.ts';
import type { Failure, FailureName, Result } from './errors.ts';

export type Form = 'json' | 'cbor';

/** One reading of one descriptor; keeps the first failure. */
export class Reading {
  readonly form: Form;
  failure: Failure | undefined;

  constructor(form: Form) {
    this.form = form;
  }

  refuse(name: FailureName, where: string, detail: string): undefined {
    this.failure ??= refuse(name, where, detail).failure;
    return undefined;
  }
}

export interface Codec<T> {
  /** @returns the value in JSON form, or undefined once the reading has a failure */
  read(value: unknown, where: string, reading: Reading): T | undefined;
  write(value: T): CborValue;
}

export interface Field<T> {
  /** key in the CBOR map */
  readonly key: number;
  readonly codec: Codec<T>;
  readonly required: boolean;
  /** whether a value is the default, which must not be spelled out */
  isDefault(value: T): boolean;
}

export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

export function required<T>(key: number, codec: Codec<T>): Field<T> {
  return { key, codec, required: true, isDefault: () => false };
}

/** @param standard - the default; undefined where absence means nothing that could be spelled */
export function optional<T>(key: number, codec: Codec<T>, standard?: T): Field<T> {
  const spelled = JSON.stringify(standard);
  return { key, codec, required: false, isDefault: (value) => JSON.stringify(value) === spelled };
}

const BYTES = new TextEncoder();

export interface Complaint {
  readonly name: FailureName;
  readonly detail: string;
}

export interface TextRule {
  readonly cap: number;
  /** what the text must match, and how to say so */
  readonly grammar?: { readonly pattern: RegExp; readonly words: string };
  /** a further check: the complaint, or undefined */
  readonly check?: (value: string) => Complaint | undefined;
}

export function text(rule: TextRule): Codec<string> {
  return {
    read(value, where, reading) {
      if (typeof value !== 'string') return wrongType(value, 'text', where, reading);
      return readText(value, rule, where, reading);
    },
    write: (value) => value,
  };
}

export function readText(
  value: string,
  rule: TextRule,
  where: string,
  reading: Reading,
): string | undefined {
  /* UTF-8 is never shorter than the string has units: refuse a huge one before encoding it */
  const length = value.length > rule.cap ? value.length : BYTES.encode(value).length;
  if (length > rule.cap) {
    return reading.refuse('limit-exceeded', where, `${length} bytes, the cap is ${rule.cap}`);
  }
  if (!value.isWellFormed() || value.includes('\ufeff')) {
    return reading.refuse('bad-text', where, 'has a lone surrogate or a byte order mark');
  }
  if (value.includes('\0')) return reading.refuse('bad-value', where, 'has a NUL character');
  if (rule.grammar !== undefined && !rule.grammar.pattern.test(value)) {
    return reading.refuse('bad-value', where, `must be ${rule.grammar.words}`);
  }
  const complaint = rule.check?.(value);
  if (complaint !== undefined) return reading.refuse(complaint.name, where, complaint.detail);
  return value;
}

export function wrongType(value: unknown, wanted: string, where: string, reading: Reading): undefined {
  return reading.refuse('wrong-type', where, `is ${typeName(value)}, must be ${wanted}`);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'a byte string';
  if (value instanceof Map) return 'a map';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  return `a ${typeof value}`;
}

/** 32 bytes: a byte string in CBOR, hex digits in JSON; all zero means nobody computed it. */
export const hash: Codec<string> = {
  read(value, where, reading) {
    if (reading.form === 'cbor') {
      if (!(value instanceof Uint8Array)) {
        return wrongType(value, 'a byte string', where, reading);
      }
    } else if (typeof value !== 'string') {
      return wrongType(value, '64 hex digits', where, reading);
    }
    const hex = value instanceof Uint8Array ? toHex(value) : value;
    if (!/^[0-9a-f]{64}$/.test(hex)) {
      return reading.refuse('bad-value', where, 'must be a hash of 32 bytes');
    }
    if (/^0+$/.test(hex)) return reading.refuse('bad-value', where, 'must not be all zeros');
    return hex;
  },
  write: (hex) => fromHex(hex),
};

/** @param beyond - what a larger number is called */
export function integer(least: number, most: number, beyond: FailureName = 'limit-exceeded'): Codec<number> {
  return {
    read(value, where, reading) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        return wrongType(value, 'a whole number', where, reading);
      }
      if (value < least) return reading.refuse('bad-value', where, `is below ${least}`);
      if (value > most) return reading.refuse(beyond, where, `${value} is above the cap of ${most}`);
      return value;
    },
    write: (value) => value,
  };
}

export const flag: Codec<boolean> = {
  read(value, where, reading) {
    if (typeof value !== 'boolean') return wrongType(value, 'true or false', where, reading);
    return value;
  },
  write: (value) => value,
};

export function list<T>(item: Codec<T>, cap: number): Codec<readonly T[]> {
  return {
    read(value, where, reading) {
      if (!Array.isArray(value)) return wrongType(value, 'a list', where, reading);
      if (value.length > cap) {
        return reading.refuse('limit-exceeded', where, `${value.length} items, the cap is ${cap}`);
      }
      const items: T[] = [];
      for (const [i, element] of value.entries()) {
        const read = item.read(element, `${where}[${i}]`, reading);
        if (read === undefined) return undefined;
        items.push(read);
      }
      return items;
    },
    write: (items) => items.map((element) => item.write(element)),
  };
}

/** The members of a map of the reading's form; undefined if the value is no such map. */
export function members(value: unknown, form: Form): Map<unknown, unknown> | undefined {
  if (form === 'cbor') return value instanceof Map ? value : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map<unknown, unknown>(Object.entries(value).filter(([, v]) => v !== undefined));
}

function showKey(key: unknown): string {
  if (typeof key === 'number') return String(key);
  return typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : `(${typeName(key)})`;
}

export function record<T extends object>(
  fields: Fields<T>,
  check?: (value: T, where: string, reading: Reading) => T | undefined,
): Codec<T> {
  const table = Object.entries<Field<unknown>>(fields);
  const keyOf = (name: string, field: Field<unknown>, form: Form): unknown =>
    form === 'cbor' ? field.key : name;
  return {
    read(value, where, reading) {
      const entries = members(value, reading.form);
      if (entries === undefined) return wrongType(value, 'a map', where, reading);
      const known = new Set(table.map(([name, field]) => keyOf(name, field, reading.form)));
      for (const key of entries.keys()) {
        if (!known.has(key)) {
          return reading.refuse('unknown-field', where, `field ${showKey(key)} is not defined`);
        }
      }
      const read: [string, unknown][] = [];
      for (const [name, field] of table) {
        const place = where === 'descriptor' ? name : `${where}.${name}`;
        const key = keyOf(name, field, reading.form);
        if (!entries.has(key)) {
          if (field.required) return reading.refuse('missing-field', place, 'is required');
          continue;
        }
        const content = field.codec.read(entries.get(key), place, reading);
        if (content === undefined) return undefined;
        if (field.isDefault(content)) {
          return reading.refuse('spelled-default', place, 'is the default and must be left out');
        }
        read.push([name, content]);
      }
      /* every entry was read by the codec of its field, and the required ones are there */
      const whole = Object.fromEntries(read) as T;
      return check === undefined ? whole : check(whole, where, reading);
    },
    write(value) {
      const map = new Map<number | string, CborValue>();
      const contents = new Map<string, unknown>(Object.entries(value));
      for (const [name, field] of table) {
        const content = contents.get(name);
        if (content !== undefined) map.set(field.key, field.codec.write(content));
      }
      return map satisfies CborMap;
    },
  };
}

/** One of a few words: text in JSON, its number in CBOR; the first is number 0. */
export function word<T extends string>(words: readonly T[]): Codec<T> {
  return {
    read(value, where, reading) {
      const wanted = reading.form === 'cbor' ? 'a whole number' : 'text';
      if (typeof value !== (reading.form === 'cbor' ? 'number' : 'string')) return wrongType(value, wanted, where, reading);
      const found = words.find((each, number) => value === (reading.form === 'cbor' ? number : each));
      return found ?? reading.refuse('bad-value', where, `must be one of ${words.join(', ')}`);
    },
    write: (value) => words.indexOf(value),
  };
}

/**
 * The shape of a descriptor, said once: the same table reads the JSON form and the CBOR form, writes
 * CBOR, and holds every limit. The text to it is SPEC.md section 5.
 */
import { fromHex, toHex } from './bytes.ts';
import type { CborMap, CborValue } from './cbor.ts';
import { refuse } from './errors.ts';
import type { Failure, FailureName, Result } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Boot, Descriptor, Layer } from './types.ts';

type Form = 'json' | 'cbor';

/** One reading of one descriptor; keeps the first failure. */
class Reading {
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

interface Codec<T> {
  /** @returns the value in JSON form, or undefined once the reading has a failure */
  read(value: unknown, where: string, reading: Reading): T | undefined;
  write(value: T): CborValue;
}

interface Field<T> {
  /** key in the CBOR map */
  readonly key: number;
  readonly codec: Codec<T>;
  readonly required: boolean;
  /** whether a value is the default, which must not be spelled out */
  isDefault(value: T): boolean;
}

type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

function required<T>(key: number, codec: Codec<T>): Field<T> {
  return { key, codec, required: true, isDefault: () => false };
}

function optional<T>(key: number, codec: Codec<T>, standard: T): Field<T> {
  const spelled = JSON.stringify(standard);
  return { key, codec, required: false, isDefault: (value) => JSON.stringify(value) === spelled };
}

const BYTES = new TextEncoder();

interface TextRule {
  readonly cap: number;
  /** what the text must match, and how to say so */
  readonly grammar?: { readonly pattern: RegExp; readonly words: string };
  /** a further check: the complaint, or undefined */
  readonly check?: (value: string) => { name: FailureName; detail: string } | undefined;
}

function text(rule: TextRule): Codec<string> {
  return {
    read(value, where, reading) {
      if (typeof value !== 'string') return wrongType(value, 'text', where, reading);
      return readText(value, rule, where, reading);
    },
    write: (value) => value,
  };
}

function readText(
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

function wrongType(value: unknown, wanted: string, where: string, reading: Reading): undefined {
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
const hash: Codec<string> = {
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

function integer(least: number, most: number): Codec<number> {
  return {
    read(value, where, reading) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        return wrongType(value, 'a whole number', where, reading);
      }
      if (value < least) return reading.refuse('bad-value', where, `is below ${least}`);
      if (value > most) {
        return reading.refuse('limit-exceeded', where, `${value} is above the cap of ${most}`);
      }
      return value;
    },
    write: (value) => value,
  };
}

const flag: Codec<boolean> = {
  read(value, where, reading) {
    if (typeof value !== 'boolean') return wrongType(value, 'true or false', where, reading);
    return value;
  },
  write: (value) => value,
};

function list<T>(item: Codec<T>, cap: number): Codec<readonly T[]> {
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
function members(value: unknown, form: Form): Map<unknown, unknown> | undefined {
  if (form === 'cbor') return value instanceof Map ? value : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map<unknown, unknown>(Object.entries(value).filter(([, v]) => v !== undefined));
}

function showKey(key: unknown): string {
  if (typeof key === 'number') return String(key);
  return typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : `(${typeName(key)})`;
}

const ENV_NAME: TextRule = {
  cap: LIMITS.envNameBytes,
  grammar: { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, words: 'letters, digits and _, no digit first' },
};

const environment: Codec<Readonly<Record<string, string>>> = {
  read(value, where, reading) {
    const entries = members(value, reading.form);
    if (entries === undefined) return wrongType(value, 'a map', where, reading);
    if (entries.size > LIMITS.envItems) {
      const found = `${entries.size} variables, the cap is ${LIMITS.envItems}`;
      return reading.refuse('limit-exceeded', where, found);
    }
    const read: [string, string][] = [];
    for (const [name, content] of entries) {
      if (typeof name !== 'string') return wrongType(name, 'a name', `${where} (a key)`, reading);
      if (readText(name, ENV_NAME, `${where} (a key)`, reading) === undefined) return undefined;
      const text = envValue.read(content, `${where}.${name}`, reading);
      if (text === undefined) return undefined;
      read.push([name, text]);
    }
    /* defines __proto__ as any other name */
    return Object.fromEntries(read);
  },
  write: (env) => new Map(Object.entries(env)),
};

function record<T extends object>(
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

/** The path is absolute, and its only spelling: no //, ., .. and no / at the end. */
function checkPath(path: string): { name: FailureName; detail: string } | undefined {
  if (path === '/') return undefined;
  const parts = path.split('/');
  if (parts.shift() !== '' || parts.length === 0) {
    return { name: 'bad-value', detail: 'must be an absolute path' };
  }
  if (parts.length > LIMITS.pathDepth) {
    const detail = `${parts.length} levels deep, the cap is ${LIMITS.pathDepth}`;
    return { name: 'limit-exceeded', detail };
  }
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return { name: 'bad-value', detail: 'must have no empty, . or .. part' };
  }
  return undefined;
}

/**
 * A base URL: http(s) with host and path, or a path relative to the app, with / at the end.
 * No user, query, fragment, escape or backslash: nothing that two URL parsers read differently.
 */
const URL_GRAMMAR = {
  pattern:
    /^(?:https?:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?\/|\/)?(?:[A-Za-z0-9._~+@=-]+\/)*$/,
  words: 'an http(s) base URL or a relative path, plain characters, with / at the end',
};

function checkUrl(url: string): { name: FailureName; detail: string } | undefined {
  if (url === '') return { name: 'bad-value', detail: 'must not be empty' };
  if (url.split('/').some((part) => part === '.' || part === '..')) {
    return { name: 'bad-value', detail: 'must have no . or .. part' };
  }
  return undefined;
}

/** Control characters, direction overrides and other marks that hide what is shown. */
const HIDDEN =
  /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const HIDDEN_BUT_NEWLINE = new RegExp(`(?!\\n)${HIDDEN.source}`, 'u');

function checkShown(hidden: RegExp) {
  return (value: string): { name: FailureName; detail: string } | undefined => {
    const found = hidden.exec(value);
    if (found === null) return undefined;
    const code = found[0].codePointAt(0)!.toString(16).padStart(4, '0').toUpperCase();
    return { name: 'bad-text', detail: `has the hidden character U+${code}` };
  };
}

function checkNotEmpty(value: string): { name: FailureName; detail: string } | undefined {
  return value === '' ? { name: 'bad-value', detail: 'must not be empty' } : undefined;
}

const argument = text({ cap: LIMITS.argBytes });
const envValue = text({ cap: LIMITS.envValueBytes });
const baseUrl = text({ cap: LIMITS.urlBytes, grammar: URL_GRAMMAR, check: checkUrl });

const layer = record<Layer>(
  {
    name: required(
      1,
      text({
        cap: LIMITS.layerNameBytes,
        grammar: {
          pattern: /^[a-z0-9][a-z0-9.+_-]*$/,
          words: 'lower-case letters, digits and .+_-, a letter or digit first',
        },
      }),
    ),
    root: required(2, hash),
    size: required(3, integer(1, LIMITS.layerSize)),
    from: optional(4, list(baseUrl, LIMITS.fromUrls), ['images/']),
  },
  (value, where, reading) => {
    if (value.from?.length === 0) {
      return reading.refuse('bad-value', `${where}.from`, 'must not be empty');
    }
    return value;
  },
);

const boot = record<Boot>(
  {
    argv: optional(1, list(argument, LIMITS.argvItems), []),
    cmd: optional(2, text({ cap: LIMITS.argBytes, check: checkNotEmpty }), ''),
    env: optional(3, environment, {}),
    user: optional(
      4,
      text({
        cap: LIMITS.userBytes,
        grammar: {
          pattern: /^[a-z_][a-z0-9_-]*$/,
          words: 'lower-case letters, digits, _ and -, a letter or _ first',
        },
      }),
      'root',
    ),
    cwd: optional(5, text({ cap: LIMITS.pathBytes, check: checkPath }), '/'),
    tty: optional(6, flag, true),
  },
  (value, where, reading) => {
    if (value.argv !== undefined && value.cmd !== undefined) {
      return reading.refuse('conflicting-fields', where, 'has both argv and cmd');
    }
    if (value.argv?.[0] === '') {
      return reading.refuse('bad-value', `${where}.argv[0]`, 'must not be empty');
    }
    return value;
  },
);

const descriptor = record<Descriptor>(
  {
    runtime: required(1, hash),
    base: required(2, layer),
    packages: optional(3, list(layer, LIMITS.packages), []),
    boot: optional(4, boot, {}),
    title: optional(5, text({ cap: LIMITS.titleBytes, check: checkShown(HIDDEN) }), ''),
    description: optional(
      6,
      text({ cap: LIMITS.descriptionBytes, check: checkShown(HIDDEN_BUT_NEWLINE) }),
      '',
    ),
  },
  (value, where, reading) => {
    const layers = [value.base, ...(value.packages ?? [])];
    for (const [i, upper] of layers.entries()) {
      const lower = layers.slice(0, i).find((l) => l.name === upper.name || l.root === upper.root);
      if (lower !== undefined) {
        const same = lower.name === upper.name ? `name ${upper.name}` : `root ${upper.root}`;
        return reading.refuse('duplicate-layer', `packages[${i - 1}]`, `has the ${same} again`);
      }
    }
    return value;
  },
);

/**
 * Check a descriptor in either form.
 *
 * @param form - json: parsed JSON; cbor: what decodeCbor gave
 * @returns a fresh descriptor in JSON form with its fields in the order of the specification, or
 *   one of the failures from wrong-type on
 */
export function readDescriptor(value: unknown, form: Form): Result<Descriptor> {
  const reading = new Reading(form);
  const read = descriptor.read(value, 'descriptor', reading);
  if (read !== undefined) return { ok: true, value: read };
  if (reading.failure === undefined) throw new Error('a codec gave up without a failure');
  return { ok: false, failure: reading.failure };
}

/** The CBOR form of a descriptor that readDescriptor gave. */
export function writeDescriptor(value: Descriptor): CborValue {
  return descriptor.write(value);
}

/**
 * The shape of a descriptor, said once: the same table reads the JSON form and the CBOR form, writes
 * CBOR, and holds every limit. The text to it is SPEC.md section 5.
 */
import type { CborValue } from './cbor.ts';
import {
  Reading,
  flag,
  hash,
  integer,
  list,
  members,
  optional,
  readText,
  record,
  required,
  text,
  word,
  wrongType,
} from './codecs.ts';
import type { Codec, Complaint, Form, TextRule } from './codecs.ts';
import type { Result } from './errors.ts';
import { LIMITS } from './limits.ts';
import { overlayFiles } from './overlay.ts';
import type {
  Blob,
  Boot,
  Capability,
  Descriptor,
  Layer,
  Mount,
  Overlay,
  PadButton,
  Panel,
  Service,
} from './types.ts';

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


/** The path is absolute, and its only spelling: no //, ., .. and no / at the end. */
function checkPath(path: string): Complaint | undefined {
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

function checkUrl(url: string): Complaint | undefined {
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
  return (value: string): Complaint | undefined => {
    const found = hidden.exec(value);
    if (found === null) return undefined;
    const code = found[0].codePointAt(0)!.toString(16).padStart(4, '0').toUpperCase();
    return { name: 'bad-text', detail: `has the hidden character U+${code}` };
  };
}

function checkNotEmpty(value: string): Complaint | undefined {
  return value === '' ? { name: 'bad-value', detail: 'must not be empty' } : undefined;
}

const argument = text({ cap: LIMITS.argBytes });
const envValue = text({ cap: LIMITS.envValueBytes });
const baseUrl = text({ cap: LIMITS.urlBytes, grammar: URL_GRAMMAR, check: checkUrl });

const layerName = text({
  cap: LIMITS.layerNameBytes,
  grammar: { pattern: /^[a-z0-9][a-z0-9.+_-]*$/, words: 'lower-case letters, digits and .+_-, a letter or digit first' },
});

const layer = record<Layer>(
  {
    name: required(1, layerName),
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

const blob = record<Blob>(
  {
    hash: required(1, hash),
    size: required(2, integer(1, LIMITS.blobSize)),
    from: optional(3, list(baseUrl, LIMITS.fromUrls), ['overlays/']),
    key: optional(4, hash),
  },
  (value, where, reading) => {
    if (value.from?.length === 0) return reading.refuse('bad-value', `${where}.from`, 'must not be empty');
    return value;
  },
);

/** Refuses a field that belongs to another type, and the absence of one that this type needs. */
function fieldsByType<T extends { readonly type: string }>(
  allowed: Readonly<Record<T['type'], { readonly needs: readonly (keyof T)[]; readonly may: readonly (keyof T)[] }>>,
  special: readonly (keyof T & string)[],
) {
  return (value: T, where: string, reading: Reading): T | undefined => {
    const { needs, may } = allowed[value.type as T['type']];
    for (const name of special) {
      if (value[name] === undefined) {
        if (needs.includes(name)) {
          return reading.refuse('missing-field', `${where}.${name}`, `is required for type ${value.type}`);
        }
      } else if (!needs.includes(name) && !may.includes(name)) {
        return reading.refuse('conflicting-fields', `${where}.${name}`, `is not for type ${value.type}`);
      }
    }
    return value;
  };
}

function checkPlace(path: string): Complaint | undefined {
  if (path === '/') return { name: 'bad-value', detail: 'must be below the root' };
  return checkPath(path);
}

const absolutePath = text({ cap: LIMITS.pathBytes, check: checkPlace });

const checkMountFields = fieldsByType<Mount>(
  {
    tmpfs: { needs: [], may: ['size'] },
    layer: { needs: ['layers'], may: [] },
    overlay: { needs: ['layers'], may: [] },
    opfs: { needs: ['name'], may: [] },
    archive: { needs: ['archive'], may: [] },
  },
  ['size', 'layers', 'name', 'archive'],
);

const mount = record<Mount>(
  {
    path: required(1, absolutePath),
    type: required(2, word(['tmpfs', 'layer', 'overlay', 'opfs', 'archive'])),
    size: optional(3, integer(4096, LIMITS.tmpfsSize)),
    layers: optional(4, list(layer, LIMITS.mountLayers)),
    name: optional(5, layerName),
    archive: optional(6, blob),
  },
  (value, where, reading) => {
    const wanted = value.type === 'layer' ? 1 : LIMITS.mountLayers;
    const count = value.layers?.length;
    if (count === 0) return reading.refuse('bad-value', `${where}.layers`, 'must not be empty');
    const checked = checkMountFields(value, where, reading);
    if (checked !== undefined && count !== undefined && count > wanted) {
      return reading.refuse('bad-value', `${where}.layers`, 'must be one layer for type layer');
    }
    return checked;
  },
);

const overlay = record<Overlay>(
  { files: optional(1, overlayFiles), blob: optional(2, blob) },
  (value, where, reading) => {
    if (value.files !== undefined && value.blob !== undefined) {
      return reading.refuse('conflicting-fields', where, 'has both files and blob');
    }
    if (value.files === undefined && value.blob === undefined) {
      return reading.refuse('missing-field', `${where}.files`, 'is required where there is no blob');
    }
    return value;
  },
);

const port = integer(1, 65_535, 'bad-value');

const shownText = (cap: number): Codec<string> =>
  text({ cap, check: (value) => checkNotEmpty(value) ?? checkShown(HIDDEN)(value) });

const panel = record<Panel>(
  {
    type: required(1, word(['terminal', 'canvas', 'web', 'file', 'log'])),
    port: optional(2, port),
    path: optional(3, absolutePath),
    title: optional(4, shownText(LIMITS.panelTitleBytes)),
  },
  fieldsByType<Panel>(
    {
      terminal: { needs: [], may: [] },
      canvas: { needs: [], may: [] },
      web: { needs: ['port'], may: [] },
      file: { needs: ['path'], may: [] },
      log: { needs: [], may: [] },
    },
    ['port', 'path'],
  ),
);

const CAPABILITIES = ['clipboard', 'network', 'persistence'] as const satisfies readonly Capability[];
const capabilityList = list(word<Capability>(CAPABILITIES), LIMITS.capabilities);
const capabilities: Codec<readonly Capability[]> = {
  read(value, where, reading) {
    const read = capabilityList.read(value, where, reading);
    const places = read?.map((each) => CAPABILITIES.indexOf(each)) ?? [];
    if (places.some((place, i) => i > 0 && place <= places[i - 1]!)) {
      return reading.refuse('bad-value', where, `must be in the order ${CAPABILITIES.join(', ')}, each once`);
    }
    return read;
  },
  write: capabilityList.write,
};

/** An address that a person may follow: http(s), plain characters, one spelling of the host. */
const link = text({
  cap: LIMITS.urlBytes,
  grammar: {
    pattern:
      /^https?:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?\/[A-Za-z0-9._~+@=%&?,;:!$*()\/-]*(?:#[A-Za-z0-9._~+@=%&?,;:!$*()\/-]*)?$/,
    words: 'an http(s) URL of plain characters',
  },
});

const service = record<Service>(
  {
    name: required(1, layerName),
    port: optional(2, port),
    path: optional(3, absolutePath),
    seconds: optional(4, integer(1, LIMITS.serviceSeconds), 30),
  },
  (value, where, reading) => {
    if (value.port !== undefined && value.path !== undefined) {
      return reading.refuse('conflicting-fields', where, 'has both port and path');
    }
    if (value.port === undefined && value.path === undefined) {
      return reading.refuse('missing-field', `${where}.port`, 'is required where there is no path');
    }
    return value;
  },
);

const padButton = record<PadButton>({
  label: required(1, shownText(LIMITS.padLabelBytes)),
  key: required(2, integer(1, 767, 'bad-value')),
  x: required(3, integer(0, 15, 'bad-value')),
  y: required(4, integer(0, 7, 'bad-value')),
});

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
    mounts: optional(7, list(mount, LIMITS.mounts), []),
    overlays: optional(8, list(overlay, LIMITS.overlays), []),
    panels: optional(9, list(panel, LIMITS.panels), []),
    capabilities: optional(10, capabilities, []),
    author: optional(11, shownText(LIMITS.authorBytes)),
    licence: optional(
      12,
      text({
        cap: LIMITS.licenceBytes,
        grammar: { pattern: /^[A-Za-z0-9(][A-Za-z0-9.+() -]*$/, words: 'an SPDX licence expression' },
      }),
    ),
    documentation: optional(13, list(link, LIMITS.documentation), []),
    services: optional(14, list(service, LIMITS.services), []),
    clock: optional(15, integer(0, LIMITS.clockSeconds)),
    seed: optional(16, hash),
    pad: optional(17, list(padButton, LIMITS.padButtons), []),
  },
  (value, where, reading) => checkLayers(value, reading) && checkPlaces(value, reading) && value,
);

/** Every layer of a descriptor with the place where it stands. */
export function layersOf(value: Descriptor): readonly (readonly [string, Layer])[] {
  return [
    ['base', value.base],
    ...(value.packages ?? []).map((each, i) => [`packages[${i}]`, each] as const),
    ...(value.mounts ?? []).flatMap(({ layers }, i) =>
      (layers ?? []).map((each, n) => [`mounts[${i}].layers[${n}]`, each] as const),
    ),
  ];
}

function checkLayers(value: Descriptor, reading: Reading): true | undefined {
  const layers = layersOf(value);
  for (const [i, [place, upper]] of layers.entries()) {
    const lower = layers.slice(0, i).find(([, l]) => l.name === upper.name || l.root === upper.root)?.[1];
    if (lower !== undefined) {
      const same = lower.name === upper.name ? `name ${upper.name}` : `root ${upper.root}`;
      return reading.refuse('duplicate-layer', place, `has the ${same} again`);
    }
  }
  return true;
}

/** No two mounts at one path, no two buttons at one place. */
function checkPlaces(value: Descriptor, reading: Reading): true | undefined {
  const paths = new Set<string>();
  for (const [i, { path }] of (value.mounts ?? []).entries()) {
    if (paths.has(path)) return reading.refuse('duplicate-mount', `mounts[${i}].path`, `${path} again`);
    paths.add(path);
  }
  const places = new Set<number>();
  for (const [i, { x, y }] of (value.pad ?? []).entries()) {
    if (places.has(16 * y + x)) return reading.refuse('bad-value', `pad[${i}]`, 'is where another button is');
    places.add(16 * y + x);
  }
  return true;
}

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

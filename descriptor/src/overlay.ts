/**
 * Overlays: files, links and deletions laid over the root file system. SPEC.md section 5.6 is the text
 * to it. One table for overlays in a link (JSON and CBOR form) and for those kept elsewhere (CBOR alone,
 * other caps).
 */
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import type { CborValue } from './cbor.ts';
import { Reading, integer, list, optional, record, required, text, word, wrongType } from './codecs.ts';
import type { Codec, Complaint } from './codecs.ts';
import type { Result } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { JsonBytes, OverlayEntry, OverlayFile } from './types.ts';

export type RawEntry = OverlayEntry<Uint8Array>;

/** Numbers in CBOR and in the kernel (fs/overlay_diff.h): by place. */
export const OVERLAY_TYPES = ['file', 'directory', 'symlink', 'hardlink', 'deleted', 'opaque'] as const;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTES = new TextEncoder();

/** Bytes as text if they are UTF-8, else in base64url. */
export function jsonBytes(bytes: Uint8Array): JsonBytes {
  try {
    return utf8.decode(bytes);
  } catch {
    return { base64url: encodeBase64url(bytes) };
  }
}

/** @param value - as jsonBytes or the codec gave it */
export function bytesOfJson(value: JsonBytes): Uint8Array {
  if (typeof value === 'string') return BYTES.encode(value);
  const bytes = decodeBase64url(value.base64url);
  if (!bytes.ok) throw new Error(`not base64url: ${bytes.failure.message}`);
  return bytes.value;
}

const jsonContent: Codec<JsonBytes> = {
  read(value, where, reading) {
    let bytes: Uint8Array;
    if (value instanceof Uint8Array) bytes = value;
    else if (reading.form === 'cbor') return wrongType(value, 'a byte string', where, reading);
    else if (typeof value === 'string') {
      if (!value.isWellFormed()) return reading.refuse('bad-text', where, 'has a lone surrogate');
      bytes = BYTES.encode(value);
    } else {
      const encoded = base64urlOf(value);
      if (encoded === undefined) return wrongType(value, 'text or {base64url}', where, reading);
      const decoded = decodeBase64url(encoded);
      if (!decoded.ok) return reading.refuse('bad-value', where, 'is not base64url');
      bytes = decoded.value;
    }
    if (bytes.length > LIMITS.contentBytes) {
      return reading.refuse('limit-exceeded', where, `${bytes.length} bytes, the cap is ${LIMITS.contentBytes}`);
    }
    return jsonBytes(bytes);
  },
  write: bytesOfJson,
};

function base64urlOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
  return 'base64url' in value && typeof value.base64url === 'string' ? value.base64url : undefined;
}

const rawContent: Codec<Uint8Array> = {
  read(value, where, reading) {
    return value instanceof Uint8Array ? value : wrongType(value, 'a byte string', where, reading);
  },
  write: (bytes) => bytes,
};

/** A path below the root with one spelling: relative, no empty, . or .. part. */
export function checkOverlayPath(path: string): Complaint | undefined {
  if (path.startsWith('/')) return { name: 'bad-path', detail: 'must not begin with /' };
  const parts = path.split('/');
  if (parts.length > LIMITS.pathDepth) {
    const detail = `${parts.length} levels deep, the cap is ${LIMITS.pathDepth}`;
    return { name: 'limit-exceeded', detail };
  }
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return { name: 'bad-path', detail: 'must have no empty, . or .. part' };
  }
  if (parts.some((part) => BYTES.encode(part).length > LIMITS.partBytes)) {
    return { name: 'limit-exceeded', detail: `has a part of more than ${LIMITS.partBytes} bytes` };
  }
  return undefined;
}

const notEmpty = (value: string): Complaint | undefined =>
  value === '' ? { name: 'bad-value', detail: 'must not be empty' } : undefined;

const MODE_OF = { file: 0o644, directory: 0o755, opaque: 0o755 } as const;

type Checked = OverlayEntry<unknown>;

/** Which fields each type of entry has. */
function checkEntry<T extends Checked>(entry: T, where: string, reading: Reading): T | undefined {
  const type = entry.type ?? 'file';
  const hasMode = type === 'file' || type === 'directory' || type === 'opaque';
  const hasOwner = hasMode || type === 'symlink';
  const linked = type === 'symlink' || type === 'hardlink';
  const wrong =
    (!hasMode && entry.mode !== undefined && 'mode') ||
    (!hasOwner && entry.uid !== undefined && 'uid') ||
    (!hasOwner && entry.gid !== undefined && 'gid') ||
    (type !== 'file' && entry.content !== undefined && 'content') ||
    (!linked && entry.target !== undefined && 'target') ||
    (!hasOwner && entry.mtime !== undefined && 'mtime');
  if (wrong) return reading.refuse('conflicting-fields', `${where}.${wrong}`, `is not for type ${type}`);
  if (linked && entry.target === undefined) {
    return reading.refuse('missing-field', `${where}.target`, `is required for type ${type}`);
  }
  if (hasMode && entry.mode === MODE_OF[type as keyof typeof MODE_OF]) {
    return reading.refuse('spelled-default', `${where}.mode`, 'is the default and must be left out');
  }
  if (type === 'hardlink' && entry.target !== undefined) {
    const complaint = checkOverlayPath(entry.target);
    if (complaint !== undefined) return reading.refuse(complaint.name, `${where}.target`, complaint.detail);
  }
  return entry;
}

/** Order of the paths' bytes in UTF-8. */
export function comparePaths(a: string, b: string): number {
  const [x, y] = [BYTES.encode(a), BYTES.encode(b)];
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

const HOLDS_OTHERS = new Set(['directory', 'opaque']);

/** What concerns several entries: order, what lies below what, and where hard links lead. */
function checkOrder<T extends Checked>(
  entries: readonly T[],
  where: string,
  reading: Reading,
): readonly T[] | undefined {
  const types = new Map<string, string>();
  let last: string | undefined;
  for (const [i, { path, type = 'file', target }] of entries.entries()) {
    const at = `${where}[${i}]`;
    if (last !== undefined && comparePaths(last, path) >= 0) {
      return reading.refuse('unsorted-paths', `${at}.path`, `${JSON.stringify(path)} does not rise`);
    }
    last = path;
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const above = types.get(path.slice(0, slash));
      if (above !== undefined && !HOLDS_OTHERS.has(above)) {
        const found = `${JSON.stringify(path.slice(0, slash))} is of type ${above} here`;
        return reading.refuse('path-conflict', `${at}.path`, found);
      }
    }
    if (type === 'hardlink' && types.get(target ?? '') !== 'file') {
      return reading.refuse('path-conflict', `${at}.target`, 'is no earlier file of the overlay');
    }
    types.set(path, type);
  }
  return entries;
}

function entries<C>(content: Codec<C>, cap: number): Codec<readonly OverlayEntry<C>[]> {
  const entry = record<OverlayEntry<C>>(
    {
      path: required(1, text({ cap: LIMITS.pathBytes, check: checkOverlayPath })),
      type: optional(2, word(OVERLAY_TYPES), 'file'),
      mode: optional(3, integer(0, 0o7777, 'bad-value')),
      uid: optional(4, integer(0, 0xffff_fffe, 'bad-value'), 0),
      gid: optional(5, integer(0, 0xffff_fffe, 'bad-value'), 0),
      content: {
        key: 6,
        codec: content as Codec<Exclude<C, undefined>>,
        required: false,
        isDefault: (value) => value === '' || (value instanceof Uint8Array && value.length === 0),
      },
      target: optional(7, text({ cap: LIMITS.targetBytes, check: notEmpty })),
      mtime: optional(8, integer(0, LIMITS.clockSeconds)),
    },
    checkEntry,
  );
  const whole = list(entry, cap);
  return {
    read(value, where, reading) {
      const read = whole.read(value, where, reading);
      if (read === undefined) return undefined;
      if (read.length === 0) return reading.refuse('bad-value', where, 'must not be empty');
      return checkOrder(read, where, reading);
    },
    write: (value) => whole.write(value),
  };
}

/** The field `files` of an overlay in a link. */
export const overlayFiles: Codec<readonly OverlayFile[]> = entries(jsonContent, LIMITS.overlayEntries);

const rawEntries = entries(rawContent, LIMITS.blobEntries);

/** What the kernel unpacks: the entries of an overlay as one CBOR array. */
export function overlayBytes(files: readonly OverlayFile[]): Uint8Array {
  return encodeCbor(overlayFiles.write(files) as CborValue);
}

/** Raw entries to the bytes of an overlay that is kept elsewhere, before compression. */
export function encodeOverlay(files: readonly RawEntry[]): Uint8Array {
  return encodeCbor(rawEntries.write(files));
}

/** Check the plain bytes of an overlay that is kept elsewhere. */
export function decodeOverlay(bytes: Uint8Array): Result<readonly RawEntry[]> {
  const value = decodeCbor(bytes, 'overlay', LIMITS.blobItems);
  if (!value.ok) return value;
  return readRawEntries(value.value, 'cbor');
}

/** Check entries that a program made. */
export function readRawEntries(value: unknown, form: 'json' | 'cbor'): Result<readonly RawEntry[]> {
  const reading = new Reading(form);
  const read = rawEntries.read(value, 'overlay', reading);
  if (read !== undefined) return { ok: true, value: read };
  if (reading.failure === undefined) throw new Error('a codec gave up without a failure');
  return { ok: false, failure: reading.failure };
}

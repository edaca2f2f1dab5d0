/**
 * What changed in a machine, as the kernel lists it (kernel/fs/overlay_diff.h): which of it can go into a
 * link, what is left out and why, and the overlay that the rest becomes. No DOM: the page and the command
 * line use it alike.
 */
import { decode } from 'cborg';
import { LIMITS } from '../../../descriptor/src/limits.ts';
import { OVERLAY_TYPES, checkOverlayPath, comparePaths, jsonBytes } from '../../../descriptor/src/overlay.ts';
import type { RawEntry } from '../../../descriptor/src/overlay.ts';
import type { OverlayFile, OverlayFileType } from '../../../descriptor/src/types.ts';

/** Why something is left out. Those that nobody can put in have no overlay entry at all. */
export type Reason =
  | 'socket'
  | 'fifo'
  | 'device'
  | 'name' /* not UTF-8, or longer or deeper than the format allows */
  | 'too-large' /* more than the kernel lists */
  | 'temporary'
  | 'cache'
  | 'history';

const IMPOSSIBLE: ReadonlySet<Reason> = new Set<Reason>(['socket', 'fifo', 'device', 'name', 'too-large']);

export interface Change {
  /** from the root, without a leading "/"; for people where the name is not UTF-8 */
  readonly path: string;
  readonly type: OverlayFileType;
  /** bytes of contents */
  readonly size: number;
  /** why it is left out unless a person ticks it; absent: it goes in */
  readonly reason?: Reason;
  /** false: no link can hold it */
  readonly possible: boolean;
  /** with every field spelled out; absent where it is not possible */
  readonly entry?: RawEntry;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8');

/** Types after those of the format: overlay_diff.h. */
const MORE_TYPES: readonly Reason[] = ['fifo', 'socket', 'device'];

/** Keys of an entry: overlay_diff.h. */
const KEY = { path: 1, type: 2, mode: 3, uid: 4, gid: 5, content: 6, target: 7, mtime: 8, size: 9 } as const;

/**
 * Read the kernel's list.
 *
 * @throws Error - the list is not one: a runtime that does not fit this page
 */
export function readChanges(list: Uint8Array): Change[] {
  const value: unknown = decode(list, { useMaps: true });
  if (!Array.isArray(value)) throw new Error('the list of changes is not a list');
  return value.map(readChange).sort((a, b) => comparePaths(a.path, b.path));
}

function readChange(value: unknown): Change {
  if (!(value instanceof Map)) throw new Error('an entry of the list of changes is not a map');
  const fields = value as ReadonlyMap<number, unknown>;
  const number = (key: number): number => Number(fields.get(key) ?? 0);
  const bytes = (key: number): Uint8Array => {
    const found = fields.get(key);
    return found instanceof Uint8Array ? found : new Uint8Array(0);
  };
  const path = textOf(bytes(KEY.path));
  const content = bytes(KEY.content);
  const size = fields.has(KEY.size) ? number(KEY.size) : content.length;
  const type = OVERLAY_TYPES[number(KEY.type)];
  const shown = path ?? lossy.decode(bytes(KEY.path));
  const impossible = (reason: Reason): Change => ({ path: shown, type: type ?? 'file', size, reason, possible: false });
  if (type === undefined) return impossible(MORE_TYPES[number(KEY.type) - OVERLAY_TYPES.length] ?? 'device');
  const target = fields.has(KEY.target) ? textOf(bytes(KEY.target)) : '';
  if (path === undefined || target === undefined || !isPathPossible(path)) return impossible('name');
  if (fields.has(KEY.size)) return impossible('too-large');
  const entry: RawEntry = {
    path,
    type,
    mode: number(KEY.mode),
    uid: number(KEY.uid),
    gid: number(KEY.gid),
    content,
    ...(target !== '' && { target }),
    mtime: number(KEY.mtime),
  };
  const reason = reasonOf(path);
  return { path, type, size, possible: true, entry, ...(reason !== undefined && { reason }) };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    return text.includes('\ufeff') ? undefined : text;
  } catch {
    return undefined;
  }
}

function isPathPossible(path: string): boolean {
  return checkOverlayPath(path) === undefined && new TextEncoder().encode(path).length <= LIMITS.pathBytes;
}

/** Usually nobody wants these in a link: they are of the moment, or say more than a person may think. */
const LEFT_OUT: readonly (readonly [RegExp, Reason])[] = [
  [/^(?:tmp|run|var\/tmp|var\/run|var\/lock|dev|proc|sys)(?:\/|$)/, 'temporary'],
  [/(?:^|\/)(?:\.cache|__pycache__|\.ccache)(?:\/|$)|^var\/cache(?:\/|$)/, 'cache'],
  [/(?:^|\/)\.(?:[a-z]+_history|lesshst|viminfo|wget-hsts)$/, 'history'],
];

function reasonOf(path: string): Reason | undefined {
  return LEFT_OUT.find(([pattern]) => pattern.test(path))?.[1];
}

/** The paths that go in unless a person says otherwise. */
export function usualSelection(changes: readonly Change[]): Set<string> {
  return new Set(changes.filter((change) => change.possible && change.reason === undefined).map(({ path }) => path));
}

export interface LeftOut {
  readonly change: Change;
  readonly reason: Reason | 'unticked' | 'parent';
}

/**
 * The overlay of the selected changes, in the format's order and without defaults.
 *
 * What lies below something that is left out goes with it only where that is a directory of the layers: a
 * file whose new directory is left out is put in all the same, and its directory is made as usual.
 */
export function selectEntries(
  changes: readonly Change[],
  selected: ReadonlySet<string>,
): { readonly entries: RawEntry[]; readonly leftOut: LeftOut[] } {
  const taken: RawEntry[] = [];
  const leftOut: LeftOut[] = [];
  for (const change of changes) {
    if (change.entry !== undefined && selected.has(change.path)) taken.push(change.entry);
    else leftOut.push({ change, reason: change.reason ?? 'unticked' });
  }
  return { entries: regroupLinks(taken, changes).map(plain).sort((a, b) => comparePaths(a.path, b.path)), leftOut };
}

/** The lowest path that is taken of each file with several names has its contents; the others are links to it. */
function regroupLinks(taken: readonly RawEntry[], changes: readonly Change[]): RawEntry[] {
  const contents = new Map(changes.flatMap(({ entry }) => (entry?.type === 'file' ? [[entry.path, entry] as const] : [])));
  const groups = new Map<string, RawEntry[]>();
  const others: RawEntry[] = [];
  for (const entry of taken) {
    const file = entry.type === 'hardlink' ? (entry.target ?? '') : entry.path;
    if (entry.type !== 'hardlink' && entry.type !== 'file') others.push(entry);
    else groups.set(file, [...(groups.get(file) ?? []), entry]);
  }
  for (const [file, names] of groups) {
    const [first, ...more] = names.map(({ path }) => path).sort(comparePaths);
    const content = contents.get(file);
    if (first === undefined || content === undefined) continue;
    others.push({ ...content, path: first });
    for (const path of more) others.push({ path, type: 'hardlink', target: first });
  }
  return others;
}

/** Without what the format takes for granted. Times are left out: a link is shorter without them. */
function plain(entry: RawEntry): RawEntry {
  const { path, type = 'file', mode, uid, gid, content, target } = entry;
  const isDirectory = type === 'directory' || type === 'opaque';
  const hasMode = isDirectory || type === 'file';
  const hasOwner = hasMode || type === 'symlink';
  return {
    path,
    ...(type !== 'file' && { type }),
    ...(hasMode && mode !== undefined && mode !== (isDirectory ? 0o755 : 0o644) && { mode }),
    ...(hasOwner && uid !== undefined && uid !== 0 && { uid }),
    ...(hasOwner && gid !== undefined && gid !== 0 && { gid }),
    ...(type === 'file' && content !== undefined && content.length > 0 && { content }),
    ...((type === 'symlink' || type === 'hardlink') && target !== undefined && { target }),
  };
}

/** Raw entries as the field of a link. */
export function filesOf(entries: readonly RawEntry[]): OverlayFile[] {
  return entries.map(({ content, ...rest }) => (content === undefined ? rest : { ...rest, content: jsonBytes(content) }));
}

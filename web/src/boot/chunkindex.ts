/**
 * The chunk index of a layer: encoding and strict decoding. Spec: images/FORMAT.md.
 * No network, no DOM; hashing is WebCrypto's.
 */

export const CHUNK_SIZE = 65536;
export const ENTRIES_PER_PAGE = 256;
const ENTRY_BYTES = 44;
const PAGE_BYTES = ENTRIES_PER_PAGE * ENTRY_BYTES;
/** longest encoded chunk: DEFLATE's stored blocks cost less than this much more */
const MAX_ENCODED = CHUNK_SIZE + 1024;
const MAX_ROOT_PAGE = 1 << 20;
const ROOT_HEAD_BYTES = 48;

const MAGIC = 'PLEATIX1';
const ROOT_DOMAIN = 'pleat chunk index 1\0';
const PAGE_DOMAIN = 'pleat index page 1\0';
const MAX_IMAGE = 2 ** 40;

/** Bytes over an ordinary (unshared) buffer, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

export interface ChunkEntry {
  /** position of the encoded chunk in the pack */
  readonly offset: number;
  /** encoded bytes */
  readonly length: number;
  /** SHA-256 of the plain chunk, hex */
  readonly hash: string;
}

export interface RootPage {
  readonly imageSize: number;
  readonly packSize: number;
  readonly chunks: number;
  readonly pages: number;
  /** hash of each index page, hex */
  readonly pageHashes: readonly string[];
  /** the boot trace: chunk numbers in the order of reading */
  readonly trace: readonly number[];
  /** length of the encoded root page: where index page 0 starts */
  readonly bytes: number;
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function fromHex(text: string): Bytes {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export async function sha256(bytes: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

export function rootHash(page: Uint8Array): Promise<string> {
  return sha256(concatBytes([new TextEncoder().encode(ROOT_DOMAIN), page]));
}

export function pageHash(number: number, page: Uint8Array): Promise<string> {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, number, true);
  return sha256(concatBytes([new TextEncoder().encode(PAGE_DOMAIN), prefix, page]));
}

/** Bytes of the image that chunk n holds. */
export function chunkLength(imageSize: number, n: number): number {
  return Math.min(CHUNK_SIZE, imageSize - n * CHUNK_SIZE);
}

/** Position and length of index page i in the index file. */
export function pageRange(root: RootPage, i: number): { from: number; to: number } {
  const from = root.bytes + i * PAGE_BYTES;
  const entries = Math.min(ENTRIES_PER_PAGE, root.chunks - i * ENTRIES_PER_PAGE);
  return { from, to: from + entries * ENTRY_BYTES };
}

/**
 * How long the root page is, told by its head; needed before its hash can be checked, so the answer
 * is capped and nothing else of the head is used.
 *
 * @returns undefined when the head is no root page or claims more than MAX_ROOT_PAGE
 */
export function rootPageLength(head: Uint8Array): number | undefined {
  if (head.length < ROOT_HEAD_BYTES) return undefined;
  for (let i = 0; i < MAGIC.length; i++) if (head[i] !== MAGIC.charCodeAt(i)) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = ROOT_HEAD_BYTES + 32 * view.getUint32(36, true) + 4 * view.getUint32(40, true);
  return length <= MAX_ROOT_PAGE ? length : undefined;
}

/** @returns the root page, or a sentence that says which rule of FORMAT.md it breaks */
export function decodeRootPage(page: Uint8Array): RootPage | string {
  if (rootPageLength(page) !== page.length) return 'not a root page of this format';
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const imageSize = readU64(view, 8);
  const packSize = readU64(view, 16);
  const chunks = view.getUint32(28, true);
  const pages = view.getUint32(36, true);
  const traceLength = view.getUint32(40, true);
  if (imageSize < 1 || imageSize > MAX_IMAGE) return 'image size out of range';
  if (!Number.isSafeInteger(packSize)) return 'pack size out of range';
  if (view.getUint32(24, true) !== CHUNK_SIZE) return 'chunk size is not 65536';
  if (chunks !== Math.ceil(imageSize / CHUNK_SIZE)) return 'chunk count does not fit the size';
  if (view.getUint32(32, true) !== ENTRIES_PER_PAGE) return 'entries per page are not 256';
  if (pages !== Math.ceil(chunks / ENTRIES_PER_PAGE)) return 'page count does not fit the chunks';
  if (traceLength > chunks) return 'boot trace longer than the image';
  if (view.getUint32(44, true) !== 0) return 'reserved word is not 0';
  const pageHashes: string[] = [];
  for (let i = 0; i < pages; i++) {
    const at = ROOT_HEAD_BYTES + 32 * i;
    pageHashes.push(toHex(page.subarray(at, at + 32)));
  }
  const trace: number[] = [];
  for (let i = 0; i < traceLength; i++) {
    const n = view.getUint32(ROOT_HEAD_BYTES + 32 * pages + 4 * i, true);
    if (n >= chunks) return 'boot trace names a chunk that does not exist';
    trace.push(n);
  }
  if (new Set(trace).size !== trace.length) return 'boot trace names a chunk twice';
  return { imageSize, packSize, chunks, pages, pageHashes, trace, bytes: page.length };
}

/** @returns the entries of an index page, or a sentence that says which rule it breaks */
export function decodeIndexPage(page: Uint8Array, packSize: number): ChunkEntry[] | string {
  if (page.length % ENTRY_BYTES !== 0) return 'index page is not a whole number of entries';
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const entries: ChunkEntry[] = [];
  for (let at = 0; at < page.length; at += ENTRY_BYTES) {
    const offset = readU64(view, at);
    const length = view.getUint32(at + 8, true);
    if (length < 1 || length > MAX_ENCODED) return 'encoded length out of range';
    if (offset + length > packSize) return 'encoded chunk lies outside the pack';
    entries.push({ offset, length, hash: toHex(page.subarray(at + 12, at + 44)) });
  }
  return entries;
}

/** The whole index file for these entries, and its root hash. */
export async function encodeIndex(
  imageSize: number,
  packSize: number,
  entries: readonly ChunkEntry[],
  trace: readonly number[],
): Promise<{ index: Bytes; root: string }> {
  const pages: Bytes[] = [];
  for (let first = 0; first < entries.length; first += ENTRIES_PER_PAGE) {
    pages.push(encodeIndexPage(entries.slice(first, first + ENTRIES_PER_PAGE)));
  }
  const page = new Uint8Array(ROOT_HEAD_BYTES + 32 * pages.length + 4 * trace.length);
  const view = new DataView(page.buffer);
  page.set(new TextEncoder().encode(MAGIC), 0);
  view.setBigUint64(8, BigInt(imageSize), true);
  view.setBigUint64(16, BigInt(packSize), true);
  view.setUint32(24, CHUNK_SIZE, true);
  view.setUint32(28, entries.length, true);
  view.setUint32(32, ENTRIES_PER_PAGE, true);
  view.setUint32(36, pages.length, true);
  view.setUint32(40, trace.length, true);
  for (const [i, bytes] of pages.entries()) {
    page.set(fromHex(await pageHash(i, bytes)), ROOT_HEAD_BYTES + 32 * i);
  }
  for (const [i, n] of trace.entries()) {
    view.setUint32(ROOT_HEAD_BYTES + 32 * pages.length + 4 * i, n, true);
  }
  return { index: concatBytes([page, ...pages]), root: await rootHash(page) };
}

function encodeIndexPage(entries: readonly ChunkEntry[]): Bytes {
  const page = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = new DataView(page.buffer);
  for (const [i, entry] of entries.entries()) {
    view.setBigUint64(i * ENTRY_BYTES, BigInt(entry.offset), true);
    view.setUint32(i * ENTRY_BYTES + 8, entry.length, true);
    page.set(fromHex(entry.hash), i * ENTRY_BYTES + 12);
  }
  return page;
}

/** A u64; past 2^53 it is imprecise but still larger than every cap it is compared with. */
function readU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/**
 * From packages to a layer: EROFS image, chunk pack, and the JSON that names it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../../web/src/boot/chunkindex.ts';
import { CHUNK_SIZE } from '../../web/src/boot/chunkindex.ts';
import type { BuildContext } from './build.ts';
import { buildPackages } from './build.ts';
import { makePack } from './pack.ts';
import { EPOCH, readSet, treeHash } from './packages.ts';

/** What build/images/<name>.json holds: a LayerRef and sizes for people. */
export interface ImageInfo {
  readonly name: string;
  readonly root: string;
  /** bytes of the plain image */
  readonly size: number;
  readonly chunks: number;
  readonly packBytes: number;
  readonly from: readonly string[];
}

/** Every image has this UUID, so that the same tree gives the same bytes. */
const UUID = '706c6561-7400-4000-8000-000000000001';

/**
 * Build the image of a set, or of a package alone, into `out`: <name>.json, <root>.idx,
 * <root>.pack, and <name>.erofs (the plain image, for mounting and for tests). Earlier roots stay,
 * so that links to them go on working.
 */
export async function buildImage(context: BuildContext, name: string, out: string): Promise<ImageInfo> {
  const names = readSet(context.root, name);
  const packages = await buildPackages(context, names);
  const wanted = packages.filter((pkg) => names.includes(pkg.recipe.name));
  mkdirSync(out, { recursive: true });

  const inputs = createHash('sha256');
  for (const pkg of wanted) inputs.update(`${pkg.key}\n`);
  inputs.update(treeHash(buildFiles(context.root, name), context.root));
  const key = inputs.digest('hex');
  const known = readKnown(out, name, key);
  if (known !== undefined) {
    context.log(`image ${name}: up to date`);
    return known;
  }

  const start = performance.now();
  const plain = join(out, `${name}.erofs`);
  assemble(context, plain, wanted.map((pkg) => pkg.tar));
  const image: Bytes = new Uint8Array(readFileSync(plain));
  const pack = await makePack(image, bootTrace(context.root, name, plain));
  writeWhole(join(out, `${pack.root}.idx`), pack.index);
  writeWhole(join(out, `${pack.root}.pack`), pack.pack);
  const info: ImageInfo = {
    name,
    root: pack.root,
    size: image.length,
    chunks: pack.chunks,
    packBytes: pack.pack.length,
    from: ['images/'],
  };
  writeWhole(join(out, `${name}.json`), `${JSON.stringify(info, null, 2)}\n`);
  writeWhole(join(out, `.${name}.key`), key);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const sizes = `${mebibytes(info.size)} as ${info.chunks} chunks, ${mebibytes(info.packBytes)} packed`;
  context.log(`image ${name}: ${sizes}, ${seconds} s, root ${info.root}`);
  return info;
}

/**
 * Pack a built image again with the chunks that a boot read in front, so that one request fetches them.
 * The image is the same, its root another: links to the old one go on working while its files stay.
 *
 * @param trace - chunk numbers in the order of reading
 * @throws Error when the image was not built here
 */
export async function retrace(out: string, name: string, trace: readonly number[]): Promise<ImageInfo> {
  const before = readImageInfo(out, name);
  const plain = join(out, `${name}.erofs`);
  if (!existsSync(plain)) throw new Error(`${plain} is not there: pleat image build ${name} makes it`);
  const pack = await makePack(new Uint8Array(readFileSync(plain)), trace);
  writeWhole(join(out, `${pack.root}.idx`), pack.index);
  writeWhole(join(out, `${pack.root}.pack`), pack.pack);
  const info: ImageInfo = { ...before, root: pack.root, packBytes: pack.pack.length };
  writeWhole(join(out, `${name}.json`), `${JSON.stringify(info, null, 2)}\n`);
  return info;
}

/** @throws Error when there is none */
export function readImageInfo(out: string, name: string): ImageInfo {
  const file = join(out, `${name}.json`);
  if (!existsSync(file)) throw new Error(`there is no image "${name}" in ${out}`);
  return JSON.parse(readFileSync(file, 'utf8')) as ImageInfo;
}

function readKnown(out: string, name: string, key: string): ImageInfo | undefined {
  const file = join(out, `.${name}.key`);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== key) return undefined;
  if (!existsSync(join(out, `${name}.json`)) || !existsSync(join(out, `${name}.erofs`))) return undefined;
  const info = readImageInfo(out, name);
  const files = [`${info.root}.idx`, `${info.root}.pack`];
  return files.every((part) => existsSync(join(out, part))) ? info : undefined;
}

/** Files of ours, beside the packages, that decide an image's bytes. */
function buildFiles(root: string, name: string): string[] {
  const own = ['assemble.sh', 'image.ts', 'pack.ts'].map((file) => join(root, 'images/src', file));
  const boot = bootList(root, name);
  own.push(join(root, 'web/src/boot/chunkindex.ts'));
  return boot === undefined ? own : [...own, boot];
}

function assemble(context: BuildContext, plain: string, tars: readonly string[]): void {
  const tree = join(context.cache, 'work', `tree.${process.pid}`);
  const part = `${plain}.${process.pid}`;
  rmSync(tree, { recursive: true, force: true });
  const script = join(context.root, 'images/src/assemble.sh');
  const made = spawnSync('fakeroot', ['sh', script, part, tree, UUID, ...tars], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SOURCE_DATE_EPOCH: String(EPOCH) },
    encoding: 'utf8',
  });
  rmSync(tree, { recursive: true, force: true });
  if (made.status !== 0) {
    rmSync(part, { force: true });
    throw new Error(`cannot make ${plain}: ${made.stderr.trim() || made.error?.message || ''}`);
  }
  renameSync(part, plain);
}

/** A set's own list, or the one for all sets; a package alone is never booted and has none. */
function bootList(root: string, name: string): string | undefined {
  const sets = join(root, 'images/sets');
  if (!existsSync(join(sets, `${name}.txt`))) return undefined;
  const lists = [name, 'default'].map((stem) => join(sets, `${stem}.boot`));
  return lists.find((list) => existsSync(list));
}

/**
 * The chunks that hold the files of the set's boot list (paths in the order in which a boot reads
 * them), with their inodes; empty without a list.
 */
function bootTrace(root: string, name: string, plain: string): number[] {
  const list = bootList(root, name);
  if (list === undefined) return [];
  const chunks = new Set<number>([0]);
  for (const line of readFileSync(list, 'utf8').split('\n')) {
    const path = line.replace(/#.*/, '').trim();
    if (path === '') continue;
    for (const n of chunksOf(plain, path)) chunks.add(n);
  }
  return [...chunks];
}

/** Chunks with a path's inode and data, as dump.erofs tells its places. */
function chunksOf(plain: string, path: string): number[] {
  const dump = spawnSync('dump.erofs', [`--path=${path}`, '-e', plain], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    encoding: 'utf8',
  });
  const nid = /^NID: (\d+)/m.exec(dump.stdout);
  if (dump.status !== 0 || nid === null) throw new Error(`boot list: the image has no ${path}`);
  const chunks = [Math.floor((Number(nid[1]) * 32) / CHUNK_SIZE)];
  for (const extent of dump.stdout.matchAll(/\|\s*\d+\s*:\s*(\d+)\.\.\s*(\d+)\s*\|/g)) {
    const last = Math.floor((Number(extent[2]) - 1) / CHUNK_SIZE);
    for (let n = Math.floor(Number(extent[1]) / CHUNK_SIZE); n <= last; n++) chunks.push(n);
  }
  return chunks;
}

function writeWhole(path: string, content: Uint8Array | string): void {
  const part = `${path}.${process.pid}`;
  writeFileSync(part, content);
  renameSync(part, path);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The Platform under Node: worker_threads, files, host folders. */
import { readFile } from 'node:fs/promises';
import { lstatSync, openSync, closeSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileFetch } from '../boot/filefetch.ts';
import { DT, ERRNO, HOSTFS, HOST_MEMORIES_MAX, HOSTFS_STAT, HOSTFS_STAT_BYTES } from './abi.ts';
import type { FromWorker } from './messages.ts';
import type { HostDirs, Platform, WorkerListener } from './platform.ts';

const WORKER_LIMIT = 512; /* each is an isolate of some MB and a thread */
const ENTRY = new URL('../worker/process.node.ts', import.meta.url);

/** @param runtimeDir - folder with kernel.wasm */
export function nodePlatform(runtimeDir: string, folders: readonly string[]): Platform {
  return {
    spawn(kind, listener) {
      return spawn(kind, listener);
    },
    endsLate: false,
    clock: () => Number(process.hrtime.bigint()) / 1e6,
    fetch: fileFetch,
    async runtimeFile(name) {
      try {
        return new Uint8Array(await readFile(join(runtimeDir, name)));
      } catch (error) {
        const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw new Error(`${join(runtimeDir, name)} cannot be read (${why}); ./run --build-only builds it`);
      }
    },
    hostDirs: new FolderReader(folders),
    memoryLimit: HOST_MEMORIES_MAX,
    workerLimit: WORKER_LIMIT,
  };
}

function spawn(kind: string, listener: WorkerListener): ReturnType<Platform['spawn']> {
  const worker = new Worker(ENTRY, { name: kind });
  worker.on('message', (message: FromWorker) => listener.message(message));
  worker.on('error', (error) => listener.failed(error instanceof Error ? error.message : String(error)));
  return {
    post: (message) => worker.postMessage(message),
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** hostfs requests of the kernel against folders of the host, read-only. */
class FolderReader implements HostDirs {
  readonly #folders: readonly string[];
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  handle(op: number, folder: number, path: string, index: number, size: number): Uint8Array | number {
    const root = this.#folders[folder];
    if (root === undefined) return ERRNO.EINVAL;
    const full = join(root, join('/', path)); /* '..' cannot lead above the folder */
    try {
      switch (op) {
        case HOSTFS.STAT:
          return statBytes(full);
        case HOSTFS.READDIR:
          return readdirBytes(full, index, size);
        case HOSTFS.READ:
          return readBytes(full, index, size);
        case HOSTFS.READLINK:
          return new TextEncoder().encode(readlinkSync(full)).subarray(0, size);
        default:
          return ERRNO.EINVAL;
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      return Object.hasOwn(ERRNO, code) ? ERRNO[code as keyof typeof ERRNO] : ERRNO.EIO;
    }
  }
}

/** struct hostfs_stat */
function statBytes(path: string): Uint8Array {
  const stat = lstatSync(path, { bigint: true });
  const view = new DataView(new ArrayBuffer(HOSTFS_STAT_BYTES));
  view.setUint32(HOSTFS_STAT.mode, Number(stat.mode), true);
  view.setUint32(HOSTFS_STAT.nlink, Number(stat.nlink), true);
  view.setBigUint64(HOSTFS_STAT.size, stat.size, true);
  view.setBigUint64(HOSTFS_STAT.mtimeNs, stat.mtimeNs, true);
  view.setBigUint64(HOSTFS_STAT.ino, stat.ino, true);
  return new Uint8Array(view.buffer);
}

/** Records of u8 type, u8 name length, name: as many from the index-th entry on as fit. */
function readdirBytes(path: string, index: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries.slice(index)) {
    const name = new TextEncoder().encode(entry.name);
    if (at + 2 + name.length > size) break;
    out[at] = entry.isDirectory() ? DT.DIR : entry.isSymbolicLink() ? DT.LNK : DT.REG;
    out[at + 1] = name.length;
    out.set(name, at + 2);
    at += 2 + name.length;
  }
  return out.subarray(0, at);
}

function readBytes(path: string, position: number, size: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const out = new Uint8Array(size);
    return out.subarray(0, readSync(file, out, 0, size, position));
  } finally {
    closeSync(file);
  }
}

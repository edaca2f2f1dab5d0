/**
 * What the host needs from where it runs: a browser's Worker or Node. The host code is one.
 */
import type { ChunkStore } from '../boot/chunkstore.ts';
import type { FetchLike } from '../boot/images.ts';
import type { FromWorker, ToWorker } from './messages.ts';

export interface WorkerHandle {
  post(message: ToWorker): void;
  /** Ask for its end. Resolves when the engine says it is over: at once in browsers, where a
   *  Worker may run on for two seconds; see `endsLate`. */
  terminate(): Promise<void>;
}

export interface WorkerListener {
  message(message: FromWorker): void;
  /** the Worker itself broke: its script did not load, the engine ended it */
  failed(reason: string): void;
}

export interface HostDirs {
  /** hostfs requests; see HOSTFS_* in kernel/abi/ring.h. @returns bytes or an errno */
  handle(op: number, folder: number, path: string, index: number, size: number): Uint8Array | number;
}

export interface Platform {
  spawn(kind: 'process' | 'timer', listener: WorkerListener): WorkerHandle;
  /** terminate() may leave a Worker running for a while */
  readonly endsLate: boolean;
  /** ms, the same in every Worker of the machine */
  clock(): number;
  readonly fetch: FetchLike;
  /** chunks that earlier machines fetched */
  readonly chunkStore?: ChunkStore;
  /** the bytes of a file of the runtime */
  runtimeFile(name: string): Promise<Uint8Array<ArrayBuffer>>;
  readonly hostDirs?: HostDirs;
  /** memories that may exist at once */
  readonly memoryLimit: number;
  /** process Workers that may exist at once */
  readonly workerLimit: number;
}

/** The kernel Worker in browsers: the host of one machine, spoken to by the page in messages. */
import { indexedChunkStore } from '../boot/chunkstore.ts';
import type { BootPlan } from '../boot/types.ts';
import { KernelHost } from '../host/kernelhost.ts';
import type { FromWorker } from '../host/messages.ts';
import type { Platform, WorkerHandle, WorkerListener } from '../host/platform.ts';
import type { FromKernelWorker, ToKernelWorker } from './protocol.ts';

/* Chromium gives a tab 125 memories; K, the boot and timer Workers' take three. */
const MEMORY_LIMIT = 120;
/* Engines set no limit but run out of memory, which is the tab's end: 1.6 MB each in Chromium. */
const WORKER_LIMIT = 256;

const post = (message: FromKernelWorker): void => self.postMessage(message);

/*
 * In Firefox ESR 153 the constructor of a nested Worker may never return (docs/decisions/0006), so the
 * page makes them there. Elsewhere the way past the page is the shorter one.
 */
const PAGE_MAKES_WORKERS = / Firefox\//.test(navigator.userAgent);

const listeners = new Map<number, WorkerListener>();
/** What the page is to do about Workers; it listens from the start message on. */
let early: FromKernelWorker[] | undefined = [];
let lastWorker = 0;

function askPage(message: FromKernelWorker): void {
  if (early === undefined) post(message);
  else early.push(message);
}

function spawnByPage(url: string, name: string, listener: WorkerListener): WorkerHandle {
  const id = ++lastWorker;
  listeners.set(id, listener);
  askPage({ type: 'spawn', id, url, name });
  return {
    post: (message) => askPage({ type: 'toWorker', id, message }),
    terminate: () => {
      listeners.delete(id);
      askPage({ type: 'endWorker', id });
      return Promise.resolve();
    },
  };
}

function browserPlatform(runtime: string): Platform {
  return {
    spawn(kind, listener) {
      if (PAGE_MAKES_WORKERS) return spawnByPage(new URL(`${kind}.worker.js`, runtime).href, kind, listener);
      const worker = new Worker(new URL(`${kind}.worker.js`, runtime), { type: 'module', name: kind });
      worker.onmessage = (event: MessageEvent<FromWorker>) => listener.message(event.data);
      worker.onerror = (event) => listener.failed(event.message || 'its script could not be loaded');
      return {
        post: (message) => worker.postMessage(message),
        terminate: () => {
          worker.terminate();
          return Promise.resolve();
        },
      };
    },
    endsLate: true,
    clock: () => performance.timeOrigin + performance.now(),
    fetch: (url, init) => fetch(url, init),
    runtimeFile: async (name) => {
      const response = await fetch(new URL(name, runtime));
      if (!response.ok) throw new Error(`${name} of the runtime: the server answers ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    chunkStore: indexedChunkStore(),
    memoryLimit: MEMORY_LIMIT,
    workerLimit: WORKER_LIMIT,
  };
}

let host: KernelHost | undefined;
/** To call when the page has shown a console's last output. */
const shown = new Map<number, () => void>();

function prepare(runtime: string): KernelHost {
  return new KernelHost(browserPlatform(runtime), {
    log: (line) => post({ type: 'log', lines: [line] }),
    progress: (chunks, needed, bytes) => post({ type: 'progress', chunks, needed, bytes }),
    booted: () => post({ type: 'booted' }),
    output: (console, bytes) =>
      new Promise((done) => {
        shown.set(console, done);
        post({ type: 'output', console, bytes });
      }),
    closed: (console) => post({ type: 'closed', console }),
    imageFailed: (error) => post({ type: 'imageFailed', error }),
    screen: (number, { xres, yres, opens }) =>
      post({ type: 'screen', number, info: { width: xres, height: yres, open: opens > 0 } }),
    sound: (source) => post({ type: 'sound', source }),
    inputOpened: (opened) => post({ type: 'inputOpened', opened }),
    halted: (status) => post({ type: 'halted', status }),
    panic: (message) => post({ type: 'panic', message }),
  });
}

function start(plan: BootPlan): void {
  if (host === undefined) throw new Error('a start before prepare');
  for (const message of early ?? []) post(message);
  early = undefined;
  host.start(plan).then(
    () => post({ type: 'started' }),
    (error: unknown) => post({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
}

self.onmessage = (event: MessageEvent<ToKernelWorker>) => {
  const message = event.data;
  switch (message.type) {
    case 'prepare':
      host = prepare(message.runtime);
      break;
    case 'start':
      start(message.plan);
      break;
    case 'input':
      host?.write(message.console, message.bytes);
      break;
    case 'resize':
      host?.resize(message.console, message.cols, message.rows);
      break;
    case 'open':
      shown.get(message.console)?.(); /* a terminal that went away may not have said so */
      host?.open(message.console, message.cols, message.rows);
      break;
    case 'close':
      host?.close(message.console);
      break;
    case 'shown':
      shown.get(message.console)?.();
      break;
    case 'fromWorker':
      listeners.get(message.id)?.message(message.message);
      break;
    case 'workerFailed':
      listeners.get(message.id)?.failed(message.reason);
      break;
    case 'screen': {
      const { number, port } = message;
      host?.paint(number, (source) => port.postMessage(source));
      break;
    }
    case 'events':
      host?.sendInput(message.device, message.events);
      break;
    case 'typed':
      host?.typed(message.bytes);
      break;
    case 'stats':
      post({ type: 'stats', stats: host?.stats() });
      break;
    case 'diff':
      (host?.diff() ?? Promise.reject(new Error('nothing runs'))).then(
        (list) => post({ type: 'diff', list, reason: '' }),
        (error: unknown) => post({ type: 'diff', list: undefined, reason: error instanceof Error ? error.message : String(error) }),
      );
      break;
    case 'stop':
      void (host?.stop() ?? Promise.resolve()).then(() => post({ type: 'stopped' }));
      break;
  }
};

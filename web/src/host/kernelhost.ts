/**
 * The far end of the kernel's rings: device drivers and pools, no policy.
 * Runs in the kernel Worker of a browser or on Node's main thread, and never blocks.
 */
import { ChunkCache, LayerReader } from '../boot/images.ts';
import type { ImageError } from '../boot/images.ts';
import type { SoundSource } from '../boot/sound.ts';
import type { BootPlan, LayerRef, LogLine } from '../boot/types.ts';
import { ERRNO, EV, OP, PLEAT_POLL_ANY, PLEAT_POLL_WORD, PLEAT_U_MAX_PAGES, SPAWN } from './abi.ts';
import { bootText, layersOfPlan } from './bootplan.ts';
import { kernelImports, startKernel } from '../worker/instance.ts';
import type { SourceMessage } from '../worker/screen.ts';
import { parseLog } from './log.ts';
import { Memories } from './memories.ts';
import type { InitMessage } from './messages.ts';
import type { Platform, WorkerHandle } from './platform.ts';
import { KernelArea } from './rings.ts';
import { ScreenView } from './screen.ts';
import type { ScreenState } from './screen.ts';
import type { HostCall, Request } from './rings.ts';
import { bytesAt, wordsAt } from './view.ts';
import { WorkerPool } from './workers.ts';
import type { Run } from './workers.ts';

export interface HostEvents {
  log(line: LogLine): void;
  /** lines of the machine's own strace session: what the boot option strace= asked for */
  trace?(text: string): void;
  progress(chunks: number, chunksNeeded: number, bytes: number): void;
  booted(): void;
  /** A promise: whoever shows it is behind; the console waits until it is kept. */
  output(console: number, bytes: Uint8Array): Promise<void> | void;
  /** the session of a terminal ended, or a stream in pipe mode */
  closed(console: number): void;
  /** a layer cannot be opened or a chunk is wrong: what a person is shown */
  imageFailed(error: ImageError): void;
  /** a frame buffer was opened or closed, or has another size */
  screen?(number: number, state: ScreenState): void;
  /** a program began to play, or the last one ended */
  sound?(source: SoundSource): void;
  /** bit n: some program has input device n open */
  inputOpened?(opened: number): void;
  /** it has halted; its Workers are ended when the promise is kept: what changed can still be listed */
  ending?(): Promise<void>;
  halted(status: number): void;
  panic(message: string): void;
}

export interface HostStats {
  readonly usedBytes: number;
  readonly objects: number;
  readonly heapBytes: number;
  readonly processes: number;
  readonly workers: number;
  readonly memories: number;
  /** frames of sound that an audio thread took, and times that it found too few */
  readonly soundFrames: number;
  readonly soundUnderruns: number;
}

/** As large as none can be smaller: a stand-in for U, and S before anybody shares. */
function emptyMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: PLEAT_U_MAX_PAGES, shared: true });
}

/** Uses a second memory: what the usual kernel build needs. */
const MULTI_MEMORY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 5, 2, 0, 0, 0, 0]);
const K_MAX_PAGES = [32768, 16384, 8192]; /* smaller tries where the engine refuses */
const K_FIRST_PAGES = 32;
/** Bytes of a list of changed files: larger ones are named in it without their contents. */
const DIFF_LIMIT = 48 << 20;
const INPUT_WAITING_MAX = 2048; /* events that the kernel has not taken: more are lost, and it is told */

export class KernelHost {
  readonly #platform: Platform;
  readonly #events: HostEvents;
  readonly #workers: WorkerPool;
  readonly #memories: Memories;
  readonly #timer: WorkerHandle;
  readonly #layers: LayerReader[] = [];
  readonly #input = new Map<number, Uint8Array[]>();
  readonly #ended = new Set<number>();
  readonly #consoles = new Set<number>([1, 2]);
  /** consoles whose last output is still being shown */
  readonly #showing = new Set<number>();
  /** begins with the host: what it needs is no link's, so that it need not wait for one */
  readonly #compiled: Promise<{ readonly kernel: WebAssembly.Module; readonly jsUaccess: boolean }>;
  #started = false;
  #clockStart = 0;
  /** why it cannot be started: something broke before */
  #broken: string | undefined;
  #area: KernelArea | undefined;
  #kernel: WebAssembly.Exports | undefined;
  #dummy: WebAssembly.Memory | undefined;
  #logAt = 0;
  #stopped = false;
  #draining = false;

  /** Compiles the kernel and starts the first Workers; nothing boots before start(). */
  constructor(platform: Platform, events: HostEvents) {
    this.#platform = platform;
    this.#events = events;
    this.#memories = new Memories((id) => this.#area?.sendEvent(EV.MEMORY, id));
    this.#workers = new WorkerPool(platform, {
      over: (run) => this.#runOver(run),
      broke: (run) => this.#area?.sendEvent(EV.WORKER_BROKE, run.thread),
      panic: (message) => this.#panic(message),
      failed: (run) => this.#area?.sendEvent(EV.SPAWN_FAILED, run.thread, ERRNO.EAGAIN),
    });
    this.#compiled = compileKernel(platform);
    this.#compiled.catch(() => undefined); /* start() tells */
    this.#timer = platform.spawn('timer', {
      message: (message) => {
        if (message.type === 'panic') this.#panic(message.message);
      },
      failed: (reason) => this.#panic(`the timer Worker broke: ${reason}`),
    });
  }

  /** Open the layers and boot. Rejects when the runtime itself is unusable. */
  async start(plan: BootPlan): Promise<void> {
    this.#started = true;
    this.#clockStart = this.#platform.clock();
    if (this.#broken !== undefined) throw new Error(this.#broken);
    const [{ kernel, jsUaccess }, opened] = await Promise.all([this.#compiled, this.#openLayers(layersOfPlan(plan))]);
    if (!opened || this.#stopped) return;
    const memory = kernelMemory();
    const init: InitMessage = {
      type: 'init',
      kernel,
      memory,
      ...(jsUaccess ? {} : { shared: emptyMemory() }),
      jsUaccess,
      clockStart: this.#clockStart,
      ...(plan.clock !== undefined && { realStart: plan.clock * 1000 }),
    };
    this.#dummy = emptyMemory();
    const instance = startKernel(
      init,
      kernelImports(init, this.#dummy, {
        clock: () => this.#platform.clock() - this.#clockStart,
        panic: (message) => this.#panic(message),
      }),
    );
    this.#kernel = instance;
    const area = new KernelArea(memory, (instance['host_area'] as () => number)());
    this.#area = area;
    area.setCpus(navigator.hardwareConcurrency || 1);
    const place = (bytes: Uint8Array): number => {
      const address = (instance['boot_alloc'] as (n: number) => number)(bytes.length);
      if (address === 0) throw new Error('there is no memory for what the link lays over its layers');
      area.bytes(address, bytes.length).set(bytes);
      return address;
    };
    const overlays = (plan.overlays ?? []).map((bytes) => ({ address: place(bytes), length: bytes.length }));
    const text = bootText(plan, overlays);
    const at = place(text);
    this.#workers.begin(init);
    this.#timer.post(init);
    (instance['boot'] as (at: number, n: number) => void)(at, text.length);
    this.#timer.post({ type: 'events' });
    void this.#serve(area);
  }

  // ---- consoles ----

  write(console: number, bytes: Uint8Array): void {
    const queue = this.#input.get(console) ?? [];
    this.#input.set(console, queue);
    queue.push(bytes);
    this.#flushInput(console);
  }

  /** No more input will come (pipe mode). */
  endInput(console: number): void {
    this.#ended.add(console);
    this.#flushInput(console);
  }

  resize(console: number, cols: number, rows: number): void {
    this.#send(EV.CONSOLE_RESIZE, console, cols, rows);
  }

  open(console: number, cols: number, rows: number): void {
    this.#consoles.add(console);
    this.#send(EV.CONSOLE_RESIZE, console, cols, rows);
    this.#send(EV.CONSOLE_OPEN, console);
  }

  close(console: number): void {
    this.#send(EV.CONSOLE_CLOSE, console);
  }

  /** The chunks of a layer that the machine has read, in that order. */
  touched(layer: number): readonly number[] {
    return this.#layers[layer]?.touched ?? [];
  }

  // ---- sharing ----

  readonly #diffs: PromiseWithResolvers<Uint8Array>[] = [];

  /** What changed under the root: the list of kernel/fs/overlay_diff.h. Rejects with a sentence. */
  diff(limit = DIFF_LIMIT): Promise<Uint8Array> {
    if (this.#area === undefined || this.#stopped) return Promise.reject(new Error('the machine does not run'));
    const answer = Promise.withResolvers<Uint8Array>();
    this.#diffs.push(answer);
    this.#area.sendEvent(EV.DIFF, limit);
    return answer.promise;
  }

  #diff(area: KernelArea, errno: number, address: number, length: number): void {
    const answer = this.#diffs.shift();
    if (errno !== 0) {
      answer?.reject(new Error(`what changed cannot be listed (error ${errno})`));
      return;
    }
    answer?.resolve(area.bytes(address, length).slice());
    area.sendEvent(EV.DIFF_DONE, address);
  }

  #early: number[][] = [];
  #send(...event: [number, ...number[]]): void {
    if (this.#area === undefined) this.#early.push(event);
    else this.#area.sendEvent(...event);
  }

  #flushInput(console: number): void {
    const area = this.#area;
    const queue = this.#input.get(console);
    if (area === undefined) return;
    while (queue !== undefined && queue.length > 0) {
      const bytes = queue[0] as Uint8Array;
      const taken = area.putInput(console, bytes);
      if (taken < bytes.length) {
        queue[0] = bytes.subarray(taken);
        /* Only a ring seen full after the head was stored is one that the kernel sees full. */
        if (taken > 0) continue;
        return; /* goes on with OP_CONSOLE_ROOM */
      }
      queue.shift();
    }
    if (this.#ended.delete(console)) area.sendEvent(EV.CONSOLE_EOF, console);
  }

  // ---- stopping ----

  /** What the machine holds now, for tests and the benchmark. */
  stats(): HostStats | undefined {
    const { kernel, area } = { kernel: this.#kernel, area: this.#area };
    if (kernel === undefined || area === undefined) return undefined;
    const at = this.#scratch();
    (kernel['stats'] as (at: number) => void)(at);
    return {
      usedBytes: area.word(at),
      objects: area.word(at + 4),
      heapBytes: area.word(at + 8),
      processes: area.word(at + 12),
      workers: this.#workers.count,
      memories: this.#memories.count,
      ...area.soundStats(),
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const answer of this.#diffs.splice(0)) answer.reject(new Error('the machine has stopped'));
    await Promise.all([this.#workers.stop(), this.#timer.terminate()]);
  }

  #panic(message: string): void {
    if (this.#stopped) return;
    if (!this.#started) {
      this.#broken ??= message;
      return;
    }
    this.#readLog();
    this.#readTrace();
    void this.stop();
    this.#events.panic(message);
  }

  // ---- requests ----

  async #serve(area: KernelArea): Promise<void> {
    for (const event of this.#early.splice(0)) area.sendEvent(event[0] as number, ...event.slice(1));
    /* What came before the machine was there: input, or its end without any. */
    for (const console of new Set([...this.#input.keys(), ...this.#ended])) this.#flushInput(console);
    while (!this.#stopped) {
      const seen = area.doorbell();
      this.#drain(area);
      await area.waitDoorbell(seen);
    }
  }

  #drain(area: KernelArea): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let request = area.takeRequest(); request !== undefined; request = area.takeRequest()) {
        this.#handle(area, request);
        if (this.#stopped) break;
      }
    } finally {
      this.#draining = false;
    }
  }

  #handle(area: KernelArea, { op, arg }: Request): void {
    const [a = 0] = arg;
    switch (op) {
      case OP.SPAWN:
        this.#spawn(arg);
        break;
      case OP.END: {
        const memory = this.#workers.memoryOf(a);
        if (memory !== undefined) this.#poke(memory, PLEAT_POLL_ANY);
        this.#workers.end(a);
        break;
      }
      case OP.MEMORY_FREE:
        this.#memories.release(a);
        break;
      case OP.MEMORY_NEED:
        for (let i = 0; i < a; i++) {
          if (!this.#memories.make(this.#platform.memoryLimit)) area.sendEvent(EV.MEMORY_REFUSED);
        }
        break;
      case OP.POKE:
        this.#poke(a, arg[1] ?? PLEAT_POLL_ANY);
        break;
      case OP.CONSOLE_OUTPUT:
        this.#output(area, a);
        break;
      case OP.CONSOLE_ROOM:
        this.#flushInput(a);
        break;
      case OP.CONSOLE_CLOSED:
      case OP.CONSOLE_EOF:
        this.#events.closed(a);
        break;
      case OP.CHUNK:
        void this.#chunk(area, area.readCall(a));
        break;
      case OP.HOSTFS:
        this.#hostfs(area, area.readCall(a));
        break;
      case OP.FB_CHANGED:
        this.#fbChanged(area, a);
        break;
      case OP.FB_COPY: {
        const [, memory = 0, from = 0, to = 0, length = 0] = arg;
        area.bytes(to, length).set(bytesAt(this.#memories.peek(memory), from, length));
        area.sendEvent(EV.FB_COPIED, a);
        break;
      }
      case OP.SOUND_CHANGED:
        this.#events.sound?.(area.lookAtSound());
        break;
      case OP.INPUT_CHANGED:
        this.#events.inputOpened?.(area.lookAtInput());
        break;
      case OP.LOG:
        this.#readLog();
        break;
      case OP.TRACE:
        this.#readTrace();
        break;
      case OP.BOOTED:
        this.#events.booted();
        break;
      case OP.EVENTS_DRAINED:
        area.flushEvents();
        break;
      case OP.DIFF:
        this.#diff(area, a, arg[1] ?? 0, arg[2] ?? 0);
        break;
      case OP.HALT:
        this.#halt(area, a);
        break;
      default:
        this.#panic(`the kernel sent the unknown request ${op}`);
    }
  }

  /**
   * Show what a console has. The kernel announces output only to a ring that was seen empty, so we
   * look until it is; by the event loop, or a program that prints without end would keep it busy,
   * and no faster than it can be shown: what waits in the ring, the kernel can hold back.
   */
  #output(area: KernelArea, console: number): void {
    if (this.#showing.has(console) || this.#stopped) return;
    const bytes = area.takeOutput(console);
    if (bytes === undefined) return;
    this.#showing.add(console);
    const again = (): void => {
      this.#showing.delete(console);
      this.#output(area, console);
    };
    const shown = this.#events.output(console, bytes);
    if (shown === undefined) setTimeout(again, 0);
    else void shown.then(again);
  }

  #halt(area: KernelArea, status: number): void {
    for (const console of this.#consoles) {
      const bytes = area.takeOutput(console);
      if (bytes !== undefined) void this.#events.output(console, bytes);
    }
    this.#readLog();
    this.#readTrace();
    const ready = this.#events.ending?.() ?? Promise.resolve();
    void ready
      .catch(() => undefined)
      .then(() => this.stop())
      .then(() => this.#events.halted(status));
  }

  #spawn(arg: readonly number[]): void {
    const [thread = 0, kstack = 0, memory = 0, parent = 0, low = 0, high = 0, flags = 0] = arg;
    const key = low === 0 && high === 0 ? '' : `${high}.${low}`;
    const user = (flags & SPAWN.INIT) !== 0 ? this.#dummy : this.#memories.enter(memory);
    if (user === undefined) throw new Error('a thread starts before the machine');
    const run = { thread, kstack, memory };
    const message = { type: 'run' as const, thread, kstack, flags, user };
    /* A fork child or a new thread runs its parent's program: the fifth word names the parent's thread. */
    if ((flags & SPAWN.FORK) !== 0) {
      this.#workers.startFork({ ...run, message: { ...message, key: '', parent: this.#memories.peek(parent) } }, low);
    } else if ((flags & SPAWN.THREAD) !== 0) {
      this.#workers.startFork({ ...run, message: { ...message, key: '' } }, low);
    } else this.#workers.start({ ...run, message: { ...message, key } });
  }

  #runOver(run: Run): void {
    this.#area?.sendEvent(EV.WORKER_GONE, run.thread, run.kstack);
    if (run.memory !== 0) this.#memories.leave(run.memory);
  }

  /** The program looks at it at its next loop head or call. What the word says already stays said. */
  #poke(memory: number, id: number): void {
    const word = wordsAt(this.#memories.peek(memory), PLEAT_POLL_WORD, 1);
    for (let seen = Atomics.load(word, 0); seen !== id && seen !== PLEAT_POLL_ANY; ) {
      const found = Atomics.compareExchange(word, 0, seen, seen === 0 ? id : PLEAT_POLL_ANY);
      if (found === seen) return;
      seen = found;
    }
  }

  // ---- frame buffers ----

  readonly #painters = new Map<number, (source: SourceMessage) => void>();

  /** Tell whoever draws frame buffer n where its pixels are, now and whenever that changes. */
  paint(number: number, painter: (source: SourceMessage) => void): void {
    this.#painters.set(number, painter);
    if (this.#area !== undefined) this.#fbChanged(this.#area, number);
  }

  #fbChanged(area: KernelArea, number: number): void {
    const { ring, eventWake } = area.lookAtScreen(number);
    /* The kernel writes it at this moment: it tells again. */
    const state = new ScreenView(area.memory, ring, eventWake).read();
    if (state === undefined) {
      setTimeout(() => this.#fbChanged(area, number), 1);
      return;
    }
    const memory = state.memory === 0 ? undefined : this.#memories.peek(state.memory);
    this.#painters.get(number)?.({ type: 'source', kernel: area.memory, ring, eventWake, id: state.memory, memory });
    if (state.xres > 0) this.#events.screen?.(number, state);
  }

  /** For a picture of the screen without a canvas. */
  screen(number: number): { readonly state: ScreenState; readonly memory: WebAssembly.Memory } | undefined {
    if (this.#area === undefined) return undefined;
    const { ring, eventWake } = this.#area.screenAt(number);
    const state = new ScreenView(this.#area.memory, ring, eventWake).read();
    if (state === undefined) return undefined;
    return { state, memory: state.memory === 0 ? this.#area.memory : this.#memories.peek(state.memory) };
  }

  // ---- input ----

  /** One frame of events of a device: type << 16 | code and value, by turns. Three pairs fit a slot. */
  sendInput(device: number, events: readonly number[]): void {
    if (this.#area === undefined) return; /* nobody could have opened it */
    if (this.#area.waiting > INPUT_WAITING_MAX) {
      this.#area.sendEvent(EV.INPUT_LOST, device);
      return;
    }
    /* A pair of zeros is SYN_REPORT: it says that the frame is whole. */
    const pairs = [...events, 0, 0];
    for (let at = 0; at < pairs.length; at += 6) this.#area.sendEvent(EV.INPUT, device, ...pairs.slice(at, at + 6));
  }

  typed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 24) {
      const part = new Uint8Array(24);
      const some = bytes.subarray(at, at + 24);
      part.set(some);
      this.#area?.sendEvent(EV.KEY_TEXT, some.length, ...new Int32Array(part.buffer));
    }
  }

  // ---- images ----

  async #openLayers(layers: readonly LayerRef[]): Promise<boolean> {
    const cache = new ChunkCache(16 << 20);
    const store = this.#platform.chunkStore;
    const results = await Promise.all(
      layers.map((ref) =>
        LayerReader.open(ref, {
          fetch: this.#platform.fetch,
          cache,
          ...(store !== undefined && { store }),
          onStats: () => this.#tellProgress(),
        }),
      ),
    );
    for (const result of results) {
      if (!result.ok) {
        await this.stop();
        this.#events.imageFailed(result.error);
        return false;
      }
      this.#layers.push(result.value);
    }
    for (const layer of this.#layers) void layer.prefetch();
    return true;
  }

  #tellProgress(): void {
    let chunks = 0;
    let needed = 0;
    let bytes = 0;
    for (const layer of this.#layers) {
      chunks += layer.stats.chunks;
      needed += layer.stats.chunksNeeded;
      bytes += layer.stats.bytes;
    }
    this.#events.progress(chunks, needed, bytes);
  }

  async #chunk(area: KernelArea, call: HostCall): Promise<void> {
    const layer = this.#layers[call.layer];
    if (layer === undefined || call.index >= layer.root.chunks) {
      area.finishCall(call, ERRNO.EINVAL);
      return;
    }
    const result = await layer.readChunk(call.index);
    if (this.#stopped) return;
    if (!result.ok) this.#events.imageFailed(result.error);
    area.finishCall(call, result.ok ? result.value : ERRNO.EIO);
  }

  #hostfs(area: KernelArea, call: HostCall): void {
    const dirs = this.#platform.hostDirs;
    area.finishCall(
      call,
      dirs === undefined ? ERRNO.EIO : dirs.handle(call.sub, call.layer, call.path, call.index, call.size),
    );
  }

  // ---- the log ----

  #scratchAt = 0;
  #scratch(): number {
    if (this.#scratchAt === 0) {
      this.#scratchAt = (this.#kernel?.['boot_alloc'] as (n: number) => number)(8192);
    }
    return this.#scratchAt;
  }

  #readLog(): void {
    const { kernel, area } = { kernel: this.#kernel, area: this.#area };
    if (kernel === undefined || area === undefined) return;
    area.lookAtLog();
    const at = this.#scratch();
    const read = kernel['log_read'] as (pos: number, buf: number, length: number) => number;
    area.bytes(at, 8).set(new Uint8Array(new BigUint64Array([BigInt(this.#logAt)]).buffer));
    for (let n = read(at, at + 8, 8184); n > 0; n = read(at, at + 8, 8184)) {
      const text = new TextDecoder().decode(area.bytes(at + 8, n).slice());
      for (const line of parseLog(text)) this.#events.log(line);
    }
    this.#logAt = area.word(at) + area.word(at + 4) * 2 ** 32;
  }

  readonly #traceDecoder = new TextDecoder();

  /* To the end: only a session that was seen empty is announced again. */
  #readTrace(): void {
    const { kernel, area } = { kernel: this.#kernel, area: this.#area };
    if (kernel === undefined || area === undefined || this.#events.trace === undefined) return;
    const at = this.#scratch();
    const read = kernel['trace_read_host'] as (buf: number, length: number) => number;
    for (let n = read(at, 8192); n > 0; n = read(at, 8192)) {
      this.#events.trace(this.#traceDecoder.decode(area.bytes(at, n).slice(), { stream: true }));
    }
  }
}

async function compileKernel(platform: Platform) {
  const jsUaccess = !WebAssembly.validate(MULTI_MEMORY);
  const bytes = await platform.runtimeFile(jsUaccess ? 'kernel-js.wasm' : 'kernel.wasm');
  return { kernel: await WebAssembly.compile(bytes), jsUaccess };
}

function kernelMemory(): WebAssembly.Memory {
  let refused: unknown;
  for (const maximum of K_MAX_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: K_FIRST_PAGES, maximum, shared: true });
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

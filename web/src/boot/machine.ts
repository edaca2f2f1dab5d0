/**
 * A machine, from the page's side: starts the kernel Worker, passes bytes and state on.
 * Runs on the main thread and never blocks it.
 */
import type { FromWorker } from '../host/messages.ts';
import type { FromKernelWorker, ToKernelWorker } from '../worker/protocol.ts';
import type { ImageError } from './images.ts';
import type { InputEvent } from './inputcodes.ts';
import { Screens } from './screens.ts';
import { BrowserSound } from './sound.ts';
import { MachineError } from './types.ts';
import type { BootPlan, LogLine, Machine, MachineConsole, MachineInput, MachineScreen, MachineState } from './types.ts';

export { FEATURES } from './features.ts';

const INSPECTOR_CONSOLE = 16; /* the last one; as images/packages/init/init.c has it */
const TERMINALS = INSPECTOR_CONSOLE - 1;
const FIRST_SIZE = { cols: 80, rows: 24 };

/** What a person is told of each kind of image failure: the page's names for them. */
const IMAGE_FAILURE: Readonly<Record<ImageError['code'], string>> = {
  missing: 'missing-image',
  network: 'image-unreachable',
  truncated: 'image-unreachable',
  'index-hash': 'hash-mismatch',
  'chunk-hash': 'hash-mismatch',
  size: 'hash-mismatch',
  'index-format': 'bad-image',
};

export interface StartOptions {
  /** folder of the runtime, with a slash at its end */
  readonly runtime: URL;
  /** a kernel Worker of that runtime that was told to prepare */
  readonly prepared?: Worker | undefined;
}

/**
 * Start a machine. Resolves when its kernel runs.
 *
 * @throws MachineError - the layers or the runtime cannot be had
 */
export async function startMachine(plan: BootPlan, { runtime, prepared }: StartOptions): Promise<Machine> {
  const machine = new BrowserMachine(plan, prepared ?? prepareWorker(runtime), runtime);
  await machine.started;
  return machine;
}

/** index.html does the same while the link is being checked. */
function prepareWorker(runtime: URL): Worker {
  const worker = new Worker(new URL('kernel.worker.js', runtime), { type: 'module', name: 'kernel' });
  worker.postMessage({ type: 'prepare', runtime: runtime.href } satisfies ToKernelWorker);
  return worker;
}

class Console implements MachineConsole {
  readonly number: number;
  readonly #post: (message: ToKernelWorker) => void;
  readonly #early: Uint8Array[] = [];
  #output: ((bytes: Uint8Array) => Promise<void> | void) | undefined;
  #closed: (() => void) | undefined;

  constructor(number: number, post: (message: ToKernelWorker) => void) {
    this.number = number;
    this.#post = post;
  }

  onOutput(listener: (bytes: Uint8Array) => Promise<void> | void): void {
    this.#output = listener;
    for (const bytes of this.#early.splice(0)) void listener(bytes);
  }

  onClosed(listener: () => void): void {
    this.#closed = listener;
  }

  write(bytes: Uint8Array): void {
    this.#post({ type: 'input', console: this.number, bytes });
  }

  resize(cols: number, rows: number): void {
    this.#post({ type: 'resize', console: this.number, cols, rows });
  }

  close(): void {
    this.#post({ type: 'close', console: this.number });
  }

  /** From the machine, which sends no more until it was shown. */
  async show(bytes: Uint8Array): Promise<void> {
    if (this.#output === undefined) this.#early.push(bytes);
    else await this.#output(bytes);
    this.#post({ type: 'shown', console: this.number });
  }

  ended(): void {
    this.#closed?.();
  }
}

class Input implements MachineInput {
  opened = 0;
  readonly #post: (message: ToKernelWorker) => void;
  readonly #listeners: ((opened: number) => void)[] = [];

  constructor(post: (message: ToKernelWorker) => void) {
    this.#post = post;
  }

  send(device: number, events: readonly InputEvent[]): void {
    this.#post({ type: 'events', device, events: events.flatMap(([type, code, value]) => [(type << 16) | code, value]) });
  }

  type(text: string): void {
    this.#post({ type: 'typed', bytes: new TextEncoder().encode(text) });
  }

  onOpened(listener: (opened: number) => void): void {
    this.#listeners.push(listener);
    listener(this.opened);
  }

  changed(opened: number): void {
    this.opened = opened;
    for (const listener of this.#listeners) listener(opened);
  }
}

class BrowserMachine implements Machine {
  readonly started: Promise<void>;
  readonly bootConsole: Console;
  readonly #worker: Worker;
  readonly #consoles = new Map<number, Console>();
  /** Workers that the kernel Worker had us make, by its number for them */
  readonly #workers = new Map<number, Worker>();
  readonly input = new Input((message) => this.#post(message));
  readonly sound: BrowserSound;
  readonly #screens: Screens;
  readonly #lines: LogLine[] = [];
  readonly #stateListeners: ((state: MachineState) => void)[] = [];
  readonly #logListeners: ((line: LogLine) => void)[] = [];
  readonly #begun = Promise.withResolvers<void>();
  readonly #diffs: PromiseWithResolvers<Uint8Array>[] = [];
  #stopped: PromiseWithResolvers<void> | undefined;
  #failed: ((error: MachineError) => void) | undefined;
  #failure: MachineError | undefined;
  #state: MachineState = { kind: 'booting', chunks: 0, chunksNeeded: 0, bytes: 0 };

  constructor(plan: BootPlan, worker: Worker, runtime: URL) {
    this.sound = new BrowserSound(runtime);
    this.#screens = new Screens(runtime, (message, transfer) => this.#worker.postMessage(message, transfer));
    this.started = this.#begun.promise;
    this.bootConsole = this.#console(1);
    this.#worker = worker;
    this.#worker.onmessage = (event: MessageEvent<FromKernelWorker>) => this.#received(event.data);
    this.#worker.onerror = (event) => this.#fail('runtime-unreachable', event.message || 'the kernel Worker did not load');
    this.#post({ type: 'start', plan });
  }

  get state(): MachineState {
    return this.#state;
  }

  onState(listener: (state: MachineState) => void): void {
    this.#stateListeners.push(listener);
    listener(this.#state);
  }

  onLog(listener: (line: LogLine) => void): void {
    this.#logListeners.push(listener);
    for (const line of this.#lines) listener(line);
  }

  onScreen(listener: (screen: MachineScreen) => void): void {
    this.#screens.onScreen(listener);
  }

  async openConsole(): Promise<MachineConsole> {
    for (let number = 2; number <= TERMINALS; number++) {
      if (this.#consoles.has(number)) continue;
      const console = this.#console(number);
      this.#post({ type: 'open', console: number, ...FIRST_SIZE });
      return console;
    }
    throw new MachineError('no-console', `all ${TERMINALS} terminals are in use`);
  }

  openInspector(): MachineConsole {
    const console = this.#console(INSPECTOR_CONSOLE);
    this.#post({ type: 'open', console: INSPECTOR_CONSOLE, ...FIRST_SIZE });
    return console;
  }

  diff(): Promise<Uint8Array> {
    const { kind } = this.#state;
    if (kind === 'stopped' || kind === 'panic') return Promise.reject(new MachineError('not-running', 'the machine has stopped'));
    const answer = Promise.withResolvers<Uint8Array>();
    this.#diffs.push(answer);
    this.#post({ type: 'diff' });
    return answer.promise;
  }

  stop(): Promise<void> {
    this.#stopped ??= Promise.withResolvers<void>();
    const { kind } = this.#state;
    if (this.#failure !== undefined || kind === 'stopped' || kind === 'panic') this.#stopped.resolve(); /* over already */
    else this.#post({ type: 'stop' });
    return this.#stopped.promise;
  }

  #spawn(id: number, url: string, name: string): void {
    const worker = new Worker(url, { type: 'module', name });
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.#post({ type: 'fromWorker', id, message: event.data });
    worker.onerror = (event) =>
      this.#post({ type: 'workerFailed', id, reason: event.message || 'its script could not be loaded' });
    this.#workers.set(id, worker);
  }

  /** The kernel Worker and all that it had us make. */
  #terminate(): void {
    for (const answer of this.#diffs.splice(0)) answer.reject(new MachineError('not-running', 'the machine has stopped'));
    this.#worker.terminate();
    this.#screens.end();
    this.sound.end();
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }

  #post(message: ToKernelWorker): void {
    this.#worker.postMessage(message);
  }

  #console(number: number): Console {
    const console = new Console(number, (message) => this.#post(message));
    this.#consoles.set(number, console);
    return console;
  }

  #set(state: MachineState): void {
    const { kind } = this.#state;
    if (kind !== 'booting' && kind !== 'running') return; /* the first end is the one that counts */
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  /** It cannot boot: told to whoever waits for the start, or to the listener after it. */
  #fail(code: string, message: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new MachineError(code, message);
    this.#begun.reject(this.#failure);
    this.#failed?.(this.#failure);
    this.#terminate();
    this.#stopped?.resolve();
  }

  onFailed(listener: (error: MachineError) => void): void {
    this.#failed = listener;
    if (this.#failure !== undefined) listener(this.#failure);
  }

  #received(message: FromKernelWorker): void {
    switch (message.type) {
      case 'started':
        this.#begun.resolve();
        break;
      case 'failed':
        this.#fail('start-failed', message.message);
        break;
      case 'imageFailed':
        this.#imageFailed(message.error);
        break;
      case 'log':
        for (const line of message.lines) this.#log(line);
        break;
      case 'progress':
        this.#progress(message.chunks, message.needed, message.bytes);
        break;
      case 'booted':
        if (this.#state.kind === 'booting') {
          this.#set({ kind: 'running', chunks: this.#state.chunks, bytes: this.#state.bytes });
        }
        break;
      case 'output':
        this.#show(message.console, message.bytes);
        break;
      case 'closed':
        this.#consoles.get(message.console)?.ended();
        if (message.console !== 1) this.#consoles.delete(message.console);
        break;
      case 'screen':
        this.#screens.changed(message.number, message.info);
        break;
      case 'sound':
        this.sound.changed(message.source);
        break;
      case 'inputOpened':
        this.input.changed(message.opened);
        break;
      case 'halted':
        this.#end({ kind: 'stopped', status: message.status });
        break;
      case 'panic':
        this.#end({ kind: 'panic', message: message.message });
        break;
      case 'spawn':
        this.#spawn(message.id, message.url, message.name);
        break;
      case 'toWorker':
        this.#workers.get(message.id)?.postMessage(message.message);
        break;
      case 'endWorker':
        this.#workers.get(message.id)?.terminate();
        this.#workers.delete(message.id);
        break;
      case 'diff': {
        const answer = this.#diffs.shift();
        if (message.list === undefined) answer?.reject(new MachineError('no-diff', message.reason));
        else answer?.resolve(message.list);
        break;
      }
      case 'stats':
        break; /* asked for by tests through their own listener */
      case 'stopped':
        this.#end({ kind: 'stopped', status: 128 + 15 });
        break;
    }
  }

  #show(number: number, bytes: Uint8Array): void {
    const console = this.#consoles.get(number);
    if (console !== undefined) void console.show(bytes);
    else this.#post({ type: 'shown', console: number }); /* nobody looks any more */
  }

  #end(state: MachineState): void {
    this.#set(state);
    this.#terminate();
    this.#stopped?.resolve();
  }

  /** While booting the machine cannot go on without its image; later the read has failed, it runs. */
  #imageFailed(error: ImageError): void {
    this.#log({ ms: this.#lines.at(-1)?.ms ?? 0, level: 'error', text: `image: ${error.message}` });
    if (this.#state.kind === 'booting') this.#fail(IMAGE_FAILURE[error.code], error.message);
  }

  #log(line: LogLine): void {
    this.#lines.push(line);
    for (const listener of this.#logListeners) listener(line);
  }

  #progress(chunks: number, chunksNeeded: number, bytes: number): void {
    if (this.#state.kind === 'booting') this.#set({ kind: 'booting', chunks, chunksNeeded, bytes });
    else if (this.#state.kind === 'running') this.#set({ kind: 'running', chunks, bytes });
  }
}

/**
 * The pool of process Workers: which thread runs in which, and how a run ends.
 * Decides nothing but which idle Worker takes the next run.
 */
import { SPAWN } from './abi.ts';
import type { FromWorker, InitMessage, Program, ProgramMessage, RunMessage } from './messages.ts';
import type { Platform, WorkerHandle } from './platform.ts';

const SPARE = 2; /* idle Workers kept ready: making one takes 12 to 50 ms */
const SPARE_MAX = 6; /* after bursts of threads or processes that had to wait for one */
const IDLE_MAX = 8; /* more are ended: after a burst of processes they would stay for ever */
const PARK_MS = 50; /* a dead thread's next poll or call parks its Worker well before */
const START_MS = 10_000; /* a run that still waits for a Worker then is told that there is none */
const QUARANTINE_MS = 2000; /* Chromium lets an ended Worker run on for so long */

interface Slot {
  readonly handle: WorkerHandle;
  ready: boolean;
  run: Run | undefined;
  /** what the run's thread runs, as far as it is known here */
  program: Program | undefined;
  /** fork children of the run that wait for `program` */
  readonly forks: Run[];
}

export interface Run {
  readonly thread: number;
  readonly kstack: number;
  readonly memory: number;
  readonly message: RunMessage;
}

export interface WorkerEvents {
  /** nothing of the run is alive any more */
  over(run: Run): void;
  /** the engine gave up the Worker of the run; over() follows */
  broke(run: Run): void;
  panic(message: string): void;
  /** it will not start: there is no Worker for it */
  failed(run: Run): void;
}

export class WorkerPool {
  readonly #platform: Platform;
  readonly #events: WorkerEvents;
  readonly #slots = new Set<Slot>();
  readonly #queue: Run[] = [];
  readonly #late = new Map<Run, ReturnType<typeof setTimeout>>();
  readonly #programs = new Map<string, Program>();
  #init: InitMessage | undefined;
  #spare = SPARE;
  #stopped = false;

  constructor(platform: Platform, events: WorkerEvents) {
    this.#platform = platform;
    this.#events = events;
    for (let i = 0; i < SPARE + 1; i++) this.#grow();
  }

  /** Workers alive, for tests. */
  get count(): number {
    return this.#slots.size;
  }

  /** From now on Workers can run: the kernel is compiled and K exists. */
  begin(init: InitMessage): void {
    this.#init = init;
    for (const slot of this.#slots) slot.handle.post(init);
  }

  start(run: Run): void {
    this.#queue.push(run);
    this.#assign();
    if (!this.#queue.includes(run)) return;
    this.#spare = Math.min(this.#spare + 1, SPARE_MAX);
    /* An exec's old Worker parks soon; whoever waits for a child or a thread is told at once. */
    const waits = (run.message.flags & (SPAWN.FORK | SPAWN.THREAD)) !== 0;
    if (waits && this.#slots.size >= this.#platform.workerLimit && this.#allBusy()) this.#tooLate(run);
    else this.#late.set(run, setTimeout(() => this.#tooLate(run), START_MS));
  }

  #allBusy(): boolean {
    for (const slot of this.#slots) if (!slot.ready || slot.run === undefined) return false;
    return true;
  }

  #tooLate(run: Run): void {
    this.#late.delete(run);
    this.#queue.splice(this.#queue.indexOf(run), 1);
    this.#events.failed(run);
  }

  /** The run that waits longest for a Worker. */
  #next(): Run | undefined {
    const run = this.#queue.shift();
    if (run === undefined) return undefined;
    clearTimeout(this.#late.get(run));
    this.#late.delete(run);
    return run;
  }

  /** A child by fork, or a thread: it runs the program of the thread `parent`, which waits for it in the kernel. */
  startFork(run: Run, parent: number): void {
    const slot = this.#slotOf(parent);
    if (slot !== undefined && slot.program === undefined) slot.forks.push(run);
    else this.start(withProgram(run, slot));
  }

  /** The thread is dead in the kernel's eyes: its Worker parks by itself soon, or is ended. */
  end(thread: number): void {
    const slot = this.#slotOf(thread);
    const run = slot?.run;
    if (slot === undefined || run === undefined) return;
    setTimeout(() => {
      if (slot.run === run) this.#terminate(slot, run);
    }, PARK_MS);
  }

  /** The memory that the thread runs in, while it does. */
  memoryOf(thread: number): number | undefined {
    const run = this.#slotOf(thread)?.run ?? this.#queue.find((waiting) => waiting.thread === thread);
    return run?.memory;
  }

  #slotOf(thread: number): Slot | undefined {
    for (const slot of this.#slots) if (slot.run?.thread === thread) return slot;
    return undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#late.values()) clearTimeout(timer);
    this.#late.clear();
    await Promise.all([...this.#slots].map((slot) => slot.handle.terminate()));
    this.#slots.clear();
  }

  #grow(): void {
    if (this.#stopped || this.#slots.size >= this.#platform.workerLimit) return;
    const slot: Slot = {
      handle: this.#platform.spawn('process', {
        message: (message) => this.#received(slot, message),
        failed: (reason) => this.#broke(slot, reason),
      }),
      ready: false,
      run: undefined,
      program: undefined,
      forks: [],
    };
    this.#slots.add(slot);
    if (this.#init !== undefined) slot.handle.post(this.#init);
  }

  #received(slot: Slot, message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        slot.ready = true;
        this.#assign();
        break;
      case 'parked': {
        const { run } = slot;
        if (run === undefined) return; /* it was ended meanwhile */
        slot.run = undefined;
        this.#events.over(run);
        this.#assign();
        break;
      }
      case 'program':
        this.#share(slot, message);
        break;
      case 'panic':
        this.#events.panic(message.message);
        break;
    }
  }

  /** A program with a key that was compiled by one Worker is known to all from then on. */
  #share(from: Slot, message: ProgramMessage): void {
    from.program = message.program;
    for (const run of from.forks.splice(0)) this.start(withProgram(run, from));
    if (message.key === '') return; /* of one process and its children */
    this.#programs.set(message.key, message.program);
    for (const slot of this.#slots) if (slot !== from) slot.handle.post(message);
  }

  #assign(): void {
    let idle = 0;
    for (const slot of this.#slots) {
      if (slot.run !== undefined) continue;
      const run = slot.ready ? this.#next() : undefined;
      if (run === undefined) {
        if (++idle > IDLE_MAX && slot.ready) {
          this.#slots.delete(slot);
          void slot.handle.terminate();
          idle--;
        }
        continue;
      }
      slot.run = run;
      const program = run.message.program ?? this.#programs.get(run.message.key);
      slot.program = program;
      slot.handle.post(program === undefined ? run.message : { ...run.message, program });
    }
    while (idle < this.#spare + this.#queue.length) {
      this.#grow();
      idle++;
    }
  }

  #terminate(slot: Slot, run: Run): void {
    this.#slots.delete(slot);
    const over = (): void => {
      if (!this.#stopped) this.#events.over(run);
    };
    void slot.handle.terminate().then(() => {
      if (this.#platform.endsLate) setTimeout(over, QUARANTINE_MS);
      else over();
    });
    this.#assign();
  }

  #broke(slot: Slot, reason: string): void {
    if (this.#stopped || !this.#slots.has(slot)) return;
    const { run } = slot;
    if (run !== undefined) {
      this.#events.broke(run);
      this.#terminate(slot, run);
      return;
    }
    this.#slots.delete(slot);
    if (!slot.ready) {
      const run = this.#next();
      if (run !== undefined) this.#events.failed(run);
      else if (this.#slots.size === 0) this.#events.panic(`no Worker can be started: ${reason}`);
      return;
    }
    this.#assign();
  }
}

/** The run as that of a child of the slot's thread. */
function withProgram(run: Run, parent: Slot | undefined): Run {
  const { message } = run;
  const key = parent?.run?.message.key ?? '';
  const program = parent?.program;
  return { ...run, message: program === undefined ? { ...message, key } : { ...message, key, program } };
}

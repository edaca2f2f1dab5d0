/**
 * What lies between a terminal on the page and a console of the machine. Either may come first:
 * key strokes wait for the console, output waits for the terminal, and nothing is lost.
 */
import type { MachineConsole } from '../boot/types.ts';

/** Takes output; a promise says when it has been digested. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

export class Channel {
  #console: MachineConsole | undefined;
  #sink: Sink | undefined;
  /** key strokes that no console has taken yet */
  #input: Uint8Array[] = [];
  /** output that no terminal has taken yet */
  #output: Uint8Array[] = [];
  #size: { readonly cols: number; readonly rows: number } | undefined;
  readonly #onFirstOutput: () => void;
  #silent = true;

  /** @param onFirstOutput - called once, at the first byte from the machine */
  constructor(onFirstOutput: () => void) {
    this.#onFirstOutput = onFirstOutput;
  }

  /** Connect the console: it is told the size, then given the key strokes so far. */
  attach(console: MachineConsole): void {
    this.#console = console;
    console.onOutput((bytes) => this.#take(bytes));
    if (this.#size !== undefined) console.resize(this.#size.cols, this.#size.rows);
    const waiting = this.#input;
    this.#input = [];
    for (const bytes of waiting) console.write(bytes);
  }

  /** Connect the terminal: it is given the output so far. */
  view(sink: Sink): void {
    this.#sink = sink;
    const waiting = this.#output;
    this.#output = [];
    for (const bytes of waiting) void sink(bytes);
  }

  /** Key strokes from the person. */
  input(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#console === undefined) this.#input.push(bytes);
    else this.#console.write(bytes);
  }

  resize(cols: number, rows: number): void {
    if (this.#size?.cols === cols && this.#size.rows === rows) return;
    this.#size = { cols, rows };
    this.#console?.resize(cols, rows);
  }

  /** Hang up. */
  close(): void {
    this.#console?.close();
  }

  /** The promise lets a host that waits for it slow a program that writes faster than a person can see. */
  #take(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#silent && bytes.length > 0) {
      this.#silent = false;
      this.#onFirstOutput();
    }
    if (this.#sink !== undefined) return this.#sink(bytes);
    this.#output.push(bytes);
    return undefined;
  }
}

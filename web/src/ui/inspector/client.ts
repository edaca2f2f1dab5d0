/**
 * Asks the machine: the other end of images/packages/inspect/inspect.c, over its console.
 * Requests are lines, answers "ID LENGTH\n" and so many bytes; the ID 0 brings trace records.
 */

/** What of a console is needed. */
export interface InspectConsole {
  onOutput(listener: (bytes: Uint8Array) => void): void;
  onClosed(listener: () => void): void;
  write(bytes: Uint8Array): void;
  close(): void;
}

const NEWLINE = 10;

export class InspectClient {
  readonly #console: InspectConsole;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #bytes = new Uint8Array(0);
  #ready = false;
  #over = false;
  #queue: string[] = [];
  #last = 0;
  #trace: ((text: string) => void) | undefined;

  constructor(console: InspectConsole) {
    this.#console = console;
    console.onOutput((bytes) => this.#received(bytes));
    console.onClosed(() => this.#end());
  }

  get over(): boolean {
    return this.#over;
  }

  /** A file's text; '' if it cannot be read. Rejects once the machine has ended. */
  read(path: string): Promise<string> {
    return this.#ask(`read ${path}`);
  }

  /** A line for each process: parseProcesses() of model.ts. */
  processes(): Promise<string> {
    return this.#ask('procs');
  }

  /** 'ok' or why not. */
  write(path: string, text: string): Promise<string> {
    return this.#ask(`write ${path} ${text}`);
  }

  /** Begin a session; records go to the listener. 'ok' or why not. */
  trace(settings: readonly string[], listener: (text: string) => void): Promise<string> {
    this.#trace = listener;
    return this.#ask(`trace ${settings.map((each) => each.replace(/[;\n]/g, ' ')).join(';')}`);
  }

  async untrace(): Promise<void> {
    await this.#ask('untrace');
    this.#trace = undefined;
  }

  close(): void {
    this.#console.close();
    this.#end();
  }

  #ask(request: string): Promise<string> {
    if (this.#over) return Promise.reject(new Error('the machine has ended'));
    const id = ++this.#last;
    const answer = Promise.withResolvers<string>();
    this.#waiting.set(id, answer);
    this.#send(`${id} ${request}\n`);
    return answer.promise;
  }

  /* Before it is ready the console is a terminal that would echo and edit. */
  #send(line: string): void {
    if (this.#ready) this.#console.write(new TextEncoder().encode(line));
    else this.#queue.push(line);
  }

  #received(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    while (this.#takeAnswer());
  }

  #takeAnswer(): boolean {
    const end = this.#bytes.indexOf(NEWLINE);
    if (end < 0) return false;
    const head = new TextDecoder().decode(this.#bytes.subarray(0, end)).trim();
    if (!this.#ready) {
      this.#bytes = this.#bytes.slice(end + 1);
      if (head !== 'ready') return true; /* what init had to say */
      this.#ready = true;
      for (const line of this.#queue.splice(0)) this.#send(line);
      return true;
    }
    const [id = 0, length = 0] = head.split(' ').map(Number);
    if (this.#bytes.length < end + 1 + length) return false;
    const text = new TextDecoder().decode(this.#bytes.subarray(end + 1, end + 1 + length));
    this.#bytes = this.#bytes.slice(end + 1 + length);
    if (id === 0) this.#trace?.(text);
    else this.#waiting.get(id)?.resolve(text);
    this.#waiting.delete(id);
    return true;
  }

  #end(): void {
    this.#over = true;
    for (const answer of this.#waiting.values()) answer.reject(new Error('the machine has ended'));
    this.#waiting.clear();
  }
}

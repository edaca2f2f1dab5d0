/**
 * Machines under Node: a shell in `pleat run`, told what to do through a pipe.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import type { BenchMachine } from './machine.ts';
import { pssMb } from './memory.ts';
import { ROOT } from './programs.ts';

const PATIENCE_MS = 120_000;

class NodeMachine implements BenchMachine {
  readonly host = 'node';
  readonly #child: ChildProcessWithoutNullStreams;
  #text = '';
  #errors = '';
  #runs = 0;
  #over = false;
  #news: (() => void) | undefined;

  constructor(layerFile: string) {
    this.#child = spawn(join(ROOT, 'cli/pleat'), ['run', '-t', '-p', layerFile, 'shell', '--', '/bin/sh']);
    this.#child.stdout.on('data', (bytes: Uint8Array) => {
      this.#text += new TextDecoder().decode(bytes);
      this.#news?.();
    });
    this.#child.stderr.on('data', (bytes: Uint8Array) => (this.#errors += new TextDecoder().decode(bytes)));
    this.#child.on('exit', () => {
      this.#over = true;
      this.#news?.();
    });
  }

  /** Wait until the output from an offset on matches. */
  async #until(pattern: RegExp, from: number): Promise<RegExpExecArray> {
    const late = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = pattern.exec(this.#text.slice(from));
      if (found !== null) return found;
      if (this.#over || Date.now() > late) {
        throw new Error(`no ${String(pattern)} from the machine: ${this.#text.slice(from).slice(-400)} ${this.#errors}`);
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 1000);
        this.#news = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  async prompt(): Promise<void> {
    await this.#until(/# $/, 0);
  }

  async run(command: string): Promise<string> {
    const id = ++this.#runs;
    const from = this.#text.length;
    this.#child.stdin.write(`printf '<%s>' b${id}; ${command}; printf '<%s %d>' e${id} $?\r`);
    const found = await this.#until(new RegExp(`<b${id}>([^]*)<e${id} (\\d+)>[^]*# $`), from);
    if (found[2] !== '0') throw new Error(`${command}: status ${found[2] ?? ''}: ${found[1] ?? ''}`);
    return (found[1] ?? '').replaceAll('\r\n', '\n');
  }

  async hold(command: string, until: RegExp): Promise<string> {
    const from = this.#text.length;
    this.#child.stdin.write(`${command}\r`);
    return (await this.#until(until, from))[0];
  }

  async release(): Promise<void> {
    const from = this.#text.length;
    this.#child.stdin.write('\x04');
    await this.#until(/# $/, from);
  }

  memory(): Promise<number> {
    return Promise.resolve(pssMb(this.#child.pid ?? 0));
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#child.stdin.end('exit\r');
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
}

/** Boot a machine and wait for its prompt. */
export async function bootNode(layerFile: string): Promise<{ machine: BenchMachine; bootMs: number }> {
  const start = performance.now();
  const machine = new NodeMachine(layerFile);
  await machine.prompt();
  return { machine, bootMs: performance.now() - start };
}

/**
 * steps.ts - run commands one after another with a line of progress for each, their output in a
 * log file. What a step prints as its last line (a size, a count) is shown with its time.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

export interface CommandResult {
  readonly status: number;
  readonly seconds: number;
  /** The last lines of both streams, at most 400. */
  readonly tail: readonly string[];
  readonly timedOut: boolean;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly log: string;
  /** Each line as it comes. */
  readonly onLine?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutSeconds?: number;
}

const TAIL_LINES = 400;

/** Run a shell command. Its whole process group is ended when the time is over. */
export async function runCommand(command: string, options: CommandOptions): Promise<CommandResult> {
  const start = performance.now();
  mkdirSync(dirname(options.log), { recursive: true });
  const log = createWriteStream(options.log, { flags: 'a' });
  log.write(`$ ${command}\n`);
  const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const endGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  let timedOut = false;
  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          endGroup('SIGKILL');
        }, options.timeoutSeconds * 1000);
  const interrupted = (): void => {
    endGroup('SIGTERM');
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);

  const tail: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 128));
  });
  const read = (async (): Promise<void> => {
    for await (const line of lines) {
      log.write(`${line}\n`);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line);
    }
  })();
  const status = await ended;
  // A child left behind would hold the pipe open: its group ends with it.
  endGroup('SIGKILL');
  await read;
  clearTimeout(timer);
  process.off('SIGINT', interrupted);
  process.off('SIGTERM', interrupted);
  await new Promise<void>((resolve) => log.end(() => resolve()));
  return { status, seconds: (performance.now() - start) / 1000, tail, timedOut };
}

export function secondsText(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

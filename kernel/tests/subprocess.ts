/**
 * subprocess.ts - run a command to its end, with a limit of time, for the runners of this folder.
 */
import { spawn } from 'node:child_process';

export interface Run {
  /** Standard output and error as they came, which may cut into each other's lines. */
  readonly text: string;
  readonly output: string;
  /** "exit 0", "signal SIGKILL", "out of time" */
  readonly end: string;
}

/** /dev/null is its input; it has a session of its own, and is ended with all that it started in it. */
export function run(cwd: string, command: string, args: readonly string[], seconds: number): Promise<Run> {
  return new Promise((done, fail) => {
    const child = spawn(command, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const parts: Buffer[] = [];
    const output: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, seconds * 1000);
    child.stdout.on('data', (part: Buffer) => {
      parts.push(part);
      output.push(part);
    });
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const end = late ? 'out of time' : signal ? `signal ${signal}` : `exit ${code}`;
      done({ text: Buffer.concat(parts).toString('latin1'), output: Buffer.concat(output).toString('latin1'), end });
    });
  });
}

/**
 * A machine to run jobs in, whatever hosts it.
 */
import type { Host } from './rows.ts';

export interface BenchMachine {
  readonly host: Host;
  /** Run a shell command. @returns what it printed; rejects when its status is not 0 */
  run(command: string): Promise<string>;
  /** Start what stays until release(); resolves with the output up to and with `until`. */
  hold(command: string, until: RegExp): Promise<string>;
  release(): Promise<void>;
  /** MB that the machine takes now */
  memory(): Promise<number>;
  close(): Promise<void>;
}

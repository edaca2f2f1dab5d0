/**
 * What processes of this computer take in memory: proportional set size, so that pages which
 * several share are counted once.
 */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function readProcess(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  } catch {
    return undefined; /* it ended meanwhile */
  }
}

/** A process and all below it. */
export function processTree(root: number): ProcessInfo[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((each) => each !== undefined);
  const found = all.filter((each) => each.pid === root);
  for (const each of found) found.push(...all.filter((child) => child.parent === each.pid));
  return found;
}

/** @returns MB (10^6 bytes) that the process takes, 0 when it has ended */
export function pssMb(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return (Number(match?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

/** The 1-minute load of this computer: how far to trust what is measured. */
export function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0] ?? '?';
}

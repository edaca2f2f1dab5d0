import type { LogLine } from '../boot/types.ts';

/** Records of the kernel log, "<level>,<usec>;text" lines, as the page shows them. */
export function parseLog(text: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const record of text.split('\n')) {
    const match = /^(\d+),(\d+);(.*)$/.exec(record);
    if (match === null) continue;
    const level = Number(match[1]);
    lines.push({
      ms: Number(match[2]) / 1000,
      level: level <= 3 ? 'error' : level === 4 ? 'warn' : 'info',
      text: match[3] ?? '',
    });
  }
  return lines;
}

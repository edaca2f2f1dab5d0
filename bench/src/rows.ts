/**
 * The rows of the table: names, units, how a figure is made from nanoseconds, and targets.
 */

export type Host = 'node' | 'chromium' | 'firefox';
export type Unit = 'ns' | 'us' | 'ms' | 'MB/s' | 'MB' | 'bytes';

/** A row that a program of bench/programs prints. */
export interface ProgramRow {
  /** as the program calls it */
  readonly key: string;
  /** as the table calls it */
  readonly name: string;
  readonly unit: Unit;
  /** bytes that one operation moves, for MB/s */
  readonly bytes?: number;
  /** what Chromium shall reach */
  readonly target?: Target;
}

/** Met when every condition that is given holds, or with `either` when one does. */
export interface Target {
  readonly most?: number;
  readonly least?: number;
  /** ours at most so many times native's time, or native's rate at most so many times ours */
  readonly timesNative?: number;
  readonly either?: boolean;
  readonly text: string;
}

const KIB = 1024;

export const PROGRAM_ROWS: readonly ProgramRow[] = [
  { key: 'null_call', name: 'null_call_ns', unit: 'ns', target: { most: 30, timesNative: 1, text: '30 ns, native' } },
  { key: 'read_1b', name: 'read_1b_ns', unit: 'ns' },
  { key: 'read_4k', name: 'read_4k_ns', unit: 'ns' },
  { key: 'read_64k', name: 'read_64k_ns', unit: 'ns' },
  { key: 'write_1b', name: 'write_1b_ns', unit: 'ns' },
  { key: 'write_4k', name: 'write_4k_ns', unit: 'ns' },
  { key: 'write_64k', name: 'write_64k_ns', unit: 'ns' },
  { key: 'open_close', name: 'open_close_us', unit: 'us' },
  { key: 'stat', name: 'stat_us', unit: 'us' },
  { key: 'signal', name: 'signal_us', unit: 'us' },
  { key: 'tmpfs_read_4k', name: 'tmpfs_read_4k_mbps', unit: 'MB/s', bytes: 4 * KIB },
  { key: 'tmpfs_write_4k', name: 'tmpfs_write_4k_mbps', unit: 'MB/s', bytes: 4 * KIB },
  { key: 'tmpfs_read_64k', name: 'tmpfs_read_64k_mbps', unit: 'MB/s', bytes: 64 * KIB },
  { key: 'tmpfs_write_64k', name: 'tmpfs_write_64k_mbps', unit: 'MB/s', bytes: 64 * KIB },
  { key: 'kill_handler', name: 'kill_handler_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'eventfd_pingpong', name: 'eventfd_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'sleep_1ms_p50', name: 'sleep_1ms_p50_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'sleep_1ms_p99', name: 'sleep_1ms_p99_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'epoll_1', name: 'epoll_1_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'epoll_100', name: 'epoll_100_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'epoll_1000', name: 'epoll_1000_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'epoll_ctl', name: 'epoll_ctl_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'poll_1', name: 'poll_1_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'poll_100', name: 'poll_100_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'open_10000', name: 'open_10000_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'rename_10000', name: 'rename_10000_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'create_unlink_10000', name: 'create_unlink_10000_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'readdir_10000', name: 'readdir_10000_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'tmpfs_pwrite_4k', name: 'tmpfs_pwrite_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'tmpfs_pwrite_1m', name: 'tmpfs_pwrite_1m_mbps', unit: 'MB/s', bytes: KIB * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'tmpfs_pread_4k', name: 'tmpfs_pread_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'tmpfs_pread_1m', name: 'tmpfs_pread_1m_mbps', unit: 'MB/s', bytes: KIB * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'overlay_pwrite_4k', name: 'overlay_pwrite_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'overlay_pwrite_1m', name: 'overlay_pwrite_1m_mbps', unit: 'MB/s', bytes: KIB * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'overlay_pread_4k', name: 'overlay_pread_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'overlay_pread_1m', name: 'overlay_pread_1m_mbps', unit: 'MB/s', bytes: KIB * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'image_pread_4k', name: 'image_pread_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'pipe_pingpong', name: 'pipe_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'pipe_bulk_4k', name: 'pipe_bulk_4k_mbps', unit: 'MB/s', bytes: 4 * KIB },
  {
    key: 'pipe_bulk_64k',
    name: 'pipe_bulk_64k_mbps',
    unit: 'MB/s',
    bytes: 64 * KIB,
    target: { least: 2000, timesNative: 2, either: true, text: '2 GB/s or 2x native' },
  },
  { key: 'unix_pingpong', name: 'unix_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'unix_dgram_pingpong', name: 'unix_dgram_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'unix_bulk_4k', name: 'unix_bulk_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'unix_bulk_64k', name: 'unix_bulk_64k_mbps', unit: 'MB/s', bytes: 64 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'socketpair', name: 'socketpair_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'unix_connect', name: 'unix_connect_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'tcp_pingpong', name: 'tcp_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'udp_pingpong', name: 'udp_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'tcp_bulk_4k', name: 'tcp_bulk_4k_mbps', unit: 'MB/s', bytes: 4 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'tcp_bulk_64k', name: 'tcp_bulk_64k_mbps', unit: 'MB/s', bytes: 64 * KIB, target: { timesNative: 3, text: '3x native' } },
  { key: 'tcp_connect', name: 'tcp_connect_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'fork_wait', name: 'fork_wait_ms', unit: 'ms' },
  { key: 'dash_fork_wait', name: 'dash_fork_wait_ms', unit: 'ms', target: { most: 6, text: '6 ms' } },
  { key: 'vfork_exec_wait', name: 'vfork_exec_wait_ms', unit: 'ms', target: { most: 2.5, text: '2.5 ms' } },
  { key: 'spawn_wait', name: 'spawn_wait_ms', unit: 'ms', target: { most: 2.5, text: '2.5 ms' } },
  { key: 'thread_create_join', name: 'thread_create_join_ms', unit: 'ms', target: { most: 1.5, text: '1.5 ms' } },
  { key: 'futex_wake', name: 'futex_wake_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'futex_pingpong', name: 'futex_pingpong_us', unit: 'us', target: { timesNative: 3, text: '3x native' } },
  { key: 'mutex_alone', name: 'mutex_alone_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'mutex_2', name: 'mutex_2_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'mutex_4', name: 'mutex_4_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'mutex_8', name: 'mutex_8_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'parallel_1', name: 'parallel_1_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'parallel_2', name: 'parallel_2_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'parallel_4', name: 'parallel_4_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'parallel_8', name: 'parallel_8_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
  { key: 'parallel_16', name: 'parallel_16_ns', unit: 'ns', target: { timesNative: 3, text: '3x native' } },
];

/** Rows that the harness measures itself; native Linux has nothing to put beside most of them. */
export const OTHER_TARGETS: ReadonlyMap<string, Target> = new Map([
  ['link_to_prompt_cold_ms', { most: 1200, text: '1.2 s' }],
  ['link_to_prompt_warm_ms', { most: 500, text: '0.5 s' }],
]);

/** A row of latest.json. */
export interface Row {
  readonly name: string;
  readonly host: Host;
  readonly unit: Unit;
  /** median of all windows */
  readonly ours: number;
  readonly native: number | null;
  /** ours / native */
  readonly ratio: number | null;
  /** the best window: what load beside it disturbed least */
  readonly ours_best: number;
  readonly native_best: number | null;
  readonly ratio_best: number | null;
  readonly samples: number;
  readonly target?: string;
  readonly verdict?: Verdict;
}

export type Verdict = 'met' | 'met at best' | 'missed';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  const low = sorted[sorted.length - 1 - middle];
  if (high === undefined || low === undefined) throw new Error('a row without figures');
  return (high + low) / 2;
}

const isRate = (unit: Unit): boolean => unit === 'MB/s';

function best(values: readonly number[], unit: Unit): number {
  return isRate(unit) ? Math.max(...values) : Math.min(...values);
}

/** Nanoseconds of one operation as the row's unit. */
export function inUnit(row: ProgramRow, ns: number): number {
  switch (row.unit) {
    case 'us':
      return ns / 1e3;
    case 'ms':
      return ns / 1e6;
    case 'MB/s':
      return ((row.bytes ?? 1) * 1e3) / ns;
    default:
      return ns;
  }
}

function holds(target: Target, unit: Unit, ours: number, native: number | null): boolean {
  const met: boolean[] = [];
  if (target.most !== undefined) met.push(ours <= target.most);
  if (target.least !== undefined) met.push(ours >= target.least);
  if (target.timesNative !== undefined && native !== null) {
    met.push(isRate(unit) ? native <= ours * target.timesNative : ours <= native * target.timesNative);
  }
  return target.either === true ? met.some(Boolean) : met.every(Boolean);
}

/** @param native - empty when there is nothing native to compare with */
export function makeRow(
  name: string,
  host: Host,
  unit: Unit,
  ours: readonly number[],
  native: readonly number[] = [],
  target?: Target,
): Row {
  const our = { median: median(ours), best: best(ours, unit) };
  const their = native.length === 0 ? null : { median: median(native), best: best(native, unit) };
  const verdict = (): Verdict => {
    if (target === undefined) throw new Error('no target, no verdict');
    if (holds(target, unit, our.median, their?.median ?? null)) return 'met';
    return holds(target, unit, our.best, their?.best ?? null) ? 'met at best' : 'missed';
  };
  return {
    name,
    host,
    unit,
    ours: our.median,
    native: their?.median ?? null,
    ratio: their === null ? null : our.median / their.median,
    ours_best: our.best,
    native_best: their?.best ?? null,
    ratio_best: their === null ? null : our.best / their.best,
    samples: ours.length,
    ...(target !== undefined && host === 'chromium' ? { target: target.text, verdict: verdict() } : {}),
  };
}

function figure(value: number | null): string {
  if (value === null) return '-';
  if (value >= 1000) return value.toFixed(0);
  return value.toPrecision(3);
}

/** The table as text: medians, and the best window in parentheses. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [['row', 'host', 'unit', 'ours', '(best)', 'native', '(best)', 'ratio', 'target', '']];
  for (const row of rows) {
    lines.push([
      row.name, row.host, row.unit, figure(row.ours), figure(row.ours_best), figure(row.native), figure(row.native_best),
      row.ratio === null ? '-' : `${row.ratio.toPrecision(2)}x`, row.target ?? '', row.verdict ?? '',
    ]);
  }
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const isText = (column: number): boolean => column < 3 || column > 7;
  const pad = (cell: string, column: number): string =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

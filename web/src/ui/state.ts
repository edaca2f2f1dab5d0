/**
 * The machine's state in words and numbers, as the state line shows it.
 */
import type { OpenFailure } from '../boot/open.ts';
import type { MachineState } from '../boot/types.ts';
import type { Verdict } from '../trust/records.ts';

export type SessionState =
  | { readonly kind: 'checking' }
  /** verified, and not of a trusted publisher: the person is asked */
  | { readonly kind: 'preview'; readonly verdict: Verdict }
  | { readonly kind: 'starting' }
  | MachineState
  | { readonly kind: 'stopping' }
  /** ended by the Stop button: no exit status */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly failure: OpenFailure };

export interface StateText {
  /** for the coloured dot */
  readonly tone: 'busy' | 'running' | 'stopped' | 'panic';
  readonly label: string;
  readonly detail: string;
  /** 0..1 where the end is known */
  readonly progress?: number;
}

export function describeState(state: SessionState): StateText {
  switch (state.kind) {
    case 'checking':
      return { tone: 'busy', label: 'Checking the signature', detail: '' };
    case 'preview':
      return { tone: 'busy', label: 'Waiting for your decision', detail: '' };
    case 'starting':
      return { tone: 'busy', label: 'Loading the kernel', detail: '' };
    case 'booting':
      return describeBooting(state.chunks, state.chunksNeeded, state.bytes);
    case 'running':
      return { tone: 'running', label: 'Running', detail: fetched(state.chunks, state.bytes) };
    case 'stopping':
      return { tone: 'busy', label: 'Stopping', detail: '' };
    case 'ended':
      return { tone: 'stopped', label: 'Stopped', detail: 'by you' };
    case 'stopped':
      return { tone: 'stopped', label: 'Stopped', detail: describeStatus(state.status) };
    case 'panic':
      return { tone: 'panic', label: 'Kernel panic', detail: '' };
    case 'failed':
      return { tone: 'panic', label: 'Not started', detail: '' };
  }
}

function describeBooting(chunks: number, needed: number, bytes: number): StateText {
  const booting = { tone: 'busy', label: 'Booting' } as const;
  if (needed === 0) return { ...booting, detail: fetched(chunks, bytes) };
  /* a boot may read more than its trace foretold: the bar is full then, and the numbers go on */
  const detail = `${Math.min(chunks, needed)} of ${needed} chunks · ${formatBytes(bytes)}`;
  return { ...booting, detail, progress: Math.min(1, chunks / needed) };
}

function fetched(chunks: number, bytes: number): string {
  return `${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} · ${formatBytes(bytes)} fetched`;
}

/** 1000-based, as disks and networks count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of ['kB', 'MB', 'GB']) {
    value /= 1000;
    if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  }
  return `${(value / 1000).toFixed(1)} TB`;
}

/** Linux's numbers, those that end a process in practice. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE',
  9: 'SIGKILL', 10: 'SIGUSR1', 11: 'SIGSEGV', 12: 'SIGUSR2', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM',
};

export function describeStatus(status: number): string {
  if (status > 128) return `by ${SIGNALS[status - 128] ?? `signal ${status - 128}`}`;
  return `exit status ${status}`;
}

/** "[   12.3 ms]", or seconds from ten of them on. */
export function formatLogTime(ms: number): string {
  const text = ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
  return text.padStart(9);
}

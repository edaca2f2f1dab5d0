/**
 * What the Inspector shows, from the texts that it reads: processes as a tree, traced calls, tables.
 */

export interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly state: string;
  /** hundredths of a second that it has run */
  readonly ticks: number;
  readonly bytes: number;
  readonly threads: number;
  /** what it sleeps in; '' while it runs */
  readonly waitsIn: string;
  readonly uid: number;
  readonly command: string;
}

export interface ProcessRow extends Process {
  readonly depth: number;
  /** of one processor, 0..100 and more with several threads */
  readonly cpu: number;
}

/** @param text - the answer of InspectClient.processes() */
export function parseProcesses(text: string): Process[] {
  const list: Process[] = [];
  for (const line of text.split('\n')) {
    const [pid, ppid, , , state, ticks, bytes, threads, waitsIn, uid, ...command] = line.split('\t');
    if (pid === undefined || command.length === 0) continue;
    list.push({
      pid: Number(pid),
      ppid: Number(ppid),
      state: state ?? '?',
      ticks: Number(ticks),
      bytes: Number(bytes),
      threads: Number(threads),
      waitsIn: waitsIn ?? '',
      uid: Number(uid),
      command: command.join(' '),
    });
  }
  return list;
}

/** Parents before their children, each with its share of the time since `before`. */
export function processTree(now: readonly Process[], before: ReadonlyMap<number, number>, seconds: number): ProcessRow[] {
  const children = new Map<number, Process[]>();
  const pids = new Set(now.map(({ pid }) => pid));
  for (const each of now) {
    const parent = pids.has(each.ppid) && each.ppid !== each.pid ? each.ppid : 0;
    children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const rows: ProcessRow[] = [];
  const add = (parent: number, depth: number): void => {
    for (const each of children.get(parent) ?? []) {
      const ran = each.ticks - (before.get(each.pid) ?? each.ticks);
      rows.push({ ...each, depth, cpu: seconds > 0 ? Math.max(0, ran / seconds) : 0 });
      add(each.pid, depth + 1);
    }
  };
  add(0, 0);
  return rows;
}

const STATES: Readonly<Record<string, string>> = { R: 'running', S: 'sleeping', T: 'stopped', Z: 'zombie', D: 'waiting' };

export function stateName(state: string): string {
  return STATES[state] ?? state;
}

export interface TraceLine {
  readonly key: number;
  readonly ms: number;
  readonly pid: number;
  readonly tid: number;
  readonly call: string;
  readonly text: string;
  readonly kind: 'call' | 'open' | 'event' | 'lost';
  readonly failed: boolean;
  /** microseconds that the call took */
  readonly micros: number | undefined;
}

const LINES_KEPT = 4_000;

/** Records of a session (kernel/trace/line.c) as lines: a call and its return are one. */
export class TraceLog {
  lines: readonly TraceLine[] = [];
  #rest = '';
  #key = 0;
  /** key of the line of each thread's call that has not returned */
  readonly #open = new Map<number, number>();

  /** @returns true if there are further lines */
  add(text: string): boolean {
    const records = (this.#rest + text).split('\n');
    this.#rest = records.pop() ?? '';
    const lines = [...this.lines];
    for (const record of records) this.#addRecord(lines, record);
    this.lines = lines.length > LINES_KEPT ? lines.slice(-LINES_KEPT) : lines;
    return records.length > 0;
  }

  clear(): void {
    this.lines = [];
    this.#open.clear();
  }

  #addRecord(lines: TraceLine[], record: string): void {
    const [kind, time, pid, tid, call, result, spent, , ...rest] = record.split('\t');
    if (kind === undefined || call === undefined) return;
    const base = { ms: Number(time) / 1e6, pid: Number(pid), tid: Number(tid), call, failed: false, micros: undefined };
    const text = rest.join('\t');
    if (kind === '>') {
      this.#open.set(base.tid, ++this.#key);
      lines.push({ ...base, key: this.#key, text, kind: 'open' });
    } else if (kind === '<') {
      this.#finish(lines, base, text, Number(result), Number(spent));
    } else if (kind === '!') {
      lines.push({ ...base, key: ++this.#key, text: `${result} records lost: they came faster than they were shown`, kind: 'lost' });
    } else {
      this.#open.delete(base.tid);
      lines.push({ ...base, key: ++this.#key, text, kind: call === '-' ? 'event' : 'call' });
    }
  }

  #finish(lines: TraceLine[], base: Omit<TraceLine, 'key' | 'text' | 'kind'>, text: string, result: number, spent: number): void {
    const key = this.#open.get(base.tid);
    const at = key === undefined ? -1 : lines.findLastIndex((line) => line.key === key);
    const begun = lines[at];
    const done = { kind: 'call', failed: result < 0 && result >= -4095, micros: spent / 1000 } as const;
    this.#open.delete(base.tid);
    if (begun === undefined) lines.push({ ...base, ...done, key: ++this.#key, text: `… ${base.call}${text}` });
    else lines[at] = { ...begun, ...done, text: begun.text + text };
  }
}

/** Rows of a table of /proc/pleat: words, without its head. */
export function parseTable(text: string): { on: boolean; rows: string[][] } {
  const [head = '', , ...lines] = text.split('\n');
  return { on: head.startsWith('# on'), rows: lines.filter((line) => line !== '').map((line) => line.split(/\s+/)) };
}

export interface Mount {
  readonly source: string;
  readonly path: string;
  readonly type: string;
  readonly options: string;
}

/** @param text - /proc/self/mounts, whose blanks are octal escapes */
export function parseMounts(text: string): Mount[] {
  const plain = (field: string): string => field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [source = '', path = '', type = '', options = ''] = line.split(' ').map(plain);
      return { source, path, type, options };
    });
}

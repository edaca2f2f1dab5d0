/** Live system calls, as strace shows them, of all processes or one, all calls or some. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatLogTime } from '../state.ts';
import type { InspectClient } from './client.ts';
import { TraceLog } from './model.ts';
import type { TraceLine } from './model.ts';

export interface TraceProps {
  readonly client: InspectClient;
  readonly shown: boolean;
  /** only this process and its children; undefined: all */
  readonly pid: number | undefined;
  onPid(pid: number | undefined): void;
}

const SHOWN = 500;

export function Trace({ client, shown, pid, onPid }: TraceProps) {
  const [running, setRunning] = useState(false);
  const [set, setSet] = useState('');
  const [search, setSearch] = useState('');
  const [failedOnly, setFailedOnly] = useState(false);
  const [problem, setProblem] = useState('');
  const [lines, setLines] = useState<readonly TraceLine[]>([]);
  const log = useRef(new TraceLog());
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const drawing = useRef(false);

  /* many records, one drawing */
  const changed = (): void => {
    if (drawing.current) return;
    drawing.current = true;
    requestAnimationFrame(() => {
      drawing.current = false;
      setLines(log.current.lines);
    });
  };
  const start = async (): Promise<void> => {
    const who = pid === undefined ? 'all' : `attach ${pid}`;
    const answer = await client.trace(['strsize 64', 'follow 1', `trace ${set.trim() === '' ? 'all' : set.replaceAll(' ', '')}`, who], (text) => {
      if (log.current.add(text)) changed();
    });
    setProblem(answer === 'ok' ? '' : /^trace /.test(answer) ? `There is no such call or class: ${set}` : answer);
    setRunning(answer === 'ok');
  };
  const stop = async (): Promise<void> => {
    setRunning(false);
    await client.untrace();
  };
  const toggle = (): void => void (running ? stop() : start()).catch(() => setRunning(false));

  /* another process was asked for: a trace that runs goes on with it */
  useEffect(() => {
    if (pid !== undefined || running) void start().catch(() => setRunning(false));
  }, [pid]);
  useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, shown]);

  const wanted = search.toLowerCase();
  const found = lines.filter((line) => (!failedOnly || line.failed) && (wanted === '' || line.text.toLowerCase().includes(wanted)));
  return (
    <div class="inspect-trace" hidden={!shown} data-testid="trace">
      <form
        class="inspect-tools"
        onSubmit={(event) => {
          event.preventDefault();
          toggle();
        }}
      >
        <button class={`button ${running ? '' : 'primary'}`} type="submit" data-testid="trace-toggle">
          {running ? 'Stop' : 'Start'}
        </button>
        <label>
          <span>Calls</span>
          <input
            class="field"
            placeholder="all, or %file, read, !futex"
            spellcheck={false}
            value={set}
            disabled={running}
            onInput={(event) => setSet(event.currentTarget.value)}
            data-testid="trace-set"
          />
        </label>
        <label>
          <span>Process</span>
          <input
            class="field short"
            inputMode="numeric"
            pattern="[0-9]*"
            placeholder="all"
            value={pid ?? ''}
            onChange={(event) => onPid(event.currentTarget.value === '' ? undefined : Number(event.currentTarget.value))}
          />
        </label>
        <label>
          <span>Find</span>
          <input class="field" spellcheck={false} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <label class="inspect-check">
          <input type="checkbox" checked={failedOnly} onChange={(event) => setFailedOnly(event.currentTarget.checked)} />
          Failed only
        </label>
        <button
          class="button"
          type="button"
          onClick={() => {
            log.current.clear();
            setLines([]);
          }}
        >
          Clear
        </button>
      </form>
      {problem === '' ? null : (
        <p class="inspect-problem" role="alert">
          {problem}
        </p>
      )}
      <div
        class="log inspect-lines"
        ref={box}
        tabIndex={0}
        aria-label="System calls"
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          atEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
        }}
      >
        {found.length === 0 ? <p class="log-empty">{running ? 'No call yet.' : 'Start shows each system call as it is made. It costs nothing while it is off.'}</p> : null}
        <ol>
          {found.slice(-SHOWN).map((line) => (
            <li key={line.key}>
              <time>{formatLogTime(line.ms)}</time>
              <span class="inspect-tid">{line.tid === 0 ? '' : line.tid}</span>
              <span class={line.failed ? 'error' : line.kind === 'call' ? 'info' : 'warn'}>{line.text}</span>
              <span class="inspect-spent">{line.micros === undefined ? '' : `${line.micros.toFixed(0)} µs`}</span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

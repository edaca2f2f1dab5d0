/**
 * The Inspector panel: what the machine is doing, read from its /proc as any program would.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { panelId, tabId } from '../Tabs.tsx';
import type { LogLine, MachineConsole } from '../../boot/types.ts';
import { Log } from '../Log.tsx';
import { InspectClient } from './client.ts';
import { Counters } from './Counters.tsx';
import { Mounts } from './Mounts.tsx';
import { Processes } from './Processes.tsx';
import { Trace } from './Trace.tsx';

export interface InspectorProps {
  readonly id: number;
  readonly console: MachineConsole;
  readonly shown: boolean;
  readonly log: readonly LogLine[];
  /** chunks and bytes that the images cost so far */
  readonly fetched: string;
}

const VIEWS = ['Processes', 'Calls', 'Files', 'Log', 'Counters'] as const;
type View = (typeof VIEWS)[number];

export function Inspector({ id, console, shown, log, fetched }: InspectorProps) {
  const client = useMemo(() => new InspectClient(console), [console]);
  const [view, setView] = useState<View>('Processes');
  /** a process whose calls are to be shown */
  const [traced, setTraced] = useState<number | undefined>();
  const list = useRef<HTMLDivElement>(null);

  const select = (at: number): void => {
    const next = VIEWS[(at + VIEWS.length) % VIEWS.length] as View;
    setView(next);
    list.current?.querySelector<HTMLElement>(`#inspect-${next}`)?.focus();
  };
  const onKey = (event: KeyboardEvent, at: number): void => {
    const moves: Readonly<Record<string, number>> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: VIEWS.length - 1 };
    const to = moves[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    select(to);
  };
  return (
    <section class="panel inspector" id={panelId(id)} role="tabpanel" aria-labelledby={tabId(id)} hidden={!shown} data-testid="inspector">
      <div class="inspect-views" role="tablist" aria-label="Inspector" ref={list}>
        {VIEWS.map((name, at) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`inspect-${name}`}
            class="inspect-view"
            aria-selected={name === view}
            aria-controls="inspect-body"
            tabIndex={name === view ? 0 : -1}
            onClick={() => setView(name)}
            onKeyDown={(event) => onKey(event, at)}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="inspect-body" id="inspect-body" role="tabpanel" aria-labelledby={`inspect-${view}`}>
        {view === 'Processes' ? (
          <Processes
            client={client}
            shown={shown}
            onTrace={(pid) => {
              setTraced(pid);
              setView('Calls');
            }}
          />
        ) : null}
        {/* stays: what was traced is not lost by a look elsewhere */}
        <Trace client={client} shown={view === 'Calls'} pid={traced} onPid={setTraced} />
        {view === 'Files' ? <Mounts client={client} fetched={fetched} /> : null}
        {view === 'Log' ? <Log lines={log} place="inspect" /> : null}
        {view === 'Counters' ? <Counters client={client} shown={shown} /> : null}
      </div>
    </section>
  );
}

/** Call `look` now and each second while it is shown and the machine answers. */
export function useEachSecond(shown: boolean, look: () => Promise<void>): void {
  const latest = useRef(look);
  latest.current = look;
  useEffect(() => {
    if (!shown) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const again = (): void => {
      void latest.current().then(
        () => {
          if (!over) timer = setTimeout(again, 1000);
        },
        () => undefined, /* the machine has ended: the last look stays */
      );
    };
    again();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [shown]);
}

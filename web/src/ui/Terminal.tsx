/**
 * One terminal panel. xterm.js arrives while the machine boots; until then the panel is empty and
 * key strokes wait in the channel.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { Tab } from './session.ts';
import { panelId, tabId } from './Tabs.tsx';
import type { TerminalEvents, TerminalView } from './xterm.ts';

export interface TerminalProps {
  readonly tab: Tab;
  readonly shown: boolean;
  readonly events: TerminalEvents;
  /** the terminal takes key strokes from now on; undefined: no more */
  onView(id: number, view: TerminalView | undefined): void;
}

/** Begin to load xterm.js. */
export function loadXterm(): Promise<typeof import('./xterm.ts')> {
  return import('./xterm.ts');
}

export function Terminal({ tab, shown, events, onView }: TerminalProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<TerminalView | undefined>(undefined);
  const isShown = useRef(shown);
  isShown.current = shown;
  const latest = useRef(events);
  latest.current = events;

  useEffect(() => {
    let gone = false;
    /* what the terminal reports goes to whatever the page wants done with it now */
    const relay: TerminalEvents = {
      onTitle: (title) => latest.current.onTitle(title),
      mayCopy: () => latest.current.mayCopy(),
      onFind: () => latest.current.onFind(),
      onNewTab: () => latest.current.onNewTab(),
      onLeave: () => latest.current.onLeave(),
      onControlUsed: () => latest.current.onControlUsed(),
    };
    const open = async (): Promise<void> => {
      const { TerminalView } = await loadXterm();
      if (gone || host.current === null) return;
      const opened = await TerminalView.open(host.current, tab.channel, tab.name, relay);
      if (gone) {
        opened.close();
        return;
      }
      view.current = opened;
      opened.show(isShown.current);
      onView(tab.id, opened);
    };
    void open();
    return () => {
      gone = true;
      view.current?.close();
      view.current = undefined;
      onView(tab.id, undefined);
    };
  }, [tab.channel]);

  useEffect(() => {
    view.current?.show(shown);
    /* who walks through the tabs by arrow keys stays there */
    if (shown && document.activeElement?.closest('[role=tablist]') === null) view.current?.focus();
  }, [shown]);

  return (
    <div
      class="panel"
      role="tabpanel"
      id={panelId(tab.id)}
      aria-labelledby={tabId(tab.id)}
      hidden={!shown}
      data-testid="terminal"
    >
      <div class="screen">
        <div class="screen-inner" ref={host} />
      </div>
    </div>
  );
}

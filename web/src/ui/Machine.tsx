/**
 * The Machine place: bar, tabs, terminals, log, state line.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Canvas } from './Canvas.tsx';
import { takeEarlyKeys } from './earlykeys.ts';
import { FindBar } from './FindBar.tsx';
import { Mark } from './icons.tsx';
import { Inspector } from './inspector/Inspector.tsx';
import { KeyRow } from './KeyRow.tsx';
import { Log } from './Log.tsx';
import type { Session } from './session.ts';
import { describeState, describeStatus } from './state.ts';
import { SoundControl } from './SoundControl.tsx';
import { StateLine } from './StateLine.tsx';
import { Tabs, tabId } from './Tabs.tsx';
import { Terminal } from './Terminal.tsx';
import type { TerminalEvents, TerminalView } from './xterm.ts';

const BUSY = new Set(['checking', 'starting', 'booting', 'stopping']);

export function Machine({ session }: { readonly session: Session }) {
  const { state, tabs, active } = session;
  const views = useRef(new Map<number, TerminalView>());
  /** the terminal that is searched */
  const [findingIn, setFindingIn] = useState<number | undefined>();
  /** the terminal whose next character is typed with Ctrl */
  const [controlIn, setControlIn] = useState<number | undefined>();
  const [logWanted, setLogWanted] = useState(false);
  const [, redraw] = useState(0);

  const booting = !session.hasOutput && ['checking', 'starting', 'booting'].includes(state.kind);
  const view = views.current.get(active);
  const finding = findingIn === active;

  useEffect(() => {
    if (state.kind === 'panic') setLogWanted(true);
  }, [state.kind]);
  useEffect(() => takeEarlyKeys((text) => session.typeEarly(text)), [session]);

  const onView = (id: number, opened: TerminalView | undefined): void => {
    if (opened === undefined) views.current.delete(id);
    else views.current.set(id, opened);
    if (opened !== undefined && id === session.active) {
      opened.focus();
      takeEarlyKeys(undefined);
    }
    redraw((count) => count + 1);
  };
  /* a further terminal takes the keyboard once it is there; what is typed until then is kept for it */
  const addTab = (): void => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    takeEarlyKeys((text) => session.typeEarly(text));
    void session.newTab().then(() => {
      const opened = views.current.get(session.active);
      if (opened === undefined) return;
      takeEarlyKeys(undefined); /* none was free */
      opened.focus();
    });
  };
  const eventsOf = (id: number): TerminalEvents => ({
    onTitle: (title) => session.rename(id, title),
    mayCopy: () => session.grants.has('clipboard'),
    onFind: () => setFindingIn(id),
    onNewTab: addTab,
    onLeave: () => document.getElementById(tabId(id))?.focus(),
    onControlUsed: () => setControlIn(undefined),
  });
  /* at once; a newly selected one is hidden until it is drawn, and what is hidden takes no focus */
  const entering = useRef(false);
  const enter = (): void => {
    views.current.get(session.active)?.focus();
    entering.current = document.activeElement?.closest('[role=tablist]') !== null;
  };
  /* before any further event, so that no key stroke falls between; also where a closed terminal had it */
  useLayoutEffect(() => {
    if (!entering.current && document.activeElement !== document.body) return;
    entering.current = false;
    views.current.get(active)?.focus();
  }, [active]);
  /* the page's keys where no terminal has the focus */
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || !event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return;
    if (event.code === 'KeyF') setFindingIn(session.active);
    else if (event.code === 'KeyT') addTab();
    else return;
    event.preventDefault();
  };
  const endFind = (): void => {
    setFindingIn(undefined);
    view?.endFind();
  };

  return (
    <>
      <Bar session={session} />
      <main class="machine" data-testid="machine" onKeyDown={onKey}>
        <Tabs
          tabs={tabs}
          active={active}
          canAdd={state.kind === 'running'}
          isClosable={(id) => session.isClosable(id)}
          onSelect={(id) => session.activate(id)}
          onClose={(id) => session.closeTab(id)}
          onAdd={addTab}
          onEnter={enter}
          canInspect={session.canInspect}
          onInspect={() => session.inspect()}
          onFind={() => (finding ? endFind() : setFindingIn(active))}
        />
        <div class="panels">
          {tabs.map((tab) =>
            tab.inspector !== undefined ? (
              <Inspector
                key={tab.id}
                id={tab.id}
                console={tab.inspector}
                shown={tab.id === active}
                log={session.log}
                fetched={describeState(state).detail}
              />
            ) : tab.screen === undefined ? (
              <Terminal key={tab.id} tab={tab} shown={tab.id === active} events={eventsOf(tab.id)} onView={onView} />
            ) : (
              <Canvas key={tab.id} tab={tab} screen={tab.screen} input={session.input} sound={session.sound} pad={session.pad} shown={tab.id === active} />
            ),
          )}
          {booting && active === tabs[0]?.id ? <Log lines={session.log} place="booting" /> : null}
          {finding && view !== undefined ? <FindBar view={view} onClose={endFind} /> : null}
        </div>
        <Banner session={session} />
        {logWanted && !booting ? <Log lines={session.log} place="drawer" /> : null}
        {tabs.some((tab) => tab.id === active && tab.screen !== undefined) ? null : (
          <>
            <SoundControl sound={session.sound} />
            <KeyRow
              control={controlIn === active}
              onControl={(held) => {
                setControlIn(held ? active : undefined);
                view?.holdControl(held);
              }}
              onKey={(key) => view?.press(key)}
            />
          </>
        )}
      </main>
      <StateLine state={state} logShown={logWanted || booting} onLog={() => setLogWanted(!logWanted)} />
    </>
  );
}

function Bar({ session }: { readonly session: Session }) {
  const { opened, state } = session;
  const title = opened?.descriptor.title ?? opened?.descriptor.base.name ?? 'Opening a link';
  const over = ['stopped', 'ended', 'panic'].includes(state.kind);
  const [sharing, setSharing] = useState(false);
  useEffect(() => {
    document.title = `${title} · Pleat`;
  }, [title]);
  return (
    <header class="bar">
      <a class="brand compact" href="#/" title="To the start page">
        <Mark />
        <span class="brand-name">Pleat</span>
      </a>
      <div class="what">
        <h1 title={title}>{title}</h1>
        {opened === undefined ? (
          <p>Its signature is being checked</p>
        ) : (
          <p title="The signature is right. It proves who made the link, not that the machine is safe.">
            Signed by key <span class="mono" data-testid="publisher">{opened.publisher.short}</span>
          </p>
        )}
      </div>
      <div class="actions">
        <button
          class="button"
          type="button"
          disabled={state.kind !== 'running'}
          onClick={() => setSharing(true)}
          data-testid="share"
        >
          Share
        </button>
        <button
          class="button"
          type="button"
          disabled={over || BUSY.has(state.kind)}
          onClick={() => void session.stop()}
          data-testid="stop"
        >
          Stop
        </button>
        <button
          class="button"
          type="button"
          disabled={opened === undefined || state.kind === 'starting' || state.kind === 'stopping'}
          onClick={() => void session.restart()}
          data-testid="restart"
        >
          Restart
        </button>
      </div>
      {sharing ? <LazyShare session={session} onClose={() => setSharing(false)} /> : null}
    </header>
  );
}

/** The sheet's code comes when it is first wanted. */
function LazyShare(props: { readonly session: Session; onClose(): void }) {
  const [Sheet, setSheet] = useState<typeof import('./ShareSheet.tsx').ShareSheet | undefined>();
  useEffect(() => {
    void import('./ShareSheet.tsx').then((module) => setSheet(() => module.ShareSheet));
  }, []);
  return Sheet === undefined ? null : <Sheet {...props} />;
}

/** What the person should know about an end, or about something that did not work. */
function Banner({ session }: { readonly session: Session }) {
  const { state, notice } = session;
  if (state.kind === 'panic') {
    return (
      <section class="banner bad" role="alert" data-testid="panic">
        <div>
          <h2>The kernel stopped itself</h2>
          <p>It met something that must not happen, and went no further so as not to damage anything. The log below says where.</p>
          <pre>{state.message}</pre>
        </div>
      </section>
    );
  }
  if (state.kind === 'stopped' || state.kind === 'ended') {
    const how = state.kind === 'ended' ? 'You stopped it.' : `Its first process ended: ${describeStatus(state.status)}.`;
    return (
      <section class="banner" aria-label="The machine has stopped" data-testid="stopped">
        <p>{how} Its files are gone; the terminal can still be read. Restart boots the same link again.</p>
      </section>
    );
  }
  if (notice === '') return null;
  return (
    <section class="banner" role="alert" data-testid="notice">
      <p>{notice}</p>
      <button class="button quiet" type="button" onClick={() => session.dismissNotice()}>
        Dismiss
      </button>
    </section>
  );
}

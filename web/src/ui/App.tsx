/**
 * The page: which place is shown, by the address.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { forgetIsolation } from '../boot/isolate.ts';
import type { OpenOptions, Parts } from '../boot/open.ts';
import { ErrorPage } from './ErrorPage.tsx';
import { placeOf } from './linktext.ts';
import { Machine } from './Machine.tsx';
import { Preview } from './Preview.tsx';
import { Session } from './session.ts';
import { Start } from './Start.tsx';
import { Storage } from './Storage.tsx';

export function App({ parts }: { readonly parts: Parts }) {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  const place = placeOf(hash);
  useEffect(() => {
    if (place.place === 'start') document.title = 'Pleat';
  }, [place.place]);
  if (place.place === 'storage') return <Storage />;
  if (place.place === 'editor') return <LazyEditor />;
  return place.place === 'machine' ? <Opened key={place.link} link={place.link} parts={parts} /> : <Start />;
}

/** Its code comes when it is first wanted. */
function LazyEditor() {
  const [Place, setPlace] = useState<typeof import('./Editor.tsx').Editor | undefined>();
  useEffect(() => {
    void import('./Editor.tsx').then((module) => setPlace(() => module.Editor));
  }, []);
  return Place === undefined ? null : <Place />;
}

/** One link, from its check to its machine's end. Leaving it ends the machine. */
function Opened({ link, parts }: { readonly link: string; readonly parts: Parts }) {
  const session = useRef<Session | undefined>(undefined);
  const [, redraw] = useState(0);

  const open = (options: OpenOptions): void => {
    void session.current?.close();
    const opened = new Session(link, parts, options);
    opened.onChange(() => redraw((count) => count + 1));
    session.current = opened;
    void opened.open();
    redraw((count) => count + 1);
  };
  useEffect(() => {
    open({});
    return () => void session.current?.close();
  }, []);

  const current = session.current;
  if (current === undefined) return null;
  if (current.state.kind === 'failed') {
    return (
      <ErrorPage
        failure={current.state.failure}
        onRetry={() => open({})}
        onReload={() => {
          forgetIsolation(sessionStorage);
          location.reload();
        }}
        onOwnRuntime={() => open({ ownRuntime: true })}
      />
    );
  }
  if (current.state.kind === 'preview' && current.opened !== undefined) {
    return (
      <Preview link={current.opened} verdict={current.state.verdict} onOpen={(decision) => void current.accept(decision)} />
    );
  }
  return <Machine session={current} />;
}

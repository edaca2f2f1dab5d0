/**
 * The Start place: paste a link, or open a machine of the gallery.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Card, Gallery } from './gallery.ts';
import { trustStore } from '../trust/store.ts';
import type { RecentLink } from '../trust/records.ts';
import { Icon, Mark } from './icons.tsx';
import { pastedLink } from './linktext.ts';
import { formatBytes } from './state.ts';

async function fetchGallery(): Promise<readonly Card[]> {
  const response = await fetch('./images/gallery.json');
  if (!response.ok) return [];
  const gallery = (await response.json()) as Gallery;
  return gallery.cards.filter((card) => card.link.startsWith('#p'));
}

export function Start() {
  return (
    <>
      <header class="bar">
        <span class="brand">
          <Mark />
          Pleat
        </span>
        <nav class="places" aria-label="Places">
          <a href="#/editor">Describe a machine</a>
          <a href="#/storage">Storage and keys</a>
        </nav>
      </header>
      <main class="scroll" data-testid="start">
        <div class="page">
          <h1>Open a link, get a machine</h1>
          <p class="lead">
            A Pleat link holds a whole Unix machine, folded up. It is checked, and then it runs here, in this tab.
          </p>
          <PasteForm />
          <GalleryCards />
          <Recent />
          <p class="foot">
            The machine runs in this browser and on no server. What it does is gone when you close the tab.{' '}
            <a href="./licences.txt">Licences</a>
          </p>
        </div>
      </main>
    </>
  );
}

/** Machines that were opened here. */
function Recent() {
  const [links, setLinks] = useState<readonly RecentLink[]>([]);
  useEffect(() => {
    void trustStore()
      .then((store) => store.recent())
      .then(setLinks);
  }, []);
  const forget = (link: string): void => {
    setLinks(links.filter((each) => each.link !== link));
    void trustStore().then((store) => store.forgetRecent(link));
  };
  if (links.length === 0) return null;
  return (
    <section aria-labelledby="recent">
      <h2 id="recent">Opened here before</h2>
      <ul class="rows" data-testid="recent">
        {links.map(({ link, title, short, at }) => (
          <li key={link}>
            <a href={`#${link}`}>
              <strong>{title}</strong>
              <span class="dim">
                <span class="mono">{short}</span> · {new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
              </span>
            </a>
            <button class="button quiet icon" type="button" aria-label={`Forget ${title}`} onClick={() => forget(link)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function PasteForm() {
  const field = useRef<HTMLInputElement>(null);
  const [hint, setHint] = useState('');
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);

  const open = (event: Event): void => {
    event.preventDefault();
    const link = pastedLink(field.current?.value ?? '');
    if (link === '') setHint('Paste a link first: it begins with p1, or with an address and #p1.');
    else location.hash = link;
  };
  /* a dropped address, or a file that holds one */
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    const text = file === undefined ? Promise.resolve(event.dataTransfer?.getData('text') ?? '') : file.slice(0, 65_536).text();
    void text.then((found) => {
      const link = /#?(p[1-9][\w-]+)\s*$/m.exec(found)?.[1];
      if (link === undefined) setHint('There is no link in what was dropped: it begins with p1, or with an address and #p1.');
      else location.hash = link;
    });
  };
  return (
    <form class="paste" onSubmit={open} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <label for="link">Paste a link</label>
      <div class="paste-row">
        <input
          ref={field}
          id="link"
          class="field"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="https://…/#p1…"
          aria-describedby="link-hint"
          data-testid="link-field"
        />
        <button class="button primary" type="submit" data-testid="open">
          Open
        </button>
      </div>
      <p class="hint" id="link-hint" role="alert" hidden={hint === ''}>
        {hint}
      </p>
    </form>
  );
}

function GalleryCards() {
  const [cards, setCards] = useState<readonly Card[] | undefined>();
  useEffect(() => {
    void fetchGallery().then(setCards, () => setCards([]));
    void import('./xterm.css');
  }, []);
  if (cards === undefined) return null;
  return (
    <section aria-labelledby="gallery">
      <h2 id="gallery">Machines on this site</h2>
      {cards.length === 0 ? (
        <p class="none">There are none here yet. A link from anywhere else opens all the same.</p>
      ) : (
        <ul class="cards">
          {cards.map((card) => (
            <li key={card.link}>
              <a class="card" href={card.link} data-testid="card">
                <pre class="card-picture" aria-hidden="true">
                  {(card.sample ?? ['$ ']).join('\n')}
                </pre>
                <div class="card-text">
                  <div class="card-name">{card.name}</div>
                  <div class="card-about">{card.about}</div>
                  {card.bytes === undefined ? null : (
                    <div class="card-facts">First boot fetches {formatBytes(card.bytes)}</div>
                  )}
                </div>
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

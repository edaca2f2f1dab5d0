/**
 * The Share place, a sheet over the machine: the link as it is made, what is in it and what is left out.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { askVerifier } from '../boot/verifier.ts';
import { readChanges, selectEntries, usualSelection } from '../share/changes.ts';
import type { Change, Reason } from '../share/changes.ts';
import { htmlEmbed, markdownBadge } from '../share/badge.ts';
import { CLASS_LIMITS, classOf } from '../share/fold.ts';
import type { Shared } from '../share/fold.ts';
import type { Result } from '../../../descriptor/src/errors.ts';
import { ownKey } from '../trust/ownkey.ts';
import type { OwnKey } from '../trust/records.ts';
import { visible } from './facts.ts';
import { Icon } from './icons.tsx';
import { QrCode } from './QrCode.tsx';
import type { Session } from './session.ts';
import { formatBytes } from './state.ts';

const WHY: Readonly<Record<Reason, string>> = {
  socket: 'a socket lives only in a running machine',
  fifo: 'a named pipe cannot be put in a link',
  device: 'a device cannot be put in a link',
  name: 'its name cannot be written in a link',
  'too-large': 'too large to be listed',
  temporary: 'temporary',
  cache: 'a cache: programs make it anew',
  history: 'what was typed: it may say more than you think',
};

type Format = 'link' | 'qr' | 'markdown' | 'html';
const FORMATS: readonly (readonly [Format, string])[] = [
  ['link', 'Link'],
  ['qr', 'QR code'],
  ['markdown', 'Markdown'],
  ['html', 'HTML'],
];

interface Made {
  readonly shared: Shared;
  readonly ms: number;
}

export function ShareSheet({ session, onClose }: { readonly session: Session; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [changes, setChanges] = useState<readonly Change[] | undefined>();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [isPrivate, setPrivate] = useState(false);
  const [title, setTitle] = useState(session.opened?.descriptor.title ?? '');
  const [key, setKey] = useState<OwnKey | undefined>();
  const [made, setMade] = useState<Made | undefined>();
  const [failure, setFailure] = useState('');
  const [format, setFormat] = useState<Format>('link');
  const [said, setSaid] = useState('');

  const look = (): void => {
    setFailure('');
    session.changes().then(
      (list) => {
        const found = readChanges(list);
        setChanges(found);
        setSelected(usualSelection(found));
      },
      (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
    );
  };
  useEffect(() => {
    dialog.current?.showModal();
    look();
    ownKey().then(setKey, (error: unknown) => setFailure(String(error)));
  }, []);

  const chosen = useMemo(() => (changes === undefined ? undefined : selectEntries(changes, selected)), [changes, selected]);
  useEffect(() => {
    const descriptor = session.opened?.descriptor;
    if (chosen === undefined || key === undefined || descriptor === undefined) return undefined;
    let current = true;
    const begun = performance.now();
    const options = { seed: key.seed, isPrivate, title: title.trim() };
    askVerifier<Result<Shared>>({ descriptor, entries: chosen.entries, options }).then(
      (result) => {
        if (!current) return;
        setFailure(result.ok ? '' : result.failure.message);
        setMade(result.ok ? { shared: result.value, ms: performance.now() - begun } : undefined);
      },
      (error: unknown) => current && setFailure(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      current = false;
    };
  }, [chosen, key, isPrivate, title]);

  const address = made === undefined ? '' : `${location.origin}${location.pathname}#${made.shared.link}`;
  const shownTitle = title.trim() === '' ? (session.opened?.descriptor.base.name ?? 'machine') : title.trim();
  const text = format === 'markdown' ? markdownBadge(address, shownTitle) : format === 'html' ? htmlEmbed(address, shownTitle) : address;
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('The browser did not allow it: select the text and copy it'),
    );
  };

  return (
    <dialog class="sheet" ref={dialog} onClose={onClose} aria-labelledby="share-title" data-testid="share-sheet">
      <div class="sheet-head">
        <h2 id="share-title">Share this machine</h2>
        <button class="button quiet icon" type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      <div class="sheet-body">
        <label class="named">
          <span>Title</span>
          <input class="field" value={title} maxLength={120} onInput={(event) => setTitle(event.currentTarget.value)} data-testid="share-title" />
        </label>
        <div class="segments" role="radiogroup" aria-label="Form of the link">
          {FORMATS.map(([name, label]) => (
            <label key={name} class={format === name ? 'segment on' : 'segment'}>
              <input type="radio" name="format" checked={format === name} onChange={() => setFormat(name)} />
              {label}
            </label>
          ))}
        </div>
        <div class="made">
          {format === 'qr' ? (
            <QrCode text={address} />
          ) : (
            <textarea
              class="field link-text"
              readOnly
              rows={4}
              aria-label="The link"
              value={text}
              onFocus={(event) => event.currentTarget.select()}
              data-testid="share-link"
              data-ms={made?.ms.toFixed(0)}
            />
          )}
        </div>
        <p class="measure" role="status" data-testid="share-class">
          {made === undefined ? 'Folding the machine…' : lengthText(address.length, made.shared)}
        </p>
        {failure === '' ? null : (
          <p class="hint" role="alert" data-testid="share-failure">
            {failure}
          </p>
        )}
        <label class="check">
          <input type="checkbox" checked={isPrivate} onChange={(event) => setPrivate(event.currentTarget.checked)} data-testid="share-private" />
          <span>
            Private: the files are encrypted and kept as a file of their own, which you host. Only the link has the key.
          </span>
        </label>
        {made?.shared.hosted === undefined ? null : <Hosted hosted={made.shared.hosted} />}
        {changes === undefined || chosen === undefined ? null : (
          <Paths changes={changes} selected={selected} onSelect={setSelected} leftOut={chosen.leftOut.length} onLook={look} />
        )}
        <p class="dim">
          {key === undefined ? '' : `Signed with your key ${key.name} (${key.short}). `}
          In it: the layers of the link that you opened, and the files under / that differ. Not in it: /tmp, what programs
          have in memory, and other mounts.
        </p>
      </div>
      <div class="sheet-foot">
        <span role="status">{said}</span>
        <button class="button primary" type="button" disabled={made === undefined || format === 'qr'} onClick={copy} data-testid="share-copy">
          Copy
        </button>
      </div>
    </dialog>
  );
}

function lengthText(length: number, { hosted }: Shared): string {
  const characters = `${length.toLocaleString('en')} characters`;
  if (hosted !== undefined) return `${characters}, and ${formatBytes(hosted.bytes.length)} to host`;
  const limit = CLASS_LIMITS[classOf(length) as keyof typeof CLASS_LIMITS].toLocaleString('en');
  const where = { chat: 'fits into a chat', docs: 'fits into a document', long: 'long: some programs cut it', hosted: '' };
  return `${characters}: ${where[classOf(length)]} (up to ${limit})`;
}

function Hosted({ hosted }: { readonly hosted: NonNullable<Shared['hosted']> }) {
  const [url, setUrl] = useState('');
  const [said, setSaid] = useState('');
  const file = useMemo(() => URL.createObjectURL(new Blob([hosted.bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' })), [hosted]);
  useEffect(() => () => URL.revokeObjectURL(file), [file]);
  const put = (event: Event): void => {
    event.preventDefault();
    const to = url.endsWith('/') ? url + hosted.hash : url;
    setSaid('Sending…');
    fetch(to, { method: 'PUT', body: hosted.bytes as Uint8Array<ArrayBuffer> }).then(
      (answer) => setSaid(answer.ok ? 'Sent' : `The server answers ${answer.status}`),
      () => setSaid('It could not be sent: the server must allow this page (CORS), and the site its address'),
    );
  };
  return (
    <section class="hosted" aria-label="The file to host" data-testid="share-hosted">
      <p>
        The files are too many for a link, or private. Save this file and put it into the folder <code>overlays</code> of the
        site, under its name:
      </p>
      <p>
        <a class="button" href={file} download={hosted.hash}>
          Save {formatBytes(hosted.bytes.length)}
        </a>
      </p>
      <form class="paste-row" onSubmit={put}>
        <input class="field" type="url" required placeholder="https://… to PUT it there" aria-label="Address to send it to" value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
        <button class="button" type="submit">
          Send
        </button>
      </form>
      <p role="status">{said}</p>
    </section>
  );
}

interface PathsProps {
  readonly changes: readonly Change[];
  readonly selected: ReadonlySet<string>;
  readonly leftOut: number;
  onSelect(selected: ReadonlySet<string>): void;
  onLook(): void;
}

function Paths({ changes, selected, leftOut, onSelect, onLook }: PathsProps) {
  const tick = (path: string, on: boolean): void => {
    const next = new Set(selected);
    if (on) next.add(path);
    else next.delete(path);
    onSelect(next);
  };
  return (
    <fieldset class="changes">
      <legend>
        {changes.length === 0
          ? 'Nothing differs from the layers'
          : `${changes.length - leftOut} of ${changes.length} changed paths are in it`}
        <button class="button quiet" type="button" onClick={onLook}>
          Look again
        </button>
      </legend>
      <ul data-testid="share-paths">
        {changes.map((change) => (
          <li key={change.path}>
            <label class="check">
              <input
                type="checkbox"
                disabled={!change.possible}
                checked={selected.has(change.path)}
                onChange={(event) => tick(change.path, event.currentTarget.checked)}
              />
              <span>
                <bdi class="mono">/{visible(change.path)}</bdi>
                <span class="dim">
                  {change.type === 'file' ? formatBytes(change.size) : change.type}
                  {change.reason === undefined ? '' : `; left out: ${WHY[change.reason]}`}
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

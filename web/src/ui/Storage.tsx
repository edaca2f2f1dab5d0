/**
 * The Storage and keys place: what this browser keeps of layers, the person's keys, and whom they trust.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { clearChunks, chunkUsage } from '../boot/chunkstore.ts';
import type { ChunkUsage } from '../boot/chunkstore.ts';
import { exportKey, importKey, makeKey } from '../trust/ownkey.ts';
import type { OwnKey, PublisherRecord } from '../trust/records.ts';
import { trustStore } from '../trust/store.ts';
import { Mark } from './icons.tsx';
import { formatBytes } from './state.ts';

export function Storage() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = 'Storage and keys · Pleat';
    heading.current?.focus();
  }, []);
  return (
    <>
      <header class="bar">
        <a class="brand" href="#/">
          <Mark />
          Pleat
        </a>
      </header>
      <main class="scroll" data-testid="storage">
        <div class="page">
          <h1 ref={heading} tabIndex={-1}>
            Storage and keys
          </h1>
          <p class="lead">All of this is in this browser alone. No machine can reach it.</p>
          <Chunks />
          <Keys />
          <Publishers />
        </div>
      </main>
    </>
  );
}

function Chunks() {
  const [usage, setUsage] = useState<ChunkUsage | undefined>();
  const look = (): void => void chunkUsage().then(setUsage, () => setUsage(undefined));
  useEffect(look, []);
  return (
    <section aria-labelledby="chunks">
      <h2 id="chunks">Pieces of images</h2>
      <p data-testid="chunk-usage">
        {usage === undefined
          ? 'This browser keeps none.'
          : `${usage.chunks.toLocaleString('en')} pieces, ${formatBytes(usage.bytes)} of at most ${formatBytes(usage.limit)}. Machines that need them boot without the network; those not used for longest go first.`}
      </p>
      <p>
        <button class="button" type="button" disabled={usage === undefined || usage.chunks === 0} onClick={() => void clearChunks().then(look)} data-testid="clear-chunks">
          Clear
        </button>
      </p>
    </section>
  );
}

function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text]));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function Keys() {
  const [keys, setKeys] = useState<readonly OwnKey[]>([]);
  const [said, setSaid] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const look = async (): Promise<void> => {
    const found = await (await trustStore()).ownKeys();
    setKeys([...found].sort((a, b) => a.made - b.made));
  };
  useEffect(() => void look(), []);
  const rename = async (key: OwnKey, name: string): Promise<void> => {
    if (name.trim() !== '') await (await trustStore()).putOwnKey({ ...key, name: name.trim() });
    await look();
  };
  const forget = async (key: OwnKey): Promise<void> => {
    if (!confirm(`Delete the key ${key.name} (${key.short})? Without a copy of it you can never sign as this key again.`)) return;
    await (await trustStore()).forgetOwnKey(key.key);
    await look();
  };
  const bring = async (): Promise<void> => {
    const text = await file.current?.files?.[0]?.slice(0, 4096).text();
    if (text === undefined) return;
    const key = await importKey(text, 'Imported key');
    setSaid(key === undefined ? 'There is no key in that file: a line "pleat-secret-key-1 …" is wanted.' : `${key.short} is here now.`);
    await look();
  };
  return (
    <section aria-labelledby="own-keys">
      <h2 id="own-keys">My keys</h2>
      <p class="dim">Links that you share are signed with the first one. A copy of a key can sign as you: keep it to yourself.</p>
      {keys.length === 0 ? <p class="none">You have none yet. One is made when you share a machine for the first time.</p> : null}
      <ul class="rows" data-testid="own-keys">
        {keys.map((key) => (
          <li key={key.key}>
            <Name value={key.name} label={`Name of the key ${key.short}`} onChange={(name) => void rename(key, name)} />
            <span class="mono dim">{key.short}</span>
            <span class="row-actions">
              <button class="button" type="button" onClick={() => saveText(exportKey(key), `${key.short}.key`)}>
                Export
              </button>
              <button class="button" type="button" onClick={() => void forget(key)}>
                Delete
              </button>
            </span>
          </li>
        ))}
      </ul>
      <p class="actions">
        <button class="button" type="button" onClick={() => void makeKey('New key').then(look)} data-testid="make-key">
          Make a key
        </button>
        <button class="button" type="button" onClick={() => file.current?.click()}>
          Import a key
        </button>
        <input ref={file} type="file" hidden onChange={() => void bring()} aria-label="File with a key" data-testid="import-key" />
      </p>
      <p role="status">{said}</p>
    </section>
  );
}

function Publishers() {
  const [records, setRecords] = useState<readonly PublisherRecord[]>([]);
  const look = async (): Promise<void> => {
    const found = await (await trustStore()).publishers();
    setRecords([...found].sort((a, b) => b.lastSeen - a.lastSeen));
  };
  useEffect(() => void look(), []);
  const put = async (record: PublisherRecord): Promise<void> => {
    await (await trustStore()).putPublisher(record);
    await look();
  };
  const forget = async (key: string): Promise<void> => {
    await (await trustStore()).forgetPublisher(key);
    await look();
  };
  const rename = (record: PublisherRecord, name: string): void => {
    const { name: _, ...rest } = record;
    void put(name.trim() === '' ? rest : { ...rest, name: name.trim() });
  };
  return (
    <section aria-labelledby="publishers">
      <h2 id="publishers">Publishers</h2>
      {records.length === 0 ? <p class="none">No link of another publisher was opened here yet.</p> : null}
      <ul class="rows" data-testid="publishers">
        {records.map((record) => (
          <li key={record.key}>
            <Name value={record.name ?? ''} label={`Name of ${record.short}`} onChange={(name) => rename(record, name)} />
            <span class="dim">
              <span class="mono">{record.short}</span>
              {record.author === undefined ? '' : ` says to be ${record.author};`} first seen{' '}
              {new Date(record.firstSeen).toLocaleDateString(undefined, { dateStyle: 'medium' })}
            </span>
            <label class="check">
              <input type="checkbox" checked={record.always} onChange={(event) => void put({ ...record, always: event.currentTarget.checked })} />
              <span>Open without asking</span>
            </label>
            {record.grants.map((name) => (
              <label key={name} class="check">
                <input type="checkbox" checked onChange={() => void put({ ...record, grants: record.grants.filter((each) => each !== name) })} />
                <span>May use: {name}</span>
              </label>
            ))}
            <span class="row-actions">
              <button class="button" type="button" onClick={() => void forget(record.key)} data-testid="forget-publisher">
                Forget
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Name({ value, label, onChange }: { readonly value: string; readonly label: string; onChange(name: string): void }) {
  return (
    <input class="field name" aria-label={label} placeholder="No name yet" value={value} maxLength={80} onChange={(event) => onChange(event.currentTarget.value)} />
  );
}

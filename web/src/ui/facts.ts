/**
 * What a link says, in words for the preview: everything that a person should know before it runs.
 */
import type { Boot, Capability, Descriptor, Layer, Overlay } from '../../../descriptor/src/types.ts';
import type { Verdict } from '../trust/records.ts';
import { formatBytes } from './state.ts';

export interface Fact {
  readonly term: string;
  /** each a line of its own */
  readonly lines: readonly string[];
  /** text of the machine, to be shown in the monospace face */
  readonly code?: boolean;
}

const place = (url: string): string => URL.parse(url)?.host ?? 'this site';

function layerLine({ name, size, from }: Layer): string {
  return `${name}, ${formatBytes(size)}, from ${[...new Set((from ?? ['images/']).map(place))].join(' or ')}`;
}

function overlayLine({ files, blob }: Overlay): string {
  if (blob !== undefined) {
    const where = [...new Set((blob.from ?? ['overlays/']).map(place))].join(' or ');
    return `${formatBytes(blob.size)} of files from ${where}${blob.key === undefined ? '' : ', encrypted; the key is in the link'}`;
  }
  const deleted = files?.filter(({ type }) => type === 'deleted').length ?? 0;
  const rest = (files?.length ?? 0) - deleted;
  const made = `${rest} ${rest === 1 ? 'path' : 'paths'} in the link itself`;
  return deleted === 0 ? made : `${made}, ${deleted} deleted`;
}

/** Characters that do not show, or turn what stands beside them, are spelled out. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => (c === '\n' ? '\n' : `\\u{${c.codePointAt(0)?.toString(16) ?? ''}}`));
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function commandText({ cmd, argv }: Boot): string {
  return (cmd === undefined ? (argv ?? []) : ['sh', '-c', cmd]).map(quoted).join(' ');
}

export function factsOf(d: Descriptor): Fact[] {
  const boot: Boot = d.boot ?? {};
  const command = commandText(boot);
  const facts: Fact[] = [
    { term: 'Boots', lines: [d.base, ...(d.packages ?? [])].map(layerLine) },
    command === ''
      ? { term: 'Runs', lines: ['the image’s own shell'] }
      : { term: 'Runs', lines: visible(command).split('\n'), code: true },
    { term: 'As', lines: [`${boot.user ?? 'root'} of the machine, in ${visible(boot.cwd ?? '/')}`] },
  ];
  const env = Object.entries(boot.env ?? {}).map(([name, value]) => visible(`${name}=${value}`));
  if (env.length > 0) facts.push({ term: 'With', lines: env, code: true });
  if (d.overlays !== undefined) facts.push({ term: 'Changes', lines: d.overlays.map(overlayLine) });
  if (d.mounts !== undefined) {
    const mounts = d.mounts.map(({ path, type, layers }) =>
      [`${visible(path)}: ${type}`, ...(layers ?? []).map(layerLine)].join(', '),
    );
    facts.push({ term: 'Mounts', lines: mounts });
  }
  if (d.clock !== undefined) facts.push({ term: 'Clock', lines: [`set to ${new Date(d.clock * 1000).toISOString()}`] });
  if (d.licence !== undefined) facts.push({ term: 'Licence', lines: [d.licence] });
  facts.push({ term: 'Runtime', lines: [d.runtime.slice(0, 16)], code: true });
  return facts;
}

/** Every path of the overlays in the link. */
export function overlayPaths(d: Descriptor): string[] {
  return (d.overlays ?? []).flatMap(({ files }) =>
    (files ?? []).map(({ path, type }) => `${type === 'deleted' ? '−' : '+'} /${visible(path)}`),
  );
}

export const CAPABILITY_TEXT: Readonly<Record<Capability, string>> = {
  clipboard: 'Put text on your clipboard. It can never read it.',
  network: 'Reach the network.',
  persistence: 'Keep files in this browser.',
};

const date = (ms: number): string => new Date(ms).toLocaleDateString(undefined, { dateStyle: 'long' });

/** Who signed, in one sentence. */
export function standingText({ standing, record }: Verdict): string {
  switch (standing) {
    case 'site':
      return 'This site’s own key.';
    case 'own':
      return 'Your own key.';
    case 'always':
      return `You open this publisher’s links without being asked, since ${date(record?.firstSeen ?? 0)}.`;
    case 'seen':
      return `First seen here on ${date(record?.firstSeen ?? 0)}. You have not decided to trust it.`;
    case 'new':
      return 'Never seen here before.';
  }
}

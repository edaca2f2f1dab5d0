/**
 * Getting upstream tarballs: from the cache, an optional mirror of ours, or the Debian mirror that
 * this machine's apt uses. Whatever brought it, the SHA-256 decides.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** One place of a source: a path below the mirror's root and what must lie there. */
export interface Source {
  readonly path: string;
  readonly sha256: string;
}

const APT_HELPER = '/usr/lib/apt/apt-helper';

/**
 * Mirror roots from apt's configuration, Debian's own first.
 *
 * @param folder - where sources.list and sources.list.d lie
 */
export function aptMirrors(folder = '/etc/apt'): string[] {
  const files = [join(folder, 'sources.list')];
  const more = join(folder, 'sources.list.d');
  if (existsSync(more)) files.push(...readdirSync(more).sort().map((name) => join(more, name)));
  const found: string[] = [];
  for (const file of files) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.list')) found.push(...oneLineUris(text));
    else if (file.endsWith('.sources')) found.push(...deb822Uris(text));
  }
  const roots = [...new Set(found.map((uri) => uri.replace(/\/+$/, '')))];
  const debian = roots.filter((uri) => /\/debian(-security)?$/.test(uri));
  return debian.length > 0 ? debian : roots;
}

/** "deb [options] uri suite component..." */
function oneLineUris(text: string): string[] {
  const uris: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)/.exec(line);
    if (match?.[1] !== undefined) uris.push(match[1]);
  }
  return uris;
}

/** Stanzas of "Field: value", values going on in indented lines. */
function deb822Uris(text: string): string[] {
  const uris: string[] = [];
  for (const stanza of text.replace(/^#.*\n/gm, '').split(/\n\s*\n/)) {
    if (/^Enabled:\s*(no|false)/im.test(stanza)) continue;
    const match = /^URIs:((?:.*)(?:\n[ \t].*)*)/im.exec(stanza);
    if (match?.[1] !== undefined) uris.push(...match[1].split(/\s+/).filter((uri) => uri !== ''));
  }
  return uris;
}

/**
 * The first of `sources` that can be had, as a file in the cache.
 *
 * @throws Error naming every place that was tried
 */
export async function fetchSource(
  sources: readonly Source[],
  cache: string,
  ourMirror: string | undefined,
): Promise<string> {
  const tried: string[] = [];
  const folder = join(cache, 'src');
  mkdirSync(folder, { recursive: true });
  for (const source of sources) {
    const file = join(folder, `${source.sha256.slice(0, 16)}-${basename(source.path)}`);
    if (existsSync(file) && hashFile(file) === source.sha256) return file;
    const part = `${file}.${process.pid}`;
    const places = aptMirrors().map((root) => `${root}/${source.path}`);
    if (ourMirror !== undefined) places.unshift(`${ourMirror}/src/${basename(file)}`);
    for (const place of places) {
      const failure = await download(place, part);
      const got = failure === undefined ? hashFile(part) : undefined;
      if (got === source.sha256) {
        renameSync(part, file);
        return file;
      }
      rmSync(part, { force: true });
      tried.push(`${place}: ${failure ?? `SHA-256 is ${got}, not ${source.sha256}`}`);
    }
  }
  throw new Error(`no place has this source:\n  ${tried.join('\n  ')}`);
}

/**
 * Copy a URL or path to a file. http goes through apt's downloader where there is one: it knows
 * this machine's proxies and certificates.
 *
 * @returns undefined, or why it failed
 */
export async function download(place: string, file: string): Promise<string | undefined> {
  if (!/^https?:/.test(place)) {
    const path = place.replace(/^file:(\/\/)?/, '');
    if (!existsSync(path)) return 'no such file';
    writeFileSync(file, readFileSync(path));
    return undefined;
  }
  if (existsSync(APT_HELPER)) {
    const helper = spawnSync(APT_HELPER, ['-oAPT::Sandbox::User=root', 'download-file', place, file], { encoding: 'utf8' });
    if (helper.status === 0 && existsSync(file)) return undefined;
    return helper.stderr.trim().split('\n')[0] || `apt-helper ended with ${helper.status}`;
  }
  try {
    const response = await fetch(place);
    if (!response.ok) return `HTTP status ${response.status}`;
    writeFileSync(file, new Uint8Array(await response.arrayBuffer()));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function hashFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

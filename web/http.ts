/**
 * The parts of the static server that are plain functions of a request.
 */

/** May this server answer under that Host? Other names are another site's, aimed at this machine. */
export function servesHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '127.0.0.1' || /^([a-z0-9-]+\.)*pleat\.localhost$/.test(name);
}

/**
 * The path of the file that a request target names, "/index.html" for folders.
 *
 * @returns undefined when it is malformed or would leave the folder
 */
export function resolvePath(target: string): string | undefined {
  const raw = target.split(/[?#]/, 1)[0] ?? '';
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  if (!path.startsWith('/') || /[\0\\]/.test(path)) return undefined;
  if (path.split('/').some((part) => part === '..' || part === '.')) return undefined;
  return path.endsWith('/') ? `${path}index.html` : path;
}

/** Files whose name has a hash of their content: r/<hash>/, assets/name-<hash>, images/<root>, overlays/<hash>. */
export function isImmutable(path: string): boolean {
  return (
    /^\/r\/[0-9a-f]{64}\//.test(path) ||
    /^\/assets\/.+-[\w-]{8}\.\w+$/.test(path) ||
    /^\/(?:images|overlays)\/(.*\/)?[0-9a-f]{64}\b[^/]*$/.test(path)
  );
}

/**
 * Read a Range header. RFC 9110 section 14.1.2.
 *
 * @returns first and last byte; undefined to send the whole file (no range, another unit, several
 *   ranges, which a server may ignore); "unsatisfiable" when it begins past the end
 */
export function parseRange(
  header: string | undefined,
  size: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').trim());
  if (match === null) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return undefined;
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : [size - length, size - 1];
  }
  const start = Number(from);
  if (start >= size) return 'unsatisfiable';
  if (to === '') return [start, size - 1];
  const end = Number(to);
  return end < start ? undefined : [start, Math.min(end, size - 1)];
}

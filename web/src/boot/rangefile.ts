/**
 * Byte ranges of one file on a static host that may lie: Range ignored, lengths wrong, bodies cut
 * short, connections that stall. What comes back is unverified; the caller checks hashes.
 */
import { concatBytes } from './chunkindex.ts';
import type { Bytes } from './chunkindex.ts';

/** The part of fetch() that is used; also served by files under Node (filefetch.ts). */
export type FetchLike = (
  url: string,
  init: { headers: Record<string, string>; signal: AbortSignal; cache?: 'reload' },
) => Promise<ResponseLike>;

export interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

export interface RangeOptions {
  readonly fetch: FetchLike;
  /** requests made for one range before giving up on this host */
  readonly attempts: number;
  /** wait before the second request; doubled for each further one */
  readonly backoffMs: number;
  /** a body that brings nothing for this long counts as failed */
  readonly stallMs: number;
  /** told of every byte received */
  readonly onBytes: (count: number) => void;
}

export interface RangeFailure {
  readonly ok: false;
  readonly code: 'missing' | 'network' | 'truncated';
  readonly detail: string;
}
export type RangeResult = { readonly ok: true; readonly bytes: Bytes } | RangeFailure;

export interface RangeRequest {
  readonly from: number;
  readonly to: number;
  /** go past every cache on the way */
  readonly bypass?: boolean;
  /** the file may end before `to` */
  readonly allowShort?: boolean;
  /** called as bytes arrive: the first `filled` bytes of `buffer` are there */
  readonly progress?: (buffer: Bytes, filled: number) => void;
}

/** A host that ignores Range sends whole files: up to this size they are kept, not asked for again. */
const KEEP_WHOLE = 96 << 20;

export class RangeFile {
  readonly url: string;
  readonly #options: RangeOptions;
  #whole: Bytes | undefined;
  /** settled once the first answer tells whether the host knows Range; others wait for that */
  #first: PromiseWithResolvers<void> | undefined;

  constructor(url: string, options: RangeOptions) {
    this.url = url;
    this.#options = options;
  }

  /** Get bytes [from, to). Tries `attempts` times, with a growing wait; 'missing' is final at once. */
  async get(request: RangeRequest): Promise<RangeResult> {
    let wait = this.#options.backoffMs;
    for (let attempt = 1; ; attempt++) {
      const result = await this.#getOnce(request);
      if (result.ok || result.code === 'missing' || attempt >= this.#options.attempts) return result;
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait *= 2;
    }
  }

  async #getOnce(request: RangeRequest): Promise<RangeResult> {
    if (this.#first !== undefined) await this.#first.promise;
    else this.#first = Promise.withResolvers();
    if (request.bypass) this.#whole = undefined;
    if (this.#whole !== undefined) return cutWhole(this.#whole, request);
    const result = await this.#fetch(request, true);
    this.#first.resolve();
    return result;
  }

  /** One request; never rejects. */
  async #fetch(request: RangeRequest, withRange: boolean): Promise<RangeResult> {
    const abort = new AbortController();
    const stalled = (): void => abort.abort(new Error(`nothing came for ${this.#options.stallMs} ms`));
    let timer = setTimeout(stalled, this.#options.stallMs);
    const rearm = (): void => {
      clearTimeout(timer);
      timer = setTimeout(stalled, this.#options.stallMs);
    };
    let plainWanted = false;
    try {
      const response = await this.#options.fetch(this.url, {
        headers: withRange ? { Range: `bytes=${request.from}-${request.to - 1}` } : {},
        signal: abort.signal,
        ...(request.bypass ? { cache: 'reload' as const } : {}),
      });
      plainWanted = response.status === 206 && isEncoded(response);
      if (!plainWanted) return await this.#take(response, request, rearm);
      await response.body?.cancel();
    } catch (error) {
      return { ok: false, code: 'network', detail: messageOf(error) };
    } finally {
      clearTimeout(timer);
    }
    // A range of an encoded representation cannot be decoded alone: ask for the whole file.
    if (!withRange) return { ok: false, code: 'network', detail: '206 with a Content-Encoding' };
    return await this.#fetch(request, false);
  }

  async #take(response: ResponseLike, request: RangeRequest, rearm: () => void): Promise<RangeResult> {
    const { status } = response;
    const shift = status === 206 ? rangeStart(response, request.from) : 0;
    if ((status !== 200 && status !== 206) || shift > request.from || response.body === null) {
      await response.body?.cancel();
      return refusal(status, shift);
    }
    if (status === 206) this.#first?.resolve();
    const skip = request.from - shift;
    const buffer = new Uint8Array(request.to - request.from);
    let keep: Uint8Array[] | undefined = status === 200 ? [] : undefined;
    const reader = response.body.getReader();
    let received = 0;
    let filled = 0;
    for (;;) {
      const piece = await reader.read();
      if (piece.done) break;
      rearm();
      this.#options.onBytes(piece.value.length);
      const fresh = piece.value.subarray(Math.max(0, skip + filled - received));
      const room = buffer.length - filled;
      if (received + piece.value.length > skip + filled && room > 0) {
        buffer.set(fresh.subarray(0, room), filled);
        filled += Math.min(room, fresh.length);
        request.progress?.(buffer, filled);
      }
      received += piece.value.length;
      if (received > KEEP_WHOLE) keep = undefined;
      keep?.push(piece.value);
      if (filled === buffer.length && keep === undefined) {
        await reader.cancel();
        break;
      }
    }
    if (keep !== undefined) this.#whole = concatBytes(keep);
    if (filled === buffer.length) return { ok: true, bytes: buffer };
    if (request.allowShort) return { ok: true, bytes: buffer.subarray(0, filled) };
    return truncated(request, filled);
  }
}

function cutWhole(whole: Bytes, request: RangeRequest): RangeResult {
  const bytes = whole.slice(request.from, request.to);
  if (bytes.length < request.to - request.from && !request.allowShort) {
    return truncated(request, bytes.length);
  }
  request.progress?.(bytes, bytes.length);
  return { ok: true, bytes };
}

function truncated(request: RangeRequest, got: number): RangeFailure {
  const detail = `${got} of ${request.to - request.from} bytes at ${request.from}`;
  return { ok: false, code: 'truncated', detail };
}

function refusal(status: number, shift: number): RangeFailure {
  if (status === 206 || status === 200) {
    const detail = status === 206 ? `answered a range from ${shift}` : 'empty answer';
    return { ok: false, code: 'network', detail };
  }
  if (status === 416) return { ok: false, code: 'truncated', detail: 'file ends before the range' };
  const mayPass = status >= 500 || status === 408 || status === 425 || status === 429;
  return { ok: false, code: mayPass ? 'network' : 'missing', detail: `HTTP status ${status}` };
}

function isEncoded(response: ResponseLike): boolean {
  const encoding = response.headers.get('content-encoding');
  return encoding !== null && encoding !== '' && encoding.toLowerCase() !== 'identity';
}

/** First byte that a 206 brings; hosts of another origin may hide the header: then what was asked. */
function rangeStart(response: ResponseLike, asked: number): number {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? asked : Number(match[1]);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

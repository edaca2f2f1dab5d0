/**
 * Raw deflate, RFC 1951: the one pinned compressor, and inflating under a cap.
 * The compressor is pako with zlib's classic hash: byte for byte what zlib 1.2 and 1.3 give for
 * level 9, window 15, memory level 8, default strategy, all input in one call (SPEC.md section 3).
 */
import * as pako from 'pako';
import { refuse } from './errors.ts';
import type { Result } from './errors.ts';

/** Output is allocated in pieces of this many bytes, so a bomb costs no more than the cap. */
const PIECE = 16_384;

/** Compress with the pinned parameters. A change of a single output byte breaks every link. */
export function deflatePinned(bytes: Uint8Array): Uint8Array {
  return pako.deflateRaw(bytes, {
    level: 9,
    windowBits: 15,
    memLevel: 8,
    strategy: pako.Z_DEFAULT_STRATEGY,
    legacyHash: true,
  });
}

/**
 * Inflate one whole raw deflate stream.
 *
 * @param cap - most bytes to produce; at most one piece more is ever allocated
 * @returns the bytes, or truncated, bad-deflate, inflates-past-cap, trailing-bytes
 */
export function inflateCapped(input: Uint8Array, cap: number): Result<Uint8Array> {
  const stream = new pako.ZStream();
  pako.zlibInflateInit2(stream, -15);
  stream.input = input;
  stream.next_in = 0;
  stream.avail_in = input.length;
  const pieces: Uint8Array[] = [];
  for (;;) {
    stream.output = new Uint8Array(PIECE);
    stream.next_out = 0;
    stream.avail_out = PIECE;
    const status = pako.zlibInflate(stream, pako.Z_NO_FLUSH);
    pieces.push(stream.output.subarray(0, stream.next_out));
    if (stream.total_out > cap) {
      return refuse('inflates-past-cap', 'link', `unfolds to more than ${cap} bytes`);
    }
    if (status === pako.Z_STREAM_END) break;
    if (status !== pako.Z_OK && status !== pako.Z_BUF_ERROR) {
      const reason = stream.msg === '' ? 'invalid data' : stream.msg;
      const at = `compressed byte ${stream.total_in}`;
      return refuse('bad-deflate', 'link', `damaged at ${at} (${reason})`);
    }
    if (stream.avail_out > 0) {
      const found = `ends after ${input.length} compressed bytes, before its end mark`;
      return refuse('truncated', 'link', `${found}; a part of it is missing`);
    }
  }
  if (stream.avail_in > 0) {
    return refuse('trailing-bytes', 'link', `${stream.avail_in} bytes follow the compressed data`);
  }
  return { ok: true, value: join(pieces, stream.total_out) };
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

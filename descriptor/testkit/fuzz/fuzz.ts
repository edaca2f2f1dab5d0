/**
 * Decoder fuzzing: spoils links at every depth (text, compressed bytes, envelope, descriptor, the last
 * one re-signed) and holds the decoder to its promises: no exception, nothing accepted that is not its
 * own re-encoding, bounded time and memory.
 */
import { decodeBase64url, encodeBase64url } from '../../src/base64url.ts';
import { toHex } from '../../src/bytes.ts';
import { decodeCbor, encodeCbor } from '../../src/cbor.ts';
import type { CborValue } from '../../src/cbor.ts';
import { decodeLink } from '../../src/decode.ts';
import { inflateCapped } from '../../src/deflate.ts';
import { encodeLink } from '../../src/encode.ts';
import { readEnvelope } from '../../src/envelope.ts';
import { LIMITS } from '../../src/limits.ts';
import { linkOf, signedLink, testKey } from '../gen/vector.ts';
import type { Vector } from '../gen/vector.ts';

/** CPU time that one decode may take, on a slow and busy machine. */
const MOST_MS = 1_000;
/** resident memory of the whole process */
const MOST_RSS = 768 * 1024 * 1024;

export interface FuzzReport {
  readonly links: number;
  readonly accepted: number;
  /** how often each failure was given */
  readonly failures: ReadonlyMap<string, number>;
  readonly slowestMs: number;
}

/** Park and Miller's generator: the same seed gives the same links everywhere. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed % 2_147_483_646) + 1;
  }

  below(n: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % n;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Bytes and lengths that decoders trip over. */
const CRITICAL = [
  0x00, 0x01, 0x17, 0x18, 0x1b, 0x1f, 0x40, 0x5f, 0x60, 0x7f, 0x80, 0x9f, 0xa0, 0xbf,
];
const CRITICAL_MORE = [0xc0, 0xd8, 0xf4, 0xf5, 0xf6, 0xf9, 0xfb, 0xff];

function spoilBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  const out = [...bytes];
  for (let n = 1 + dice.below(3); n > 0; n--) {
    const at = dice.below(out.length + 1);
    switch (dice.below(6)) {
      case 0:
        out[Math.min(at, Math.max(out.length - 1, 0))] = dice.below(256);
        break;
      case 1:
        out[Math.min(at, Math.max(out.length - 1, 0))] = dice.pick([...CRITICAL, ...CRITICAL_MORE]);
        break;
      case 2:
        out.splice(at, 0, dice.below(256));
        break;
      case 3:
        out.splice(at, 1 + dice.below(4));
        break;
      case 4:
        out.splice(at, 0, ...out.slice(at, at + dice.below(64)));
        break;
      default:
        out.length = at;
    }
  }
  return Uint8Array.from(out);
}

const CHARACTERS =
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ =+/#%\n\u00e9\ud800';

function spoilText(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  switch (dice.below(4)) {
    case 0:
      return text.slice(0, at) + dice.pick([...CHARACTERS]) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + dice.pick([...CHARACTERS]) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + dice.below(8));
    default:
      return text.slice(0, at);
  }
}

/** A random value of the format's types. */
function anyValue(dice: Dice, depth: number): CborValue {
  switch (dice.below(depth > 2 ? 5 : 7)) {
    case 0:
      return dice.pick([0, 1, 23, 24, 255, 256, 2 ** 32, Number.MAX_SAFE_INTEGER]);
    case 1:
      return dice.pick([true, false]);
    case 2:
      return dice.pick([
        '',
        '/',
        'root',
        'images/',
        '../',
        'a\0',
        '\u202e',
        'x'.repeat(300),
        '__proto__',
        'a/../b',
        'home/x',
      ]);
    case 3:
      return new Uint8Array(dice.pick([0, 31, 32, 33, 64])).fill(dice.below(256));
    case 4:
      return `v${dice.below(1_000)}`;
    case 5:
      return Array.from({ length: dice.below(4) }, () => anyValue(dice, depth + 1));
    default:
      return new Map(
        Array.from({ length: dice.below(4) }, (_, i) => [
          dice.pick<number | string>([i, i + 1, 'A', 'constructor']),
          anyValue(dice, depth + 1),
        ]),
      );
  }
}

/** Change one place of a decoded descriptor: set, add or drop. */
function spoilValue(value: unknown, dice: Dice, depth: number): CborValue {
  if (dice.below(4) === 0) return anyValue(dice, depth);
  if (value instanceof Map && value.size > 0) {
    const entries = [...value] as [number | string, CborValue][];
    const [key, old] = dice.pick(entries);
    const copy = new Map(entries);
    const act = dice.below(4);
    if (act === 0) copy.delete(key);
    else if (act === 1) copy.set(dice.below(18), anyValue(dice, depth + 1));
    else copy.set(key, spoilValue(old, dice, depth + 1));
    return copy;
  }
  if (Array.isArray(value) && value.length > 0) {
    const copy = [...(value as CborValue[])];
    const at = dice.below(copy.length);
    if (dice.below(3) === 0) copy.push(copy[at]!);
    else copy[at] = spoilValue(copy[at], dice, depth + 1);
    return copy;
  }
  return anyValue(dice, depth);
}

/** Spoil a link at a random depth; where the link does not reach that deep, its text. */
async function spoil(link: string, dice: Dice): Promise<string> {
  const depth = dice.below(6);
  if (depth === 0) return spoilText(link, dice);
  const packed = decodeBase64url(link.slice(2));
  if (!packed.ok) return spoilText(link, dice);
  if (depth === 1) return `p1${encodeBase64url(spoilBytes(packed.value, dice))}`;
  const inflated = inflateCapped(packed.value, LIMITS.inflatedBytes);
  if (!inflated.ok) return `p1${encodeBase64url(spoilBytes(packed.value, dice))}`;
  if (depth === 2) return linkOf(spoilBytes(inflated.value, dice));
  const envelope = readEnvelope(link);
  if (!envelope.ok) return linkOf(spoilBytes(inflated.value, dice));
  const bytes = envelope.value.descriptor;
  if (depth === 3) return signedLink(spoilBytes(bytes, dice));
  const descriptor = decodeCbor(bytes, 'descriptor');
  if (!descriptor.ok) return signedLink(spoilBytes(bytes, dice));
  return signedLink(encodeCbor(spoilValue(descriptor.value, dice, 0)));
}

/**
 * Decode spoilt links until told to stop.
 *
 * @param vectors - what to start from
 * @param goOn - called before each link with the number decoded so far
 * @throws Error naming the link, as soon as one breaks a promise
 */
export async function fuzz(
  vectors: readonly Vector[],
  seed: number,
  goOn: (links: number) => boolean,
): Promise<FuzzReport> {
  const dice = new Dice(seed);
  const failures = new Map<string, number>();
  const publicKey = toHex(testKey.publicKey);
  let links = 0;
  let accepted = 0;
  let slowestMs = 0;
  for (; goOn(links); links++) {
    let link = dice.pick(vectors).link;
    for (let n = 1 + dice.below(2); n > 0; n--) link = await spoil(link, dice);
    const before = process.cpuUsage();
    const decoded = await decodeLink(link).catch((error: unknown) => {
      throw new Error(`seed ${seed}, link ${links}: threw for ${link}`, { cause: error });
    });
    const spent = process.cpuUsage(before);
    const ms = (spent.user + spent.system) / 1_000;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > MOST_MS) throw new Error(`seed ${seed}, link ${links}: ${ms} ms for ${link}`);
    if (links % 1_000 === 0 && process.memoryUsage.rss() > MOST_RSS) {
      throw new Error(`seed ${seed}, link ${links}: ${process.memoryUsage.rss()} bytes resident`);
    }
    if (!decoded.ok) {
      const { name } = decoded.failure;
      failures.set(name, (failures.get(name) ?? 0) + 1);
      continue;
    }
    accepted++;
    const { descriptor, publisher } = decoded.value;
    if (publisher.key !== publicKey) {
      throw new Error(`seed ${seed}, link ${links}: accepted a forged signature in ${link}`);
    }
    if ((await encodeLink(descriptor, testKey)) !== link) {
      throw new Error(`seed ${seed}, link ${links}: accepted a second spelling, ${link}`);
    }
  }
  return { links, accepted, failures, slowestMs };
}

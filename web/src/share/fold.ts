/**
 * From the changes of a machine to a link that boots to them. The signature is made by whoever has the key:
 * the page's verifier Worker, or the command line.
 */
import { foldBlob } from '../../../descriptor/src/blob.ts';
import { foldLink } from '../../../descriptor/src/encode.ts';
import { LIMITS } from '../../../descriptor/src/limits.ts';
import type { RawEntry } from '../../../descriptor/src/overlay.ts';
import { keyPairFromSeed } from '../../../descriptor/src/sign.ts';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import type { Result } from '../../../descriptor/src/errors.ts';
import { filesOf } from './changes.ts';

/** Where a link of this length can go. */
export type LinkClass = 'chat' | 'docs' | 'long' | 'hosted';

export const CLASS_LIMITS = { chat: 2_000, docs: 8_000, long: LIMITS.linkChars } as const;

/** @param length - characters of the whole address */
export function classOf(length: number): LinkClass {
  if (length <= CLASS_LIMITS.chat) return 'chat';
  if (length <= CLASS_LIMITS.docs) return 'docs';
  return 'long';
}

export interface ShareOptions {
  /** the 32 secret bytes of the key that signs */
  readonly seed: Uint8Array;
  /** keep the files elsewhere even if they fit into the link */
  readonly hosted?: boolean;
  /** encrypt them; they are then kept elsewhere, and the key is in the link alone */
  readonly isPrivate?: boolean;
  /** where they will be; default: overlays/ beside the app */
  readonly from?: readonly string[];
  readonly title?: string;
}

export interface Shared {
  /** "p1…" */
  readonly link: string;
  /** to put where the link says, under its hash as name; absent: everything is in the link */
  readonly hosted?: { readonly hash: string; readonly bytes: Uint8Array };
}

/** The descriptor with the machine's files in place of those that it was opened with. */
function withOverlay(descriptor: Descriptor, overlays: Descriptor['overlays'], title: string | undefined): Descriptor {
  const { overlays: _, title: before, ...rest } = descriptor;
  const named = title ?? before;
  return {
    ...rest,
    ...(named !== undefined && named !== '' && { title: named }),
    ...(overlays !== undefined && { overlays }),
  };
}

/** Failures that only mean that the files are too many for a link. */
const TOO_MUCH = new Set(['link-too-long', 'inflates-past-cap', 'limit-exceeded', 'cbor-too-many-items']);

/**
 * Fold a machine into a link: with its files in it where they fit, else with their hash.
 *
 * @param descriptor - what the machine was opened from
 * @param entries - of selectEntries()
 */
export async function foldMachine(
  descriptor: Descriptor,
  entries: readonly RawEntry[],
  options: ShareOptions,
): Promise<Result<Shared>> {
  const keys = await keyPairFromSeed(options.seed);
  if (entries.length === 0) {
    const link = await foldLink(withOverlay(descriptor, undefined, options.title), keys);
    return link.ok ? { ok: true, value: { link: link.value } } : link;
  }
  if (options.hosted !== true && options.isPrivate !== true) {
    const inline = withOverlay(descriptor, [{ files: filesOf(entries) }], options.title);
    const link = await foldLink(inline, keys);
    if (link.ok) return { ok: true, value: { link: link.value } };
    if (!TOO_MUCH.has(link.failure.name)) return link;
  }
  const { bytes, blob } = await foldBlob(entries, {
    isPrivate: options.isPrivate === true,
    ...(options.from !== undefined && { from: options.from }),
  });
  const link = await foldLink(withOverlay(descriptor, [{ blob }], options.title), keys);
  if (!link.ok) return link;
  return { ok: true, value: { link: link.value, hosted: { hash: blob.hash, bytes } } };
}

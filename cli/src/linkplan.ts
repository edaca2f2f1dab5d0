/** From a link to what a machine needs to start here, under Node. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openBlob } from '../../descriptor/src/blob.ts';
import { decodeLink, linkText } from '../../descriptor/src/decode.ts';
import type { DecodedLink } from '../../descriptor/src/decode.ts';
import type { Descriptor } from '../../descriptor/src/types.ts';
import { unsupportedField } from '../../web/src/boot/features.ts';
import { fetchBytes, loadOverlays } from '../../web/src/boot/overlays.ts';
import { planFromDescriptor } from '../../web/src/boot/plan.ts';
import type { BootPlan } from '../../web/src/boot/types.ts';
import { ROOT } from './layers.ts';
import { CommandError } from './usage.ts';

/** Is this a link, rather than the name of an image? */
export function looksLikeLink(text: string): boolean {
  return /^p[1-9]|#p[1-9]/.test(text);
}

/** @throws CommandError - the link is refused: its failure's name and place */
export async function readLink(text: string): Promise<DecodedLink> {
  const decoded = await decodeLink(linkText(text.trim()));
  if (!decoded.ok) throw new CommandError(`${decoded.failure.name}: ${decoded.failure.message}`);
  const lacks = unsupportedField(decoded.value.descriptor);
  if (lacks !== undefined) throw new CommandError(`unsupported: ${lacks}: this runtime cannot do what it asks for`);
  return decoded.value;
}

/** The address that a link's relative places are resolved against: the folder of the last build. */
const BUILD = pathToFileURL(join(ROOT, 'build', '/')).href;

/** Runs on this checkout's own kernel, whichever runtime the link names: `pleat run` says so. */
export async function planOf(descriptor: Descriptor): Promise<BootPlan> {
  const plan = planFromDescriptor(descriptor, BUILD);
  if (descriptor.overlays === undefined) return plan;
  const overlays = await loadOverlays(descriptor, BUILD, {
    fetch: (url, size) => (url.startsWith('file:') ? readLocal(url) : fetchBytes(url, size)),
    open: openBlob,
  }).catch((error: unknown) => {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  });
  return { ...plan, overlays };
}

function readLocal(url: string): Promise<Uint8Array | undefined> {
  return readFile(fileURLToPath(url)).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
}

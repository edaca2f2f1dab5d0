/** Finding images on this computer: what `pleat image build` left under build/images. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LayerRef } from '../../web/src/boot/types.ts';
import { CommandError } from './usage.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** @param name - of an image under build/images, or the path of a .json file */
export function localLayer(name: string): LayerRef {
  const file = name.endsWith('.json') ? resolve(name) : join(ROOT, 'build', 'images', `${name}.json`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    const build = name.endsWith('.json') ? '' : `; pleat image build ${name === '' ? 'NAME' : name} makes it`;
    throw new CommandError(`there is no image "${name}" (no ${file})${build}`);
  }
  let data: { name?: unknown; root?: unknown; size?: unknown };
  try {
    data = JSON.parse(text) as typeof data;
  } catch {
    throw new CommandError(`${file} is damaged: it is not JSON; pleat image build makes it anew`);
  }
  if (typeof data !== 'object' || data === null || typeof data.name !== 'string' || typeof data.root !== 'string' || typeof data.size !== 'number') {
    throw new CommandError(`${file} does not describe an image: name, root or size is missing`);
  }
  return { name: data.name, root: data.root, size: data.size, from: [`${dirname(file)}/`] };
}

/**
 * What a runtime can do of what links may say. A link that asks for more is refused by the field's
 * name: nothing is ignored. Spec: descriptor/SPEC.md section 5.1.
 */
import type { Descriptor } from '../../../descriptor/src/types.ts';

/** This runtime's. An older one exports its own list; one without a list has none of them. */
export const FEATURES: readonly string[] = [
  'mounts.tmpfs',
  'mounts.layer',
  'mounts.overlay',
  'overlays.files',
  'overlays.blob',
  'panels.terminal',
  'panels.canvas',
  'capabilities.clipboard',
  'clock',
  'pad',
];

/** The layers that one kernel can have, those of mounts included (LAYERS_MAX of kernel/init/main.c). */
const MOST_LAYERS = 128;

/** Each thing that a link asks for, by the feature's name, with the field that asks. */
function* wanted(d: Descriptor): Iterable<readonly [feature: string, where: string]> {
  for (const [i, { type }] of (d.mounts ?? []).entries()) yield [`mounts.${type}`, `mounts[${i}]`];
  for (const [i, { blob }] of (d.overlays ?? []).entries()) {
    yield [blob === undefined ? 'overlays.files' : 'overlays.blob', `overlays[${i}]`];
  }
  for (const [i, { type }] of (d.panels ?? []).entries()) yield [`panels.${type}`, `panels[${i}]`];
  for (const [i, name] of (d.capabilities ?? []).entries()) yield [`capabilities.${name}`, `capabilities[${i}]`];
  if (d.services !== undefined) yield ['services', 'services'];
  if (d.clock !== undefined) yield ['clock', 'clock'];
  if (d.seed !== undefined) yield ['seed', 'seed'];
  if (d.pad !== undefined) yield ['pad', 'pad'];
}

/** @returns the first field that a runtime with these features cannot honour */
export function unsupportedField(descriptor: Descriptor, features: readonly string[] = FEATURES): string | undefined {
  const layers = (descriptor.mounts ?? []).reduce((sum, mount) => sum + (mount.layers?.length ?? 0), 1);
  if (layers + (descriptor.packages?.length ?? 0) > MOST_LAYERS) return 'mounts';
  for (const [feature, where] of wanted(descriptor)) if (!features.includes(feature)) return where;
  return undefined;
}

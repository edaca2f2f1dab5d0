/**
 * From a verified descriptor to what a machine needs to start.
 * Spec: descriptor/SPEC.md section 5.4 for the defaults. Nothing comes from a query parameter.
 */
import type { Boot, Descriptor, Layer, Mount } from '../../../descriptor/src/types.ts';
import type { BootPlan, LayerRef, MountPlan } from './types.ts';

/**
 * Make the boot plan of a link. Which runtime starts it is the caller's decision: open.ts compares
 * the descriptor's with what is published. Overlays come later: loadOverlays() of overlays.ts.
 *
 * @param descriptor - from decodeLink: valid and signed
 * @param appUrl - address of the app; relative base URLs of layers are resolved against it
 */
export function planFromDescriptor(descriptor: Descriptor, appUrl: string): BootPlan {
  const boot: Boot = descriptor.boot ?? {};
  const user = boot.user ?? 'root';
  const tty = boot.tty ?? true;
  const env = { ...defaultEnv(user, tty), ...boot.env };
  return {
    layers: [descriptor.base, ...(descriptor.packages ?? [])].map((l) => layerRef(l, appUrl)),
    argv: boot.cmd === undefined ? (boot.argv ?? []) : ['/bin/sh', '-c', boot.cmd],
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    user,
    cwd: boot.cwd ?? '/',
    tty,
    ...(descriptor.mounts !== undefined && { mounts: descriptor.mounts.map((m) => mountPlan(m, appUrl)) }),
    ...(descriptor.clock !== undefined && { clock: descriptor.clock }),
  };
}

/** The types that FEATURES of features.ts names; others were refused before. */
function mountPlan({ path, type, size, layers }: Mount, appUrl: string): MountPlan {
  if (type === 'opfs' || type === 'archive') throw new Error(`a mount of type ${type} came past the check`);
  return {
    path,
    type,
    ...(size !== undefined && { size }),
    ...(layers !== undefined && { layers: layers.map((l) => layerRef(l, appUrl)) }),
  };
}

/** The environment that a machine gives to its first program; a descriptor's env is laid over it. */
export function defaultEnv(user: string, tty: boolean): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: user === 'root' ? '/root' : `/home/${user}`,
    USER: user,
    LOGNAME: user,
    LANG: 'C.UTF-8',
    ...(tty && { TERM: 'xterm-256color' }),
  };
}

function layerRef(layer: Layer, appUrl: string): LayerRef {
  const from = (layer.from ?? ['images/']).map((url) => new URL(url, appUrl).href);
  return { name: layer.name, root: layer.root, size: layer.size, from };
}

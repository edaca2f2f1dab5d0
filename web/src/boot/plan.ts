/**
 * From a verified descriptor to what a machine needs to start.
 * Spec: descriptor/SPEC.md section 5 for the defaults; nothing here is taken from a query parameter.
 */
import type { Boot, Descriptor, Layer } from '../../../descriptor/src/types.ts';
import type { Failure } from '../../../descriptor/src/errors.ts';
import type { BootPlan, LayerRef } from './types.ts';

export type PlanResult =
  | { readonly ok: true; readonly value: BootPlan }
  | {
      readonly ok: false;
      readonly failure: Failure<'unknown-runtime'>;
      /** what this runtime would start; for a caller whose person agrees to that */
      readonly plan: BootPlan;
    };

/**
 * Make the boot plan of a link.
 *
 * @param runtime - hash of the runtime that is running: 64 hex digits
 * @param appUrl - address of the app; relative base URLs of layers are resolved against it
 * @returns the plan; or unknown-runtime together with the plan if the link was made for another
 *   runtime: the caller decides whether to go on with this one
 */
export function planBoot(descriptor: Descriptor, runtime: string, appUrl: string): PlanResult {
  const boot: Boot = descriptor.boot ?? {};
  const user = boot.user ?? 'root';
  const tty = boot.tty ?? true;
  const env = { ...defaultEnv(user, tty), ...boot.env };
  const plan: BootPlan = {
    layers: [descriptor.base, ...(descriptor.packages ?? [])].map((l) => layerRef(l, appUrl)),
    argv: boot.cmd === undefined ? (boot.argv ?? []) : ['/bin/sh', '-c', boot.cmd],
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    user,
    cwd: boot.cwd ?? '/',
    tty,
  };
  if (descriptor.runtime === runtime) return { ok: true, value: plan };
  const asked = descriptor.runtime.slice(0, 16);
  const message = `runtime: the link was made for runtime ${asked}, this is ${runtime.slice(0, 16)}`;
  return { ok: false, failure: { name: 'unknown-runtime', where: 'runtime', message }, plan };
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

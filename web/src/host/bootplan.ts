import type { BootPlan, LayerRef } from '../boot/types.ts';

/** Bytes that lie in K. */
export interface Placed {
  readonly address: number;
  readonly length: number;
}

/** Every layer of a plan, in the order of the kernel's numbers: the root's, then those of mounts. */
export function layersOfPlan(plan: BootPlan): readonly LayerRef[] {
  return [...plan.layers, ...(plan.mounts ?? []).flatMap((mount) => mount.layers ?? [])];
}

/**
 * The boot plan as text for the kernel; the format is in kernel/init/init.h.
 *
 * @param overlays - where the plan's overlays lie
 */
export function bootText(plan: BootPlan, overlays: readonly Placed[] = []): Uint8Array {
  const lines: string[] = [];
  const add = (key: string, value: string): void => {
    /* Only line ends, other controls and the escape itself need care. */
    const safe = value.replace(
      /[\u0000-\u001f%]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
    lines.push(`${key}=${safe}`);
  };
  for (const layer of layersOfPlan(plan)) add('layer', `${layer.name}:${layer.size}`);
  if (plan.mounts !== undefined) add('rootlayers', String(plan.layers.length));
  for (const { address, length } of overlays) add('overlay', `${address}:${length}`);
  let number = plan.layers.length;
  for (const { type, path, size, layers } of plan.mounts ?? []) {
    const count = layers?.length ?? 0;
    add('mount', `${type}:${type === 'tmpfs' ? (size ?? 0) : number}:${count}:${path}`);
    number += count;
  }
  for (const dir of plan.hostDirs ?? []) add('hostdir', dir.path);
  for (const arg of plan.argv) add('arg', arg);
  for (const env of plan.env) add('env', env);
  for (const option of plan.options ?? []) add('option', option);
  add('user', plan.user);
  add('cwd', plan.cwd);
  add('tty', plan.tty ? '1' : '0');
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
}

import type { BootPlan } from '../boot/types.ts';

/** The boot plan as text for the kernel; the format is in kernel/init/init.h. */
export function bootText(plan: BootPlan): Uint8Array {
  const lines: string[] = [];
  const add = (key: string, value: string): void => {
    /* Only line ends, other controls and the escape itself need care. */
    const safe = value.replace(
      /[\u0000-\u001f%]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
    lines.push(`${key}=${safe}`);
  };
  for (const layer of plan.layers) add('layer', `${layer.name}:${layer.size}`);
  for (const dir of plan.hostDirs ?? []) add('hostdir', dir.path);
  for (const arg of plan.argv) add('arg', arg);
  for (const env of plan.env) add('env', env);
  for (const option of plan.options ?? []) add('option', option);
  add('user', plan.user);
  add('cwd', plan.cwd);
  add('tty', plan.tty ? '1' : '0');
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
}

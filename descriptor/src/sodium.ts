/**
 * libsodium, loaded when first needed: bundlers give it a file of its own.
 */
export type Sodium = (typeof import('libsodium-wrappers'))['default'];

let loading: Promise<Sodium> | undefined;

async function load(): Promise<Sodium> {
  const { default: sodium } = await import('libsodium-wrappers');
  await sodium.ready;
  return sodium;
}

/** @returns libsodium, ready for use; later calls give the same one */
export function loadSodium(): Promise<Sodium> {
  loading ??= load();
  return loading;
}

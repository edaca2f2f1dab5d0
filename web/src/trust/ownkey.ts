/** The person's own keys: made when first needed, brought in and out as text. */
import { decodeBase64url, encodeBase64url } from '../../../descriptor/src/base64url.ts';
import { askVerifier } from '../boot/verifier.ts';
import type { OwnKey } from './records.ts';
import { trustStore } from './store.ts';

/** As `pleat key` writes it to a file. */
const HEAD = 'pleat-secret-key-1 ';

/** The key that shares are signed with: the oldest; made if there is none. */
export async function ownKey(): Promise<OwnKey> {
  const keys = await (await trustStore()).ownKeys();
  const [first] = [...keys].sort((a, b) => a.made - b.made);
  return first ?? (await addKey(crypto.getRandomValues(new Uint8Array(32)), 'My key'));
}

export async function makeKey(name: string): Promise<OwnKey> {
  return await addKey(crypto.getRandomValues(new Uint8Array(32)), name);
}

async function addKey(seed: Uint8Array, name: string): Promise<OwnKey> {
  const { key, short } = await askVerifier<{ readonly key: string; readonly short: string }>({ publicOf: seed });
  const made: OwnKey = { key, short, name, seed, made: Date.now() };
  await (await trustStore()).putOwnKey(made);
  return made;
}

/** The text of a key's file. Whoever has it signs as this person. */
export function exportKey(key: OwnKey): string {
  return `# Whoever has this file signs links as ${key.short}.\n${HEAD}${encodeBase64url(key.seed)}\n`;
}

/** @returns undefined when the text holds no key */
export async function importKey(text: string, name: string): Promise<OwnKey | undefined> {
  const line = text.split('\n').find((each) => each.startsWith(HEAD));
  const seed = line === undefined ? undefined : decodeBase64url(line.slice(HEAD.length).trim());
  if (seed === undefined || !seed.ok || seed.value.length !== 32) return undefined;
  return await addKey(seed.value, name);
}

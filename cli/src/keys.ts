/**
 * The key that links are signed with: a development key of this account, made on first use in the
 * cache folder, or the one that PLEAT_KEY or --key names. The private half stays in its file.
 */
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { decodeBase64url, encodeBase64url } from '../../descriptor/src/base64url.ts';
import { keyPairFromSeed, makeSeed } from '../../descriptor/src/sign.ts';
import type { KeyPair } from '../../descriptor/src/types.ts';
import { keyShortForm } from '../../descriptor/src/verify.ts';
import { CommandError } from './usage.ts';

const HEAD = 'pleat-secret-key-1 ';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the development key lies. */
function developmentKeyFile(env: Environment): string {
  const cache = env['PLEAT_CACHE'] ?? join(env['HOME'] ?? homedir(), '.cache', 'pleat');
  return join(cache, 'keys', 'dev.key');
}

/**
 * The publisher's key pair. Only the development key is made when it is missing.
 *
 * @param file - file named on the command line; undefined: PLEAT_KEY, then the development key
 * @throws CommandError if a named file is missing or no key is in it
 */
export async function loadKeys(env: Environment, file?: string): Promise<KeyPair> {
  const named = file ?? env['PLEAT_KEY'];
  if (named !== undefined && named !== '') return readKeys(named);
  const development = developmentKeyFile(env);
  try {
    await makeKeyFile(development);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `the development key cannot be made (${reason}): set PLEAT_CACHE to a folder that you can write to, or name a key with --key`,
    );
  }
  return readKeys(development);
}

/**
 * Make a key in a file that is not there yet.
 *
 * @param seed - its 32 secret bytes; absent: fresh ones
 * @throws CommandError - there is such a file, or it cannot be made
 */
export async function makeKeys(file: string, seed?: Uint8Array): Promise<KeyPair> {
  if (existsSync(file)) throw new CommandError(`${file} is there already: a key is never written over`);
  try {
    await makeKeyFile(file, seed);
  } catch (error) {
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return readKeys(file);
}

/** The secret bytes in the text of a key's file; undefined: there is none. */
export function seedIn(text: string): Uint8Array | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(HEAD));
  const seed = line === undefined ? undefined : decodeBase64url(line.slice(HEAD.length).trim());
  return seed?.ok === true && seed.value.length === 32 ? seed.value : undefined;
}

/** The text of a key's file: whoever has it signs with the key. */
export function keyText({ publicKey, secretKey }: KeyPair): string {
  const warning = `# Whoever has this file signs links as ${keyShortForm(publicKey)}.\n`;
  return `${warning}${HEAD}${encodeBase64url(secretKey.subarray(0, 32))}\n`;
}

/** mkdir -p. Node's own recursive mkdir does not return where a folder cannot exist, as in /proc. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    /* Another process may have been first. */
    if (!hasCode(error, 'EEXIST') || !statSync(path).isDirectory()) throw error;
  }
}

/** Make the file with a fresh key unless it is there; complete and private from the first moment. */
async function makeKeyFile(file: string, seed?: Uint8Array): Promise<void> {
  if (existsSync(file)) return;
  makeFolder(dirname(file));
  const keys = await keyPairFromSeed(seed ?? (await makeSeed()));
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, keyText(keys), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(fresh, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(fresh);
  }
}

async function readKeys(file: string): Promise<KeyPair> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`the key file cannot be read: ${reason}`);
  }
  const seed = seedIn(text);
  if (seed === undefined) throw new CommandError(`${file} holds no key: a line "${HEAD}..." is wanted`);
  return keyPairFromSeed(seed);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

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
export function developmentKeyFile(env: Environment): string {
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
async function makeKeyFile(file: string): Promise<void> {
  if (existsSync(file)) return;
  makeFolder(dirname(file));
  const seed = await makeSeed();
  const { publicKey } = await keyPairFromSeed(seed);
  const warning = `# Whoever has this file signs links as ${keyShortForm(publicKey)}.\n`;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${warning}${HEAD}${encodeBase64url(seed)}\n`, { mode: 0o600, flag: 'wx' });
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
  const line = text.split('\n').find((candidate) => candidate.startsWith(HEAD));
  const seed = line === undefined ? undefined : decodeBase64url(line.slice(HEAD.length));
  if (seed === undefined || !seed.ok || seed.value.length !== 32) {
    throw new CommandError(`${file} holds no key: a line "${HEAD}..." is wanted`);
  }
  return keyPairFromSeed(seed.value);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

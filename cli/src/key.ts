/**
 * `pleat key`: the publisher's key: its public half for a page that is to trust it, and the making of keys.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { toHex } from '../../descriptor/src/bytes.ts';
import type { KeyPair } from '../../descriptor/src/types.ts';
import { keyShortForm } from '../../descriptor/src/verify.ts';
import { keyText, loadKeys, makeKeys, seedIn } from './keys.ts';
import { CommandError, runCommand } from './usage.ts';

const HELP = `Use: pleat key [make FILE | export | import FILE] [--key FILE] [--hex]

Show the public key that \`pleat link\` signs with. The development key is made when it is missing:
\${PLEAT_CACHE:-\$HOME/.cache/pleat}/keys/dev.key, readable by you alone.

  make FILE    make a fresh key in FILE, which must not be there yet
  export       print the secret key: whoever has it signs as you. The page imports this text
  import FILE  read a secret key from standard input, as the page exports it, into FILE
  --key FILE   the key in FILE (also: PLEAT_KEY=FILE)
  --hex        the 64 hex digits of the public key and nothing else
`;

export function key(args: string[]): Promise<number> {
  return runCommand('key', HELP, args, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { key: { type: 'string' }, hex: { type: 'boolean' } },
    });
    const [act, file, ...more] = positionals;
    const wantsFile = act === 'make' || act === 'import';
    if (more.length > 0 || (act !== undefined && !wantsFile && act !== 'export') || wantsFile !== (file !== undefined)) {
      throw new CommandError(`not understood: ${positionals.join(' ')}`, 2);
    }
    if (act === 'export') {
      process.stdout.write(keyText(await loadKeys(process.env, values.key)));
      return 0;
    }
    let keys: KeyPair;
    if (act === 'make' && file !== undefined) keys = await makeKeys(file);
    else if (file !== undefined) {
      const seed = seedIn(readFileSync(0, 'utf8'));
      if (seed === undefined) throw new CommandError('standard input holds no key: a line "pleat-secret-key-1 ..." is wanted');
      keys = await makeKeys(file, seed);
    } else keys = await loadKeys(process.env, values.key);
    const hex = toHex(keys.publicKey);
    process.stdout.write(values.hex === true ? `${hex}\n` : `${keyShortForm(keys.publicKey)}\ned25519 ${hex}\n`);
    return 0;
  });
}

/**
 * `pleat key`: the public half of the publisher's key, for a page that is to trust it.
 */
import { parseArgs } from 'node:util';
import { toHex } from '../../descriptor/src/bytes.ts';
import { keyShortForm } from '../../descriptor/src/verify.ts';
import { loadKeys } from './keys.ts';
import { runCommand } from './usage.ts';

const HELP = `Use: pleat key [--key FILE] [--hex]

Show the public key that \`pleat link\` signs with. The development key is made when it is missing:
\${PLEAT_CACHE:-\$HOME/.cache/pleat}/keys/dev.key, readable by you alone.

  --key FILE   the key in FILE (also: PLEAT_KEY=FILE)
  --hex        the 64 hex digits and nothing else
`;

export function key(args: string[]): Promise<number> {
  return runCommand('key', HELP, args, async () => {
    const { values } = parseArgs({
      args,
      options: { key: { type: 'string' }, hex: { type: 'boolean' } },
    });
    const { publicKey } = await loadKeys(process.env, values.key);
    const hex = toHex(publicKey);
    const text = values.hex === true ? hex : `${keyShortForm(publicKey)}\ned25519 ${hex}`;
    process.stdout.write(`${text}\n`);
    return 0;
  });
}

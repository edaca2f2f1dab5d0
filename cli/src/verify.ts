/**
 * `pleat verify`: check a link, and say who signed it and what it boots.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { decodeLink, linkText } from '../../descriptor/src/decode.ts';
import type { DecodedLink } from '../../descriptor/src/decode.ts';
import type { Boot, Layer } from '../../descriptor/src/types.ts';
import { CommandError, runCommand } from './usage.ts';

const HELP = `Use: pleat verify LINK

Check a link: a whole URL, its part from # or p1 on, or - for standard input.

Exit status 0: the link is well-formed and its signature is valid; who signed it and what it boots
is printed. That says who made it, not that it is safe.
Exit status 1: the link is refused; the failure's name and place are printed (descriptor/SPEC.md).
Exit status 2: the command line is wrong.

  --json       print the descriptor as JSON
`;

export function verify(args: string[]): Promise<number> {
  return runCommand('verify', HELP, args, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    });
    const [input, ...more] = positionals;
    if (input === undefined || more.length > 0) throw new CommandError('one link is wanted', 2);
    const text = linkText((input === '-' ? readFileSync(0, 'utf8') : input).trim());
    const decoded = await decodeLink(text);
    if (!decoded.ok) {
      const { name, message } = decoded.failure;
      process.stderr.write(`${name}: ${escapeHidden(message)}\n`);
      return 1;
    }
    const { descriptor, publisher } = decoded.value;
    process.stdout.write(
      values.json === true
        ? `${JSON.stringify({ publisher, descriptor }, null, 2)}\n`
        : report(decoded.value, text.length),
    );
    return 0;
  });
}

function report({ descriptor, publisher }: DecodedLink, length: number): string {
  const boot: Boot = descriptor.boot ?? {};
  const rows: [string, string][] = [
    ['signature', `valid, by ${publisher.short} (ed25519 ${publisher.key})`],
    ...(descriptor.title === undefined ? [] : [['title', descriptor.title] as [string, string]]),
    ['runtime', descriptor.runtime],
    ['base', layerLine(descriptor.base)],
    ...(descriptor.packages ?? []).map((l): [string, string] => ['package', layerLine(l)]),
    ['runs', commandLine(boot)],
    ['as', `${boot.user ?? 'root'} in ${boot.cwd ?? '/'}`],
    ...Object.entries(boot.env ?? {}).map(([k, v]): [string, string] => ['env', `${k}=${v}`]),
    ['terminal', boot.tty === false ? 'no' : 'yes'],
    ['length', `${length} characters`],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(10)} ${escapeHidden(value)}`);
  if (descriptor.description !== undefined) {
    const text = descriptor.description.split('\n').map((line) => `    ${escapeHidden(line)}`);
    lines.push('description', ...text);
  }
  return `${lines.join('\n')}\n`;
}

function layerLine(layer: Layer): string {
  const from = (layer.from ?? ['images/']).join(' ');
  return `${layer.name}, ${layer.size} bytes, root ${layer.root}, from ${from}`;
}

function commandLine(boot: Boot): string {
  if (boot.cmd !== undefined) return `sh -c ${quote(boot.cmd)}`;
  if (boot.argv !== undefined) return boot.argv.map(quote).join(' ');
  return "the image's own shell";
}

/** Quote a word for a shell where that is needed. */
function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A link must not drive the reader's terminal: characters that do not show are spelled out. */
function escapeHidden(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/**
 * `pleat link`: describe a machine, sign the description, print the link.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { foldLink } from '../../descriptor/src/encode.ts';
import type { Boot, Descriptor, Layer, PadButton, Panel } from '../../descriptor/src/types.ts';
import { keyShortForm } from '../../descriptor/src/verify.ts';
import { linuxKey } from '../../web/src/ui/keycodes.ts';
import { loadKeys } from './keys.ts';
import { CommandError, runCommand } from './usage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const DEFAULT_URL = 'http://app.pleat.localhost:8437/';

const HELP = `Use: pleat link [OPTIONS] [-- PROGRAM [ARGUMENT...]]

Make a link that boots an image, sign it and print the whole URL.
Without --cmd and PROGRAM the machine starts the image's own shell.

  --base NAME|DIR     image below everything: a name under build/images, or a folder with the
                      image's .json file (default: shell)
  -p, --package NAME  a package's layer over the base; may be given more than once
  --cmd 'STRING'      run sh -c STRING
  --env NAME=VALUE    set a variable; may be given more than once
  --user NAME         user that the program runs as (default: root)
  --cwd PATH          working directory (default: /)
  --no-tty            plain byte streams in place of a terminal
  --title TEXT        one line that the page shows
  --panel TYPE[=TITLE]  what the page shows, the first first: terminal, canvas (a screen that programs
                      draw on); may be given more than once
  --pad LABEL=KEY@X,Y a button for people without a keyboard, and its key for those with one: KEY as
                      KeyboardEvent.code names it (ControlLeft), X 0 to 15 from the left, Y 0 to 7
                      from the top; may be given more than once
  --url PREFIX        address of the app (default: ${DEFAULT_URL})
  --key FILE          sign with the key in FILE (also: PLEAT_KEY=FILE; default: your development key)

The URL goes to standard output; its length and the signer go to standard error.
`;

export function link(args: string[]): Promise<number> {
  return runCommand('link', HELP, args, async () => {
    const split = args.indexOf('--');
    const argv = split < 0 ? [] : args.slice(split + 1);
    const { values } = parseArgs({
      args: split < 0 ? args : args.slice(0, split),
      options: {
        base: { type: 'string', default: 'shell' },
        package: { type: 'string', short: 'p', multiple: true, default: [] },
        cmd: { type: 'string' },
        env: { type: 'string', multiple: true, default: [] },
        user: { type: 'string', default: 'root' },
        cwd: { type: 'string', default: '/' },
        'no-tty': { type: 'boolean', default: false },
        title: { type: 'string', default: '' },
        panel: { type: 'string', multiple: true, default: [] },
        pad: { type: 'string', multiple: true, default: [] },
        url: { type: 'string', default: DEFAULT_URL },
        key: { type: 'string' },
      },
    });
    if (split >= 0 && argv.length === 0) throw new CommandError('no program after --', 2);
    if (values.cmd !== undefined && argv.length > 0) {
      throw new CommandError('--cmd and a program after -- exclude each other', 2);
    }
    const prefix = checkPrefix(values.url);
    const packages = values.package.map(readLayer);
    const panels = values.panel.map(parsePanel);
    const pad = values.pad.map(parsePadButton);
    const boot: Boot = {
      ...(argv.length > 0 && { argv }),
      ...(values.cmd !== undefined && { cmd: values.cmd }),
      ...(values.env.length > 0 && { env: parseEnv(values.env) }),
      ...(values.user !== 'root' && { user: values.user }),
      ...(values.cwd !== '/' && { cwd: values.cwd }),
      ...(values['no-tty'] && { tty: false }),
    };
    const descriptor: Descriptor = {
      runtime: readRuntime(),
      base: readLayer(values.base),
      ...(packages.length > 0 && { packages }),
      ...(Object.keys(boot).length > 0 && { boot }),
      ...(values.title !== '' && { title: values.title }),
      ...(panels.length > 0 && { panels }),
      ...(pad.length > 0 && { pad }),
    };
    const keys = await loadKeys(process.env, values.key);
    const text = await foldLink(descriptor, keys);
    if (!text.ok) throw new CommandError(`${text.failure.name}: ${text.failure.message}`, 2);
    const url = `${prefix}#${text.value}`;
    process.stdout.write(`${url}\n`);
    const signer = keyShortForm(keys.publicKey);
    process.stderr.write(`${url.length} characters, signed by ${signer}\n`);
    return 0;
  });
}

export function checkPrefix(prefix: string): string {
  const url = URL.parse(prefix);
  if (url === null || !/^https?:$/.test(url.protocol) || prefix.includes('#')) {
    throw new CommandError(`--url ${prefix}: must be an http(s) address without #`, 2);
  }
  return prefix;
}

/** "canvas" or "canvas=TITLE" */
function parsePanel(text: string): Panel {
  const [, type, title] = /^(terminal|canvas)(?:=(.+))?$/.exec(text) ?? [];
  if (type !== 'terminal' && type !== 'canvas') throw new CommandError(`--panel ${text}: must be terminal or canvas, or TYPE=TITLE`, 2);
  return title === undefined ? { type } : { type, title };
}

/** "Fire=ControlLeft@14,0" */
function parsePadButton(text: string): PadButton {
  const [, label = '', name = '', x, y] = /^(.+)=(\w+)@(\d+),(\d+)$/.exec(text) ?? [];
  const key = linuxKey(name);
  if (label === '' || key === undefined) throw new CommandError(`--pad ${text}: must be LABEL=KEY@X,Y, as Fire=ControlLeft@14,0`, 2);
  return { label, key, x: Number(x), y: Number(y) };
}

function parseEnv(settings: readonly string[]): Record<string, string> {
  const entries = settings.map((setting): [string, string] => {
    const equals = setting.indexOf('=');
    if (equals < 1) throw new CommandError(`--env ${setting}: must be NAME=VALUE`, 2);
    return [setting.slice(0, equals), setting.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}

/** The layer of a built image: build/images/NAME.json, or the .json file of a folder. */
export function readLayer(name: string): Layer {
  const file = name.includes('/')
    ? imageFileIn(name)
    : join(ROOT, 'build', 'images', `${name}.json`);
  const about = readBuilt(file, `the image ${name}`);
  const { root, size, from } = about;
  const layerName = about['name'];
  if (typeof layerName !== 'string' || typeof root !== 'string' || typeof size !== 'number') {
    throw new CommandError(`${shown(file)}: name, root or size is missing; run ./run again`);
  }
  const urls = Array.isArray(from) ? from.map(String) : ['images/'];
  const standard = urls.length === 1 && urls[0] === 'images/';
  return { name: layerName, root, size, ...(!standard && { from: urls }) };
}

function imageFileIn(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path;
  const files = readdirSync(path).filter((entry) => entry.endsWith('.json'));
  if (files.length === 1) return join(path, files[0]!);
  const found = files.length === 0 ? 'no .json file' : `more than one: ${files.join(', ')}`;
  throw new CommandError(`--base ${path}: one image's .json file is wanted, there is ${found}`, 2);
}

/** Hash of the runtime that the last build made. */
export function readRuntime(): string {
  const file = join(ROOT, 'build', 'runtime.json');
  const { hash } = readBuilt(file, 'the runtime');
  if (typeof hash !== 'string') {
    throw new CommandError(`${shown(file)}: hash is missing; run ./run again`);
  }
  return hash;
}

function readBuilt(file: string, what: string): Partial<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new CommandError(
      `${shown(file)} cannot be read: ${what} was not built yet. Run ./run first.`,
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    /* told below, with the file's name */
  }
  throw new CommandError(`${shown(file)} is not a JSON object; run ./run again`);
}

function shown(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

/**
 * `pleat share`: run a machine, and fold what it has become into a link.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Descriptor } from '../../descriptor/src/types.ts';
import { keyShortForm } from '../../descriptor/src/verify.ts';
import type { KernelHost } from '../../web/src/host/kernelhost.ts';
import { readChanges, selectEntries, usualSelection } from '../../web/src/share/changes.ts';
import type { Change, LeftOut } from '../../web/src/share/changes.ts';
import { classOf, foldMachine } from '../../web/src/share/fold.ts';
import { loadKeys } from './keys.ts';
import { ROOT } from './layers.ts';
import { DEFAULT_URL, checkPrefix, readLayer, readRuntime } from './link.ts';
import { looksLikeLink, planOf, readLink } from './linkplan.ts';
import { runMachine } from './run.ts';
import { CommandError, runCommand } from './usage.ts';

const HELP = `Use: pleat share [OPTIONS] [LINK|IMAGE] [-- PROGRAM [ARGUMENT...]]

Boot a link or an image (default: shell), run PROGRAM in it (default: a shell), and when it has ended print a
link to the machine as it is then: the same layers, and the files that differ. PROGRAM's output goes to standard
error; with --tty it has the terminal.

  -t, --tty           give the program a terminal
  -p, --package NAME  with an image: a package's layer over it; may be given more than once
      --user NAME     with an image: user that the program and the link run as (default: root)
      --cwd PATH      with an image: working directory (default: /)
      --title TEXT    one line that the page shows
      --all           caches, temporary files and histories too
      --without PATH  leave this path out, and what is below it; may be given more than once
      --hosted        keep the files elsewhere even if they fit into the link
      --private       the same, encrypted: the key is in the link alone
      --from URL      base URL where they will be found; may be given more than once (default: overlays/ beside
                      the app)
      --out DIR       where to write them, under their hash (default: build/overlays)
      --put URL       send them there by HTTP PUT: a base URL with / at its end, or a whole address
      --url PREFIX    address of the app (default: ${DEFAULT_URL})
      --key FILE      sign with the key in FILE (also: PLEAT_KEY=FILE; default: your development key)
      --kernel DIR    folder with kernel.wasm (default: build/kernel)
`;

export function share(args: string[]): Promise<number> {
  return runCommand('share', HELP, args, async () => {
    const split = args.indexOf('--');
    const argv = split < 0 ? [] : args.slice(split + 1);
    const { values, positionals } = parseArgs({
      args: split < 0 ? args : args.slice(0, split),
      allowPositionals: true,
      options: {
        tty: { type: 'boolean', short: 't', default: false },
        package: { type: 'string', short: 'p', multiple: true, default: [] },
        user: { type: 'string', default: 'root' },
        cwd: { type: 'string', default: '/' },
        title: { type: 'string' },
        all: { type: 'boolean', default: false },
        without: { type: 'string', multiple: true, default: [] },
        hosted: { type: 'boolean', default: false },
        private: { type: 'boolean', default: false },
        from: { type: 'string', multiple: true },
        out: { type: 'string', default: join(ROOT, 'build', 'overlays') },
        put: { type: 'string' },
        url: { type: 'string', default: DEFAULT_URL },
        key: { type: 'string' },
        kernel: { type: 'string', default: join(ROOT, 'build', 'kernel') },
      },
    });
    const [what = 'shell', ...more] = positionals;
    if (more.length > 0) throw new CommandError('one link or image, please', 2);
    const prefix = checkPrefix(values.url);
    const keys = await loadKeys(process.env, values.key);
    const descriptor = looksLikeLink(what) ? (await readLink(what)).descriptor : describe(what, values);

    const changes = await changesAfter(descriptor, argv, values);
    const selected = selection(changes, values);
    const { entries, leftOut } = selectEntries(changes, selected);
    const shared = await foldMachine(descriptor, entries, {
      seed: keys.secretKey.subarray(0, 32),
      hosted: values.hosted,
      isPrivate: values.private,
      ...(values.from !== undefined && { from: values.from }),
      ...(values.title !== undefined && { title: values.title }),
    });
    if (!shared.ok) throw new CommandError(`${shared.failure.name}: ${shared.failure.message}`);
    const { link, hosted } = shared.value;
    if (hosted !== undefined) await keep(hosted, values.out, values.put);

    const address = `${prefix}#${link}`;
    process.stdout.write(`${address}\n`);
    tell(changes, leftOut);
    const signer = keyShortForm(keys.publicKey);
    process.stderr.write(`${address.length} characters (${CLASS_NAMES[classOf(address.length)]}), signed by ${signer}\n`);
    return 0;
  });
}

const CLASS_NAMES = { chat: 'fits into a chat', docs: 'fits into a document', long: 'long', hosted: 'hosted' } as const;

function describe(
  image: string,
  values: { readonly package: readonly string[]; readonly user: string; readonly cwd: string },
): Descriptor {
  const packages = values.package.map(readLayer);
  const boot = { ...(values.user !== 'root' && { user: values.user }), ...(values.cwd !== '/' && { cwd: values.cwd }) };
  return {
    runtime: readRuntime(),
    base: readLayer(image),
    ...(packages.length > 0 && { packages }),
    ...(Object.keys(boot).length > 0 && { boot }),
  };
}

async function changesAfter(
  descriptor: Descriptor,
  argv: readonly string[],
  { tty, kernel }: { readonly tty: boolean; readonly kernel: string },
): Promise<Change[]> {
  const plan = await planOf(descriptor);
  let list: Uint8Array | undefined;
  let reason = 'the machine did not come to its end';
  const status = await runMachine({ ...plan, tty, ...(argv.length > 0 && { argv }) }, kernel, {
    log: false,
    stats: false,
    trace: undefined,
    outputToErr: !tty,
    ending: async (host: KernelHost) => {
      list = await host.diff().catch((error: unknown) => {
        reason = error instanceof Error ? error.message : String(error);
        return undefined;
      });
    },
  });
  if (list === undefined) throw new CommandError(`${reason} (exit status ${status})`);
  if (status !== 0) process.stderr.write(`the program ended with exit status ${status}\n`);
  return readChanges(list);
}

function selection(changes: readonly Change[], { all, without }: { readonly all: boolean; readonly without: readonly string[] }): Set<string> {
  const selected = all
    ? new Set(changes.filter((change) => change.possible).map(({ path }) => path))
    : usualSelection(changes);
  for (const path of without) {
    const bare = path.replace(/^\/+|\/+$/g, '');
    for (const each of selected) if (each === bare || each.startsWith(`${bare}/`)) selected.delete(each);
  }
  return selected;
}

async function keep(hosted: { readonly hash: string; readonly bytes: Uint8Array }, out: string, put: string | undefined): Promise<void> {
  if (put !== undefined) {
    const url = put.endsWith('/') ? put + hosted.hash : put;
    const response = await fetch(url, { method: 'PUT', body: hosted.bytes as Uint8Array<ArrayBuffer> }).catch((error: unknown) => {
      throw new CommandError(`--put ${url}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (!response.ok) throw new CommandError(`--put ${url}: the server answers ${response.status}`);
    process.stderr.write(`sent ${hosted.bytes.length} bytes to ${url}\n`);
    return;
  }
  mkdirSync(out, { recursive: true });
  const file = join(out, hosted.hash);
  writeFileSync(file, hosted.bytes);
  process.stderr.write(`wrote ${hosted.bytes.length} bytes to ${file}: host it where the link says\n`);
}

const WHY = {
  socket: 'a socket', fifo: 'a pipe', device: 'a device', name: 'its name cannot be written in a link',
  'too-large': 'too large to be listed', temporary: 'temporary', cache: 'a cache', history: 'what was typed',
  unticked: 'left out as asked', parent: 'its directory is left out',
} as const;

function tell(changes: readonly Change[], leftOut: readonly LeftOut[]): void {
  process.stderr.write(`${changes.length - leftOut.length} of ${changes.length} changed paths are in the link\n`);
  for (const { change, reason } of leftOut.slice(0, 20)) {
    process.stderr.write(`left out: /${JSON.stringify(change.path).slice(1, -1)}: ${WHY[reason]}\n`);
  }
  if (leftOut.length > 20) process.stderr.write(`left out: ${leftOut.length - 20} more\n`);
}

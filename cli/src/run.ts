/**
 * `pleat run`: a machine under Node, connected to this terminal or to these pipes.
 */
import { openSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultEnv } from '../../web/src/boot/plan.ts';
import type { BootPlan } from '../../web/src/boot/types.ts';
import { KernelHost } from '../../web/src/host/kernelhost.ts';
import { nodePlatform } from '../../web/src/host/node.ts';
import { ROOT, localLayer } from './layers.ts';
import { looksLikeLink, planOf, readLink } from './linkplan.ts';
import { parseShot, readInput, sendStep, takeShot } from './screen.ts';
import type { InputStep, Shot } from './screen.ts';
import { CommandError, runCommand } from './usage.ts';

const HELP = `Use: pleat run [OPTIONS] [IMAGE|LINK] [-- PROGRAM [ARGUMENT...]]

Boot IMAGE or a link (default: shell) here and run PROGRAM in it (default: a shell), connected to standard
input and output. The exit status is the program's; 128 + signal when it was killed.

  -t, --tty             give the program a terminal
  -p, --package NAME    add a package's layer over the image; may be given more than once
  -v, --volume HOST:PATH  show the folder HOST inside at PATH, read-only; up to 16 times
  -e, --env NAME=VALUE  set a variable; may be given more than once
      --user NAME       user that the program runs as (default: root)
      --cwd PATH        working directory (default: /)
      --kernel DIR      folder with kernel.wasm (default: build/kernel); a link runs on it too, whichever
                        runtime it names
      --option TEXT     a kernel option, shown in /proc/cmdline; may be given more than once
      --fb FILE.png@SECONDS  write the screen to a PNG file, so long after the start; may be given more than once
      --input FILE      keys and mouse from a script; cli/src/screen.ts has its form
      --log             show the kernel log on standard error
      --strace[=SET]    show system calls of every process on standard error: all, or those of SET
                        (names and %classes, commas between; ! in front: all others)
      --strace-to FILE  write them there instead
      --stats           at the end, print what the machine held, as JSON, on standard error
`;

const VOLUMES_MAX = 16; /* HOSTDIRS_MAX of kernel/init/main.c */

export function run(args: string[]): Promise<number> {
  return runCommand('run', HELP, args, async () => {
    const split = args.indexOf('--');
    const argv = split < 0 ? [] : args.slice(split + 1);
    const { values, positionals } = parseArgs({
      /* parseArgs knows no option whose value may be missing. */
      args: (split < 0 ? args : args.slice(0, split)).map((arg) => (arg === '--strace' ? '--strace=' : arg)),
      allowPositionals: true,
      options: {
        tty: { type: 'boolean', short: 't', default: false },
        package: { type: 'string', short: 'p', multiple: true, default: [] },
        volume: { type: 'string', short: 'v', multiple: true, default: [] },
        env: { type: 'string', short: 'e', multiple: true, default: [] },
        user: { type: 'string', default: 'root' },
        cwd: { type: 'string', default: '/' },
        kernel: { type: 'string', default: join(ROOT, 'build', 'kernel') },
        option: { type: 'string', multiple: true, default: [] },
        fb: { type: 'string', multiple: true, default: [] },
        input: { type: 'string' },
        log: { type: 'boolean', default: false },
        strace: { type: 'string' },
        'strace-to': { type: 'string' },
        stats: { type: 'boolean', default: false },
      },
    });
    if (positionals.length > 1) throw new CommandError(`one image, please, not ${positionals.length}`, 2);
    const volumes = values.volume.map(parseVolume);
    if (volumes.length > VOLUMES_MAX) throw new CommandError(`at most ${VOLUMES_MAX} -v, not ${volumes.length}`, 2);
    const env = new Map(Object.entries(defaultEnv(values.user, values.tty)));
    for (const text of values.env) {
      const equals = text.indexOf('=');
      if (equals <= 0) throw new CommandError(`-e ${text}: want NAME=VALUE`, 2);
      env.set(text.slice(0, equals), text.slice(equals + 1));
    }
    const common = {
      ...(argv.length > 0 && { argv }),
      hostDirs: volumes,
      options: [...values.option, ...straceOption(values.strace, values['strace-to'])],
    };
    const show: Show = {
      log: values.log,
      stats: values.stats,
      trace: values['strace-to'],
      shots: values.fb.map(parseShot),
      input: values.input === undefined ? [] : readInput(values.input),
    };
    if (positionals[0] !== undefined && looksLikeLink(positionals[0])) {
      const { descriptor } = await readLink(positionals[0]);
      return await runMachine({ ...(await planOf(descriptor)), ...common, tty: values.tty }, values.kernel, show);
    }
    const plan: BootPlan = {
      layers: [localLayer(positionals[0] ?? 'shell'), ...values.package.map(localLayer)],
      argv,
      env: [...env].map(([name, value]) => `${name}=${value}`),
      user: values.user,
      cwd: values.cwd,
      tty: values.tty,
      hostDirs: volumes,
      options: common.options,
    };
    return await runMachine(plan, values.kernel, show);
  });
}

function straceOption(set: string | undefined, file: string | undefined): string[] {
  if (set === undefined && file === undefined) return [];
  return [set === undefined || set === '' ? 'strace' : `strace=${set}`];
}

function parseVolume(text: string): { host: string; path: string } {
  const colon = text.lastIndexOf(':');
  const host = resolve(text.slice(0, colon));
  const path = text.slice(colon + 1);
  if (colon <= 0 || !path.startsWith('/')) throw new CommandError(`-v ${text}: want HOST:/PATH`, 2);
  if (/^[/.]*$/.test(path)) throw new CommandError(`-v ${text}: it would hide the machine's root; name a folder below /`, 2);
  try {
    if (!statSync(host).isDirectory()) throw new CommandError(`-v ${text}: ${host} is not a folder`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`-v ${text}: there is no folder ${host}`);
  }
  return { host, path };
}

interface Show {
  readonly log: boolean;
  readonly stats: boolean;
  /** where lines of strace go; undefined: standard error */
  readonly trace: string | undefined;
  /** pictures of the screen to take, and events to send, each at its time */
  readonly shots?: readonly Shot[];
  readonly input?: readonly InputStep[];
  /** the machine's output leaves standard output free */
  readonly outputToErr?: boolean;
  /** the machine has halted; it is ended when the promise is kept */
  ending?(host: KernelHost): Promise<void>;
}

function traceFile(path: string | undefined): number {
  if (path === undefined) return 2;
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new CommandError(`--strace-to ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function runMachine(plan: BootPlan, kernelDir: string, show: Show): Promise<number> {
  return new Promise((done, failed) => {
    const platform = nodePlatform(
      kernelDir,
      (plan.hostDirs ?? []).map((dir) => dir.host),
    );
    const told = new Set<string>();
    const trace = traceFile(show.trace);
    let ended = false;
    const end = (status: number): void => {
      if (ended) return;
      ended = true;
      if (plan.tty && process.stdin.isTTY) process.stdin.setRawMode(false);
      process.stdin.destroy();
      done(status);
    };
    const host = new KernelHost(platform, {
      log(line) {
        if (show.log) process.stderr.write(`[${line.ms.toFixed(1).padStart(8)} ms] ${line.text}\n`);
        /* A -v that could not be mounted, say: the program would only see that nothing is there. */
        else if (line.level === 'error' && line.text.startsWith('init: ')) process.stderr.write(`pleat run: ${line.text}\n`);
      },
      trace(text) {
        writeSync(trace, text);
      },
      progress() {},
      booted() {
        schedule(host, show);
      },
      output(console, bytes) {
        const stream = show.outputToErr === true || (console === 2 && !plan.tty) ? process.stderr : process.stdout;
        if (stream.write(bytes)) return undefined;
        return new Promise((drained) => stream.once('drain', drained));
      },
      closed() {},
      imageFailed(error) {
        /* Each reader of a bad chunk meets it anew: told once. */
        if (!told.has(error.message)) process.stderr.write(`pleat run: ${error.message}\n`);
        if (told.size === 0) process.stderr.write(`pleat run: pleat image build ${plan.layers[0]?.name ?? ''} makes it anew\n`);
        told.add(error.message);
        if (!booted) void host.stop().then(() => end(1));
      },
      ...(show.ending !== undefined && { ending: () => show.ending?.(host) ?? Promise.resolve() }),
      halted(status) {
        end(status);
      },
      panic(message) {
        process.stderr.write(`pleat run: kernel panic: ${message}\n`);
        end(70);
      },
    });
    let booted = false;
    /* Whoever read our output is gone: end as a program killed by SIGPIPE does. */
    process.stdout.on('error', () => void host.stop().then(() => end(128 + 13)));
    if (show.stats) {
      process.once('beforeExit', () => process.stderr.write(`${JSON.stringify(host.stats())}\n`));
    }
    connect(host, plan.tty);
    host.start(plan).then(
      () => (booted = true),
      (error: unknown) => {
        void host.stop();
        failed(new CommandError(error instanceof Error ? error.message : String(error)));
      },
    );
  });
}

/** Pictures and events, counted from the start of the boot command. They keep nobody waiting. */
function schedule(host: KernelHost, { shots = [], input = [] }: Show): void {
  for (const shot of shots) {
    const take = (): void => {
      const wrong = takeShot(host, shot);
      if (wrong !== undefined) process.stderr.write(`pleat run: ${wrong}\n`);
    };
    setTimeout(take, shot.seconds * 1000).unref();
  }
  for (const step of input) setTimeout(() => sendStep(host, step), step.seconds * 1000).unref();
}

function connect(host: KernelHost, tty: boolean): void {
  const { stdin, stdout } = process;
  /* Whoever read our output is gone: programs are to get SIGPIPE, a terminal hangs up. */
  stdout.on('error', () => host.close(1));
  process.stderr.on('error', () => host.close(2));
  if (tty) {
    if (stdin.isTTY) stdin.setRawMode(true);
    const size = (): void => host.resize(1, stdout.columns || 80, stdout.rows || 24); /* 0: a pty that nobody sized */
    size();
    stdout.on('resize', size);
  }
  stdin.on('data', (bytes: Uint8Array) => host.write(1, new Uint8Array(bytes)));
  stdin.on('end', () => host.endInput(1));
  stdin.on('error', () => host.endInput(1));
}

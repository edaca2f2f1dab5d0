/**
 * Machines in a browser: opened by a signed link from a local server, as a person does.
 */
import { mkdirSync, mkdtempSync, rmSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext } from 'playwright-core';
import { encodeLink } from '../../descriptor/src/encode.ts';
import { keyPairFromSeed } from '../../descriptor/src/sign.ts';
import type { Layer } from '../../descriptor/src/types.ts';
import { ChromiumTab } from '../../e2e/fixtures/chromium.ts';
import { launchFirefox } from '../../e2e/fixtures/firefox.ts';
import { Machine } from '../../e2e/fixtures/machine.ts';
import { FixtureServer } from '../../e2e/fixtures/server.ts';
import { startServer } from '../../web/serve.ts';
import type { BenchMachine } from './machine.ts';
import { processTree, pssMb } from './memory.ts';
import { ROOT } from './programs.ts';
import type { Programs } from './programs.ts';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps',
];
const BUILD = join(ROOT, 'build');
const HOOK = join(ROOT, 'e2e/fixtures/hook.js');
const JOB_MS = 120_000;

function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

/** What follows the # of a link to the shell image. */
async function fragment(packages: readonly Layer[]): Promise<string> {
  const { root, size } = readJson(join(BUILD, 'images/shell.json'));
  const base = { name: 'shell', root: String(root), size: Number(size) };
  const runtime = String(readJson(join(BUILD, 'runtime.json'))['hash']);
  const keys = await keyPairFromSeed(new Uint8Array(32).fill(0xbe));
  return await encodeLink({ runtime, base, ...(packages.length > 0 ? { packages: [...packages] } : {}) }, keys);
}

/** A Chromium of its own on an empty profile. */
class Profile {
  readonly folder = mkdtempSync(join(tmpdir(), 'pleat-bench-'));
  readonly context: BrowserContext;
  /** the browser's process, found by the profile that it was started with */
  readonly pid: number;

  private constructor(folder: string, context: BrowserContext, pid: number) {
    this.folder = folder;
    this.context = context;
    this.pid = pid;
  }

  static async start(): Promise<Profile> {
    const folder = mkdtempSync(join(tmpdir(), 'pleat-bench-'));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: FLAGS,
      viewport: { width: 1024, height: 700 },
    });
    const main = processTree(process.pid).find(
      (each) => each.command.includes(`--user-data-dir=${folder}`) && !each.command.includes('--type='),
    );
    if (main === undefined) throw new Error('the browser that was started is not to be found');
    return new Profile(folder, context, main.pid);
  }

  /** MB of the process that runs the tab: of those for pages the largest, the others hold none. */
  tabMb(): number {
    const found = processTree(this.pid).filter((each) => each.command.includes('--type=renderer'));
    return Math.max(0, ...found.map(({ pid }) => pssMb(pid)));
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class BrowserMachine implements BenchMachine {
  readonly host: 'chromium' | 'firefox';
  readonly #machine: Machine;
  readonly #memory: () => number;
  readonly #close: () => Promise<void>;

  constructor(host: 'chromium' | 'firefox', machine: Machine, memory: () => number, close: () => Promise<void>) {
    this.host = host;
    this.#machine = machine;
    this.#memory = memory;
    this.#close = close;
  }

  async run(command: string): Promise<string> {
    const { out, status } = await this.#machine.run(command, { ms: JOB_MS });
    if (status !== 0) throw new Error(`${command}: status ${status}: ${out}`);
    return out;
  }

  async hold(command: string, until: RegExp): Promise<string> {
    const from = await this.#machine.length();
    await this.#machine.feed(`${command}\r`);
    return (await this.#machine.text(until.source, from)).text;
  }

  async release(): Promise<void> {
    const from = await this.#machine.length();
    await this.#machine.feed('\x04');
    await this.#machine.prompt(from);
  }

  memory(): Promise<number> {
    return Promise.resolve(this.#memory());
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** A machine at its prompt in a tab of Chromium. */
export async function bootChromium(programs: Programs): Promise<BenchMachine> {
  const server = await FixtureServer.start(BUILD, programs.layers);
  const profile = await Profile.start();
  const page = await profile.context.newPage();
  const machine = new Machine(new ChromiumTab(page));
  await machine.boot(`${server.url}#${await fragment([programs.layer])}`);
  return new BrowserMachine('chromium', machine, () => profile.tabMb(), async () => {
    await profile.close();
    await server.close();
  });
}

/** A machine at its prompt in a tab of Firefox. */
export async function bootFirefox(programs: Programs): Promise<BenchMachine> {
  const server = await FixtureServer.start(BUILD, programs.layers);
  const driver = await launchFirefox();
  const machine = new Machine(await driver.newTab());
  await machine.boot(`${server.url}#${await fragment([programs.layer])}`);
  return new BrowserMachine('firefox', machine, () => 0, async () => {
    await driver.close();
    await server.close();
  });
}

export interface LinkTimes {
  readonly cold: number[];
  readonly warm: number[];
}

/** From the start of the navigation to the frame in which the terminal shows the prompt. */
async function open(context: BrowserContext, link: string): Promise<number> {
  const page = await context.newPage();
  await page.addInitScript({ path: HOOK });
  await page.goto(link, { waitUntil: 'commit' });
  const at = await page.evaluate<number>(`(async () => {
    await e2e.until(() => (/# ?$/.test(e2e.screen()) ? true : undefined), ${JOB_MS}, 'a prompt on the screen');
    return await new Promise((done) => requestAnimationFrame(() => done(performance.now())));
  })()`);
  await page.close();
  return at;
}

/**
 * Open the link in a browser that never saw it, then again in the same one.
 *
 * @param rounds - new profiles
 */
export async function measureLinks(rounds: number): Promise<LinkTimes> {
  mkdirSync(BUILD, { recursive: true });
  const server = await startServer({ web: join(BUILD, 'web'), images: join(BUILD, 'images'), port: 0 });
  const link = `${server.url}?webgl#${await fragment([])}`;
  const times: LinkTimes = { cold: [], warm: [] };
  try {
    for (let round = 0; round < rounds; round++) {
      const profile = await Profile.start();
      try {
        times.cold.push(await open(profile.context, link));
        for (let again = 0; again < 3; again++) times.warm.push(await open(profile.context, link));
      } finally {
        await profile.close();
      }
    }
  } finally {
    await server.close();
  }
  return times;
}

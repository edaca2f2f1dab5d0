/**
 * End-to-end tests: node e2e/main.ts --browser chromium|firefox|webkit [--spec NAME] [--grep TEXT] [--build DIR]
 *
 * Opens signed links in a real browser against a real server. One user-visible promise a test. The
 * last line is "N passed, N failed". What a failed test looked like is left in build/e2e/<browser>/.
 */
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { toHex } from '../descriptor/src/bytes.ts';
import { encodeLink } from '../descriptor/src/encode.ts';
import { keyPairFromSeed } from '../descriptor/src/sign.ts';
import type { Descriptor, Layer } from '../descriptor/src/types.ts';
import type { Driver, Tab } from './fixtures/driver.ts';
import { buildTestLayer } from './fixtures/layer.ts';
import { Machine } from './fixtures/machine.ts';
import { tests } from './fixtures/registry.ts';
import type { Bench, BrowserName, Test } from './fixtures/registry.ts';
import { FixtureServer } from './fixtures/server.ts';

const TEST_MS = 240_000;

const { values } = parseArgs({
  options: {
    browser: { type: 'string', default: 'chromium' },
    grep: { type: 'string', default: '' },
    spec: { type: 'string', default: '*' },
    build: { type: 'string', default: resolve(import.meta.dirname, '../build') },
    list: { type: 'boolean', default: false },
  },
});

async function launch(browser: string): Promise<Driver> {
  switch (browser) {
    case 'chromium':
      return (await import('./fixtures/chromium.ts')).launchChromium();
    case 'firefox':
      return (await import('./fixtures/firefox.ts')).launchFirefox();
    case 'webkit':
      return (await import('./fixtures/webkit.ts')).launchWebKit();
    default:
      throw new Error(`--browser ${browser}: chromium, firefox or webkit`);
  }
}

function readJson(file: string): Record<string, unknown> {
  if (!existsSync(file)) throw new Error(`there is no ${file}: run ./run --build-only first`);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

function readLayer(build: string, name: string): Layer {
  const { root, size } = readJson(join(build, 'images', `${name}.json`));
  return { name, root: String(root), size: Number(size) };
}

async function makeBench(build: string, browser: BrowserName) {
  const layer = await buildTestLayer(build);
  const base = readLayer(build, 'shell');
  const runtime = String(readJson(join(build, 'runtime.json'))['hash']);
  const keys = await keyPairFromSeed(new Uint8Array(32).fill(0xe2));
  const driver = await launch(browser);

  const runOne = async (test: Test): Promise<string[]> => {
    const server = await FixtureServer.start(build, join(build, 'e2e', 'images'));
    server.publisher = toHex(keys.publicKey);
    const notes: string[] = [];
    const tabs: Tab[] = [];
    const machines: Machine[] = [];
    const link = async (change: Partial<Descriptor> = {}): Promise<string> =>
      `${server.url}#${await encodeLink({ runtime, base, ...change }, keys)}`;
    const tab: Bench['tab'] = async (options) => {
      const opened = await driver.newTab(options);
      tabs.push(opened);
      return opened;
    };
    const machine: Bench['machine'] = async (options) => {
      const opened = await tab(options);
      const made = new Machine(opened);
      machines.push(made);
      return { machine: made, tab: opened };
    };
    const boot: Bench['boot'] = async (change = {}, options = {}) => {
      const { machine: made } = await machine(options);
      await made.boot(await link(change));
      return made;
    };
    const bench: Bench = {
      browser, server, build, layer, base, runtime, link,
      image: (name) => readLayer(build, name),
      tab, machine, boot,
      note: (text) => void notes.push(text),
    };
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`not done in ${TEST_MS / 1000} s`)), TEST_MS);
    try {
      await Promise.race([test.body(bench), late.promise]);
    } catch (error) {
      for (const each of machines) {
        const asked = server.asked.map(({ status, method, path, range }) => `${status} ${method} ${path} ${range ?? ''}`);
        const files = await each.attach(join(build, 'e2e', browser), test.name, `asked:\n${asked.join('\n')}`);
        notes.push(...files.map((file) => `see ${file}`));
      }
      throw Object.assign(error instanceof Error ? error : new Error(String(error)), { notes });
    } finally {
      clearTimeout(timer);
      for (const each of tabs) await each.close().catch(() => undefined);
      await server.close();
    }
    return notes;
  };
  return { driver, runOne };
}

async function main(): Promise<number> {
  const build = resolve(values.build);
  const browser = values.browser as BrowserName;
  for (const file of globSync(`${values.spec}.spec.ts`, { cwd: import.meta.dirname }).sort()) {
    await import(join(import.meta.dirname, file));
  }
  const chosen = tests.filter((test) => test.browsers.includes(browser) && test.name.includes(values.grep));
  const isBuilt = ({ image }: Test): boolean => image === undefined || existsSync(join(build, 'images', `${image}.json`));
  const wanted = chosen.filter(isBuilt);
  const skipped = chosen.filter((test) => !isBuilt(test));
  if (values.list) {
    for (const test of chosen) console.log(test.name);
    return 0;
  }
  if (wanted.length > 1) rmSync(join(build, 'e2e', browser), { recursive: true, force: true });
  const { driver, runOne } = await makeBench(build, browser);
  console.log(`${driver.name} ${driver.version}: ${wanted.length} tests`);
  for (const { name, image } of skipped) console.log(`[skipped] ${name}: the image ${image} is not built; ./run --with ${image} builds it`);
  let failed = 0;
  try {
    for (const [at, test] of wanted.entries()) {
      const start = performance.now();
      const head = (): string => `[${at + 1}/${wanted.length}] ${test.name} (${((performance.now() - start) / 1000).toFixed(1)} s)`;
      try {
        const notes = await runOne(test);
        console.log(`${head()}: passed`);
        for (const note of notes) console.log(`    ${note}`);
      } catch (error) {
        failed++;
        console.log(`${head()}: FAILED`);
        const { stack, notes } = error as Error & { notes?: string[] };
        console.log(`    ${(stack ?? String(error)).split('\n').slice(0, 12).join('\n    ')}`);
        for (const note of notes ?? []) console.log(`    ${note}`);
      }
    }
  } finally {
    await driver.close();
  }
  console.log(`${wanted.length - failed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  return failed === 0 && chosen.length > 0 ? 0 : 1;
}

process.exit(await main());

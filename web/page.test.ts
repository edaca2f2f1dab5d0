/**
 * The built page in Chromium, with a runtime of a few lines in place of the kernel: what happens
 * before a machine starts, on hosts with and without the isolation headers.
 * The machine itself is tested in e2e/.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { toHex } from '../descriptor/src/bytes.ts';
import { encodeLink } from '../descriptor/src/encode.ts';
import { keyPairFromSeed } from '../descriptor/src/sign.ts';
import type { Descriptor } from '../descriptor/src/types.ts';
import { publisherOf } from '../descriptor/src/verify.ts';
import { buildPage } from './build.ts';
import { startServer } from './serve.ts';
import type { RunningServer } from './serve.ts';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const VECTORS = new URL('../descriptor/testkit/vectors/', import.meta.url);

/** A machine that runs at once, repeats what is typed, and refuses the user "nobody". */
const FAKE_RUNTIME = `
export async function startMachine(plan, options) {
  globalThis.started = { user: plan.user, root: plan.layers[0].root, runtime: String(options.runtime) };
  if (plan.user === 'nobody') {
    throw Object.assign(new Error('layer base: file not found'), { name: 'MachineError', code: 'missing-image' });
  }
  let output;
  const bootConsole = {
    number: 1,
    onOutput: (listener) => { output = listener; output(new TextEncoder().encode('ready ')); },
    onClosed() {}, resize() {}, close() {},
    write(bytes) { globalThis.typed = (globalThis.typed ?? '') + new TextDecoder().decode(bytes); output(bytes); },
  };
  return {
    state: { kind: 'running', chunks: 3, bytes: 4096 }, bootConsole,
    onState() {}, onLog(listener) { listener({ ms: 1, level: 'info', text: 'init: hello' }); },
    async openConsole() { throw new Error('none'); },
    async stop() { globalThis.stops = (globalThis.stops ?? 0) + 1; },
  };
}
`;

let folder: string;
let runtime: string;
let isolating: RunningServer;
let bare: RunningServer;
let browser: Browser;

/** The folder r/<hash>/ of a runtime whose machine.js is `source`. */
async function publishRuntime(source: string): Promise<string> {
  const sum = createHash('sha256').update(source).digest('hex');
  const manifest = JSON.stringify({ runtime: 1, files: { 'machine.js': sum } });
  const hash = createHash('sha256').update(manifest).digest('hex');
  await mkdir(`${folder}/r/${hash}`, { recursive: true });
  await writeFile(`${folder}/r/${hash}/runtime.json`, manifest);
  await writeFile(`${folder}/r/${hash}/machine.js`, source);
  return hash;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pleat-page-'));
  runtime = await publishRuntime(FAKE_RUNTIME);
  await buildPage(folder, runtime, [toHex((await keyPairFromSeed(new Uint8Array(32).fill(7))).publicKey)]);
  const folders = { web: folder, images: folder, port: 0 };
  isolating = await startServer(folders);
  bare = await startServer({ ...folders, isolate: false });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
});

after(async () => {
  await browser?.close();
  await isolating?.close();
  await bare?.close();
  await rm(folder, { recursive: true });
});

async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function makeLink(change: Partial<Descriptor> = {}): Promise<string> {
  const keys = await keyPairFromSeed(new Uint8Array(32).fill(7));
  const base = { name: 'base', root: 'ab'.repeat(32), size: 4096 };
  return encodeLink({ runtime, base, title: 'A test machine', ...change }, keys);
}

async function vector(name: string): Promise<string> {
  const text = await readFile(new URL(name, VECTORS), 'utf8');
  return text.slice(text.indexOf('\n\n') + 2, -1);
}

/** The failure that the page shows, and whether anything was started all the same. */
async function failureAt(page: Page): Promise<{ failure: string | null; started: boolean }> {
  const shown = page.getByTestId('error-page');
  await shown.waitFor();
  const started = await page.evaluate(() => 'started' in globalThis);
  return { failure: await shown.getAttribute('data-failure'), started };
}

test('a good link boots: verified, planned, started on the runtime that it names', async () => {
  const page = await visit(`${isolating.url}#${await makeLink({ boot: { user: 'ada' } })}`);
  await page.locator('[data-testid=state][data-state=running]').waitFor();
  assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, 'started')), {
    user: 'ada',
    root: 'ab'.repeat(32),
    runtime: `${isolating.url}r/${runtime}/`,
  });
  const keys = await keyPairFromSeed(new Uint8Array(32).fill(7));
  assert.equal(await page.getByTestId('publisher').textContent(), publisherOf(keys.publicKey).short);
  assert.equal(await page.title(), 'A test machine · Pleat');
  await page.context().close();
});

test('key strokes from the first moment on reach the machine in order', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${isolating.url}#${await makeLink()}`, { waitUntil: 'commit' });
  await page.locator('body').waitFor({ state: 'attached' });
  for (let i = 0; i < 26; i++) await page.keyboard.press(String.fromCharCode(97 + i));
  await page.locator('.xterm-helper-textarea:focus').waitFor();
  await page.keyboard.type(' end');
  await page.waitForFunction(() => String(Reflect.get(globalThis, 'typed')).endsWith(' end'));
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'typed')), 'abcdefghijklmnopqrstuvwxyz end');
  await context.close();
});

test('stop ends the machine, restart starts another', async () => {
  const page = await visit(`${isolating.url}#${await makeLink()}`);
  await page.locator('[data-state=running]').waitFor();
  await page.getByTestId('stop').click();
  await page.locator('[data-state=ended]').waitFor();
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stops')), 1);
  await page.getByTestId('restart').click();
  await page.locator('[data-state=running]').waitFor();
  await page.evaluate(() => (location.hash = '#/'));
  await page.getByTestId('start').waitFor();
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stops')), 2);
  await page.context().close();
});

for (const name of [
  'deflate-truncated-half', 'base64-plus', 'deflate-bomb', 'base64-length', 'envelope-unsigned', 'cbor-tag',
  'field-layer-field',
]) {
  test(`the test vector ${name} shows the page of its failure and starts nothing`, async () => {
    const expected = /^expect: (.*)$/m.exec(await readFile(new URL(name, VECTORS), 'utf8'))?.[1];
    const page = await visit(`${isolating.url}#${await vector(name)}`);
    assert.deepEqual(await failureAt(page), { failure: expected, started: false });
    await page.context().close();
  });
}

test('a link of another version, and text that is no link, have their pages', async () => {
  const page = await visit(`${isolating.url}#p2AAAA`);
  assert.deepEqual(await failureAt(page), { failure: 'unknown-version', started: false });
  await page.goto(`${isolating.url}#section-3`);
  await page.locator('[data-failure=not-a-link]').waitFor();
  await page.context().close();
});

test('links whose signature is wrong start nothing', async () => {
  const expected = 'bad-signature';
  let checked = 0;
  for (const name of await readdir(VECTORS)) {
    if (!(await readFile(new URL(name, VECTORS), 'utf8')).startsWith(`expect: ${expected}\n`)) continue;
    const page = await visit(`${isolating.url}#${await vector(name)}`);
    assert.deepEqual(await failureAt(page), { failure: expected, started: false }, name);
    await page.context().close();
    if (++checked === 2) break;
  }
  assert.equal(checked, 2);
});

test('an unknown runtime is refused by name, and the page’s own one is used when the person says so', async () => {
  const page = await visit(`${isolating.url}#${await makeLink({ runtime: 'cd'.repeat(32) })}`);
  assert.deepEqual(await failureAt(page), { failure: 'unknown-runtime', started: false });
  await page.getByTestId('own-runtime').click();
  await page.locator('[data-state=running]').waitFor();
  await page.context().close();
});

test('an older runtime that the site keeps is the one that runs', async () => {
  const older = await publishRuntime(`${FAKE_RUNTIME}/* older */`);
  const page = await visit(`${isolating.url}#${await makeLink({ runtime: older })}`);
  await page.locator('[data-state=running]').waitFor();
  const started = await page.evaluate(() => Reflect.get(globalThis, 'started') as { runtime: string });
  assert.equal(started.runtime, `${isolating.url}r/${older}/`);
  await page.context().close();
});

test('a runtime that is not what its name says is refused', async () => {
  const forged = 'ef'.repeat(32);
  await mkdir(`${folder}/r/${forged}`, { recursive: true });
  await writeFile(`${folder}/r/${forged}/runtime.json`, '{}');
  await writeFile(`${folder}/r/${forged}/machine.js`, FAKE_RUNTIME);
  const page = await visit(`${isolating.url}#${await makeLink({ runtime: forged })}`);
  assert.deepEqual(await failureAt(page), { failure: 'unknown-runtime', started: false });
  await page.context().close();
});

test('a machine without its image shows the page of the missing image', async () => {
  const page = await visit(`${isolating.url}#${await makeLink({ boot: { user: 'nobody' } })}`);
  assert.equal((await failureAt(page)).failure, 'missing-image');
  assert.match((await page.getByTestId('error-page').textContent()) ?? '', /layer base: file not found/);
  await page.context().close();
});

test('a host with the headers needs no service worker', async () => {
  const page = await visit(isolating.url);
  await page.getByTestId('start').waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  await page.context().close();
});

test('a host without the headers is made isolated by one reload, and the link boots', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let loads = 0;
  page.on('domcontentloaded', () => loads++);
  const link = await makeLink();
  await page.goto(`${bare.url}#${link}`);
  await page.locator('[data-state=running]').waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  assert.equal(loads, 2);
  assert.equal(new URL(page.url()).hash, `#${link}`);
  await page.reload();
  await page.locator('[data-state=running]').waitFor();
  assert.equal(loads, 3);
  await context.close();
});

test('the page’s policy lets its own scripts and Workers run, and no other', async () => {
  const page = await visit('about:blank');
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) refused.push(message.text());
  });
  await page.goto(`${isolating.url}#${await makeLink()}`);
  await page.locator('[data-state=running]').waitFor();
  assert.deepEqual(refused, []);
  const answer = await page.evaluate(async () => {
    const told = new Promise<string>((done) => {
      addEventListener('securitypolicyviolation', (event) => done((event as SecurityPolicyViolationEvent).violatedDirective), { once: true });
    });
    const script = document.createElement('script');
    script.textContent = 'globalThis.injected = true';
    document.head.append(script);
    return [await told, Reflect.has(globalThis, 'injected')];
  });
  assert.deepEqual(answer, ['script-src-elem', false]);
  await page.context().close();
});

test('a range through the service worker stays a range', async () => {
  await writeFile(`${folder}/range.pack`, '0123456789');
  const page = await visit(bare.url);
  await page.waitForFunction(() => crossOriginIsolated);
  const answer = await page.evaluate(async () => {
    const response = await fetch('./range.pack', { headers: { Range: 'bytes=2-4' } });
    return [response.status, response.headers.get('Content-Range'), await response.text()];
  });
  assert.deepEqual(answer, [206, 'bytes 2-4/10', '234']);
  await page.context().close();
});

test('without headers and service workers the page says that it cannot share memory', async () => {
  const page = await visit(`${bare.url}#${await makeLink()}`, { serviceWorkers: 'block' });
  assert.deepEqual(await failureAt(page), { failure: 'not-isolated', started: false });
  await page.context().close();
});

test('the main thread’s modules are under 150 kB gzip before xterm.js', async () => {
  const html = await readFile(`${folder}/index.html`, 'utf8');
  const names = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] ?? '');
  assert.ok(names.length > 0);
  let bytes = gzipSync(html).length;
  for (const name of names) bytes += gzipSync(await readFile(`${folder}/${name}`)).length;
  console.log(`page: ${bytes} bytes gzip before xterm.js`);
  assert.ok(bytes < 150_000);
});

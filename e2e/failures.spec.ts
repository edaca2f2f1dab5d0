/** Every way in which a link or its machine is wrong has a page of its own, and nothing half boots. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { damageChunk, dataBytes, readChunks } from './fixtures/layer.ts';
import { createHash } from 'node:crypto';
import { inChromium } from './fixtures/registry.ts';
import type { Bench } from './fixtures/registry.ts';
import type { ChromiumTab } from './fixtures/chromium.ts';

const VECTORS = join(import.meta.dirname, '../descriptor/testkit/vectors');

interface Shown {
  readonly failure: string | null;
  readonly text: string;
  readonly where: string;
  readonly tab: ChromiumTab;
}

/** Open an address whose machine must not start; @returns the page that is shown instead. */
async function refused(bench: Bench<ChromiumTab>, url: string): Promise<Shown> {
  const { machine, tab } = await bench.machine();
  await tab.goto(url);
  const page = tab.page.getByTestId('error-page');
  await page.waitFor();
  assert.equal(await machine.tab.evaluate('document.querySelector("[data-testid=machine]")'), null);
  const cell = (row: string) => page.locator('tr', { has: tab.page.locator('th', { hasText: row }) }).locator('td').innerText();
  const text = await page.innerText();
  for (const part of ['What happened', 'What it means', 'What to do']) assert.match(text, new RegExp(part, 'i'));
  assert.equal(await cell('Failure'), await page.getAttribute('data-failure'));
  return { failure: await page.getAttribute('data-failure'), text, where: await cell('Where'), tab };
}

function vector(name: string): { link: string; where: string | undefined } {
  const text = readFileSync(join(VECTORS, name), 'utf8');
  const where = /^where: (.*)$/m.exec(text)?.[1];
  return { link: text.slice(text.indexOf('\n\n') + 2, -1), where };
}

const OF_THE_LINK = [
  ['a truncated link', 'deflate-truncated-half', 'truncated'],
  ['a link that is not base64url', 'base64-plus', 'not-base64url'],
  ['a link that inflates without end', 'deflate-bomb', 'inflates-past-cap'],
  ['a link of an unknown version', 'link-version-2', 'unknown-version'],
  ['a link with an unknown field', 'field-boot-field', 'unknown-field'],
  ['a link with a bad signature', 'signature-last-byte', 'bad-signature'],
  ['an unsigned link', 'envelope-unsigned', 'unsigned'],
] as const;

for (const [what, file, failure] of OF_THE_LINK) {
  inChromium(`${what} has its own page, and nothing is fetched for it`, async (bench) => {
    const { link, where } = vector(file);
    const shown = await refused(bench, `${bench.server.url}#${link}`);
    assert.equal(shown.failure, failure);
    assert.notEqual(shown.where, '');
    if (where !== undefined) assert.equal(shown.where, where);
    assert.deepEqual(bench.server.asked.filter((each) => each.path.startsWith('/images/')), []);
    assert.equal(await shown.tab.evaluate('e2e.machines'), 0);
  });
}

inChromium('a link whose last character was cut off has a page', async (bench) => {
  const shown = await refused(bench, (await bench.link()).slice(0, -1));
  assert.match(shown.failure ?? '', /^(truncated|bad-length|pad-bits|bad-deflate|not-canonical|trailing-bytes)$/);
});

inChromium('a missing image has its own page, and boots once it is there', async (bench) => {
  bench.server.faults = { missing: /^\/images\// };
  const { failure, text, tab } = await refused(bench, await bench.link());
  assert.equal(failure, 'missing-image');
  assert.match(text, /shell/);
  bench.server.faults = {};
  await tab.page.getByTestId('retry').click();
  await tab.page.locator('[data-state=running]').waitFor({ timeout: 60_000 });
});

inChromium('an index that is not the signed one has the page of a wrong hash', async (bench) => {
  bench.server.faults = { damage: [{ file: `${bench.base.root}.idx`, at: 60, bytes: new Uint8Array([0x5a, 0xa5]) }] };
  const { failure, text } = await refused(bench, await bench.link());
  assert.equal(failure, 'hash-mismatch');
  assert.match(text, /[0-9a-f]{64}.*[0-9a-f]{64}/s);
});

inChromium('a corrupted chunk of the boot has the page of a wrong hash, with chunk and both hashes', async (bench) => {
  const { chunks, trace } = readChunks(join(bench.build, 'images'), bench.base);
  const chunk = chunks[trace[0] ?? 0] ?? assert.fail('no chunk');
  const { damage, got } = damageChunk(bench.base, chunk);
  bench.server.faults = { damage: [damage] };
  const { failure, text, tab } = await refused(bench, await bench.link());
  assert.equal(failure, 'hash-mismatch');
  for (const part of ['shell', `chunk ${chunk.n} `, chunk.hash, got]) assert.ok(text.includes(part), `${part} in: ${text}`);
  bench.server.faults = {};
  await tab.page.getByTestId('retry').click();
  await tab.page.locator('[data-state=running]').waitFor({ timeout: 60_000 });
});

inChromium('a link for a runtime that the site has not has its own page, and runs on the own one if wanted', async (bench) => {
  const { failure, text, tab } = await refused(bench, await bench.link({ runtime: 'ab'.repeat(32) }));
  assert.equal(failure, 'unknown-runtime');
  assert.ok(text.includes('ab'.repeat(32)));
  await tab.page.getByTestId('own-runtime').click();
  await tab.page.locator('[data-state=running]').waitFor({ timeout: 60_000 });
});

inChromium('a browser without SharedArrayBuffer has its own page', async (bench) => {
  const { tab } = await bench.machine();
  await tab.page.addInitScript('delete globalThis.SharedArrayBuffer');
  await tab.goto(await bench.link());
  const page = tab.page.getByTestId('error-page');
  await page.waitFor();
  assert.equal(await page.getAttribute('data-failure'), 'no-shared-memory');
});

inChromium('a page that cannot be isolated has its own page', async (bench) => {
  bench.server.faults = { bare: true, missing: /^\/sw\.js$/ };
  const { failure } = await refused(bench, await bench.link());
  assert.equal(failure, 'not-isolated');
});

inChromium('a chunk corrupted after the boot is EIO and a log line with layer, chunk and both hashes; a retry reads it', async (bench) => {
  const folder = join(bench.build, 'e2e/images');
  const data = dataBytes();
  const { chunks } = readChunks(folder, bench.layer);
  const middle = Buffer.from(data.subarray(data.length / 2, data.length / 2 + 64));
  const inside = chunks.find((each) => Buffer.from(each.plain).includes(middle)) ?? assert.fail('no chunk of the data');
  const machine = await bench.boot({ packages: [bench.layer] });
  /* stored bytes: one changed bit still inflates */
  const damage = { file: `${bench.layer.root}.pack`, at: inside.offset + 4096, bytes: new Uint8Array([(inside.packed[4096] ?? 0) ^ 1]) };
  bench.server.faults = { damage: [damage] };
  const broken = await machine.run('cat /opt/e2e/data.bin > /tmp/copy; echo "status $?"');
  assert.match(broken.out, /Input\/output error|I\/O error/);
  assert.match(broken.out, /status 1\n/);
  /* not one wrong byte */
  const read = Number((await machine.run('wc -c < /tmp/copy')).out);
  const right = createHash('sha256').update(data.subarray(0, read)).digest('hex');
  assert.ok(read < data.length);
  assert.equal((await machine.run('sha256sum < /tmp/copy')).out.slice(0, 64), right);
  await machine.tab.evaluate("document.querySelector('[data-testid=log-toggle]').click()");
  await machine.element('[data-testid=log]');
  const lines = await machine.tab.evaluate<string[]>("[...document.querySelectorAll('[data-testid=log] li')].map((each) => each.textContent)");
  const line = lines.find((text) => text.includes(inside.hash)) ?? '';
  assert.match(line, new RegExp(`layer e2e: chunk ${inside.n} .*${inside.hash}.*[0-9a-f]{64}`));
  assert.equal(await machine.tab.evaluate('document.querySelector("[data-testid=state]").dataset.state'), 'running');

  bench.server.faults = {};
  const whole = createHash('sha256').update(data).digest('hex');
  assert.equal((await machine.run('sha256sum < /opt/e2e/data.bin')).out.slice(0, 64), whole);
});

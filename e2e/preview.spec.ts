/** Links of publishers that nobody here trusts yet. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { encodeLink } from '../descriptor/src/encode.ts';
import { keyPairFromSeed } from '../descriptor/src/sign.ts';
import type { Descriptor } from '../descriptor/src/types.ts';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Tab } from './fixtures/driver.ts';
import { everywhere, inChromium } from './fixtures/registry.ts';
import type { Bench } from './fixtures/registry.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A link of a key that the site does not know. */
async function strangersLink({ server, runtime, base }: Bench, change: Partial<Descriptor> = {}, key = 0x51): Promise<string> {
  const keys = await keyPairFromSeed(new Uint8Array(32).fill(key));
  return `${server.url}#${await encodeLink({ runtime, base, title: 'From a stranger', ...change }, keys)}`;
}

const click = (tab: Tab, id: string): Promise<boolean> =>
  tab.evaluate<boolean>(`document.querySelector('[data-testid=${id}]').click(), true`);

everywhere('a link of an unknown publisher waits for the person; nothing of it was fetched', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await strangersLink(bench, { boot: { cmd: 'echo ran; exec sh -i' } }));
  await machine.element('[data-testid=preview]');
  assert.equal(await tab.evaluate(`document.querySelector('[data-testid=preview]').dataset.standing`), 'new');
  assert.match(await tab.evaluate<string>(`document.querySelector('.facts').textContent`), /echo ran; exec sh -i/);
  const images = bench.server.asked.filter(({ path }) => /\.(idx|pack)$/.test(path));
  assert.deepEqual(images, []);
  await click(tab, 'open-machine');
  await machine.running();
  await machine.text(String.raw`ran\r\n`);
});

everywhere('always open from this publisher: the next link of the same key opens, another key is asked about', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await strangersLink(bench));
  await machine.element('[data-testid=preview]');
  await click(tab, 'always');
  await click(tab, 'open-machine');
  await machine.running();
  await tab.evaluate(`location.hash = '#/'`);
  await machine.element('[data-testid=recent] a');
  await tab.evaluate(`location.hash = ${JSON.stringify(new URL(await strangersLink(bench, { title: 'Second' })).hash)}`);
  await machine.running();
  await tab.evaluate(`location.hash = ${JSON.stringify(new URL(await strangersLink(bench, {}, 0x52)).hash)}`);
  await machine.element('[data-testid=preview]');
});

inChromium('not now leads to the start page; the key is listed, and can be forgotten', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await strangersLink(bench, { author: 'Stranger' }));
  await machine.element('[data-testid=preview]');
  await click(tab, 'not-now');
  await machine.element('[data-testid=start]');
  await tab.evaluate(`location.hash = '#/storage'`);
  await machine.element('[data-testid=publishers] li');
  assert.match(await tab.evaluate<string>(`document.querySelector('[data-testid=publishers]').textContent`), /says to be Stranger/);
  await click(tab, 'forget-publisher');
  await machine.until(`document.querySelector('[data-testid=publishers] li') === null`);
});

inChromium('another key under a known name is a loud warning', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await strangersLink(bench, { author: 'Ada' }));
  await machine.element('[data-testid=preview]');
  await click(tab, 'always');
  await click(tab, 'open-machine');
  await machine.running();
  await tab.evaluate(`location.hash = ${JSON.stringify(new URL(await strangersLink(bench, { author: 'ADA' }, 0x53)).hash)}`);
  await machine.element('[data-testid=changed-key]');
});

inChromium('a link asks again for what its publisher was never granted', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await strangersLink(bench));
  await machine.element('[data-testid=preview]');
  await click(tab, 'always');
  await click(tab, 'open-machine');
  await machine.running();
  const asking = new URL(await strangersLink(bench, { capabilities: ['clipboard'] })).hash;
  await tab.evaluate(`location.hash = ${JSON.stringify(asking)}`);
  await machine.element('[data-testid=grant-clipboard]');
  assert.equal(await tab.evaluate(`document.querySelector('[data-testid=grant-clipboard]').checked`), false);
  await click(tab, 'grant-clipboard');
  await click(tab, 'open-machine');
  await machine.running();
  await tab.evaluate(`location.hash = '#/'`);
  await machine.element('[data-testid=start]');
  await tab.evaluate(`location.hash = ${JSON.stringify(asking)}`);
  await machine.running();
});

inChromium('query parameters change nothing', async (bench) => {
  const { machine, tab } = await bench.machine();
  const url = new URL(await strangersLink(bench, { title: 'Signed' }));
  url.search = '?title=Other&cmd=evil&trust=1&always=true&publishers=all';
  await tab.goto(url.href);
  await machine.element('[data-testid=preview]');
  assert.equal(await tab.evaluate('document.title'), 'Signed · Pleat');
});

inChromium('the preview is clean for axe, in light and dark, on a phone and a desk', async (bench) => {
  for (const dark of [false, true]) {
    for (const [width, height] of [[360, 740], [1280, 800]] as const) {
      const { machine, tab } = (await bench.machine({ width, height, dark })) as Awaited<ReturnType<Bench<ChromiumTab>['machine']>> & { tab: ChromiumTab };
      const link = await strangersLink(bench, {
        author: 'Ada Lovelace', licence: 'MIT', capabilities: ['clipboard'], description: 'A shell with notes.\nTry it.',
        documentation: ['https://example.org/notes'],
        overlays: [{ files: [{ path: 'home/guest/notes', content: 'x' }, { path: 'usr/bin/yes', type: 'deleted' }] }],
        boot: { cmd: 'cat /home/guest/notes; exec sh -l', env: { A: 'b' } },
      });
      await tab.goto(link);
      await machine.element('[data-testid=preview]');
      await tab.page.evaluate(AXE);
      const { violations } = await tab.evaluate<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>('axe.run(document)');
      const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(bad.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`), []);
      assert.ok(await tab.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), 'it scrolls sideways');
      await tab.screenshot(`${bench.build}/e2e/preview-${width}-${dark ? 'dark' : 'light'}.png`);
    }
  }
});

/** What the browser keeps of images and keys. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Bench } from './fixtures/registry.ts';
import { everywhere, inChromium } from './fixtures/registry.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const imageRequests = ({ server }: Bench) => server.asked.filter(({ path }) => /\.(idx|pack)$/.test(path));

/** The chunks are written behind the boot. */
const KEPT = `new Promise((done) => {
  const look = () => {
    const request = indexedDB.open('pleat-chunks');
    request.onsuccess = () => {
      const db = request.result;
      const count = db.objectStoreNames.contains('use') ? db.transaction('use').objectStore('use').count() : undefined;
      if (count === undefined) { db.close(); setTimeout(look, 100); return; }
      count.onsuccess = () => { db.close(); if (count.result > 5) done(count.result); else setTimeout(look, 100); };
    };
  };
  look();
})`;

everywhere('the second boot fetches nothing of the image', async (bench) => {
  const { machine, tab } = await bench.machine();
  const link = await bench.link();
  await machine.boot(link);
  await tab.evaluate(KEPT);
  await tab.evaluate(`location.hash = '#/'`);
  await machine.element('[data-testid=start]');
  bench.server.asked.length = 0;
  await tab.evaluate(`location.hash = ${JSON.stringify(new URL(link).hash)}`);
  await machine.running();
  await machine.until(`/fetched/.test(document.querySelector('[data-testid=state-detail]').textContent)`);
  assert.match(await tab.evaluate<string>(`document.querySelector('[data-testid=state-detail]').textContent`), / 0 B fetched/);
  assert.deepEqual(imageRequests(bench), []);
});

inChromium('a machine boots from what is kept when the host of its image is gone', async (bench) => {
  const { machine, tab } = await bench.machine();
  const link = await bench.link();
  await machine.boot(link);
  await tab.evaluate(KEPT);
  await tab.evaluate(`location.hash = '#/'`);
  await machine.element('[data-testid=start]');
  bench.server.faults = { missing: /\.(idx|pack)$/ };
  await tab.evaluate(`location.hash = ${JSON.stringify(new URL(link).hash)}`);
  await machine.running();
});

inChromium('the storage page shows what is kept and clears it; keys are made there', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.evaluate(KEPT);
  await tab.evaluate(`location.hash = '#/storage'`);
  await machine.until(`/\\d+ pieces/.test(document.querySelector('[data-testid=chunk-usage]')?.textContent)`);
  await tab.page.getByTestId('make-key').click();
  await machine.element('[data-testid=own-keys] li');
  await tab.page.evaluate(AXE);
  const { violations } = await tab.evaluate<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>('axe.run(document)');
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(bad.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`), []);
  await tab.screenshot(`${bench.build}/e2e/storage.png`);
  await tab.page.getByTestId('clear-chunks').click();
  await machine.until(`/^0 pieces/.test(document.querySelector('[data-testid=chunk-usage]')?.textContent)`);
});

inChromium('a key that was exported comes back by import', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(`${bench.server.url}#/storage`);
  await tab.page.getByTestId('make-key').click();
  await machine.element('[data-testid=own-keys] li');
  const short = await tab.evaluate<string>(`document.querySelector('[data-testid=own-keys] .mono').textContent`);
  const download = tab.page.waitForEvent('download');
  await tab.page.getByRole('button', { name: 'Export' }).click();
  const saved = await (await download).path();
  tab.page.once('dialog', (dialog) => void dialog.accept());
  await tab.page.getByRole('button', { name: 'Delete' }).click();
  await machine.until(`document.querySelector('[data-testid=own-keys] li') === null`);
  await tab.page.getByTestId('import-key').setInputFiles(saved);
  await machine.element('[data-testid=own-keys] li');
  assert.equal(await tab.evaluate(`document.querySelector('[data-testid=own-keys] .mono').textContent`), short);
});

inChromium('a descriptor is checked as it is typed, signed, and boots', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(`${bench.server.url}#/editor`);
  await machine.element('[data-testid=editor]');
  const field = tab.page.getByTestId('descriptor');
  const kind = (name: string) => machine.until(`document.querySelector('[data-testid=descriptor-check]').dataset.check === ${JSON.stringify(name)}`);
  const descriptor = { runtime: bench.runtime, base: bench.base, boot: { cmd: 'echo from the editor; exec sh -l' } };
  await field.fill('{');
  await kind('wrong');
  await field.fill(JSON.stringify({ ...descriptor, overlays: [{ files: [{ path: '../x' }] }] }));
  await machine.until(`/^bad-path: overlays\\[0\\]\\.files\\[0\\]\\.path/.test(document.querySelector('[data-testid=descriptor-check]').textContent)`);
  await field.fill(JSON.stringify({ ...descriptor, seed: 'ab'.repeat(32) }));
  await machine.until(`/^unsupported: seed/.test(document.querySelector('[data-testid=descriptor-check]').textContent)`);
  await field.fill(JSON.stringify(descriptor, undefined, 2));
  await kind('right');
  await tab.page.evaluate(AXE);
  const { violations } = await tab.evaluate<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>('axe.run(document)');
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(bad.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`), []);
  await tab.screenshot(`${bench.build}/e2e/editor.png`);
  await tab.page.getByTestId('sign').click();
  await tab.page.getByTestId('signed').click();
  await machine.running(); /* one's own key needs no preview */
  await machine.text(String.raw`from the editor\r\n`);
});

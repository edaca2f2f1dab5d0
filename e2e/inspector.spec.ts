/** The Inspector: what the machine does, as a person sees it. */
import assert from 'node:assert/strict';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Machine } from './fixtures/machine.ts';
import type { Bench } from './fixtures/registry.ts';
import { inChromium } from './fixtures/registry.ts';

async function inspected(bench: Bench<ChromiumTab>, options = {}): Promise<{ machine: Machine; tab: ChromiumTab }> {
  const { machine, tab } = await bench.machine(options);
  await machine.boot(await bench.link());
  await machine.prompt();
  await tab.page.locator('[data-testid=inspect]').click();
  await tab.page.locator('[data-testid=processes] tbody tr').first().waitFor();
  return { machine, tab };
}

inChromium('the Inspector shows the processes as a tree, and what they wait in', async (bench) => {
  const { machine, tab } = await inspected(bench);
  await machine.feed('sleep 987 | cat\r');
  const rows = tab.page.locator('[data-testid=processes] tbody tr');
  const sleeper = rows.filter({ hasText: 'sleep 987' }).last();
  await sleeper.waitFor();
  assert.match(await sleeper.innerText(), /sleeping/);
  assert.match(await sleeper.innerText(), /nanosleep|sleep/);
  assert.match(await rows.first().innerText(), /^init/);
  await tab.screenshot(`${bench.build}/e2e/inspector.png`);
});

inChromium('system calls are shown as they are made, and can be filtered', async (bench) => {
  const { machine, tab } = await inspected(bench);
  await tab.page.locator('#inspect-Calls').click();
  await tab.page.locator('[data-testid=trace-set]').fill('%file');
  await tab.page.locator('[data-testid=trace-toggle]').click();
  const line = tab.page.locator('.inspect-lines li').filter({ hasText: 'nosuch-987' }).first();
  await tab.page.locator('[data-testid=trace-toggle]', { hasText: 'Stop' }).waitFor();
  await machine.feed('cat /tmp/nosuch-987\r');
  await line.waitFor();
  const failed = tab.page.locator('.inspect-lines .error').filter({ hasText: 'openat(AT_FDCWD, "/tmp/nosuch-987"' });
  await failed.waitFor();
  assert.match(await failed.innerText(), /= -1 ENOENT \(No such file or directory\)$/);
  assert.equal(await tab.page.locator('.inspect-lines li').filter({ hasText: /\bread\(/ }).count(), 0, 'read is no %file call');
  await tab.screenshot(`${bench.build}/e2e/inspector-calls.png`);
  await tab.page.locator('[data-testid=trace-toggle]').click();
  await tab.page.locator('[data-testid=trace-set]').fill('nosuchcall');
  await tab.page.locator('[data-testid=trace-toggle]').click();
  await tab.page.locator('.inspect-problem').waitFor();
});

inChromium('layers, mounts, the log and counters are there, on a phone in the dark too', async (bench) => {
  const { tab } = await inspected(bench, { width: 360, height: 740, dark: true });
  await tab.screenshot(`${bench.build}/e2e/inspector-phone.png`);
  await tab.page.locator('#inspect-Files').click();
  await tab.page.locator('[data-testid=layers] tr').filter({ hasText: 'shell' }).waitFor();
  await tab.page.locator('[data-testid=mounts] tr').filter({ hasText: '/proc' }).waitFor();
  await tab.screenshot(`${bench.build}/e2e/inspector-files.png`);
  await tab.page.locator('#inspect-Log').click();
  await tab.page.locator('[data-testid=inspect-log] li').first().waitFor();
  await tab.page.locator('#inspect-Counters').click();
  await tab.page.locator('[data-testid=count-toggle]').click();
  await tab.page.locator('.inspect-table tbody tr').filter({ hasText: 'openat' }).first().waitFor();
  await tab.screenshot(`${bench.build}/e2e/inspector-counters.png`);
  /* nothing is wider than the screen */
  assert.ok(await tab.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'));
});

inChromium('the Inspector is closed and opened again; nothing of it stays', async (bench) => {
  const { machine, tab } = await inspected(bench);
  const close = tab.page.locator('[data-testid=tab]', { hasText: 'Inspector' }).locator('[data-testid=close-tab]');
  await close.click();
  assert.equal((await machine.run('while ps -o comm | grep -qx inspect; do :; done; echo gone')).out, 'gone\n');
  await tab.page.locator('[data-testid=inspect]').click();
  await tab.page.locator('[data-testid=processes] tbody tr').filter({ hasText: 'inspect' }).waitFor();
});

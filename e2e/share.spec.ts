/** A machine as a link, and the link as the same machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Tab } from './fixtures/driver.ts';
import type { Machine } from './fixtures/machine.ts';
import { everywhere, inChromium } from './fixtures/registry.ts';

const ROOT = join(import.meta.dirname, '..');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const click = (tab: Tab, id: string): Promise<boolean> =>
  tab.evaluate<boolean>(`document.querySelector('[data-testid=${id}]').click(), true`);

/** Open the sheet and wait for its link. */
async function share(machine: Machine): Promise<string> {
  await click(machine.tab, 'share');
  await machine.element('[data-testid=share-sheet]');
  return await linkOf(machine);
}

async function linkOf(machine: Machine): Promise<string> {
  await machine.until(`document.querySelector('[data-testid=share-link]')?.dataset.ms !== undefined`);
  return await machine.tab.evaluate<string>(`document.querySelector('[data-testid=share-link]').value`);
}

const SET_UP = [
  'mkdir -p /home/me/bin', 'printf "notes\\n" > /home/me/notes', 'printf "#!/bin/sh\\necho it runs\\n" > /home/me/bin/go',
  'chmod 750 /home/me/bin/go', 'ln -s ../notes /home/me/bin/n', 'ln /home/me/notes /home/me/same', 'rm /usr/bin/yes',
  'chown 1000:1000 /home/me/notes', 'printf secret > /root/.ash_history', 'mkdir /root/.cache', 'echo c > /root/.cache/c',
].join(' && ');

const LOOK =
  'cd /home/me; ls -ln | tail -n +2 | cut -c1-10,13-30 | sed "s/  */ /g"; cat notes; /home/me/bin/go; readlink bin/n; stat -c "%h %u %a" notes bin/go; ls /usr/bin/yes 2>&1 | grep -c "No such"; ls -A /root | grep -c cache';

everywhere('a link made in one browser boots to the same files in another', async (bench) => {
  const first = await bench.boot();
  assert.equal((await first.run(SET_UP)).status, 0);
  const before = (await first.run(LOOK)).out;
  const address = await share(first);
  assert.match(address, /#p1[\w-]+$/);
  assert.match(await first.tab.evaluate<string>(`document.querySelector('[data-testid=share-paths]').textContent`), /left out: a cache/);
  bench.note(`${address.length} characters, ${await first.tab.evaluate<string>(`document.querySelector('[data-testid=share-link]').dataset.ms`)} ms`);

  /* another browser: its person does not know the key (WebKit's tabs share one: the key is one's own there) */
  const { machine, tab } = await bench.machine();
  await tab.goto(address);
  if (bench.browser !== 'webkit') {
    await machine.element('[data-testid=preview]');
    await click(tab, 'open-machine');
  }
  await machine.running();
  await machine.prompt();
  const after = (await machine.run(LOOK)).out;
  assert.equal(after, before.replace(/\n1\n$/, '\n0\n')); /* the cache stayed behind */
});

inChromium('ten small edited files are a link for a chat, at once', async (bench) => {
  const machine = await bench.boot();
  const words = 'the machine boots a shell in this tab and nobody else sees what you do with it until you share';
  await machine.run(`mkdir -p /home/me; for i in 0 1 2 3 4 5 6 7 8 9; do echo "$i: ${words} $((i * 7919 % 97)) times, on day $((i * 31)) of the year $((1990 + i))" > /home/me/file$i; done`);
  const size = Number((await machine.run('cat /home/me/file* | wc -c')).out);
  assert.ok(size > 1_300 && size < 1_600, `${size} bytes`);
  const address = await share(machine);
  assert.ok(address.length < 2_000, `${address.length} characters`);
  assert.match(await machine.tab.evaluate<string>(`document.querySelector('[data-testid=share-class]').textContent`), /fits into a chat/);
  bench.note(`${size} bytes in ten files: ${address.length} characters`);
});

inChromium('what pleat share folds under Node boots in the page', async (bench) => {
  if (bench.build !== join(ROOT, 'build')) {
    bench.note('not tried: pleat share knows only the folder build');
    return;
  }
  const args = ['share', '--url', bench.server.url, '--title', 'From the command line', '--', 'sh', '-c', 'echo made under Node > /root/here'];
  const made = promisify(execFile)(join(ROOT, 'cli/pleat'), args);
  made.child.stdin?.end();
  const { stdout } = await made;
  const { machine } = await bench.machine();
  await machine.boot(stdout.trim());
  assert.equal((await machine.run('cat /root/here')).out, 'made under Node\n');
});

inChromium('a path that is unticked is not in the link; the forms of the link', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await machine.run('echo keep > /root/keep; echo secret > /root/secret');
  const both = await share(machine);
  await tab.page.getByTestId('share-paths').getByText('/root/secret').click();
  await machine.until(`document.querySelector('[data-testid=share-link]').value !== ${JSON.stringify(both)}`);
  const address = await linkOf(machine);
  await tab.page.getByText('Markdown').click();
  assert.match(await linkOf(machine), /^\[!\[Open in Pleat\]\(http.*icon\.svg\) .*\]\(http.*#p1[\w-]+\)$/);
  await tab.page.getByText('HTML').click();
  assert.match(await linkOf(machine), /^<iframe src="http[^"]*#p1[\w-]+"/);
  await tab.page.getByText('QR code').click();
  await tab.page.getByTestId('qr').waitFor();
  const second = await bench.machine();
  await second.tab.goto(address);
  await second.machine.element('[data-testid=preview]');
  await click(second.tab, 'open-machine');
  await second.machine.running();
  await second.machine.prompt();
  assert.equal((await second.machine.run('ls /root')).out, 'keep\n');
});

inChromium('a private share is a file that only the link can read; damaged, it does not boot', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await machine.run('echo between us > /root/letter');
  const plain = await share(machine);
  await tab.page.getByTestId('share-private').check();
  await machine.until(`document.querySelector('[data-testid=share-link]').value !== ${JSON.stringify(plain)}`);
  const address = await linkOf(machine);
  const download = tab.page.waitForEvent('download');
  await tab.page.getByTestId('share-hosted').getByRole('link').click();
  const saved = await download;
  const folder = join(bench.build, 'overlays');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, saved.suggestedFilename());
  await saved.saveAs(file);
  const bytes = readFileSync(file);
  assert.ok(!bytes.includes('between us') && !bytes.includes('letter'));
  const second = await bench.machine();
  await second.tab.goto(address);
  await second.machine.element('[data-testid=preview]');
  await click(second.tab, 'open-machine');
  await second.machine.running();
  await second.machine.prompt();
  assert.equal((await second.machine.run('cat /root/letter')).out, 'between us\n');

  bytes[30] = (bytes[30] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const third = await bench.machine();
  await third.tab.goto(address);
  await third.machine.element('[data-testid=preview]');
  await click(third.tab, 'open-machine');
  await third.machine.element('[data-testid=error-page]');
  assert.equal(await third.tab.evaluate(`document.querySelector('[data-testid=error-page]').dataset.failure`), 'hash-mismatch');
});

inChromium('a link whose overlay does not fit its layers does not start', async (bench) => {
  const { machine, tab } = await bench.machine();
  /* /bin is a symbolic link of the image: nothing is followed on the way */
  await tab.goto(await bench.link({ overlays: [{ files: [{ path: 'bin/evil', content: 'x' }] }] }));
  await machine.element('[data-testid=panic]');
  assert.match(await tab.evaluate<string>(`document.querySelector('[data-testid=panic]').textContent`), /overlay 0 does not fit the layers at "bin\/evil"/);
});

inChromium('mounts and the clock of a link are what the machine has', async (bench) => {
  const machine = await bench.boot({
    mounts: [{ path: '/scratch/a', type: 'tmpfs', size: 65_536 }, { path: '/more', type: 'layer', layers: [bench.layer] }],
    clock: 946_684_800,
  });
  assert.match((await machine.run('date +%Y-%m-%d')).out, /^2000-01-01\n$/);
  assert.match((await machine.run('df -k /scratch/a | tail -1')).out, / 64 /);
  assert.notEqual((await machine.run('head -c 100000 /dev/zero > /scratch/a/x')).status, 0);
  assert.equal((await machine.run('ls /more/opt')).out, 'e2e\n');
  assert.notEqual((await machine.run('touch /more/x')).status, 0);
});

inChromium('the share sheet is clean for axe, light and dark, phone and desk', async (bench) => {
  for (const dark of [false, true]) {
    for (const [width, height] of [[360, 740], [1280, 800]] as const) {
      const { machine, tab: any } = await bench.machine({ width, height, dark });
      const tab = any as ChromiumTab;
      await machine.boot(await bench.link({ title: 'Notes and a script' }));
      await machine.run(SET_UP);
      await share(machine);
      await tab.page.evaluate(AXE);
      const { violations } = await tab.evaluate<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>('axe.run(document)');
      const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(bad.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`), []);
      await tab.screenshot(`${bench.build}/e2e/share-${width}-${dark ? 'dark' : 'light'}.png`);
    }
  }
});

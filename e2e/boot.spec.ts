/** From a link to a prompt. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { everywhere, inChromium } from './fixtures/registry.ts';

const ROOT = join(import.meta.dirname, '..');

everywhere('a signed link boots to a prompt', async (bench) => {
  const { machine } = await bench.machine();
  const start = performance.now();
  await machine.boot(await bench.link());
  bench.note(`link to prompt, as the driver sees it: ${(performance.now() - start).toFixed(0)} ms`);
  await machine.shows(String.raw`/ # ?$`);
});

everywhere('what is typed runs: echo, arithmetic, a pipeline', async (bench) => {
  const machine = await bench.boot();
  await machine.tab.type('echo $((6 * 7)) | tr 42 24\n');
  await machine.text(String.raw`\n24\r\n.*# $`);
  await machine.shows(String.raw`^24$`);
});

inChromium('the link that pleat link prints boots', async (bench) => {
  if (bench.build !== join(ROOT, 'build')) {
    bench.note('not tried: pleat link knows only the folder build');
    return;
  }
  const { stdout } = await promisify(execFile)(join(ROOT, 'cli/pleat'), ['link', '--url', bench.server.url]);
  const { machine } = await bench.machine();
  await machine.boot(stdout.trim());
  assert.equal((await machine.run('uname -s')).status, 0);
});

inChromium('key strokes from before the boot are not lost', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.page.goto(await bench.link(), { waitUntil: 'commit' });
  await tab.page.locator('body').waitFor({ state: 'attached' });
  await tab.type('echo early$((1 + 1))\n');
  await machine.text(String.raw`early2\r\n`);
});

inChromium('the boot log says in order what was started, with times', async (bench) => {
  const machine = await bench.boot();
  const log = await machine.log();
  assert.ok(log.length > 3, `only ${log.length} lines`);
  const times = log.map((line) => line.ms);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  const text = log.map((line) => line.text).join('\n');
  assert.match(text, /overlay/);
  await machine.tab.evaluate("document.querySelector('[data-testid=log-toggle]').click()");
  await machine.element('[data-testid=log] li time');
});

inChromium('a boot fetches the chunks that it needs and not the whole image', async (bench) => {
  const machine = await bench.boot();
  const detail = await machine.tab.evaluate<string>("document.querySelector('[data-testid=state-detail]').textContent");
  assert.match(detail, /^\d+ chunks? · [\d.]+ [kM]?B fetched$/);
  const packs = bench.server.asked.filter((each) => each.path.endsWith('.pack'));
  assert.ok(packs.length > 0);
  for (const each of packs) assert.equal(each.status, 206, `${each.path} ${each.range ?? 'whole'}`);
});

inChromium('a host that knows no Range boots the same', async (bench) => {
  bench.server.faults = { ignoreRange: true };
  const machine = await bench.boot({ packages: [bench.layer] });
  assert.deepEqual(await machine.run('wc -c < /opt/e2e/data.bin'), { out: '786432\n', status: 0 });
});

inChromium('on a host without the isolation headers the service worker adds them', async (bench) => {
  bench.server.faults = { bare: true };
  const { machine, tab } = await bench.machine();
  await tab.page.goto(await bench.link());
  await tab.page.locator('[data-state=running]').waitFor({ timeout: 60_000 });
  assert.equal(await tab.evaluate('self.crossOriginIsolated'), true);
  await machine.prompt();
  assert.equal((await machine.run('echo isolated')).out, 'isolated\n');
});

inChromium('command, environment, user and folder of the link are what runs', async (bench) => {
  const { machine, tab } = await bench.machine();
  const cmd = 'echo "[$GREETING $(id -un) $(pwd)]"; exec sh';
  await tab.goto(await bench.link({ boot: { cmd, env: { GREETING: 'hello' }, user: 'user', cwd: '/tmp' } }));
  await machine.text(String.raw`\[hello user /tmp\]`);
});

inChromium('the machine stops with the status of its command', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(await bench.link({ boot: { cmd: 'echo bye; exit 7' } }));
  await machine.state('stopped');
  assert.match(await tab.page.getByTestId('stopped').innerText(), /exit status 7/);
  await machine.shows(String.raw`^bye$`);
});

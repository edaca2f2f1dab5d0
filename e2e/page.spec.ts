/** The page around a machine: tabs, sizes, clipboard, keyboard, phone, contrast. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { inChromium } from './fixtures/registry.ts';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Machine } from './fixtures/machine.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds on the page that is serious or worse. */
async function findings(tab: ChromiumTab): Promise<string[]> {
  await tab.page.evaluate(AXE);
  const { violations } = await tab.evaluate<{ violations: Finding[] }>('axe.run(document)');
  return violations
    .filter((each) => each.impact === 'serious' || each.impact === 'critical')
    .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`));
}

async function tabCount(machine: Machine, count: number): Promise<void> {
  await machine.until(`document.querySelectorAll('[data-testid=tab]').length === ${count}`);
}

/** Every Worker of the page has ended: Chromium takes up to two seconds for one that computes. */
async function noWorkers(tab: ChromiumTab): Promise<void> {
  const late = AbortSignal.timeout(10_000);
  const stillThere = (): string => tab.page.workers().map((worker) => worker.url()).join(', ');
  for (const worker of tab.page.workers()) {
    if (!tab.page.workers().includes(worker)) continue;
    await new Promise<void>((done, failed) => {
      worker.once('close', () => done());
      late.addEventListener('abort', () => failed(new Error(`still there: ${stillThere()}`)));
    });
  }
  assert.equal(stillThere(), '');
}

/** The clipboard holds the text, or soon does: a page writes it when it gets round to it. */
async function holds(tab: ChromiumTab, text: string): Promise<void> {
  const read = () => tab.evaluate<string>('navigator.clipboard.readText()');
  for (let tries = 0; tries < 100 && (await read()).trim() !== text; tries++) await delay(50);
  assert.equal((await read()).trim(), text);
}

inChromium('several terminals run side by side in tabs', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.page.getByTestId('new-tab').click();
  await machine.prompt(0, 2);
  await tab.type('tty; here=two\n');
  await machine.text(String.raw`/dev/tty2\r\n`, 0, 2);
  await tab.page.getByTestId('new-tab').click();
  await machine.prompt(0, 3);
  await tab.page.getByTestId('tab').nth(1).click();
  await tab.type('echo "in $here"\n');
  await machine.text(String.raw`in two\r\n`, 0, 2);
  await machine.shows(String.raw`^in two$`);
  assert.equal((await machine.run('echo "in [$here]"', { terminal: 3 })).out, 'in []\n');
});

inChromium('a terminal that is closed hangs up its programs', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.page.getByTestId('new-tab').click();
  await machine.prompt(0, 2);
  await tab.type('echo $((1 + 1)); sleep 777\n');
  await machine.text(String.raw`\n2\r\n$`, 0, 2);
  await tab.page.getByTestId('close-tab').click();
  await tabCount(machine, 1);
  const { out } = await machine.run('for i in 1 2 3 4 5 6 7 8 9 10; do ps -o args | grep -q "[s]leep 777" || break; sleep 0.2; done; ps -o args');
  assert.doesNotMatch(out, /sleep 777/);
});

inChromium('a shell that exits takes its tab along; what is typed at once into a new one is kept', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.page.getByTestId('new-tab').click();
  await tab.type('exit\n');
  await machine.text(String.raw`exit\r\n`, 0, 2);
  await tabCount(machine, 1);
  await tab.type('echo back\n');
  await machine.text(String.raw`\nback\r\n`);
});

inChromium('terminals can be opened and closed without end', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  for (let i = 0; i < 20; i++) {
    await tab.page.getByTestId('new-tab').click();
    await tabCount(machine, 2);
    await tab.type(`echo round$((${i}))\n`);
    await machine.until(`Object.values(e2e.text).some((text) => text.includes('round${i}\\r\\n'))`);
    await tab.page.getByTestId('close-tab').click();
    await tabCount(machine, 1);
  }
  assert.match((await machine.run('ps -o comm | grep -c sh')).out, /^1\n$/);
});

inChromium('a terminal of another size tells its programs', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  const size = async () => (await machine.run('stty size')).out.trim().split(' ').map(Number);
  const [rows = 0, cols = 0] = await size();
  assert.ok(rows > 20 && cols > 80, `${rows} x ${cols}`);
  await machine.run('trap "echo WINCH" WINCH');
  await tab.page.setViewportSize({ width: 640, height: 420 });
  await machine.until("document.querySelectorAll('.xterm-rows > div').length < 25");
  await machine.feed('\r');
  const [fewer = 0, narrower = 0] = await size();
  assert.ok(fewer < rows && narrower < cols, `${fewer} x ${narrower}`);
  assert.match(await machine.output(), /WINCH/);
});

inChromium('copy takes the selection, paste types it', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.type('echo selectable\n');
  await machine.text(String.raw`\nselectable\r\n.*# $`);
  const row = tab.page.locator('.xterm-rows > div', { hasText: /^selectable\s*$/ }).first();
  await row.waitFor();
  const box = (await row.boundingBox()) ?? assert.fail('no row');
  await tab.page.mouse.dblclick(box.x + 20, box.y + box.height / 2);
  await tab.press('Control+Shift+C');
  await holds(tab, 'selectable');
  await tab.evaluate("navigator.clipboard.writeText('echo pasted$((1 + 1))')");
  const from = await machine.length();
  await tab.press('Control+Shift+V');
  await machine.text(String.raw`echo pasted`, from);
  await tab.press('Enter');
  await machine.text(String.raw`pasted2\r\n`, from);
});

inChromium('a program that was not granted the clipboard leaves it as it was', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.evaluate("navigator.clipboard.writeText('as it was')");
  await machine.run(String.raw`printf '\033]52;c;ZnJvbSBpbnNpZGU=\a'; sleep 0.3`);
  await holds(tab, 'as it was');
});

inChromium('a program may write the clipboard where that was granted, and never reads it', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link({ capabilities: ['clipboard'] }));
  await machine.run(String.raw`printf '\033]52;c;ZnJvbSBpbnNpZGU=\a'`);
  await holds(tab, 'from inside');
  const from = await machine.length();
  await machine.run(String.raw`printf '\033]52;c;?\a'; sleep 0.3`);
  assert.doesNotMatch((await machine.output()).slice(from), /ZnJvbSBpbnNpZGU/);
});

inChromium('what scrolled away can be found', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await machine.run('echo needle-one; seq 1 500');
  await tab.press('Control+Shift+F');
  await tab.page.getByTestId('find').waitFor();
  await tab.type('needle-one');
  await tab.page.locator('.find-count', { hasText: /^\d/ }).waitFor();
  await tab.press('Enter');
  await tab.page.locator('.xterm-rows > div', { hasText: 'needle-one' }).first().waitFor();
  await tab.press('Escape');
  await tab.page.getByTestId('find').waitFor({ state: 'detached' });
});

inChromium('stop ends the machine and its Workers, restart boots it again', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await machine.run('echo before > /tmp/mark');
  await tab.page.getByTestId('stop').click();
  await machine.state('ended');
  assert.match(await tab.page.getByTestId('stopped').innerText(), /You stopped it/);
  await noWorkers(tab);
  await tab.page.getByTestId('restart').click();
  await machine.running();
  await machine.prompt();
  assert.equal((await machine.run('test -e /tmp/mark')).status, 1);
  assert.equal(await machine.tab.evaluate('e2e.machines'), 2);
});

inChromium('a machine that runs can be restarted, five times over', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  for (let i = 2; i <= 6; i++) {
    await tab.page.getByTestId('restart').click();
    await machine.until(`e2e.machines === ${i}`);
    await machine.running();
    await machine.prompt();
  }
  assert.equal((await machine.run('echo on')).out, 'on\n');
});

inChromium('every button and tab can be reached and used with the keyboard alone', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link());
  await tab.press('Control+Shift+T');
  await machine.prompt(0, 2);
  const focused = () => tab.evaluate<string>('document.activeElement.dataset.testid ?? document.activeElement.className');
  /* The new terminal takes the focus when it is drawn, which may be after its first output. */
  for (let tries = 0; tries < 20 && (await focused()) !== 'tab'; tries++) {
    await tab.press('Control+Shift+ArrowUp');
    await tab.page.waitForTimeout(100);
  }
  assert.equal(await focused(), 'tab');
  await tab.press('ArrowLeft');
  assert.equal(await tab.evaluate('document.activeElement.getAttribute("aria-selected")'), 'true');
  await tab.press('Enter');
  await tab.type('echo by keyboard\n');
  await machine.text(String.raw`\nby keyboard\r\n`);
  const seen = new Set<string>();
  await tab.press('Control+Shift+ArrowUp');
  for (let i = 0; i < 12; i++) {
    seen.add(await focused());
    await tab.press('Shift+Tab');
  }
  for (const name of ['stop', 'restart']) assert.ok(seen.has(name), `${name} in ${[...seen].join(', ')}`);
  await tab.press('Control+Shift+F');
  await tab.page.getByTestId('find').waitFor();
});

inChromium('the machine place has nothing that axe-core finds serious, light and dark', async (bench) => {
  for (const dark of [false, true]) {
    const { machine, tab } = await bench.machine({ dark });
    await machine.boot(await bench.link());
    await machine.run('ls --color=always / ; printf "\\033[31mred \\033[34mblue\\033[0m\\n"');
    await tab.page.getByTestId('log-toggle').click();
    assert.deepEqual(await findings(tab), []);
  }
});

inChromium('start page and error page have nothing that axe-core finds serious, light and dark', async (bench) => {
  for (const dark of [false, true]) {
    const tab = await bench.tab({ dark });
    await tab.goto(bench.server.url);
    await tab.page.getByTestId('start').waitFor();
    assert.deepEqual(await findings(tab), []);
    await tab.goto(`${bench.server.url}#p1AAAA`);
    await tab.page.getByTestId('error-page').waitFor();
    assert.deepEqual(await findings(tab), []);
  }
});

inChromium('in the dark the terminal is dark and its text has AA contrast', async (bench) => {
  const { machine, tab } = await bench.machine({ dark: true });
  await machine.boot(await bench.link());
  const colours = await tab.evaluate<{ front: string; back: string }>(`(() => {
    const rows = document.querySelector('.xterm-rows');
    let element = rows, back = 'rgba(0, 0, 0, 0)';
    while (back === 'rgba(0, 0, 0, 0)') { back = getComputedStyle(element).backgroundColor; element = element.parentElement; }
    return { front: getComputedStyle(rows).color, back };
  })()`);
  const luminance = (css: string): number => {
    const [r = 0, g = 0, b = 0] = (css.match(/[\d.]+/g) ?? []).map(Number).map((v) => {
      const c = v / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [front, back] = [luminance(colours.front), luminance(colours.back)];
  assert.ok(back < 0.05, `ground ${colours.back}`);
  assert.ok((front + 0.05) / (back + 0.05) >= 4.5, `${colours.front} on ${colours.back}`);
});

inChromium('a phone of 360 px shows everything without sideways scrolling', async (bench) => {
  const options = { width: 360, height: 740, touch: true };
  const overflow = (tab: ChromiumTab) => tab.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  const { machine, tab } = await bench.machine(options);
  await machine.boot(await bench.link({ title: 'A machine with a rather long title that does not fit' }));
  await machine.run('ls /');
  assert.ok((await overflow(tab)) <= 0);
  const [, cols = 0] = (await machine.run('stty size')).out.trim().split(' ').map(Number);
  assert.ok(cols >= 36, `${cols} columns`);
  for (const name of ['stop', 'restart', 'new-tab', 'log-toggle']) {
    const box = (await tab.page.getByTestId(name).boundingBox()) ?? assert.fail(`${name} is not shown`);
    assert.ok(box.x >= 0 && box.x + box.width <= 360, `${name} at ${box.x}..${box.x + box.width}`);
  }
  const from = await machine.length();
  await tab.type('sh -c "echo up; exec sleep 100"\n');
  await machine.text(String.raw`\nup\r\n$`, from);
  await tab.page.getByRole('group', { name: 'Keys' }).getByRole('button', { name: 'Ctrl' }).tap();
  await tab.type('c');
  await machine.text(String.raw`\^C.*# $`, from);
  await tab.goto(bench.server.url);
  await tab.page.getByTestId('start').waitFor();
  assert.ok((await overflow(tab)) <= 0);
  await tab.goto(`${bench.server.url}#p1AAAA`);
  await tab.page.getByTestId('error-page').waitFor();
  assert.ok((await overflow(tab)) <= 0);
});

inChromium('leaving the link by the back button ends the machine', async (bench) => {
  const { machine, tab } = await bench.machine();
  await tab.goto(bench.server.url);
  await tab.page.getByTestId('start').waitFor();
  const link = await bench.link();
  await tab.page.getByTestId('link-field').fill(link);
  await tab.page.getByTestId('open').click();
  await machine.running();
  await machine.prompt();
  await tab.page.goBack();
  await tab.page.getByTestId('start').waitFor();
  await noWorkers(tab);
});

/** DOOM from a link: it opens on its picture, keys drive it, sound is heard, a game is saved and loaded. */
import assert from 'node:assert/strict';
import type { ScreenStats } from '../web/src/worker/screen.ts';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Machine } from './fixtures/machine.ts';
import { inChromium } from './fixtures/registry.ts';
import type { Bench } from './fixtures/registry.ts';
import type { TabOptions } from './fixtures/driver.ts';

const CANVAS = '[data-testid=canvas]';
const DOOM = { image: 'doom' };
const SAVED = '/root/.local/share/chocolate-doom/savegames/freedoom1.wad/doomsav0.dsg';

/** Open a link to the game, as the start page has it, and wait for its first picture. */
async function play(bench: Bench<ChromiumTab>, options: TabOptions = {}): Promise<{ machine: Machine; tab: ChromiumTab; titleMs: number }> {
  const { machine, tab } = await bench.machine(options);
  const link = await bench.link({
    base: bench.image('doom'),
    title: 'DOOM',
    boot: { cmd: 'doom; exec sh -l' },
    panels: [{ type: 'canvas', title: 'DOOM' }, { type: 'terminal' }],
    pad: [
      { label: 'Up', key: 103, x: 1, y: 0 }, { label: 'Left', key: 105, x: 0, y: 1 },
      { label: 'Right', key: 106, x: 2, y: 1 }, { label: 'Down', key: 108, x: 1, y: 2 },
      { label: 'Menu', key: 1, x: 4, y: 0 }, { label: 'Fire', key: 29, x: 14, y: 0 }, { label: 'Use', key: 57, x: 15, y: 0 },
    ],
  });
  await tab.goto(link);
  await machine.element(CANVAS);
  await drawn(tab, 2);
  const titleMs = await tab.evaluate<number>('performance.now()');
  return { machine, tab, titleMs };
}

/** Wait until the page has drawn n more pictures. */
async function drawn(tab: ChromiumTab, n: number): Promise<ScreenStats> {
  return await tab.evaluate<ScreenStats>(`(async () => {
    const first = await e2e.screenStats(0);
    for (;;) {
      await new Promise((done) => requestAnimationFrame(done));
      const now = await e2e.screenStats(0);
      if (now.drawn >= first.drawn + ${n}) return now;
    }
  })()`);
}

/** What the page drew in some seconds in which nobody looked. */
async function over(tab: ChromiumTab, seconds: number): Promise<readonly [seconds: number, first: ScreenStats, last: ScreenStats]> {
  const [ms, first, last] = await tab.evaluate<[number, ScreenStats, ScreenStats]>(`(async () => {
    const first = await e2e.screenStats(0);
    const start = performance.now();
    await new Promise((done) => setTimeout(done, ${seconds * 1000}));
    const last = await e2e.screenStats(0);
    return [performance.now() - start, first, last];
  })()`);
  return [ms / 1000, first, last];
}

/** The canvas as 64 by 48 gray values. */
async function picture(tab: ChromiumTab): Promise<number[]> {
  const png = (await tab.page.locator(CANVAS).screenshot({ type: 'png' })).toString('base64');
  return await tab.evaluate<number[]>(`(async () => {
    const bytes = Uint8Array.from(atob('${png}'), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(64, 48).getContext('2d');
    context.drawImage(image, 0, 0, 64, 48);
    const { data } = context.getImageData(0, 0, 64, 48);
    return Array.from({ length: 64 * 48 }, (_, i) => Math.round((data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3));
  })()`);
}

/** How far two pictures are from each other: the mean of what their points differ by, 0 to 255. */
function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

/** Press a key for long enough that a tic of the game sees it, and let the game show what it did. */
async function press(tab: ChromiumTab, key: string, frames = 12): Promise<void> {
  await tab.page.keyboard.down(key);
  await drawn(tab, 4);
  await tab.page.keyboard.up(key);
  await drawn(tab, frames);
}

/** From the demo loop through the menu to the first level, its screen melted away. */
async function startLevel(tab: ChromiumTab): Promise<void> {
  await tab.page.locator(`${CANVAS}[data-keys=captured]`).waitFor();
  for (const key of ['Escape', 'Enter', 'Enter', 'Enter']) await press(tab, key);
  await drawn(tab, 70);
}

inChromium('a link opens DOOM on its picture, with its keys beside it, and frames and sound move', async (bench) => {
  const { machine, tab, titleMs } = await play(bench);
  assert.equal(await tab.page.getByRole('tab', { selected: true }).innerText(), 'DOOM');
  assert.match(await tab.page.getByTestId('legend').innerText(), /Arrows\s*Move.*Ctrl\s*Fire/s);
  await tab.page.getByTestId('canvas-state').click(); /* a gesture, for the sound */
  await tab.page.locator('[data-sound=audible]').waitFor();
  await drawn(tab, 60); /* past the title, which stands still, into a demo */
  const before = await machine.stats();
  const [seconds, first, last] = await over(tab, Number(process.env['DOOM_SECONDS'] ?? 5));
  const after = await machine.stats();
  const [rate, pageRate] = [(last.drawn - first.drawn) / seconds, (last.frames - first.frames) / seconds];
  bench.note(`title ${titleMs.toFixed(0)} ms after the link; ${rate.toFixed(1)} pictures a second on a page with ${pageRate.toFixed(1)} frames, ${last.medianMs.toFixed(2)} ms (median) of the page each`);
  bench.note(`${after.soundFrames - before.soundFrames} frames of sound in ${seconds.toFixed(1)} s, ${after.soundUnderruns - before.soundUnderruns} underruns`);
  assert.ok(last.drawn - first.drawn > 10, 'the picture stands still');
  assert.ok(after.soundFrames - before.soundFrames > 20_000 * seconds, 'sound stands still');
  await tab.screenshot(`${bench.build}/e2e/doom.png`);
}, DOOM);

inChromium('the menu starts a level, a game is saved and its saved state comes back', async (bench) => {
  const { machine, tab } = await play(bench);
  await startLevel(tab);
  await tab.screenshot(`${bench.build}/e2e/doom-level.png`);
  for (const key of ['F2', 'Enter', 'a', 'Enter']) await press(tab, key);
  await drawn(tab, 160); /* the message is gone after four seconds */
  const saved = await picture(tab);
  await tab.page.keyboard.down('ArrowLeft');
  await drawn(tab, 20);
  await tab.page.keyboard.up('ArrowLeft');
  await tab.page.keyboard.down('ArrowUp');
  await drawn(tab, 40);
  await tab.page.keyboard.up('ArrowUp');
  await drawn(tab, 10);
  const moved = await picture(tab);
  for (const key of ['F3', 'Enter']) await press(tab, key);
  await drawn(tab, 70);
  const loaded = await picture(tab);
  await tab.screenshot(`${bench.build}/e2e/doom-loaded.png`);
  const [far, near] = [distance(saved, moved), distance(saved, loaded)];
  bench.note(`pictures differ from the saved one by ${far.toFixed(1)} after a walk, by ${near.toFixed(1)} once loaded`);
  assert.ok(far > 10, 'the keys moved nothing');
  assert.ok(near < far / 3, 'the loaded game is not where it was saved');
  /* leave: the terminal comes back with its shell, and the file is there */
  await press(tab, 'F10');
  await tab.press('y');
  await machine.prompt();
  const { out, status } = await machine.run(`test -s ${SAVED} && echo there`);
  assert.equal(`${out}${status}`, 'there\n0');
}, DOOM);

inChromium('on a phone the pad has the link\'s buttons, and they drive the menu', async (bench) => {
  const { tab } = await play(bench, { width: 390, height: 844, touch: true });
  await tab.screenshot(`${bench.build}/e2e/doom-phone.png`);
  assert.equal(await tab.page.getByTestId('legend').isVisible(), false);
  assert.deepEqual(await tab.page.getByTestId('pad').getByRole('button').allInnerTexts(), ['Menu', 'Fire', 'Use']);
  const before = await picture(tab);
  const menu = tab.page.getByRole('button', { name: 'Menu' });
  await menu.dispatchEvent('pointerdown', { pointerId: 1, pointerType: 'touch' });
  await drawn(tab, 4);
  await menu.dispatchEvent('pointerup', { pointerId: 1, pointerType: 'touch' });
  await drawn(tab, 10);
  await tab.screenshot(`${bench.build}/e2e/doom-phone-menu.png`);
  assert.ok(distance(before, await picture(tab)) > 2, 'no menu');
}, DOOM);

/** The machine's screens, and what a person does with them. */
import assert from 'node:assert/strict';
import type { ScreenStats } from '../web/src/worker/screen.ts';
import type { Bench } from './fixtures/registry.ts';
import { inChromium } from './fixtures/registry.ts';
import type { ChromiumTab } from './fixtures/chromium.ts';
import type { Machine } from './fixtures/machine.ts';

const CANVAS = '[data-testid=canvas]';

/** Start fbdemo at the prompt; it draws once its tab is there. */
async function demo(bench: Bench<ChromiumTab>, args: string, options = {}): Promise<{ machine: Machine; tab: ChromiumTab }> {
  const { machine, tab } = await bench.machine(options);
  await machine.boot(await bench.link({ packages: [bench.layer] }));
  await machine.feed(`/opt/e2e/fbdemo -v ${args}\r`);
  await machine.element(CANVAS);
  await machine.text('ready [^\n]*\n');
  return { machine, tab };
}

/** Colors at points of the canvas, as fractions of its size, as a person sees them. */
async function colors(tab: ChromiumTab, points: readonly (readonly [number, number])[]): Promise<string[]> {
  const picture = (await tab.page.locator(CANVAS).screenshot({ type: 'png' })).toString('base64');
  return await tab.evaluate<string[]>(`(async () => {
    const bytes = Uint8Array.from(atob('${picture}'), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return ${JSON.stringify(points)}.map(([x, y]) =>
      [...context.getImageData(Math.floor(x * image.width), Math.floor(y * image.height), 1, 1).data.slice(0, 3)].join());
  })()`);
}

/** Wait until a frame more was drawn, or until n frames came. */
async function frames(tab: ChromiumTab, n: number): Promise<ScreenStats> {
  return await tab.evaluate<ScreenStats>(`(async () => {
    const first = await e2e.screenStats(0);
    for (;;) {
      await new Promise((done) => requestAnimationFrame(done));
      const now = await e2e.screenStats(0);
      if (now.frames >= first.frames + ${n}) return now;
    }
  })()`);
}

for (const bits of [16, 32]) {
  inChromium(`what a program draws by mmap is on the canvas, color for color: ${bits} bits`, async (bench) => {
    const { tab } = await demo(bench, `-c -m 640x400 -b ${bits}`);
    await frames(tab, 3);
    const bars = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [(i + 0.5) / 8, 0.3] as const);
    assert.deepEqual(await colors(tab, bars), [
      '255,255,255', '255,255,0', '255,0,255', '255,0,0', '0,255,255', '0,255,0', '0,0,255', '0,0,0',
    ]);
    await tab.screenshot(`${bench.build}/e2e/canvas-${bits}.png`);
  });
}

inChromium('a still picture costs a look and no drawing', async (bench) => {
  const { tab } = await demo(bench, '-c -m 640x400');
  const before = await frames(tab, 5);
  const after = await frames(tab, 30);
  assert.equal(after.drawn, before.drawn);
});

inChromium('a full-HD program at the page\'s frame rate costs the page less than 8 ms a frame', async (bench) => {
  const { machine, tab } = await demo(bench, '-m 1920x1080');
  const before = await frames(tab, 10);
  const after = await frames(tab, 120);
  const drawn = after.drawn - before.drawn;
  const cost = (after.drawMs - before.drawMs) / drawn;
  bench.note(`${drawn} of ${after.frames - before.frames} frames drawn, ${cost.toFixed(2)} ms each in the render Worker, longest ${after.maxMs.toFixed(1)} ms`);
  assert.ok(drawn > 10, `only ${drawn} frames were drawn`);
  assert.ok(cost < 8, `${cost.toFixed(2)} ms a frame`);
  await machine.feed('\x03');
});

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
  const cost = after.medianMs;
  bench.note(`${drawn} of ${after.frames - before.frames} frames drawn, ${cost.toFixed(2)} ms (median) in the render Worker, longest ${after.maxMs.toFixed(1)} ms`);
  assert.ok(drawn > 10, `only ${drawn} frames were drawn`);
  assert.ok(cost < 8, `${cost.toFixed(2)} ms a frame`);
  await machine.feed('\x03');
});

inChromium('keys reach the program by their places, and Shift-Escape gives the keyboard back', async (bench) => {
  const { machine, tab } = await demo(bench, '-c -m 640x400');
  await tab.page.locator(`${CANVAS}[data-keys=captured]`).waitFor();
  await tab.press('a');
  await machine.text('event 1 30 1\r\nevent 1 30 0\r\n');
  await tab.press('ArrowUp');
  await machine.text('event 1 103 1\r\nevent 1 103 0\r\n');
  await tab.press('Shift+Escape');
  await tab.page.locator(`${CANVAS}[data-keys=free]`).waitFor();
  /* the shift key was down when it went: the machine hears that it is up */
  await machine.text('event 1 42 1\r\nevent 1 42 0\r\n');
  await tab.page.locator(CANVAS).click();
  await tab.press('Escape');
  await machine.text('frames, .*# $');
});

inChromium('what a key types reaches the console of a program that reads no input device', async (bench) => {
  const { machine, tab } = await bench.machine();
  await machine.boot(await bench.link({ packages: [bench.layer] }));
  await machine.feed('(exec 3>/dev/fb0; read line; echo "[$line]")\r');
  await machine.element(CANVAS);
  await tab.page.locator(`${CANVAS}[data-keys=captured]`).waitFor();
  await tab.type('Hello world\n');
  await machine.text(String.raw`\[Hello world\]`);
});

inChromium('the mouse moves and clicks, the wheel turns', async (bench) => {
  const { machine, tab } = await demo(bench, '-c -m 640x400');
  const box = await tab.page.locator(CANVAS).boundingBox();
  assert.ok(box !== null);
  await tab.page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
  await tab.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  /* a little left of the middle: 16383 of 32767, or what is nearest to it in pixels of the page */
  await machine.text(String.raw`event 3 0 16[34]\d\d\r\nevent 3 1 16[34]\d\d\r\n`);
  await tab.page.mouse.down({ button: 'right' });
  await tab.page.mouse.up({ button: 'right' });
  await machine.text('event 1 273 1\r\nevent 1 273 0\r\n');
  await tab.page.mouse.wheel(0, 300);
  await machine.text('event 2 8 -3\r\n');
});

inChromium('a tone is heard: the audio thread takes sound from the ring', async (bench) => {
  const { machine, tab } = await demo(bench, '-c -m 640x400');
  await tab.page.locator(CANVAS).click();
  await tab.page.keyboard.down('Space');
  await tab.page.locator('[data-sound=audible]').waitFor();
  const before = await machine.stats();
  await tab.evaluate('new Promise((done) => setTimeout(done, 1000))');
  const after = await machine.stats();
  await tab.page.keyboard.up('Space');
  const frames = after.soundFrames - before.soundFrames;
  bench.note(`${frames} frames in a second, ${after.soundUnderruns - before.soundUnderruns} underruns`);
  assert.ok(frames > 40_000 && frames < 60_000, `${frames} frames a second`);
  await tab.page.getByTestId('mute').click();
  assert.equal(await tab.page.getByTestId('mute').getAttribute('aria-pressed'), 'true');
});

inChromium('a picture of the screen is saved in its own size', async (bench) => {
  const { tab } = await demo(bench, '-c -m 640x400');
  await frames(tab, 3);
  const download = tab.page.waitForEvent('download');
  await tab.page.getByTestId('screenshot').click();
  const file = await (await download).path();
  const { readFile } = await import('node:fs/promises');
  const png = await readFile(file);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [640, 400]);
});

inChromium('full screen shows a way out, and on a phone there is a pad that presses keys', async (bench) => {
  const { machine, tab } = await demo(bench, '-c -m 640x400', { width: 390, height: 844, touch: true });
  await tab.screenshot(`${bench.build}/e2e/canvas-phone.png`);
  await tab.page.getByRole('button', { name: 'Enter' }).tap();
  await machine.text('event 1 28 1\r\nevent 1 28 0\r\n');
  await tab.page.getByTestId('full-screen').tap();
  await tab.page.getByTestId('leave-full').waitFor();
  await tab.screenshot(`${bench.build}/e2e/canvas-phone-full.png`);
  await tab.page.getByTestId('leave-full').tap();
  await tab.page.getByTestId('leave-full').waitFor({ state: 'detached' });
});

inChromium('a program that dies leaves its last picture, and the next one can have the screen', async (bench) => {
  const { machine, tab } = await demo(bench, '-c -m 640x400');
  await frames(tab, 3);
  const from = await machine.length();
  await machine.feed('\x03');
  await machine.prompt(from);
  const found = await machine.run('head -c 4 /dev/fb0 | od -An -tx1');
  assert.equal(found.out.trim(), 'ff ff ff 00');
  /* both pages: the demo may have ended on either */
  await machine.run('head -c 2048000 /dev/zero > /dev/fb0');
  await tab.page.getByRole('tab', { name: 'Screen' }).click();
  await frames(tab, 3);
  assert.deepEqual(await colors(tab, [[0.05, 0.5], [0.95, 0.95]]), ['0,0,0', '0,0,0']);
});

/** Programs with threads. */
import assert from 'node:assert/strict';
import { everywhere, inChromium } from './fixtures/registry.ts';

everywhere('a program has 32 threads at once', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  const { out, status } = await machine.run('/opt/e2e/threads many', { ms: 120_000 });
  assert.equal(out, '32 at once\nsum 528000\n');
  assert.equal(status, 0);
});

everywhere('Ctrl-C ends a program that computes in four threads', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  const from = await machine.length();
  await machine.tab.type('/opt/e2e/threads loop\n');
  await machine.text(String.raw`4 looping\r\n`, from, 1, 60_000);
  const at = await machine.length();
  const pressed = await machine.pressTimed('Control+c');
  const found = await machine.text(String.raw`# $`, at);
  bench.note(`prompt after ${(found.at - pressed).toFixed(1)} ms`);
  const after = await machine.length();
  await machine.tab.type('echo after $?\n');
  await machine.text(String.raw`after 130\r\n`, after);
});

inChromium('a program that wants ever more threads is told EAGAIN, and the machine goes on', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  const { out, status } = await machine.run('/opt/e2e/threads limit', { ms: 200_000 });
  const made = Number(/^after (\d+): EAGAIN\nthen 1 more\n$/.exec(out)?.[1]);
  assert.ok(made >= 64, out);
  assert.equal(status, 0);
  const { workers } = await machine.stats();
  bench.note(`${made} threads; ${workers} Workers kept`);
  assert.deepEqual(await machine.run('echo on | cat'), { out: 'on\n', status: 0 });
});

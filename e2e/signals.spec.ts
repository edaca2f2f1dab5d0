/** Signals, from the keyboard and from kill. */
import assert from 'node:assert/strict';
import { everywhere, inChromium } from './fixtures/registry.ts';
import type { Machine } from './fixtures/machine.ts';

/** Milliseconds from the key stroke to the prompt, as the page sees both. */
async function interrupt(machine: Machine, key = 'Control+c'): Promise<number> {
  const from = await machine.length();
  const pressed = await machine.pressTimed(key);
  const found = await machine.text(String.raw`# $`, from);
  return found.at - pressed;
}

/**
 * A job in the foreground that sleeps. It says so itself: a key that comes before the shell has
 * made it the terminal's foreground group is the shell's, here as on Linux.
 */
const SLEEPER = `sh -c 'echo u''p; exec sleep 1000'`;
const UP = String.raw`\nup\r\n$`;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

inChromium('Ctrl-C ends sleep', async (bench) => {
  const machine = await bench.boot();
  await machine.tab.type(`${SLEEPER}\n`);
  await machine.text(UP);
  bench.note(`prompt after ${(await interrupt(machine)).toFixed(1)} ms`);
  const from = await machine.length();
  await machine.tab.type('echo after $?\n');
  await machine.text(String.raw`after 130\r\n`, from);
});

everywhere('Ctrl-C gives the prompt back from an endless loop of the shell within 50 ms', async (bench) => {
  const machine = await bench.boot();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const from = await machine.length();
    await machine.tab.type(`echo go$((${i} + 1)); while :; do :; done\n`);
    await machine.text(`go${i + 1}\\r\\n$`, from);
    times.push(await interrupt(machine));
  }
  bench.note(`key to prompt: ${times.map((each) => each.toFixed(1)).join(', ')} ms, median ${median(times).toFixed(1)} ms`);
  assert.ok(median(times) <= 50, `median ${median(times).toFixed(1)} ms`);
});

for (const name of ['spin', 'spin-deaf']) {
  const how = name === 'spin' ? 'with the poll' : 'without the poll';
  everywhere(`a spinning C program (${how}) dies of Ctrl-C`, async (bench) => {
    const machine = await bench.boot({ packages: [bench.layer] });
    const from = await machine.length();
    await machine.tab.type(`/opt/e2e/${name}\n`);
    await machine.text(String.raw`spinning\r\n`, from);
    bench.note(`prompt after ${(await interrupt(machine)).toFixed(1)} ms`);
    const again = await machine.length();
    await machine.tab.type('echo after $?\n');
    await machine.text(String.raw`after 130\r\n`, again);
  });

  inChromium(`a spinning C program (${how}) dies of kill -9`, async (bench) => {
    const machine = await bench.boot({ packages: [bench.layer] });
    await machine.run(`/opt/e2e/${name} > /tmp/out & sleep 0.2`);
    const { out } = await machine.run('kill -9 $!; wait $!; echo "died $?"; cat /tmp/out');
    assert.match(out, /died 137\nspinning\n/);
    assert.doesNotMatch((await machine.run('ps -o comm')).out, /spin/);
  });
}

inChromium('a handler in a program that only computes runs at Ctrl-C', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  const from = await machine.length();
  await machine.tab.type('/opt/e2e/catch; echo "status $?"\n');
  await machine.text(String.raw`spinning\r\n`, from);
  await machine.tab.press('Control+c');
  await machine.text(String.raw`caught 2\r\nstatus 3\r\n`, from);
});

inChromium('Ctrl-\\ ends a program as SIGQUIT does', async (bench) => {
  const machine = await bench.boot();
  const from = await machine.length();
  await machine.tab.type(`${SLEEPER}\n`);
  await machine.text(UP, from);
  await machine.tab.press('Control+\\');
  await machine.text(String.raw`Quit.*# $`, from);
});

everywhere('Ctrl-Z stops a job; jobs, bg and fg find it', async (bench) => {
  const machine = await bench.boot();
  let from = await machine.length();
  await machine.tab.type(`${SLEEPER}\n`);
  await machine.text(UP, from);
  await machine.tab.press('Control+z');
  await machine.text(String.raw`Stopped.*# $`, from);
  from = await machine.length();
  await machine.tab.type('jobs\n');
  await machine.text(String.raw`\[1\] \+ Stopped +sh -c [^\n]*sleep 1000[^\n]*\r\n`, from);
  from = await machine.length();
  await machine.tab.type('bg\n');
  await machine.text(String.raw`\[1\] sh -c [^\n]*\r\n.*# $`, from);
  from = await machine.length();
  await machine.tab.type('jobs\n');
  await machine.text(String.raw`Running +sh -c [^\n]*\r\n`, from);
  from = await machine.length();
  await machine.tab.type('fg\n');
  await machine.text(String.raw`fg\r\nsh -c [^\n]*\r\n`, from);
  await machine.tab.press('Control+c');
  await machine.text(String.raw`# $`, from);
  assert.equal((await machine.run('jobs')).out, '');
});

inChromium('a spinning program stops at Ctrl-Z and goes on with fg', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  let from = await machine.length();
  await machine.tab.type('/opt/e2e/spin\n');
  await machine.text(String.raw`spinning\r\n`, from);
  await machine.tab.press('Control+z');
  await machine.text(String.raw`Stopped.*# $`, from);
  from = await machine.length();
  await machine.tab.type('fg\n');
  await machine.text(String.raw`/opt/e2e/spin\r\n`, from);
  await machine.tab.press('Control+c');
  await machine.text(String.raw`# $`, from);
});

inChromium('a job in the background that reads the terminal is stopped', async (bench) => {
  const machine = await bench.boot();
  await machine.run('cat &');
  const { out } = await machine.run('sleep 0.3; jobs');
  assert.match(out, /Stopped.*cat/);
});

for (const [what, argument] of [['alone', ''], ['through system calls', ' calls']] as const) {
  inChromium(`a program that recurses without end (${what}) gets SIGSEGV and the machine goes on`, async (bench) => {
    const machine = await bench.boot({ packages: [bench.layer] });
    const { status } = await machine.run(`/opt/e2e/recurse${argument}`);
    assert.equal(status, 128 + 11);
    assert.deepEqual(await machine.run('echo on | cat'), { out: 'on\n', status: 0 });
  });
}

inChromium('a division by zero is SIGFPE, an illegal instruction SIGILL', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  assert.equal((await machine.run('/opt/e2e/trap fpe')).status, 128 + 8);
  assert.equal((await machine.run('/opt/e2e/trap ill')).status, 128 + 4);
});

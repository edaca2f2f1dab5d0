/** Many processes, and nothing left of them. */
import assert from 'node:assert/strict';
import { inChromium } from './fixtures/registry.ts';
import type { Machine } from './fixtures/machine.ts';
import type { HostStats } from '../web/src/host/kernelhost.ts';

/** Pools keep what was in use at once, which differs by a few from round to round. A leak is 2,000. */
const POOLED = 3;

/** Counts once the machine has settled: the same twice, half a second apart. */
async function settled(machine: Machine): Promise<HostStats> {
  let last = await machine.stats();
  for (let tries = 0; tries < 20; tries++) {
    await machine.run('sleep 0.5');
    const now = await machine.stats();
    if (now.memories === last.memories && now.workers === last.workers && now.objects === last.objects) return now;
    last = now;
  }
  return last;
}

inChromium('100 processes run at once', async (bench) => {
  const machine = await bench.boot();
  const { out } = await machine.run('all=; i=0; while [ $i -lt 100 ]; do sleep 1000 & all="$all $!"; i=$((i+1)); done; set -- /proc/[0-9]*; echo $#', { ms: 180_000 });
  const count = Number(out.trim().split('\n').at(-1));
  assert.ok(count >= 102, `only ${count} processes: ${out.slice(0, 500)}`);
  const { processes, workers, memories, usedBytes } = await machine.stats();
  bench.note(`${processes} processes, ${workers} Workers, ${memories} memories, ${usedBytes} bytes in K`);
  await machine.run('kill $all; wait', { ms: 120_000 });
  assert.deepEqual(await machine.run('set -- /proc/[0-9]*; echo $#'), { out: '2\n', status: 0 });
});

inChromium('the shell says so when the engine refuses a memory, and goes on when processes end', async (bench) => {
  const machine = await bench.boot();
  /* the shell gives up the whole line at the fork that fails, so nothing may stand behind it */
  await machine.feed('i=0; while [ $i -lt 140 ]; do sleep 1000 & all="$all $!"; i=$((i+1)); done\r');
  const found = await machine.text(String.raw`sh: .*([Cc]annot fork|[Rr]esource temporarily unavailable).*# $`, 0, 1, 180_000);
  bench.note(`after ${(await machine.stats()).processes} processes`);
  await machine.feed('kill $all; wait\r');
  await machine.prompt(found.end, 1, 120_000);
  const { out } = await machine.run('echo on | cat');
  assert.equal(out, 'on\n');
});

inChromium('2,000 short processes leave no Worker, no memory and no bytes behind', async (bench) => {
  const machine = await bench.boot();
  const round = (count: number) => machine.run(`i=0; while [ $i -lt ${count} ]; do /bin/true; i=$((i+1)); done`, { ms: 230_000 });
  await round(50); // pools, caches and the shell's own heap are warm
  const before = await settled(machine);
  const start = performance.now();
  assert.equal((await round(2000)).status, 0);
  bench.note(`${((performance.now() - start) / 2000).toFixed(2)} ms a process`);
  const after = await settled(machine);
  bench.note(`before ${JSON.stringify(before)}`);
  bench.note(`after  ${JSON.stringify(after)}`);
  assert.equal(after.processes, before.processes);
  assert.ok(after.workers <= before.workers + POOLED, `Workers ${before.workers} -> ${after.workers}`);
  assert.ok(after.memories <= before.memories + POOLED, `memories ${before.memories} -> ${after.memories}`);
  assert.ok(after.objects <= before.objects + 4, `objects ${before.objects} -> ${after.objects}`);
  assert.ok(after.usedBytes <= before.usedBytes + 4096, `bytes ${before.usedBytes} -> ${after.usedBytes}`);
});

inChromium('500 forks leave nothing behind', async (bench) => {
  const machine = await bench.boot();
  const round = (count: number) => machine.run(`i=0; while [ $i -lt ${count} ]; do (exit 0); x=$(echo a | cat); i=$((i+1)); done`, { ms: 230_000 });
  await round(20);
  const before = await settled(machine);
  assert.equal((await round(125)).status, 0);
  const after = await settled(machine);
  bench.note(`before ${JSON.stringify(before)}`);
  bench.note(`after  ${JSON.stringify(after)}`);
  assert.equal(after.processes, before.processes);
  assert.ok(after.workers <= before.workers + POOLED, `Workers ${before.workers} -> ${after.workers}`);
  assert.ok(after.memories <= before.memories + POOLED, `memories ${before.memories} -> ${after.memories}`);
  assert.ok(after.objects <= before.objects + 4, `objects ${before.objects} -> ${after.objects}`);
  assert.ok(after.usedBytes <= before.usedBytes + 4096, `bytes ${before.usedBytes} -> ${after.usedBytes}`);
});

inChromium('twenty spinning programs that are killed give their memories back', async (bench) => {
  const machine = await bench.boot({ packages: [bench.layer] });
  await machine.run('/opt/e2e/spin-deaf >/dev/null & sleep 0.2; kill -9 $!; wait $!; sleep 3');
  const before = await settled(machine);
  for (let i = 0; i < 10; i++) {
    await machine.run('/opt/e2e/spin-deaf >/dev/null & a=$!; /opt/e2e/spin >/dev/null & sleep 0.1; kill -9 $a $!; wait');
  }
  await machine.run('sleep 4');
  const after = await settled(machine);
  assert.equal(after.processes, before.processes);
  assert.ok(after.workers <= before.workers + POOLED, `Workers ${before.workers} -> ${after.workers}`);
  bench.note(`memories ${before.memories} -> ${after.memories}`);
  assert.ok(after.memories <= before.memories + 2 * POOLED, `memories ${before.memories} -> ${after.memories}`);
});

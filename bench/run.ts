/**
 * The benchmark: node bench/run.ts [--host node|chromium|firefox]... [--rounds N] [--only TEXT]
 *
 * Measures the programs of bench/programs on this computer and in machines, in turns, so that load
 * disturbs both alike; then boots, memory and sizes. Prints a table and writes bench/out/latest.json.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bootChromium, bootFirefox, measureLinks } from './src/browser.ts';
import type { BenchMachine } from './src/machine.ts';
import { load } from './src/memory.ts';
import { bootNode } from './src/node.ts';
import { INSIDE, JOBS, ROOT, buildPrograms, jobWords, parseFigures, runNative } from './src/programs.ts';
import type { Job, Programs } from './src/programs.ts';
import { OTHER_TARGETS, PROGRAM_ROWS, inUnit, makeRow, tableOf } from './src/rows.ts';
import type { Host, Row, Unit } from './src/rows.ts';

const HELD = 20;
const NODE_BOOTS = 5;

const HOSTS: readonly string[] = ['node', 'chromium', 'firefox'];

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        host: { type: 'string', multiple: true, default: ['node', 'chromium'] },
        rounds: { type: 'string', default: '3' },
        only: { type: 'string', default: '' },
      },
    });
    const unknown = values.host.find((host) => !HOSTS.includes(host));
    if (unknown !== undefined) throw new Error(`--host ${unknown}: ${HOSTS.join(', ')}`);
    if (!/^[1-9]\d?$/.test(values.rounds)) throw new Error(`--rounds ${values.rounds}: a number from 1 to 99`);
    return values;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

const values = readOptions();
const rounds = Number(values.rounds);
const wants = (name: string): boolean => name.includes(values.only);
const say = (text: string): void => console.error(`[load ${load()}] ${text}`);

/** The part of a job that was asked for. */
function wantedJobs(): Job[] {
  const named = (key: string): boolean => PROGRAM_ROWS.some((row) => row.key === key && wants(row.name));
  return JOBS.map((job) => ({ ...job, rows: job.rows.filter(named) })).filter((job) => job.rows.length > 0);
}

function collect(into: Map<string, number[]>, figures: ReadonlyMap<string, readonly number[]>): void {
  for (const [key, ns] of figures) into.set(key, [...(into.get(key) ?? []), ...ns]);
}

/** Run every job here and there in turns. */
async function programRows(machine: BenchMachine, programs: Programs): Promise<Row[]> {
  const ours = new Map<string, number[]>();
  const native = new Map<string, number[]>();
  const jobs = wantedJobs();
  for (let round = 1; round <= rounds; round++) {
    for (const job of jobs) {
      say(`${machine.host}, round ${round} of ${rounds}: ${job.program} ${job.rows.join(' ')}`);
      collect(native, runNative(job, programs.native));
      collect(ours, parseFigures(await machine.run(jobWords(job, INSIDE, '/tmp').join(' '))));
    }
  }
  return PROGRAM_ROWS.filter((row) => ours.has(row.key)).map((row) =>
    makeRow(
      row.name,
      machine.host,
      row.unit,
      (ours.get(row.key) ?? []).map((ns) => inUnit(row, ns)),
      (native.get(row.key) ?? []).map((ns) => inUnit(row, ns)),
      row.target,
    ),
  );
}

/** Before anything else ran in the machine: the idle shell, then with processes that only wait. */
async function memoryRows(machine: BenchMachine): Promise<Row[]> {
  if (machine.host === 'firefox' || !(wants('idle_shell_mb') || wants('process_mb'))) return [];
  say(`${machine.host}: memory`);
  const idle = await machine.memory();
  await machine.hold(`${INSIDE}/hold ${HELD}`, new RegExp(`holding ${HELD}`));
  const held = await machine.memory();
  await machine.release();
  return [
    makeRow('idle_shell_mb', machine.host, 'MB', [idle]),
    makeRow('process_mb', machine.host, 'MB', [(held - idle) / HELD]),
  ];
}

async function machineRows(machine: BenchMachine, programs: Programs): Promise<Row[]> {
  try {
    const memory = await memoryRows(machine);
    return [...(await programRows(machine, programs)), ...memory];
  } finally {
    await machine.close();
  }
}

async function nodeRows(programs: Programs): Promise<Row[]> {
  const boots: number[] = [];
  let machine: BenchMachine | undefined;
  for (let boot = 0; boot < NODE_BOOTS; boot++) {
    await machine?.close();
    const booted = await bootNode(programs.layerFile);
    machine = booted.machine;
    boots.push(booted.bootMs);
  }
  if (machine === undefined) return [];
  const rows = await machineRows(machine, programs);
  return [...rows, other('boot_to_prompt_ms', 'node', 'ms', boots)];
}

function other(name: string, host: Host, unit: Unit, figures: readonly number[]): Row {
  return makeRow(name, host, unit, figures, [], OTHER_TARGETS.get(name));
}

async function chromiumRows(programs: Programs): Promise<Row[]> {
  const rows: Row[] = [];
  if (wants('link_to_prompt')) {
    say('chromium: link to prompt');
    const { cold, warm } = await measureLinks(Math.max(3, rounds));
    rows.push(other('link_to_prompt_cold_ms', 'chromium', 'ms', cold));
    rows.push(other('link_to_prompt_warm_ms', 'chromium', 'ms', warm));
  }
  return [...(await machineRows(await bootChromium(programs), programs)), ...rows];
}

function sizeRows(): Row[] {
  const wasm = readFileSync(join(ROOT, 'build/kernel/kernel.wasm'));
  return [
    other('kernel_wasm_bytes', 'node', 'bytes', [wasm.length]),
    other('kernel_wasm_gzip_bytes', 'node', 'bytes', [gzipSync(wasm, { level: 9 }).length]),
  ];
}

async function hostRows(host: string, programs: Programs): Promise<Row[]> {
  switch (host) {
    case 'node':
      return [...(await nodeRows(programs)), ...sizeRows()];
    case 'chromium':
      return await chromiumRows(programs);
    default:
      return await machineRows(await bootFirefox(programs), programs);
  }
}

async function main(): Promise<void> {
  const started = new Date().toISOString();
  const before = load();
  const programs = await buildPrograms();
  const rows: Row[] = [];
  for (const host of values.host) rows.push(...(await hostRows(host, programs)));
  const shown = rows.filter((row) => wants(row.name));
  const out = join(import.meta.dirname, 'out');
  mkdirSync(out, { recursive: true });
  const cpu = spawnSync('uname', ['-srm'], { encoding: 'utf8' }).stdout.trim();
  const about = { started, computer: cpu, load_before: before, load_after: load(), rounds };
  writeFileSync(join(out, 'latest.json'), `${JSON.stringify({ ...about, rows: shown }, undefined, 1)}\n`);
  console.log(tableOf(shown));
  console.log(`\nload ${before} before, ${load()} after; the rows are in bench/out/latest.json`);
}

await main();

/**
 * The programs of bench/programs, built twice from one source: by gcc for this computer and by
 * pleat-cc for the machine, where they come as a layer under /opt/bench.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePack } from '../../images/src/pack.ts';
import type { Layer } from '../../descriptor/src/types.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Where the layer has the programs. */
export const INSIDE = '/opt/bench';

const METERED = ['calls', 'pipes', 'sockets', 'procs', 'forks', 'threads', 'parallel', 'events', 'files', 'clocks'] as const;
const PLAIN = ['nothing', 'hold'] as const;
/** Those that measure with a second process at the other end: peer.h. */
const PEERED: readonly string[] = ['pipes', 'sockets'];

export interface Programs {
  /** folder of those for this computer */
  readonly native: string;
  readonly layer: Layer;
  /** folder with the layer's index and pack */
  readonly layers: string;
  /** the layer's description, for pleat run -p */
  readonly layerFile: string;
}

function sources(): string[] {
  const inputs = ['bench/programs/*', 'bench/src/programs.ts', 'images/src/pack.ts', 'sdk/bin/pleat-cc', 'sdk/share/*', 'sdk/post/*', 'build/sysroot/lib/*'];
  return globSync(inputs, { cwd: ROOT }).sort();
}

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  if (done.status !== 0) throw new Error(`${command} failed: ${done.stderr || String(done.error)}`);
}

function compileAll(compiler: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of [...METERED, ...PLAIN]) {
    const files = [`bench/programs/${name}.c`];
    if ((METERED as readonly string[]).includes(name)) files.push('bench/programs/meter.c');
    if (PEERED.includes(name)) files.push('bench/programs/peer.c');
    run(compiler, ['-O2', '-Wall', '-o', join(folder, name), ...files]);
  }
}

/** Build what is not up to date. */
export async function buildPrograms(): Promise<Programs> {
  const out = join(ROOT, 'build', 'bench');
  const layers = join(out, 'images');
  const native = join(out, 'native');
  const layerFile = join(layers, 'bench.json');
  const hash = createHash('sha256');
  for (const path of sources()) hash.update(path).update(readFileSync(join(ROOT, path)));
  const key = hash.digest('hex');
  if (existsSync(layerFile)) {
    const known = JSON.parse(readFileSync(layerFile, 'utf8')) as Layer & { madeFrom?: string };
    const layer = { name: known.name, root: known.root, size: known.size };
    if (known.madeFrom === key && existsSync(join(native, 'calls'))) return { native, layer, layers, layerFile };
  }
  const tree = join(out, 'tree');
  rmSync(tree, { recursive: true, force: true });
  compileAll('gcc', native);
  compileAll('sdk/bin/pleat-cc', join(tree, INSIDE));
  const plain = join(out, 'bench.erofs');
  rmSync(plain, { force: true });
  run('mkfs.erofs', ['-x-1', '-T1000000000', '--all-root', '--quiet', plain, tree]);
  const image = new Uint8Array(readFileSync(plain));
  const pack = await makePack(image);
  mkdirSync(layers, { recursive: true });
  writeFileSync(join(layers, `${pack.root}.idx`), pack.index);
  writeFileSync(join(layers, `${pack.root}.pack`), pack.pack);
  const layer: Layer = { name: 'bench', root: pack.root, size: image.length };
  writeFileSync(layerFile, JSON.stringify({ ...layer, madeFrom: key }));
  return { native, layer, layers, layerFile };
}

/** One run of a program, here or in a machine. */
export interface Job {
  readonly program: (typeof METERED)[number];
  readonly rows: readonly string[];
}

export const JOBS: readonly Job[] = [
  { program: 'calls', rows: ['null_call', 'read_1b', 'write_1b', 'read_4k', 'write_4k', 'read_64k', 'write_64k'] },
  { program: 'calls', rows: ['open_close', 'stat', 'signal'] },
  { program: 'calls', rows: ['tmpfs_read_4k', 'tmpfs_write_4k', 'tmpfs_read_64k', 'tmpfs_write_64k'] },
  { program: 'events', rows: ['epoll_1', 'epoll_100', 'epoll_1000', 'epoll_ctl', 'poll_1', 'poll_100'] },
  { program: 'files', rows: ['open_10000', 'readdir_10000', 'rename_10000', 'create_unlink_10000'] },
  {
    program: 'files',
    rows: ['tmpfs_pwrite_4k', 'tmpfs_pread_4k', 'tmpfs_pwrite_1m', 'tmpfs_pread_1m', 'overlay_pwrite_4k', 'overlay_pread_4k',
      'overlay_pwrite_1m', 'overlay_pread_1m', 'image_pread_4k'],
  },
  { program: 'clocks', rows: ['kill_handler', 'eventfd_pingpong', 'sleep_1ms_p50', 'sleep_1ms_p99'] },
  { program: 'pipes', rows: ['pipe_pingpong', 'pipe_bulk_4k', 'pipe_bulk_64k'] },
  { program: 'sockets', rows: ['unix_pingpong', 'unix_dgram_pingpong', 'unix_bulk_4k', 'unix_bulk_64k', 'socketpair', 'unix_connect'] },
  { program: 'sockets', rows: ['tcp_pingpong', 'udp_pingpong', 'tcp_bulk_4k', 'tcp_bulk_64k', 'tcp_connect'] },
  { program: 'procs', rows: ['vfork_exec_wait', 'spawn_wait'] },
  { program: 'procs', rows: ['dash_fork_wait'] },
  { program: 'forks', rows: ['fork_wait'] },
  { program: 'threads', rows: ['thread_create_join', 'futex_wake', 'futex_pingpong'] },
  { program: 'threads', rows: ['mutex_alone', 'mutex_2', 'mutex_4', 'mutex_8'] },
  { program: 'parallel', rows: ['parallel_1', 'parallel_2', 'parallel_4', 'parallel_8', 'parallel_16'] },
];

/** The command line of a job. @param folder - of the programs; @param files - a folder on tmpfs */
export function jobWords(job: Job, folder: string, files: string): string[] {
  return [`${folder}/${job.program}`, job.program === 'procs' ? folder : files, ...job.rows];
}

/** Lines "name ns ns ..." as figures by name. */
export function parseFigures(text: string): Map<string, number[]> {
  const figures = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const [name, ...words] = line.trim().split(' ');
    const values = words.map(Number);
    if (name !== undefined && values.length > 0 && values.every((value) => value > 0)) figures.set(name, values);
  }
  return figures;
}

/** Run a job on this computer's own kernel. */
export function runNative(job: Job, native: string): Map<string, number[]> {
  const [command = '', ...args] = jobWords(job, native, '/dev/shm');
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  if (done.status !== 0) throw new Error(`${command}: ${done.stderr || String(done.error ?? done.signal)}`);
  return parseFigures(done.stdout);
}

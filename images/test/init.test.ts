/** init as the native system's PID 1, in a process namespace of its own (needs root). */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';

const source = fileURLToPath(new URL('../packages/init/init.c', import.meta.url));
const skip = process.getuid?.() === 0 ? false : 'a process namespace needs root';
let folder = '';
let program = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pleat-init-'));
  program = join(folder, 'init');
  const flags = ['-O1', '-g', '-std=gnu17', '-Wall', '-Wextra', '-Werror', '-o', program, source];
  const built = spawnSync('gcc', flags, { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
});
after(() => rmSync(folder, { recursive: true }));

function init(...args: string[]): { status: number | null; out: string; err: string } {
  const env = { PATH: '/usr/bin:/bin', GIVEN: 'yes' };
  const run = spawnSync('unshare', ['-pf', '--mount-proc', program, ...args], { env, encoding: 'utf8', timeout: 20_000 });
  return { status: run.status, out: run.stdout, err: run.stderr };
}

test('the machine ends with the boot command\'s status', { skip }, () => {
  assert.equal(init('--pipe', '--', 'sh', '-c', 'exit 7').status, 7);
  assert.equal(init('--pipe', 'true').status, 0);
});

test('a boot command that dies of a signal gives 128 and its number', { skip }, () => {
  assert.equal(init('--pipe', '--', 'sh', '-c', 'kill -9 $$').status, 137);
});

test('init is process 1 and the command its child, with no signal blocked or ignored', { skip }, () => {
  const { out } = init('--pipe', '--', 'sh', '-c', 'echo $PPID; grep -E "Sig(Blk|Ign)" /proc/self/status');
  assert.equal(out, '1\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
});

test('the environment is what init was given, with the user\'s variables added', { skip }, () => {
  const { out } = init('--pipe', '--user', 'nobody', '--', 'sh', '-c', 'echo $USER $LOGNAME $GIVEN; id -u; id -G');
  assert.equal(out, 'nobody nobody yes\n65534\n65534\n');
});

test('--cwd is where the command starts, and a folder that does not exist is said', { skip }, () => {
  assert.equal(init('--pipe', '--cwd', '/usr', '--', 'pwd').out, '/usr\n');
  const missing = init('--pipe', '--cwd', '/no/such', '--', 'pwd');
  assert.equal(missing.status, 127);
  assert.match(missing.err, /\/no\/such: No such file/);
});

test('an unknown user, option or command ends the machine with a message', { skip }, () => {
  const user = init('--pipe', '--user', 'nosuch');
  assert.equal(user.status, 126);
  assert.match(user.err, /no such user .*nosuch/);
  assert.equal(init('--what').status, 126);
  const command = init('--pipe', '--', '/no/such');
  assert.equal(command.status, 127);
  assert.match(command.err, /\/no\/such/);
});

test('orphans become children of init and are reaped while the command runs', { skip }, () => {
  // The double fork leaves an orphan that ends at once: it must not stay as a zombie.
  const script = `(sh -c 'echo $$ > ${folder}/pid' & ); read pid < ${folder}/pid
    while [ -e /proc/$pid ]; do [ "$((n += 1))" -lt 100000 ] || exit 1; done; echo gone`;
  const { out } = init('--pipe', '--', 'sh', '-c', `mkfifo ${folder}/pid; ${script}`);
  assert.equal(out, 'gone\n');
});

test('what outlives the command is ended, even if it ignores the polite signals', { skip }, () => {
  const stubborn = 'setsid sh -c "trap \\"\\" TERM HUP; echo ready; exec sleep 1000"';
  const run = init('--pipe', '--', 'sh', '-c', `mkfifo ${folder}/ready; ${stubborn} > ${folder}/ready & head -n 1 ${folder}/ready; exit 4`);
  assert.equal(run.out, 'ready\n');
  assert.equal(run.status, 4);
});

test('SIGTERM to init ends the machine as if the command had died of it', { skip }, async () => {
  const child = spawn('unshare', ['-pf', '--mount-proc', program, '--pipe', '--', 'sh', '-c', 'echo up; kill -TERM 1; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 143);
});

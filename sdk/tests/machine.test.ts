/** machine.test.ts - the same programs in our machine under Node, where the kernel is the real one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile, run, sdk } from './build.ts';

const root = join(sdk, '..');
const built =
  existsSync(join(root, 'build/kernel/kernel.wasm')) &&
  existsSync(join(root, 'build/images/shell.json'));
const skip = built ? false : 'kernel and image are not built';

/** Run a command in a machine that sees the test programs under /mnt. */
function machine(...command: string[]): { status: number | null; stdout: string; stderr: string } {
  const folder = join(root, 'build/sdk-tests/mnt');
  mkdirSync(folder, { recursive: true });
  for (const name of ['abi', 'echo', 'exit', 'fork', 'hello', 'spawn', 'threads', 'vfork']) {
    copyFileSync(compile(name), join(folder, name));
  }
  const args = ['run', '-v', `${folder}:/mnt`, '--', ...command];
  return spawnSync(join(root, 'cli/pleat'), args, { encoding: 'utf8', timeout: 120_000 });
}

test(
  'machine: structures and 64-bit arguments are what the kernel takes them for',
  { skip },
  () => {
    const r = machine('/mnt/abi');
    assert.equal(r.stdout, 'ok\n', r.stderr);
  },
);

test('machine: each program says what it says under the stub kernel', { skip }, () => {
  const setup = 'cd /mnt && ln -s /mnt/exit /usr/local/bin/exit && ln -sf /mnt/exit /bin/exit';
  for (const name of ['fork', 'vfork']) {
    const r = machine('sh', '-c', `${setup} && exec ./${name}`);
    assert.equal(r.stdout, run(compile(name), [], ['exit', 'echo']).stdout, `${name}: ${r.stderr}`);
    assert.equal(r.status, 0, name);
  }
});

test('machine: a thread has a TLS block of its own', { skip }, () => {
  const r = machine('/mnt/threads');
  assert.equal(r.stdout, 'pthread_create: joined, own TLS 8\ntrylock: Resource busy\n', r.stderr);
  assert.equal(r.status, 0);
});

test('machine: constructors, jumps, TLS and the exit status', { skip }, () => {
  const r = machine('/mnt/hello', 'foo');
  assert.match(r.stdout, /setjmp 5\n[^]*tls 7 0 constructor 1\n/);
  assert.equal(r.status, 3);
});

test('machine: dash forks as a native dash does', { skip }, () => {
  const script = join(root, 'images/packages/dash/forks.sh');
  const ours = spawnSync(
    join(root, 'cli/pleat'),
    ['run', '-v', `${join(root, 'images/packages/dash')}:/mnt`, '--', 'sh', '/mnt/forks.sh'],
    { encoding: 'utf8', timeout: 120_000 },
  );
  const native = spawnSync('dash', [script], { encoding: 'utf8' });
  assert.equal(ours.stdout, native.stdout, ours.stderr);
  assert.equal(ours.status, native.status);
});

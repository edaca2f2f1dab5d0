/** build.ts - compiles a test program once for each state of the SDK; what the tests share. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Stub } from './stub.ts';
import type { Result } from './stub.ts';

export const sdk = join(import.meta.dirname, '..');
const out = join(sdk, '../build/sdk-tests');

/** Everything but the program itself that decides what comes out. */
const toolchain = createHash('sha256')
  .update(readFileSync(join(sdk, '../build/sysroot.key')))
  .update(readFileSync(join(sdk, 'tests/fork.list')));
for (const folder of ['bin', 'post', 'share']) {
  for (const f of readdirSync(join(sdk, folder)).sort()) {
    toolchain.update(readFileSync(join(sdk, folder, f)));
  }
}

/** Path of tests/NAME.c as a program. */
export function compile(name: string, ...flags: string[]): string {
  const source = join(sdk, 'tests', `${name}.c`);
  const key = toolchain.copy().update(readFileSync(source)).update(flags.join('\0'));
  const folder = join(out, key.digest('hex').slice(0, 16));
  const file = join(folder, name);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const fresh = `${file}.${process.pid}`; // test files run side by side
  execFileSync(join(sdk, 'bin/pleat-cc'), ['-O2', ...flags, source, '-o', fresh], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(fresh, file);
  return file;
}

/** Run a program under the stub kernel, where /bin/NAME are other test programs. */
export function run(file: string, args: string[] = [], bin: string[] = []): Result {
  const stub = new Stub();
  for (const b of bin) stub.programs.set(`/bin/${b}`, compile(b));
  return stub.run(file, args);
}

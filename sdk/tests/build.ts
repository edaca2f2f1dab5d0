/** build.ts - compiles a test program once a run; what the tests of this folder share. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Stub } from './stub.ts';
import type { Result } from './stub.ts';

export const sdk = join(import.meta.dirname, '..');
const out = join(sdk, '../build/sdk-tests');
const built = new Set<string>();

/** Path of tests/NAME.c as a program. */
export function compile(name: string, ...flags: string[]): string {
  const file = join(out, [name, ...flags.map((f) => f.replace(/[^a-z]/g, ''))].join('-'));
  if (!built.has(file)) {
    mkdirSync(out, { recursive: true });
    const fresh = `${file}.${process.pid}`; // test files run side by side
    const source = join(sdk, 'tests', `${name}.c`);
    execFileSync(join(sdk, 'bin/pleat-cc'), ['-O2', ...flags, source, '-o', fresh], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    renameSync(fresh, file);
    built.add(file);
  }
  return file;
}

/** Run a program under the stub kernel, where /bin/NAME are other test programs. */
export function run(file: string, args: string[] = [], bin: string[] = []): Result {
  const stub = new Stub();
  for (const b of bin) stub.programs.set(`/bin/${b}`, compile(b));
  return stub.run(file, args);
}

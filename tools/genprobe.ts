/**
 * Writes build/gen/probe.wat: the native-stack probe that runs at kernel entry.
 *
 * Program and kernel share one native stack. The probe is a function whose frame is as large as
 * all that the kernel may need (its locals live across a call that is never made); calling and
 * leaving it overflows BEFORE a lock is taken, where an overflow is the program's SIGSEGV.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const LOCALS = 4096; // of 8 bytes: 32 KiB of native stack

const [out] = process.argv.slice(2);
if (!out) {
  console.error('usage: genprobe.ts OUT.wat');
  process.exit(2);
}
const each = (f: (i: number) => string): string => Array.from({ length: LOCALS }, (_, i) => f(i)).join('\n');
const text = `(module
(import "kernel" "memory" (memory 1 32768 shared))
(import "host" "nop" (func $nop))
(import "host" "never" (global $never i32))
(func (export "probe")
${each((i) => `(local $l${i} i64)`)}
(if (global.get $never) (then
${each((i) => `(local.set $l${i} (i64.load offset=${i * 8} (i32.const 0)))`)}
(call $nop)
${each((i) => `(i64.store offset=${i * 8} (i32.const 0) (local.get $l${i}))`)}
)))
)
`;
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, text);

/** post.test.ts - the link-time steps by themselves: decoding, polls, fork lists, refusals. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile, sdk } from './build.ts';
import { forkList } from '../post/forklist.ts';
import { addSafepoints, loopHeads } from '../post/safepoint.ts';
import {
  SECTION,
  bodies,
  concat,
  functionNames,
  imports,
  leb,
  nameSection,
  parse,
  section,
  serialize,
} from '../post/wasm.ts';
import type { Section } from '../post/wasm.ts';

/** Linker output of a test program. */
const linked = (name: string) => parse(readFileSync(compile(name, '-mno-post')));

/** One function of type () -> (), whose body is given, exported as __pleat_poll's neighbour. */
function moduleWith(body: number[], locals: number[] = [0]): Uint8Array<ArrayBuffer> {
  const s = (id: number, ...bytes: number[]): Section => ({
    id,
    name: '',
    body: Uint8Array.from(bytes),
  });
  const text = (t: string) => [t.length, ...Buffer.from(t)];
  const code = [...locals, ...body, 0x0b];
  return serialize([
    s(SECTION.type, 1, 0x60, 0, 0),
    s(SECTION.import, 1, ...text('env'), ...text('memory'), 2, 3, 1, 1),
    s(SECTION.function, 2, 0, 0),
    s(4, 1, 0x70, 0, 1),
    s(13, 1, 0, 0),
    s(SECTION.export, 2, ...text('__pleat_poll'), 0, 0, ...text('f'), 0, 1),
    s(SECTION.code, 2, 2, 0, 0x0b, ...leb(code.length), ...code),
    nameSection(
      new Map([
        [0, '__pleat_poll'],
        [1, 'f'],
      ]),
    ),
  ]);
}

const LOOP = [0x03, 0x40, 0x0b];

test('every instruction whose bytes hold a loop opcode is stepped over, not into', () => {
  const shapes: { [what: string]: number[] } = {
    'i32.const 3 64': [0x41, 0x03, 0x1a, 0x41, 0xc0, 0x00, 0x1a],
    'i64.const, negative and long': [
      0x42, 0x83, 0x80, 0x80, 0x80, 0x80, 0x03, 0x1a, 0x42, 0x7f, 0x1a,
    ],
    'f32.const and f64.const': [
      0x43, 3, 0x40, 3, 0x40, 0x1a, 0x44, 3, 0x40, 3, 0x40, 3, 0x40, 3, 0x40, 0x1a,
    ],
    'block with a value': [0x02, 0x7f, 0x41, 0x03, 0x0b, 0x1a],
    br_table: [0x02, 0x40, 0x02, 0x40, 0x41, 0, 0x0e, 3, 0, 1, 0, 1, 0x0b, 0x0b],
    'legacy try, catch, catch_all, rethrow': [0x06, 0x40, 0x07, 0, 0x09, 0, 0x19, 0x0b],
    'legacy try, delegate': [0x06, 0x40, 0x18, 0],
    throw: [0x02, 0x40, 0x08, 0, 0x0b],
    'atomic load, fence, wait': [
      0x41, 0, 0xfe, 0x10, 2, 3, 0x1a, 0xfe, 0x03, 0, 0x41, 0, 0x41, 3, 0x42, 3, 0xfe, 0x01, 2, 3,
      0x1a,
    ],
    'memory.copy, memory.fill, trunc_sat': [
      0x41, 0, 0x41, 3, 0x41, 3, 0xfc, 10, 0, 0, 0x41, 0, 0x41, 3, 0x41, 3, 0xfc, 11, 0, 0x43, 0, 0,
      0, 0, 0xfc, 0, 0x1a,
    ],
    'v128.const, shuffle, extract lane, load lane': [
      0xfd,
      12,
      ...Array(16).fill(3),
      0xfd,
      12,
      ...Array(16).fill(0x40),
      0xfd,
      13,
      ...Array(16).fill(3),
      0xfd,
      27,
      3,
      0x1a,
      0x41,
      0,
      0xfd,
      12,
      ...Array(16).fill(3),
      0xfd,
      84,
      0,
      3,
      3,
      0x1a,
    ],
    'i32x4.add, two-byte opcode': [
      0xfd,
      12,
      ...Array(16).fill(3),
      0xfd,
      12,
      ...Array(16).fill(3),
      0xfd,
      0xae,
      1,
      0x1a,
    ],
    'call_indirect, return_call, select with type': [
      0x41, 0, 0x11, 0, 0, 0x41, 3, 0x41, 3, 0x41, 0, 0x1c, 1, 0x7f, 0x1a, 0x12, 0,
    ],
    'ref.null, ref.func, table.get': [0xd0, 0x70, 0x1a, 0x41, 0, 0x25, 0, 0x1a],
    'memory.grow, memory.size': [0x41, 0, 0x40, 0, 0x1a, 0x3f, 0, 0x1a],
    'long offset': [0x41, 0, 0x28, 2, 0x83, 0x80, 0x03, 0x1a],
  };
  for (const [what, bytes] of Object.entries(shapes)) {
    const body = [...LOOP, ...bytes, ...LOOP];
    const module = parse(moduleWith(body));
    assert.ok(WebAssembly.validate(moduleWith(body)), `${what}: the test's own module is valid`);
    const { sections, loops } = addSafepoints(module, 16);
    assert.equal(loops, 2, what);
    assert.ok(WebAssembly.validate(serialize(sections)), `${what}: valid with polls`);
  }
});

test('an unknown opcode is an error, never skipped', () => {
  assert.throws(() => addSafepoints(parse(moduleWith([0xfb, 0x1c])), 16), /not known/);
  assert.throws(() => addSafepoints(parse(moduleWith([0xff])), 16), /not known/);
});

test('polls: one at each loop head, none in the poll and what it calls; the module stays valid', () => {
  for (const name of ['hello', 'fork', 'signals']) {
    const module = linked(name);
    const { sections, loops } = addSafepoints(module, 16);
    const names = functionNames(module);
    const poll = [0x41, 0, 0xfe, 0x10, 2, 16, 0x04, 0x40, 0x10];
    const code = section(parse(serialize(sections)), SECTION.code);
    assert.ok(code && WebAssembly.validate(serialize(sections)));
    let heads = 0;
    let bare = 0;
    bodies(code).forEach(({ start, end }, i) => {
      for (const at of loopHeads(code.bytes, start, end)) {
        const polled: boolean = poll.every((b, k) => code.bytes[at + k] === b);
        const own = [
          '__pleat_poll',
          '__pleat_deliver',
          '__pleat_after',
          'after_call',
          '__pleat_syscall',
          'call_handler',
          '__syscall_cp_asm',
        ].includes(names.get(module.importedFunctions + i) ?? '');
        assert.equal(polled, !own, `${name}: ${names.get(module.importedFunctions + i)}`);
        if (polled) heads++;
        else bare++;
      }
    });
    assert.equal(heads, loops);
    assert.ok(loops > 50 && bare > 0, `${name}: ${loops} loops, ${bare} without a poll`);
  }
});

test('a fork list: direct callers are found, indirect calls count only where named', () => {
  const module = linked('fork');
  const without = forkList(module, []).list;
  for (const f of [
    'forks',
    'fork',
    '_Fork',
    'on_usr1',
    '__pleat_main',
    'libc_start_main_stage2',
    '_start',
  ])
    assert.ok(without.includes(f), f);
  assert.ok(!without.includes('deep'));
  assert.ok(forkList(module, ['deep']).list.includes('deep'));
  assert.ok(!without.includes('printf') && !without.includes('__pleat_deliver'));
  assert.deepEqual(forkList(module, ['deep', 'no_such_function']).unknown, ['no_such_function']);
});

test('names that occur twice become different', () => {
  const names = nameSection(
    new Map([
      [0, 'usage'],
      [1, 'usage'],
      [2, 'main'],
    ]),
  );
  const module = { sections: [names], importedFunctions: 0 };
  assert.deepEqual([...functionNames(module).values()], ['usage', 'usage.1', 'main']);
});

test('a link is refused with a reason', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pleat-sdk-'));
  try {
    const cc = (source: string, ...args: string[]) => {
      writeFileSync(join(dir, 'x.c'), source);
      return spawnSync(
        join(sdk, 'bin/pleat-cc'),
        [join(dir, 'x.c'), '-o', join(dir, 'x'), ...args],
        { encoding: 'utf8' },
      );
    };
    assert.match(
      cc('int nowhere(void); int main(void) { return nowhere(); }').stderr,
      /undefined symbol: nowhere/,
    );
    assert.match(cc('int helper(void) { return 1; }').stderr, /undefined symbol: main/);
    assert.notEqual(cc('int main(void) { return 0; }', '-lnowhere').status, 0);
    writeFileSync(join(dir, 'list'), 'absent\n');
    assert.match(
      cc(
        '#include <unistd.h>\nint main(void) { return fork(); }',
        `--fork-list=${join(dir, 'list')}`,
      ).stderr,
      /do not exist: absent/,
    );
    assert.match(
      cc('int main(void) { return 0; }', '-Wl,--max-memory=1073741824').stderr,
      /memory maximum/,
    );
    const twice = spawnSync(process.execPath, [join(sdk, 'post/post.ts'), compile('exit')], {
      encoding: 'utf8',
    });
    assert.match(twice.stderr, /already processed/);
    assert.equal(twice.status, 1);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a module from elsewhere with polls: what wasm-opt makes of our own programs', () => {
  const module = parse(readFileSync(compile('hello')));
  assert.equal(imports(module).length, 2);
  const { sections, loops } = addSafepoints(module, 16);
  assert.ok(loops > 50 && WebAssembly.validate(serialize(sections)));
  assert.ok(WebAssembly.validate(concat([serialize(module.sections)])));
});

test('tools: archive, names, strip keeps a program as it is', () => {
  const program = compile('exit');
  const before = readFileSync(program);
  execFileSync(join(sdk, 'bin/pleat-strip'), ['-s', program]);
  assert.deepEqual(readFileSync(program), before);
  assert.match(
    execFileSync(join(sdk, 'bin/pleat-nm'), [join(sdk, '../build/sysroot/lib/libc.a')], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }),
    / T posix_spawn\n/,
  );
  assert.ok(existsSync(join(sdk, '../build/sysroot/include/linux/fb.h')));
});

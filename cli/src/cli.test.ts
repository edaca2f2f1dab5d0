/** The command line, run as a person runs it, in a copy of the tree's commands with a build of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeLink, linkText } from '../../descriptor/src/decode.ts';
import type { Descriptor } from '../../descriptor/src/types.ts';

const ROOT = join(import.meta.dirname, '..', '..');
let tree = '';
let cache = '';

const RUNTIME = 'ab'.repeat(32);
const shell = { name: 'shell', root: 'cd'.repeat(32), size: 8192, chunks: 1, from: ['images/'] };
const lua = { name: 'lua', root: 'ef'.repeat(32), size: 4096, chunks: 1, from: ['pkg/'] };

before(() => {
  tree = mkdtempSync(join(tmpdir(), 'pleat-cli-'));
  cache = join(tree, 'cache');
  for (const folder of ['cli', 'descriptor/src', 'web/src/ui/keycodes.ts']) {
    cpSync(join(ROOT, folder), join(tree, folder), { recursive: true });
  }
  cpSync(join(ROOT, 'package.json'), join(tree, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  build();
});

after(() => rmSync(tree, { recursive: true }));

function build(): void {
  mkdirSync(join(tree, 'build', 'images'), { recursive: true });
  writeFileSync(join(tree, 'build', 'runtime.json'), JSON.stringify({ hash: RUNTIME }));
  writeFileSync(join(tree, 'build', 'images', 'shell.json'), JSON.stringify(shell));
  writeFileSync(join(tree, 'build', 'images', 'lua.json'), JSON.stringify(lua));
}

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function pleat(args: readonly string[], options: { input?: string; key?: string } = {}): Outcome {
  const env = { PATH: process.env['PATH'], PLEAT_CACHE: cache, PLEAT_KEY: options.key };
  const { status, stdout, stderr } = spawnSync(join(tree, 'cli', 'pleat'), args, {
    env,
    encoding: 'utf8',
    input: options.input ?? '',
  });
  return { status, out: stdout, err: stderr };
}

async function linked(...args: readonly string[]): Promise<Descriptor> {
  const { status, out, err } = pleat(['link', ...args]);
  assert.equal(status, 0, err);
  const decoded = await decodeLink(linkText(out.trimEnd()));
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.descriptor;
}

test('pleat alone and every --help print usage and exit 0', () => {
  for (const args of [[], ['--help'], ['link', '--help'], ['verify', '-h'], ['key', '--help']]) {
    const { status, out } = pleat(args);
    assert.equal(status, 0, args.join(' '));
    assert.match(out, /^Use: pleat /);
  }
});

test('an unknown command and a wrong command line exit 2 and say how to use it', () => {
  const wrong = [
    ['frobnicate'],
    ['link', '--bogus'],
    ['link', '--cmd', 'a', '--', 'b'],
    ['link', '--'],
    ['link', 'stray'],
    ['link', '--env', 'A'],
    ['link', '--panel', 'window'],
    ['link', '--pad', 'Fire=Control@1,1'],
    ['link', '--pad', 'Fire=ControlLeft@16,0'],
    ['link', '--url', 'ftp://example.org/'],
    ['link', '--cwd', 'not/absolute'],
    ['verify'],
    ['verify', 'p1', 'p1'],
  ];
  for (const args of wrong) {
    const { status, out, err } = pleat(args);
    assert.equal(status, 2, `${args.join(' ')}: ${err}`);
    assert.equal(out, '');
    assert.match(err, /Use: pleat/);
  }
});

test('link without options boots the shell image of the build', async () => {
  assert.deepEqual(await linked(), {
    runtime: RUNTIME,
    base: { name: 'shell', root: shell.root, size: shell.size },
  });
});

test('link puts every option into the descriptor', async () => {
  const descriptor = await linked(
    ...['--base', 'shell', '-p', 'lua', '--env', 'A=b=c', '--env', 'B=', '--user', 'guest'],
    ...['--cwd', '/tmp', '--no-tty', '--title', 'A title', '--', '/bin/ls', '--help', '-l'],
  );
  assert.deepEqual(descriptor, {
    runtime: RUNTIME,
    base: { name: 'shell', root: shell.root, size: shell.size },
    packages: [{ name: 'lua', root: lua.root, size: lua.size, from: ['pkg/'] }],
    boot: {
      argv: ['/bin/ls', '--help', '-l'],
      env: { A: 'b=c', B: '' },
      user: 'guest',
      cwd: '/tmp',
      tty: false,
    },
    title: 'A title',
  });
});

test('link --panel and --pad describe the canvas and its keys', async () => {
  const descriptor = await linked('--panel', 'canvas=DOOM', '--panel', 'terminal', '--pad', 'Fire=ControlLeft@14,0', '--pad', 'a=b=KeyA@0,7');
  assert.deepEqual(descriptor.panels, [{ type: 'canvas', title: 'DOOM' }, { type: 'terminal' }]);
  assert.deepEqual(descriptor.pad, [{ label: 'Fire', key: 29, x: 14, y: 0 }, { label: 'a=b', key: 30, x: 0, y: 7 }]);
});

test('link --cmd keeps the command as one string; --base takes a folder', async () => {
  const folder = join(tree, 'elsewhere');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'lua.json'), JSON.stringify(lua));
  const descriptor = await linked('--base', folder, '--cmd', 'echo "a  b" | wc');
  assert.equal(descriptor.base.name, 'lua');
  assert.deepEqual(descriptor.boot, { cmd: 'echo "a  b" | wc' });
});

test('the same command line gives the same URL, with the prefix that was asked for', () => {
  const args = ['link', '--url', 'https://example.org/app/', '--cmd', 'ls'];
  const first = pleat(args);
  assert.match(first.out, /^https:\/\/example\.org\/app\/#p1[A-Za-z0-9_-]+\n$/);
  assert.equal(pleat(args).out, first.out);
});

test('without a build, link says what to run', () => {
  rmSync(join(tree, 'build'), { recursive: true });
  const { status, err } = pleat(['link']);
  build();
  assert.equal(status, 1);
  assert.match(err, /was not built yet\. Run \.\/run first\./);
});

test('the development key is made once, for the owner alone', () => {
  const first = pleat(['key', '--hex']);
  assert.match(first.out, /^[0-9a-f]{64}\n$/);
  assert.equal(pleat(['key', '--hex']).out, first.out);
  const file = join(cache, 'keys', 'dev.key');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file, 'utf8').includes(first.out.trim()));
});

test('PLEAT_KEY and --key name another key; a missing one is an error, not a new key', () => {
  const other = join(tree, 'other.key');
  writeFileSync(other, `pleat-secret-key-1 ${'A'.repeat(43)}\n`);
  const development = pleat(['key', '--hex']).out;
  const named = pleat(['key', '--hex'], { key: other }).out;
  assert.notEqual(named, development);
  assert.equal(pleat(['key', '--hex', '--key', other]).out, named);
  const missing = join(tree, 'missing.key');
  assert.equal(pleat(['key'], { key: missing }).status, 1);
  assert.ok(!existsSync(missing));
});

test('keys are made, exported and imported, and never written over', () => {
  const [made, copy] = [join(tree, 'made.key'), join(tree, 'copy.key')];
  const hex = pleat(['key', 'make', made, '--hex']).out;
  assert.match(hex, /^[0-9a-f]{64}\n$/);
  assert.equal(statSync(made).mode & 0o777, 0o600);
  const text = pleat(['key', 'export', '--key', made]).out;
  assert.equal(text, readFileSync(made, 'utf8'));
  assert.equal(pleat(['key', 'import', copy, '--hex'], { input: text }).out, hex);
  assert.equal(pleat(['key', 'make', made]).status, 1);
  assert.equal(readFileSync(made, 'utf8'), text);
  assert.equal(pleat(['key', 'import', join(tree, 'none.key')], { input: 'hello' }).status, 1);
  assert.equal(pleat(['key', 'make']).status, 2);
  assert.equal(pleat(['key', 'frobnicate']).status, 2);
});

test('verify accepts a URL, a fragment, a text and standard input, and says who and what', () => {
  const url = pleat(['link', '--cmd', 'echo hi', '--title', 'Greeting']).out.trimEnd();
  const signer = pleat(['key']).out.split('\n')[0]!;
  const text = linkText(url);
  const outcomes = [
    pleat(['verify', url]),
    pleat(['verify', `#${text}`]),
    pleat(['verify', text]),
    pleat(['verify', '-'], { input: `  ${url}\n` }),
  ];
  for (const { status, out } of outcomes) {
    assert.equal(status, 0);
    assert.match(out, new RegExp(`^signature +valid, by ${signer} `));
    assert.match(out, /^title +Greeting$/m);
    assert.match(out, /^runs +sh -c 'echo hi'$/m);
  }
});

test("verify refuses a changed link with exit 1 and the failure's name", () => {
  const url = pleat(['link']).out.trimEnd();
  const cut = pleat(['verify', linkText(url).slice(0, 102)]);
  assert.equal(cut.status, 1);
  assert.equal(cut.out, '');
  assert.match(cut.err, /^truncated: link: /);
  assert.equal(pleat(['verify', 'hello']).status, 1);
  assert.match(pleat(['verify', '-'], { input: '' }).err, /^not-a-link: /);
});

test('verify spells out what would drive the terminal', () => {
  const url = pleat(['link', '--cmd', 'echo \u001b[2J\u202e']).out.trimEnd();
  const { out } = pleat(['verify', url]);
  assert.match(out, /echo \\u\{1b\}\[2J\\u\{202e\}/);
  assert.ok(!out.includes('\u001b'));
});

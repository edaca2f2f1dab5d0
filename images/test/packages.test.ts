/** Recipes, sets and keys, on small repositories made for each test, and on our own recipes. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { buildOrder, packageKey, readRecipe, readSet } from '../src/packages.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pleat-packages-'));
  mkdirSync(join(root, 'images/packages'), { recursive: true });
  mkdirSync(join(root, 'images/sets'));
  for (const part of ['src', 'styles']) symlinkSync(join(repository, 'images', part), join(root, 'images', part));
});
afterEach(() => rmSync(root, { recursive: true }));

function recipe(name: string, fields: Record<string, string> = {}): void {
  const all = { name, version: '1', license: 'MIT', style: 'copy', ...fields };
  const folder = join(root, 'images/packages', name);
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries(all).map(([field, value]) => `${field}='${value}'\n`);
  writeFileSync(join(folder, 'recipe'), lines.join(''));
}
function key(name: string, toolchain = 'tools', keys = new Map<string, string>()): string {
  return packageKey(root, readRecipe(root, name), toolchain, keys);
}

test('a recipe is read into its fields', () => {
  const hash = 'ab'.repeat(32);
  recipe('x', { version: '1.2', style: 'autotools', source: 'pool/a.tar pool/b.tar', sha256: `${hash} ${hash}`, needs: 'y z' });
  const read = readRecipe(root, 'x');
  assert.deepEqual(read.sources.map((source) => source.path), ['pool/a.tar', 'pool/b.tar']);
  assert.deepEqual(read.needs, ['y', 'z']);
  assert.equal(read.version, '1.2');
});

test('a recipe with a wrong field is refused by name', () => {
  recipe('a', { name: 'b' });
  assert.throws(() => readRecipe(root, 'a'), /recipe of a says name=b/);
  recipe('c', { style: 'magic' });
  assert.throws(() => readRecipe(root, 'c'), /no style "magic"/);
  recipe('d', { source: 'pool/a.tar', sha256: 'short' });
  assert.throws(() => readRecipe(root, 'd'), /one sha256 for each/);
  assert.throws(() => readRecipe(root, 'none'), /no package "none"/);
});

test('a set holds its packages and those of sets it names, each once', () => {
  for (const name of ['a', 'b', 'c']) recipe(name);
  writeFileSync(join(root, 'images/sets/low.txt'), '# comment\na\nb # why\n');
  writeFileSync(join(root, 'images/sets/high.txt'), '@low\nb\nc\n');
  assert.deepEqual(readSet(root, 'high'), ['a', 'b', 'c']);
  assert.deepEqual(readSet(root, 'c'), ['c']);
  assert.throws(() => readSet(root, 'none'), /no package/);
});

test('packages are built after what they need, and a circle is refused', () => {
  recipe('a', { needs: 'b c' });
  recipe('b', { needs: 'c' });
  recipe('c');
  assert.deepEqual(buildOrder(root, ['a']).map((one) => one.name), ['c', 'b', 'a']);
  recipe('c', { needs: 'a' });
  assert.throws(() => buildOrder(root, ['a']), /need each other/);
});

test('a key changes with the recipe, a patch, a needed key, and for compiled ones the tools', () => {
  recipe('a', { style: 'make', needs: 'b' });
  recipe('b');
  const keys = new Map([['b', key('b')]]);
  const first = key('a', 'tools', keys);
  assert.equal(key('a', 'tools', keys), first);
  assert.notEqual(key('a', 'newer tools', keys), first);
  assert.notEqual(key('a', 'tools', new Map([['b', 'other']])), first);
  writeFileSync(join(root, 'images/packages/a/0001-fix.patch'), 'x');
  const patched = key('a', 'tools', keys);
  assert.notEqual(patched, first);
  recipe('a', { style: 'make', needs: 'b', version: '2' });
  assert.notEqual(key('a', 'tools', keys), patched);
  assert.equal(key('b', 'newer tools'), keys.get('b'));
});

test('every recipe and every set of ours can be read', () => {
  for (const name of readdirSync(join(repository, 'images/packages'))) {
    const read = readRecipe(repository, name);
    assert.match(read.license, /^[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*$/, name);
  }
  for (const file of readdirSync(join(repository, 'images/sets'))) {
    const [name = '', kind] = file.split('.');
    if (kind === 'txt') assert.ok(buildOrder(repository, readSet(repository, name)).length > 0);
    else if (name !== 'default') assert.ok(existsSync(join(repository, 'images/sets', `${name}.txt`)), file);
  }
});

/**
 * Build the page and the runtime: node web/build.ts [--mock] [--build DIR]
 *
 * From the sources and build/kernel/*.wasm:
 *   build/web/r/<hash>/   the runtime: machine.js, the Workers, kernel.wasm, kernel-js.wasm if there
 *                         is one, and runtime.json naming the SHA-256 of each. <hash> is the SHA-256
 *                         of runtime.json, so a link that names it names every byte. Older ones stay.
 *   build/web/            the page
 *   build/runtime.json    {"hash": "<64 hex digits>"}
 * With --mock: build/web-mock, the page with a pretended machine, for looking at it.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { loadKeys } from '../cli/src/keys.ts';
import { toHex } from '../descriptor/src/bytes.ts';
import { RUNTIME_ENTRIES, VERIFIER, WEB, moduleConfig, pageConfig } from './vite.config.ts';

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256').update(await readFile(path)).digest('hex');
}

/** Build the runtime's files and move them to their place. @returns the hash */
async function buildRuntime(buildDir: string): Promise<string> {
  const temporary = await mkdtemp(`${buildDir}/runtime-`);
  try {
    for (const [name, source] of Object.entries(RUNTIME_ENTRIES)) {
      await build(moduleConfig(name, source, temporary));
    }
    await cp(`${buildDir}/kernel/kernel.wasm`, `${temporary}/kernel.wasm`);
    const fallback = `${buildDir}/kernel/kernel-js.wasm`;
    if (await exists(fallback)) await cp(fallback, `${temporary}/kernel-js.wasm`);

    const files: Record<string, string> = {};
    for (const name of (await readdir(temporary)).sort()) files[name] = await sha256(`${temporary}/${name}`);
    const manifest = `${JSON.stringify({ runtime: 1, files }, undefined, 2)}\n`;
    const hash = createHash('sha256').update(manifest).digest('hex');
    await writeFile(`${temporary}/runtime.json`, manifest);

    const place = `${buildDir}/web/r/${hash}`;
    await mkdir(`${buildDir}/web/r`, { recursive: true });
    await rm(place, { recursive: true, force: true });
    await rename(temporary, place);
    return hash;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Files of an earlier build would stay for ever under their hashed names. */
async function emptyPage(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  for (const name of await readdir(outDir)) {
    if (name !== 'r') await rm(`${outDir}/${name}`, { recursive: true });
  }
}

/** What is bundled comes with its licences. */
const BUNDLED = [
  '@fontsource/jetbrains-mono', '@xterm/xterm', '@xterm/addon-clipboard', '@xterm/addon-fit', '@xterm/addon-search',
  '@xterm/addon-unicode11', '@xterm/addon-web-links', '@xterm/addon-webgl', 'cborg', 'idb', 'js-base64', 'lean-qr', 'libsodium',
  'libsodium-wrappers', 'pako', 'preact',
] as const;

async function writeLicences(outDir: string): Promise<void> {
  const texts = [await readFile(`${WEB}../LICENSE`, 'utf8')];
  for (const name of BUNDLED) {
    const folder = `${WEB}../node_modules/${name}`;
    const file = (await readdir(folder)).find((each) => /^licen[sc]e/i.test(each));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    texts.push(`${name}\n\n${await readFile(`${folder}/${file}`, 'utf8')}`);
  }
  await writeFile(`${outDir}/licences.txt`, texts.join(`\n${'-'.repeat(72)}\n\n`));
}

/**
 * The page's content security policy: scripts and Workers of this origin alone, and the inline script
 * by its hash. xterm.js makes style elements. Workers take their policy from their own response.
 */
function policyFor(html: string): string {
  const inline = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text = '']) => {
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  });
  return [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' ${inline.join(' ')}`,
    "worker-src 'self'",
    "connect-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The policy goes before everything that it governs. */
async function writePolicy(file: string): Promise<void> {
  const html = await readFile(file, 'utf8');
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policyFor(html)}">`;
  const governed = html.replace('<meta charset="utf-8">', (charset) => `${charset}\n${meta}`);
  if (governed === html) throw new Error(`${file}: no <meta charset="utf-8"> to put the policy behind`);
  await writeFile(file, governed);
}

/** The key that this build's links are signed with; PLEAT_KEY names another, for a release. */
async function deploymentKeys(): Promise<string[]> {
  return [toHex((await loadKeys(process.env)).publicKey)];
}

/**
 * Build the page into outDir: all but the runtime.
 *
 * @param publishers - public keys whose links open without being asked about
 */
export async function buildPage(outDir: string, runtime: string, publishers: readonly string[], mock = false): Promise<void> {
  await build(moduleConfig('verify', VERIFIER, `${outDir}/assets`));
  const hash = (await sha256(`${outDir}/assets/verify.js`)).slice(0, 8);
  const verifier = `assets/verify-${hash}.js`;
  await rename(`${outDir}/assets/verify.js`, `${outDir}/${verifier}`);
  await build(pageConfig({ outDir, runtime, verifier, publishers, mock }));
  await writePolicy(`${outDir}/index.html`);
  await writeLicences(outDir);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { mock: { type: 'boolean', default: false }, build: { type: 'string' } },
  });
  const buildDir = resolve(values.build ?? `${WEB}../build`);
  await mkdir(buildDir, { recursive: true });
  const outDir = `${buildDir}/${values.mock ? 'web-mock' : 'web'}`;
  const runtime = values.mock ? '0'.repeat(64) : await buildRuntime(buildDir);
  await emptyPage(outDir);
  await buildPage(outDir, runtime, await deploymentKeys(), values.mock);
  if (!values.mock) {
    await writeFile(`${buildDir}/runtime.json`, `${JSON.stringify({ hash: runtime })}\n`);
    console.log(`page: runtime ${runtime}`);
  }
}

if (import.meta.main) await main();

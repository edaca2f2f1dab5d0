/**
 * How the page and the runtime are bundled. web/build.ts is what runs it.
 *
 * The page is index.html with its style sheet inside, one entry module and a few that load when
 * needed. The runtime is one self-contained ES module per entry under a stable name, since Workers
 * and old links find them by name under r/<hash>/.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { InlineConfig, Plugin } from 'vite';

export const WEB = fileURLToPath(new URL('.', import.meta.url));

const JSX = { runtime: 'automatic', importSource: 'preact' } as const;

/** Names of the runtime's entries and where their sources lie, from web/. */
export const RUNTIME_ENTRIES = {
  machine: 'src/boot/machine.ts',
  'kernel.worker': 'src/worker/kernel.worker.ts',
  'timer.worker': 'src/worker/timer.worker.ts',
  'process.worker': 'src/worker/process.worker.ts',
  'render.worker': 'src/worker/render.worker.ts',
  'sound.worklet': 'src/worker/sound.worklet.ts',
} as const;

/** The Worker that checks links: the page's own, whatever runtime a link names. */
export const VERIFIER = 'src/boot/verify.worker.ts';

export interface PageOptions {
  readonly outDir: string;
  /** hash of the runtime that the page offers */
  readonly runtime: string;
  /** the verifier's file, from the page: "assets/verify-<hash>.js" */
  readonly verifier: string;
  /** public keys whose links are the site's own: 64 hex digits each */
  readonly publishers: readonly string[];
  /** stand-ins of web/mock instead of the real machine: for looking at the page, never shipped */
  readonly mock: boolean;
}

export function pageConfig(options: PageOptions): InlineConfig {
  return {
    configFile: false,
    root: WEB,
    base: './',
    publicDir: `${WEB}public`,
    logLevel: 'warn',
    define: {
      __RUNTIME__: JSON.stringify(options.runtime),
      __VERIFIER__: JSON.stringify(options.verifier),
    },
    oxc: { jsx: JSX },
    plugins: [inlineShell(options), ...(options.mock ? [mockParts()] : [])],
    build: {
      outDir: options.outDir,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 600,
    },
  };
}

/** One self-contained ES module, <name>.js. */
export function moduleConfig(name: string, source: string, outDir: string): InlineConfig {
  return {
    configFile: false,
    root: WEB,
    base: './',
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2023',
      reportCompressedSize: false,
      lib: { entry: `${WEB}${source}`, formats: ['es'], fileName: () => `${name}.js` },
      rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
  };
}

/** Put the style sheet and the runtime's address into index.html: first paint waits for no other file. */
function inlineShell({ runtime, verifier, publishers }: PageOptions): Plugin {
  return {
    name: 'pleat:shell',
    transformIndexHtml: {
      order: 'pre',
      async handler(html) {
        const css = await readFile(`${WEB}src/ui/style.css`, 'utf8');
        return html.replace('/*style*/', () => squeeze(css)).replaceAll('%runtime%', runtime).replace('%verifier%', verifier).replace('%publishers%', publishers.join(' '));
      },
    },
  };
}

/** Drop comments and indentation; the sheet has no strings that hold either. */
function squeeze(css: string): string {
  return css.replace(/\/\*[^]*?\*\//g, '').replace(/\s*\n\s*/g, '\n').trim();
}

function mockParts(): Plugin {
  return {
    name: 'pleat:mock',
    enforce: 'pre',
    resolveId(id) {
      return id.endsWith('/parts.ts') ? `${WEB}mock/parts.ts` : undefined;
    },
  };
}

/**
 * The parts that opening a link needs, as a browser has them.
 */
import type { Result } from '../../../descriptor/src/errors.ts';
import { FEATURES } from './features.ts';
import type { Parts, VerifiedLink } from './open.ts';
import { fetchBytes, loadOverlays } from './overlays.ts';
import { planFromDescriptor } from './plan.ts';
import { lacksOf } from './support.ts';
import { askVerifier } from './verifier.ts';
import { judge, seenNow } from '../trust/records.ts';
import type { Verdict } from '../trust/records.ts';
import { sitePublishers, trustStore } from '../trust/store.ts';
import { MachineError } from './types.ts';
import type { BootPlan, Machine } from './types.ts';

/** What r/<hash>/machine.js offers. */
type RuntimeModule = Omit<typeof import('./machine.ts'), 'FEATURES'> & {
  /** absent in the first runtimes */
  readonly FEATURES?: readonly string[];
};

declare const __RUNTIME__: string;

declare global {
  interface Window {
    /** the check that index.html began before any module was there; src/boot/verify.worker.ts answers */
    earlyCheck?: { readonly text: string; readonly answer: Promise<Result<VerifiedLink>> };
    /** the kernel Worker of this page's runtime that index.html told to prepare: it knows no link */
    earlyKernel?: Worker | undefined;
  }
}

function verify(text: string): Promise<Result<VerifiedLink>> {
  const early = window.earlyCheck;
  delete window.earlyCheck;
  if (early?.text === text) return early.answer.then(keepKernelFor);
  return askVerifier<Result<VerifiedLink>>({ text });
}

/** A link that will not run needs no kernel. */
function keepKernelFor(result: Result<VerifiedLink>): Result<VerifiedLink> {
  if (!result.ok) takeKernel()?.terminate();
  return result;
}

function takeKernel(): Worker | undefined {
  const worker = window.earlyKernel;
  window.earlyKernel = undefined;
  return worker;
}

function runtimeUrl(hash: string): URL {
  return new URL(`r/${hash}/`, document.baseURI);
}

/** A runtime is published when its list of files is there and has the hash that names it. */
async function hasRuntime(hash: string): Promise<boolean> {
  const response = await fetch(new URL('runtime.json', runtimeUrl(hash)));
  if (!response.ok) return false;
  const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex === hash;
}

function loadRuntime(hash: string): Promise<RuntimeModule> {
  return import(/* @vite-ignore */ new URL('machine.js', runtimeUrl(hash)).href) as Promise<RuntimeModule>;
}

/* Beside the check: an import takes turns of the event loop, and xterm.js keeps those long meanwhile. */
if (window.earlyCheck !== undefined) void loadRuntime(__RUNTIME__).catch(() => undefined);

async function start(plan: BootPlan, hash: string): Promise<Machine> {
  const runtime = runtimeUrl(hash);
  let module: RuntimeModule;
  try {
    module = await loadRuntime(hash);
  } catch (error) {
    throw new MachineError('runtime-unreachable', error instanceof Error ? error.message : String(error));
  }
  const prepared = takeKernel();
  if (hash === __RUNTIME__) return module.startMachine(plan, { runtime, prepared });
  prepared?.terminate(); /* the link names another runtime */
  return module.startMachine(plan, { runtime });
}

async function judgeLink(link: VerifiedLink): Promise<Verdict> {
  const site = sitePublishers();
  /* the site's own links do not wait for storage */
  if (site.includes(link.publisher.key)) return judge(link, { site, publishers: [], ownKeys: [] });
  const store = await trustStore();
  const [publishers, ownKeys] = await Promise.all([store.publishers(), store.ownKeys()]);
  const verdict = judge(link, { site, publishers, ownKeys });
  if (verdict.standing !== 'own') await store.putPublisher(seenNow(link, verdict.record, Date.now()));
  return verdict;
}

export const parts: Parts = {
  runtime: __RUNTIME__,
  support: () => lacksOf(globalThis),
  verify,
  hasRuntime,
  judge: judgeLink,
  accept: async (link, { always, grants }) => {
    const store = await trustStore();
    const before = (await store.publishers()).find(({ key }) => key === link.publisher.key);
    const now = seenNow(link, before, Date.now());
    await store.putPublisher({ ...now, always, grants: [...new Set([...now.grants, ...grants])] });
  },
  opened: async (text, { descriptor, publisher }) => {
    const title = descriptor.title ?? descriptor.base.name;
    await (await trustStore()).putRecent({ link: text, title, short: publisher.short, at: Date.now() });
  },
  features: async (runtime) => (runtime === __RUNTIME__ ? FEATURES : ((await loadRuntime(runtime)).FEATURES ?? [])),
  overlays: (descriptor) =>
    loadOverlays(descriptor, document.baseURI, {
      fetch: fetchBytes,
      open: (bytes, blob) => askVerifier({ blob, bytes }),
    }),
  plan: (descriptor) => planFromDescriptor(descriptor, document.baseURI),
  start,
};

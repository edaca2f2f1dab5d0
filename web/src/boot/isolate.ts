/**
 * Isolation on hosts that send no headers: a service worker answers with them, and the page loads
 * once more through it.
 */

/** What is used of the window; comes in so that the steps can be tested. */
export interface IsolationHost {
  readonly crossOriginIsolated: boolean;
  readonly isSecureContext: boolean;
  readonly serviceWorker: Pick<ServiceWorkerContainer, 'register' | 'ready' | 'controller'> | undefined;
  /** survives the reload, not the tab */
  readonly memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  reload(): void;
  /** resolves after that time */
  delay(ms: number): Promise<void>;
}

/** The longest wait for the service worker; some browsers that turn them off never answer. */
const WAIT_MS = 3_000;

const TRIED = 'pleat.isolation-tried';

/** Forget that isolation was tried, so that the next load of the page tries once more. */
export function forgetIsolation(memory: Pick<Storage, 'removeItem'>): void {
  memory.removeItem(TRIED);
}

/**
 * Make the page isolated if it is not.
 *
 * @returns true when the page is about to load again, so nothing else should begin; false when it
 *   is isolated, or cannot be made so (already tried, not HTTPS, service workers turned off)
 */
export async function isolate(host: IsolationHost): Promise<boolean> {
  if (host.crossOriginIsolated) {
    forgetIsolation(host.memory);
    return false;
  }
  if (!host.isSecureContext || host.serviceWorker === undefined) return false;
  if (host.memory.getItem(TRIED) !== null) return false;
  try {
    await host.serviceWorker.register('./sw.js');
    const ready = host.serviceWorker.ready.then(() => true);
    if (!(await Promise.race([ready, host.delay(WAIT_MS).then(() => false)]))) return false;
  } catch {
    return false; /* turned off by the person or the browser: the page says what follows from it */
  }
  host.memory.setItem(TRIED, '1');
  host.reload();
  return true;
}

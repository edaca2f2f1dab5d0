/**
 * The page's entry: make the page isolated where the host does not, then show the place that the
 * address names. With a link there, xterm.js loads beside the check that index.html has begun.
 */
import { render } from 'preact';
import { isolate } from './boot/isolate.ts';
import { parts } from './boot/parts.ts';
import { App } from './ui/App.tsx';
import { placeOf } from './ui/linktext.ts';
import { loadXterm } from './ui/Terminal.tsx';

async function main(): Promise<void> {
  const reloading = await isolate({
    crossOriginIsolated,
    isSecureContext,
    serviceWorker: 'serviceWorker' in navigator ? navigator.serviceWorker : undefined,
    memory: sessionStorage,
    reload: () => location.reload(),
    delay: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
  if (reloading) return;
  if (placeOf(location.hash).place === 'machine' && parts.support() === undefined) {
    void loadXterm().catch(() => undefined); /* the terminal asks again */
  }
  const app = document.getElementById('app');
  if (app === null) throw new Error('index.html has no #app');
  app.replaceChildren();
  render(<App parts={parts} />, app);
}

void main();

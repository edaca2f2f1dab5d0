/** The render Worker: one for each machine, all its frame buffers. */
import { Screen } from './screen.ts';
import type { SourceMessage } from './screen.ts';
import type { FromRenderWorker, ToRenderWorker } from './protocol.ts';

const screens = new Map<number, { readonly screen: Screen; shown: boolean }>();

const post = (message: FromRenderWorker): void => self.postMessage(message);

function screenOf(number: number): { readonly screen: Screen; shown: boolean } {
  const known = screens.get(number) ?? { screen: new Screen(), shown: false };
  screens.set(number, known);
  return known;
}

let running = false;

function frame(): void {
  running = false;
  for (const { screen, shown } of screens.values()) if (shown) screen.frame();
  run();
}

/** Frames come only while something is shown. */
function run(): void {
  if (running || ![...screens.values()].some(({ shown }) => shown)) return;
  running = true;
  self.requestAnimationFrame(frame);
}

self.onmessage = (event: MessageEvent<ToRenderWorker>) => {
  const message = event.data;
  const entry = screenOf(message.number);
  switch (message.type) {
    case 'port':
      message.port.onmessage = (from: MessageEvent<SourceMessage>) => entry.screen.setSource(from.data);
      break;
    case 'canvas':
      entry.screen.setCanvas(message.canvas);
      break;
    case 'shown':
      entry.shown = message.shown;
      entry.screen.setShown(message.shown);
      run();
      break;
    case 'stats':
      post({ type: 'stats', number: message.number, id: message.id, stats: entry.screen.stats });
      break;
    case 'screenshot':
      void entry.screen
        .screenshot()
        .then((blob) => post({ type: 'screenshot', number: message.number, id: message.id, blob }));
      break;
  }
};

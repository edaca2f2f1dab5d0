/** Entry of a process Worker in browsers; the timer Worker is the same code. */
import type { ToWorker } from '../host/messages.ts';
import { ProcessWorker } from './process.ts';

const worker = new ProcessWorker(
  {
    clock: () => performance.timeOrigin + performance.now(),
    realtime: () => performance.timeOrigin + performance.now(),
    random: (into) => {
      for (let at = 0; at < into.length; at += 65536) crypto.getRandomValues(into.subarray(at, at + 65536));
    },
  },
  (message) => self.postMessage(message),
);
self.onmessage = (event: MessageEvent<ToWorker>) => worker.receive(event.data);

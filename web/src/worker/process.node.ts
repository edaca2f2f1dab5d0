/** Entry of process and timer Workers under Node. */
import { parentPort } from 'node:worker_threads';
import type { ToWorker } from '../host/messages.ts';
import { ProcessWorker } from './process.ts';

const port = parentPort;
if (port === null) throw new Error('process.node.ts is the entry of a Worker');

/* performance.timeOrigin differs from Worker to Worker here; hrtime does not, but is slow to read. */
/* The time between the two readings makes a sample too small, by milliseconds while the code is cold: the
 * largest of many is right. Workers that disagree let timers fire early. */
const origin = Math.max(
  ...Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
);
const clock = (): number => origin + performance.now();
const unixStart = Date.now() - clock();

const worker = new ProcessWorker(
  {
    clock,
    realtime: () => unixStart + clock(),
    random: (into) => void crypto.getRandomValues(into),
  },
  (message) => port.postMessage(message),
);
port.on('message', (message: ToWorker) => worker.receive(message));

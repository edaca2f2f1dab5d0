/** Entry of the timer Worker in browsers: sleeps in the kernel's event loop. */
import './process.worker.ts';

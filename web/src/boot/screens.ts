/**
 * The machine's frame buffers, from the page's side: the render Worker that draws them, or, where a
 * canvas cannot be handed to a Worker, the main thread itself.
 */
import { Screen } from '../worker/screen.ts';
import type { ScreenStats, SourceMessage } from '../worker/screen.ts';
import type { FromRenderWorker, ToKernelWorker, ToRenderWorker } from '../worker/protocol.ts';
import type { MachineScreen, ScreenInfo } from './types.ts';

/** What draws: in a Worker or here. */
interface Painter {
  attach(canvas: HTMLCanvasElement): void;
  setShown(shown: boolean): void;
  screenshot(): Promise<Blob | undefined>;
  stats(): Promise<ScreenStats>;
}

class BrowserScreen implements MachineScreen {
  readonly number: number;
  info: ScreenInfo;
  readonly #painter: Painter;
  readonly #listeners = new Set<(info: ScreenInfo) => void>();

  constructor(number: number, info: ScreenInfo, painter: Painter) {
    this.number = number;
    this.info = info;
    this.#painter = painter;
  }

  onInfo(listener: (info: ScreenInfo) => void): () => void {
    this.#listeners.add(listener);
    listener(this.info);
    return () => this.#listeners.delete(listener);
  }

  changed(info: ScreenInfo): void {
    this.info = info;
    for (const listener of this.#listeners) listener(info);
  }

  attach(canvas: HTMLCanvasElement): void {
    this.#painter.attach(canvas);
  }

  setShown(shown: boolean): void {
    this.#painter.setShown(shown);
  }

  screenshot(): Promise<Blob | undefined> {
    return this.#painter.screenshot();
  }

  stats(): Promise<ScreenStats> {
    return this.#painter.stats();
  }
}

export class Screens {
  readonly #runtime: URL;
  readonly #tellKernel: (message: ToKernelWorker, transfer: Transferable[]) => void;
  readonly #screens = new Map<number, BrowserScreen>();
  readonly #listeners: ((screen: MachineScreen) => void)[] = [];
  readonly #answers = new Map<number, (message: FromRenderWorker) => void>();
  #worker: Worker | undefined;
  #lastId = 0;
  #ended = false;

  /** @param runtime - folder of the runtime; its render.worker.js is started with the first screen */
  constructor(runtime: URL, tellKernel: (message: ToKernelWorker, transfer: Transferable[]) => void) {
    this.#runtime = runtime;
    this.#tellKernel = tellKernel;
  }

  onScreen(listener: (screen: MachineScreen) => void): void {
    this.#listeners.push(listener);
    for (const screen of this.#screens.values()) listener(screen);
  }

  /** The kernel Worker tells of frame buffer `number`. */
  changed(number: number, info: ScreenInfo): void {
    const known = this.#screens.get(number);
    if (known !== undefined) {
      known.changed(info);
      return;
    }
    const screen = new BrowserScreen(number, info, this.#painter(number));
    this.#screens.set(number, screen);
    for (const listener of this.#listeners) listener(screen);
  }

  /** The last picture stays on the canvas. */
  end(): void {
    this.#ended = true;
    for (const answer of this.#answers.values()) answer({ type: 'screenshot', number: 0, id: 0, blob: undefined });
    this.#answers.clear();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #painter(number: number): Painter {
    const { port1, port2 } = new MessageChannel();
    this.#tellKernel({ type: 'screen', number, port: port1 }, [port1]);
    if (!('transferControlToOffscreen' in HTMLCanvasElement.prototype)) return pagePainter(port2);
    this.#post({ type: 'port', number, port: port2 }, [port2]);
    return {
      attach: (element) => {
        const canvas = element.transferControlToOffscreen();
        this.#post({ type: 'canvas', number, canvas }, [canvas]);
      },
      setShown: (shown) => this.#post({ type: 'shown', number, shown }, []),
      screenshot: async () => {
        const answer = await this.#ask({ type: 'screenshot', number, id: ++this.#lastId });
        return answer.type === 'screenshot' ? answer.blob : undefined;
      },
      stats: async () => {
        const answer = await this.#ask({ type: 'stats', number, id: ++this.#lastId });
        if (answer.type !== 'stats') throw new Error('the machine has ended');
        return answer.stats;
      },
    };
  }

  #ask(message: ToRenderWorker & { readonly id: number }): Promise<FromRenderWorker> {
    if (this.#ended) return Promise.resolve({ type: 'screenshot', number: 0, id: 0, blob: undefined });
    return new Promise((done) => {
      this.#answers.set(message.id, done);
      this.#post(message, []);
    });
  }

  #post(message: ToRenderWorker, transfer: Transferable[]): void {
    if (this.#ended) return;
    if (this.#worker === undefined) {
      this.#worker = new Worker(new URL('render.worker.js', this.#runtime), { type: 'module', name: 'render' });
      this.#worker.onmessage = (event: MessageEvent<FromRenderWorker>) => {
        this.#answers.get(event.data.id)?.(event.data);
        this.#answers.delete(event.data.id);
      };
    }
    this.#worker.postMessage(message, transfer);
  }
}

/** Draws on the main thread. */
function pagePainter(port: MessagePort): Painter {
  const screen = new Screen();
  let shown = false;
  let running = false;
  const frame = (): void => {
    running = false;
    if (!shown) return;
    screen.frame();
    run();
  };
  const run = (): void => {
    if (running || !shown) return;
    running = true;
    requestAnimationFrame(frame);
  };
  port.onmessage = (event: MessageEvent<SourceMessage>) => screen.setSource(event.data);
  return {
    attach: (canvas) => screen.setCanvas(canvas),
    setShown(now) {
      shown = now;
      screen.setShown(now);
      run();
    },
    screenshot: () => screen.screenshot(),
    stats: () => Promise.resolve(screen.stats),
  };
}

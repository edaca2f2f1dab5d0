/**
 * A terminal on the page: xterm.js, its add-ons and our keys, over one Channel.
 * Loaded while the machine boots; nothing else imports xterm.js.
 */
import '@xterm/xterm/css/xterm.css';
import './xterm.css';
import { ClipboardAddon } from '@xterm/addon-clipboard';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import type { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import type { ITheme } from '@xterm/xterm';
import type { Channel } from './channel.ts';
import { controlOf, textOfRowKey } from './keys.ts';
import type { RowKey } from './keys.ts';

export interface TerminalEvents {
  onTitle(title: string): void;
  onFind(): void;
  onNewTab(): void;
  /** may a program set the clipboard? */
  mayCopy(): boolean;
  /** leave the terminal by keyboard */
  onLeave(): void;
  /** the sticky Ctrl of the phone's row was used up */
  onControlUsed(): void;
}

export interface FindResult {
  /** 0-based, -1 when none is selected */
  readonly index: number;
  readonly count: number;
}

const FONT_SIZE = 14;
const FACE = 'JetBrains Mono';
/** the longest wait for the font; later it takes over at the next change of size */
const FONT_WAIT_MS = 400;

const COLOURS = [
  'black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white',
  'brightBlack', 'brightRed', 'brightGreen', 'brightYellow', 'brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite',
] as const;

/** The terminal's colours, from the page's custom properties. */
function readTheme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--term-${name}`).trim();
  const theme: ITheme = {
    background: read('ground'),
    foreground: read('text'),
    cursor: read('cursor'),
    cursorAccent: read('ground'),
    selectionBackground: read('selection'),
    scrollbarSliderBackground: read('scroll'),
    scrollbarSliderHoverBackground: read('scroll'),
    scrollbarSliderActiveBackground: read('scroll'),
  };
  for (const colour of COLOURS) theme[colour] = read(colour.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  return theme;
}

async function loadFont(): Promise<void> {
  const faces = [`${FONT_SIZE}px "${FACE}"`, `bold ${FONT_SIZE}px "${FACE}"`].map((face) => document.fonts.load(face));
  const late = new Promise((done) => setTimeout(done, FONT_WAIT_MS));
  await Promise.race([Promise.allSettled(faces), late]);
}

/** Call when the page has drawn and has nothing to do; some browsers cannot tell the latter. */
function whenIdle(act: () => void): void {
  requestAnimationFrame(() => {
    if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: 1000 });
    else setTimeout(act, 0);
  });
}

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #host: HTMLElement;
  readonly #channel: Channel;
  readonly #events: TerminalEvents;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  #webgl: WebglAddon | undefined;
  #shown = false;
  /** something has been drawn */
  #drawn = false;
  /** the next character is typed with Ctrl */
  #control = false;
  readonly #undo: (() => void)[] = [];

  /** Open a terminal in `host`, which must be in the document. */
  static async open(host: HTMLElement, channel: Channel, name: string, events: TerminalEvents): Promise<TerminalView> {
    await loadFont();
    return new TerminalView(host, channel, name, events);
  }

  private constructor(host: HTMLElement, channel: Channel, name: string, events: TerminalEvents) {
    this.#host = host;
    this.#channel = channel;
    this.#events = events;
    this.#terminal = new Terminal({
      allowProposedApi: true, /* unicode versions and search results */
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono').trim(),
      fontSize: FONT_SIZE,
      lineHeight: 1.2,
      scrollback: 10_000,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      minimumContrastRatio: 4.5, /* WCAG AA for any colours that a program mixes */
      smoothScrollDuration: 0,
      macOptionIsMeta: true,
      theme: readTheme(),
    });
    this.#loadAddons();
    this.#terminal.open(host);
    this.#terminal.textarea?.setAttribute('aria-label', name);
    this.#terminal.textarea?.setAttribute('aria-keyshortcuts', 'Control+Shift+ArrowUp Control+Shift+F');
    this.#listen();
    this.fit();
    channel.view((bytes) => new Promise((done) => this.#terminal.write(bytes, done)));
    const first = this.#terminal.onWriteParsed(() => {
      first.dispose();
      whenIdle(() => {
        this.#drawn = true;
        this.#speedUp();
      });
    });
  }

  #loadAddons(): void {
    const terminal = this.#terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.#search);
    terminal.loadAddon(new Unicode11Addon());
    terminal.unicode.activeVersion = '11';
    terminal.loadAddon(new WebLinksAddon((_, address) => void window.open(address, '_blank', 'noopener,noreferrer')));
    /* A program may set the clipboard where the person granted it; it never reads it, whoever signed the link. */
    const provider = {
      readText: () => '',
      writeText: (_: string, text: string) => {
        if (this.#events.mayCopy()) void navigator.clipboard.writeText(text).catch(() => undefined);
      },
    };
    terminal.loadAddon(new ClipboardAddon(undefined, provider));
  }

  #listen(): void {
    const terminal = this.#terminal;
    const encoder = new TextEncoder();
    terminal.onData((text) => this.#channel.input(encoder.encode(this.#withControl(text))));
    /* mouse reports of the old protocol: bytes, not text */
    terminal.onBinary((text) => this.#channel.input(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => this.#channel.resize(cols, rows));
    terminal.onTitleChange((title) => this.#events.onTitle(title));
    terminal.attachCustomKeyEventHandler((event) => this.#takeKey(event));

    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.#host);
    this.#undo.push(() => observer.disconnect());

    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = (): void => {
      terminal.options.theme = readTheme();
    };
    dark.addEventListener('change', recolour);
    this.#undo.push(() => dark.removeEventListener('change', recolour));
  }

  /** @returns false for keys that are the page's, not the machine's */
  #takeKey(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    const act = this.#pageKey(event.code);
    if (act === undefined) return true;
    /* pasting stays the browser's own: it needs no permission, and xterm.js takes the paste event */
    if (event.code !== 'KeyV') event.preventDefault();
    if (event.type === 'keydown') act();
    return false;
  }

  #pageKey(code: string): (() => void) | undefined {
    switch (code) {
      case 'KeyC':
        return () => void this.copy();
      case 'KeyV':
        return () => undefined;
      case 'KeyF':
        return () => this.#events.onFind();
      case 'KeyT':
        return () => this.#events.onNewTab();
      case 'ArrowUp':
        return () => this.#events.onLeave();
      default:
        return undefined;
    }
  }

  #withControl(text: string): string {
    if (!this.#control) return text;
    this.#control = false;
    this.#events.onControlUsed();
    return controlOf(text) ?? text;
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Take the size of the host; nothing while it is hidden. */
  fit(): void {
    const size = this.#fit.proposeDimensions();
    if (size === undefined || Number.isNaN(size.cols) || Number.isNaN(size.rows)) return;
    if (this.#host.clientWidth === 0) return;
    this.#terminal.resize(Math.max(2, size.cols), Math.max(1, size.rows));
    this.#channel.resize(this.#terminal.cols, this.#terminal.rows);
  }

  /**
   * Shown or hidden. Only the shown terminal draws with WebGL: a tab has few contexts. Without
   * WebGL xterm.js draws with elements.
   */
  show(shown: boolean): void {
    this.#shown = shown;
    if (!shown) {
      this.#webgl?.dispose();
      this.#webgl = undefined;
      return;
    }
    this.#speedUp();
    this.fit();
  }

  /**
   * Draw with WebGL from now on. Not before the first output was drawn: a context and its shaders
   * take 50 to 200 ms of the processor, and until then the machine needs it to boot. A file that does
   * not come leaves it as it is.
   */
  #speedUp(): void {
    if (this.#mayDrawFaster()) void import('@xterm/addon-webgl').then((addon) => this.#useWebgl(addon), () => undefined);
  }

  #mayDrawFaster(): boolean {
    return this.#shown && this.#drawn && this.#webgl === undefined;
  }

  #useWebgl({ WebglAddon }: typeof import('@xterm/addon-webgl')): void {
    if (!this.#mayDrawFaster()) return; /* hidden or closed while it loaded */
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => {
        webgl.dispose();
        this.#webgl = undefined;
      });
      this.#terminal.loadAddon(webgl);
      this.#webgl = webgl;
    } catch {
      this.#webgl = undefined;
    }
  }

  /** Copy the selection. */
  async copy(): Promise<void> {
    const text = this.#terminal.getSelection();
    if (text === '') return;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      document.execCommand('copy'); /* xterm.js answers the copy event with its selection */
    }
  }

  /** A key of the phone's row. */
  press(key: RowKey): void {
    const text = textOfRowKey(key, this.#terminal.modes.applicationCursorKeysMode);
    this.#channel.input(new TextEncoder().encode(text));
    this.focus();
  }

  holdControl(held: boolean): void {
    this.#control = held;
    this.focus();
  }

  /** Look for text, from the last match on. */
  find(text: string, direction: 'next' | 'previous', incremental: boolean): void {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const options = {
      incremental,
      decorations: {
        matchBackground: colour('--accent-soft'),
        matchOverviewRuler: colour('--accent'),
        activeMatchBackground: colour('--accent-ground'),
        activeMatchColorOverviewRuler: colour('--accent'),
      },
    };
    if (direction === 'next') this.#search.findNext(text, options);
    else this.#search.findPrevious(text, options);
  }

  onFound(listener: (result: FindResult) => void): () => void {
    const subscription = this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      listener({ index: resultIndex, count: resultCount }),
    );
    return () => subscription.dispose();
  }

  endFind(): void {
    this.#search.clearDecorations();
    this.focus();
  }

  close(): void {
    this.#shown = false;
    for (const undo of this.#undo) undo();
    this.#webgl?.dispose();
    this.#terminal.dispose();
  }
}

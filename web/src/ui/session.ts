/**
 * One opened link: its state, log and terminals, from the first key stroke to the end.
 * The page shows it and calls its methods; it knows nothing of the page.
 */
import { failureOf, openLink } from '../boot/open.ts';
import type { Decision, OpenOptions, OpenedLink, Parts } from '../boot/open.ts';
import type { LogLine, Machine, MachineConsole, MachineInput, MachineScreen, MachineSound } from '../boot/types.ts';
import type { Capability } from '../../../descriptor/src/types.ts';
import type { Verdict } from '../trust/records.ts';
import { Channel } from './channel.ts';
import { padOfLink } from './pad.ts';
import type { PadLayout } from './pad.ts';
import type { SessionState } from './state.ts';

export interface Tab {
  readonly id: number;
  readonly channel: Channel;
  readonly name: string;
  /** it shows a frame buffer, and no terminal */
  readonly screen?: MachineScreen;
  /** it is the Inspector, which asks the machine through this */
  readonly inspector?: MachineConsole;
}

/** A program that drew for this long was looked at: when it ends, the terminal is what is wanted. */
const LOOKED_AT_MS = 1000;

/** Lines of the log that are kept: a machine may run for days. */
const LOG_LINES = 5_000;

/** The longest name of a tab, in characters. */
const TITLE_LENGTH = 80;

/**
 * A title as programs send it, as text for the page: one line without controls, and without the
 * marks that turn the direction of what stands beside it.
 */
function titleText(title: string): string {
  const visible = title.slice(0, 4 * TITLE_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
  return [...visible].slice(0, TITLE_LENGTH).join('').trim();
}

export class Session {
  state: SessionState = { kind: 'checking' };
  /** set once the link is verified */
  opened: OpenedLink | undefined;
  /** what is known of the publisher, once the link is verified */
  verdict: Verdict | undefined;
  /** what the person granted to this machine */
  grants: ReadonlySet<Capability> = new Set();
  tabs: readonly Tab[] = [];
  active = 0;
  log: readonly LogLine[] = [];
  /** has the boot console shown anything yet? */
  hasOutput = false;
  /** one sentence about something that did not work, for the person to dismiss */
  notice = '';

  readonly #text: string;
  readonly #parts: Parts;
  readonly #options: OpenOptions;
  #machine: Machine | undefined;
  /** counts machines: what an earlier one still reports is not ours */
  #run = 0;
  #closed = false;
  #nextTab = 1;
  #listener: (() => void) | undefined;
  #pending = false;

  constructor(text: string, parts: Parts, options: OpenOptions = {}) {
    this.#text = text;
    this.#parts = parts;
    this.#options = options;
    this.#newBootTab();
  }

  /** One listener; called after changes, at most once a turn of the event loop's microtasks. */
  onChange(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  /** Check the link and boot. */
  async open(): Promise<void> {
    const result = await openLink(this.#text, this.#parts, this.#options);
    if (this.#closed) return;
    if (!result.ok) {
      this.#set({ kind: 'failed', failure: result.failure });
      return;
    }
    this.opened = result.value;
    const verdict = await this.#parts.judge(result.value);
    if (this.#closed) return;
    this.verdict = verdict;
    if (!verdict.trusted) {
      this.#set({ kind: 'preview', verdict });
      return;
    }
    this.grants = new Set(verdict.grants);
    await this.#boot();
  }

  /** The person has seen the preview and opens the link. */
  async accept(decision: Decision): Promise<void> {
    const { opened, state } = this;
    if (opened === undefined || state.kind !== 'preview') return;
    this.grants = new Set(decision.grants);
    this.#set({ kind: 'starting' });
    await this.#parts.accept(opened, decision).catch(() => undefined); /* not kept: asked again next time */
    if (!this.#closed) await this.#boot();
  }

  /** The machine's changed files as the kernel lists them; rejects with a sentence. */
  changes(): Promise<Uint8Array> {
    const list = this.#machine?.diff?.();
    return list ?? Promise.reject(new Error('The runtime of this machine cannot say what changed.'));
  }

  async #boot(): Promise<void> {
    const opened = this.opened;
    if (opened === undefined) return;
    const run = ++this.#run;
    const current = (): boolean => run === this.#run;
    this.#set({ kind: 'starting' });
    let machine: Machine;
    try {
      machine = await opened.start();
    } catch (error) {
      if (current()) this.#set({ kind: 'failed', failure: failureOf(error) });
      return;
    }
    if (!current()) {
      await machine.stop();
      return;
    }
    this.#machine = machine;
    void this.#parts.opened(this.#text, opened).catch(() => undefined); /* then it is not among the recent ones */
    machine.onLog((line) => {
      if (!current()) return;
      this.log = [...this.log.slice(-LOG_LINES + 1), line];
      this.#changed();
    });
    this.#set(machine.state);
    machine.onFailed?.((error) => {
      if (!current()) return;
      this.#run++;
      this.#machine = undefined;
      this.#set({ kind: 'failed', failure: failureOf(error) });
      void machine.stop();
    });
    machine.onState((state) => {
      if (current()) this.#set(state);
    });
    if (current()) this.tabs[0]?.channel.attach(machine.bootConsole);
    machine.onScreen?.((screen) => {
      if (current()) this.#follow(screen);
    });
  }

  /** The machine's keyboard, mouse and gamepads, while it runs. */
  get input(): MachineInput | undefined {
    return this.#machine?.input;
  }

  /** The pad that the link describes. */
  get pad(): PadLayout | undefined {
    const pad = this.opened?.descriptor.pad;
    return pad === undefined ? undefined : padOfLink(pad);
  }

  /** What the link calls its nth canvas, and whether it is to be shown as soon as a program draws there. */
  #panelOf(screen: number): { readonly title: string; readonly first: boolean } {
    const panels = this.opened?.descriptor.panels ?? [];
    const panel = panels.filter(({ type }) => type === 'canvas')[screen];
    return {
      title: panel?.title ?? (screen === 0 ? 'Screen' : `Screen ${screen}`),
      first: panel === undefined || panels[0]?.type === 'canvas',
    };
  }

  /** Its sound card. */
  get sound(): MachineSound | undefined {
    return this.#machine?.sound;
  }

  /** A screen's tab comes to the front when a program opens it, and makes way when that ends. */
  #follow(screen: MachineScreen): void {
    const run = this.#run;
    let opened: number | undefined;
    let before = 0;
    screen.onInfo(({ open }) => {
      if (run !== this.#run) return;
      const tab = this.tabs.find((each) => each.screen === screen);
      if (open && opened === undefined) {
        opened = performance.now();
        before = this.active;
        const { title, first } = this.#panelOf(screen.number);
        if (tab !== undefined) this.activate(tab.id);
        else this.#addTab(title, { screen });
        /* a link that puts a terminal first wants the picture beside it */
        if (tab === undefined && !first) this.activate(before);
      } else if (!open && opened !== undefined) {
        const looked = performance.now() - opened >= LOOKED_AT_MS;
        opened = undefined;
        if (looked && this.active === tab?.id && this.tabs.some(({ id }) => id === before)) this.activate(before);
      }
    });
  }

  async stop(): Promise<void> {
    const machine = this.#machine;
    this.#run++;
    this.#machine = undefined;
    this.#set({ kind: 'stopping' });
    const run = this.#run;
    try {
      await machine?.stop();
    } catch (error) {
      this.notice = `The machine did not end cleanly: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (run === this.#run) this.#set({ kind: 'ended' });
  }

  /** Stop the machine if it runs, and boot the same link again in a fresh terminal. */
  async restart(): Promise<void> {
    await this.stop();
    if (this.#closed) return;
    this.log = [];
    this.hasOutput = false;
    this.notice = '';
    this.#newBootTab();
    await this.#boot();
  }

  /** Leave: no more reports, the machine is stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listener = undefined;
    await this.stop();
  }

  async newTab(): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined || this.state.kind !== 'running') return;
    let console: MachineConsole;
    try {
      console = await machine.openConsole();
    } catch (error) {
      if (machine !== this.#machine) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#notify(`A further terminal could not be opened: ${reason}`);
      return;
    }
    if (machine !== this.#machine) return;
    const tab = this.#addTab(`Terminal ${console.number}`);
    console.onClosed(() => this.#dropTab(tab.id));
    tab.channel.attach(console);
  }

  get canInspect(): boolean {
    return this.state.kind === 'running' && this.#machine?.openInspector !== undefined;
  }

  /** The Inspector, to the front; there is one. */
  inspect(): void {
    const there = this.tabs.find((tab) => tab.inspector !== undefined);
    if (there !== undefined) {
      this.activate(there.id);
      return;
    }
    const console = this.canInspect ? this.#machine?.openInspector?.() : undefined;
    if (console !== undefined) this.#addTab('Inspector', { inspector: console });
  }

  /** Hang up a terminal. The boot console stays: PID 1 lives on it. */
  closeTab(id: number): void {
    const tab = this.tabs.find((each) => each.id === id);
    if (tab === undefined || !this.isClosable(id)) return;
    tab.inspector?.close();
    tab.channel.close();
    this.#dropTab(id);
  }

  isClosable(id: number): boolean {
    return this.tabs[0]?.id !== id;
  }

  activate(id: number): void {
    this.active = id;
    this.#changed();
  }

  /** A program names its terminal, by an escape sequence. */
  rename(id: number, title: string): void {
    const name = titleText(title);
    if (name === '') return;
    this.tabs = this.tabs.map((tab) => (tab.id === id ? { ...tab, name } : tab));
    this.#changed();
  }

  /** Key strokes from before there was a terminal. */
  typeEarly(text: string): void {
    const tab = this.tabs.find((each) => each.id === this.active);
    tab?.channel.input(new TextEncoder().encode(text));
  }

  dismissNotice(): void {
    this.#notify('');
  }

  #newBootTab(): void {
    this.tabs = [];
    this.#addTab('Console');
  }

  #addTab(name: string, panel: Pick<Tab, 'screen' | 'inspector'> = {}): Tab {
    const id = this.#nextTab++;
    const boots = this.tabs.length === 0;
    const channel = new Channel(() => {
      if (!boots) return;
      this.hasOutput = true;
      this.#changed();
    });
    const tab: Tab = { id, name, channel, ...panel };
    this.tabs = [...this.tabs, tab];
    this.activate(id);
    return tab;
  }

  #dropTab(id: number): void {
    const at = this.tabs.findIndex((tab) => tab.id === id);
    if (at < 0) return;
    this.tabs = this.tabs.filter((tab) => tab.id !== id);
    if (this.active === id) this.active = this.tabs[Math.min(at, this.tabs.length - 1)]?.id ?? 0;
    this.#changed();
  }

  #notify(notice: string): void {
    this.notice = notice;
    this.#changed();
  }

  #set(state: SessionState): void {
    this.state = state;
    this.#changed();
  }

  #changed(): void {
    if (this.#pending) return;
    this.#pending = true;
    queueMicrotask(() => {
      this.#pending = false;
      this.#listener?.();
    });
  }
}

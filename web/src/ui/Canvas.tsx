/**
 * One screen of the machine, a frame buffer, as a panel: the picture, scaled sharp with its aspect
 * kept, and below it what a person can do with it.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { MachineInput, MachineScreen, MachineSound, ScreenInfo } from '../boot/types.ts';
import { Capture } from './capture.ts';
import type { CaptureState } from './capture.ts';
import { Gamepads } from './gamepads.ts';
import { Icon } from './icons.tsx';
import { Pad } from './Pad.tsx';
import { DEFAULT_PAD, padLegend } from './pad.ts';
import type { PadLayout } from './pad.ts';
import { SoundControl } from './SoundControl.tsx';
import type { Tab } from './session.ts';
import { panelId, tabId } from './Tabs.tsx';

export interface CanvasProps {
  readonly tab: Tab;
  readonly screen: MachineScreen;
  readonly input: MachineInput | undefined;
  readonly sound: MachineSound | undefined;
  /** the on-screen pad of a phone, and what its keys do where there is a keyboard; the link may choose it */
  readonly pad: PadLayout | undefined;
  readonly shown: boolean;
}

/** Sizes that fit the picture into the panel: the largest, or the largest whole multiple. */
export function fit(
  picture: { readonly width: number; readonly height: number },
  room: { readonly width: number; readonly height: number },
  wholeOnly: boolean,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(room.width / picture.width, room.height / picture.height);
  const used = wholeOnly && scale >= 1 ? Math.floor(scale) : scale;
  return { width: Math.max(1, Math.floor(picture.width * used)), height: Math.max(1, Math.floor(picture.height * used)) };
}

export function Canvas({ tab, screen, input, sound, pad, shown }: CanvasProps) {
  const panel = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const capture = useRef<Capture | undefined>(undefined);
  const [info, setInfo] = useState<ScreenInfo>(screen.info);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const [whole, setWhole] = useState(false);
  const [full, setFull] = useState(false);
  const [state, setState] = useState<CaptureState>({ keys: false, pointer: false });
  const [saved, setSaved] = useState('');
  const isShown = useRef(shown);
  isShown.current = shown;

  useLayoutEffect(() => {
    if (canvas.current !== null) screen.attach(canvas.current);
    return screen.onInfo(setInfo);
  }, [screen]);
  /* nothing is drawn that nobody sees; the machine then makes its own frames */
  useEffect(() => {
    const tell = (): void => screen.setShown(isShown.current && !document.hidden);
    tell();
    document.addEventListener('visibilitychange', tell);
    return () => {
      document.removeEventListener('visibilitychange', tell);
      screen.setShown(false);
    };
  }, [screen, shown]);
  useEffect(() => {
    if (stage.current === null) return undefined;
    const watch = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setRoom({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    watch.observe(stage.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || input === undefined) return undefined;
    const made = new Capture(element, input, setState);
    capture.current = made;
    return () => made.end();
  }, [input, screen]);
  const gamepads = useRef<Gamepads | undefined>(undefined);
  useEffect(() => {
    if (input !== undefined) gamepads.current ??= new Gamepads(input);
    gamepads.current?.setShown(shown);
    return () => gamepads.current?.setShown(false);
  }, [input, shown]);
  useEffect(() => {
    if (shown && document.activeElement?.closest('[role=tablist]') === null) canvas.current?.focus();
    if (!shown) capture.current?.release();
  }, [shown]);
  useEffect(() => {
    const follow = (): void => setFull(document.fullscreenElement === panel.current);
    document.addEventListener('fullscreenchange', follow);
    return () => document.removeEventListener('fullscreenchange', follow);
  }, []);

  const enterFull = async (): Promise<void> => {
    if (full) {
      await document.exitFullscreen();
      return;
    }
    await panel.current?.requestFullscreen({ navigationUI: 'hide' });
    /* Where it can be had, Escape is the program's too; holding it still leaves. */
    await (navigator as LockableNavigator).keyboard?.lock?.(['Escape']).catch(() => undefined);
    canvas.current?.focus();
  };
  const save = async (): Promise<void> => {
    const blob = await screen.screenshot();
    if (blob === undefined) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `screen-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    setSaved(`Saved as ${link.download}`);
    canvas.current?.focus();
  };
  const size = fit(info, room, whole);
  return (
    <div
      class={full ? 'panel picture full' : 'panel picture'}
      role="tabpanel"
      id={panelId(tab.id)}
      aria-labelledby={tabId(tab.id)}
      hidden={!shown}
      data-testid="canvas-panel"
      ref={panel}
    >
      <div class="stage" ref={stage}>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label={`Screen of the machine, ${info.width} by ${info.height}. Shift-Escape gives the keyboard back.`}
          style={{ width: `${size.width}px`, height: `${size.height}px` }}
          data-testid="canvas"
          data-keys={state.keys ? 'captured' : 'free'}
        />
        {full ? (
          <button class="button leave" type="button" onClick={() => void enterFull()} data-testid="leave-full">
            <Icon name="close" /> Leave full screen
          </button>
        ) : null}
      </div>
      {input === undefined ? null : <Pad layout={pad ?? DEFAULT_PAD} input={input} />}
      {pad === undefined ? null : <Legend pad={pad} />}
      <div class="picture-bar">
        <p class="picture-state" role="status" data-testid="canvas-state">
          {describe(info, state, saved)}
        </p>
        <div class="picture-tools">
          <SoundControl sound={sound} />
          <button
            class="button quiet icon"
            type="button"
            aria-label="Whole multiples only"
            title="Scale by whole numbers only: every pixel is equally large"
            aria-pressed={whole}
            onClick={() => setWhole(!whole)}
          >
            <Icon name="grid" />
          </button>
          <button
            class="button quiet icon"
            type="button"
            aria-label="Hold the mouse"
            title="Hold the mouse: its movements go to the machine until Shift-Escape"
            onClick={() => capture.current?.lockPointer()}
            data-testid="hold-mouse"
          >
            <Icon name="mouse" />
          </button>
          <button
            class="button quiet icon"
            type="button"
            aria-label="Save a picture"
            title="Save the screen as a PNG file"
            onClick={() => void save()}
            data-testid="screenshot"
          >
            <Icon name="camera" />
          </button>
          <button
            class="button quiet icon"
            type="button"
            aria-label={full ? 'Leave full screen' : 'Full screen'}
            title={full ? 'Leave full screen' : 'Full screen'}
            onClick={() => void enterFull()}
            data-testid="full-screen"
          >
            <Icon name={full ? 'shrink' : 'grow'} />
          </button>
        </div>
      </div>
    </div>
  );
}

/** The keys that the link names, where a pad is not shown. */
function Legend({ pad }: { readonly pad: PadLayout }) {
  return (
    <ul class="legend" aria-label="Keys" data-testid="legend">
      {padLegend(pad).map(({ key, does }) => (
        <li key={`${key} ${does}`}>
          <kbd>{key}</kbd> {does}
        </li>
      ))}
    </ul>
  );
}

type LockableNavigator = Navigator & { readonly keyboard?: { lock?(keys: string[]): Promise<void> } };

function describe(info: ScreenInfo, state: CaptureState, saved: string): string {
  if (state.pointer) return 'The mouse and all keys go to the machine. Shift-Escape gives them back.';
  if (state.keys) return 'All keys go to the machine. Shift-Escape gives them back.';
  if (saved !== '') return saved;
  const what = `${info.width} × ${info.height}`;
  return info.open ? `${what}. Click the picture to type and point.` : `${what}. Its program has ended.`;
}

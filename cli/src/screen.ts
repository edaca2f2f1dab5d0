/**
 * What `pleat run --fb` and `--input` do: pictures of a frame buffer as PNG files, and keys and
 * mouse from a script.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { ABS, ABS_MAX, BTN, DEVICE, EV_ABS, EV_KEY, EV_REL, REL } from '../../web/src/boot/inputcodes.ts';
import type { InputEvent } from '../../web/src/boot/inputcodes.ts';
import type { KernelHost } from '../../web/src/host/kernelhost.ts';
import { convert } from '../../web/src/host/screen.ts';
import { keyText, linuxKey } from '../../web/src/ui/keycodes.ts';
import { CommandError } from './usage.ts';

/** A picture to take: of screen `screen`, so many seconds after the boot command started. */
export interface Shot {
  readonly file: string;
  readonly seconds: number;
  readonly screen: number;
}

const SHOT = /^(.+\.png)@(\d+(?:\.\d+)?)(?::fb([0-3]))?$/;

/** "FILE.png@SECONDS", of /dev/fb0, or "FILE.png@SECONDS:fb1" */
export function parseShot(text: string): Shot {
  const [, file = '', seconds, screen = '0'] = SHOT.exec(text) ?? [];
  if (seconds === undefined) throw new CommandError(`--fb ${text}: want FILE.png@SECONDS`, 2);
  return { file, seconds: Number(seconds), screen: Number(screen) };
}

/** @returns what went wrong, undefined if nothing */
export function takeShot(host: KernelHost, { file, screen }: Shot): string | undefined {
  const found = host.screen(screen);
  if (found === undefined || found.state.xres === 0) return `${file}: nothing has opened /dev/fb${screen}`;
  const { state, memory } = found;
  const pixels = new Uint32Array(state.xres * state.yres).fill(0xff000000);
  if (!state.blank && state.address !== 0) convert(state, memory, pixels);
  try {
    writeFileSync(file, encode({ width: state.xres, height: state.yres, data: new Uint8Array(pixels.buffer), channels: 4 }));
  } catch (error) {
    return `${file}: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

/** One step of a script: at `seconds` after the start, events of a device, or typed text. */
export interface InputStep {
  readonly seconds: number;
  readonly device: number;
  readonly events: readonly InputEvent[];
  readonly text: string;
}

const BUTTONS: Readonly<Record<string, number>> = { left: BTN.LEFT, right: BTN.RIGHT, middle: BTN.MIDDLE };

/**
 * A script of events, one a line; # begins a comment. Names of keys are those of KeyboardEvent.code.
 *
 *   1.5 key KeyA            press and let go; or: key KeyA down, key KeyA up
 *   2   move 10 -5          the mouse, in pixels
 *   2   at 0.5 0.5          a finger's place or a tablet's, as parts of the screen
 *   2   button left down    left, right, middle; down or up, or neither for a click
 *   3   wheel -1
 *   3   type some text      on the console of the program
 */
export function parseInput(text: string, name: string): InputStep[] {
  const steps: InputStep[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const trimmed = line.replace(/\s*#.*$/, '').trim();
    if (trimmed === '') continue;
    const step = parseStep(trimmed);
    if (step === undefined) throw new CommandError(`--input ${name}, line ${at + 1}: "${trimmed}" is no event`, 2);
    steps.push(...step);
  }
  return steps.toSorted((a, b) => a.seconds - b.seconds);
}

function parseStep(line: string): readonly InputStep[] | undefined {
  const [, time = '', what = '', rest = ''] = /^(\d+(?:\.\d+)?)\s+(\w+)\s*(.*)$/.exec(line) ?? [];
  if (time === '') return undefined;
  const seconds = Number(time);
  const words = rest.split(/\s+/);
  const step = (device: number, events: readonly InputEvent[], text = ''): InputStep => ({ seconds, device, events, text });
  const pressed = (device: number, code: number | undefined, how: string | undefined, text = ''): InputStep[] | undefined => {
    if (code === undefined || (how !== undefined && how !== 'down' && how !== 'up')) return undefined;
    const down = step(device, [[EV_KEY, code, 1]], text);
    const up = step(device, [[EV_KEY, code, 0]]);
    return how === 'down' ? [down] : how === 'up' ? [up] : [down, up];
  };
  const [first = '', second = ''] = words;
  const numbers = words.map(Number);
  const [x = NaN, y = NaN] = numbers;
  switch (what) {
    case 'key': {
      const letter = /^Key([A-Z])$/.exec(first)?.[1]?.toLowerCase() ?? /^Digit(\d)$/.exec(first)?.[1] ?? first;
      const typed = keyText({ key: letter === 'Space' ? ' ' : letter, ctrlKey: false, altKey: false, metaKey: false });
      return pressed(DEVICE.KEYBOARD, linuxKey(first), words[1], typed);
    }
    case 'button':
      return pressed(DEVICE.MOUSE, BUTTONS[first], second === '' ? undefined : second);
    case 'move':
      if (!Number.isInteger(x) || !Number.isInteger(y)) return undefined;
      return [step(DEVICE.MOUSE, [[EV_REL, REL.X, x], [EV_REL, REL.Y, y]])];
    case 'at':
      if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return undefined;
      return [step(DEVICE.TOUCH, [[EV_ABS, ABS.X, Math.round(x * ABS_MAX)], [EV_ABS, ABS.Y, Math.round(y * ABS_MAX)]])];
    case 'wheel':
      return Number.isInteger(x) ? [step(DEVICE.MOUSE, [[EV_REL, REL.WHEEL, x]])] : undefined;
    case 'type':
      return [step(DEVICE.KEYBOARD, [], rest)];
    default:
      return undefined;
  }
}

export function readInput(file: string): InputStep[] {
  try {
    return parseInput(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`--input ${file}: it cannot be read`);
  }
}

/** Give the machine a step's events. */
export function sendStep(host: KernelHost, { device, events, text }: InputStep): void {
  if (events.length > 0) host.sendInput(device, events.flatMap(([type, code, value]) => [(type << 16) | code, value]));
  if (text !== '') host.typed(new TextEncoder().encode(text));
}

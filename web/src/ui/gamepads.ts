/**
 * Gamepads of the browser as the machine's. Browsers have no events for sticks and buttons: they are
 * looked at once a frame, but only while a screen is shown and a program has a gamepad open.
 */
import { ABS, AXIS_MAX, BTN, DEVICE, EV_ABS, EV_KEY, TRIGGER_MAX } from '../boot/inputcodes.ts';
import type { InputEvent } from '../boot/inputcodes.ts';
import type { MachineInput } from '../boot/types.ts';

/** The standard mapping's buttons that are keys; 6 and 7 are triggers, 12 to 15 the cross. */
const BUTTONS: ReadonlyMap<number, number> = new Map([
  [0, BTN.SOUTH], [1, BTN.EAST], [2, BTN.WEST], [3, BTN.NORTH], [4, BTN.TL], [5, BTN.TR],
  [8, BTN.SELECT], [9, BTN.START], [10, BTN.THUMBL], [11, BTN.THUMBR], [16, BTN.MODE],
]);
const AXES: readonly number[] = [ABS.X, ABS.Y, ABS.RX, ABS.RY];
const PADS = 2;

export type PadState = Pick<Gamepad, 'axes'> & { readonly buttons: readonly { readonly value: number; readonly pressed: boolean }[] };

/** What differs between two looks at a pad. */
export function padEvents(before: ReadonlyMap<number, number>, pad: PadState): Map<number, number> {
  const now = new Map<number, number>();
  const key = (type: number, code: number, value: number): void => void now.set((type << 16) | code, value);
  for (const [at, code] of BUTTONS) key(EV_KEY, code, pad.buttons[at]?.pressed === true ? 1 : 0);
  for (const [at, code] of AXES.entries()) key(EV_ABS, code, Math.round((pad.axes[at] ?? 0) * AXIS_MAX));
  key(EV_ABS, ABS.Z, Math.round((pad.buttons[6]?.value ?? 0) * TRIGGER_MAX));
  key(EV_ABS, ABS.RZ, Math.round((pad.buttons[7]?.value ?? 0) * TRIGGER_MAX));
  const held = (at: number): number => (pad.buttons[at]?.pressed === true ? 1 : 0);
  key(EV_ABS, ABS.HAT0X, held(15) - held(14));
  key(EV_ABS, ABS.HAT0Y, held(13) - held(12));
  for (const [code, value] of now) if ((before.get(code) ?? 0) === value) now.delete(code);
  return now;
}

export class Gamepads {
  readonly #input: MachineInput;
  readonly #last: Map<number, number>[] = Array.from({ length: PADS }, () => new Map<number, number>());
  #shown = false;
  #frame = 0;

  constructor(input: MachineInput) {
    this.#input = input;
    input.onOpened(() => this.#run());
  }

  setShown(shown: boolean): void {
    this.#shown = shown;
    this.#run();
  }

  #run(): void {
    const wanted = this.#shown && this.#input.opened >> DEVICE.GAMEPAD !== 0;
    if (wanted === (this.#frame !== 0)) return;
    if (wanted) this.#frame = requestAnimationFrame(() => this.#look());
    else {
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
    }
  }

  #look(): void {
    this.#frame = requestAnimationFrame(() => this.#look());
    const pads = navigator.getGamepads().filter((pad) => pad !== null && pad.mapping === 'standard');
    for (let at = 0; at < PADS; at++) {
      const pad = pads[at];
      const last = this.#last[at];
      if (!pad || last === undefined) continue;
      const events: InputEvent[] = [];
      for (const [code, value] of padEvents(last, pad)) {
        last.set(code, value);
        events.push([code >> 16, code & 0xffff, value]);
      }
      if (events.length > 0) this.#input.send(DEVICE.GAMEPAD + at, events);
    }
  }
}

/**
 * Keyboard, pointer and touch of a canvas as the machine's input devices. It takes the keyboard
 * while the canvas has the focus, and gives it back on Shift-Escape or when the focus goes.
 */
import type { MachineInput } from '../boot/types.ts';
import { ABS, ABS_MAX, BTN, DEVICE, EV_ABS, EV_KEY, EV_REL, REL } from '../boot/inputcodes.ts';
import type { InputEvent } from '../boot/inputcodes.ts';
import { keyText, linuxKey } from './keycodes.ts';

export interface CaptureState {
  /** the canvas has the keyboard */
  readonly keys: boolean;
  /** the pointer is locked to it */
  readonly pointer: boolean;
}

const BUTTONS: readonly number[] = [BTN.LEFT, BTN.MIDDLE, BTN.RIGHT, BTN.SIDE, BTN.EXTRA];
const WHEEL_STEP = 100; /* CSS pixels of one notch */
const LINE = 16; /* pixels of a line where a wheel counts in lines */

export class Capture {
  readonly #canvas: HTMLCanvasElement;
  readonly #input: MachineInput;
  readonly #told: (state: CaptureState) => void;
  readonly #ending = new AbortController();
  readonly #down = new Set<number>();
  readonly #buttons = new Set<number>();
  /** pointer ids of fingers by slot */
  readonly #fingers: (number | undefined)[] = [];
  #tracking = 0;
  #wheel = { x: 0, y: 0 };
  #rest = { x: 0, y: 0 };
  #state: CaptureState = { keys: false, pointer: false };

  constructor(canvas: HTMLCanvasElement, input: MachineInput, told: (state: CaptureState) => void) {
    this.#canvas = canvas;
    this.#input = input;
    this.#told = told;
    const { signal } = this.#ending;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ): void => canvas.addEventListener(name, listener, { ...options, signal });
    on('keydown', (event) => this.#key(event, true));
    on('keyup', (event) => this.#key(event, false));
    on('focus', () => this.#set({ keys: true }));
    on('blur', () => this.#lost());
    on('pointerdown', (event) => this.#pointer(event));
    on('pointerup', (event) => this.#pointer(event));
    on('pointermove', (event) => this.#pointer(event));
    on('pointercancel', (event) => this.#finger(event, true));
    on('wheel', (event) => this.#wheeled(event), { passive: false });
    on('contextmenu', (event) => event.preventDefault());
    document.addEventListener('pointerlockchange', () => this.#set({ pointer: document.pointerLockElement === canvas }), {
      signal,
    });
    this.#set({ keys: document.activeElement === canvas });
  }

  lockPointer(): void {
    this.#canvas.focus();
    /* A refusal (just left, not allowed) is told by nothing happening. */
    void Promise.resolve(this.#canvas.requestPointerLock({ unadjustedMovement: true }))
      .catch(() => this.#canvas.requestPointerLock())
      .catch(() => undefined);
  }

  /** Give keyboard and pointer back. */
  release(): void {
    if (document.pointerLockElement === this.#canvas) document.exitPointerLock();
    this.#canvas.blur();
    this.#lost();
  }

  end(): void {
    this.release();
    this.#ending.abort();
  }

  #set(change: Partial<CaptureState>): void {
    this.#state = { ...this.#state, ...change };
    this.#told(this.#state);
  }

  /** What is held down is let go: the machine would never hear of it. */
  #lost(): void {
    for (const code of this.#down) this.#input.send(DEVICE.KEYBOARD, [[EV_KEY, code, 0]]);
    for (const code of this.#buttons) this.#input.send(DEVICE.MOUSE, [[EV_KEY, code, 0]]);
    this.#down.clear();
    this.#buttons.clear();
    this.#set({ keys: false });
  }

  #key(event: KeyboardEvent, down: boolean): void {
    if (event.shiftKey && event.code === 'Escape') {
      event.preventDefault();
      if (down) this.release();
      return;
    }
    const code = linuxKey(event.code);
    if (code === undefined) return;
    event.preventDefault();
    if (down) {
      this.#input.send(DEVICE.KEYBOARD, [[EV_KEY, code, event.repeat ? 2 : 1]]);
      this.#down.add(code);
      const text = keyText(event);
      if (text !== '') this.#input.type(text);
    } else if (this.#down.delete(code)) {
      this.#input.send(DEVICE.KEYBOARD, [[EV_KEY, code, 0]]);
    }
  }

  // ---- pointers ----

  #pointer(event: PointerEvent): void {
    if (event.type === 'pointerdown') {
      this.#canvas.focus();
      event.preventDefault();
      if (!this.#state.pointer) this.#canvas.setPointerCapture(event.pointerId);
    }
    if (event.pointerType === 'touch') this.#finger(event, event.type === 'pointerup');
    else this.#mouse(event);
  }

  /** Where on the screen, in 0..ABS_MAX. */
  #place(event: PointerEvent): readonly [number, number] {
    const box = this.#canvas.getBoundingClientRect();
    const part = (at: number, from: number, size: number): number =>
      Math.round(Math.min(1, Math.max(0, (at - from) / Math.max(1, size))) * ABS_MAX);
    return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  }

  #mouse(event: PointerEvent): void {
    const events: InputEvent[] = [];
    const moved = this.#movement(event);
    if (moved.x !== 0) events.push([EV_REL, REL.X, moved.x]);
    if (moved.y !== 0) events.push([EV_REL, REL.Y, moved.y]);
    /* One event may tell of several buttons; event.buttons has them as bits: left, right, middle, … */
    for (const [button, bit] of [1, 4, 2, 8, 16].entries()) {
      const code = BUTTONS[button] ?? BTN.LEFT;
      const held = (event.buttons & bit) !== 0;
      if (held === this.#buttons.has(code)) continue;
      if (held) this.#buttons.add(code);
      else this.#buttons.delete(code);
      events.push([EV_KEY, code, held ? 1 : 0]);
    }
    if (events.length > 0) this.#input.send(DEVICE.MOUSE, events);
    if (this.#state.pointer || event.type !== 'pointermove') return;
    const [x, y] = this.#place(event);
    this.#input.send(DEVICE.TOUCH, [[EV_ABS, ABS.X, x], [EV_ABS, ABS.Y, y]]);
  }

  /** In pixels of the machine's screen; what is less than one waits for the next. */
  #movement(event: PointerEvent): { readonly x: number; readonly y: number } {
    const box = this.#canvas.getBoundingClientRect();
    const scale = this.#state.pointer ? 1 : this.#canvas.width / Math.max(1, box.width);
    this.#rest.x += event.movementX * scale;
    this.#rest.y += event.movementY * scale;
    const whole = { x: Math.trunc(this.#rest.x), y: Math.trunc(this.#rest.y) };
    this.#rest.x -= whole.x;
    this.#rest.y -= whole.y;
    return whole;
  }

  #finger(event: PointerEvent, up: boolean): void {
    let slot = this.#fingers.indexOf(event.pointerId);
    const first = this.#fingers.every((id) => id === undefined);
    if (slot < 0 && event.type !== 'pointerdown') return;
    const events: InputEvent[] = [];
    if (slot < 0) {
      slot = this.#fingers.indexOf(undefined);
      if (slot < 0) slot = this.#fingers.length;
      this.#fingers[slot] = event.pointerId;
      this.#tracking = (this.#tracking + 1) & 0xffff;
      events.push([EV_ABS, ABS.MT_SLOT, slot], [EV_ABS, ABS.MT_TRACKING_ID, this.#tracking]);
      if (first) events.push([EV_KEY, BTN.TOUCH, 1]);
    } else {
      events.push([EV_ABS, ABS.MT_SLOT, slot]);
    }
    if (up) {
      this.#fingers[slot] = undefined;
      events.push([EV_ABS, ABS.MT_TRACKING_ID, -1]);
      if (this.#fingers.every((id) => id === undefined)) events.push([EV_KEY, BTN.TOUCH, 0]);
    } else {
      const [x, y] = this.#place(event);
      events.push([EV_ABS, ABS.MT_POSITION_X, x], [EV_ABS, ABS.MT_POSITION_Y, y]);
      if (slot === 0) events.push([EV_ABS, ABS.X, x], [EV_ABS, ABS.Y, y]);
    }
    this.#input.send(DEVICE.TOUCH, events);
  }

  #wheeled(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1;
    const events: InputEvent[] = [];
    const turn = (axis: 'x' | 'y', pixels: number, notch: number, fine: number): void => {
      if (pixels === 0) return;
      events.push([EV_REL, fine, Math.round((pixels * 120) / WHEEL_STEP)]);
      this.#wheel[axis] += pixels;
      const notches = Math.trunc(this.#wheel[axis] / WHEEL_STEP);
      this.#wheel[axis] -= notches * WHEEL_STEP;
      if (notches !== 0) events.push([EV_REL, notch, notches]);
    };
    /* Away from the person is up, which is positive here and negative there. */
    turn('y', -event.deltaY * unit, REL.WHEEL, REL.WHEEL_HI_RES);
    turn('x', event.deltaX * unit, REL.HWHEEL, REL.HWHEEL_HI_RES);
    if (events.length > 0) this.#input.send(DEVICE.MOUSE, events);
  }
}

/**
 * The on-screen pad of a phone: a cross and buttons that hold keys of the machine's keyboard down.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { DEVICE, EV_KEY } from '../boot/inputcodes.ts';
import type { MachineInput } from '../boot/types.ts';
import { Icon } from './icons.tsx';
import { directions } from './pad.ts';
import type { PadButton, PadLayout } from './pad.ts';

export interface PadProps {
  readonly layout: PadLayout;
  readonly input: MachineInput;
}

/** Keys by how many fingers hold them: two buttons may share one. */
class Held {
  readonly #count = new Map<number, number>();
  readonly #input: MachineInput;

  constructor(input: MachineInput) {
    this.#input = input;
  }

  change(key: number, by: 1 | -1): void {
    const before = this.#count.get(key) ?? 0;
    const after = Math.max(0, before + by);
    this.#count.set(key, after);
    if ((before === 0) !== (after === 0)) this.#input.send(DEVICE.KEYBOARD, [[EV_KEY, key, after === 0 ? 0 : 1]]);
  }

  releaseAll(): void {
    for (const [key, count] of this.#count) if (count > 0) this.#input.send(DEVICE.KEYBOARD, [[EV_KEY, key, 0]]);
    this.#count.clear();
  }
}

export function Pad({ layout, input }: PadProps) {
  const held = useRef<Held | undefined>(undefined);
  held.current ??= new Held(input);
  useEffect(() => () => held.current?.releaseAll(), []);
  const side = (name: 'left' | 'right') =>
    layout.buttons
      .filter((button) => button.side === name)
      .map((button) => <HoldButton key={button.label} button={button} held={() => held.current} />);
  return (
    <div class="pad" role="group" aria-label="Game keys" data-testid="pad">
      <div class="pad-side">
        {layout.cross === undefined ? null : <Cross keys={layout.cross} held={() => held.current} />}
        <div class="pad-buttons">{side('left')}</div>
      </div>
      <div class="pad-side">
        <div class="pad-buttons">{side('right')}</div>
      </div>
    </div>
  );
}

function HoldButton({ button, held }: { readonly button: PadButton; held(): Held | undefined }) {
  const [down, setDown] = useState(false);
  const isDown = useRef(false);
  const set = (now: boolean): void => {
    if (isDown.current === now) return;
    isDown.current = now;
    setDown(now);
    for (const key of button.keys) held()?.change(key, now ? 1 : -1);
  };
  return (
    <button
      class="button pad-button"
      type="button"
      aria-pressed={down}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        set(true);
      }}
      onPointerUp={() => set(false)}
      onPointerCancel={() => set(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {button.label}
    </button>
  );
}

const ARROWS = ['up', 'right', 'down', 'left'] as const;

function Cross({ keys, held }: { readonly keys: readonly number[]; held(): Held | undefined }) {
  const pressed = useRef<readonly boolean[]>([false, false, false, false]);
  const press = (now: readonly boolean[]): void => {
    for (const [at, on] of now.entries()) {
      const key = keys[at];
      if (key !== undefined && on !== pressed.current[at]) held()?.change(key, on ? 1 : -1);
    }
    pressed.current = now;
  };
  const follow = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1;
    const y = ((event.clientY - box.top) / box.height) * 2 - 1;
    press(directions(x, y));
  };
  const up = (): void => press([false, false, false, false]);
  return (
    <div
      class="pad-cross"
      role="img"
      aria-label="Direction cross"
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => (event.buttons === 0 ? undefined : follow(event))}
      onPointerUp={up}
      onPointerCancel={up}
      onContextMenu={(event) => event.preventDefault()}
    >
      {ARROWS.map((name) => (
        <span class={`pad-${name}`} key={name}>
          <Icon name={name} />
        </span>
      ))}
    </div>
  );
}

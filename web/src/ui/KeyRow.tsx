/**
 * The keys that a phone's keyboard has not. Pressing one keeps the keyboard open.
 */
import { Icon } from './icons.tsx';
import type { RowKey } from './keys.ts';

export interface KeyRowProps {
  readonly control: boolean;
  onControl(held: boolean): void;
  onKey(key: RowKey): void;
}

const ARROWS = [
  { key: 'ArrowLeft', label: 'Left', icon: 'left' },
  { key: 'ArrowUp', label: 'Up', icon: 'up' },
  { key: 'ArrowDown', label: 'Down', icon: 'down' },
  { key: 'ArrowRight', label: 'Right', icon: 'right' },
] as const;

/** A press must not take the focus from the terminal, or the keyboard would close. */
function keepFocus(event: Event): void {
  event.preventDefault();
}

export function KeyRow({ control, onControl, onKey }: KeyRowProps) {
  return (
    <div class="keys" role="group" aria-label="Keys" onPointerDown={keepFocus} onMouseDown={keepFocus}>
      <button class="button" type="button" onClick={() => onKey('Escape')}>
        Esc
      </button>
      <button class="button" type="button" onClick={() => onKey('Tab')}>
        Tab
      </button>
      <button class="button" type="button" aria-pressed={control} onClick={() => onControl(!control)}>
        Ctrl
      </button>
      {ARROWS.map(({ key, label, icon }) => (
        <button class="button" type="button" key={key} aria-label={label} onClick={() => onKey(key)}>
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}

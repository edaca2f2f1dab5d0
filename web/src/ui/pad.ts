/**
 * Layouts of the on-screen pad: what a link may choose for a phone. Data only; Pad.tsx draws it.
 */

import type { PadButton as LinkButton } from '../../../descriptor/src/types.ts';
import { keyName } from './keycodes.ts';

/** A button that presses keys of the keyboard, by their Linux codes, as long as it is held. */
export interface PadButton {
  /** at most 12 characters */
  readonly label: string;
  readonly keys: readonly number[];
  /** the side of the screen it is on */
  readonly side: 'left' | 'right';
}

export interface PadLayout {
  /** a cross whose four directions press keys: up, right, down, left */
  readonly cross?: readonly [number, number, number, number];
  readonly buttons: readonly PadButton[];
}

export const PAD_BUTTONS_MAX = 12;
export const PAD_LABEL_MAX = 12;
const KEY_MAX = 0x2ff;

/** Arrows, Enter, Space, Control, Escape: what most games ask for. */
export const DEFAULT_PAD: PadLayout = {
  cross: [103, 106, 108, 105],
  buttons: [
    { label: 'Esc', keys: [1], side: 'left' },
    { label: 'Enter', keys: [28], side: 'right' },
    { label: 'Space', keys: [57], side: 'right' },
    { label: 'Ctrl', keys: [29], side: 'right' },
  ],
};

/** The last column of the left half: a link's columns are 0 to 15. */
const LEFT_MAX = 7;
const ARROWS = [103, 106, 108, 105] as const;

/**
 * The pad that a link describes: its buttons by rows, on the side where their columns are. The four arrow keys,
 * if they are all there, make the cross.
 */
export function padOfLink(buttons: readonly LinkButton[]): PadLayout {
  const hasCross = ARROWS.every((key) => buttons.some((button) => button.key === key));
  const rest = buttons
    .filter(({ key }) => !(hasCross && (ARROWS as readonly number[]).includes(key)))
    .toSorted((a, b) => a.y - b.y || a.x - b.x)
    .map(({ label, key, x }): PadButton => ({ label, keys: [key], side: x <= LEFT_MAX ? 'left' : 'right' }));
  return hasCross ? { cross: ARROWS, buttons: rest } : { buttons: rest };
}

/**
 * What the keys of a pad do, for people with a keyboard: the key's name, and the label that is not just that name.
 */
export function padLegend({ cross, buttons }: PadLayout): readonly { readonly key: string; readonly does: string }[] {
  const legend = buttons.map(({ label, keys }) => ({ key: keys.map(keyName).join('+'), does: label }));
  return cross === undefined ? legend : [{ key: 'Arrows', does: 'Move' }, ...legend];
}

const isKey = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) <= KEY_MAX;

/**
 * A layout from somewhere else, checked.
 *
 * @returns undefined when it is none
 */
export function padLayout(value: unknown): PadLayout | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cross, buttons } = value as { readonly cross?: unknown; readonly buttons?: unknown };
  if (!Array.isArray(buttons) || buttons.length > PAD_BUTTONS_MAX) return undefined;
  if (cross !== undefined && !(Array.isArray(cross) && cross.length === 4 && cross.every(isKey))) return undefined;
  const checked: PadButton[] = [];
  for (const each of buttons as unknown[]) {
    if (typeof each !== 'object' || each === null) return undefined;
    const { label, keys, side } = each as Record<string, unknown>;
    if (typeof label !== 'string' || label === '' || [...label].length > PAD_LABEL_MAX) return undefined;
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > 4 || !keys.every(isKey)) return undefined;
    if (side !== 'left' && side !== 'right') return undefined;
    checked.push({ label, keys, side });
  }
  return cross === undefined ? { buttons: checked } : { cross: cross as [number, number, number, number], buttons: checked };
}

/** Which directions of the cross a finger presses, from its place in -1..1: one, or two neighbours. */
export function directions(x: number, y: number): readonly [boolean, boolean, boolean, boolean] {
  const reach = Math.hypot(x, y);
  if (reach < 0.25) return [false, false, false, false];
  const [right, down] = [x / reach, y / reach];
  return [down < -0.38, right > 0.38, down > 0.38, right < -0.38];
}

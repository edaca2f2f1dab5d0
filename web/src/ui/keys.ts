/**
 * Key strokes as bytes, for the time before a terminal takes them, and for the row of keys that a
 * phone has not. Sequences as xterm sends them.
 */

/** What is read of a KeyboardEvent. */
export interface KeyStroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const NAMED: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\x7f',
  Tab: '\t',
  Escape: '\x1b',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
  Home: '\x1b[H',
  End: '\x1b[F',
  Delete: '\x1b[3~',
};

/** The control character of Ctrl and a key, undefined where there is none. */
export function controlOf(char: string): string | undefined {
  if (char === ' ' || char === '2') return '\0';
  if (char === '?') return '\x7f';
  const code = char.toUpperCase().charCodeAt(0);
  return char.length === 1 && code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : undefined;
}

/** @returns what a terminal would send, '' for keys that send nothing */
export function textOfKey(stroke: KeyStroke): string {
  if (stroke.metaKey) return '';
  const [...chars] = stroke.key;
  let text = NAMED[stroke.key] ?? (chars.length === 1 ? stroke.key : '');
  if (stroke.ctrlKey && chars.length === 1 && !stroke.altKey) text = controlOf(stroke.key) ?? '';
  return stroke.altKey && !stroke.ctrlKey && text !== '' ? `\x1b${text}` : text;
}

/** Keys of the phone's row; arrows differ while a program has set application cursor keys. */
export type RowKey = 'Escape' | 'Tab' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown' | 'ArrowRight';

export function textOfRowKey(key: RowKey, applicationCursor: boolean): string {
  const text = NAMED[key] ?? '';
  return applicationCursor ? text.replace(/^\x1b\[/, '\x1bO') : text;
}

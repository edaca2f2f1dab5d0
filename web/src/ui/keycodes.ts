/**
 * Key codes of Linux (linux/input-event-codes.h) for the places of keys that browsers name by
 * KeyboardEvent.code. Both are about places, not letters: layouts are the machine's own affair.
 */
const ROWS: readonly (readonly [number, string])[] = [
  [1, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace'],
  [15, 'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft'],
  [30, 'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'],
  [44, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock'],
  [59, 'F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4'],
  [76, 'Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal'],
  [85, 'Lang5 IntlBackslash F11 F12 IntlRo Lang3 Lang4 Convert KanaMode NonConvert NumpadComma NumpadEnter'],
  [97, 'ControlRight NumpadDivide PrintScreen AltRight'],
  [102, 'Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete'],
  [113, 'AudioVolumeMute AudioVolumeDown AudioVolumeUp Power NumpadEqual'],
  [119, 'Pause'],
  [121, 'NumpadComma Lang1 Lang2 IntlYen MetaLeft MetaRight ContextMenu'],
  [158, 'BrowserBack BrowserForward'],
  [163, 'MediaTrackNext MediaPlayPause MediaTrackPrevious MediaStop'],
  [173, 'BrowserRefresh'],
  [183, 'F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24'],
];

const CODES: ReadonlyMap<string, number> = new Map(
  ROWS.flatMap(([first, names]) => names.split(' ').map((name, at) => [name, first + at] as const)),
);

/** undefined: no key that Linux knows. */
export function linuxKey(code: string): number | undefined {
  return CODES.get(code);
}

const NAMES: ReadonlyMap<number, string> = new Map([...CODES].toReversed().map(([name, code]) => [code, name]));
const SHORT: Readonly<Record<string, string>> = {
  Escape: 'Esc', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Backquote: '`', Minus: '-', Equal: '=',
  Comma: ',', Period: '.', Slash: '/', Semicolon: ';', Quote: "'", BracketLeft: '[', BracketRight: ']', Backslash: '\\',
};

/** What is written on a key of a US keyboard, by its Linux code: "Ctrl", "Space", "A"; "key 200" if it has no name. */
export function keyName(code: number): string {
  const name = NAMES.get(code);
  if (name === undefined) return `key ${code}`;
  const bare = name.replace(/^(?:Key|Digit)(?=.$)/, '').replace(/(?<=^(?:Shift|Control|Alt|Meta))(?:Left|Right)$/, '');
  return bare === 'Control' ? 'Ctrl' : (SHORT[bare] ?? bare);
}

/** What a terminal sends for a key, as xterm does; '' for keys that type nothing. */
export function keyText(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>): string {
  const { key } = event;
  const special = SPECIAL[key];
  if (special !== undefined) return special;
  if ([...key].length !== 1 || event.metaKey) return '';
  const typed = event.ctrlKey && /^[@-_a-z]$/i.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31) : key;
  return event.altKey && !event.ctrlKey ? `\x1b${typed}` : typed;
}

const SPECIAL: Readonly<Record<string, string>> = {
  Enter: '\r', Tab: '\t', Backspace: '\x7f', Escape: '\x1b', ArrowUp: '\x1b[A', ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C', ArrowLeft: '\x1b[D', Home: '\x1b[1~', End: '\x1b[4~', Insert: '\x1b[2~', Delete: '\x1b[3~',
  PageUp: '\x1b[5~', PageDown: '\x1b[6~', F1: '\x1b[[A', F2: '\x1b[[B', F3: '\x1b[[C', F4: '\x1b[[D', F5: '\x1b[[E',
  F6: '\x1b[17~', F7: '\x1b[18~', F8: '\x1b[19~', F9: '\x1b[20~', F10: '\x1b[21~', F11: '\x1b[23~', F12: '\x1b[24~',
};

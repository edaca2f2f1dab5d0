/**
 * Key strokes from before the terminal: a line of script in index.html collects them from the first
 * moment on; here they are taken over and handed on as bytes.
 */
import { textOfKey } from './keys.ts';

declare global {
  interface Window {
    earlyKeys?: KeyboardEvent[];
    onEarlyKey?: (event: KeyboardEvent) => void;
  }
}

let stop: (() => void) | undefined;

/** Of the keys with Ctrl only Ctrl-C is meant for the machine: the others still are the browser's. */
function textOfEarlyKey(event: KeyboardEvent): string {
  return event.ctrlKey && !event.altKey && event.key !== 'c' ? '' : textOfKey(event);
}

/**
 * Hand key strokes that go to no element to `take`, those so far first.
 *
 * @param take - undefined: a terminal has the focus now, so end it
 */
export function takeEarlyKeys(take: ((text: string) => void) | undefined): void {
  stop?.();
  stop = undefined;
  const waiting = window.earlyKeys?.splice(0) ?? [];
  if (window.onEarlyKey !== undefined) {
    window.removeEventListener('keydown', window.onEarlyKey);
    delete window.onEarlyKey;
  }
  if (take === undefined) return;
  for (const event of waiting) take(textOfEarlyKey(event));
  const onKey = (event: KeyboardEvent): void => {
    const text = textOfEarlyKey(event);
    if (event.target !== document.body || text === '') return;
    event.preventDefault();
    take(text);
  };
  window.addEventListener('keydown', onKey);
  stop = () => window.removeEventListener('keydown', onKey);
}

/**
 * Find in the scrollback: Enter next, Shift-Enter previous, Escape closes.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import type { FindResult, TerminalView } from './xterm.ts';

export interface FindBarProps {
  readonly view: TerminalView;
  onClose(): void;
}

export function FindBar({ view, onClose }: FindBarProps) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [result, setResult] = useState<FindResult>({ index: -1, count: 0 });
  useLayoutEffect(() => {
    field.current?.focus();
    return view.onFound(setResult);
  }, [view]);

  const find = (direction: 'next' | 'previous'): void => view.find(text, direction, false);
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') find(event.shiftKey ? 'previous' : 'next');
    else return;
    event.preventDefault();
  };
  const onInput = (event: Event): void => {
    const value = (event.currentTarget as HTMLInputElement).value;
    setText(value);
    view.find(value, 'previous', true);
  };
  return (
    <div class="find" role="search" aria-label="Find in terminal" data-testid="find">
      <input
        ref={field}
        class="field"
        type="text"
        aria-label="Find"
        placeholder="Find"
        spellcheck={false}
        value={text}
        onInput={onInput}
        onKeyDown={onKey}
      />
      <span class="find-count" role="status">
        {describe(text, result)}
      </span>
      <button class="button quiet icon" type="button" aria-label="Previous match" onClick={() => find('previous')}>
        <Icon name="up" />
      </button>
      <button class="button quiet icon" type="button" aria-label="Next match" onClick={() => find('next')}>
        <Icon name="down" />
      </button>
      <button class="button quiet icon" type="button" aria-label="Close find" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function describe(text: string, { index, count }: FindResult): string {
  if (text === '') return '';
  if (count === 0) return 'None';
  return index < 0 ? `${count}` : `${index + 1} of ${count}`;
}

/**
 * The kernel log with times: over the first terminal while booting, in a drawer afterwards.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { LogLine } from '../boot/types.ts';
import { formatLogTime } from './state.ts';

export interface LogProps {
  readonly lines: readonly LogLine[];
  readonly place: 'booting' | 'drawer' | 'inspect';
}

/** Lines that are shown; the rest is in the machine's dmesg. */
const SHOWN = 1_000;

export function Log({ lines, place }: LogProps) {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
  };
  const shown = lines.slice(-SHOWN);
  return (
    <section
      ref={box}
      id={place === 'inspect' ? 'inspect-log' : 'log'}
      class={`log ${place}`}
      aria-label="Kernel log"
      tabIndex={place === 'booting' ? -1 : 0}
      data-testid={place === 'inspect' ? 'inspect-log' : 'log'}
      onScroll={onScroll}
    >
      {shown.length === 0 && place !== 'booting' ? <p class="log-empty">The kernel has said nothing yet.</p> : null}
      <ol>
        {shown.map((line, at) => (
          <li key={lines.length - shown.length + at}>
            <time>{formatLogTime(line.ms)}</time>
            <span class={line.level}>{line.text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/**
 * The line below the terminal: the state in words, one honest bar, the switch of the log.
 */
import { Icon } from './icons.tsx';
import { describeState } from './state.ts';
import type { SessionState } from './state.ts';

export interface StateLineProps {
  readonly state: SessionState;
  readonly logShown: boolean;
  onLog(): void;
}

export function StateLine({ state, logShown, onLog }: StateLineProps) {
  const { tone, label, detail, progress } = describeState(state);
  return (
    <footer class="state" aria-label="State of the machine">
      <span class={`dot ${tone}`} aria-hidden="true" />
      {/* spoken when the label changes; the numbers beside it change too often for that */}
      <span class="state-label" role="status" data-testid="state" data-state={state.kind}>
        {label}
      </span>
      {progress === undefined ? null : (
        <div
          class="progress"
          role="progressbar"
          aria-label="Chunks that booting needs"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(progress * 100)}
        >
          <div style={{ width: `${progress * 100}%` }} />
        </div>
      )}
      <span class="state-detail" data-testid="state-detail">
        {detail}
      </span>
      <button
        class="button quiet"
        type="button"
        aria-expanded={logShown}
        aria-controls="log"
        onClick={onLog}
        data-testid="log-toggle"
      >
        Log
        <Icon name="up" class="chevron" />
      </button>
    </footer>
  );
}

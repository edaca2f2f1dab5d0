/** System calls by name and locks that were waited for, counted while that is on. */
import { useState } from 'preact/hooks';
import type { InspectClient } from './client.ts';
import { useEachSecond } from './Inspector.tsx';
import { parseTable } from './model.ts';

const FILES = { calls: '/proc/pleat/calls', locks: '/proc/pleat/locks' } as const;
type Table = ReturnType<typeof parseTable>;
const EMPTY: Table = { on: false, rows: [] };

export interface CountersProps {
  readonly client: InspectClient;
  readonly shown: boolean;
}

export function Counters({ client, shown }: CountersProps) {
  const [calls, setCalls] = useState<Table>(EMPTY);
  const [locks, setLocks] = useState<Table>(EMPTY);
  const look = async (): Promise<void> => {
    const [first, second] = await Promise.all([client.read(FILES.calls), client.read(FILES.locks)]);
    setCalls(parseTable(first));
    setLocks(parseTable(second));
  };
  useEachSecond(shown, look);
  const tell = (text: string): void => {
    const write = Promise.all([client.write(FILES.calls, text), client.write(FILES.locks, text)]);
    void write.then(look).catch(() => undefined); /* the machine has ended */
  };
  const byTime = [...calls.rows].sort((a, b) => Number(b[3]) - Number(b[4]) - (Number(a[3]) - Number(a[4])));
  return (
    <>
      <div class="inspect-tools">
        <button class={`button ${calls.on ? '' : 'primary'}`} type="button" onClick={() => tell(calls.on ? '0' : '1')} data-testid="count-toggle">
          {calls.on ? 'Stop counting' : 'Count'}
        </button>
        <button class="button" type="button" onClick={() => tell('reset')}>
          Reset
        </button>
      </div>
      <h2>Calls</h2>
      <CounterTable
        head={['Call', 'Calls', 'Errors', 'At work', 'Asleep']}
        rows={byTime.map(([name, n, errors, all, asleep]) => [name, n, errors, micros(Number(all) - Number(asleep)), micros(Number(asleep))])}
        empty="Nothing was counted yet."
      />
      <h2>Locks that threads waited for</h2>
      <CounterTable
        head={['Class', 'Waits', 'Waited', 'Longest']}
        rows={locks.rows.map(([name, n, waited, longest]) => [name, n, micros(Number(waited)), micros(Number(longest))])}
        empty="None."
      />
    </>
  );
}

function micros(value: number): string {
  return value < 10_000 ? `${value} µs` : value < 10_000_000 ? `${(value / 1000).toFixed(1)} ms` : `${(value / 1e6).toFixed(1)} s`;
}

interface CounterTableProps {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | undefined)[])[];
  readonly empty: string;
}

function CounterTable({ head, rows, empty }: CounterTableProps) {
  if (rows.length === 0) return <p class="inspect-sum">{empty}</p>;
  return (
    <table class="inspect-table">
      <thead>
        <tr>
          {head.map((name, at) => (
            <th key={name} scope="col" class={at === 0 ? '' : 'number'}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...cells]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {cells.map((cell, at) => (
              <td key={at} class="number">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

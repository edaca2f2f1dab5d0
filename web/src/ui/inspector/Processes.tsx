/** Processes as a tree, with processor, memory, state and what each sleeps in. */
import { useRef, useState } from 'preact/hooks';
import { formatBytes } from '../state.ts';
import type { InspectClient } from './client.ts';
import { useEachSecond } from './Inspector.tsx';
import { parseProcesses, processTree, stateName } from './model.ts';
import type { ProcessRow } from './model.ts';

export interface ProcessesProps {
  readonly client: InspectClient;
  readonly shown: boolean;
  onTrace(pid: number): void;
}

export function Processes({ client, shown, onTrace }: ProcessesProps) {
  const [rows, setRows] = useState<readonly ProcessRow[]>([]);
  const [load, setLoad] = useState('');
  const before = useRef({ at: 0, ticks: new Map<number, number>() });

  useEachSecond(shown, async () => {
    const [text, average] = await Promise.all([client.processes(), client.read('/proc/loadavg')]);
    const at = performance.now();
    const list = parseProcesses(text);
    const { current } = before;
    setRows(processTree(list, current.ticks, current.at === 0 ? 0 : (at - current.at) / 1000));
    setLoad(average.split(' ').slice(0, 3).join(' '));
    before.current = { at, ticks: new Map(list.map(({ pid, ticks }) => [pid, ticks])) };
  });
  const memory = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <>
      <p class="inspect-sum">
        {rows.length} processes · {formatBytes(memory)} · load {load}
      </p>
      <table class="inspect-table" data-testid="processes">
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col" class="number">PID</th>
            <th scope="col" class="number">CPU</th>
            <th scope="col" class="number">Memory</th>
            <th scope="col">State</th>
            <th scope="col" class="wide">Waits in</th>
            <th scope="col">
              <span class="unseen">Trace</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.pid}>
              <th scope="row" title={row.command}>
                <span class="inspect-command" style={{ paddingLeft: `${Math.min(row.depth, 8) * 12}px` }}>
                  <bdi>{row.command}</bdi>
                </span>
              </th>
              <td class="number">{row.pid}</td>
              <td class="number">{row.cpu.toFixed(0)} %</td>
              <td class="number">{formatBytes(row.bytes)}</td>
              <td>{stateName(row.state)}</td>
              <td class="wide mono">{row.waitsIn}</td>
              <td class="number">
                <button class="button quiet" type="button" aria-label={`Show the calls of ${row.pid}`} onClick={() => onTrace(row.pid)}>
                  Calls
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** What is mounted, and the layers below the root. */
import { useEffect, useState } from 'preact/hooks';
import { formatBytes } from '../state.ts';
import type { InspectClient } from './client.ts';
import { parseMounts } from './model.ts';
import type { Mount } from './model.ts';

export interface MountsProps {
  readonly client: InspectClient;
  readonly fetched: string;
}

export function Mounts({ client, fetched }: MountsProps) {
  const [mounts, setMounts] = useState<readonly Mount[]>([]);
  const [layers, setLayers] = useState<readonly (readonly string[])[]>([]);
  useEffect(() => {
    const look = async (): Promise<void> => {
      const [table, list] = await Promise.all([client.read('/proc/self/mounts'), client.read('/proc/pleat/layers')]);
      setMounts(parseMounts(table));
      setLayers(list.split('\n').filter((line) => line !== '').map((line) => line.split(' ')));
    };
    look().catch(() => undefined); /* the machine has ended */
  }, [client]);
  return (
    <>
      <h2>Layers</h2>
      <p class="inspect-sum">{fetched} of what they hold; the rest comes when it is read.</p>
      <table class="inspect-table" data-testid="layers">
        <tbody>
          {layers.map(([name = '', size = '0']) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{formatBytes(Number(size))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>Mounts</h2>
      <table class="inspect-table" data-testid="mounts">
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col">Type</th>
            <th scope="col" class="wide">Source</th>
            <th scope="col" class="wide">Options</th>
          </tr>
        </thead>
        <tbody>
          {mounts.map((mount, at) => (
            <tr key={at}>
              <th scope="row" class="mono">{mount.path}</th>
              <td>{mount.type}</td>
              <td class="wide">{mount.source}</td>
              <td class="wide mono">{mount.options}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/**
 * Volume and mute of the machine's sound, and why nothing is heard where a browser forbids it.
 */
import { useEffect, useState } from 'preact/hooks';
import type { MachineSound } from '../boot/types.ts';
import { Icon } from './icons.tsx';

const WHY: Readonly<Record<MachineSound['state'], string>> = {
  silent: '',
  audible: '',
  blocked: 'The browser plays sound only after a click or a key stroke on this page.',
  impossible: 'This browser has no way to play the sound.',
};

export function SoundControl({ sound }: { readonly sound: MachineSound | undefined }) {
  const [, redraw] = useState(0);
  useEffect(() => sound?.onChange(() => redraw((count) => count + 1)), [sound]);
  if (sound === undefined || sound.state === 'silent') return null;
  const { volume, muted } = sound;
  return (
    <div class="sound" role="group" aria-label="Sound" data-testid="sound" data-sound={sound.state}>
      {WHY[sound.state] === '' ? null : <p class="sound-why" role="status">{WHY[sound.state]}</p>}
      <button
        class="button quiet icon"
        type="button"
        aria-label="Mute"
        aria-pressed={muted}
        title={muted ? 'Sound is off' : 'Sound is on'}
        onClick={() => sound.setVolume(volume, !muted)}
        data-testid="mute"
      >
        <Icon name={muted ? 'muted' : 'loud'} />
      </button>
      <input
        type="range"
        min="0"
        max="100"
        step="5"
        value={String(Math.round(volume * 100))}
        aria-label="Volume"
        onInput={(event) => sound.setVolume(Number(event.currentTarget.value) / 100, false)}
        data-testid="volume"
      />
    </div>
  );
}

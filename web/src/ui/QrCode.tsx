/** A QR code, drawn as one path. Phones read up to about 2,300 characters. */
import { generate } from 'lean-qr';
import { useMemo } from 'preact/hooks';

const QUIET = 4;

export function QrCode({ text }: { readonly text: string }) {
  const drawn = useMemo(() => draw(text), [text]);
  if (drawn === undefined) {
    return <p class="dim">The link is too long for a QR code: 2,900 characters are the most.</p>;
  }
  return (
    <svg class="qr" role="img" aria-label="The link as a QR code" viewBox={`0 0 ${drawn.size} ${drawn.size}`} data-testid="qr">
      <rect width={drawn.size} height={drawn.size} fill="#fff" />
      <path d={drawn.path} fill="#000" />
    </svg>
  );
}

function draw(text: string): { readonly size: number; readonly path: string } | undefined {
  let code;
  try {
    code = generate(text);
  } catch {
    return undefined;
  }
  let path = '';
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  return { size: code.size + 2 * QUIET, path };
}

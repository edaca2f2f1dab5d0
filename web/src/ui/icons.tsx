/** The page's few pictures; each is beside words or inside a labelled button. */

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path class="fold" d="M3 8l8.7-3v19L3 27z" />
      <path class="fold-light" d="M11.7 5l8.6 3v19l-8.6-3z" />
      <path class="fold" d="M20.3 8L29 5v19l-8.7 3z" />
    </svg>
  );
}

const PATHS = {
  plus: 'M8 3v10M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M10.5 10.5L14 14M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z',
  pulse: 'M1.5 8h3l2-5 3 10 2-5h3',
  up: 'M4 10l4-4 4 4',
  down: 'M4 6l4 4 4-4',
  left: 'M10 4L6 8l4 4',
  right: 'M6 4l4 4-4 4',
  loud: 'M2 6h2.5L8 3v10L4.5 10H2zM10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.3 6.3 0 0 1 0 9',
  muted: 'M2 6h2.5L8 3v10L4.5 10H2zM10.5 6l4 4M14.5 6l-4 4',
  grid: 'M3 3h10v10H3zM8 3v10M3 8h10',
  mouse: 'M8 2a3.5 3.5 0 0 1 3.5 3.5v5a3.5 3.5 0 0 1-7 0v-5A3.5 3.5 0 0 1 8 2zM8 2v4',
  camera: 'M2 5h3l1-2h4l1 2h3v8H2zM8 11a2.2 2.2 0 1 0 0-4.4A2.2 2.2 0 0 0 8 11z',
  grow: 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3',
  shrink: 'M6 3v3H3M13 6h-3V3M10 13v-3h3M3 10h3v3',
} as const;

export function Icon({ name, class: classes }: { readonly name: keyof typeof PATHS; readonly class?: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" {...(classes === undefined ? {} : { class: classes })}>
      <path d={PATHS[name]} />
    </svg>
  );
}

/** images/gallery.json: the machines that the start page shows. web/gallery.ts writes it. */

export interface Card {
  readonly name: string;
  readonly about: string;
  /** "#p1…" */
  readonly link: string;
  /** bytes that a first boot fetches */
  readonly bytes?: number;
  /** lines of a terminal, as the card's picture */
  readonly sample?: readonly string[];
}

export interface Gallery {
  readonly cards: readonly Card[];
}

/**
 * What a person may paste, as the text of a link.
 */

/** @returns what follows the # of a pasted address, or the bare text; blanks that a mail put in are dropped */
export function pastedLink(input: string): string {
  const text = input.replace(/\s+/g, '');
  return text.slice(text.indexOf('#') + 1);
}

/** The place that an address names. Addresses of places begin with "#/"; everything else is a link. */
export type Place = { readonly place: 'start' | 'storage' | 'editor' } | { readonly place: 'machine'; readonly link: string };

export function placeOf(hash: string): Place {
  const text = hash.replace(/^#/, '');
  if (text === '/storage') return { place: 'storage' };
  if (text === '/editor') return { place: 'editor' };
  return text === '' || text.startsWith('/') ? { place: 'start' } : { place: 'machine', link: text };
}

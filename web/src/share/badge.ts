/** A link in the forms that people paste. */

/** Addresses have no characters that Markdown or HTML would read, but titles have. */
const inHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const inMarkdown = (text: string): string => text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>]/g, (c) => `\\${c}`);

export function markdownBadge(address: string, title: string): string {
  return `[![Open in Pleat](${new URL('icon.svg', address.slice(0, address.indexOf('#'))).href}) ${inMarkdown(title)}](${address})`;
}

export function htmlEmbed(address: string, title: string): string {
  return `<iframe src="${inHtml(address)}" title="${inHtml(title)}" width="800" height="480" allow="cross-origin-isolated; clipboard-write" loading="lazy"></iframe>`;
}

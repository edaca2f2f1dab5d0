/**
 * Put a machine on the start page: node web/gallery.ts [--images DIR] [--bytes N] [--sample LINE]... NAME ABOUT LINK
 *
 * Writes images/gallery.json, {"cards": [{name, about, link, bytes?, sample?}]}: the card of that
 * name is replaced, others stay. LINK is a whole address or begins with #p or p. `bytes` is what a
 * first boot fetches, `sample` the lines of the card's picture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Card } from './src/ui/gallery.ts';
import { pastedLink } from './src/ui/linktext.ts';
import { WEB } from './vite.config.ts';

const SAMPLE = ['$ echo $((6 * 7))', '42', '$ ls /', 'bin  dev  etc  proc  root  tmp  usr', '$ '];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { images: { type: 'string' }, bytes: { type: 'string' }, sample: { type: 'string', multiple: true, default: SAMPLE } },
});
const [name, about, address] = positionals;
if (name === undefined || about === undefined || address === undefined || positionals.length > 3) {
  console.error('usage: node web/gallery.ts [--images DIR] [--bytes N] NAME ABOUT LINK');
  process.exit(2);
}
const link = pastedLink(address);
if (!/^p\d/.test(link)) {
  console.error(`gallery: this is no link: ${address.slice(0, 60)}`);
  process.exit(2);
}
const file = resolve(values.images ?? `${WEB}../build/images`, 'gallery.json');
const before = await readFile(file, 'utf8').then(
  (text) => (JSON.parse(text) as { readonly cards: readonly Card[] }).cards,
  () => [],
);
const card: Card = {
  name,
  about,
  link: `#${link}`,
  ...(values.bytes === undefined ? {} : { bytes: Number(values.bytes) }),
  sample: values.sample,
};
const cards = [...before.filter((each) => each.name !== name), card];
await writeFile(file, `${JSON.stringify({ cards }, undefined, 2)}\n`);

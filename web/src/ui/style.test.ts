import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const [lightPart = '', darkPart = ''] = css.split('@media (prefers-color-scheme: dark)');

function readColours(part: string): Map<string, string> {
  return new Map([...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));
}

/** WCAG 2.2 relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

for (const [theme, part] of [['light', lightPart], ['dark', darkPart]] as const) {
  const colours = readColours(part);
  const need = (front: string, back: string, ratio: number): void => {
    const found = contrast(colours.get(front) ?? assert.fail(front), colours.get(back) ?? assert.fail(back));
    assert.ok(found >= ratio, `${theme}: ${front} on ${back} is ${found.toFixed(2)}, not ${ratio}`);
  };

  test(`${theme}: the terminal's colours meet WCAG AA on its ground`, () => {
    const names = [...colours.keys()].filter((name) => /^term-(text|bright-|red|green|yellow|blue|magenta|cyan|white)/.test(name));
    assert.equal(names.length, 16);
    for (const name of names) need(name, 'term-ground', 4.5);
  });

  test(`${theme}: words meet WCAG AA on every ground they stand on`, () => {
    for (const back of ['ground', 'surface', 'sunken']) for (const front of ['text', 'text-dim', 'bad', 'accent', 'warn']) need(front, back, 4.5);
    need('text-dim', 'term-ground', 4.5);
    need('bad', 'term-ground', 4.5);
    need('warn', 'term-ground', 4.5);
    need('bad', 'bad-soft', 4.5);
    need('accent-text', 'accent-ground', 4.5);
  });

  test(`${theme}: what is not words but must be seen has 3:1`, () => {
    for (const back of ['ground', 'surface', 'sunken']) for (const front of ['accent', 'line-strong', 'ok']) need(front, back, 3);
    need('accent', 'term-ground', 3);
  });
}

test('dark changes every colour of the terminal', () => {
  const of = (part: string): string[] => [...readColours(part).keys()].filter((name) => name.startsWith('term-')).sort();
  assert.deepEqual(of(darkPart), of(lightPart));
});

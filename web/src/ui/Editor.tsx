/**
 * The Editor place: a descriptor in its JSON form, checked as it is typed, and the link that it becomes.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { readDescriptor } from '../../../descriptor/src/shape.ts';
import type { Result } from '../../../descriptor/src/errors.ts';
import type { Descriptor } from '../../../descriptor/src/types.ts';
import { unsupportedField } from '../boot/features.ts';
import type { VerifiedLink } from '../boot/open.ts';
import { askVerifier } from '../boot/verifier.ts';
import { ownKey } from '../trust/ownkey.ts';
import { factsOf } from './facts.ts';
import type { Gallery } from './gallery.ts';
import { Mark } from './icons.tsx';
import { pastedLink } from './linktext.ts';
import { Facts } from './Preview.tsx';

/** What is wrong with the text, in one sentence; or the descriptor. */
type Checked =
  | { readonly kind: 'empty' }
  | { readonly kind: 'wrong'; readonly name: string; readonly message: string }
  | { readonly kind: 'right'; readonly descriptor: Descriptor };

function check(text: string): Checked {
  if (text.trim() === '') return { kind: 'empty' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'wrong', name: 'not JSON', message: error instanceof Error ? error.message : String(error) };
  }
  const read = readDescriptor(value, 'json');
  if (!read.ok) return { kind: 'wrong', name: read.failure.name, message: read.failure.message };
  const lacks = unsupportedField(read.value);
  if (lacks !== undefined) return { kind: 'wrong', name: 'unsupported', message: `${lacks}: this page's runtime cannot do it` };
  return { kind: 'right', descriptor: read.value };
}

const shown = (descriptor: Descriptor): string => JSON.stringify(descriptor, undefined, 2);

/** The descriptor of a link; undefined: it is refused. */
async function unfold(text: string): Promise<Descriptor | undefined> {
  const decoded = await askVerifier<Result<VerifiedLink>>({ text });
  return decoded.ok ? decoded.value.descriptor : undefined;
}

/** The first machine of the gallery: something to begin with that boots here. */
async function firstOfGallery(): Promise<Descriptor | undefined> {
  const response = await fetch('./images/gallery.json');
  const card = response.ok ? ((await response.json()) as Gallery).cards[0] : undefined;
  return card === undefined ? undefined : await unfold(pastedLink(card.link));
}

export function Editor() {
  const heading = useRef<HTMLHeadingElement>(null);
  const [text, setText] = useState('');
  const [from, setFrom] = useState('');
  const [said, setSaid] = useState('');
  const [link, setLink] = useState('');
  const checked = useMemo(() => check(text), [text]);
  useEffect(() => {
    document.title = 'Descriptor · Pleat';
    heading.current?.focus();
    void firstOfGallery()
      .then((found) => found && setText((now) => (now === '' ? shown(found) : now)))
      .catch(() => undefined); /* then the person begins with nothing */
  }, []);
  useEffect(() => setLink(''), [text]);

  const take = (event: Event): void => {
    event.preventDefault();
    void unfold(pastedLink(from)).then(
      (found) => {
        setSaid(found === undefined ? 'That link is refused: open it to see why.' : '');
        if (found !== undefined) setText(shown(found));
      },
      (error: unknown) => setSaid(String(error)),
    );
  };
  const sign = async (): Promise<void> => {
    if (checked.kind !== 'right') return;
    const key = await ownKey();
    const folded = await askVerifier<Result<string>>({ sign: checked.descriptor, seed: key.seed });
    if (!folded.ok) setSaid(folded.failure.message);
    else {
      setSaid(`${folded.value.length + location.href.length - location.hash.length + 1} characters, signed with your key ${key.short}.`);
      setLink(`#${folded.value}`);
    }
  };
  return (
    <>
      <header class="bar">
        <a class="brand" href="#/">
          <Mark />
          Pleat
        </a>
      </header>
      <main class="scroll" data-testid="editor">
        <div class="page wide">
          <h1 ref={heading} tabIndex={-1}>
            Describe a machine
          </h1>
          <p class="lead">What a link says, as JSON. It is checked as you type, by the same code that opens links.</p>
          <form class="paste-row from" onSubmit={take}>
            <input class="field" aria-label="A link to begin with" placeholder="Begin with a link: https://…/#p1…" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
            <button class="button" type="submit">
              Unfold
            </button>
          </form>
          <label class="unseen" for="descriptor">
            Descriptor
          </label>
          <textarea
            id="descriptor"
            class="field code"
            spellcheck={false}
            rows={22}
            value={text}
            aria-invalid={checked.kind === 'wrong'}
            aria-describedby="descriptor-check"
            onInput={(event) => setText(event.currentTarget.value)}
            data-testid="descriptor"
          />
          <p id="descriptor-check" role="status" class={checked.kind === 'wrong' ? 'hint' : 'dim'} data-testid="descriptor-check" data-check={checked.kind}>
            {checked.kind === 'wrong' ? `${checked.name}: ${checked.message}` : checked.kind === 'right' ? 'It describes a machine.' : 'Nothing is described yet.'}
          </p>
          <p class="actions">
            <button class="button primary" type="button" disabled={checked.kind !== 'right'} onClick={() => void sign()} data-testid="sign">
              Sign it
            </button>
            {link === '' ? null : (
              <a class="button" href={link} data-testid="signed">
                Open the link
              </a>
            )}
          </p>
          <p role="status" class="dim">
            {said}
          </p>
          {checked.kind === 'right' ? <Facts facts={factsOf(checked.descriptor)} /> : null}
        </div>
      </main>
    </>
  );
}

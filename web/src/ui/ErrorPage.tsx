/**
 * The page of a failure: what happened, what it means, what to do, and below it the exact name and place.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { OpenFailure } from '../boot/open.ts';
import { textOfFailure } from './failures.ts';
import { Mark } from './icons.tsx';

export interface ErrorPageProps {
  readonly failure: OpenFailure;
  onRetry(): void;
  onReload(): void;
  onOwnRuntime(): void;
}

export function ErrorPage({ failure, onRetry, onReload, onOwnRuntime }: ErrorPageProps) {
  const text = textOfFailure(failure);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${text.title} · Pleat`;
    heading.current?.focus();
  }, [failure]);
  return (
    <>
      <header class="bar">
        <a class="brand" href="#/">
          <Mark />
          Pleat
        </a>
      </header>
      <main class="scroll" data-testid="error-page" data-failure={failure.name}>
        <div class="page failure">
          <h1 ref={heading} tabIndex={-1}>
            {text.title}
          </h1>
          <dl>
            <Part term="What happened" text={text.what} />
            <Part term="What it means" text={text.means} />
            <Part term="What to do" text={text.todo} />
          </dl>
          <div class="actions">
            {text.actions.includes('retry') ? (
              <button class="button primary" type="button" onClick={onRetry} data-testid="retry">
                Try again
              </button>
            ) : null}
            {text.actions.includes('reload') ? (
              <button class="button primary" type="button" onClick={onReload} data-testid="retry">
                Load the page again
              </button>
            ) : null}
            {text.actions.includes('own-runtime') ? (
              <button class="button primary" type="button" onClick={onOwnRuntime} data-testid="own-runtime">
                Run on this page’s kernel
              </button>
            ) : null}
            <a class="button" href="#/">
              To the start page
            </a>
          </div>
          <Detail failure={failure} />
        </div>
      </main>
    </>
  );
}

function Part({ term, text }: { readonly term: string; readonly text: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Detail({ failure }: { readonly failure: OpenFailure }) {
  const rows = [
    ['Failure', failure.name],
    ['Where', failure.where],
    ['Message', failure.message],
  ] as const;
  return (
    <section class="detail" aria-label="For whoever looks into it">
      <p>For whoever looks into it:</p>
      <table>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="mono">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/**
 * The Preview place: what a link of a publisher who is not trusted yet would start, before anything of it is
 * fetched or started.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Capability } from '../../../descriptor/src/types.ts';
import type { Decision, VerifiedLink } from '../boot/open.ts';
import type { Verdict } from '../trust/records.ts';
import { CAPABILITY_TEXT, factsOf, overlayPaths, standingText } from './facts.ts';
import type { Fact } from './facts.ts';
import { Mark } from './icons.tsx';

export interface PreviewProps {
  readonly link: VerifiedLink;
  readonly verdict: Verdict;
  onOpen(decision: Decision): void;
}

export function Preview({ link, verdict, onOpen }: PreviewProps) {
  const { descriptor, publisher } = link;
  const asked = descriptor.capabilities ?? [];
  const [always, setAlways] = useState(verdict.record?.always ?? false);
  const [grants, setGrants] = useState<readonly Capability[]>(verdict.grants);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = descriptor.title ?? descriptor.base.name;
  useEffect(() => {
    document.title = `${title} · Pleat`;
    heading.current?.focus();
  }, [title]);
  const paths = overlayPaths(descriptor);
  const grant = (name: Capability, given: boolean): void =>
    setGrants(asked.filter((each) => (each === name ? given : grants.includes(each))));

  return (
    <>
      <header class="bar">
        <a class="brand" href="#/">
          <Mark />
          Pleat
        </a>
      </header>
      <main class="scroll" data-testid="preview" data-standing={verdict.standing}>
        <div class="page preview">
          <p class="kicker">A link to a machine</p>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {descriptor.description === undefined ? null : <p class="lead pre">{descriptor.description}</p>}
          {verdict.impostorOf === undefined ? null : (
            <section class="warning" role="alert" data-testid="changed-key">
              <h2>This is another key than the one you know as {verdict.impostorOf.name ?? verdict.impostorOf.author}</h2>
              <p>
                You know that name by the key <span class="mono">{verdict.impostorOf.short}</span>. This link was signed by{' '}
                <span class="mono">{publisher.short}</span>. Somebody else may be using the name. Ask them by another way
                before you open it.
              </p>
            </section>
          )}
          <section class="signer" aria-labelledby="signer">
            <h2 id="signer">Who signed it</h2>
            <p>
              {verdict.record?.name === undefined ? null : <strong>{verdict.record.name} · </strong>}
              <span class="mono" data-testid="publisher">
                {publisher.short}
              </span>
              {descriptor.author === undefined ? null : <span> who says to be {descriptor.author}</span>}
            </p>
            <p class="dim">{standingText(verdict)}</p>
            <p class="dim">The signature is right: the link is as this key made it. It does not say that the machine is harmless.</p>
          </section>
          <Facts facts={factsOf(descriptor)} />
          {paths.length === 0 ? null : (
            <details class="paths">
              <summary>The {paths.length === 1 ? 'path' : `${paths.length} paths`} that it changes</summary>
              <pre>{paths.join('\n')}</pre>
            </details>
          )}
          {asked.length === 0 ? (
            <p class="dim asks">It asks for nothing outside of this tab: no network, none of your files.</p>
          ) : (
            <fieldset class="asks">
              <legend>What it asks for</legend>
              {asked.map((name) => (
                <label key={name} class="check">
                  <input
                    type="checkbox"
                    checked={grants.includes(name)}
                    onChange={(event) => grant(name, event.currentTarget.checked)}
                    data-testid={`grant-${name}`}
                  />
                  <span>{CAPABILITY_TEXT[name]}</span>
                </label>
              ))}
            </fieldset>
          )}
          {descriptor.documentation === undefined ? null : (
            <ul class="documents">
              {descriptor.documentation.map((url) => (
                <li key={url}>
                  <a href={url} rel="noreferrer noopener" target="_blank">
                    {url}
                  </a>
                </li>
              ))}
            </ul>
          )}
        </div>
      </main>
      <footer class="decide">
        <label class="check">
          <input
            type="checkbox"
            checked={always}
            onChange={(event) => setAlways(event.currentTarget.checked)}
            data-testid="always"
          />
          <span>Always open from this publisher</span>
        </label>
        <div class="actions">
          <a class="button" href="#/" data-testid="not-now">
            Not now
          </a>
          <button class="button primary" type="button" onClick={() => onOpen({ always, grants })} data-testid="open-machine">
            Open
          </button>
        </div>
      </footer>
    </>
  );
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ term, lines, code }) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd class={code === true ? 'mono' : ''}>
            {lines.map((line, i) => (
              <bdi key={i}>{line}</bdi>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

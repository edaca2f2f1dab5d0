/**
 * What each failure is called on the page: what happened, what it means, what to do.
 */
import type { FailureName } from '../../../descriptor/src/errors.ts';
import type { OpenFailure, PageFailureName } from '../boot/open.ts';

/** What the person can press: open the link again, load the whole page again, run on the page's own runtime. */
export type FailureAction = 'retry' | 'reload' | 'own-runtime';

export interface FailureText {
  readonly title: string;
  readonly what: string;
  readonly means: string;
  readonly todo: string;
  readonly actions: readonly FailureAction[];
}

const NOT_STARTED = 'Nothing was started, and nothing of the machine’s image was fetched.';
const ASK = 'Ask the person who gave you the link to send it again, as a file or through another chat if need be.';
const ASK_PUBLISHER = 'Tell the person who made the link. The lines below say which part is wrong.';

const TEXTS = {
  incomplete: {
    title: 'A part of this link is missing',
    what: 'The link ends too early. Mail programs and chats sometimes cut or wrap long addresses.',
    means: NOT_STARTED,
    todo: `Copy the whole link again, to its last character. If that does not help: ${lower(ASK)}`,
    actions: [],
  },
  character: {
    title: 'This link has a character that does not belong in it',
    what: 'A link is made of letters, digits, - and _ only. Something was added to it or changed in it, often by the program that it was sent with.',
    means: NOT_STARTED,
    todo: `Copy the link again, without quotation marks or other text around it. If that does not help: ${lower(ASK)}`,
    actions: [],
  },
  damaged: {
    title: 'This link is damaged',
    what: 'The link does not unfold to what a link must hold: some of its characters were changed, or some were added.',
    means: NOT_STARTED,
    todo: ASK,
    actions: [],
  },
  tooLong: {
    title: 'This link is too long',
    what: 'No link may have more than 32,768 characters, and this one does.',
    means: `${NOT_STARTED} The limit keeps a link from filling the memory of this browser.`,
    todo: ASK_PUBLISHER,
    actions: [],
  },
  inflates: {
    title: 'This link unfolds to more than a link may hold',
    what: 'The link is compressed, and what came out of it went past the limit. Links that do this are broken, or made to fill the memory of a browser.',
    means: `${NOT_STARTED} Unfolding stopped at the limit.`,
    todo: 'Do not open it again unless you trust where it comes from. Its maker can make a smaller one.',
    actions: [],
  },
  notALink: {
    title: 'This is not a Pleat link',
    what: 'After the # of the address comes something else than a machine.',
    means: 'There is nothing here to start.',
    todo: 'Copy the link again from where you found it: it begins with p1 after the #.',
    actions: [],
  },
  version: {
    title: 'This link is of a version that this page does not know',
    what: 'The link was made by a newer Pleat than the one on this site.',
    means: `${NOT_STARTED} A page that does not know the format cannot check the signature.`,
    todo: 'Load the page again, in case this tab is old. If that does not help, open the link on a site that has a newer Pleat.',
    actions: ['reload'],
  },
  unknownField: {
    title: 'This link asks for something that this page does not know',
    what: 'It has a field that is not defined in this version. A page that skipped it might run something else than what was signed.',
    means: NOT_STARTED,
    todo: 'Load the page again, in case this tab is old. If that does not help, open the link on a site that has a newer Pleat.',
    actions: ['reload'],
  },
  signature: {
    title: 'The signature of this link is wrong',
    what: 'The link was changed after it was signed, or it was never signed by the key that it names.',
    means: `${NOT_STARTED} What the link describes may not be what its publisher made.`,
    todo: 'Get the link from its publisher again. If it is still wrong, do not trust where you found it.',
    actions: [],
  },
  unsigned: {
    title: 'This link is not signed',
    what: 'It has no publisher key and no signature, so nobody answers for what it starts.',
    means: NOT_STARTED,
    todo: 'Ask its maker to sign it: pleat link does that by itself.',
    actions: [],
  },
  content: {
    title: 'This link describes no machine that can be started',
    what: 'Its signature is right, but what was signed breaks the rules of the format.',
    means: NOT_STARTED,
    todo: ASK_PUBLISHER,
    actions: [],
  },
  unsupported: {
    title: 'This link asks for something that its runtime cannot do',
    what: 'It was signed rightly and says something that this kernel and page do not have yet. The lines below name it.',
    means: `${NOT_STARTED} A machine without it would not be the one that was signed.`,
    todo: 'Load the page again, in case this tab is old. If that does not help, tell the person who made the link.',
    actions: ['reload'],
  },
  wasm: {
    title: 'This browser cannot run the machine',
    what: 'It has no WebAssembly, or it is turned off.',
    means: 'The kernel and every program are WebAssembly: without it nothing can start.',
    todo: 'Open the link in a current Chromium, Firefox or Safari. Some browsers turn WebAssembly off in a lockdown mode: allow it for this site.',
    actions: ['reload'],
  },
  sharedMemory: {
    title: 'This browser does not share memory between threads',
    what: 'It has no SharedArrayBuffer, or it is turned off.',
    means: 'The kernel lives in memory that all processes of the machine share: without it nothing can start.',
    todo: 'Update the browser, or open the link in a current Chromium, Firefox or Safari.',
    actions: ['reload'],
  },
  isolation: {
    title: 'This page may not share memory between threads',
    what: 'Browsers allow it only on pages that came over HTTPS with two headers, and this page did not. The page tried to add them through a service worker, and that did not work either.',
    means: 'The kernel lives in memory that all processes of the machine share: without it nothing can start.',
    todo: 'Try again in an ordinary window: private windows often turn service workers off. If you run this site, serve it over HTTPS and send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    actions: ['reload'],
  },
  verifier: {
    title: 'The link could not be checked',
    what: 'The part of this page that checks signatures did not load.',
    means: 'It is not known whether the link is right, so nothing was started.',
    todo: 'Check the network and try again.',
    actions: ['reload'],
  },
  unknownRuntime: {
    title: 'This site does not have the runtime that the link names',
    what: 'The link is right, but it was made for a kernel that this site has never published, or keeps no more.',
    means: `${NOT_STARTED} The link was tried with that kernel and with no other.`,
    todo: 'Open it on the site where it was made. Or run it on the kernel of this page: most links work, but it is not what was signed.',
    actions: ['own-runtime'],
  },
  unreachableRuntime: {
    title: 'The kernel could not be fetched',
    what: 'The link is right, but the files that run the machine did not arrive.',
    means: 'Nothing was started.',
    todo: 'Check the network and try again.',
    actions: ['reload'],
  },
  missingImage: {
    title: 'The image of this machine is not there',
    what: 'The link is right, but the place that it names does not have the files of the disk image.',
    means: 'The machine has nothing to boot from and was not started.',
    todo: 'Try again later. If it stays so, tell the person who made the link: the image was moved or deleted.',
    actions: ['retry'],
  },
  unreachableImage: {
    title: 'The image of this machine could not be fetched',
    what: 'The link is right, but the host of the disk image did not answer, or stopped in the middle.',
    means: 'The machine cannot read what it boots from and was ended before it was ready.',
    todo: 'Check the network and try again.',
    actions: ['retry'],
  },
  hash: {
    title: 'The image is not the one that was signed',
    what: 'The bytes that the host sent have another hash than the link says. They were damaged on the way, or replaced.',
    means: 'None of these bytes reached the machine, and it was ended before it was ready.',
    todo: 'Try again, in case the transfer was damaged. If it stays so, tell the person who made the link, and do not trust the host.',
    actions: ['retry'],
  },
  badImage: {
    title: 'The image of this machine is malformed',
    what: 'The files are the ones that were signed, but they break the rules of the image format, or are not of the size that the link says.',
    means: 'The machine was not started.',
    todo: ASK_PUBLISHER,
    actions: [],
  },
  memory: {
    title: 'This browser has no memory left for the machine',
    what: 'The browser refused the memory that the kernel asks for.',
    means: 'The machine was not started.',
    todo: 'Close other tabs, above all other machines, and try again.',
    actions: ['retry'],
  },
  start: {
    title: 'The machine did not start',
    what: 'The link is right, but something failed on the way to the first process.',
    means: 'No program of the machine ran.',
    todo: 'Try again. If it stays so, it is a defect of Pleat: report it with the lines below.',
    actions: ['retry'],
  },
} as const satisfies Record<string, FailureText>;

/** Every failure has a page: the compiler sees to it. */
const PAGE_OF: Readonly<Record<FailureName | PageFailureName, keyof typeof TEXTS>> = {
  'link-too-long': 'tooLong',
  'not-a-link': 'notALink',
  'unknown-version': 'version',
  'not-base64url': 'character',
  'bad-length': 'incomplete',
  'pad-bits': 'damaged',
  truncated: 'incomplete',
  'bad-deflate': 'damaged',
  'inflates-past-cap': 'inflates',
  'trailing-bytes': 'damaged',
  'not-canonical': 'damaged',
  'cbor-truncated': 'damaged',
  'cbor-trailing-bytes': 'damaged',
  'cbor-malformed': 'damaged',
  'cbor-unsupported': 'damaged',
  'cbor-bad-text': 'damaged',
  'cbor-not-deterministic': 'damaged',
  'cbor-too-deep': 'damaged',
  'cbor-too-many-items': 'damaged',
  unsigned: 'unsigned',
  'bad-envelope': 'damaged',
  'bad-signature': 'signature',
  'wrong-type': 'content',
  'unknown-field': 'unknownField',
  'missing-field': 'content',
  'conflicting-fields': 'content',
  'spelled-default': 'content',
  'limit-exceeded': 'content',
  'bad-value': 'content',
  'bad-text': 'content',
  'bad-path': 'content',
  'unsorted-paths': 'content',
  'path-conflict': 'content',
  'duplicate-mount': 'content',
  'duplicate-layer': 'content',
  unsupported: 'unsupported',
  'no-wasm': 'wasm',
  'no-shared-memory': 'sharedMemory',
  'not-isolated': 'isolation',
  'verifier-failed': 'verifier',
  'unknown-runtime': 'unknownRuntime',
  'runtime-unreachable': 'unreachableRuntime',
  'missing-image': 'missingImage',
  'image-unreachable': 'unreachableImage',
  'hash-mismatch': 'hash',
  'bad-image': 'badImage',
  'out-of-memory': 'memory',
  'start-failed': 'start',
};

export function textOfFailure(failure: OpenFailure): FailureText {
  return TEXTS[PAGE_OF[failure.name]];
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

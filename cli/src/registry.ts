/**
 * Images in OCI registries: push and pull of a layer's index and pack as an ordinary artifact.
 * Spec: OCI distribution 1.1, image manifest 1.1 with an artifactType of our own.
 */
import { createHash } from 'node:crypto';

/** host[:port]/name[:tag] */
export interface Reference {
  /** "https://host" */
  readonly base: string;
  readonly name: string;
  readonly tag: string;
}

export interface Blob {
  readonly mediaType: string;
  /** file name, kept as the annotation that tools show */
  readonly title: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ARTIFACT = 'application/vnd.pleat.image.v1';
export const INDEX_TYPE = 'application/vnd.pleat.image.index.v1';
export const PACK_TYPE = 'application/vnd.pleat.image.pack.v1';
export const INFO_TYPE = 'application/vnd.pleat.image.info.v1+json';
const TITLE = 'org.opencontainers.image.title';
/** Manifests are small; a host that sends more is not one of ours. */
const MANIFEST_MOST = 1 << 20;

/** @returns undefined when the text is no reference. Loopback hosts are spoken to without TLS, as registries' own tools do. */
export function parseReference(text: string): Reference | undefined {
  const match = /^((?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][\w.-]{0,127}))?$/.exec(text);
  if (match === null) return undefined;
  const [, host = '', name = '', tag = 'latest'] = match;
  const local = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host);
  return { base: `${local ? 'http' : 'https'}://${host}`, name, tag };
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A registry's repository, spoken to by fetch. Throws Errors with a sentence. */
export class Registry {
  readonly #reference: Reference;
  #token: string | undefined;

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.#reference.base);
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set('Authorization', this.#token);
    const answer = await fetch(url, { ...init, headers });
    if (answer.status !== 401 || this.#token !== undefined || init.method === 'PUT') return answer;
    this.#token = await this.#authorize(answer.headers.get('www-authenticate') ?? '');
    return this.#token === undefined ? answer : await this.#ask(path, init);
  }

  /** A token for whoever may do this without a name, or with the one in PLEAT_REGISTRY_AUTH ("name:password"). */
  async #authorize(challenge: string): Promise<string | undefined> {
    const login = process.env['PLEAT_REGISTRY_AUTH'];
    const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    if (/^Basic\b/i.test(challenge)) return basic;
    const part = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const realm = part('realm');
    if (realm === undefined) return undefined;
    const url = new URL(realm);
    url.searchParams.set('service', part('service') ?? '');
    url.searchParams.set('scope', part('scope') ?? `repository:${this.#reference.name}:pull,push`);
    const answer = await fetch(url, basic === undefined ? {} : { headers: { Authorization: basic } });
    const { token, access_token: other } = (await answer.json()) as { token?: string; access_token?: string };
    const found = token ?? other;
    return found === undefined ? undefined : `Bearer ${found}`;
  }

  async #putBlob(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const digest = digestOf(bytes);
    const { name } = this.#reference;
    const there = await this.#ask(`/v2/${name}/blobs/${digest}`, { method: 'HEAD' });
    if (there.ok) return digest;
    const begun = await this.#ask(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const location = begun.headers.get('location');
    if (begun.status !== 202 || location === null) throw await refused('an upload', begun);
    const to = new URL(location, this.#reference.base);
    to.searchParams.set('digest', digest);
    const sent = await this.#ask(to.href, {
      method: 'PUT',
      body: bytes,
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    if (sent.status !== 201) throw await refused(`blob ${digest}`, sent);
    return digest;
  }

  /** @returns the digest of the manifest */
  async push(blobs: readonly Blob[], annotations: Readonly<Record<string, string>>): Promise<string> {
    const empty = new TextEncoder().encode('{}');
    await this.#putBlob(empty);
    const layers = [];
    for (const { mediaType, title, bytes } of blobs) {
      layers.push({ mediaType, digest: await this.#putBlob(bytes), size: bytes.length, annotations: { [TITLE]: title } });
    }
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        artifactType: ARTIFACT,
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: empty.length },
        layers,
        annotations,
      }),
    );
    const { name, tag } = this.#reference;
    const sent = await this.#ask(`/v2/${name}/manifests/${tag}`, {
      method: 'PUT',
      body: manifest,
      headers: { 'Content-Type': MANIFEST },
    });
    if (sent.status !== 201) throw await refused('the manifest', sent);
    return digestOf(manifest);
  }

  /** Every blob, each found to be what its digest says. */
  async pull(): Promise<Blob[]> {
    const { name, tag } = this.#reference;
    const answer = await this.#ask(`/v2/${name}/manifests/${tag}`, { headers: { Accept: MANIFEST } });
    if (!answer.ok) throw await refused(`${name}:${tag}`, answer);
    const text = await answer.text();
    if (text.length > MANIFEST_MOST) throw new Error('the manifest is too long');
    const { layers } = JSON.parse(text) as { layers?: unknown };
    if (!Array.isArray(layers)) throw new Error('this is no image of ours: its manifest has no layers');
    const blobs: Blob[] = [];
    for (const layer of layers as readonly { mediaType?: unknown; digest?: unknown; annotations?: Record<string, unknown> }[]) {
      const digest = String(layer.digest);
      const title = String(layer.annotations?.[TITLE] ?? '');
      const got = await this.#ask(`/v2/${name}/blobs/${digest}`);
      if (!got.ok) throw await refused(`blob ${digest}`, got);
      const bytes = new Uint8Array(await got.arrayBuffer());
      if (digestOf(bytes) !== digest) throw new Error(`blob ${digest} is not what its digest says`);
      blobs.push({ mediaType: String(layer.mediaType), title, bytes });
    }
    return blobs;
  }
}

async function refused(what: string, answer: Response): Promise<Error> {
  const text = (await answer.text().catch(() => '')).slice(0, 300);
  return new Error(`${what}: the registry answers ${answer.status} ${text}`);
}

/**
 * The descriptor in its JSON form: what a link says. SPEC.md section 5 is the text to it,
 * schema.json the same as a JSON Schema. Absent means the default, which is never spelled out.
 */
export interface Descriptor {
  /** hash of the runtime (kernel and app) that the link was made for: 64 hex digits */
  readonly runtime: string;
  /** lowest layer of the root file system */
  readonly base: Layer;
  /** layers above the base, lowest first */
  readonly packages?: readonly Layer[];
  readonly boot?: Boot;
  /** one line for people */
  readonly title?: string;
  /** for people; lines end with \n */
  readonly description?: string;
}

export interface Layer {
  /** short name for messages, e.g. "shell" */
  readonly name: string;
  /** Merkle root of the chunk index: 64 hex digits */
  readonly root: string;
  /** bytes of the plain image */
  readonly size: number;
  /** base URLs of <root>.idx and <root>.pack, in order; relative to the app; default ["images/"] */
  readonly from?: readonly string[];
}

export interface Boot {
  /** program and arguments; excludes cmd; neither: the image's own default */
  readonly argv?: readonly string[];
  /** argument of sh -c */
  readonly cmd?: string;
  /** laid over the machine's own environment */
  readonly env?: Readonly<Record<string, string>>;
  /** user name in the image; default "root" */
  readonly user?: string;
  /** working directory; default "/" */
  readonly cwd?: string;
  /** false: plain byte streams; default true: a terminal */
  readonly tty?: boolean;
}

/** An Ed25519 key pair. */
export interface KeyPair {
  /** 32 bytes */
  readonly publicKey: Uint8Array;
  /** 64 bytes: seed and public key, as libsodium keeps them */
  readonly secretKey: Uint8Array;
}

/** Who signed a link. That a signature is valid proves who, not that the machine is safe. */
export interface Publisher {
  /** the public key: 64 hex digits */
  readonly key: string;
  /** the key's first 80 bits for people: four groups of four letters and digits */
  readonly short: string;
}

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
  /** file systems beside the root */
  readonly mounts?: readonly Mount[];
  /** files laid over the root file system before anything runs, in order */
  readonly overlays?: readonly Overlay[];
  /** what the page shows; absent: a terminal */
  readonly panels?: readonly Panel[];
  /** what the machine asks for; a person grants it or does not */
  readonly capabilities?: readonly Capability[];
  /** who made it, for people */
  readonly author?: string;
  /** SPDX expression */
  readonly licence?: string;
  /** addresses of texts about it */
  readonly documentation?: readonly string[];
  /** what must answer before the panels open */
  readonly services?: readonly Service[];
  /** the machine's time at its start, seconds since 1970; absent: the true time */
  readonly clock?: number;
  /** what its random numbers grow from: 64 hex digits; absent: from nowhere */
  readonly seed?: string;
  /** buttons over the canvas for people without a keyboard */
  readonly pad?: readonly PadButton[];
}

export type Capability = 'clipboard' | 'network' | 'persistence';

/** A file system at a path of its own. */
export interface Mount {
  /** absolute, not "/" */
  readonly path: string;
  /**
   * tmpfs: empty, in memory; layer: one layer, read-only; overlay: layers below a tmpfs; opfs: kept by
   * the browser under a name; archive: files of a tar archive
   */
  readonly type: MountType;
  /** bytes that a tmpfs may hold */
  readonly size?: number;
  /** layer: one; overlay: lowest first */
  readonly layers?: readonly Layer[];
  /** opfs */
  readonly name?: string;
  readonly archive?: Blob;
}

export type MountType = 'tmpfs' | 'layer' | 'overlay' | 'opfs' | 'archive';

/** Files in the link itself, or kept elsewhere. */
export interface Overlay {
  readonly files?: readonly OverlayFile[];
  readonly blob?: Blob;
}

/** Bytes kept elsewhere, named by their hash. */
export interface Blob {
  /** SHA-256 of the bytes as they are kept: 64 hex digits */
  readonly hash: string;
  readonly size: number;
  /** base URLs of <hash>, in order; relative to the app; default ["overlays/"] */
  readonly from?: readonly string[];
  /** they are encrypted with this key: 64 hex digits */
  readonly key?: string;
}

export type OverlayFileType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'deleted' | 'opaque';

/** One path of an overlay. `Content` is text or base64url in JSON, bytes in programs. */
export interface OverlayEntry<Content> {
  /** from the root, without a leading "/" */
  readonly path: string;
  /** default "file"; opaque: a directory of which nothing below shows through */
  readonly type?: OverlayFileType;
  /** permission bits; default 0o644 for files, 0o755 for directories */
  readonly mode?: number;
  /** default 0 */
  readonly uid?: number;
  /** default 0 */
  readonly gid?: number;
  readonly content?: Content;
  /** of a symbolic link: any text; of a hard link: the path of an earlier file */
  readonly target?: string;
  /** seconds since 1970; default: when the machine started */
  readonly mtime?: number;
}

/** Bytes in JSON: as text where they are UTF-8. */
export type JsonBytes = string | { readonly base64url: string };

export type OverlayFile = OverlayEntry<JsonBytes>;

export interface Panel {
  readonly type: PanelType;
  /** web: of the machine's own server */
  readonly port?: number;
  /** file: absolute path */
  readonly path?: string;
  /** one line for people */
  readonly title?: string;
}

export type PanelType = 'terminal' | 'canvas' | 'web' | 'file' | 'log';

/** A port or a socket that must answer. */
export interface Service {
  readonly name: string;
  readonly port?: number;
  /** of a socket */
  readonly path?: string;
  /** how long to wait; default 30 */
  readonly seconds?: number;
}

export interface PadButton {
  readonly label: string;
  /** KEY_ or BTN_ code of Linux's input-event-codes.h */
  readonly key: number;
  /** column, 0 to 15 from the left */
  readonly x: number;
  /** row, 0 to 7 from the top */
  readonly y: number;
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

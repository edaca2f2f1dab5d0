/**
 * Every cap of the format. SPEC.md section 6 lists the same numbers; spec.test.ts compares them.
 * Lengths of text are in bytes of UTF-8.
 */
export const LIMITS = {
  /** characters of a link's text, "p1" included */
  linkChars: 32_768,
  /** bytes of the envelope after inflating */
  inflatedBytes: 262_144,
  /** nested arrays and maps in one CBOR item */
  cborDepth: 8,
  /** data items in one CBOR item, nested ones included */
  cborItems: 8_192,
  layerNameBytes: 64,
  /** bytes of a layer's plain image: 1 TiB */
  layerSize: 1_099_511_627_776,
  packages: 64,
  fromUrls: 8,
  urlBytes: 512,
  argvItems: 256,
  /** one argument, or the command of `cmd` */
  argBytes: 16_384,
  envItems: 128,
  envNameBytes: 128,
  envValueBytes: 4_096,
  userBytes: 32,
  pathBytes: 1_024,
  pathDepth: 64,
  titleBytes: 256,
  descriptionBytes: 4_096,
  mounts: 16,
  /** layers of one mount */
  mountLayers: 16,
  /** bytes that a tmpfs may hold: 1 TiB */
  tmpfsSize: 1_099_511_627_776,
  overlays: 8,
  /** files of one overlay in a link */
  overlayEntries: 768,
  /** contents of one file of an overlay in a link */
  contentBytes: 262_144,
  targetBytes: 4_095,
  /** one part of a path in an overlay */
  partBytes: 255,
  /** bytes of an overlay or archive kept elsewhere */
  blobSize: 268_435_456,
  /** files of an overlay kept elsewhere */
  blobEntries: 65_536,
  /** data items of an overlay kept elsewhere */
  blobItems: 1_048_576,
  panels: 8,
  panelTitleBytes: 64,
  capabilities: 3,
  authorBytes: 128,
  licenceBytes: 64,
  documentation: 8,
  services: 16,
  /** seconds to wait for a service */
  serviceSeconds: 600,
  /** seconds since 1970: the end of the year 9999 */
  clockSeconds: 253_402_300_799,
  padButtons: 32,
  padLabelBytes: 16,
} as const;

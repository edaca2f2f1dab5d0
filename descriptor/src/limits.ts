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
} as const;

/**
 * Numbers of kernel/abi that host code needs. The C headers are the truth: tools/abi.test.ts
 * compiles them and fails where a number here differs or a request or event is missing.
 */

/** Requests, kernel to host. */
export const OP = {
  SPAWN: 1,
  END: 2,
  MEMORY_FREE: 3,
  POKE: 4,
  CONSOLE_OUTPUT: 5,
  CONSOLE_CLOSED: 6,
  CHUNK: 7,
  HOSTFS: 8,
  HALT: 9,
  LOG: 11,
  BOOTED: 12,
  EVENTS_DRAINED: 13,
  CONSOLE_EOF: 14,
  CONSOLE_ROOM: 16,
  MEMORY_NEED: 17,
  TRACE: 24,
  FB_CHANGED: 32,
  FB_COPY: 33,
  INPUT_CHANGED: 34,
  SOUND_CHANGED: 35,
  DIFF: 48,
} as const;

/** Events, host to kernel. */
export const EV = {
  CONSOLE_INPUT: 1,
  CONSOLE_DRAINED: 2,
  CONSOLE_RESIZE: 3,
  CONSOLE_OPEN: 4,
  CONSOLE_CLOSE: 5,
  CONSOLE_EOF: 6,
  WORKER_GONE: 7,
  SPAWN_FAILED: 8,
  STOP: 9,
  MEMORY: 10,
  MEMORY_REFUSED: 11,
  WORKER_BROKE: 12,
  FB_COPIED: 32,
  INPUT: 33,
  KEY_TEXT: 34,
  INPUT_LOST: 35,
  DIFF: 48,
  DIFF_DONE: 49,
} as const;

/** Flags of OP.SPAWN. */
export const SPAWN = { FORK: 1, EXEC: 2, INIT: 4, THREAD: 8 } as const;

/** Operations of OP.HOSTFS. */
export const HOSTFS = { STAT: 1, READDIR: 2, READ: 3, READLINK: 4 } as const;

/** Types of directory entries. */
export const DT = { DIR: 4, REG: 8, LNK: 10 } as const;

/** Error numbers that the host answers with. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENOTDIR: 20,
  EINVAL: 22,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ELOOP: 40,
} as const;

/** Low bits of thread.state. */
export const THREAD = { USER: 0, KERNEL: 1, DEAD: 2 } as const;

/** Plain #defines, by their own names. */
export const HOST_ABI_VERSION = 1;
export const REQUEST_SLOTS = 1024;
export const EVENT_SLOTS = 1024;
export const CONSOLE_RING_SIZE = 65536;
export const HOST_MEMORIES_MAX = 1024;
export const HOST_CALL_PENDING = 0xffffffff;
export const PLEAT_U_MAX_PAGES = 32768;
export const PLEAT_POLL_WORD = 16;
export const PLEAT_POLL_ANY = 1;

/** Bytes of one struct host_slot and one struct console_ring; consoles in the area, 0 unused. */
export const HOST_SLOT_BYTES = 32;
export const CONSOLE_RING_BYTES = 32;
export const CONSOLES = 17;

/** struct host_area: where its fields are, in bytes; its size. */
export const HOST_AREA = {
  version: 0,
  size: 4,
  doorbell: 8,
  requestHead: 12,
  requestTail: 16,
  eventHead: 20,
  eventTail: 24,
  eventWake: 28,
  eventDrainWanted: 32,
  cpus: 52,
  logTold: 56,
  requests: 120,
  events: 32888,
  consoles: 65656,
  fbs: 66200,
  input: 66456,
  sound: 66472,
} as const;
export const HOST_AREA_BYTES = 66504;

/** struct console_ring */
export const CONSOLE_RING = {
  inHead: 0,
  inTail: 4,
  outHead: 8,
  outTail: 12,
  inData: 16,
  outData: 20,
  outFull: 24,
} as const;

/** struct fb_ring */
export const FB_RING = {
  seq: 0,
  opens: 4,
  xres: 8,
  yres: 12,
  lineLength: 16,
  bits: 20,
  memory: 24,
  address: 28,
  hold: 32,
  blank: 36,
  told: 40,
  frame: 44,
  shown: 48,
  vsyncWanted: 52,
} as const;
export const FB_RING_BYTES = 64;
export const FB_COUNT = 4;

/** Input devices by number. */
export const INPUT = { KEYBOARD: 0, MOUSE: 1, TOUCH: 2, GAMEPAD1: 3, GAMEPAD2: 4 } as const;

/** struct input_ring */
export const INPUT_RING = { opened: 0, told: 4, typing: 8 } as const;

/** struct sound_ring */
export const SOUND_RING = {
  data: 0,
  head: 4,
  tail: 8,
  playing: 12,
  told: 16,
  pulling: 20,
  underruns: 24,
  kickWanted: 28,
} as const;
export const SOUND_RATE = 48000;
export const SOUND_FRAMES = 8192;

/** struct host_call */
export const HOST_CALL = {
  status: 0,
  wake: 4,
  op: 8,
  layer: 12,
  indexLo: 16,
  indexHi: 20,
  data: 24,
  size: 28,
  result: 32,
  path: 36,
  pathLen: 40,
  hostfsOp: 44,
} as const;
export const HOST_CALL_BYTES = 48;

/** struct hostfs_stat */
export const HOSTFS_STAT = { mode: 0, nlink: 4, size: 8, mtimeNs: 16, ino: 24 } as const;
export const HOSTFS_STAT_BYTES = 32;

/** struct prog_regs */
export const PROG_REGS = {
  sp: 0,
  tlsBase: 4,
  tp: 8,
  unwound: 12,
  unwoundEnd: 16,
  stackLow: 20,
  entry: 24,
  arg: 28,
} as const;
export const PROG_REGS_BYTES = 32;

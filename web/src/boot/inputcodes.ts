/** Numbers of linux/input-event-codes.h that the page sends; devices are INPUT of host/abi.ts. */

export const DEVICE = { KEYBOARD: 0, MOUSE: 1, TOUCH: 2, GAMEPAD: 3 } as const;

export const EV_KEY = 1;
export const EV_REL = 2;
export const EV_ABS = 3;

export const REL = { X: 0, Y: 1, HWHEEL: 6, WHEEL: 8, WHEEL_HI_RES: 11, HWHEEL_HI_RES: 12 } as const;
export const ABS = {
  X: 0, Y: 1, Z: 2, RX: 3, RY: 4, RZ: 5, HAT0X: 16, HAT0Y: 17,
  MT_SLOT: 47, MT_POSITION_X: 53, MT_POSITION_Y: 54, MT_TRACKING_ID: 57,
} as const;
export const BTN = {
  LEFT: 0x110, RIGHT: 0x111, MIDDLE: 0x112, SIDE: 0x113, EXTRA: 0x114, TOUCH: 0x14a,
  SOUTH: 0x130, EAST: 0x131, NORTH: 0x133, WEST: 0x134, TL: 0x136, TR: 0x137,
  SELECT: 0x13a, START: 0x13b, MODE: 0x13c, THUMBL: 0x13d, THUMBR: 0x13e,
} as const;

/** Absolute positions on the screen go from 0 to this, whatever its mode. */
export const ABS_MAX = 32767;
/** Sticks go from -AXIS_MAX to AXIS_MAX, triggers from 0 to TRIGGER_MAX. */
export const AXIS_MAX = 32767;
export const TRIGGER_MAX = 255;

/** [type, code, value] */
export type InputEvent = readonly [number, number, number];

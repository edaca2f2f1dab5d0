/* input.h - what linux/input.h and input-event-codes.h say, as far as the kernel needs it. */
#ifndef ABI_INPUT_H
#define ABI_INPUT_H

#include <stdint.h>

struct abi_input_event {
	uint32_t sec, usec;
	uint16_t type, code;
	int32_t value;
};
_Static_assert(sizeof(struct abi_input_event) == 16, "struct input_event with 64-bit time_t");

struct abi_input_id {
	uint16_t bustype, vendor, product, version;
};

struct abi_input_absinfo {
	int32_t value, minimum, maximum, fuzz, flat, resolution;
};

enum {
	EV_SYN = 0,
	EV_KEY = 1,
	EV_REL = 2,
	EV_ABS = 3,
	EV_MSC = 4,
	EV_SW = 5,
	EV_LED = 0x11,
	EV_SND = 0x12,
	EV_REP = 0x14,
	EV_FF = 0x15,
};
#define EV_CNT 0x20u
#define KEY_CNT 0x300u
#define REL_CNT 0x10u
#define ABS_CNT 0x40u
#define MSC_CNT 0x08u
#define SW_CNT 0x11u
#define LED_CNT 0x10u
#define SND_CNT 0x08u
#define FF_CNT 0x80u

#define SYN_REPORT 0
#define SYN_DROPPED 3

#define REL_X 0
#define REL_Y 1
#define REL_HWHEEL 6
#define REL_WHEEL 8
#define REL_WHEEL_HI_RES 11
#define REL_HWHEEL_HI_RES 12

#define ABS_X 0
#define ABS_Y 1
#define ABS_Z 2
#define ABS_RX 3
#define ABS_RY 4
#define ABS_RZ 5
#define ABS_HAT0X 16
#define ABS_HAT0Y 17
#define ABS_MT_SLOT 0x2f
#define ABS_MT_POSITION_X 0x35
#define ABS_MT_POSITION_Y 0x36
#define ABS_MT_TRACKING_ID 0x39

#define BTN_LEFT 0x110
#define BTN_RIGHT 0x111
#define BTN_MIDDLE 0x112
#define BTN_EXTRA 0x114
#define BTN_SOUTH 0x130
#define BTN_EAST 0x131
#define BTN_NORTH 0x133
#define BTN_WEST 0x134
#define BTN_TL 0x136
#define BTN_TR 0x137
#define BTN_SELECT 0x13a
#define BTN_START 0x13b
#define BTN_MODE 0x13c
#define BTN_THUMBL 0x13d
#define BTN_THUMBR 0x13e
#define BTN_TOUCH 0x14a

#define KEY_LAST 248 /* KEY_MICMUTE: the last one of a keyboard */

#define BUS_VIRTUAL 6
#define BUS_USB 3
#define INPUT_PROP_DIRECT 1

/* ioctls: _IOC(dir, 'E', nr, size); those with a size of the caller's choice by their nr. */
#define EVIOC_NR(cmd) ((cmd) & 0xffu)
#define EVIOC_SIZE(cmd) ((cmd) >> 16 & 0x3fffu)
#define EVIOC_IS(cmd) (((cmd) >> 8 & 0xffu) == 'E')
#define EVIOC_READ(cmd) ((cmd) & 0x80000000u)
#define EVIOC_WRITE(cmd) ((cmd) & 0x40000000u)
#define EVIOCGVERSION 0x80044501u
#define EVIOCGID 0x80084502u
#define EVIOCGREP 0x80084503u
#define EVIOCSREP 0x40084503u
#define EVIOCGEFFECTS 0x80044584u
#define EVIOCGRAB 0x40044590u
#define EVIOCREVOKE 0x40044591u
#define EVIOCSCLOCKID 0x400445a0u
#define EVIOC_NR_NAME 0x06u
#define EVIOC_NR_PHYS 0x07u
#define EVIOC_NR_UNIQ 0x08u
#define EVIOC_NR_PROP 0x09u
#define EVIOC_NR_MTSLOTS 0x0au
#define EVIOC_NR_KEY 0x18u
#define EVIOC_NR_LED 0x19u
#define EVIOC_NR_SND 0x1au
#define EVIOC_NR_SW 0x1bu
#define EVIOC_NR_BIT 0x20u
#define EVIOC_NR_ABS 0x40u
#define EVIOC_NR_SABS 0xc0u
#define EV_VERSION 0x010001u

#endif

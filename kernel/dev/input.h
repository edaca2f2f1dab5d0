/*
 * input.h - input devices: keyboard, mouse, touch screen and two gamepads, always there, fed by the
 * page. An event goes to every open file of /dev/input/eventN, or to the one that has grabbed the
 * device alone; and, ungrabbed, to /dev/input/mice and the console.
 */
#ifndef DEV_INPUT_H
#define DEV_INPUT_H

#include "abi/input.h"
#include "abi/ring.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/waitq.h"

#define INPUT_SLOTS 10 /* fingers */

struct input_client;

/* What a device can send. Fixed. */
struct input_kind {
	const char *name, *phys;
	struct abi_input_id id;
	uint32_t ev[EV_CNT / 32], rel[1], led[1], prop[1];
	const uint16_t (*keys)[2]; /* ranges, first and last, until {0, 0} */
	const struct input_axis {
		uint16_t code;
		int32_t min, max, flat;
	} *axes; /* until min == max */
};

struct input_dev {
	struct lock lock;	     /* RANK_DEVICE */
	uint32_t number;	     /* [i] INPUT_* */
	struct list clients;	     /* [l] of struct input_client */
	struct input_client *grab;   /* [l] NULL: nobody */
	struct waitq arrived;	     /* [l] */
	uint32_t keys[KEY_CNT / 32]; /* [l] held down */
	uint32_t leds;		     /* [l] */
	int32_t abs[ABS_CNT];	     /* [l] */
	int32_t mt[INPUT_SLOTS][3];  /* [l] tracking id + 1, x, y */
	uint32_t rep[2];	     /* [l] ms until a key repeats, and between */
	bool queued;		     /* [l] events since the last SYN_REPORT */
};

extern const struct input_kind input_kinds[INPUT_COUNT];
extern struct input_dev input_devs[INPUT_COUNT];

/* NULL: it has no such axis. */
const struct input_axis *input_axis(const struct input_kind *k, uint32_t code);
/* True if the device sends that event. */
bool input_has(const struct input_kind *k, uint32_t type, uint32_t code);
/* One event, from the page or a program's write. Drops what changes nothing. */
void input_event_locked(struct input_dev *d, uint32_t type, uint32_t code, int32_t value);

/* Event thread: what the page sent. */
void input_from_host(const struct host_slot *e);
void input_text_from_host(const struct host_slot *e);
void input_lost(uint32_t device);

/* evdev.c: hand an event to the open files. */
void evdev_pass_locked(struct input_dev *d, uint32_t type, uint32_t code, int32_t value);
/* Their queues have lost something. */
void evdev_drop_locked(struct input_dev *d);

/* mice.c: movement and buttons; at is INPUT_MOUSE's or INPUT_TOUCH's event. */
void mice_event(uint32_t type, uint32_t code, int32_t value);
void mice_sync(void);

/* An open file of device number n came or went. */
void input_count_open(uint32_t n, int change);

#endif

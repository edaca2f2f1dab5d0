/*
 * input.c - input devices: what they are, their state, and the way of an event.
 * Spec: Linux's input subsystem (Documentation/input/event-codes.rst).
 * Locks: input_dev.lock (RANK_DEVICE). The console and /dev/input/mice are told without it.
 */
#include "dev/input.h"
#include "host/host.h"
#include "lib/str.h"
#include "tty/vt.h"

#define ABS_POSITION_MAX 32767
#define BIT(n) (1u << (n))

static const uint16_t keyboard_keys[][2] = {{1, KEY_LAST}, {0, 0}};
static const uint16_t mouse_keys[][2] = {{BTN_LEFT, BTN_EXTRA}, {0, 0}};
static const uint16_t touch_keys[][2] = {{BTN_TOUCH, BTN_TOUCH}, {0, 0}};
static const uint16_t gamepad_keys[][2] = {{BTN_SOUTH, BTN_EAST}, {BTN_NORTH, BTN_WEST},
	{BTN_TL, BTN_TR}, {BTN_SELECT, BTN_THUMBR}, {0, 0}};

static const struct input_axis touch_axes[] = {{ABS_X, 0, ABS_POSITION_MAX, 0},
	{ABS_Y, 0, ABS_POSITION_MAX, 0}, {ABS_MT_SLOT, 0, INPUT_SLOTS - 1, 0},
	{ABS_MT_POSITION_X, 0, ABS_POSITION_MAX, 0}, {ABS_MT_POSITION_Y, 0, ABS_POSITION_MAX, 0},
	{ABS_MT_TRACKING_ID, 0, 65535, 0}, {0, 0, 0, 0}};
static const struct input_axis gamepad_axes[] = {{ABS_X, -32768, 32767, 128},
	{ABS_Y, -32768, 32767, 128}, {ABS_Z, 0, 255, 0}, {ABS_RX, -32768, 32767, 128},
	{ABS_RY, -32768, 32767, 128}, {ABS_RZ, 0, 255, 0}, {ABS_HAT0X, -1, 1, 0},
	{ABS_HAT0Y, -1, 1, 0}, {0, 0, 0, 0}};

#define EV_BITS_KEY (BIT(EV_SYN) | BIT(EV_KEY))
/* The ids are those of a pad that every game knows, for browsers give all pads its layout. */
#define GAMEPAD(n)                                                                                 \
	{.name = "Pleat gamepad " #n,                                                              \
		.phys = "pleat/gamepad" #n,                                                        \
		.id = {BUS_USB, 0x045e, 0x028e, 0x0110},                                           \
		.ev = {EV_BITS_KEY | BIT(EV_ABS)},                                                 \
		.keys = gamepad_keys,                                                              \
		.axes = gamepad_axes}

const struct input_kind input_kinds[INPUT_COUNT] = {
	[INPUT_KEYBOARD] = {.name = "Pleat keyboard",
		.phys = "pleat/keyboard",
		.id = {BUS_VIRTUAL, 0x0001, 0x0001, 1},
		.ev = {EV_BITS_KEY | BIT(EV_LED) | BIT(EV_REP)},
		.led = {7}, /* num, caps and scroll lock */
		.keys = keyboard_keys},
	[INPUT_MOUSE] = {.name = "Pleat mouse",
		.phys = "pleat/mouse",
		.id = {BUS_VIRTUAL, 0x0001, 0x0002, 1},
		.ev = {EV_BITS_KEY | BIT(EV_REL)},
		.rel = {BIT(REL_X) | BIT(REL_Y) | BIT(REL_HWHEEL) | BIT(REL_WHEEL) |
			BIT(REL_WHEEL_HI_RES) | BIT(REL_HWHEEL_HI_RES)},
		.keys = mouse_keys},
	[INPUT_TOUCH] = {.name = "Pleat touch screen",
		.phys = "pleat/touch",
		.id = {BUS_VIRTUAL, 0x0001, 0x0003, 1},
		.ev = {EV_BITS_KEY | BIT(EV_ABS)},
		.prop = {BIT(INPUT_PROP_DIRECT)},
		.keys = touch_keys,
		.axes = touch_axes},
	[INPUT_GAMEPAD1] = GAMEPAD(1),
	[INPUT_GAMEPAD2] = GAMEPAD(2),
};

#define DEV(n)                                                                                     \
	{.lock = LOCK_INIT(RANK_DEVICE),                                                           \
		.number = (n),                                                                     \
		.clients = LIST_INIT(input_devs[n].clients),                                       \
		.arrived = WAITQ_INIT(input_devs[n].arrived),                                      \
		.rep = {250, 33}}
struct input_dev input_devs[INPUT_COUNT] = {DEV(0), DEV(1), DEV(2), DEV(3), DEV(4)};
_Static_assert(INPUT_COUNT == 5, "one for each");

static struct lock opened_lock = LOCK_INIT(RANK_WAITQ);
static uint32_t opens[INPUT_COUNT]; /* [opened_lock] */

const struct input_axis *input_axis(const struct input_kind *k, uint32_t code)
{
	const struct input_axis *a = k->axes;

	for (; a && a->min != a->max; a++) {
		if (a->code == code)
			return a;
	}
	return NULL;
}

bool input_has(const struct input_kind *k, uint32_t type, uint32_t code)
{
	if (type >= EV_CNT || !(k->ev[0] & BIT(type)))
		return false;
	switch (type) {
	case EV_KEY:
		for (const uint16_t(*r)[2] = k->keys; (*r)[0]; r++) {
			if (code >= (*r)[0] && code <= (*r)[1])
				return true;
		}
		return false;
	case EV_REL:
		return code < REL_CNT && (k->rel[0] & BIT(code));
	case EV_ABS:
		return input_axis(k, code) != NULL;
	case EV_LED:
		return code < LED_CNT && (k->led[0] & BIT(code));
	default:
		return false;
	}
}

/* ---- one event ---- */

static bool key_changes(struct input_dev *d, uint32_t code, int32_t value)
{
	uint32_t *word = &d->keys[code / 32], bit = BIT(code % 32);
	bool held = (*word & bit) != 0;

	if (value == 2)
		return held;
	if (held == (value != 0))
		return false;
	*word ^= bit;
	return true;
}

static bool axis_changes(struct input_dev *d, uint32_t code, int32_t value)
{
	int32_t *finger = d->mt[d->abs[ABS_MT_SLOT]]; /* clamped when it was set */

	/* Those of fingers belong to the slot that was named last; they are told each time. */
	if (code == ABS_MT_TRACKING_ID)
		finger[0] = value + 1;
	else if (code == ABS_MT_POSITION_X || code == ABS_MT_POSITION_Y)
		finger[code == ABS_MT_POSITION_X ? 1 : 2] = value;
	else if (d->abs[code] == value)
		return false;
	else
		d->abs[code] = value;
	return true;
}

/* A wrong value is the page's or a writer's fault: within the axis. */
static int32_t clamp(const struct input_kind *k, uint32_t code, int32_t value)
{
	const struct input_axis *a = input_axis(k, code);

	if (code == ABS_MT_TRACKING_ID && value < 0)
		return -1; /* the finger is gone */
	return value < a->min ? a->min : MIN(value, a->max);
}

void input_event_locked(struct input_dev *d, uint32_t type, uint32_t code, int32_t value)
{
	const struct input_kind *k = &input_kinds[d->number];
	bool changes;

	if (type == EV_SYN) {
		if (code == SYN_REPORT && d->queued) {
			d->queued = false;
			evdev_pass_locked(d, EV_SYN, SYN_REPORT, 0);
		}
		return;
	}
	if (!input_has(k, type, code))
		return;
	switch (type) {
	case EV_KEY:
		changes = key_changes(d, code, value);
		break;
	case EV_ABS:
		value = clamp(k, code, value);
		changes = axis_changes(d, code, value);
		break;
	case EV_LED:
		changes = (d->leds >> code & 1) != (value != 0);
		d->leds ^= (uint32_t)changes << code;
		break;
	default:
		changes = value != 0;
	}
	if (!changes)
		return;
	d->queued = true;
	evdev_pass_locked(d, type, code, value);
}

/* ---- from the page ---- */

void input_from_host(const struct host_slot *e)
{
	struct input_dev *d;
	bool grabbed, pointer;

	if (e->arg[0] >= INPUT_COUNT)
		return;
	d = &input_devs[e->arg[0]];
	pointer = d->number == INPUT_MOUSE;
	for (uint32_t i = 1; i < 7; i += 2) {
		uint32_t type = e->arg[i] >> 16, code = e->arg[i] & 0xffff;
		int32_t value = (int32_t)e->arg[i + 1];

		lock_acquire(&d->lock);
		input_event_locked(d, type, code, value);
		grabbed = d->grab != NULL;
		lock_release(&d->lock);
		if (!grabbed && pointer && type == EV_SYN)
			mice_sync();
		else if (!grabbed && pointer)
			mice_event(type, code, value);
		else if (!grabbed && d->number == INPUT_KEYBOARD && type == EV_KEY)
			vt_key(code, value);
		if (type == EV_SYN)
			break; /* what follows in the slot is empty */
	}
}

void input_text_from_host(const struct host_slot *e)
{
	struct input_dev *d = &input_devs[INPUT_KEYBOARD];
	bool grabbed;

	lock_acquire(&d->lock);
	grabbed = d->grab != NULL;
	lock_release(&d->lock);
	if (!grabbed)
		vt_text((const uint8_t *)&e->arg[1], MIN(e->arg[0], 24u));
}

/* The page could not get rid of its events: who reads must look at the state anew. */
void input_lost(uint32_t device)
{
	if (device >= INPUT_COUNT)
		return;
	lock_acquire(&input_devs[device].lock);
	evdev_drop_locked(&input_devs[device]);
	lock_release(&input_devs[device].lock);
}

void input_count_open(uint32_t n, int change)
{
	struct input_ring *ring = &host_area_ptr()->input;
	uint32_t mask;

	lock_acquire(&opened_lock);
	opens[n] += (uint32_t)change;
	mask = atomic_load(&ring->opened);
	if (((mask >> n) & 1) != (opens[n] > 0)) {
		atomic_store(&ring->opened, mask ^ BIT(n));
		if (!atomic_xchg(&ring->told, 1u))
			HOST_REQUEST(OP_INPUT_CHANGED, 0);
	}
	lock_release(&opened_lock);
}

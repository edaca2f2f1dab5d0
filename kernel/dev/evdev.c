/*
 * evdev.c - /dev/input/event0 and on: each open file has a queue of its own.
 * Spec: evdev of Linux. A queue that is full is emptied, and SYN_DROPPED stands at its beginning:
 * the reader asks for the state anew. Only whole packets, up to a SYN_REPORT, can be read.
 * Locks: input_dev.lock. Sleepers and pollers queue on input_dev.arrived.
 */
#include "arch/arch.h"
#include "dev/dev.h"
#include "dev/input.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

#define QUEUE_SIZE 256u /* events; a power of 2 */
#define SLOT(i) ((i) & (QUEUE_SIZE - 1))

struct input_client {
	struct list link;
	struct input_dev *dev; /* [i] */
	uint32_t clock;	       /* [dev.lock] CLOCK_REALTIME, _MONOTONIC or _BOOTTIME */
	bool revoked;	       /* [dev.lock] */
	uint32_t head, tail;   /* [dev.lock] free to wrap */
	uint32_t packet;       /* [dev.lock] behind the last whole packet */
	struct abi_input_event queue[QUEUE_SIZE];
};

static void put(struct input_client *c, uint32_t type, uint32_t code, int32_t value)
{
	uint64_t ns = c->clock == 0 ? arch_realtime_ns() : arch_clock_ns();
	struct abi_input_event *e = &c->queue[SLOT(c->head++)];

	e->sec = (uint32_t)(ns / 1000000000);
	e->usec = (uint32_t)(ns % 1000000000 / 1000);
	e->type = (uint16_t)type;
	e->code = (uint16_t)code;
	e->value = value;
}

static void drop(struct input_client *c)
{
	c->tail = c->packet = c->head;
	put(c, EV_SYN, SYN_DROPPED, 0);
}

static void pass_one(
	struct input_dev *d, struct input_client *c, uint32_t type, uint32_t code, int32_t value)
{
	if (c->revoked)
		return;
	if (c->head - c->tail == QUEUE_SIZE)
		drop(c);
	put(c, type, code, value);
	if (type == EV_SYN && code == SYN_REPORT) {
		c->packet = c->head;
		waitq_wake_key(&d->arrived, POLLIN | POLLRDNORM);
	}
}

void evdev_pass_locked(struct input_dev *d, uint32_t type, uint32_t code, int32_t value)
{
	struct input_client *c;

	if (d->grab) {
		pass_one(d, d->grab, type, code, value);
		return;
	}
	LIST_FOR_EACH(c, &d->clients, link)
		pass_one(d, c, type, code, value);
}

void evdev_drop_locked(struct input_dev *d)
{
	struct input_client *c;

	LIST_FOR_EACH(c, &d->clients, link) {
		if (!c->revoked)
			drop(c);
	}
}

/* ---- read, write, poll ---- */

/* Sleeps until a packet is whole. -EINVAL: no room for one event; -ENODEV: revoked; -EAGAIN,
 * -PLEAT_ERESTARTSYS. */
static ssize_t evdev_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct input_client *c = file->priv;
	struct input_dev *d = c->dev;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	if (b->left == 0)
		return 0;
	if (b->left < sizeof(c->queue[0]))
		return -EINVAL;
	lock_acquire(&d->lock);
	while (!err && c->packet == c->tail) {
		if (c->revoked)
			err = -ENODEV;
		else if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&d->arrived, &d->lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	while (!err && c->packet != c->tail && b->left >= sizeof(c->queue[0]))
		iob_put(b, &c->queue[SLOT(c->tail++)], sizeof(c->queue[0]));
	lock_release(&d->lock);
	return err ? err : (ssize_t)(b->done - before);
}

/* As if the device had sent it; LEDs are set so. -EINVAL: less than one event; -ENODEV. */
static ssize_t evdev_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct input_client *c = file->priv;
	struct input_dev *d = c->dev;
	struct abi_input_event e;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	if (b->left != 0 && b->left < sizeof(e))
		return -EINVAL;
	lock_acquire(&d->lock);
	if (c->revoked)
		err = -ENODEV;
	while (!err && b->left >= sizeof(e)) {
		iob_get(b, &e, sizeof(e));
		if (!d->grab || d->grab == c)
			input_event_locked(d, e.type, e.code, e.value);
	}
	lock_release(&d->lock);
	return err ? err : (ssize_t)(b->done - before);
}

static uint32_t evdev_poll(struct file *file, struct poll_table *pt)
{
	struct input_client *c = file->priv;
	struct input_dev *d = c->dev;
	uint32_t bits;

	lock_acquire(&d->lock);
	poll_join(pt, &d->arrived, &d->lock);
	bits = c->revoked ? POLLHUP | POLLERR : POLLOUT | POLLWRNORM;
	if (c->packet != c->tail)
		bits |= POLLIN | POLLRDNORM;
	lock_release(&d->lock);
	return bits;
}

/* ---- ioctls ---- */

/* What fits of it. Returns the bytes copied. */
static int give(uaddr_t arg, uint32_t size, const void *from, uint32_t n)
{
	n = MIN(n, size);
	return copyout(arg, from, n) ? -EFAULT : (int)n;
}

static int give_text(uaddr_t arg, uint32_t size, const char *s)
{
	return give(arg, size, s, (uint32_t)strlen(s) + 1);
}

static uint32_t count_of(uint32_t type)
{
	switch (type) {
	case EV_SYN:
		return EV_CNT;
	case EV_KEY:
		return KEY_CNT;
	case EV_REL:
		return REL_CNT;
	case EV_ABS:
		return ABS_CNT;
	case EV_MSC:
		return MSC_CNT;
	case EV_SW:
		return SW_CNT;
	case EV_LED:
		return LED_CNT;
	case EV_SND:
		return SND_CNT;
	case EV_FF:
		return FF_CNT;
	default:
		return 0;
	}
}

/* EVIOCGBIT: the types it sends (type 0), or the codes of one. */
static int get_bits(const struct input_kind *k, uint32_t type, uaddr_t arg, uint32_t size)
{
	uint32_t bits[KEY_CNT / 32] = {0}, n = count_of(type);

	if (n == 0)
		return -EINVAL;
	for (uint32_t code = 0; code < n; code++) {
		if (type == EV_SYN ? (k->ev[0] >> code & 1) : input_has(k, type, code))
			bits[code / 32] |= 1u << code % 32;
	}
	return give(arg, size, bits, (n + 31) / 32 * 4);
}

static int get_abs(struct input_dev *d, uint32_t code, uaddr_t arg, uint32_t size)
{
	const struct input_axis *a = input_axis(&input_kinds[d->number], code);
	struct abi_input_absinfo info = {0};

	if (!a)
		return -EINVAL;
	info.minimum = a->min;
	info.maximum = a->max;
	info.flat = a->flat;
	lock_acquire(&d->lock);
	info.value = d->abs[code];
	lock_release(&d->lock);
	return give(arg, size, &info, sizeof(info)) < 0 ? -EFAULT : 0;
}

/* The code in the first word, the slots' values into those behind it. */
static int get_slots(struct input_dev *d, uaddr_t arg, uint32_t size)
{
	int32_t values[INPUT_SLOTS];
	uint32_t code, n = MIN(size / 4, INPUT_SLOTS + 1u), which;

	if (size < 4)
		return -EINVAL;
	if (copyin(&code, arg, sizeof(code)))
		return -EFAULT;
	which = code == ABS_MT_TRACKING_ID ? 0 : code == ABS_MT_POSITION_X ? 1 : 2;
	if (d->number != INPUT_TOUCH || (which == 2 && code != ABS_MT_POSITION_Y))
		return -EINVAL;
	lock_acquire(&d->lock);
	for (uint32_t i = 0; i < INPUT_SLOTS; i++)
		values[i] = d->mt[i][which] - (which == 0);
	lock_release(&d->lock);
	return copyout(arg + 4, values, (n - 1) * 4);
}

/* -EBUSY: somebody has grabbed it; -EINVAL: not this file. */
static int grab(struct input_client *c, bool on)
{
	struct input_dev *d = c->dev;
	int err = 0;

	lock_acquire(&d->lock);
	if (on && d->grab)
		err = -EBUSY;
	else if (!on && d->grab != c)
		err = -EINVAL;
	else
		d->grab = on ? c : NULL;
	lock_release(&d->lock);
	return err;
}

static int revoke(struct input_client *c)
{
	struct input_dev *d = c->dev;

	lock_acquire(&d->lock);
	c->revoked = true;
	c->tail = c->packet = c->head;
	if (d->grab == c)
		d->grab = NULL;
	waitq_wake_key(&d->arrived, POLLHUP | POLLERR);
	lock_release(&d->lock);
	return 0;
}

static int set_clock(struct input_client *c, uaddr_t arg)
{
	uint32_t id;

	if (copyin(&id, arg, sizeof(id)))
		return -EFAULT;
	if (id != 0 && id != 1 && id != 7)
		return -EINVAL;
	lock_acquire(&c->dev->lock);
	if (c->clock != id) {
		c->clock = id;
		/* What waits has times of the other clock. */
		if (c->head != c->tail)
			drop(c);
	}
	lock_release(&c->dev->lock);
	return 0;
}

static int repeat_ioctl(struct input_dev *d, uaddr_t arg, bool set)
{
	uint32_t rep[2];

	if (!(input_kinds[d->number].ev[0] & 1u << EV_REP))
		return -ENOSYS;
	if (set && copyin(rep, arg, sizeof(rep)))
		return -EFAULT;
	lock_acquire(&d->lock);
	memcpy(set ? d->rep : rep, set ? rep : d->rep, sizeof(rep));
	lock_release(&d->lock);
	return set ? 0 : copyout(arg, rep, sizeof(rep));
}

/* Keys held down, LEDs that shine. */
static int get_state(struct input_dev *d, uint32_t nr, uaddr_t arg, uint32_t size)
{
	uint32_t bits[KEY_CNT / 32] = {0};
	uint32_t n = nr == EVIOC_NR_KEY ? KEY_CNT / 8 : 4;

	lock_acquire(&d->lock);
	if (nr == EVIOC_NR_KEY)
		memcpy(bits, d->keys, sizeof(d->keys));
	else if (nr == EVIOC_NR_LED)
		bits[0] = d->leds;
	lock_release(&d->lock);
	return give(arg, size, bits, n);
}

/* Those whose size the caller chooses. */
static int sized_ioctl(struct input_dev *d, uint32_t cmd, uaddr_t arg)
{
	const struct input_kind *k = &input_kinds[d->number];
	uint32_t nr = EVIOC_NR(cmd), size = EVIOC_SIZE(cmd);

	if (!EVIOC_IS(cmd) || !EVIOC_READ(cmd))
		return -EINVAL;
	switch (nr) {
	case EVIOC_NR_NAME:
		return give_text(arg, size, k->name);
	case EVIOC_NR_PHYS:
		return give_text(arg, size, k->phys);
	case EVIOC_NR_UNIQ:
		return -ENOENT;
	case EVIOC_NR_PROP:
		return give(arg, size, k->prop, sizeof(k->prop));
	case EVIOC_NR_MTSLOTS:
		return get_slots(d, arg, size);
	case EVIOC_NR_KEY:
	case EVIOC_NR_LED:
	case EVIOC_NR_SND:
	case EVIOC_NR_SW:
		return get_state(d, nr, arg, size);
	}
	if (nr >= EVIOC_NR_BIT && nr < EVIOC_NR_BIT + EV_CNT)
		return get_bits(k, nr - EVIOC_NR_BIT, arg, size);
	if (nr >= EVIOC_NR_ABS && nr < EVIOC_NR_ABS + ABS_CNT)
		return get_abs(d, nr - EVIOC_NR_ABS, arg, size);
	return -EINVAL;
}

static int evdev_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	static const uint32_t version = EV_VERSION, no_effects;
	struct input_client *c = file->priv;
	struct input_dev *d = c->dev;
	bool revoked;

	lock_acquire(&d->lock);
	revoked = c->revoked;
	lock_release(&d->lock);
	if (revoked)
		return -ENODEV;
	switch (cmd) {
	case EVIOCGVERSION:
		return copyout(arg, &version, sizeof(version));
	case EVIOCGID:
		return copyout(arg, &input_kinds[d->number].id, sizeof(struct abi_input_id));
	case EVIOCGREP:
	case EVIOCSREP:
		return repeat_ioctl(d, arg, cmd == EVIOCSREP);
	case EVIOCGEFFECTS:
		return copyout(arg, &no_effects, sizeof(no_effects));
	case EVIOCGRAB:
		return grab(c, arg != 0);
	case EVIOCREVOKE:
		return arg ? -EINVAL : revoke(c);
	case EVIOCSCLOCKID:
		return set_clock(c, arg);
	default:
		return sized_ioctl(d, cmd, arg);
	}
}

/* ---- life ---- */

static void evdev_release(struct file *file)
{
	struct input_client *c = file->priv;
	struct input_dev *d = c->dev;

	lock_acquire(&d->lock);
	if (d->grab == c)
		d->grab = NULL;
	list_del(&c->link);
	lock_release(&d->lock);
	input_count_open(d->number, -1);
	kfree(c);
}

static const struct file_ops open_evdev_ops = {
	.release = evdev_release,
	.read = evdev_read,
	.write = evdev_write,
	.ioctl = evdev_ioctl,
	.poll = evdev_poll,
	.stream = true,
};

static int evdev_open(struct inode *inode, struct file *file)
{
	struct input_dev *d = &input_devs[(MINOR(inode->rdev) - DEV_MINOR_EVENT) % INPUT_COUNT];
	struct input_client *c = kzalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->dev = d;
	lock_acquire(&d->lock);
	list_add_tail(&d->clients, &c->link);
	lock_release(&d->lock);
	input_count_open(d->number, 1);
	file->ops = &open_evdev_ops;
	file->priv = c;
	return 0;
}

const struct file_ops evdev_fops = {.open = evdev_open, .stream = true};

/*
 * mice.c - /dev/input/mice: the mouse as a PS/2 one, for programs that know no other.
 * Spec: mousedev of Linux: 3 bytes a packet; 4, with the wheel, after the IntelliMouse sequence.
 * Locks: mice_lock (RANK_DEVICE). Sleepers and pollers queue on `moved`.
 */
#include "dev/dev.h"
#include "dev/input.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

#define ACK 0xfa
#define ID_PLAIN 0x00
#define ID_WHEEL 0x03

struct mouse_client {
	struct list link;
	int32_t dx, dy, dz;   /* [mice_lock] moved and not told */
	uint8_t told_buttons; /* [mice_lock] */
	uint8_t id;	      /* [mice_lock] ID_* */
	uint8_t magic;	      /* [mice_lock] bytes of the sequence that came */
	bool setting;	      /* [mice_lock] the next byte is a command's argument */
	uint8_t out[8];	      /* [mice_lock] bytes to be read */
	uint8_t nout;	      /* [mice_lock] */
};

static struct lock mice_lock = LOCK_INIT(RANK_DEVICE);
static struct waitq moved = WAITQ_INIT(moved);	 /* [mice_lock] */
static struct list clients = LIST_INIT(clients); /* [mice_lock] */
static uint8_t buttons;				 /* [mice_lock] */
static int32_t frame_dx, frame_dy, frame_dz;	 /* event thread */
static uint8_t frame_buttons;			 /* event thread */

void mice_event(uint32_t type, uint32_t code, int32_t value)
{
	if (type == EV_REL && code == REL_X)
		frame_dx += value;
	else if (type == EV_REL && code == REL_Y)
		frame_dy += value;
	else if (type == EV_REL && code == REL_WHEEL)
		frame_dz += value;
	else if (type == EV_KEY && code >= BTN_LEFT && code <= BTN_MIDDLE) {
		uint8_t bit = (uint8_t)(1u << (code - BTN_LEFT));

		frame_buttons = value ? frame_buttons | bit : frame_buttons & (uint8_t)~bit;
	}
}

static bool has_packet(const struct mouse_client *m)
{
	return m->dx || m->dy || m->dz || m->told_buttons != buttons;
}

void mice_sync(void)
{
	struct mouse_client *m;

	lock_acquire(&mice_lock);
	buttons = frame_buttons;
	LIST_FOR_EACH(m, &clients, link) {
		m->dx += frame_dx;
		m->dy -= frame_dy; /* up is positive there */
		m->dz -= frame_dz;
	}
	waitq_wake_key(&moved, POLLIN | POLLRDNORM);
	lock_release(&mice_lock);
	frame_dx = frame_dy = frame_dz = 0;
}

static int32_t part(int32_t *left, int32_t limit)
{
	int32_t n = *left > limit ? limit : *left < -limit ? -limit : *left;

	*left -= n;
	return n;
}

/* The next packet into m->out. */
static void pack(struct mouse_client *m)
{
	int32_t dx = part(&m->dx, 127), dy = part(&m->dy, 127);

	m->out[0] = (uint8_t)(8 | (buttons & 7) | (dx < 0) << 4 | (dy < 0) << 5);
	m->out[1] = (uint8_t)dx;
	m->out[2] = (uint8_t)dy;
	m->nout = 3;
	if (m->id == ID_WHEEL)
		m->out[m->nout++] = (uint8_t)part(&m->dz, 7);
	else
		m->dz = 0;
	m->told_buttons = buttons;
}

/* One packet, or what is left of one. -EAGAIN, -PLEAT_ERESTARTSYS. */
static ssize_t mice_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct mouse_client *m = file->priv;
	size_t n = 0;
	int err = 0;

	(void)pos;
	if (b->left == 0)
		return 0;
	lock_acquire(&mice_lock);
	while (!err && m->nout == 0 && !has_packet(m)) {
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&moved, &mice_lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	if (!err) {
		if (m->nout == 0)
			pack(m);
		n = iob_put(b, m->out, m->nout);
		m->nout -= (uint8_t)n;
		memmove(m->out, m->out + n, m->nout);
	}
	lock_release(&mice_lock);
	return err ? err : (ssize_t)n;
}

static void answer(struct mouse_client *m, const uint8_t *s, uint8_t n)
{
	memcpy(m->out, s, n);
	m->nout = n;
}

/* One byte of what a driver of such a mouse sends. */
static void command(struct mouse_client *m, uint8_t c)
{
	static const uint8_t sequence[] = {0xf3, 200, 0xf3, 100, 0xf3, 80};
	uint8_t id[2] = {ACK, m->id}, reset[3] = {ACK, 0xaa, ID_PLAIN}, ack = ACK;

	m->magic = c == sequence[m->magic] ? m->magic + 1 : c == sequence[0];
	if (m->magic == sizeof(sequence)) {
		m->magic = 0;
		m->id = ID_WHEEL;
	}
	if (m->setting) {
		m->setting = false;
		answer(m, &ack, 1);
		return;
	}
	m->setting = c == 0xf3 || c == 0xe8; /* rate, resolution */
	if (c == 0xf2) {
		answer(m, id, sizeof(id));
	} else if (c == 0xff) {
		m->id = ID_PLAIN;
		answer(m, reset, sizeof(reset));
	} else {
		answer(m, &ack, 1);
	}
}

static ssize_t mice_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct mouse_client *m = file->priv;
	ssize_t done = 0;
	uint8_t c;

	(void)pos;
	lock_acquire(&mice_lock);
	for (; iob_get(b, &c, 1) > 0; done++)
		command(m, c);
	waitq_wake_key(&moved, POLLIN | POLLRDNORM);
	lock_release(&mice_lock);
	return done;
}

static uint32_t mice_poll(struct file *file, struct poll_table *pt)
{
	struct mouse_client *m = file->priv;
	uint32_t bits = POLLOUT | POLLWRNORM;

	lock_acquire(&mice_lock);
	poll_join(pt, &moved, &mice_lock);
	if (m->nout || has_packet(m))
		bits |= POLLIN | POLLRDNORM;
	lock_release(&mice_lock);
	return bits;
}

static void mice_release(struct file *file)
{
	struct mouse_client *m = file->priv;

	lock_acquire(&mice_lock);
	list_del(&m->link);
	lock_release(&mice_lock);
	input_count_open(INPUT_MOUSE, -1);
	kfree(m);
}

static const struct file_ops open_mice_ops = {
	.release = mice_release,
	.read = mice_read,
	.write = mice_write,
	.poll = mice_poll,
	.stream = true,
};

static int mice_open(struct inode *inode, struct file *file)
{
	struct mouse_client *m = kzalloc(sizeof(*m));

	(void)inode;
	if (!m)
		return -ENOMEM;
	lock_acquire(&mice_lock);
	m->told_buttons = buttons;
	list_add_tail(&clients, &m->link);
	lock_release(&mice_lock);
	input_count_open(INPUT_MOUSE, 1);
	file->ops = &open_mice_ops;
	file->priv = m;
	return 0;
}

const struct file_ops mice_fops = {.open = mice_open, .stream = true};

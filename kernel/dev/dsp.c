/*
 * dsp.c - /dev/dsp, the Open Sound System's PCM output, which SDL and many programs drive without a
 * library of their own. No recording, no mmap.
 * Spec: OSS 3.8 programmer's guide, as Linux's soundcard.h has it. Any number of programs play at
 * once. close() does not wait: what was written is played.
 * Locks: sound_lock. Sleepers and pollers queue on sound_moved.
 */
#include "abi/sound.h"
#include "abi/ring.h"
#include "dev/dev.h"
#include "dev/sound.h"
#include "lib/alloc.h"
#include "lib/lock.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

#define RATE_MIN 4000u
#define RATE_MAX 192000u
#define BUFFER_MAX (128u << 10)
#define FORMATS (AFMT_U8 | AFMT_S8 | AFMT_S16_LE)

/* The fragments, unless the program chose: four of at most 20 ms. */
static void fix_fragments(struct sound_client *c)
{
	uint32_t want = c->rate * sound_frame_bytes(c) / 50;

	if (c->fragment)
		return;
	c->fragment = 16;
	while (c->fragment * 2 <= want)
		c->fragment *= 2;
	c->fragments = 4;
}

static uint32_t room(const struct sound_client *c)
{
	return c->fragment * c->fragments - (uint32_t)(c->head - c->tail);
}

/* Throw away what was not played. */
static void reset(struct sound_client *c)
{
	sound_stop_locked(c);
	c->tail = c->head;
	c->primed = false;
	waitq_wake_key(&sound_moved, POLLOUT | POLLWRNORM);
}

/* Another kind of stream: a buffer of another size, made at the next write. */
static void drop_buffer(struct sound_client *c)
{
	reset(c);
	kfree(c->buf);
	c->buf = NULL;
}

/* ---- write, poll ---- */

static void fill(struct sound_client *c, struct iobuf *b)
{
	while (b->left > 0 && room(c) > 0) {
		uint32_t at = (uint32_t)(c->head % c->buf_size);

		c->head += iob_get(b, c->buf + at, MIN(room(c), c->buf_size - at));
	}
	sound_start_locked(c);
}

/* Sleeps while the buffer is full. -ENOMEM, -EAGAIN, -PLEAT_ERESTARTSYS. */
static ssize_t dsp_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct sound_client *c = file->priv;
	size_t before = b->done;
	int err = 0;

	(void)pos;
	lock_acquire(&sound_lock);
	while (!err && b->left > 0) {
		fix_fragments(c);
		if (!c->buf) {
			c->buf_size = c->fragment * c->fragments;
			c->buf = kmalloc(c->buf_size);
			c->head = c->tail = c->told = 0;
		}
		if (!c->buf) {
			err = -ENOMEM;
			break;
		}
		fill(c, b);
		if (b->left == 0)
			break;
		if (atomic_load(&file->flags) & O_NONBLOCK)
			err = -EAGAIN;
		else if (waitq_sleep(&sound_moved, &sound_lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
	}
	lock_release(&sound_lock);
	return b->done > before || !err ? (ssize_t)(b->done - before) : err;
}

static uint32_t dsp_poll(struct file *file, struct poll_table *pt)
{
	struct sound_client *c = file->priv;
	uint32_t bits = 0;

	lock_acquire(&sound_lock);
	poll_join(pt, &sound_moved, &sound_lock);
	fix_fragments(c);
	if (room(c) >= c->fragment)
		bits = POLLOUT | POLLWRNORM;
	lock_release(&sound_lock);
	return bits;
}

/* ---- ioctls ---- */

/* Until all is played, as far as the program's part goes. */
static int drain(struct sound_client *c)
{
	int err = 0;

	lock_acquire(&sound_lock);
	while (!err && !c->paused && c->head - c->tail >= sound_frame_bytes(c))
		err = waitq_sleep(&sound_moved, &sound_lock, WAIT_FOREVER, WAIT_INTR);
	lock_release(&sound_lock);
	return err ? -PLEAT_ERESTARTSYS : 0;
}

/* Set one number of the stream, as near as can be. Returns what it is now. */
static uint32_t set_stream(struct sound_client *c, uint32_t cmd, uint32_t value)
{
	uint32_t format = c->format, channels = c->channels, rate = c->rate;

	if (cmd == SNDCTL_DSP_SETFMT && value != AFMT_QUERY)
		format = value & FORMATS && !(value & (value - 1)) ? value : AFMT_S16_LE;
	else if (cmd == SNDCTL_DSP_CHANNELS)
		channels = value < 1 ? 1 : MIN(value, 2u);
	else if (cmd == SNDCTL_DSP_STEREO)
		channels = value ? 2 : 1;
	else if (cmd == SNDCTL_DSP_SPEED && value != 0)
		rate = value < RATE_MIN ? RATE_MIN : MIN(value, RATE_MAX);
	if (format != c->format || channels != c->channels || rate != c->rate) {
		drop_buffer(c);
		c->format = format;
		c->channels = channels;
		c->rate = rate;
	}
	return cmd == SNDCTL_DSP_SETFMT	    ? format
	       : cmd == SNDCTL_DSP_CHANNELS ? channels
	       : cmd == SNDCTL_DSP_STEREO   ? channels - 1
					    : rate;
}

/* Low half: log 2 of the fragment's size; high half: how many at most. -EINVAL: too late. */
static int set_fragment(struct sound_client *c, uint32_t value)
{
	uint32_t log = value & 0xffff, count = value >> 16;

	if (c->buf)
		return -EINVAL;
	log = log < 4 ? 4 : MIN(log, 15u);
	c->fragment = 1u << log;
	count = count < 2 ? 2 : MIN(count, BUFFER_MAX >> log);
	c->fragments = count;
	return 0;
}

static int number_ioctl(struct sound_client *c, uint32_t cmd, uaddr_t arg)
{
	uint32_t value;
	int err = copyin(&value, arg, sizeof(value));

	if (err)
		return err;
	lock_acquire(&sound_lock);
	switch (cmd) {
	case SNDCTL_DSP_SETFRAGMENT:
		err = set_fragment(c, value);
		break;
	case SNDCTL_DSP_SUBDIVIDE:
		err = value == 1 || value == 2 || value == 4 ? 0 : -EINVAL;
		break;
	case SNDCTL_DSP_SETTRIGGER:
		c->paused = !(value & PCM_ENABLE_OUTPUT);
		break;
	default:
		value = set_stream(c, cmd, value);
	}
	lock_release(&sound_lock);
	return err || cmd == SNDCTL_DSP_SETTRIGGER ? err : copyout(arg, &value, sizeof(value));
}

static uint32_t delay_locked(const struct sound_client *c)
{
	uint64_t ahead = (uint64_t)sound_waiting_locked() * c->rate / SOUND_RATE;

	return (uint32_t)(c->head - c->tail) + (uint32_t)ahead * sound_frame_bytes(c);
}

/* What asks for one number. -ENOTTY: another kind. */
static int query_ioctl(struct sound_client *c, uint32_t cmd, uaddr_t arg)
{
	uint32_t value;

	lock_acquire(&sound_lock);
	fix_fragments(c);
	value = cmd == SNDCTL_DSP_GETBLKSIZE	 ? c->fragment
		: cmd == SNDCTL_DSP_GETODELAY	 ? delay_locked(c)
		: cmd == SNDCTL_DSP_GETTRIGGER	 ? (c->paused ? 0 : PCM_ENABLE_OUTPUT)
		: cmd == SOUND_PCM_READ_RATE	 ? c->rate
		: cmd == SOUND_PCM_READ_CHANNELS ? c->channels
		: cmd == SOUND_PCM_READ_BITS	 ? (c->format == AFMT_S16_LE ? 16 : 8)
		: cmd == SNDCTL_DSP_GETFMTS	 ? FORMATS
		: cmd == SNDCTL_DSP_GETCAPS	 ? DSP_CAP_TRIGGER | DSP_CAP_BATCH
						 : OSS_VERSION;
	lock_release(&sound_lock);
	return copyout(arg, &value, sizeof(value));
}

static int get_space(struct sound_client *c, uaddr_t arg)
{
	struct abi_audio_buf_info info;

	lock_acquire(&sound_lock);
	fix_fragments(c);
	info.bytes = (int32_t)room(c);
	info.fragsize = (int32_t)c->fragment;
	info.fragstotal = (int32_t)c->fragments;
	info.fragments = info.bytes / info.fragsize;
	lock_release(&sound_lock);
	return copyout(arg, &info, sizeof(info));
}

static int get_position(struct sound_client *c, uaddr_t arg)
{
	struct abi_count_info info;

	lock_acquire(&sound_lock);
	fix_fragments(c);
	info.bytes = (int32_t)(c->tail & INT32_MAX);
	info.blocks = (int32_t)(c->tail / c->fragment - c->told / c->fragment);
	info.ptr = (int32_t)(c->tail % (c->fragment * c->fragments));
	c->told = c->tail;
	lock_release(&sound_lock);
	return copyout(arg, &info, sizeof(info));
}

static int dsp_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct sound_client *c = file->priv;

	switch (cmd) {
	case SNDCTL_DSP_RESET:
		lock_acquire(&sound_lock);
		drop_buffer(c);
		lock_release(&sound_lock);
		return 0;
	case SNDCTL_DSP_SYNC:
		return drain(c);
	case SNDCTL_DSP_POST:
		return 0; /* what is written plays at once */
	case SNDCTL_DSP_NONBLOCK:
		atomic_or(&file->flags, (uint32_t)O_NONBLOCK);
		return 0;
	case SNDCTL_DSP_SPEED:
	case SNDCTL_DSP_STEREO:
	case SNDCTL_DSP_SETFMT:
	case SNDCTL_DSP_CHANNELS:
	case SNDCTL_DSP_SETFRAGMENT:
	case SNDCTL_DSP_SUBDIVIDE:
	case SNDCTL_DSP_SETTRIGGER:
		return number_ioctl(c, cmd, arg);
	case SNDCTL_DSP_GETOSPACE:
		return get_space(c, arg);
	case SNDCTL_DSP_GETOPTR:
		return get_position(c, arg);
	case SNDCTL_DSP_GETBLKSIZE:
	case SNDCTL_DSP_GETODELAY:
	case SNDCTL_DSP_GETTRIGGER:
	case SOUND_PCM_READ_RATE:
	case SOUND_PCM_READ_CHANNELS:
	case SOUND_PCM_READ_BITS:
	case SNDCTL_DSP_GETFMTS:
	case SNDCTL_DSP_GETCAPS:
	case OSS_GETVERSION:
		return query_ioctl(c, cmd, arg);
	default:
		return -EINVAL;
	}
}

/* ---- life ---- */

static void dsp_release(struct file *file)
{
	struct sound_client *c = file->priv;
	bool rest;

	lock_acquire(&sound_lock);
	rest = !list_empty(&c->link) && c->head - c->tail >= sound_frame_bytes(c);
	if (rest)
		c->closed = true; /* the mixer frees it */
	else
		sound_stop_locked(c);
	lock_release(&sound_lock);
	if (rest)
		return;
	kfree(c->buf);
	kfree(c);
}

static const struct file_ops open_dsp_ops = {
	.release = dsp_release,
	.write = dsp_write,
	.ioctl = dsp_ioctl,
	.poll = dsp_poll,
	.stream = true,
};

/* -ENODEV: to record. */
static int dsp_open(struct inode *inode, struct file *file)
{
	struct sound_client *c;

	(void)inode;
	if (!file_writable(file))
		return -ENODEV;
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	list_init(&c->link);
	c->format = AFMT_U8;
	c->channels = 1;
	c->rate = 8000;
	file->ops = &open_dsp_ops;
	file->priv = c;
	return 0;
}

const struct file_ops dsp_fops = {.open = dsp_open, .stream = true};

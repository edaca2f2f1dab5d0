/*
 * mem.c - null, zero, full, random and urandom.
 * Spec: null(4), full(4), random(4) of Linux. The host's generator is always seeded, so random and
 * urandom are one device and never wait.
 * Locks: none.
 */
#include "dev/dev.h"
#include "arch/arch.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

/* Between two looks for a signal: long reads of /dev/zero must not hold up a kill. */
#define SLICE (1u << 20)

static int64_t stay_at_zero(struct file *file, int64_t off, int whence)
{
	(void)file, (void)off, (void)whence;
	return 0;
}

static ssize_t null_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	(void)file, (void)b, (void)pos;
	return 0;
}

/* Take everything and forget it. */
static ssize_t null_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	size_t n = b->left;

	(void)file, (void)pos;
	b->left = 0;
	b->done += n;
	return (ssize_t)n;
}

static ssize_t zero_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	ssize_t done = 0;

	(void)file, (void)pos;
	while (b->left > 0) {
		done += (ssize_t)iob_zero(b, SLICE);
		if (b->left > 0 && signal_pending_self())
			break;
	}
	return done;
}

static ssize_t full_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	(void)file, (void)pos;
	return b->left ? -ENOSPC : 0;
}

static ssize_t random_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	uint8_t some[512];
	ssize_t done = 0;

	(void)file, (void)pos;
	while (b->left > 0) {
		size_t n = MIN(b->left, sizeof(some));

		arch_random(some, n);
		done += (ssize_t)iob_put(b, some, n);
		if ((done & 0xffff) == 0 && signal_pending_self())
			break;
	}
	return done;
}

const struct file_ops null_fops = {.read = null_read, .write = null_write, .seek = stay_at_zero};
const struct file_ops zero_fops = {.read = zero_read, .write = null_write, .seek = stay_at_zero};
const struct file_ops full_fops = {.read = zero_read, .write = full_write, .seek = stay_at_zero};
/* Writing mixes nothing in: the generator is the host's. */
const struct file_ops random_fops = {
	.read = random_read, .write = null_write, .seek = stay_at_zero};

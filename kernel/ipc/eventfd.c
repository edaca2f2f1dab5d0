/*
 * eventfd.c - counters that can be waited for.
 * Spec: Linux eventfd(2).
 * Locks: eventfd.lock (RANK_PIPE). Readers, writers and pollers queue on eventfd.changed.
 */
#include "vfs/vfs.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "syscalls.h"

#define EFD_SEMAPHORE 1u
#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	struct lock lock;
	struct waitq changed; /* [l] */
	uint64_t count;	      /* [l] */
	uint32_t id;	      /* [i] shown in fdinfo */
	bool semaphore;	      /* [i] a read takes one */
};

static uint32_t last_id; /* [a] */

/* Sleep until the counter changes. 0, -EAGAIN (O_NONBLOCK), -PLEAT_ERESTARTSYS. */
static int wait_locked(struct eventfd *e, struct file *file)
{
	if (atomic_load(&file->flags) & O_NONBLOCK)
		return -EAGAIN;
	return waitq_sleep(&e->changed, &e->lock, WAIT_FOREVER, WAIT_INTR) ? -PLEAT_ERESTARTSYS : 0;
}

/* Eight bytes. Sleeps while the counter is 0. -EINVAL: no room for them. */
static ssize_t eventfd_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct eventfd *e = file->priv;
	uint64_t value;
	int err = 0;

	(void)pos;
	if (b->left < sizeof(value))
		return -EINVAL;
	lock_acquire(&e->lock);
	while (e->count == 0 && !err)
		err = wait_locked(e, file);
	if (e->count > 0) {
		err = sizeof(value);
		value = e->semaphore ? 1 : e->count;
		e->count -= value;
		waitq_wake_key(&e->changed, POLLOUT | POLLWRNORM);
		iob_put(b, &value, sizeof(value));
	}
	lock_release(&e->lock);
	return err;
}

/* Adds. Sleeps while the sum would be above COUNT_MAX. -EINVAL: not eight bytes, or ~0. */
static ssize_t eventfd_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct eventfd *e = file->priv;
	uint64_t value;
	int err = 0;

	(void)pos;
	if (b->left != sizeof(value)) /* Linux of late: no more than that either */
		return -EINVAL;
	iob_get(b, &value, sizeof(value));
	if (value > COUNT_MAX)
		return -EINVAL;
	lock_acquire(&e->lock);
	while (COUNT_MAX - e->count < value && !err)
		err = wait_locked(e, file);
	if (COUNT_MAX - e->count >= value) {
		err = sizeof(value);
		e->count += value;
		/* As in Linux also for 0: an edge-triggered watcher hears of each write. */
		waitq_wake_key(&e->changed, POLLIN | POLLRDNORM);
	}
	lock_release(&e->lock);
	return err;
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *pt)
{
	struct eventfd *e = file->priv;
	uint32_t bits = 0;

	lock_acquire(&e->lock);
	poll_join(pt, &e->changed, &e->lock);
	if (e->count > 0)
		bits |= POLLIN;
	if (e->count < COUNT_MAX)
		bits |= POLLOUT;
	if (e->count == UINT64_MAX)
		bits |= POLLERR;
	lock_release(&e->lock);
	return bits;
}

static void eventfd_release(struct file *file)
{
	kfree(file->priv);
}

static void eventfd_fdinfo(struct file *file, struct proc_text *out)
{
	struct eventfd *e = file->priv;
	uint64_t count;

	lock_acquire(&e->lock);
	count = e->count;
	lock_release(&e->lock);
	text_add(out, "eventfd-count: %16llx\neventfd-id: %u\neventfd-semaphore: %u\n",
		(unsigned long long)count, e->id, e->semaphore);
}

/* As in Linux: no error, and no effect. */
static int64_t eventfd_seek(struct file *file, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	return (int64_t)file->pos;
}

static const struct file_ops eventfd_ops = {
	.release = eventfd_release,
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.fdinfo = eventfd_fdinfo,
	.seek = eventfd_seek,
	.stream = true,
};

/* -EINVAL: unknown flags; -EMFILE, -ENOMEM. */
int sys_eventfd2(uint32_t init, uint32_t flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	lock_init(&e->lock, RANK_PIPE);
	waitq_init(&e->changed);
	e->count = init;
	e->semaphore = flags & EFD_SEMAPHORE;
	e->id = atomic_add(&last_id, 1u);
	f = file_new_anon(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), "anon_inode:[eventfd]", e);
	if (!f) {
		kfree(e);
		return -ENOMEM;
	}
	return fd_give(f, flags & O_CLOEXEC);
}

/*
 * timerfd.c - timers that are read from a descriptor.
 * Spec: Linux timerfd_create(2).
 * Locks: timerfd.lock (RANK_PIPE); the timer queue's inside it. Expirations are counted when
 * somebody looks, from the clock: the timer itself only wakes who waits. An armed one is in the
 * queue or has unread ticks.
 */
#include "vfs/vfs.h"
#include "fs/procfs.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "proc/proc.h"
#include "arch/arch.h"
#include "syscalls.h"

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct timerfd {
	struct lock lock;
	struct waitq expired; /* [l] */
	struct period period; /* [l] */
	uint64_t ticks;	      /* [l] expirations that nobody has read */
	uint32_t clock;	      /* [i] */
	uint32_t set_flags;   /* [l] of the last timerfd_settime */
	struct timer timer;
};

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *t = CONTAINER_OF(timer, struct timerfd, timer);

	lock_acquire(&t->lock);
	t->ticks += period_advance(&t->period, arch_clock_ns());
	if (t->ticks)
		waitq_wake_key(&t->expired, POLLIN | POLLRDNORM);
	/* As in Linux it rests while nobody reads: the reader counts what went by. */
	if (!t->ticks)
		period_arm(&t->period, &t->timer, false);
	lock_release(&t->lock);
}

/* Eight bytes: how often it went off since the last read. Sleeps until it has. */
static ssize_t timerfd_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct timerfd *t = file->priv;
	uint64_t ticks;
	ssize_t result = 0;

	(void)pos;
	if (b->left < sizeof(ticks))
		return -EINVAL;
	lock_acquire(&t->lock);
	for (;;) {
		t->ticks += period_advance(&t->period, arch_clock_ns());
		if (t->ticks || result)
			break;
		if (atomic_load(&file->flags) & O_NONBLOCK)
			result = -EAGAIN;
		else if (waitq_sleep(&t->expired, &t->lock, WAIT_FOREVER, WAIT_INTR))
			result = -PLEAT_ERESTARTSYS;
	}
	if (t->ticks) {
		ticks = t->ticks;
		t->ticks = 0;
		period_arm(&t->period, &t->timer, true);
		iob_put(b, &ticks, sizeof(ticks));
		result = sizeof(ticks);
	}
	lock_release(&t->lock);
	return result;
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *pt)
{
	struct timerfd *t = file->priv;
	uint32_t bits;

	lock_acquire(&t->lock);
	poll_join(pt, &t->expired, &t->lock);
	t->ticks += period_advance(&t->period, arch_clock_ns());
	bits = t->ticks ? POLLIN : 0;
	lock_release(&t->lock);
	return bits;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *t = file->priv;

	timer_cancel(&t->timer);
	kfree(t);
}

static void timerfd_fdinfo(struct file *file, struct proc_text *out)
{
	struct timerfd *t = file->priv;
	uint64_t now = arch_clock_ns(), ticks, left, interval;
	uint32_t flags;

	lock_acquire(&t->lock);
	ticks = t->ticks;
	left = period_left(&t->period, now);
	interval = t->period.interval_ns;
	flags = t->set_flags;
	lock_release(&t->lock);
	text_add(out,
		"clockid: %u\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\n"
		"it_interval: (%llu, %llu)\n",
		t->clock, (unsigned long long)ticks, flags, (unsigned long long)(left / 1000000000),
		(unsigned long long)(left % 1000000000),
		(unsigned long long)(interval / 1000000000),
		(unsigned long long)(interval % 1000000000));
}

/* As in Linux: no error, and no effect. */
static int64_t timerfd_seek(struct file *file, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	return (int64_t)file->pos;
}

static const struct file_ops timerfd_ops = {
	.release = timerfd_release,
	.read = timerfd_read,
	.poll = timerfd_poll,
	.fdinfo = timerfd_fdinfo,
	.seek = timerfd_seek,
	.stream = true,
};

/* Alarm clocks wake a suspended machine: ours is never suspended, so they are the plain ones. */
static bool clock_usable(uint32_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

/* -EINVAL: clock or flags; -EPERM: an alarm clock, not root; -EMFILE, -ENOMEM. */
int sys_timerfd_create(uint32_t clock, uint32_t flags)
{
	struct timerfd *t;
	struct file *f;

	if ((flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK)) || !clock_usable(clock))
		return -EINVAL;
	if ((clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) &&
		!cred_is_root(cred_self()))
		return -EPERM;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, RANK_PIPE);
	waitq_init(&t->expired);
	t->clock = clock;
	t->timer.fire = timerfd_fire;
	f = file_new_anon(&timerfd_ops, O_RDWR | (flags & O_NONBLOCK), "anon_inode:[timerfd]", t);
	if (!f) {
		kfree(t);
		return -ENOMEM;
	}
	return fd_give(f, flags & O_CLOEXEC);
}

/* The descriptor's file, referenced. -EBADF, -EINVAL: not of timerfd_create(). */
static int timerfd_get(int fd, struct file **out)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->ops != &timerfd_ops) {
		file_put(f);
		return -EINVAL;
	}
	*out = f;
	return 0;
}

int sys_timerfd_settime64(int32_t fd, uint32_t flags, uaddr_t uvalue, uaddr_t uold)
{
	uint64_t value, interval, now;
	int64_t deadline = 0;
	struct timerfd *t;
	struct period old;
	struct file *f;
	int err;

	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	err = copyin_itimerspec(uvalue, &value, &interval);
	if (!err)
		err = timerfd_get(fd, &f);
	if (err)
		return err;
	t = f->priv;
	now = arch_clock_ns();
	if (value)
		deadline = clock_deadline(t->clock, value, flags & TFD_TIMER_ABSTIME, now);
	lock_acquire(&t->lock);
	period_advance(&t->period, now);
	old = t->period;
	t->period =
		(struct period){.next_ns = deadline, .interval_ns = interval, .armed = value != 0};
	t->ticks = 0;
	t->set_flags = flags;
	period_arm(&t->period, &t->timer, false);
	lock_release(&t->lock);
	if (uold)
		err = copyout_itimerspec(uold, period_left(&old, now), old.interval_ns);
	file_put(f);
	return err;
}

int sys_timerfd_gettime64(int32_t fd, uaddr_t uvalue)
{
	uint64_t now = arch_clock_ns(), left, interval;
	struct timerfd *t;
	struct file *f;
	int err = timerfd_get(fd, &f);

	if (err)
		return err;
	t = f->priv;
	lock_acquire(&t->lock);
	t->ticks += period_advance(&t->period, now);
	left = period_left(&t->period, now);
	interval = t->period.interval_ns;
	lock_release(&t->lock);
	err = copyout_itimerspec(uvalue, left, interval);
	file_put(f);
	return err;
}

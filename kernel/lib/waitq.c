/*
 * waitq.c - sleeping on a thread's own wake word; see waitq.h for the protocol.
 * Locks: none of its own; queues are guarded by their object's lock.
 */
#include "lib/waitq.h"
#include "lib/kassert.h"
#include "arch/arch.h"

struct waker *waker_self(void)
{
	return arch_self();
}

/*
 * Why `sleeping` loses no wake-up:
 *   sleeper                         waker
 *   sleeping = 1                    wake += 1
 *   wait while wake == seen         if (sleeping) notify
 * Both sides are sequentially consistent: either the waker sees sleeping, or the sleeper's
 * compare sees the new wake.
 */
void waker_wake(struct waker *w)
{
	atomic_add(&w->wake, 1u);
	if (atomic_load(&w->sleeping))
		arch_notify(&w->wake, 1);
	arch_preempt();
}

void waker_interrupt(struct waker *w, uint32_t bits)
{
	atomic_or(&w->interrupt, bits);
	waker_wake(w);
}

void waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

uint32_t waitq_prepare(struct waker *w)
{
	return atomic_load(&w->wake);
}

static bool interrupted(const struct waker *w, int mode)
{
	uint32_t bits = atomic_load(&w->interrupt);

	if (mode == WAIT_INTR)
		return bits & (INTR_SIGNAL | INTR_KILL);
	return mode == WAIT_KILLABLE && (bits & INTR_KILL);
}

int waitq_commit(struct waker *w, uint32_t seen, uint64_t deadline_ns, int mode, const char *wchan)
{
	int64_t timeout = -1;
	uint64_t now;

	lock_assert_may_sleep(wchan);
	arch_preempt();
	if (interrupted(w, mode))
		return -EINTR;
	now = arch_clock_ns();
	if (deadline_ns != WAIT_FOREVER) {
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		timeout = (int64_t)(deadline_ns - now);
	}
	w->wchan = wchan;
	atomic_store(&w->sleep_start_ns, now);
	atomic_store(&w->sleeping, 1u);
	arch_wait(&w->wake, seen, timeout);
	atomic_store(&w->sleeping, 0u);
	w->wchan = NULL;
	atomic_store(&w->slept_ns, w->slept_ns + (arch_clock_ns() - now));
	if (interrupted(w, mode))
		return -EINTR;
	if (deadline_ns != WAIT_FOREVER && atomic_load(&w->wake) == seen &&
		arch_clock_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return 0;
}

void waitq_join(struct waitq *q, struct waiter *w)
{
	list_add_tail(&q->waiters, &w->node);
}

void waitq_leave(struct waiter *w)
{
	list_del(&w->node);
}

int waitq_sleep_at(
	struct waitq *q, struct lock *l, uint64_t deadline_ns, int mode, const char *wchan)
{
	struct waiter w = {.waker = waker_self()};
	uint32_t seen = waitq_prepare(w.waker);
	int err;

	KASSERT(lock_held(l));
	waitq_join(q, &w);
	lock_release(l);
	err = waitq_commit(w.waker, seen, deadline_ns, mode, wchan);
	lock_acquire(l);
	waitq_leave(&w);
	return err;
}

/* w may be gone when this returns: an epoll notify() can take its own entry out. */
static bool wake_waiter(struct waiter *w, uint32_t key)
{
	if (w->notify)
		return w->notify(w, key);
	waker_wake(w->waker);
	return true;
}

int waitq_wake_key(struct waitq *q, uint32_t key)
{
	struct waiter *w, *next;
	bool taken = false;
	int n = 0;

	LIST_FOR_EACH_SAFE(w, next, &q->waiters, node) {
		bool exclusive = w->exclusive;

		if (exclusive && taken)
			continue;
		if (wake_waiter(w, key) && exclusive)
			taken = true;
		n++;
	}
	return n;
}

int waitq_wake_all(struct waitq *q)
{
	return waitq_wake_key(q, 0);
}

int waitq_wake_one(struct waitq *q)
{
	struct waiter *w = LIST_FIRST(&q->waiters, struct waiter, node);

	if (!w)
		return 0;
	/* To the end, so that a second wake before it ran reaches the next one. */
	list_del(&w->node);
	list_add_tail(&q->waiters, &w->node);
	wake_waiter(w, 0);
	return 1;
}

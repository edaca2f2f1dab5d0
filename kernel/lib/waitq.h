/*
 * waitq.h - sleeping until an object changes.
 *
 * A waitq belongs to an object and is protected by the object's lock. A thread sleeps on ONE word
 * only, the `wake` word of its own waker: Wasm waits on one address, and objects, poll over many
 * objects, signals, kills and timeouts must all be able to end the same sleep.
 *
 *   sleeper (holds lock)                      waker (holds lock)
 *   while (!condition) {                      change the object
 *     err = waitq_sleep(&q, &lock, ...);      waitq_wake_all(&q);
 *     if (err) break;
 *   }
 *
 * No wake-up is lost: the sleeper reads `wake` and joins the queue under the lock; a waker that
 * comes later changes `wake` before it notifies, and the engine's wait compares.
 */
#ifndef LIB_WAITQ_H
#define LIB_WAITQ_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/lock.h"

/* First member of struct thread. Everything about a thread that sleeping needs. */
struct waker {
	uint32_t wake;		 /* [a] bumped before each notify */
	uint32_t sleeping;	 /* [a] 1 while about to wait or waiting: notify costs 17-100 ns */
	uint32_t interrupt;	 /* [a] INTR_* bits: why an interruptible sleep must end */
	uint32_t id;		 /* [i] not 0; the thread id where there is one */
	const char *wchan;	 /* [o] what it sleeps in, for /proc/<pid>/wchan; NULL: running */
	uint64_t slept_ns;	 /* [a] time spent asleep so far */
	uint64_t sleep_start_ns; /* [a] since when, while sleeping */
	uint32_t held_count;	 /* [o] LOCK_DEBUG: locks held now */
	struct lock *held[12];	 /* [o] */
};
#define INTR_SIGNAL 1u /* a signal to act on is pending */
#define INTR_KILL 2u   /* the thread is to leave the kernel and die */
#define INTR_CPUTIMER                                                                              \
	4u /* ends no sleep: its process's CPU timers rest until a thread of it runs again */

/* The calling thread's waker. Provided by arch. Never NULL once a thread entered the kernel. */
struct waker *waker_self(void);

/* End the sleep of w, if any. Callable with any lock held. */
void waker_wake(struct waker *w);
/* Set INTR_* bits and end the sleep. Clearing is the owner's. */
void waker_interrupt(struct waker *w, uint32_t bits);

struct waitq {
	struct list waiters; /* of struct waiter.node */
};

/* One membership of one thread in one queue. Lives on the sleeper's kernel stack. */
struct waiter {
	struct list node;
	struct waker *waker;
	/* NULL: waker_wake(waker). Else called under the object's lock with the same rules
	 * (epoll uses it). key: what changed, POLL* bits, 0 if unknown. Returns true if somebody
	 * was woken for it. */
	bool (*notify)(struct waiter *w, uint32_t key);
	bool exclusive; /* no need to tell it once another exclusive one took the wake-up */
};

#define WAITQ_INIT(q) {LIST_INIT((q).waiters)}
void waitq_init(struct waitq *q);

#define WAIT_INTR 0	/* ended by signals and kills: -EINTR */
#define WAIT_KILLABLE 1 /* ended by kills only: -EINTR */
#define WAIT_UNINTR 2	/* ended by the object only; for waits that the host bounds */
#define WAIT_FOREVER UINT64_MAX

/*
 * Sleep once on q. `lock` protects the object and q; held on entry and on return, released in
 * between. Must hold no other lock that is not sleepable.
 * deadline_ns: absolute, arch_clock_ns() time, or WAIT_FOREVER.
 * Returns 0 when woken (look at the condition again; it may be spurious), -EINTR, -ETIMEDOUT.
 */
#define waitq_sleep(q, l, deadline_ns, mode)                                                       \
	waitq_sleep_at((q), (l), (deadline_ns), (mode), __func__)
int waitq_sleep_at(struct waitq *q, struct lock *l, uint64_t deadline_ns, int mode,
	const char *wchan) MUST_CHECK;

/*
 * The pieces of waitq_sleep(), for a thread that waits for many objects (poll) or for a word that
 * the host sets. In this order: seen = waitq_prepare(waker_self()); join each queue under its
 * object's lock, and look; waitq_commit(), unless a look said yes, with results as waitq_sleep();
 * leave each queue under its lock.
 */
uint32_t waitq_prepare(struct waker *w);
int waitq_commit(struct waker *w, uint32_t seen, uint64_t deadline_ns, int mode, const char *wchan);
void waitq_join(struct waitq *q, struct waiter *w); /* under the object's lock */
void waitq_leave(struct waiter *w);		    /* under the object's lock */

/* Wake everybody / the one that waits longest. Under the object's lock. Returns how many. */
int waitq_wake_all(struct waitq *q);
int waitq_wake_one(struct waitq *q);
/* The same for pollers: key tells notify() what changed (POLL* bits). */
int waitq_wake_key(struct waitq *q, uint32_t key);

#endif

/*
 * lock.h - mutual exclusion between threads of the kernel.
 *
 * A lock is one word: 0 free, 1 held, 2 held and somebody may wait (Drepper, "Futexes Are
 * Tricky"). A contended thread waits on the lock's word, the one exception to "a thread sleeps
 * only on its own wake word"; a lock is held for a bounded time, so nothing needs to end that
 * wait. No thread is ever ended while it holds one (the kill rule, proc/proc.h).
 *
 * In builds with LOCK_DEBUG each acquisition checks rank and owner; see lockrank.h.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/types.h"
#include "lib/lockrank.h"

struct lock {
	uint32_t word; /* [a] */
	uint16_t rank; /* [i] enum lock_rank */
	uint16_t unused;
	uint32_t owner;	    /* [l] id of the holding thread's waker, 0 if free */
	uint32_t contended; /* [a] acquisitions that had to wait */
	const char *where;  /* [l] "file:line" of the acquisition (LOCK_DEBUG) */
};

#define LOCK_INIT(r) {.rank = (r)}
void lock_init(struct lock *l, enum lock_rank rank);

#define LOCK_STR2(x) #x
#define LOCK_STR(x) LOCK_STR2(x)
#define LOCK_HERE __FILE__ ":" LOCK_STR(__LINE__)

/* Wait until the lock is free and take it. Panics (LOCK_DEBUG) on a rank below one held. */
#define lock_acquire(l) lock_acquire_at((l), LOCK_HERE)
void lock_acquire_at(struct lock *l, const char *where);

/* Take it if it is free. Returns true if it was. Not subject to the order. */
#define lock_try(l) lock_try_at((l), LOCK_HERE)
bool lock_try_at(struct lock *l, const char *where);

void lock_release(struct lock *l);

/* Take two locks of one rank, lower address first; a == b takes it once. */
#define lock_acquire2(a, b) lock_acquire2_at((a), (b), LOCK_HERE)
void lock_acquire2_at(struct lock *a, struct lock *b, const char *where);
void lock_release2(struct lock *a, struct lock *b);

/*
 * Take a lock that may be of the rank of one already held. For objects that contain each other
 * (epoll sets): the caller knows an order between them that has no circle.
 */
#define lock_acquire_inner(l) lock_acquire_inner_at((l), LOCK_HERE)
void lock_acquire_inner_at(struct lock *l, const char *where);

/* True if the calling thread holds it. For assertions. */
bool lock_held(const struct lock *l);

/* Panics (LOCK_DEBUG) if the calling thread holds any lock, or one that is not sleepable. */
void lock_assert_none_held(void);
void lock_assert_may_sleep(const char *where);

#endif

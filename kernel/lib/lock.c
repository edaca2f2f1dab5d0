/*
 * lock.c - the mutex of lock.h: one word, waiters sleep on it.
 * The three-state protocol is Drepper's ("Futexes Are Tricky", mutex 2).
 */
#include "lib/lock.h"
#include "lib/lockstat.h"
#include "lib/waitq.h"
#include "lib/kassert.h"
#include "arch/arch.h"

enum { FREE, HELD, HELD_WAITERS };

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT((uint16_t)rank);
}

#if LOCK_DEBUG
static void check_order(const struct lock *l, const char *where, bool same_rank_ok)
{
	struct waker *self = waker_self();

	for (uint32_t i = 0; i < self->held_count; i++) {
		const struct lock *h = self->held[i];
		if (h == l)
			panic("lock: %s takes a lock it holds since %s", where, h->where);
		if (h->rank > l->rank || (h->rank == l->rank && !same_rank_ok))
			panic("lock: %s takes rank %u while holding rank %u since %s", where,
				l->rank, h->rank, h->where);
	}
}

static void note_held(struct lock *l, const char *where)
{
	struct waker *self = waker_self();

	l->owner = self->id;
	l->where = where;
	if (self->held_count >= ARRAY_LEN(self->held))
		panic("lock: %s holds too many locks", where);
	self->held[self->held_count++] = l;
}

static void note_released(struct lock *l)
{
	struct waker *self = waker_self();

	if (l->owner != self->id)
		panic("lock: released by thread %u, taken by %u at %s", self->id, l->owner,
			l->where);
	l->owner = 0;
	for (uint32_t i = self->held_count; i-- > 0;) {
		if (self->held[i] != l)
			continue;
		self->held[i] = self->held[--self->held_count];
		return;
	}
	panic("lock: released but not in the held list (taken at %s)", l->where);
}
#else
static inline void check_order(const struct lock *l, const char *where, bool same_rank_ok)
{
	(void)l, (void)where, (void)same_rank_ok;
}
static inline void note_held(struct lock *l, const char *where)
{
	l->owner = waker_self()->id;
	(void)where;
}
static inline void note_released(struct lock *l)
{
	l->owner = 0;
}
#endif

uint32_t lockstat_on;
struct lockstat lockstats[RANK_COUNT];

static void wait_for(struct lock *l)
{
	bool counted = atomic_load(&lockstat_on);
	uint64_t since = counted ? arch_clock_ns() : 0, waited;

	atomic_add(&l->contended, 1u);
	while (atomic_xchg(&l->word, (uint32_t)HELD_WAITERS) != FREE)
		arch_wait(&l->word, HELD_WAITERS, -1);
	if (!counted)
		return;
	waited = arch_clock_ns() - since;
	atomic_add(&lockstats[l->rank].contended, 1u);
	atomic_add(&lockstats[l->rank].waited_ns, waited);
	if (waited > atomic_load(&lockstats[l->rank].longest_ns)) /* two at once: one may win */
		atomic_store(&lockstats[l->rank].longest_ns, waited);
}

static void take(struct lock *l, const char *where)
{
	arch_preempt();
	if (!atomic_cas(&l->word, (uint32_t)FREE, (uint32_t)HELD)) {
		/* A short spin catches holders that run on the other core. */
		for (int i = 0; i < 100; i++) {
			if (atomic_load(&l->word) == FREE &&
				atomic_cas(&l->word, (uint32_t)FREE, (uint32_t)HELD))
				goto taken;
		}
		wait_for(l);
	}
taken:
	note_held(l, where);
}

void lock_acquire_at(struct lock *l, const char *where)
{
	check_order(l, where, false);
	take(l, where);
}

bool lock_try_at(struct lock *l, const char *where)
{
	arch_preempt();
	if (!atomic_cas(&l->word, (uint32_t)FREE, (uint32_t)HELD))
		return false;
	note_held(l, where);
	return true;
}

void lock_release(struct lock *l)
{
	note_released(l);
	if (atomic_xchg(&l->word, (uint32_t)FREE) == HELD_WAITERS)
		arch_notify(&l->word, 1);
	arch_preempt();
}

void lock_acquire2_at(struct lock *a, struct lock *b, const char *where)
{
	struct lock *first = (uintptr_t)a < (uintptr_t)b ? a : b;
	struct lock *second = first == a ? b : a;

	check_order(first, where, false);
	take(first, where);
	if (second == first)
		return;
	check_order(second, where, true);
	take(second, where);
}

void lock_acquire_inner_at(struct lock *l, const char *where)
{
	check_order(l, where, true);
	take(l, where);
}

void lock_release2(struct lock *a, struct lock *b)
{
	lock_release(a);
	if (a != b)
		lock_release(b);
}

bool lock_held(const struct lock *l)
{
	return atomic_load(&l->word) != FREE && l->owner == waker_self()->id;
}

void lock_assert_none_held(void)
{
#if LOCK_DEBUG
	struct waker *self = waker_self();

	if (self->held_count > 0)
		panic("lock: still holds the lock taken at %s", self->held[0]->where);
#endif
}

void lock_assert_may_sleep(const char *where)
{
#if LOCK_DEBUG
	struct waker *self = waker_self();

	for (uint32_t i = 0; i < self->held_count; i++) {
		if (!lock_rank_sleepable(self->held[i]->rank))
			panic("lock: %s sleeps with the lock taken at %s", where,
				self->held[i]->where);
	}
#else
	(void)where;
#endif
}

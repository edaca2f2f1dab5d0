/*
 * Tests of lock.c: mutual exclusion, no lost wake-up, the order, the held list. Two locks that are
 * wrong on purpose show that the seeded scheduler finds both kinds of fault.
 */
#include "tests/ktest.h"
#include "arch/arch.h"
#include "lib/kassert.h"
#include "lib/lock.h"
#include "lib/waitq.h"

#define THREADS 3
#define TURNS 4

struct counter {
	struct lock lock;
	uint32_t inside; /* [a] threads in the critical section */
	uint32_t total;	 /* [l] */
};

static void add_turns(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < TURNS; i++) {
		lock_acquire(&c->lock);
		CHECK_EQ(atomic_add(&c->inside, 1u), 0);
		c->total++;
		arch_preempt();
		CHECK_EQ(atomic_sub(&c->inside, 1u), 1);
		lock_release(&c->lock);
	}
}

static void run_threads(void (*body)(void *), void *arg)
{
	struct thread *t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = ktest_thread(body, arg);
	for (int i = 0; i < THREADS; i++)
		ktest_join(t[i]);
}

DET_TEST(lock_held_by_one_thread_at_a_time, 1000)
{
	struct counter c = {.lock = LOCK_INIT(RANK_PIPE)};

	run_threads(add_turns, &c);
	CHECK_EQ(c.total, THREADS * TURNS);
	CHECK_EQ(c.lock.word, 0);
}

/* The broken lock below: its release forgets that somebody may wait. */
static void add_turns_forgetful(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < TURNS; i++) {
		if (!atomic_cas(&c->lock.word, 0u, 1u)) {
			while (atomic_xchg(&c->lock.word, 2u) != 0)
				arch_wait(&c->lock.word, 2, -1);
		}
		c->total++;
		arch_preempt();
		if (atomic_xchg(&c->lock.word, 0u) == 1)
			arch_notify(&c->lock.word, 1); /* wrong: 2 is the state with waiters */
	}
}

DET_TEST_FAILS(lock_that_forgets_its_waiters_is_found, 1000, "deadlock")
{
	struct counter c = {.lock = LOCK_INIT(RANK_PIPE)};

	run_threads(add_turns_forgetful, &c);
}

/* The broken lock below: looks and takes in two steps. */
static void add_turns_two_step(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < TURNS; i++) {
		while (atomic_load(&c->lock.word) != 0)
			arch_preempt();
		atomic_store(&c->lock.word, 1u);
		CHECK_EQ(atomic_add(&c->inside, 1u), 0);
		arch_preempt();
		atomic_sub(&c->inside, 1u);
		atomic_store(&c->lock.word, 0u);
	}
}

DET_TEST_FAILS(lock_taken_in_two_steps_is_found, 1000, "atomic_add(&c->inside, 1u)")
{
	struct counter c = {.lock = LOCK_INIT(RANK_PIPE)};

	run_threads(add_turns_two_step, &c);
}

TEST(lock_try_fails_on_a_held_lock_and_takes_a_free_one)
{
	struct lock l = LOCK_INIT(RANK_PIPE);

	CHECK(lock_try(&l));
	CHECK(lock_held(&l));
	CHECK(!lock_try(&l));
	lock_release(&l);
	CHECK(!lock_held(&l));
	CHECK(lock_try(&l));
	lock_release(&l);
}

struct pair {
	struct lock a, b;
	uint32_t total; /* [a and b] */
};

static void both_ways(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < TURNS; i++) {
		struct lock *x = i & 1 ? &p->a : &p->b, *y = i & 1 ? &p->b : &p->a;

		lock_acquire2(x, y);
		p->total++;
		lock_release2(y, x);
	}
}

DET_TEST(lock_acquire2_in_either_argument_order_cannot_deadlock, 1000)
{
	struct pair p = {.a = LOCK_INIT(RANK_TTY), .b = LOCK_INIT(RANK_TTY)};

	run_threads(both_ways, &p);
	CHECK_EQ(p.total, THREADS * TURNS);
}

TEST(lock_acquire2_of_one_lock_takes_it_once)
{
	struct lock l = LOCK_INIT(RANK_TTY);

	lock_acquire2(&l, &l);
	CHECK(lock_held(&l));
	lock_release2(&l, &l);
	CHECK(!lock_held(&l));
}

TEST_PANICS(lock_against_the_order_panics_naming_both_places, "lock_test.c")
{
	struct lock inner = LOCK_INIT(RANK_PIPE), outer = LOCK_INIT(RANK_INODE);

	lock_acquire(&inner);
	lock_acquire(&outer);
}

TEST_PANICS(lock_against_the_order_panics_with_the_ranks, "while holding rank")
{
	struct lock inner = LOCK_INIT(RANK_PIPE), outer = LOCK_INIT(RANK_INODE);

	lock_acquire(&inner);
	lock_acquire(&outer);
}

TEST_PANICS(lock_taken_twice_panics, "takes a lock it holds since")
{
	struct lock l = LOCK_INIT(RANK_PIPE);

	lock_acquire(&l);
	lock_acquire(&l);
}

static void release_it(void *arg)
{
	lock_release(arg);
}

TEST_PANICS(lock_released_by_another_thread_panics, "released by thread")
{
	struct lock l = LOCK_INIT(RANK_PIPE);

	lock_acquire(&l);
	ktest_join(ktest_thread(release_it, &l));
}

TEST_PANICS(sleep_with_a_lock_that_may_not_be_held_panics, "sleeps with the lock taken at")
{
	struct lock other = LOCK_INIT(RANK_MOUNT), own = LOCK_INIT(RANK_PIPE);
	struct waitq q = WAITQ_INIT(q);

	lock_acquire(&other);
	lock_acquire(&own);
	(void)!waitq_sleep(&q, &own, 0, WAIT_INTR);
}

TEST(sleep_with_an_inode_lock_is_allowed)
{
	struct lock inode = LOCK_INIT(RANK_INODE), own = LOCK_INIT(RANK_PIPE);
	struct waitq q = WAITQ_INIT(q);

	lock_acquire(&inode);
	lock_acquire(&own);
	CHECK_EQ(waitq_sleep(&q, &own, 0, WAIT_INTR), -ETIMEDOUT);
	lock_release(&own);
	lock_release(&inode);
}

/* The rig itself: a lock left behind is a failed test. */
TEST_PANICS(rig_reports_a_lock_left_behind, "ended with the lock taken at")
{
	static struct lock l = LOCK_INIT(RANK_PIPE);

	lock_acquire(&l);
}

struct two_locks {
	struct lock a, b;
	uint32_t turn;
};

static void a_then_b(void *arg)
{
	struct two_locks *t = arg;

	lock_acquire(&t->a);
	while (!lock_try(&t->b))
		arch_preempt();
	lock_release(&t->b);
	lock_release(&t->a);
}

/* Not through lock_acquire2(), and one after the other, so that no two threads ever collide. */
TEST_PANICS(lock_of_equal_rank_without_acquire2_panics, "takes rank")
{
	struct two_locks t = {.a = LOCK_INIT(RANK_TTY), .b = LOCK_INIT(RANK_TTY)};

	a_then_b(&t); /* lock_try() is not subject to the order */
	lock_acquire(&t.a);
	lock_acquire(&t.b);
}

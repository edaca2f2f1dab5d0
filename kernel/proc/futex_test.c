/*
 * Tests of futexes: no wake-up is lost, none is counted twice, whatever a waiter does meanwhile.
 * All threads are of one process and make their calls directly.
 */
#include "tests/ktest_proc.h"
#include "abi/program.h"
#include "proc/internal.h"
#include "arch/arch.h"

#define WAIT 0u
#define WAKE 1u
#define REQUEUE 3u
#define CMP_REQUEUE 4u
#define WAKE_OP 5u
#define WAIT_BITSET 9u
#define ALL 0x7fffffffu

static uaddr_t first, second; /* the words */

static uint32_t *at(uaddr_t word)
{
	return U_PTR(uint32_t, word);
}
static void set(uaddr_t word, uint32_t v)
{
	__atomic_store_n(at(word), v, __ATOMIC_SEQ_CST);
	arch_preempt();
}
static uint32_t get(uaddr_t word)
{
	arch_preempt();
	return __atomic_load_n(at(word), __ATOMIC_SEQ_CST);
}
static int wait(uaddr_t word, uint32_t val, uaddr_t timeout)
{
	return sys_futex_time64(word, WAIT, val, timeout, 0, 0);
}
static int wake(uaddr_t word, uint32_t n)
{
	return sys_futex_time64(word, WAKE, n, 0, 0, 0);
}
static void words(void)
{
	first = u_alloc(16);
	second = u_alloc(16);
}
static uaddr_t span(int64_t sec, int64_t nsec)
{
	int64_t t[2] = {sec, nsec};

	return u_bytes(t, sizeof(t));
}

PROC_TEST(futex_refuses_what_is_no_word)
{
	words();
	CHECK_EQ(wait(first, 1, 0), -EAGAIN);
	CHECK_EQ(wait(first + 1, 0, 0), -EINVAL);
	CHECK_EQ(wait(8, 0, 0), -EFAULT);
	CHECK_EQ(wait(0x7ffffffc, 0, 0), -EFAULT);
	CHECK_EQ(wait(0xfffffffc, 0, 0), -EFAULT);
	CHECK_EQ(wake(first, 1), 0);
	CHECK_EQ(wake(first + 2, 1), -EINVAL);
	CHECK_EQ(wait(first, 0, span(-1, 0)), -EINVAL);
	CHECK_EQ(wait(first, 0, span(0, 1000000000)), -EINVAL);
	CHECK_EQ(wait(first, 0, 8), -EFAULT);
	CHECK_EQ(wait(first, 0, span(0, 0)), -ETIMEDOUT);
	CHECK_EQ(sys_futex_time64(first, WAIT_BITSET, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys_futex_time64(first, 6, 0, 0, 0, 0), -ENOSYS); /* LOCK_PI */
	CHECK_EQ(sys_futex_time64(first, WAKE | 256, 1, 0, 0, 0), -ENOSYS);
}

static void waits_until_set(void *unused)
{
	(void)unused;
	while (!get(first)) {
		int err = wait(first, 0, 0);

		CHECK(err == 0 || err == -EAGAIN);
	}
}

PROC_DET_TEST(futex_wake_after_the_word_changed_is_not_lost, 1000)
{
	struct thread *t[2];

	words();
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(waits_until_set, NULL);
	set(first, 1);
	wake(first, ALL);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
}

static uint32_t mutex_total;

/* The three-state lock that libc uses. */
static void lock_word(uaddr_t m)
{
	uint32_t seen = 0;

	arch_preempt();
	if (__atomic_compare_exchange_n(
		    at(m), &seen, 1u, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	for (;;) {
		arch_preempt();
		if (!__atomic_exchange_n(at(m), 2u, __ATOMIC_SEQ_CST))
			return;
		(void)wait(m, 2, 0);
	}
}
static void unlock_word(uaddr_t m)
{
	arch_preempt();
	if (__atomic_exchange_n(at(m), 0u, __ATOMIC_SEQ_CST) == 2)
		wake(m, 1);
}
static void adds(void *unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++) {
		uint32_t before;

		lock_word(first);
		before = mutex_total;
		ktest_yield();
		mutex_total = before + 1;
		unlock_word(first);
	}
}

PROC_DET_TEST(futex_makes_a_mutex, 1000)
{
	struct thread *t[3];

	words();
	mutex_total = 0;
	for (int i = 0; i < 3; i++)
		t[i] = ktest_thread(adds, NULL);
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	CHECK_EQ(mutex_total, 12);
}

static int results[3];
static uaddr_t timeout;

static void waits_once(void *index)
{
	results[(uintptr_t)index] = wait(first, 0, timeout);
}

static void check_woken(struct thread **t, int n, int woken)
{
	int saw = 0;

	for (int i = 0; i < n; i++) {
		ktest_join(t[i]);
		saw += results[i] == 0;
	}
	CHECK_EQ(saw, woken);
}

/* A waiter that gives up just as it is woken: the waker's count and the waiter agree. */
PROC_DET_TEST(futex_wake_beside_a_timeout_counts_the_woken_alone, 1000)
{
	struct thread *t[2];
	int woken = 0;

	words();
	timeout = span(0, 1000);
	for (uintptr_t i = 0; i < 2; i++)
		t[i] = ktest_thread(waits_once, (void *)i);
	for (uint32_t n = ktest_seed() % 7; n > 0; n--)
		ktest_yield();
	woken += wake(first, 1);
	woken += wake(first, ALL);
	check_woken(t, 2, woken);
}

PROC_DET_TEST(futex_wake_beside_a_signal_counts_the_woken_alone, 1000)
{
	struct thread *t[2];
	int woken = 0;

	words();
	timeout = 0;
	for (uintptr_t i = 0; i < 2; i++)
		t[i] = ktest_thread(waits_once, (void *)i);
	for (uint32_t n = ktest_seed() % 7; n > 0; n--)
		ktest_yield();
	waker_interrupt(&t[0]->waker, INTR_SIGNAL);
	woken += wake(first, 1);
	waker_interrupt(&t[1]->waker, INTR_SIGNAL);
	woken += wake(first, ALL);
	check_woken(t, 2, woken);
}

static int requeued;

static void requeues(void *unused)
{
	(void)unused;
	requeued = sys_futex_time64(first, REQUEUE, 1, ALL, second, 0);
}

/* Waiters on the way from one word to another, woken from both, and giving up. */
PROC_DET_TEST(futex_requeue_beside_wakes_and_timeouts_loses_nobody, 1000)
{
	struct thread *t[3], *mover;
	int woken, left;

	words();
	timeout = ktest_seed() & 1 ? span(0, 2000) : 0;
	requeued = 0;
	for (uintptr_t i = 0; i < 3; i++)
		t[i] = ktest_thread(waits_once, (void *)i);
	mover = ktest_thread(requeues, NULL);
	woken = wake(second, 1) + wake(first, 1);
	ktest_join(mover);
	set(first, 1); /* who comes now finds another value */
	woken += wake(first, ALL) + wake(second, ALL);
	for (int i = left = 0; i < 3; i++) {
		ktest_join(t[i]);
		left += results[i] == 0;
	}
	/* Of those requeued one was woken by that call itself, if there was one. */
	CHECK_EQ(left, woken + (requeued > 0));
}

static uint32_t turn_total;

/* A condition variable by CMP_REQUEUE, as other libraries make it: waiters move to the mutex. */
static void waits_for_turn(void *index)
{
	for (int i = 0; i < 2; i++) {
		lock_word(first);
		while (turn_total % 2 != (uintptr_t)index) {
			uint32_t seq = get(second);

			unlock_word(first);
			(void)wait(second, seq, 0);
			lock_word(first);
		}
		turn_total++;
		set(second, get(second) + 1);
		(void)!sys_futex_time64(second, CMP_REQUEUE, 1, ALL, first, get(second));
		/* Those moved wait for the mutex as if they had tried it. */
		set(first, 2);
		unlock_word(first);
	}
}

PROC_DET_TEST(futex_makes_a_condition_variable, 1000)
{
	struct thread *t[2];

	words();
	turn_total = 0;
	for (uintptr_t i = 0; i < 2; i++)
		t[i] = ktest_thread(waits_for_turn, (void *)i);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(turn_total, 4);
}

PROC_DET_TEST(futex_wake_op_wakes_by_the_old_value, 1000)
{
	struct thread *t;
	int woken;

	words();
	timeout = 0;
	t = ktest_thread(waits_once, (void *)0);
	CHECK(ktest_wait_asleep(t));
	/* second += 1; first's waiter, and second's if that was 0 */
	woken = sys_futex_time64(first, WAKE_OP, 1, 1, second, 1u << 28 | 1u << 12);
	CHECK_EQ(woken, 1);
	CHECK_EQ(get(second), 1);
	ktest_join(t);
	CHECK_EQ(results[0], 0);
}

struct robust {
	uint32_t list, offset, pending;
	uint32_t entry[3][2]; /* next, word */
};

static void dies_with_locks(void *head)
{
	struct thread *self = thread_self();
	uaddr_t a = (uaddr_t)(uintptr_t)head;
	struct robust *r = U_PTR(struct robust, a);

	for (uint32_t i = 0; i < 3; i++) {
		r->entry[i][0] = i < 1 ? a + 12 + (i + 1) * 8 : a;
		set(a + 12 + i * 8 + 4, self->tid | 0x80000000u);
	}
	r->list = a + 12;
	r->offset = 4;
	r->pending = a + 12 + 2 * 8; /* being taken: not in the list */
	CHECK_EQ(sys_set_robust_list(a, 12), 0);
	futex_thread_end(self);
}

static void waits_for_owner(void *word)
{
	uaddr_t w = (uaddr_t)(uintptr_t)word;
	uint32_t v;

	while (!((v = get(w)) & 0x40000000u))
		(void)wait(w, v, 0);
}

PROC_DET_TEST(futex_of_a_dead_owner_says_so_and_wakes_one, 1000)
{
	struct thread *dying, *waiter;
	struct robust *r;
	uaddr_t a = u_alloc(sizeof(*r));

	r = U_PTR(struct robust, a);
	waiter = ktest_thread(waits_for_owner, (void *)(uintptr_t)(a + 12 + 2 * 8 + 4));
	dying = ktest_thread(dies_with_locks, (void *)(uintptr_t)a);
	ktest_join(dying);
	wake(a + 12 + 2 * 8 + 4, ALL); /* it may have waited for the value before the lock's */
	ktest_join(waiter);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(r->entry[i][1], 0xc0000000u);
}

PROC_TEST(futex_robust_list_may_be_nonsense)
{
	struct thread *self = thread_self();
	uint32_t ring[3] = {0, 0, 0};
	uaddr_t a = u_bytes(ring, sizeof(ring)), b = u_bytes(ring, sizeof(ring));

	CHECK_EQ(sys_set_robust_list(a, 11), -EINVAL);
	*U_PTR(uint32_t, a) = b; /* an entry that is its own next */
	*U_PTR(uint32_t, b) = b;
	CHECK_EQ(sys_set_robust_list(a, 12), 0);
	futex_thread_end(self);
	CHECK_EQ(sys_set_robust_list(8, 12), 0);
	futex_thread_end(self);
	*U_PTR(uint32_t, a) = 0x7ffffff0;
	CHECK_EQ(sys_set_robust_list(a, 12), 0);
	futex_thread_end(self);
	self->clear_tid = 0xfffffff0;
	futex_thread_end(self);
	CHECK_EQ(self->clear_tid, 0);
}

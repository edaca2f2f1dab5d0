/*
 * Tests of waitq.c: no wake-up is lost, and each of wake, interrupt and timeout ends the sleep
 * with its own answer. The lost wake-up at the end is one on purpose.
 */
#include "tests/ktest.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/waitq.h"
#include "proc/proc.h"

struct box {
	struct lock lock;
	struct waitq changed;
	uint32_t items; /* [l] */
	uint32_t taken; /* [l] */
	int result;	/* of the sleeper under test */
	uint64_t deadline;
	int mode;
};

static void box_init(struct box *b)
{
	*b = (struct box){
		.lock = LOCK_INIT(RANK_PIPE), .deadline = WAIT_FOREVER, .mode = WAIT_INTR};
	waitq_init(&b->changed);
}

static void take_one(void *arg)
{
	struct box *b = arg;

	lock_acquire(&b->lock);
	while (b->items == 0)
		CHECK_EQ(waitq_sleep(&b->changed, &b->lock, WAIT_FOREVER, WAIT_INTR), 0);
	b->items--;
	b->taken++;
	lock_release(&b->lock);
}

static void put_one(struct box *b, int (*wake)(struct waitq *))
{
	lock_acquire(&b->lock);
	b->items++;
	wake(&b->changed);
	lock_release(&b->lock);
}

DET_TEST(waitq_wake_all_reaches_a_sleeper_however_they_meet, 1000)
{
	struct box b;
	struct thread *t;

	box_init(&b);
	t = ktest_thread(take_one, &b);
	put_one(&b, waitq_wake_all);
	ktest_join(t);
	CHECK_EQ(b.taken, 1);
	CHECK(list_empty(&b.changed.waiters));
}

DET_TEST(waitq_wake_one_for_each_item_serves_each_sleeper, 1000)
{
	struct box b;
	struct thread *t[3];

	box_init(&b);
	for (int i = 0; i < 3; i++)
		t[i] = ktest_thread(take_one, &b);
	for (int i = 0; i < 3; i++)
		put_one(&b, waitq_wake_one);
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	CHECK_EQ(b.taken, 3);
}

DET_TEST(waitq_two_wakes_at_once_reach_two_sleepers, 1000)
{
	struct box b;
	struct thread *t[2];

	box_init(&b);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(take_one, &b);
	for (int i = 0; i < 2; i++)
		CHECK(ktest_wait_asleep(t[i]));
	lock_acquire(&b.lock);
	b.items = 2;
	waitq_wake_one(&b.changed);
	waitq_wake_one(&b.changed);
	lock_release(&b.lock);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(b.taken, 2);
}

/* Sleeps until something other than a plain (or spurious) wake-up ends it. */
static void sleep_until_ended(void *arg)
{
	struct box *b = arg;
	int err = 0;

	lock_acquire(&b->lock);
	while (!err && !b->items)
		err = waitq_sleep(&b->changed, &b->lock, b->deadline, b->mode);
	lock_release(&b->lock);
	b->result = err;
}

DET_TEST(waitq_interrupt_ends_an_interruptible_sleep, 1000)
{
	struct box b;
	struct thread *t;

	box_init(&b);
	t = ktest_thread(sleep_until_ended, &b);
	waker_interrupt(&t->waker, INTR_SIGNAL);
	ktest_join(t);
	CHECK_EQ(b.result, -EINTR);
	CHECK(list_empty(&b.changed.waiters));
}

DET_TEST(waitq_signal_does_not_end_a_killable_sleep_but_a_kill_does, 1000)
{
	struct box b;
	struct thread *t;

	box_init(&b);
	b.mode = WAIT_KILLABLE;
	t = ktest_thread(sleep_until_ended, &b);
	waker_interrupt(&t->waker, INTR_SIGNAL);
	CHECK(ktest_wait_asleep(t));
	waker_interrupt(&t->waker, INTR_KILL);
	ktest_join(t);
	CHECK_EQ(b.result, -EINTR);
}

DET_TEST(waitq_uninterruptible_sleep_ends_by_its_object_only, 1000)
{
	struct box b;
	struct thread *t;

	box_init(&b);
	b.mode = WAIT_UNINTR;
	t = ktest_thread(sleep_until_ended, &b);
	waker_interrupt(&t->waker, INTR_SIGNAL | INTR_KILL);
	CHECK(ktest_wait_asleep(t));
	put_one(&b, waitq_wake_all);
	ktest_join(t);
	CHECK_EQ(b.result, 0);
}

DET_TEST(waitq_sleep_with_a_deadline_ends_at_it_and_not_before, 1000)
{
	struct box b;
	uint64_t start = arch_clock_ns();

	box_init(&b);
	b.deadline = start + 1000000;
	sleep_until_ended(&b);
	CHECK_EQ(b.result, -ETIMEDOUT);
	CHECK(arch_clock_ns() >= b.deadline);
	CHECK(list_empty(&b.changed.waiters));
}

DET_TEST(waitq_wake_before_a_far_deadline_wins, 1000)
{
	struct box b;
	struct thread *t;

	box_init(&b);
	b.deadline = arch_clock_ns() + 3600000000000ull;
	t = ktest_thread(sleep_until_ended, &b);
	put_one(&b, waitq_wake_all);
	ktest_join(t);
	CHECK_EQ(b.result, 0);
}

TEST(waitq_deadline_in_the_past_does_not_sleep)
{
	struct box b;

	box_init(&b);
	b.deadline = 0;
	sleep_until_ended(&b);
	CHECK_EQ(b.result, -ETIMEDOUT);
}

TEST(waitq_wakes_on_an_empty_queue_reach_nobody)
{
	struct box b;

	box_init(&b);
	CHECK_EQ(waitq_wake_one(&b.changed), 0);
	CHECK_EQ(waitq_wake_all(&b.changed), 0);
}

struct told {
	struct waiter waiter;
	uint32_t key, times;
};

static bool note_key(struct waiter *w, uint32_t key)
{
	struct told *t = CONTAINER_OF(w, struct told, waiter);

	t->key = key;
	t->times++;
	waitq_leave(w); /* allowed: epoll does it */
	return true;
}

static bool refuse(struct waiter *w, uint32_t key)
{
	note_key(w, key);
	return false;
}

TEST(waitq_wake_key_stops_at_the_first_exclusive_waiter_that_took_it)
{
	struct box b;
	struct told t[4] = {{.waiter = {.notify = refuse, .exclusive = true}},
		{.waiter = {.notify = note_key, .exclusive = true}},
		{.waiter = {.notify = note_key, .exclusive = true}}, {.waiter.notify = note_key}};

	box_init(&b);
	lock_acquire(&b.lock);
	for (int i = 0; i < 4; i++)
		waitq_join(&b.changed, &t[i].waiter);
	waitq_wake_key(&b.changed, 5);
	CHECK_EQ(t[0].times, 1);
	CHECK_EQ(t[1].times, 1);
	CHECK_EQ(t[2].times, 0);
	CHECK_EQ(t[3].times, 1);
	waitq_leave(&t[2].waiter);
	lock_release(&b.lock);
}

TEST(waitq_wake_key_tells_each_notify_function_what_changed)
{
	struct box b;
	struct told t[2] = {{.waiter.notify = note_key}, {.waiter.notify = note_key}};

	box_init(&b);
	lock_acquire(&b.lock);
	waitq_join(&b.changed, &t[0].waiter);
	waitq_join(&b.changed, &t[1].waiter);
	CHECK_EQ(waitq_wake_key(&b.changed, 5), 2);
	CHECK_EQ(waitq_wake_key(&b.changed, 6), 0);
	lock_release(&b.lock);
	CHECK_EQ(t[0].key, 5);
	CHECK_EQ(t[1].key, 5);
	CHECK_EQ(t[0].times + t[1].times, 2);
}

/* One sleep over two objects, as poll does it: a change of either ends it. */
struct two_boxes {
	struct box a, b;
	uint32_t which;
};

static uint32_t either_ready(struct two_boxes *t)
{
	uint32_t ready;

	lock_acquire(&t->a.lock);
	ready = t->a.items ? 1 : 0;
	lock_release(&t->a.lock);
	lock_acquire(&t->b.lock);
	ready |= t->b.items ? 2 : 0;
	lock_release(&t->b.lock);
	return ready;
}

static void wait_for_either(void *arg)
{
	struct two_boxes *t = arg;
	struct waker *self = waker_self();
	struct waiter in_a = {.waker = self}, in_b = {.waker = self};

	for (;;) {
		uint32_t seen = waitq_prepare(self);

		lock_acquire(&t->a.lock);
		waitq_join(&t->a.changed, &in_a);
		lock_release(&t->a.lock);
		lock_acquire(&t->b.lock);
		waitq_join(&t->b.changed, &in_b);
		lock_release(&t->b.lock);
		t->which = either_ready(t);
		if (!t->which)
			CHECK_EQ(waitq_commit(self, seen, WAIT_FOREVER, WAIT_INTR, "either"), 0);
		lock_acquire(&t->a.lock);
		waitq_leave(&in_a);
		lock_release(&t->a.lock);
		lock_acquire(&t->b.lock);
		waitq_leave(&in_b);
		lock_release(&t->b.lock);
		if (t->which)
			return;
	}
}

DET_TEST(waitq_sleep_over_two_objects_ends_by_the_second, 1000)
{
	struct two_boxes two;
	struct thread *t;

	box_init(&two.a);
	box_init(&two.b);
	t = ktest_thread(wait_for_either, &two);
	put_one(&two.b, waitq_wake_all);
	ktest_join(t);
	CHECK_EQ(two.which, 2);
}

/* What waitq_sleep would be if it read the wake word after it let the lock go. */
static void take_one_reads_late(void *arg)
{
	struct box *b = arg;
	struct waiter w = {.waker = waker_self()};

	lock_acquire(&b->lock);
	while (b->items == 0) {
		uint32_t seen;

		waitq_join(&b->changed, &w);
		lock_release(&b->lock);
		seen = waitq_prepare(w.waker);
		(void)!waitq_commit(w.waker, seen, WAIT_FOREVER, WAIT_INTR, "late");
		lock_acquire(&b->lock);
		waitq_leave(&w);
	}
	b->items--;
	lock_release(&b->lock);
}

DET_TEST_FAILS(wake_word_read_after_the_lock_is_found_as_a_lost_wakeup, 1000, "deadlock")
{
	struct box b;
	struct thread *t;

	box_init(&b);
	t = ktest_thread(take_one_reads_late, &b);
	put_one(&b, waitq_wake_all);
	ktest_join(t);
}

/* Two threads hand a token back and forth: every hand-over is a sleep and a wake. */
struct table {
	struct lock lock;
	struct waitq changed;
	uint32_t turn; /* [l] whose: 0 or 1 */
	uint32_t hits; /* [l] */
};
struct player {
	struct table *table;
	uint32_t number;
};

static void play(void *arg)
{
	struct player *p = arg;
	struct table *t = p->table;

	for (int i = 0; i < 5; i++) {
		lock_acquire(&t->lock);
		while (t->turn != p->number)
			CHECK_EQ(waitq_sleep(&t->changed, &t->lock, WAIT_FOREVER, WAIT_INTR), 0);
		t->turn = 1 - p->number;
		t->hits++;
		waitq_wake_all(&t->changed);
		lock_release(&t->lock);
	}
}

DET_TEST(waitq_ping_pong_never_stops, 1000)
{
	struct table table = {.lock = LOCK_INIT(RANK_PIPE)};
	struct player a = {&table, 0}, b = {&table, 1};
	struct thread *t;

	waitq_init(&table.changed);
	t = ktest_thread(play, &a);
	play(&b);
	ktest_join(t);
	CHECK_EQ(table.hits, 10);
}

/*
 * Tests of ring.c and host.c: the request ring and the event ring as they wrap and fill, and the
 * completion of a call that the host answers.
 */
#include "tests/ktest_host.h"
#include "host/host.h"
#include "arch/arch.h"
#include "lib/str.h"
#include "mm/pool.h"

/* No host listens: the test takes the requests. */
static bool take(struct host_slot *q)
{
	struct host_area *a = host_area_ptr();

	if (a->request_tail == atomic_load(&a->request_head))
		return false;
	*q = a->requests[a->request_tail % REQUEST_SLOTS];
	atomic_store(&a->request_tail, a->request_tail + 1);
	return true;
}

static void start_at(uint32_t position)
{
	struct host_area *a = host_area_ptr();

	a->request_head = a->request_tail = position;
	a->event_head = a->event_tail = position;
}

TEST(request_ring_keeps_order_as_its_indices_wrap)
{
	struct host_area *a = host_area_ptr();
	uint32_t bell = a->doorbell;
	struct host_slot q;

	start_at(UINT32_MAX - 500);
	for (uint32_t i = 0; i < REQUEST_SLOTS; i++)
		HOST_REQUEST(OP_LOG, i, i + 1, 3, 4, 5, 6, 7);
	CHECK_EQ(a->doorbell - bell, REQUEST_SLOTS);
	for (uint32_t i = 0; i < REQUEST_SLOTS; i++) {
		CHECK(take(&q));
		CHECK_EQ(q.op, OP_LOG);
		CHECK_EQ(q.arg[0], i);
		CHECK_EQ(q.arg[1], i + 1);
		CHECK_EQ(q.arg[6], 7);
	}
	CHECK(!take(&q));
	start_at(0);
}

TEST_PANICS(request_ring_that_overflows_is_the_end, "the request ring is full")
{
	start_at(0);
	for (uint32_t i = 0; i <= REQUEST_SLOTS; i++)
		HOST_REQUEST(OP_LOG, i);
}

static uint32_t order[3]; /* [a] */

static void requests(void *arg)
{
	uint32_t who = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < 20; i++)
		HOST_REQUEST(OP_LOG, who, i);
}

/* Each producer's own requests keep their order, and none is lost or torn. */
DET_TEST(request_ring_has_many_producers, 1000)
{
	struct thread *t[3];
	struct host_slot q;
	uint32_t n = 0;

	start_at(UINT32_MAX - 20);
	memset(order, 0, sizeof(order));
	for (uint32_t i = 0; i < 3; i++)
		t[i] = ktest_thread(requests, (void *)(uintptr_t)i);
	while (n < 60) {
		if (!take(&q)) {
			ktest_yield();
			continue;
		}
		CHECK(q.arg[0] < 3);
		CHECK_EQ(q.arg[1], order[q.arg[0]]);
		order[q.arg[0]]++;
		n++;
	}
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	CHECK(!take(&q));
	start_at(0);
}

/* ---- events ---- */

static void push(uint32_t op, uint32_t a0)
{
	struct host_area *a = host_area_ptr();

	CHECK(a->event_head - a->event_tail < EVENT_SLOTS);
	a->events[a->event_head % EVENT_SLOTS] = (struct host_slot){op, {a0}};
	atomic_store(&a->event_head, a->event_head + 1);
}

/* A round takes all, in order, also around the ring's end; unknown ones do no harm. */
PROC_TEST(event_round_takes_all_that_is_there)
{
	struct host_area *a = host_area_ptr();
	uint32_t memory, before = memory_in_use();
	struct host_slot q;

	start_at(UINT32_MAX - 2);
	pool_init(); /* asks for three */
	push(999, 0);
	for (uint32_t i = 11; i <= 13; i++)
		push(EV_MEMORY, i);
	push(998, 0);
	CHECK_EQ(host_event_round(), WAIT_FOREVER);
	CHECK_EQ(a->event_tail, a->event_head);
	CHECK_EQ(memory_get(&memory), 0);
	CHECK_EQ(memory, 13);
	CHECK_EQ(memory_in_use(), before + 1);
	memory_put(memory, 0);
	while (take(&q))
		;
	start_at(0);
}

PROC_TEST(event_ring_tells_the_host_that_waits_for_room)
{
	struct host_area *a = host_area_ptr();
	struct host_slot q;
	uint32_t told = 0;

	start_at(7);
	for (uint32_t i = 0; i < EVENT_SLOTS; i++)
		push(999, i);
	atomic_store(&a->event_drain_wanted, 1u);
	host_event_round();
	while (take(&q))
		told += q.op == OP_EVENTS_DRAINED;
	CHECK_EQ(told, 1);
	CHECK_EQ(a->event_tail, a->event_head);
	push(999, 0);
	host_event_round();
	while (take(&q))
		CHECK_NE(q.op, OP_EVENTS_DRAINED);
	start_at(0);
}

/* ---- calls ---- */

static struct host_call calls[2]; /* static: their addresses fit into the ring's words */
static uint32_t answered;	  /* [a] */

struct caller {
	struct host_call *call;
	int result;
};

static void call_host(void *arg)
{
	struct caller *c = arg;

	c->result = host_call(OP_CHUNK, c->call);
	/* Nothing of the answer is still to come: the record may be gone now. */
	CHECK_EQ(atomic_load(&answered) > 0, 1);
}

/* Answered in any order, while signals and stray wakes come: each caller has its own result. */
DET_TEST(host_call_returns_what_the_host_answered, 1000)
{
	struct caller c[2] = {{&calls[0], 1}, {&calls[1], 1}};
	struct thread *t[2];
	struct host_slot q;
	uint32_t n = 0;

	start_at(0);
	answered = 0;
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(call_host, &c[i]);
	waker_interrupt(&t[0]->waker, INTR_SIGNAL | INTR_KILL);
	waker_wake(&t[1]->waker);
	while (n < 2) {
		int i;

		if (!take(&q)) {
			ktest_yield();
			continue;
		}
		i = q.arg[0] == (uint32_t)(uintptr_t)&calls[1];
		CHECK_EQ(q.op, OP_CHUNK);
		CHECK_EQ(calls[i].op, OP_CHUNK);
		calls[i].result = 100 + (uint32_t)i;
		atomic_add(&answered, 1u);
		atomic_store(&calls[i].status, i ? (uint32_t)EIO : 0u);
		waker_wake(&t[i]->waker);
		n++;
	}
	for (int i = 0; i < 2; i++) {
		ktest_join(t[i]);
		CHECK_EQ(calls[i].result, 100 + i);
		CHECK_EQ(c[i].result, i ? -EIO : 0);
	}
	start_at(0);
}

/*
 * ring.c - the queues of abi/ring.h: requests out, completions back.
 * Locks: request_lock (RANK_RING) around the request ring's head.
 */
#include "host/host.h"
#include "lib/kassert.h"
#include "lib/lock.h"
#include "lib/waitq.h"
#include "arch/arch.h"

static struct host_area area __attribute__((aligned(CACHE_LINE))) = {
	.version = HOST_ABI_VERSION,
	.size = sizeof(struct host_area),
};
static struct lock request_lock = LOCK_INIT(RANK_RING);

struct host_area *host_area_ptr(void)
{
	return &area;
}

void host_request(uint32_t op, const uint32_t *args, uint32_t n)
{
	struct host_slot *slot;

	KASSERT(n <= ARRAY_LEN(slot->arg));
	lock_acquire(&request_lock);
	if (area.request_head - atomic_load(&area.request_tail) == REQUEST_SLOTS)
		panic("host: the request ring is full; the host does not answer");
	slot = &area.requests[area.request_head % REQUEST_SLOTS];
	slot->op = op;
	for (uint32_t i = 0; i < n; i++)
		slot->arg[i] = args[i];
	atomic_store(&area.request_head, area.request_head + 1);
	lock_release(&request_lock);
	atomic_add(&area.doorbell, 1u);
	arch_doorbell(&area.doorbell);
}

int host_call(uint32_t op, struct host_call *c)
{
	struct waker *self = waker_self();
	uint32_t seen;

	c->op = op;
	c->wake = (uint32_t)(uintptr_t)&self->wake;
	c->result = 0;
	atomic_store(&c->status, HOST_CALL_PENDING);
	HOST_REQUEST(op, (uint32_t)(uintptr_t)c);
	for (;;) {
		seen = waitq_prepare(self);
		if (atomic_load(&c->status) != HOST_CALL_PENDING)
			break;
		/* The status is looked at again whatever ended the sleep. */
		(void)!waitq_commit(self, seen, WAIT_FOREVER, WAIT_UNINTR, "host");
	}
	return -(int)atomic_load(&c->status);
}

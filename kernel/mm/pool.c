/*
 * pool.c - the queue of clean user memories.
 * Locks: pool_lock (RANK_WAITQ). Sleepers wait on `arrived`.
 */
#include "mm/pool.h"
#include "abi/ring.h"
#include "host/host.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/lock.h"
#include "lib/waitq.h"

#define POOL_TARGET 3u /* clean memories kept ready: a pipeline's worth */

static struct lock pool_lock = LOCK_INIT(RANK_WAITQ);
static struct waitq arrived = WAITQ_INIT(arrived); /* [pool_lock] */
static uint32_t ready[HOST_MEMORIES_MAX];	   /* [pool_lock] */
static uint32_t nready;				   /* [pool_lock] */
static uint32_t coming;				   /* [pool_lock] asked for or being cleaned */
static uint32_t in_use;				   /* [pool_lock] */
static bool refused; /* [pool_lock] the engine said no since the last memory came back */

static void ask_locked(uint32_t n)
{
	coming += n;
	HOST_REQUEST(OP_MEMORY_NEED, n);
}

void pool_init(void)
{
	lock_acquire(&pool_lock);
	ask_locked(POOL_TARGET);
	lock_release(&pool_lock);
}

int memory_get(uint32_t *memory)
{
	bool asked = false;
	uint32_t used;
	int err = 0;

	lock_acquire(&pool_lock);
	while (nready == 0) {
		if (coming == 0) {
			/* One try for each caller: the engine may have memories again. */
			if (asked) {
				err = -EAGAIN;
				break;
			}
			asked = true;
			ask_locked(1);
		}
		err = waitq_sleep(&arrived, &pool_lock, WAIT_FOREVER, WAIT_KILLABLE);
		if (err)
			break;
	}
	if (!err) {
		*memory = ready[--nready];
		in_use++;
		if (!refused && nready + coming < POOL_TARGET)
			ask_locked(POOL_TARGET - nready - coming);
	} else if (nready > 0) {
		waitq_wake_one(&arrived); /* the one meant for this thread, if it was */
	}
	used = in_use;
	lock_release(&pool_lock);
	if (err == -EAGAIN)
		klog(KLOG_WARN, "mm: the engine has no further memory; %u are in use", used);
	return err;
}

void memory_put(uint32_t memory, uint32_t touched)
{
	lock_acquire(&pool_lock);
	in_use--;
	coming++;
	HOST_REQUEST(OP_MEMORY_FREE, memory, touched);
	lock_release(&pool_lock);
}

void memory_arrived(uint32_t memory)
{
	lock_acquire(&pool_lock);
	coming--;
	refused = false;
	KASSERT(nready < ARRAY_LEN(ready));
	ready[nready++] = memory;
	waitq_wake_one(&arrived);
	lock_release(&pool_lock);
}

void memory_refused(void)
{
	lock_acquire(&pool_lock);
	coming--;
	refused = true;
	waitq_wake_all(&arrived);
	lock_release(&pool_lock);
}

uint32_t memory_in_use(void)
{
	uint32_t n;

	lock_acquire(&pool_lock);
	n = in_use;
	lock_release(&pool_lock);
	return n;
}

/*
 * host.h - the kernel's end of the rings to the host (abi/ring.h has both sides' rules).
 * Locks: RANK_RING for the request ring. The event thread runs in the timer Worker: it handles
 * host events, due timers and what dead threads left behind; it never waits for the host.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "lib/types.h"
#include "abi/ring.h"

struct host_area *host_area_ptr(void);

/* Queue a request of up to 7 words. Callable under any lock below RANK_RING. Panics if the ring is
 * full: the host takes requests as fast as they come, so 1024 in flight mean that it is gone. */
void host_request(uint32_t op, const uint32_t *args, uint32_t n);
#define HOST_REQUEST(op, ...)                                                                      \
	host_request((op), (const uint32_t[]){__VA_ARGS__},                                        \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/*
 * Send c (OP_CHUNK or OP_HOSTFS) and sleep until the host has answered. Holds no lock but sleepable
 * ones. Not ended by signals: the host bounds the time. Returns 0 or -errno from the host.
 */
int host_call(uint32_t op, struct host_call *c);

/* Ask the event thread to look again (new timer, dead thread). Any lock may be held. */
void host_kick_event_thread(void);

/* The event thread's life; called once in the timer Worker. */
NORETURN void host_event_loop(void);
/* From here on the calling thread is the event thread. */
void host_event_begin(void);
/* One round of it: events, timers, dead threads. Returns ns of the next deadline, absolute, or
 * WAIT_FOREVER. Also what tests drive. */
uint64_t host_event_round(void);

#endif

/*
 * det.h - the deterministic machine: threads are fibers of one Linux thread, and the next one to
 * run is chosen by a seed at each arch_preempt(), arch_wait(), arch_notify() and atomic operation.
 * The clock stands still while anybody can run; when all sleep it jumps to the first timeout.
 * The same seed gives the same run.
 */
#ifndef ARCH_DET_DET_H
#define ARCH_DET_DET_H

#include "lib/types.h"

struct fiber;
struct waker;

/*
 * Run body as the first thread of a machine with this seed, until it returns. Threads it started
 * must have ended by then (ktest_failed otherwise).
 */
void det_run(uint64_t seed, void (*body)(void *), void *arg, struct waker *self);
/* Start a thread; it runs when the seed says so. */
struct fiber *det_start(void (*body)(void *), void *arg, struct waker *self);
/* Sleep until it has ended, and forget it. */
void det_join(struct fiber *f);
/* Let any other thread run, if one can. */
void det_yield(void);
/* End the calling thread. */
NORETURN void det_exit(void);
uint64_t det_seed(void);
/* One line per thread: what it waits for and the locks it holds. Returns the length. */
size_t det_describe(char *buf, size_t size);

#endif

/*
 * arch.c - the kernel on Linux threads, for the sanitizers: a thread is a pthread, waiting is
 * futex(2). Everything else is in machine.c.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/native/native.h"

static _Thread_local struct waker *self;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void arch_wait(uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
	struct timespec t = {timeout_ns / 1000000000, timeout_ns % 1000000000};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, timeout_ns < 0 ? NULL : &t, NULL, 0);
}

void arch_notify(uint32_t *word, uint32_t n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n > INT_MAX ? INT_MAX : (int)n, NULL, NULL, 0);
}

void arch_preempt(void)
{
}

struct waker *arch_self(void)
{
	return self;
}

void arch_set_self(struct waker *w)
{
	self = w;
}

uint64_t arch_clock_ns(void)
{
	static uint64_t start;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), first = 0;

	/* Whoever comes first sets the machine's time 0. */
	__atomic_compare_exchange_n(
		&start, &first, now - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return now - __atomic_load_n(&start, __ATOMIC_SEQ_CST);
}

uint64_t arch_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

void arch_random(void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n > 0) {
		ssize_t done = getrandom(p, n, 0);

		if (done <= 0)
			abort();
		p += done;
		n -= (size_t)done;
	}
}

NORETURN void arch_leave(void)
{
	ktest_left();
}

NORETURN void arch_halt(const char *message)
{
	ktest_halted(message);
}

/*
 * arch.c - the seeded scheduler of det.h. One Linux thread runs everything, so nothing here needs
 * a lock. Fibers are ucontext(3); their stacks are kept and used again.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "arch/det/det.h"
#include "arch/native/native.h"
#include "lib/waitq.h"

#define FIBERS 32
#define STACK_SIZE (256u * 1024)
#define STEP_LIMIT 5000000u /* a run with more choices than this has no progress in it */
#define REALTIME_BASE 1767225600000000000ull /* 2026-01-01 */

enum fiber_state { UNUSED, RUNNABLE, WAITING, JOINING, ENDED };

struct fiber {
	ucontext_t context;
	enum fiber_state state;
	uint8_t *stack;
	void (*body)(void *);
	void *arg;
	struct waker *self;
	struct native_u *u;
	uint32_t *word;	      /* WAITING: on this */
	uint64_t deadline;    /* WAITING: clock time, or WAIT_FOREVER */
	struct fiber *target; /* JOINING */
};

static struct fiber fibers[FIBERS];
static struct fiber *current; /* NULL: no machine runs */
static ucontext_t outside;
static struct waker *outside_self;
static uint64_t seed_now, random_state, clock_now, steps;

/* splitmix64: good enough to choose with, and one word of state. */
static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

size_t det_describe(char *buf, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < FIBERS && n < size; i++) {
		struct fiber *f = &fibers[i];
		static const char *const names[] = {"", "can run", "waits", "joins", "ended"};

		if (f->state == UNUSED || f->state == ENDED)
			continue;
		n += (size_t)snprintf(
			buf + n, size - n, "  thread %u %s", f->self->id, names[f->state]);
		if (f->state == WAITING && n < size)
			n += (size_t)snprintf(buf + n, size - n, " in %s on %s",
				f->self->wchan ? f->self->wchan : "a lock",
				f->word == &f->self->wake ? "its own word" : "a lock's word");
		for (uint32_t h = 0; h < f->self->held_count && n < size; h++)
			n += (size_t)snprintf(buf + n, size - n, "%s %s (rank %u)",
				h ? "," : ", holds", f->self->held[h]->where,
				f->self->held[h]->rank);
		if (n < size)
			n += (size_t)snprintf(buf + n, size - n, "\n");
	}
	return n < size ? n : size - 1;
}

static NORETURN void stuck(const char *what)
{
	char text[4096];
	int n = snprintf(
		text, sizeof(text), "det: %s at seed %llu\n", what, (unsigned long long)seed_now);

	det_describe(text + n, sizeof(text) - (size_t)n);
	ktest_halted(text);
}

/* Sleepers whose time has come can run. Returns how many. */
static int wake_timed_out(void)
{
	int n = 0;

	for (int i = 0; i < FIBERS; i++) {
		if (fibers[i].state == WAITING && fibers[i].deadline <= clock_now) {
			fibers[i].state = RUNNABLE;
			n++;
		}
	}
	return n;
}

static struct fiber *choose(void)
{
	struct fiber *can[FIBERS];
	uint32_t n;

	for (;;) {
		uint64_t first = WAIT_FOREVER;

		n = 0;
		for (int i = 0; i < FIBERS; i++) {
			if (fibers[i].state == RUNNABLE)
				can[n++] = &fibers[i];
			else if (fibers[i].state == WAITING && fibers[i].deadline < first)
				first = fibers[i].deadline;
		}
		if (n == 1)
			return can[0];
		if (n > 1 && ++steps > STEP_LIMIT)
			stuck("no end in sight");
		if (n > 1)
			return can[next_random() % n];
		if (first == WAIT_FOREVER)
			stuck("deadlock");
		clock_now = first;
		wake_timed_out();
	}
}

static void switch_to(struct fiber *next)
{
	struct fiber *from = current;

	if (next == from)
		return;
	from->u = native_u_current();
	current = next;
	native_u_use(next->u);
	swapcontext(&from->context, &next->context);
}

static void fiber_main(void)
{
	current->body(current->arg);
	det_exit();
}

static struct fiber *fiber_new(void (*body)(void *), void *arg, struct waker *self)
{
	struct fiber *f = NULL;

	for (int i = 0; i < FIBERS && !f; i++) {
		if (fibers[i].state == UNUSED)
			f = &fibers[i];
	}
	if (!f)
		ktest_halted("det: too many threads");
	if (!f->stack) {
		uint8_t *p = mmap(NULL, STACK_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED || mprotect(p, PAGE_SIZE, PROT_NONE))
			abort();
		f->stack = p + PAGE_SIZE;
	}
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_SIZE;
	f->context.uc_link = NULL;
	makecontext(&f->context, fiber_main, 0);
	f->state = RUNNABLE;
	f->body = body;
	f->arg = arg;
	f->self = self;
	f->u = native_u_current();
	f->word = NULL;
	f->deadline = WAIT_FOREVER;
	return f;
}

struct fiber *det_start(void (*body)(void *), void *arg, struct waker *self)
{
	struct fiber *f = fiber_new(body, arg, self);

	arch_preempt();
	return f;
}

NORETURN void det_exit(void)
{
	current->state = ENDED;
	for (int i = 0; i < FIBERS; i++) {
		if (fibers[i].state == JOINING && fibers[i].target == current)
			fibers[i].state = RUNNABLE;
	}
	if (current == &fibers[0]) {
		setcontext(&outside);
		abort();
	}
	switch_to(choose());
	abort();
}

void det_join(struct fiber *f)
{
	while (f->state != ENDED) {
		current->state = JOINING;
		current->target = f;
		switch_to(choose());
	}
	f->state = UNUSED;
}

void det_run(uint64_t seed, void (*body)(void *), void *arg, struct waker *self)
{
	volatile bool done = false;

	seed_now = random_state = seed;
	clock_now = steps = 0;
	for (int i = 0; i < FIBERS; i++)
		fibers[i].state = UNUSED;
	current = fiber_new(body, arg, self);
	getcontext(&outside);
	if (!done) {
		done = true;
		setcontext(&current->context);
	}
	for (int i = 1; i < FIBERS; i++) {
		if (fibers[i].state != UNUSED && fibers[i].state != ENDED)
			stuck("the test ended while threads ran");
	}
	current = NULL;
}

void det_yield(void)
{
	if (current)
		switch_to(choose());
}

uint64_t det_seed(void)
{
	return seed_now;
}

void det_atomic_point(void)
{
	/* Most atomics are no protocol: switching at one of four finds the rest soon enough. */
	if (current && (next_random() & 3) == 0)
		switch_to(choose());
}

void arch_preempt(void)
{
	det_yield();
}

void arch_wait(uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
	if (!current) {
		if (*word == seen)
			ktest_halted("det: a sleep outside of any thread");
		return;
	}
	arch_preempt();
	/* Callers must bear with a wait that returns early. */
	if (*word != seen || (next_random() & 31) == 0)
		return;
	current->word = word;
	current->deadline = timeout_ns < 0 ? WAIT_FOREVER : clock_now + (uint64_t)timeout_ns;
	current->state = WAITING;
	switch_to(choose());
}

void arch_notify(uint32_t *word, uint32_t n)
{
	for (; n > 0; n--) {
		struct fiber *can[FIBERS];
		uint32_t count = 0;

		for (int i = 0; i < FIBERS; i++) {
			if (fibers[i].state == WAITING && fibers[i].word == word)
				can[count++] = &fibers[i];
		}
		if (count == 0)
			break;
		can[next_random() % count]->state = RUNNABLE;
	}
	arch_preempt();
}

struct waker *arch_self(void)
{
	return current ? current->self : outside_self;
}

void arch_set_self(struct waker *self)
{
	if (current)
		current->self = self;
	else
		outside_self = self;
}

uint64_t arch_clock_ns(void)
{
	return clock_now;
}

uint64_t arch_realtime_ns(void)
{
	return REALTIME_BASE + clock_now;
}

/* From the seed: the same run has the same numbers. */
void arch_random(void *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)buf)[i] = (uint8_t)(next_random() >> 32);
}

NORETURN void arch_leave(void)
{
	ktest_left();
}

NORETURN void arch_halt(const char *message)
{
	ktest_halted(message);
}

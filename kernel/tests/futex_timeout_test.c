/* futex(2): timeouts of each kind, and waits that signals end or do not. */
#include "thread.h"
#include <linux/futex.h>

static atomic_int word, tid, handled;

/* libc's struct timespec is not always the kernel's of this call. */
static struct kernel_timespec {
	long long sec, nsec;
} span(long long ns)
{
	return (struct kernel_timespec){ns / 1000000000, ns % 1000000000};
}
static struct kernel_timespec at(clockid_t clock, long long ns)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return span(t.tv_sec * 1000000000ll + t.tv_nsec + ns);
}
#define MS 1000000ll

static void handler(int signo)
{
	(void)signo;
	atomic_fetch_add(&handled, 1);
}
struct wait {
	int op;
	struct kernel_timespec time;
	int forever;
};
static void *waits(void *arg)
{
	struct wait *w = arg;
	long r;

	tid = thread_id();
	r = futex(&word, w->op, 0, w->forever ? NULL : &w->time, NULL, -1);
	return (void *)(long)(r == -1 ? errno : 0);
}
static void interrupted(const char *what, int op, struct kernel_timespec time, int flags)
{
	struct wait w = {op, time, time.sec < 0};
	pthread_t t;
	long r;

	on_signal(SIGUSR1, handler, flags);
	tid = handled = 0;
	t = start(waits, (long)&w);
	while (!tid)
		sched_yield();
	await_asleep(tid);
	pthread_kill(t, SIGUSR1);
	await(&handled, 1);
	for (int i = 0; i < 20; i++) {
		usleep(1000);
		futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	r = join(t);
	printf("%s, %s: %s\n", what, flags ? "SA_RESTART" : "no SA_RESTART",
		r ? errno_name((int)r) : "woken");
}

int main(void)
{
	struct kernel_timespec t;
	int64_t before;

	t = span(0);
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	t = span(30 * MS);
	before = now_ms();
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	TRUTH(now_ms() - before >= 30);
	SHOW(futex(&word, FUTEX_WAIT, 1, &t, NULL, 0));
	t = (struct kernel_timespec){-1, 0};
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	t = (struct kernel_timespec){0, 1000000000};
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT, 0, bad_address, NULL, 0));
	t = at(CLOCK_MONOTONIC, 20 * MS);
	before = now_ms();
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, -1));
	TRUTH(now_ms() - before >= 19);
	t = at(CLOCK_MONOTONIC, -20 * MS);
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, -1));
	t = at(CLOCK_REALTIME, 20 * MS);
	before = now_ms();
	SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, -1));
	TRUTH(now_ms() - before >= 19);
	t = span(0);
	SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, -1));

	t = (struct kernel_timespec){-1, 0};
	interrupted("for ever", FUTEX_WAIT_PRIVATE, t, 0);
	interrupted("for ever", FUTEX_WAIT_PRIVATE, t, SA_RESTART);
	interrupted("for a time", FUTEX_WAIT_PRIVATE, span(1000000 * MS), 0);
	interrupted("for a time", FUTEX_WAIT_PRIVATE, span(1000000 * MS), SA_RESTART);
	interrupted("until then", FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
		at(CLOCK_MONOTONIC, 1000000 * MS), SA_RESTART);
	return 0;
}

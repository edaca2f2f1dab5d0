/* thread.h - what the conformance programs about threads share. */
#ifndef TESTS_THREAD_H
#define TESTS_THREAD_H

#include "conformance.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

/* pthread calls return their errno. SHOW_E(pthread_join(t, NULL)) prints "...: 0" or its name. */
UNUSED static int show_e(const char *what, int err)
{
	printf("%s: %s\n", what, err ? errno_name(err) : "0");
	return err;
}
#define SHOW_E(call) show_e(#call, (call))

UNUSED static pthread_t start(void *(*f)(void *), long arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, f, (void *)arg);

	errno = err;
	CHECK(err == 0);
	return t;
}
UNUSED static long join(pthread_t t)
{
	void *r;

	CHECK(pthread_join(t, &r) == 0);
	return (long)r;
}

/* Wait until *word has a value; others run meanwhile. */
UNUSED static void await(atomic_int *word, int value)
{
	while (atomic_load(word) != value)
		sched_yield();
}

UNUSED static pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* How a thread looks: the state letter of its line in /proc. */
UNUSED static char thread_state(pid_t tid)
{
	char path[64];
	const char *text, *end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	text = get_file(path);
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}
/* Return once that thread of this process sleeps. */
UNUSED static void await_asleep(pid_t tid)
{
	while (thread_state(tid) != 'S')
		sched_yield();
}

/* futex(2) itself. timeout is a struct timespec or a number. */
UNUSED static long futex(
	atomic_int *word, int op, int val, const void *timeout, atomic_int *word2, int val3)
{
	return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}

#endif

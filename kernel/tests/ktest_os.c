/* ktest_os.c - see ktest_os.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/ktest_os.h"

int ktest_main(int argc, char **argv);

struct shared {
	int end;
	char message[8192];
};
static struct shared *shared; /* with the running child */
static size_t (*describe)(char *, size_t);

static void timed_out(int signo)
{
	(void)signo;
	if (describe)
		describe(shared->message, sizeof(shared->message));
	shared->end = OS_TIMED_OUT;
	_exit(1);
}

void os_on_timeout(size_t (*f)(char *buf, size_t size))
{
	describe = f;
}

void os_end_child(enum os_end end, const char *message)
{
	snprintf(shared->message, sizeof(shared->message), "%s", message);
	shared->end = end;
	fflush(NULL);
	_exit(1);
}

enum os_end os_run_child(void (*body)(void *), void *arg, unsigned timeout_s, const char **message)
{
	int status;
	pid_t pid;

	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			abort();
	}
	shared->end = OS_CRASHED;
	shared->message[0] = 0;
	*message = shared->message;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		signal(SIGALRM, timed_out);
		alarm(timeout_s);
		body(arg);
		shared->end = OS_PASSED;
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* A sanitizer's report ends the child with its own status after the body was done. */
	if (shared->end == OS_PASSED && status != 0)
		return OS_CRASHED;
	return (enum os_end)shared->end;
}

struct start {
	void (*body)(void *);
	void *arg;
	pthread_t thread;
};

static void *thread_main(void *p)
{
	struct start *s = p;

	s->body(s->arg);
	return NULL;
}

void *os_thread_start(void (*body)(void *), void *arg)
{
	struct start *s = os_alloc(sizeof(*s), 16);

	s->body = body;
	s->arg = arg;
	if (pthread_create(&s->thread, NULL, thread_main, s))
		abort();
	return s;
}

void os_thread_join(void *thread)
{
	struct start *s = thread;

	pthread_join(s->thread, NULL);
	os_free(s);
}

void os_thread_exit(void)
{
	pthread_exit(NULL);
}

void os_yield(void)
{
	sched_yield();
}

void *os_alloc(size_t n, size_t align)
{
	void *p = aligned_alloc(align, (n + align - 1) & ~(align - 1));

	if (!p)
		abort();
	memset(p, 0, n);
	return p;
}

void os_free(void *p)
{
	free(p);
}

void os_copy(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}

void os_zero(void *p, size_t n)
{
	memset(p, 0, n);
}

void os_print(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

const char *os_env(const char *name)
{
	return getenv(name);
}

uint64_t os_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	return ktest_main(argc, argv);
}

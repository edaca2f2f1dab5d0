/* exit(3), _exit(2) and pthread_exit(3) with other threads about: who ends, and with what status.
 */
#include "thread.h"

static atomic_int ready;
static int fds[2];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void *spins(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	for (;;)
		;
	return NULL;
}
static void *reads(void *arg)
{
	char c;

	(void)arg;
	atomic_fetch_add(&ready, 1);
	(void)!read(fds[0], &c, 1);
	return NULL;
}
static void *locks(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	pthread_mutex_lock(&m);
	return NULL;
}
static void *calls(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	for (;;)
		getppid();
	return NULL;
}
static void all_kinds(void)
{
	CHECK(pipe(fds) == 0);
	pthread_mutex_lock(&m);
	start(spins, 0);
	start(reads, 0);
	start(locks, 0);
	start(calls, 0);
	await(&ready, 4);
}
static void *exits(void *arg)
{
	await(&ready, 4);
	exit((int)(long)arg);
	return NULL;
}
static void *exits_thread(void *arg)
{
	syscall(SYS_exit, (int)(long)arg);
	return NULL;
}
static void main_exits(void)
{
	all_kinds();
	_exit(11);
}
static void thread_exits(void)
{
	start(exits, 12);
	all_kinds();
	pause();
}
static void at_exit(void)
{
	puts("atexit ran");
}
/* The kernel clears it as the first thread ends, when that has been counted. */
static _Atomic int first_is_there = 1;

static void *returns_last(void *arg)
{
	(void)arg;
	while (first_is_there)
		sched_yield();
	return NULL;
}

static void *returns_late(void *arg)
{
	gate_wait(arg);
	return NULL;
}
static void main_thread_leaves(void)
{
	static struct gate g;

	atexit(at_exit);
	g = gate_new();
	start(returns_late, (long)&g);
	gate_open(&g);
	pthread_exit((void *)5L); /* the last thread ends the process with 0 */
}
static void raw_exit_of_thread(void)
{
	pthread_t t = start(exits_thread, 3);

	(void)t;
	for (int i = 0; i < 100; i++)
		sched_yield();
	_exit(13);
}
static void all_exit_at_once(void)
{
	ready = 4;
	for (int i = 0; i < 6; i++)
		start(exits, 20);
	exit(20);
}
static void leader_first(void)
{
	start(returns_last, 0);
	syscall(SYS_set_tid_address, &first_is_there);
	syscall(SYS_exit, 7); /* the process's status is its last thread's */
}
static void *traps(void *arg)
{
	(void)arg;
	await(&ready, 4);
	__builtin_trap();
	return NULL;
}
static void *aborts(void *arg)
{
	(void)arg;
	await(&ready, 4);
	abort();
	return NULL;
}
static void trapped(void)
{
	start(traps, 0);
	all_kinds();
	pause();
}
static void aborted(void)
{
	start(aborts, 0);
	all_kinds();
	pause();
}

static void tell(const char *what, void (*f)(void))
{
	int status;

	CHECK(waitpid(child(f), &status, 0) > 0);
	show_status(what, status);
}

int main(void)
{
	tell("_exit of main", main_exits);
	tell("exit of a thread", thread_exits);
	tell("pthread_exit of main", main_thread_leaves);
	tell("exit of one thread, then _exit", raw_exit_of_thread);
	tell("all at once", all_exit_at_once);
	tell("exit of the first thread alone", leader_first);
	tell("a thread traps", trapped);
	tell("a thread aborts", aborted);
	for (int i = 0; i < 20; i++) {
		int status;

		CHECK(waitpid(child(i % 2 ? main_exits : all_exit_at_once), &status, 0) > 0);
		CHECK(WEXITSTATUS(status) == (i % 2 ? 11 : 20));
	}
	puts("20 times: done");
	return 0;
}

/* Robust mutexes: what a thread leaves locked says so; the list that the kernel walks. */
#include "thread.h"
#include <linux/futex.h>

static pthread_mutex_t m[3], plain;
static atomic_int tid, locked;
static struct gate gate;

static void *locks_and_ends(void *arg)
{
	for (int i = 0; i < COUNT(m); i++)
		CHECK(pthread_mutex_lock(&m[i]) == 0);
	if (arg)
		pthread_exit(NULL);
	return NULL;
}
static void *locks_and_stays(void *arg)
{
	CHECK(pthread_mutex_lock(&m[0]) == 0);
	locked = 1;
	gate_wait(&gate);
	return arg;
}
static void *wants(void *arg)
{
	(void)arg;
	tid = thread_id();
	return (void *)(long)pthread_mutex_lock(&m[0]);
}
static void *by_hand(void *arg)
{
	static struct {
		struct robust_list list;
		atomic_int word;
	} lock;
	static struct robust_list_head head;

	(void)arg;
	head.list.next = &lock.list;
	head.futex_offset = (char *)&lock.word - (char *)&lock.list;
	lock.list.next = &head.list;
	lock.word = thread_id();
	CHECK(syscall(SYS_set_robust_list, &head, sizeof(head)) == 0);
	return &lock.word;
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_t owner, next;
	struct robust_list_head *head;
	size_t len;
	void *r;

	CHECK(pthread_mutexattr_init(&a) == 0);
	SHOW_E(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
	for (int i = 0; i < COUNT(m); i++)
		CHECK(pthread_mutex_init(&m[i], &a) == 0);
	CHECK(pthread_mutex_init(&plain, NULL) == 0);
	for (long round = 0; round < 2; round++) {
		join(start(locks_and_ends, round));
		TRUTH(pthread_mutex_trylock(&m[0]) == EOWNERDEAD);
		TRUTH(pthread_mutex_lock(&m[1]) == EOWNERDEAD);
		TRUTH(pthread_mutex_lock(&m[2]) == EOWNERDEAD);
		for (int i = 0; i < COUNT(m); i++) {
			CHECK(pthread_mutex_consistent(&m[i]) == 0);
			CHECK(pthread_mutex_unlock(&m[i]) == 0);
			CHECK(pthread_mutex_lock(&m[i]) == 0);
			CHECK(pthread_mutex_unlock(&m[i]) == 0);
		}
	}
	gate = gate_new();
	owner = start(locks_and_stays, 0);
	await(&locked, 1);
	next = start(wants, 0);
	while (!tid)
		sched_yield();
	await_asleep(tid);
	gate_open(&gate);
	TRUTH(join(next) == EOWNERDEAD);
	join(owner);
	/* That one ended without making it consistent, or unlocking it. */
	TRUTH(pthread_mutex_lock(&m[0]) == EOWNERDEAD);
	SHOW_E(pthread_mutex_unlock(&m[0]));
	TRUTH(pthread_mutex_lock(&m[0]) == ENOTRECOVERABLE);

	CHECK(pthread_join(start(by_hand, 0), &r) == 0);
	printf("by hand: %x\n", (unsigned)*(atomic_int *)r & (FUTEX_OWNER_DIED | FUTEX_WAITERS));
	SHOW(syscall(SYS_set_robust_list, NULL, 5));
	SHOW(syscall(SYS_get_robust_list, 0, &head, &len));
	TRUTH(len == sizeof(*head));
	SHOW(syscall(SYS_get_robust_list, getpid(), &head, &len));
	SHOW(syscall(SYS_get_robust_list, 0, bad_address, &len));
	SHOW(syscall(SYS_get_robust_list, 4000000, &head, &len));
	return 0;
}

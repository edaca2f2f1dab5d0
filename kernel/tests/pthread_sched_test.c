/* Scheduling calls and usage of single threads: they take a thread's id where they take a
 * process's. */
#include "thread.h"
#include <sys/resource.h>

static atomic_int tid, done;

static void *computes(void *arg)
{
	struct rusage u;
	int64_t until;

	clock_t start = clock();
	(void)arg;
	do {
		CHECK(getrusage(RUSAGE_THREAD, &u) == 0);
		until = (int64_t)u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec +
			(int64_t)u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec;
	} while (until < 30000);
	CHECK(clock() - start >= 20000);
	tid = thread_id();
	while (!done)
		usleep(1000);
	return NULL;
}

int main(void)
{
	struct sched_param param = {.sched_priority = 7};
	struct rusage u;
	cpu_set_t set;
	pthread_t t = start(computes, 0);
	int policy = 9;

	while (!tid)
		sched_yield();
	SHOW_E(pthread_getschedparam(t, &policy, &param));
	printf("policy %d, priority %d\n", policy, param.sched_priority);
	SHOW_E(pthread_setschedparam(t, SCHED_OTHER, &param));
	param.sched_priority = 1;
	SHOW_E(pthread_setschedparam(t, SCHED_OTHER, &param));
	SHOW(syscall(SYS_sched_getscheduler, (int)tid));
	SHOW(syscall(SYS_sched_getscheduler, 4000000));
	CPU_ZERO(&set);
	SHOW_E(pthread_getaffinity_np(t, sizeof(set), &set));
	TRUTH(CPU_COUNT(&set) >= 1);
	SHOW_E(pthread_setaffinity_np(t, sizeof(set), &set));
	CPU_ZERO(&set);
	SHOW_E(pthread_setaffinity_np(t, sizeof(set), &set));
	SHOW((getpriority(PRIO_PROCESS, (id_t)tid), errno == 0));
	CHECK(getrusage(RUSAGE_THREAD, &u) == 0);
	TRUTH(u.ru_utime.tv_sec < 5);
	SHOW(getrusage(7, &u));
	SHOW_E(sched_yield());
	done = 1;
	join(t);
	return 0;
}

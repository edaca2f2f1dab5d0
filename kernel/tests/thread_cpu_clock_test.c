/* Processor time of threads and processes: it grows by work, not by sleep; who may read whose. */
#include "thread.h"

static atomic_int ready, done;

static int64_t ns_of(clockid_t clock)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static void work_ms(int ms)
{
	int64_t until = ns_of(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000ll;

	while (ns_of(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}
static void *works(void *arg)
{
	int64_t before = ns_of(CLOCK_THREAD_CPUTIME_ID);

	work_ms((int)(long)arg);
	return (void *)(long)((ns_of(CLOCK_THREAD_CPUTIME_ID) - before) / 1000000 >= (long)arg);
}
static void *sleeps(void *arg)
{
	int64_t before = ns_of(CLOCK_THREAD_CPUTIME_ID);

	(void)arg;
	usleep(100000);
	return (void *)(long)(ns_of(CLOCK_THREAD_CPUTIME_ID) - before < 50000000);
}
static void *waits(void *arg)
{
	(void)arg;
	work_ms(20);
	ready = 1;
	while (!done)
		pause();
	return NULL;
}
static void nothing(int signo)
{
	(void)signo;
}

int main(void)
{
	int64_t before, cpu;
	struct timespec t;
	clockid_t clock;
	pthread_t other;

	TRUTH(join(start(works, 30)));
	TRUTH(join(start(sleeps, 0)));
	before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	{
		pthread_t two[2] = {start(works, 30), start(works, 30)};

		TRUTH(join(two[0]) && join(two[1]));
	}
	TRUTH(ns_of(CLOCK_PROCESS_CPUTIME_ID) - before >= 60000000);
	before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	usleep(60000);
	TRUTH(ns_of(CLOCK_PROCESS_CPUTIME_ID) - before < 30000000);

	on_signal(SIGUSR1, nothing, 0);
	other = start(waits, 0);
	await(&ready, 1);
	SHOW_E(pthread_getcpuclockid(other, &clock));
	cpu = ns_of(clock);
	TRUTH(cpu >= 20000000);
	TRUTH(clock_getres(clock, &t) == 0 && t.tv_sec == 0);
	SHOW_E(pthread_getcpuclockid(pthread_self(), &clock));
	before = ns_of(CLOCK_THREAD_CPUTIME_ID);
	TRUTH(ns_of(clock) >= before);
	SHOW_E(clock_getcpuclockid(0, &clock));
	TRUTH(ns_of(clock) > 0);
	SHOW_E(clock_getcpuclockid(getpid(), &clock));
	TRUTH(ns_of(clock) > 0);
	SHOW_E(clock_getcpuclockid(getppid(), &clock));
	TRUTH(ns_of(clock) >= 0);
	SHOW(clock_gettime((clockid_t)(~(unsigned)getppid() << 3 | 6), &t)); /* another's thread */
	SHOW(clock_gettime((clockid_t)(~4000000u << 3 | 2), &t));
	done = 1;
	pthread_kill(other, SIGUSR1);
	join(other);
	return 0;
}

/* pthread_timedjoin_np(3), pthread_tryjoin_np(3), semaphores and clocks of waits; joins that many
 * make. */
#include "thread.h"
#include <semaphore.h>

static sem_t go;

static void *waits(void *arg)
{
	while (sem_wait(&go))
		;
	return arg;
}
static void *joins(void *arg)
{
	return (void *)(join((pthread_t)arg) + 1);
}
static void after(struct timespec *t, clockid_t clock, long ms)
{
	int64_t ns;

	clock_gettime(clock, t);
	ns = t->tv_nsec + (int64_t)ms * 1000000; /* a long may have 32 bits */
	t->tv_sec += ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
}

int main(void)
{
	struct timespec t;
	pthread_t a, chain;
	int64_t before;
	void *r;

	CHECK(sem_init(&go, 0, 0) == 0);
	a = start(waits, 5);
	SHOW_E(pthread_tryjoin_np(a, &r));
	after(&t, CLOCK_REALTIME, 30);
	before = now_ms();
	SHOW_E(pthread_timedjoin_np(a, &r, &t));
	TRUTH(now_ms() - before >= 29);
	sem_post(&go);
	after(&t, CLOCK_REALTIME, 20000);
	SHOW_E(pthread_timedjoin_np(a, &r, &t));
	printf("returned %ld\n", (long)r);
	a = start(waits, 1);
	chain = a;
	for (int i = 0; i < 8; i++)
		chain = start(joins, (long)chain);
	sem_post(&go);
	printf("a chain of joins: %ld\n", join(chain));
	for (int i = 0; i < 30; i++) {
		a = start(waits, i);
		sem_post(&go);
		while (pthread_tryjoin_np(a, &r) != 0)
			sched_yield();
		CHECK((long)r == i);
	}
	puts("tried until they ended");
	return 0;
}

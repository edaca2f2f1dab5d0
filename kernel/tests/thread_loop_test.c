/* Handlers reach loops that make no call, in each thread, soon; whoever else computes beside. */
#include "thread.h"

#define THREADS 4
#define ROUNDS 40

static _Thread_local int me;
static atomic_int got[THREADS], ready, done;
static volatile unsigned long work[THREADS][16];

static void handler(int signo)
{
	(void)signo;
	atomic_fetch_add(&got[me], 1);
}
static void *computes(void *arg)
{
	me = (int)(long)arg;
	atomic_fetch_add(&ready, 1);
	while (!done) {
		/* loops in loops, and calls that are inlined or not */
		for (int i = 0; i < 50; i++)
			for (int k = 0; k < 16; k++)
				work[me][k] += work[me][(k + i) & 15] * 7 + 1;
	}
	return NULL;
}
static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}
static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(void)
{
	int64_t took[ROUNDS];
	pthread_t t[THREADS];

	on_signal(SIGUSR1, handler, 0);
	me = 0;
	for (long i = 0; i < THREADS; i++)
		t[i] = start(computes, i);
	await(&ready, THREADS);
	for (int i = 0; i < ROUNDS; i++) {
		int before = got[i % THREADS];

		took[i] = now_us();
		CHECK(pthread_kill(t[i % THREADS], SIGUSR1) == 0);
		while (got[i % THREADS] == before)
			usleep(100);
		took[i] = now_us() - took[i];
	}
	printf("one by one: %d %d %d %d\n", got[0], got[1], got[2], got[3]);
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	TRUTH(took[ROUNDS / 2] < 50000);
	/* All at once: nobody's look takes another's signal away. */
	for (int i = 0; i < ROUNDS; i++) {
		int before[THREADS];

		for (int k = 0; k < THREADS; k++)
			before[k] = got[k];
		for (int k = 0; k < THREADS; k++)
			CHECK(pthread_kill(t[k], SIGUSR1) == 0);
		for (int k = 0; k < THREADS; k++)
			while (got[k] == before[k])
				usleep(100);
	}
	printf("all at once: %d %d %d %d\n", got[0], got[1], got[2], got[3]);
	done = 1;
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
	return 0;
}

/* pthread_cond_*(3): wake-ups are not lost, time runs out, clocks of both kinds. */
#include "thread.h"

#define ROUNDS 1000

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER, c2 = PTHREAD_COND_INITIALIZER;
static int turn, waiting, go;

static void *plays(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&m);
		while (turn != me)
			pthread_cond_wait(&c, &m);
		turn = (turn + 1) % 3;
		pthread_cond_broadcast(&c);
		pthread_mutex_unlock(&m);
	}
	return NULL;
}
static void *waits(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&m);
	waiting++;
	while (!go)
		pthread_cond_wait(&c, &m);
	go--;
	waiting--;
	pthread_mutex_unlock(&m);
	return NULL;
}
static void after(clockid_t clock, struct timespec *t, long ms)
{
	clock_gettime(clock, t);
	t->tv_nsec += ms * 1000000;
	while (t->tv_nsec > 999999999) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
}

int main(void)
{
	pthread_condattr_t a;
	struct timespec at;
	pthread_t t[6];
	pthread_cond_t mono;

	for (int i = 0; i < 3; i++)
		t[i] = start(plays, i);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	printf("three took turns: %d\n", turn);

	for (int i = 0; i < 6; i++)
		t[i] = start(waits, 0);
	for (int left = 6; left > 0;) {
		pthread_mutex_lock(&m);
		if (waiting == 6)
			left = 0;
		pthread_mutex_unlock(&m);
		sched_yield();
	}
	pthread_mutex_lock(&m);
	go = 2;
	pthread_cond_signal(&c);
	pthread_cond_signal(&c);
	pthread_mutex_unlock(&m);
	for (int n = 6; n != 4;) {
		pthread_mutex_lock(&m);
		n = waiting;
		pthread_mutex_unlock(&m);
		sched_yield();
	}
	puts("two signals woke two");
	pthread_mutex_lock(&m);
	go = 4;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	printf("a broadcast woke the rest: %d wait\n", waiting);

	pthread_mutex_lock(&m);
	after(CLOCK_REALTIME, &at, 20);
	SHOW_E(pthread_cond_timedwait(&c2, &m, &at));
	at.tv_sec -= 10;
	SHOW_E(pthread_cond_timedwait(&c2, &m, &at));
	at.tv_nsec = -1;
	SHOW_E(pthread_cond_timedwait(&c2, &m, &at));
	CHECK(pthread_condattr_init(&a) == 0);
	SHOW_E(pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
	SHOW_E(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID));
	CHECK(pthread_cond_init(&mono, &a) == 0);
	after(CLOCK_MONOTONIC, &at, 20);
	SHOW_E(pthread_cond_timedwait(&mono, &m, &at));
	pthread_mutex_unlock(&m);
	SHOW_E(pthread_cond_destroy(&mono));
	return 0;
}

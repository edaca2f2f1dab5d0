/* pthread_mutex_*(3): kinds, trylock, timeouts, and counting under contention. */
#include "thread.h"

#define THREADS 4
#define ROUNDS 5000

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, rec, check;
static int counter;
static atomic_int ready;

static void *adds(void *arg)
{
	pthread_mutex_t *m = arg;

	atomic_fetch_add(&ready, 1);
	await(&ready, THREADS);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(m);
		counter++;
		pthread_mutex_unlock(m);
	}
	return NULL;
}
static void *tries(void *arg)
{
	int err = pthread_mutex_trylock(arg);

	if (!err)
		pthread_mutex_unlock(arg);
	return (void *)(long)err;
}
static void *unlocks(void *arg)
{
	return (void *)(long)pthread_mutex_unlock(arg);
}
static void make(pthread_mutex_t *m, int type)
{
	pthread_mutexattr_t a;

	CHECK(pthread_mutexattr_init(&a) == 0);
	CHECK(pthread_mutexattr_settype(&a, type) == 0);
	CHECK(pthread_mutex_init(m, &a) == 0);
	CHECK(pthread_mutexattr_destroy(&a) == 0);
}
static int tried(pthread_mutex_t *m)
{
	return (int)join(start(tries, (long)m));
}
static void contend(const char *name, pthread_mutex_t *m)
{
	pthread_t t[THREADS];

	counter = 0;
	ready = 0;
	for (int i = 0; i < THREADS; i++)
		t[i] = start(adds, (long)m);
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
	printf("%s: %d\n", name, counter);
}

int main(void)
{
	struct timespec at;

	make(&rec, PTHREAD_MUTEX_RECURSIVE);
	make(&check, PTHREAD_MUTEX_ERRORCHECK);
	SHOW_E(pthread_mutex_lock(&plain));
	SHOW_E(pthread_mutex_trylock(&plain));
	SHOW_E(tried(&plain));
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += 20000000;
	if (at.tv_nsec > 999999999) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	SHOW_E(pthread_mutex_timedlock(&plain, &at));
	at.tv_nsec = 1000000000;
	SHOW_E(pthread_mutex_timedlock(&plain, &at));
	SHOW_E(pthread_mutex_unlock(&plain));
	SHOW_E(tried(&plain));
	SHOW_E(pthread_mutex_lock(&rec));
	SHOW_E(pthread_mutex_lock(&rec));
	SHOW_E(pthread_mutex_trylock(&rec));
	SHOW_E(tried(&rec));
	SHOW_E(pthread_mutex_unlock(&rec));
	SHOW_E(pthread_mutex_unlock(&rec));
	SHOW_E(tried(&rec));
	SHOW_E(pthread_mutex_unlock(&rec));
	SHOW_E(tried(&rec));
	SHOW_E(pthread_mutex_unlock(&rec));
	SHOW_E(pthread_mutex_lock(&check));
	SHOW_E(pthread_mutex_lock(&check));
	SHOW_E((int)join(start(unlocks, (long)&check)));
	SHOW_E(pthread_mutex_unlock(&check));
	SHOW_E(pthread_mutex_unlock(&check));
	contend("plain", &plain);
	contend("recursive", &rec);
	contend("checked", &check);
	SHOW_E(pthread_mutex_destroy(&plain));
	return 0;
}

/* 32 threads at once, and many after each other. */
#include "thread.h"
#include <semaphore.h>

#define MANY 32

static atomic_int alive;
static sem_t go, sem;
static int sum, once_each[MANY];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void *lives(void *arg)
{
	long me = (long)arg;

	atomic_fetch_add(&alive, 1);
	while (sem_wait(&go) && errno == EINTR)
		;
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&m);
		sum++;
		pthread_mutex_unlock(&m);
	}
	once_each[me]++;
	return arg;
}
static void *posts(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		if (arg)
			sem_post(&sem);
		else
			while (sem_wait(&sem))
				;
	}
	return NULL;
}
static void *nothing(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_t t[MANY];
	struct timespec past = {1, 0};
	long total = 0;
	int v, each = 0;

	CHECK(sem_init(&go, 0, 0) == 0 && sem_init(&sem, 0, 0) == 0);
	for (long i = 0; i < MANY; i++)
		t[i] = start(lives, i);
	await(&alive, MANY);
	puts("32 are alive");
	for (int i = 0; i < MANY; i++)
		sem_post(&go);
	for (int i = 0; i < MANY; i++) {
		total += join(t[i]);
		each += once_each[i] == 1;
	}
	printf("sum %d, returned %ld, each once %d\n", sum, total, each);
	SHOW(sem_trywait(&sem));
	SHOW(sem_timedwait(&sem, &past));
	SHOW(sem_post(&sem));
	SHOW(sem_getvalue(&sem, &v));
	SHOW(sem_timedwait(&sem, &past));
	printf("value %d\n", v);
	for (int i = 0; i < 4; i++)
		t[i] = start(posts, i % 2);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	SHOW(sem_trywait(&sem));
	for (int i = 0; i < 100; i++)
		CHECK(join(start(nothing, i)) == i);
	puts("a hundred after each other");
	return 0;
}

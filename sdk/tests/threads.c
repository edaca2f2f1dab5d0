/* threads.c - a thread has a TLS block of its own; without one, pthread_create gives an errno. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static _Thread_local int tl = 7;

static void *start(void *arg)
{
	return tl == 7 && arg != &tl ? arg : NULL;
}

int main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;
	void *r;
	int err;

	tl = 8;
	err = pthread_create(&t, 0, start, &tl);
	if (!err && (pthread_join(t, &r) || r != &tl))
		return 1;
	printf("pthread_create: %s, own TLS %d\n", err ? strerror(err) : "joined", tl);
	pthread_mutex_lock(&m);
	printf("trylock: %s\n", strerror(pthread_mutex_trylock(&m)));
	return pthread_mutex_unlock(&m);
}

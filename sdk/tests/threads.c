/* threads.c - until the kernel has threads: pthread_create gives an errno and changes nothing. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static _Thread_local int tl = 7;

static void *start(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;
	int err;

	tl = 8;
	err = pthread_create(&t, 0, start, 0);
	printf("pthread_create: %s, own TLS %d\n", strerror(err), tl);
	pthread_mutex_lock(&m);
	printf("trylock: %s\n", strerror(pthread_mutex_trylock(&m)));
	return pthread_mutex_unlock(&m);
}

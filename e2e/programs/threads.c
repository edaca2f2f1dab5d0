/*
 * Threads: "threads many" runs 32 at once, "threads loop" computes in four of them and says on each
 * SIGINT which handled it, "threads limit" makes them until there are no more.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 32
#define MAX 4000

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_t threads[MAX];
static int here, go;
static long sum;

static void *adds(void *arg)
{
	pthread_mutex_lock(&m);
	here++;
	pthread_cond_broadcast(&c);
	while (!go)
		pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&m);
		sum += (long)arg;
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static void *loops(void *arg)
{
	volatile unsigned n = 0;

	(void)arg;
	pthread_mutex_lock(&m);
	here++;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	for (;;)
		n++;
}

static void await(int n)
{
	pthread_mutex_lock(&m);
	while (here < n)
		pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
}

static void end_all(int n)
{
	pthread_mutex_lock(&m);
	go = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* How many of n could be made; *err: why no more. */
static int make(int n, void *(*f)(void *), int *err)
{
	for (int i = 0; i < n; i++) {
		*err = pthread_create(&threads[i], NULL, f, (void *)(long)(i + 1));
		if (*err)
			return i;
	}
	return n;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int err = 0, n;

	if (!strcmp(mode, "many")) {
		n = make(MANY, adds, &err);
		await(n);
		printf("%d at once\n", n);
		end_all(n);
		printf("sum %ld\n", sum);
	} else if (!strcmp(mode, "loop")) {
		n = make(4, loops, &err);
		await(n);
		printf("%d looping\n", n);
		fflush(stdout);
		pause();
	} else if (!strcmp(mode, "limit")) {
		n = make(MAX, adds, &err);
		printf("after %d: %s\n", n, err == EAGAIN ? "EAGAIN" : strerror(err));
		fflush(stdout);
		await(n);
		end_all(n);
		go = here = 0;
		n = make(1, adds, &err);
		end_all(n);
		printf("then %d more\n", n);
	}
	return 0;
}

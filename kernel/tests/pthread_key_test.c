/* pthread_key_*(3), pthread_once(3), cleanup handlers: what runs when a thread ends, and in which
 * order. */
#include "thread.h"

static pthread_key_t key, again;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int inits;
static int rounds;

static void on_end(void *v)
{
	printf("destructor of key: %ld\n", (long)v);
	CHECK(pthread_getspecific(key) == NULL);
}
static void sets_again(void *v)
{
	rounds++;
	if ((long)v < 3)
		pthread_setspecific(again, (char *)v + 1);
}
static void first(void)
{
	for (int i = 0; i < 100; i++)
		sched_yield();
	atomic_fetch_add(&inits, 1);
}
static void *races(void *arg)
{
	(void)arg;
	pthread_once(&once, first);
	return (void *)(long)inits;
}
static void cleanup(void *arg)
{
	printf("cleanup %ld\n", (long)arg);
}
static void *body(void *arg)
{
	CHECK(pthread_getspecific(key) == NULL);
	CHECK(pthread_setspecific(key, arg) == 0);
	CHECK(pthread_setspecific(again, (void *)1L) == 0);
	pthread_cleanup_push(cleanup, (void *)1L);
	pthread_cleanup_push(cleanup, (void *)2L);
	pthread_cleanup_push(cleanup, (void *)3L);
	pthread_cleanup_pop(1);
	if ((long)arg == 7)
		pthread_exit(NULL);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	pthread_key_t keys[64];
	pthread_t t[4];

	SHOW_E(pthread_key_create(&key, on_end));
	SHOW_E(pthread_key_create(&again, sets_again));
	CHECK(pthread_setspecific(key, (void *)99L) == 0);
	join(start(body, 7));
	join(start(body, 8));
	printf("rounds %d, main's value %ld\n", rounds, (long)pthread_getspecific(key));
	for (int i = 0; i < 4; i++)
		t[i] = start(races, 0);
	for (int i = 0; i < 4; i++)
		CHECK(join(t[i]) == 1);
	printf("once: %d\n", (int)inits);
	for (int i = 0; i < 64; i++)
		CHECK(pthread_key_create(&keys[i], NULL) == 0);
	for (int i = 0; i < 64; i++)
		CHECK(pthread_setspecific(keys[i], (void *)(long)(i + 1)) == 0);
	for (int i = 0; i < 64; i++)
		CHECK(pthread_getspecific(keys[i]) == (void *)(long)(i + 1));
	for (int i = 0; i < 64; i++)
		CHECK(pthread_key_delete(keys[i]) == 0);
	SHOW_E(pthread_key_delete(key));
	return 0;
}

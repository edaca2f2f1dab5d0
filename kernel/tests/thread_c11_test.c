/* <threads.h>: C's own threads. */
#include "thread.h"
#include <threads.h>

static mtx_t m, timed;
static cnd_t c;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static int turns, called, ended;

static void first(void)
{
	called++;
}
static void at_end(void *v)
{
	ended += (int)(long)v;
}
static int body(void *arg)
{
	call_once(&once, first);
	tss_set(key, arg);
	mtx_lock(&m);
	turns++;
	cnd_broadcast(&c);
	while (turns < 3)
		cnd_wait(&c, &m);
	mtx_unlock(&m);
	return (int)(long)arg * 2;
}
static int leaves(void *arg)
{
	(void)arg;
	thrd_exit(-7);
}

int main(void)
{
	struct timespec at;
	thrd_t t[3];
	int r, sum = 0;

	CHECK(mtx_init(&m, mtx_plain) == thrd_success);
	CHECK(mtx_init(&timed, mtx_timed | mtx_recursive) == thrd_success);
	CHECK(cnd_init(&c) == thrd_success);
	CHECK(tss_create(&key, at_end) == thrd_success);
	for (long i = 0; i < 3; i++)
		CHECK(thrd_create(&t[i], body, (void *)(i + 1)) == thrd_success);
	for (int i = 0; i < 3; i++) {
		CHECK(thrd_join(t[i], &r) == thrd_success);
		sum += r;
	}
	printf("sum %d, once %d, ended %d\n", sum, called, ended);
	CHECK(thrd_create(&t[0], leaves, NULL) == thrd_success);
	CHECK(thrd_join(t[0], &r) == thrd_success);
	printf("thrd_exit %d\n", r);
	CHECK(mtx_lock(&timed) == thrd_success);
	CHECK(mtx_trylock(&timed) == thrd_success);
	mtx_lock(&m);
	timespec_get(&at, TIME_UTC);
	TRUTH(cnd_timedwait(&c, &m, &at) == thrd_timedout);
	TRUTH(mtx_trylock(&m) == thrd_busy);
	at = (struct timespec){0, 1000000};
	TRUTH(thrd_sleep(&at, NULL) == 0);
	thrd_yield();
	TRUTH(thrd_equal(thrd_current(), thrd_current()) != 0);
	return 0;
}

/* pthread_create(3), join, detach: what threads return, and what of them is shared. */
#include "thread.h"

static int shared;
static _Thread_local int own = 5;
static atomic_int gone;

static void *adds(void *arg)
{
	shared += (int)(long)arg;
	own += (int)(long)arg;
	return (void *)(long)own;
}
static void *exits_below(void *arg)
{
	void (*volatile leave)(void *) = pthread_exit;

	leave((char *)arg + 1);
	return NULL;
}
static void *counts(void *arg)
{
	(void)arg;
	atomic_fetch_add(&gone, 1);
	return NULL;
}
static void *detaches_itself(void *arg)
{
	CHECK(pthread_detach(pthread_self()) == 0);
	return counts(arg);
}
static void *creates(void *arg)
{
	long depth = (long)arg;

	return depth == 0 ? (void *)1L : (void *)(join(start(creates, depth - 1)) + 1);
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t t, many[10];
	long sum = 0;

	for (long i = 1; i <= 4; i++)
		printf("returned %ld\n", join(start(adds, i)));
	printf("shared %d, own %d\n", shared, own);
	printf("pthread_exit below: %ld\n", join(start(exits_below, 41)));
	printf("a thread of a thread of a thread: %ld\n", join(start(creates, 5)));
	TRUTH(pthread_equal(pthread_self(), pthread_self()) != 0);
	t = start(adds, 0);
	TRUTH(pthread_equal(t, pthread_self()) == 0);
	join(t);
	for (int i = 0; i < 10; i++)
		many[i] = start(adds, 1 << i);
	for (int i = 9; i >= 0; i--)
		sum += join(many[i]) - 5;
	printf("ten at once, joined backwards: %ld\n", sum);

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	for (int i = 0; i < 20; i++)
		CHECK(pthread_create(&t, &attr, counts, NULL) == 0);
	await(&gone, 20);
	for (int i = 0; i < 20; i++)
		start(detaches_itself, 0);
	await(&gone, 40);
	for (int i = 0; i < 20; i++)
		CHECK(pthread_detach(start(counts, 0)) == 0);
	await(&gone, 60);
	printf("detached ones ended: %d\n", (int)gone);
	for (int i = 0; i < 100; i++)
		CHECK(join(start(adds, 0)) == 5);
	puts("one after the other: done");
	return 0;
}

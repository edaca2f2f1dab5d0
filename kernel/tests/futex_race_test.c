/* Locks made of futex(2) itself, by several threads: a mutex, a semaphore, a gate, requeued
 * waiters. */
#include "thread.h"
#include <linux/futex.h>

#define THREADS 4
#define ROUNDS 3000

static atomic_int mutex, items, gate, passed, waiting;
static int counter;

static void lock(atomic_int *m)
{
	int seen = 0;

	if (atomic_compare_exchange_strong(m, &seen, 1))
		return;
	while (atomic_exchange(m, 2))
		futex(m, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}
static void unlock(atomic_int *m)
{
	if (atomic_exchange(m, 0) == 2)
		futex(m, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static void *adds(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock(&mutex);
		counter++;
		unlock(&mutex);
	}
	return arg;
}
static void *produces(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		atomic_fetch_add(&items, 1);
		futex(&items, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return arg;
}
static void *consumes(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		for (;;) {
			int n = items;

			if (n > 0 && atomic_compare_exchange_strong(&items, &n, n - 1))
				break;
			if (n == 0)
				futex(&items, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		}
	}
	return arg;
}
static void *passes(void *arg)
{
	for (int i = 0; i < 200; i++) {
		int now = gate;

		if (atomic_fetch_add(&waiting, 1) == THREADS - 1) {
			waiting = 0;
			atomic_fetch_add(&gate, 1);
			/* one goes on at once, the others by way of another word */
			futex(&gate, FUTEX_REQUEUE_PRIVATE, 1, (void *)(long)INT_MAX, &passed, 0);
			futex(&passed, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
		} else {
			while (gate == now)
				futex(&gate, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
		}
	}
	return arg;
}
static void all(void *(*f)(void *), void *(*g)(void *))
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = start(i % 2 ? f : g, 0);
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
}

int main(void)
{
	all(adds, adds);
	printf("mutex: %d\n", counter);
	all(produces, consumes);
	printf("semaphore: %d\n", (int)items);
	all(passes, passes);
	printf("gate: %d\n", (int)gate);
	return 0;
}

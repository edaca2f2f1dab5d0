/* futex(2): WAIT and WAKE, bit sets, what is refused. */
#include "thread.h"
#include <linux/futex.h>
#include <sys/mman.h>

static atomic_int word, other, tid, woken;

static void *waits(void *arg)
{
	tid = thread_id();
	CHECK(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0);
	atomic_fetch_add(&woken, 1);
	return arg;
}
static void *waits_bits(void *arg)
{
	tid = thread_id();
	CHECK(futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, (int)(long)arg) ==
		0);
	return arg;
}
static pthread_t asleep(void *(*f)(void *), long arg)
{
	pthread_t t;

	tid = 0;
	t = start(f, arg);
	while (!tid)
		sched_yield();
	await_asleep(tid);
	return t;
}

int main(void)
{
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t t[3];

	SHOW(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	SHOW(futex((atomic_int *)((char *)&word + 1), FUTEX_WAIT, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)((char *)&word + 2), FUTEX_WAKE, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)none, FUTEX_WAIT, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)none, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)none, FUTEX_WAKE, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)none, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	SHOW(futex(bad_address, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(futex(&word, 77, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, -1));

	for (int i = 0; i < 3; i++)
		t[i] = asleep(waits, i);
	SHOW(futex(&other, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	printf("the first one first: %ld\n", join(t[0]));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	printf("then the second: %ld\n", join(t[1]));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	join(t[2]);
	for (int i = 0; i < 3; i++)
		t[i] = asleep(waits_bits, 1 << i);
	SHOW(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 8));
	SHOW(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 2));
	printf("that with bit 2: %ld\n", join(t[1]));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	printf("the rest: %ld %ld\n", join(t[0]), join(t[2]));
	printf("woken %d\n", (int)woken);
	return 0;
}

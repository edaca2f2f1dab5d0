/* futex(2): REQUEUE, CMP_REQUEUE, WAKE_OP. */
#include "thread.h"
#include <linux/futex.h>

#define OP(op, arg, cmp, cmparg)                                                                   \
	(int)((unsigned)(op) << 28 | (unsigned)(cmp) << 24 | ((arg) & 0xfff) << 12 |               \
		((cmparg) & 0xfff))

static atomic_int a, b, tid;

static void *waits(void *arg)
{
	tid = thread_id();
	CHECK(futex(arg ? &b : &a, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0);
	return NULL;
}
static pthread_t asleep(long on)
{
	pthread_t t;

	tid = 0;
	t = start(waits, on);
	while (!tid)
		sched_yield();
	await_asleep(tid);
	return t;
}
static long n(long v)
{
	return v;
}
#define CMP(wake, move, val) futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, wake, (void *)n(move), &b, val)

int main(void)
{
	static const int values[] = {0, 1, 5, -1, INT_MAX, INT_MIN};
	pthread_t t[6];

	SHOW(CMP(1, 1, 1));
	SHOW(CMP(1, 1, 0));
	SHOW(CMP(-1, 1, 0));
	SHOW(CMP(1, -1, 0));
	SHOW(futex(
		&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)n(1), (atomic_int *)((char *)&b + 1), 0));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)n(1), bad_address, 0));
	for (int i = 0; i < 6; i++)
		t[i] = asleep(0);
	SHOW(CMP(1, 2, 0));
	SHOW(futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	SHOW(CMP(0, 1, 0));
	SHOW(futex(&a, FUTEX_REQUEUE_PRIVATE, 1, (void *)n(INT_MAX), &b, 0));
	SHOW(futex(&a, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	SHOW(futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 6; i++)
		join(t[i]);
	t[0] = asleep(0);
	SHOW(futex(&a, FUTEX_REQUEUE_PRIVATE, 0, (void *)n(1), &a, 0));
	SHOW(futex(&a, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	join(t[0]);

	t[0] = asleep(0);
	t[1] = asleep(1);
	t[2] = asleep(1);
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b, OP(1, 3, 0, 7)));
	printf("b is %d\n", (int)b);
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b, OP(0, 8, 0, 3)));
	printf("b is %d\n", (int)b);
	SHOW(futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 3; i++)
		join(t[i]);
	for (int op = 0; op < 5; op++) {
		for (int i = 0; i < COUNT(values); i++) {
			b = values[i];
			CHECK(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b,
				      OP(op, -3, 0, 0)) == 0);
			printf("op %d of %d: %d\n", op, values[i], (int)b);
		}
	}
	b = 1;
	CHECK(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b, OP(8 | 2, 4, 0, 0)) == 0);
	printf("or 1 << 4: %d\n", (int)b);
	for (int cmp = 0; cmp < 7; cmp++) {
		printf("compare %d:", cmp);
		for (int i = -6; i < 7; i += 6) {
			long r;

			b = i;
			t[0] = start(waits, 0);
			while (!(r = futex(&a, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)))
				sched_yield();
			join(t[0]);
			b = 0;
			t[0] = asleep(1);
			b = i;
			r = futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b, OP(1, 0, cmp, 0));
			printf(" %ld", r);
			if (r != 1)
				futex(&b, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
			join(t[0]);
		}
		puts("");
	}
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), &b, OP(5, 0, 0, 0)));
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)n(1), bad_address, OP(0, 0, 0, 0)));
	return 0;
}

/* pthread_attr_*(3): stack sizes, stacks of one's own, what a thread is told about its stack. */
#include "thread.h"
#include <sys/mman.h>

static size_t deep(int n)
{
	volatile char room[1024];

	memset((char *)room, n, sizeof(room));
	return n ? deep(n - 1) + (size_t)room[5] * 0 + sizeof(room) : 0;
}
static void *uses(void *arg)
{
	pthread_attr_t attr;
	size_t size, guard;
	void *low;
	int state, here;

	CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
	CHECK(pthread_attr_getstack(&attr, &low, &size) == 0);
	CHECK(pthread_attr_getguardsize(&attr, &guard) == 0);
	CHECK(pthread_attr_getdetachstate(&attr, &state) == 0);
	CHECK((char *)&here >= (char *)low && (char *)&here < (char *)low + size);
	CHECK(state == PTHREAD_CREATE_JOINABLE);
	pthread_attr_destroy(&attr);
	return (void *)(long)deep((int)(long)arg);
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t t;
	size_t size;
	void *stack, *r;
	int v;

	SHOW_E(pthread_attr_init(&attr));
	SHOW_E(pthread_attr_getdetachstate(&attr, &v));
	TRUTH(v == PTHREAD_CREATE_JOINABLE);
	SHOW_E(pthread_attr_setdetachstate(&attr, 77));
	SHOW_E(pthread_attr_setstacksize(&attr, 1000));
	SHOW_E(pthread_attr_setstacksize(&attr, 1 << 20));
	SHOW_E(pthread_attr_getstacksize(&attr, &size));
	printf("stack size %zu\n", size);
	CHECK(pthread_create(&t, &attr, uses, (void *)900L) == 0);
	CHECK(pthread_join(t, &r) == 0);
	printf("used %ld bytes of stack\n", (long)r);
	CHECK(pthread_attr_setstacksize(&attr, 8 << 20) == 0);
	CHECK(pthread_create(&t, &attr, uses, (void *)7000L) == 0);
	CHECK(pthread_join(t, &r) == 0);
	printf("used %ld bytes of stack\n", (long)r);
	SHOW_E(pthread_attr_setguardsize(&attr, 65536));
	CHECK(pthread_create(&t, &attr, uses, (void *)100L) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	stack = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stack != MAP_FAILED);
	SHOW_E(pthread_attr_setstack(&attr, stack, 1 << 20));
	CHECK(pthread_create(&t, &attr, uses, (void *)500L) == 0);
	CHECK(pthread_join(t, &r) == 0);
	printf("used %ld bytes of a stack of its own\n", (long)r);
	SHOW(munmap(stack, 1 << 20));
	SHOW_E(pthread_attr_destroy(&attr));
	uses(0);
	puts("main's stack is known, too");
	return 0;
}

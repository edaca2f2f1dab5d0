/* CLOCK_MONOTONIC is one clock: what a message says was later is later, in every process. */
#include "conformance.h"

static int there[2], back[2];

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
static void answer(void)
{
	int64_t t;

	for (int i = 0; i < 20; i++) {
		CHECK(read(there[0], &t, sizeof(t)) == sizeof(t));
		t = now_us();
		CHECK(write(back[1], &t, sizeof(t)) == sizeof(t));
	}
}

int main(void)
{
	int early = 0, late = 0;

	CHECK(pipe(there) == 0 && pipe(back) == 0);
	for (int k = 0; k < 5; k++) {
		pid_t pid = child(answer);

		for (int i = 0; i < 20; i++) {
			int64_t sent = now_us(), other, received;

			CHECK(write(there[1], &sent, sizeof(sent)) == sizeof(sent));
			CHECK(read(back[0], &other, sizeof(other)) == sizeof(other));
			received = now_us();
			early += other < sent;
			late += other > received;
		}
		reap("child", pid);
	}
	printf("%d answers before the question, %d after they arrived\n", early, late);
	return 0;
}

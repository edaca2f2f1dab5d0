/* nanosleep(2), clock_nanosleep(2). */
#include "conformance.h"

int main(void)
{
	struct timespec t = {0, 5000000}, zero = {0, 0}, bad = {0, 1000000000}, neg = {-1, 0}, at;
	int64_t start = now_ms();

	SHOW(nanosleep(&t, NULL));
	TRUTH(now_ms() - start >= 4);
	SHOW(nanosleep(&zero, NULL));
	SHOW(nanosleep(&bad, NULL));
	SHOW(nanosleep(&neg, NULL));
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += 6000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	start = now_ms();
	printf("absolute: %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
	TRUTH(now_ms() - start >= 5);
	at.tv_sec = 0;
	at.tv_nsec = 1;
	start = now_ms();
	printf("in the past: %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
	TRUTH(now_ms() - start < 1000);
	clock_gettime(CLOCK_REALTIME, &at);
	printf("now: %d\n", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL));
	printf("no such clock: %s\n", errno_name(clock_nanosleep(99, 0, &t, NULL)));
	SHOW(usleep(2000));
	SHOW(sleep(0));
	return 0;
}

/* clock_gettime(2) and friends. */
#include "conformance.h"
#include <sys/time.h>
#include <sys/times.h>

int main(void)
{
	struct timespec a, b, real;
	struct timeval tv;
	struct tms tms;
	int back = 0;

	SHOW(clock_gettime(CLOCK_MONOTONIC, &a));
	for (int i = 0; i < 1000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		back += b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec);
		CHECK(b.tv_nsec >= 0 && b.tv_nsec < 1000000000);
		a = b;
	}
	printf("went back %d times\n", back);
	SHOW(clock_gettime(CLOCK_REALTIME, &real));
	SHOW(gettimeofday(&tv, NULL));
	TRUTH(llabs((long long)real.tv_sec - (long long)tv.tv_sec) <= 1);
	TRUTH(llabs((long long)time(NULL) - (long long)tv.tv_sec) <= 1);
	TRUTH(real.tv_sec > 1750000000);
	SHOW(clock_getres(CLOCK_MONOTONIC, &a));
	TRUTH(a.tv_sec == 0 && a.tv_nsec > 0 && a.tv_nsec <= 10000000);
	SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
	SHOW(clock_gettime(99, &a));
	SHOW(clock_gettime(CLOCK_BOOTTIME, &a));
	SHOW(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
	SHOW(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b));
	TRUTH(times(&tms) != (clock_t)-1);
	TRUTH(sysconf(_SC_CLK_TCK) == 100);
	return 0;
}

/* Many timers at once, each with a real-time signal of its own count; deleting them as they fire.
 */
#include "conformance.h"

#define TIMERS 20

static volatile sig_atomic_t fired[TIMERS];

static void handler(int s, siginfo_t *i, void *context)
{
	(void)s;
	(void)context;
	fired[i->si_value.sival_int] += 1 + i->si_overrun;
}

int main(void)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerspec s = {{0, 1000000}, {0, 1000000}};
	timer_t t[TIMERS];
	int before[TIMERS];

	sigaction(SIGRTMIN + 1, &a, NULL);
	for (int i = 0; i < TIMERS; i++) {
		e.sigev_value.sival_int = i;
		CHECK(timer_create(CLOCK_MONOTONIC, &e, &t[i]) == 0);
		s.it_value.tv_nsec = 100000 * (i + 1);
		CHECK(timer_settime(t[i], 0, &s, NULL) == 0);
	}
	for (int i = 0; i < TIMERS; i++) {
		while (fired[i] < 20)
			usleep(1000);
	}
	printf("each 20 times\n");
	for (int i = 0; i < TIMERS; i++) {
		CHECK(timer_delete(t[i]) == 0);
		before[i] = fired[i];
	}
	usleep(5000);
	for (int i = 0; i < TIMERS; i++)
		CHECK(fired[i] == before[i]);
	printf("none after it was deleted\n");
	/* Set and deleted at once, many times. */
	for (int i = 0; i < 300; i++) {
		e.sigev_value.sival_int = 0;
		CHECK(timer_create(CLOCK_MONOTONIC, &e, &t[0]) == 0);
		s.it_value.tv_nsec = 1 + i * 1000;
		s.it_interval.tv_nsec = i & 1 ? 50000 : 0;
		CHECK(timer_settime(t[0], 0, &s, NULL) == 0);
		CHECK(timer_delete(t[0]) == 0);
	}
	printf("300 rounds\n");
	return 0;
}

/* Timers on running time go off in a program that runs, and not in one that sleeps. */
#include "conformance.h"
#include <sys/time.h>

static volatile sig_atomic_t got, last;

static void handler(int s)
{
	last = s;
	got++;
}
static void burn_until(int n)
{
	static volatile unsigned x;

	while (got < n)
		x = x * 3 + 1;
}

int main(void)
{
	struct itimerval v = {{0, 2000}, {0, 2000}}, none = {{0, 0}, {0, 0}}, old;
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec s = {{0, 0}, {0, 5000000}};
	struct timespec t;
	clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, 0};
	timer_t timer;
	int64_t before;

	on_signal(SIGVTALRM, handler, 0);
	on_signal(SIGPROF, handler, 0);
	on_signal(SIGUSR1, handler, 0);
	SHOW(setitimer(ITIMER_VIRTUAL, &v, NULL));
	burn_until(3);
	TRUTH(last == SIGVTALRM);
	SHOW(setitimer(ITIMER_VIRTUAL, &none, &old));
	TRUTH(old.it_interval.tv_usec == 2000);
	got = 0;
	SHOW(setitimer(ITIMER_PROF, &v, NULL));
	burn_until(3);
	TRUTH(last == SIGPROF);
	SHOW(setitimer(ITIMER_PROF, &none, NULL));

	CHECK(clock_getcpuclockid(0, &clocks[2]) == 0);
	for (int i = 0; i < COUNT(clocks); i++) {
		got = 0;
		SHOW(timer_create(clocks[i], &e, &timer));
		s.it_value.tv_nsec = 5000000;
		SHOW(timer_settime(timer, 0, &s, NULL));
		burn_until(1);
		TRUTH(last == SIGUSR1);
		/* A time of the clock itself. */
		CHECK(clock_gettime(clocks[i], &t) == 0);
		s.it_value = t;
		s.it_value.tv_nsec += 3000000;
		if (s.it_value.tv_nsec >= 1000000000) {
			s.it_value.tv_nsec -= 1000000000;
			s.it_value.tv_sec++;
		}
		SHOW(timer_settime(timer, TIMER_ABSTIME, &s, NULL));
		burn_until(2);
		s.it_value = (struct timespec){0, 0};
		SHOW(timer_delete(timer));
	}
	/* 20 ms of running time do not pass in 60 ms of sleep, whatever the machine does besides.
	 */
	got = 0;
	v = (struct itimerval){{0, 0}, {0, 20000}};
	CHECK(setitimer(ITIMER_PROF, &v, NULL) == 0);
	before = now_ms();
	while (now_ms() - before < 60)
		usleep(20000);
	TRUTH(got == 0);
	burn_until(1);
	TRUTH(got == 1);
	return 0;
}

/* timer_create: arguments, settings given back, signals with their values, overruns. */
#include "conformance.h"
#include <sys/syscall.h>

#define MS 1000000

static volatile sig_atomic_t got, last_code, last_value, last_overrun;
static timer_t timer;

static void handler(int s, siginfo_t *i, void *context)
{
	(void)s;
	(void)context;
	got++;
	last_code = i->si_code;
	last_value = i->si_value.sival_int;
	last_overrun = i->si_overrun;
}
static struct itimerspec spec(long long value_ns, long long interval_ns)
{
	return (struct itimerspec){.it_value = {value_ns / 1000000000, value_ns % 1000000000},
		.it_interval = {interval_ns / 1000000000, interval_ns % 1000000000}};
}
static void wait_for(int n)
{
	sigset_t m, old;

	sigfillset(&m);
	sigprocmask(SIG_BLOCK, &m, &old);
	while (got < n)
		sigsuspend(&old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	struct itimerspec s, old;
	siginfo_t info;
	sigset_t m;
	timer_t none, other;
	int n;

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	SHOW(timer_create(99, &e, &timer));
	SHOW(timer_create(CLOCK_MONOTONIC_COARSE, &e, &timer));
	e.sigev_signo = 0;
	SHOW(timer_create(CLOCK_MONOTONIC, &e, &timer));
	e.sigev_signo = 65;
	SHOW(timer_create(CLOCK_MONOTONIC, &e, &timer));
	e.sigev_signo = SIGUSR1;
	e.sigev_value.sival_int = 1234;
	SHOW(timer_create(CLOCK_MONOTONIC, &e, &timer));
	CHECK(timer_gettime(timer, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0 && s.it_interval.tv_sec == 0);
	SHOW(timer_getoverrun(timer));
	s = spec(5, 0);
	s.it_value.tv_nsec = -1;
	SHOW(timer_settime(timer, 0, &s, NULL));
	s = spec(5, 0);
	s.it_interval.tv_nsec = 1000000000;
	SHOW(timer_settime(timer, 0, &s, NULL));

	s = spec(100 * 1000LL * MS, 3 * MS);
	SHOW(timer_settime(timer, 0, &s, NULL));
	CHECK(timer_gettime(timer, &s) == 0);
	TRUTH(s.it_value.tv_sec == 99 && s.it_interval.tv_nsec == 3 * MS);
	s = spec(0, 3 * MS);
	SHOW(timer_settime(timer, 0, &s, &old));
	TRUTH(old.it_value.tv_sec == 99 && old.it_interval.tv_nsec == 3 * MS);
	CHECK(timer_gettime(timer, &s) == 0);
	TRUTH(s.it_value.tv_nsec == 0 && s.it_interval.tv_nsec == 0);

	s = spec(2 * MS, 0);
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	wait_for(1);
	printf("code %d value %d overrun %d\n", last_code == SI_TIMER, last_value, last_overrun);
	CHECK(timer_gettime(timer, &s) == 0);
	TRUTH(s.it_value.tv_nsec == 0);
	s = spec(1 * MS, 1 * MS);
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	wait_for(11);
	printf("10 more\n");
	SHOW(timer_delete(timer));
	TRUTH(timer_delete(timer) != 0);
	SHOW(timer_gettime(timer, &s));
	SHOW(timer_getoverrun(timer));

	/* Blocked: one signal, and the rest counted. */
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigprocmask(SIG_BLOCK, &m, NULL);
	CHECK(timer_create(CLOCK_MONOTONIC, &e, &timer) == 0);
	s = spec(1 * MS, 1 * MS);
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	usleep(30000);
	TRUTH(sigwaitinfo(&m, &info) == SIGUSR1);
	n = info.si_overrun;
	TRUTH(info.si_code == SI_TIMER && n >= 20);
	TRUTH(timer_getoverrun(timer) == n);
	timer_delete(timer);
	while (sigtimedwait(&m, NULL, &(struct timespec){0, 0}) > 0)
		;
	sigprocmask(SIG_UNBLOCK, &m, NULL);

	/* Without an event: SIGALRM, and its value is the timer. */
	got = 0;
	CHECK(timer_create(CLOCK_REALTIME, NULL, &timer) == 0);
	s = spec(1 * MS, 0);
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	wait_for(1);
	TRUTH(last_code == SI_TIMER);
	timer_delete(timer);

	/* A timer that only counts. */
	e.sigev_notify = SIGEV_NONE;
	CHECK(timer_create(CLOCK_MONOTONIC, &e, &none) == 0);
	s = spec(100 * 1000LL * MS, 0);
	CHECK(timer_settime(none, 0, &s, NULL) == 0);
	CHECK(timer_gettime(none, &s) == 0);
	TRUTH(s.it_value.tv_sec == 99);
	s = spec(1, 0);
	CHECK(timer_settime(none, 0, &s, NULL) == 0);
	usleep(1000);
	CHECK(timer_gettime(none, &s) == 0);
	TRUTH(s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0);

	/* Times of the clock; one that is over goes off at once. */
	got = 0;
	e.sigev_notify = SIGEV_SIGNAL;
	CHECK(timer_create(CLOCK_REALTIME, &e, &other) == 0);
	s = spec(1, 0);
	SHOW(timer_settime(other, TIMER_ABSTIME, &s, NULL));
	wait_for(1);
	clock_gettime(CLOCK_REALTIME, &s.it_value);
	s.it_value.tv_sec += 50;
	SHOW(timer_settime(other, TIMER_ABSTIME, &s, NULL));
	CHECK(timer_gettime(other, &s) == 0);
	TRUTH(s.it_value.tv_sec == 49 || s.it_value.tv_sec == 50);
	return 0;
}

/* What becomes of timers at fork and exec: a child has none; exec keeps alarms and deletes timers.
 */
#include "conformance.h"
#include <sys/time.h>

static timer_t timer;

static void looks(void)
{
	struct itimerval v;
	struct itimerspec s;

	CHECK(getitimer(ITIMER_REAL, &v) == 0);
	TRUTH(v.it_value.tv_sec == 0 && v.it_value.tv_usec == 0);
	SHOW(timer_gettime(timer, &s));
	SHOW(alarm(0));
}

static void sets(void)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec s = {{0, 0}, {0, 20000000}};
	sigset_t m;

	/* Blocked: also what goes off before exec is not heard of after it. */
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigprocmask(SIG_BLOCK, &m, NULL);
	alarm(100);
	CHECK(timer_create(CLOCK_MONOTONIC, &e, &timer) == 0);
	s.it_value.tv_sec = 1000;
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	reap("child", child(looks));
	s.it_value.tv_sec = 0;
	CHECK(timer_settime(timer, 0, &s, NULL) == 0);
	execl("/proc/self/exe", "again", "again", NULL);
}

int main(int argc, char **argv)
{
	struct itimerval v;
	sigset_t m;

	(void)argv;
	if (argc == 1) {
		reap("execed", child(sets));
		return 0;
	}
	usleep(60000);
	sigpending(&m);
	TRUTH(!sigismember(&m, SIGUSR1));
	CHECK(getitimer(ITIMER_REAL, &v) == 0);
	TRUTH(v.it_value.tv_sec > 90);
	TRUTH(alarm(1) > 90);
	pause();
	return 1;
}

/* alarm(2), setitimer(2): one shot, interval, what is left, fork and exec. */
#include "conformance.h"
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void tick(int s)
{
	(void)s;
	ticks++;
}
static void no_timer_here(void)
{
	struct itimerval t;

	getitimer(ITIMER_REAL, &t);
	_exit(t.it_value.tv_sec == 0 && t.it_value.tv_usec == 0 ? 8 : 9);
}
static void die_of_alarm(void)
{
	struct itimerval t = {{0, 0}, {0, 3000}};

	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &t, NULL);
	for (;;)
		pause();
}

int main(void)
{
	struct itimerval t = {{0, 0}, {0, 20000}}, now, old;
	struct itimerval bad = {{0, 0}, {0, 1000000}};
	int64_t start;

	on_signal(SIGALRM, tick, 0);
	SHOW(alarm(100));
	TRUTH(alarm(0) >= 99);
	SHOW(alarm(0));
	start = now_ms();
	SHOW(setitimer(ITIMER_REAL, &t, &old));
	TRUTH(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	while (!ticks)
		pause();
	TRUTH(now_ms() - start >= 19);
	SHOW(getitimer(ITIMER_REAL, &now));
	TRUTH(now.it_value.tv_usec == 0 && now.it_interval.tv_usec == 0);

	t.it_interval.tv_usec = t.it_value.tv_usec = 3000;
	ticks = 0;
	start = now_ms();
	SHOW(setitimer(ITIMER_REAL, &t, NULL));
	while (ticks < 5)
		pause();
	TRUTH(now_ms() - start >= 13);
	SHOW(getitimer(ITIMER_REAL, &now));
	TRUTH(now.it_interval.tv_usec == 3000 && now.it_value.tv_usec <= 3001);
	t = (struct itimerval){{0, 0}, {1000, 0}};
	setitimer(ITIMER_REAL, &t, NULL);
	reap("child", child(no_timer_here));
	TRUTH(alarm(0) >= 999);
	SHOW(setitimer(ITIMER_REAL, &bad, NULL));
	SHOW(setitimer(17, &t, NULL));
	SHOW(getitimer(17, &now));
	reap("default action", child(die_of_alarm));
	return 0;
}

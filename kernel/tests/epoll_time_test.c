/* epoll_wait(2), epoll_pwait(2), epoll_pwait2(2): timeouts, signals, masks. */
#include "conformance.h"
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>

static volatile sig_atomic_t alarms;
static void on_alarm(int s)
{
	(void)s;
	alarms++;
}

static int pwait2(int set, struct epoll_event *ev, int max, const struct timespec *t, void *mask)
{
	return (int)syscall(441, set, ev, max, t, mask, 8);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(void)
{
	struct itimerval often = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	struct timespec t;
	struct epoll_event ev = {.events = EPOLLIN}, got;
	sigset_t none, block;
	int64_t start;
	int set = epoll_create1(0), p[2], before;

	CHECK(pipe(p) == 0);
	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev) == 0);
	start = now_us();
	SHOW(epoll_wait(set, &got, 1, 20));
	TRUTH(now_us() - start >= 20000);
	SHOW(epoll_wait(set, &got, 1, 0));
	start = now_us();
	t = (struct timespec){0, 3000000};
	SHOW(pwait2(set, &got, 1, &t, NULL));
	TRUTH(now_us() - start >= 3000);
	TRUTH(t.tv_nsec == 3000000); /* not written back */
	t = (struct timespec){0, 300};
	SHOW(pwait2(set, &got, 1, &t, NULL));
	t = (struct timespec){0, 0};
	SHOW(pwait2(set, &got, 1, &t, NULL));
	t = (struct timespec){0, 1000000000};
	SHOW(pwait2(set, &got, 1, &t, NULL));
	t = (struct timespec){-1, 0};
	SHOW(pwait2(set, &got, 1, &t, NULL));
	SHOW(pwait2(set, &got, 1, bad_address, NULL));
	t = (struct timespec){INT64_MAX, 999999999};
	CHECK(write(p[1], "x", 1) == 1);
	SHOW(pwait2(set, &got, 1, &t, NULL));
	SHOW(pwait2(set, &got, 1, NULL, NULL));
	SHOW(pwait2(set, &got, 0, NULL, NULL));
	SHOW(syscall(441, set, &got, 1, NULL, &none, 4));
	CHECK(read(p[0], &got, 1) == 1);

	/* Never restarted, whatever SA_RESTART says. */
	on_signal(SIGALRM, on_alarm, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	SHOW(epoll_wait(set, &got, 1, -1));
	SHOW(epoll_wait(set, &got, 1, 100000));
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	alarms = 0;
	SHOW(epoll_wait(set, &got, 1, 30));
	TRUTH(alarms == 0);
	SHOW(epoll_pwait(set, &got, 1, -1, &none));
	TRUTH(alarms > 0);
	before = alarms;
	SHOW(epoll_pwait(set, &got, 1, 20, &block));
	TRUTH(alarms == before);
	sigprocmask(SIG_BLOCK, NULL, &none);
	TRUTH(sigismember(&none, SIGALRM) == 1);
	setitimer(ITIMER_REAL, &off, NULL);
	/* Something is ready and a signal is pending: the event comes first. */
	sigemptyset(&none);
	before = alarms;
	kill(getpid(), SIGALRM);
	CHECK(write(p[1], "x", 1) == 1);
	SHOW(epoll_pwait(set, &got, 1, -1, &none));
	return 0;
}

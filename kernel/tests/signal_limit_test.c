/* RLIMIT_SIGPENDING: what cannot be queued, and what comes without its information. */
#include "conformance.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit none = {0, 0};
	union sigval v = {.sival_int = 1};
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	siginfo_t i;
	sigset_t m;
	timer_t t;

	sigemptyset(&m);
	sigaddset(&m, SIGRTMIN + 1);
	sigaddset(&m, SIGUSR1);
	sigaddset(&m, SIGUSR2);
	sigprocmask(SIG_BLOCK, &m, NULL);
	for (int k = 0; k < 100; k++) {
		v.sival_int = k;
		CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
	}
	for (int k = 0; k < 100; k++)
		CHECK(sigwaitinfo(&m, &i) == SIGRTMIN + 1 && i.si_value.sival_int == k);
	SHOW(setrlimit(RLIMIT_SIGPENDING, &none));
	SHOW(sigqueue(getpid(), SIGRTMIN + 1, v));
	SHOW(raise(SIGRTMIN + 1));
	SHOW(sigtimedwait(&m, &i, &(struct timespec){0, 0}));
	SHOW(kill(getpid(), SIGRTMIN + 1));
	SHOW(sigwaitinfo(&m, &i) == SIGRTMIN + 1);
	printf("code %d pid %d\n", i.si_code, i.si_pid);
	SHOW(sigtimedwait(&m, &i, &(struct timespec){0, 0}));
	/* Standard signals always come; the kernel's own information is not held up. */
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(sigwaitinfo(&m, &i) == SIGUSR1);
	TRUTH(i.si_code == SI_USER && i.si_pid == getpid());
	SHOW(sigqueue(getpid(), SIGUSR2, v));
	SHOW(sigwaitinfo(&m, &i) == SIGUSR2);
	printf("code %d pid %d\n", i.si_code, i.si_pid);
	SHOW(timer_create(CLOCK_MONOTONIC, &e, &t));
	return 0;
}

/* sigsuspend, pause, alarm and sigwait: no signal is lost between the look and the wait. */
#include "conformance.h"
#include <sys/time.h>

static volatile sig_atomic_t n;
static struct gate go;

static void handler(int s)
{
	(void)s;
	n++;
}
static void sender(void)
{
	for (int i = 0; i < 500; i++) {
		gate_wait(&go);
		kill(getppid(), i & 1 ? SIGUSR1 : SIGUSR2);
	}
}

int main(void)
{
	sigset_t both, old, one;
	int s;
	pid_t pid;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	on_signal(SIGUSR1, handler, 0);
	on_signal(SIGUSR2, handler, SA_RESTART);
	on_signal(SIGALRM, handler, 0);
	sigprocmask(SIG_BLOCK, &both, &old);
	go = gate_new();
	pid = child(sender);
	for (int i = 0; i < 500; i++) {
		gate_open(&go);
		if (i % 4 < 2) {
			CHECK(sigsuspend(&old) == -1 && errno == EINTR);
			CHECK(n == 1);
			n = 0;
		} else {
			CHECK(sigwait(&both, &s) == 0 && s == (i & 1 ? SIGUSR1 : SIGUSR2));
		}
	}
	reap("500 signals", pid);
	sigprocmask(SIG_BLOCK, NULL, &one);
	TRUTH(sigismember(&one, SIGUSR1) && sigismember(&one, SIGUSR2));

	SHOW(alarm(100));
	TRUTH(alarm(200) == 100);
	TRUTH(alarm(0) == 200);
	SHOW(alarm(0));
	ualarm(2000, 0);
	SHOW(pause());
	printf("handled %d\n", n);
	/* A signal that is pending already ends sigsuspend at once; a blocked one does not. */
	raise(SIGUSR1);
	SHOW(sigsuspend(&old));
	one = both;
	sigdelset(&one, SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR2);
	SHOW(sigsuspend(&one));
	printf("handled %d\n", n);
	SHOW(sigwait(&both, &s));
	printf("then %s\n", signal_name(s));
	return 0;
}

/* Real-time signals are queued in order and carry a value; sigwait and friends take signals. */
#include "conformance.h"

static volatile sig_atomic_t n, values[20], signos[20];

static void note(int s, siginfo_t *info, void *context)
{
	(void)context;
	signos[n] = s - SIGRTMIN;
	values[n++] = info->si_code == SI_QUEUE ? info->si_value.sival_int : -1;
}
static void send_later(void)
{
	union sigval v = {.sival_int = 77};

	CHECK(sigqueue(getppid(), SIGRTMIN + 5, v) == 0);
}

int main(void)
{
	struct timespec none = {0, 0}, bad = {0, 1000000000}, soon = {0, 5000000};
	struct sigaction a;
	union sigval v;
	sigset_t m, w;
	siginfo_t info;
	int64_t start;
	int signo = 0;

	memset(&a, 0, sizeof(a));
	a.sa_sigaction = note;
	a.sa_flags = SA_SIGINFO;
	sigfillset(&a.sa_mask);
	sigemptyset(&m);
	for (int i = 0; i < 4; i++) {
		sigaction(SIGRTMIN + i, &a, NULL);
		sigaddset(&m, SIGRTMIN + i);
	}
	sigprocmask(SIG_BLOCK, &m, NULL);
	for (int i = 0; i < 3; i++) {
		v.sival_int = i;
		SHOW(sigqueue(getpid(), SIGRTMIN + 2, v));
	}
	v.sival_int = 10;
	sigqueue(getpid(), SIGRTMIN + 1, v);
	kill(getpid(), SIGRTMIN + 3);
	sigprocmask(SIG_UNBLOCK, &m, NULL);
	for (int i = 0; i < n; i++)
		printf("RTMIN+%d value %d\n", signos[i], values[i]);
	SHOW(sigqueue(getpid(), 0, v));
	SHOW(sigqueue(getpid(), 65, v));
	SHOW(sigqueue(0x7ffffff0, SIGUSR1, v));

	sigemptyset(&w);
	sigaddset(&w, SIGUSR1);
	sigaddset(&w, SIGRTMIN + 5);
	sigprocmask(SIG_BLOCK, &w, NULL);
	SHOW(sigtimedwait(&w, &info, &none));
	SHOW(sigtimedwait(&w, &info, &bad));
	start = now_ms();
	SHOW(sigtimedwait(&w, &info, &soon));
	TRUTH(now_ms() - start >= 4);
	raise(SIGUSR1);
	TRUTH(sigwait(&w, &signo) == 0 && signo == SIGUSR1);
	for (int i = 0; i < 20; i++) {
		pid_t pid = child(send_later);

		CHECK(sigwaitinfo(&w, &info) == SIGRTMIN + 5);
		CHECK(info.si_value.sival_int == 77 && info.si_pid == pid &&
			info.si_code == SI_QUEUE);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 rounds of sigwaitinfo\n");
	/* The lowest number first; a standard signal before them all. */
	v.sival_int = 1;
	sigqueue(getpid(), SIGRTMIN + 5, v);
	raise(SIGUSR1);
	TRUTH(sigwaitinfo(&w, &info) == SIGUSR1);
	TRUTH(sigwaitinfo(&w, &info) == SIGRTMIN + 5);
	return 0;
}

/* Signals to a program that computes and makes no call: handlers, stops, ends. */
#include "conformance.h"
#include <sys/time.h>

static struct gate started;
static volatile sig_atomic_t got;
static volatile unsigned x;

static void handler(int s)
{
	(void)s;
	got++;
}
static void spins(void)
{
	gate_open(&started);
	for (;;)
		x = x * 5 + 1;
}
static void counts(void)
{
	on_signal(SIGUSR1, handler, 0);
	gate_open(&started);
	while (got < 1)
		x = x * 5 + 1;
	_exit(5);
}
static pid_t start(void (*f)(void))
{
	pid_t pid = child(f);

	gate_wait(&started);
	return pid;
}

int main(void)
{
	struct itimerval v = {{0, 2000}, {0, 2000}}, none = {{0, 0}, {0, 0}};
	int status;
	pid_t pid;

	started = gate_new();
	pid = start(counts);
	kill(pid, SIGUSR1);
	reap("handler", pid);
	pid = start(spins);
	kill(pid, SIGTERM);
	reap("default", pid);
	pid = start(spins);
	kill(pid, SIGKILL);
	reap("kill", pid);

	/* Stopped for good: it uses no time until it goes on. */
	pid = start(counts);
	for (int i = 0; i < 20; i++) {
		kill(pid, SIGSTOP);
		CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		kill(pid, SIGCONT);
		CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	}
	printf("20 stops\n");
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	kill(pid, SIGUSR1); /* waits for SIGCONT */
	TRUTH(waitpid(pid, &status, WNOHANG) == 0);
	kill(pid, SIGCONT);
	reap("went on", pid);
	pid = start(spins);
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	kill(pid, SIGKILL);
	reap("killed when stopped", pid);

	on_signal(SIGALRM, handler, 0);
	got = 0;
	setitimer(ITIMER_REAL, &v, NULL);
	while (got < 50)
		x = x * 5 + 1;
	setitimer(ITIMER_REAL, &none, NULL);
	printf("50 alarms in a loop\n");
	return 0;
}

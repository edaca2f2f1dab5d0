/* SIGCHLD: a handler that reaps, SA_NOCLDSTOP, SA_NOCLDWAIT. */
#include "conformance.h"

static volatile sig_atomic_t reaped, sum, told;
static int code;

static void reap_all(int s)
{
	int status, e = errno;

	(void)s;
	while (waitpid(-1, &status, WNOHANG) > 0) {
		reaped++;
		sum += WEXITSTATUS(status);
	}
	errno = e;
}
static void tell(int s)
{
	(void)s;
	told++;
}
static void end_with_code(void)
{
	_exit(code);
}
static void stop_self(void)
{
	raise(SIGSTOP);
}

int main(void)
{
	sigset_t block, none;
	struct sigaction a;
	int status;
	pid_t pid;

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, NULL);
	on_signal(SIGCHLD, reap_all, SA_RESTART);
	for (code = 1; code <= 30; code++)
		child(end_with_code);
	while (reaped < 30)
		sigsuspend(&none);
	printf("reaped %d, sum %d\n", reaped, sum);

	on_signal(SIGCHLD, tell, 0);
	pid = child(stop_self);
	while (!told)
		sigsuspend(&none);
	printf("told of the stop\n");
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	kill(pid, SIGKILL);
	reap("stopped", pid);

	told = 0;
	on_signal(SIGCHLD, tell, SA_NOCLDSTOP);
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	told = 0;
	pid = child(stop_self);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	printf("NOCLDSTOP: told %d\n", told);
	kill(pid, SIGKILL);
	reap("killed", pid);
	TRUTH(told == 1);

	memset(&a, 0, sizeof(a));
	a.sa_handler = tell;
	a.sa_flags = SA_NOCLDWAIT | SA_RESTART;
	sigaction(SIGCHLD, &a, NULL);
	code = 5;
	child(end_with_code);
	SHOW(wait(&status));
	return 0;
}

/* What each signal does to a process that did not ask for it, and to one that ignores it. */
#include "conformance.h"

static struct gate ready;
static int ignored;

static void waits(void)
{
	for (int s = 1; ignored && s < NSIG; s++)
		signal(s, SIG_IGN);
	setpgid(0, 0); /* a group of its own is not orphaned: stops work */
	gate_open(&ready);
	for (;;)
		pause();
}

static void try(int signo)
{
	int status;
	pid_t pid = child(waits);

	gate_wait(&ready);
	CHECK(kill(pid, signo) == 0);
	/* What does nothing is followed by what does. */
	if (ignored || signo == SIGCHLD || signo == SIGCONT || signo == SIGURG || signo == SIGWINCH)
		CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WTERMSIG(status) == SIGKILL)
		printf("%s: %s\n", signal_name(signo), signo == SIGKILL ? "ends" : "nothing");
	else
		printf("%s: ends by %s\n", signal_name(signo), signal_name(WTERMSIG(status)));
}

static void try_stop(int signo)
{
	int status;
	pid_t pid = child(waits);

	gate_wait(&ready);
	CHECK(kill(pid, signo) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	show_status(signal_name(signo), status);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid);
}

int main(void)
{
	ready = gate_new();
	for (int s = 1; s <= 31; s++) {
		if (s == SIGSTOP || s == SIGTSTP || s == SIGTTIN || s == SIGTTOU)
			try_stop(s);
		else
			try(s);
	}
	try(SIGRTMIN);
	try(SIGRTMIN + 20);
	ignored = 1;
	printf("ignored:\n");
	try(SIGTERM);
	try(SIGSEGV);
	try(SIGRTMIN + 1);
	try(SIGTSTP);
	try_stop(SIGSTOP);
	return 0;
}

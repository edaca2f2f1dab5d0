/* Stopping and continuing: WUNTRACED, WCONTINUED, SIGSTOP and SIGCONT. */
#include "conformance.h"

static struct gate gate;
static volatile sig_atomic_t continued;

static void on_cont(int s)
{
	(void)s;
	continued++;
}
static void stop_self(void)
{
	on_signal(SIGCONT, on_cont, 0);
	raise(SIGSTOP);
	_exit(continued == 1 ? 21 : 22);
}
static void wait_at_gate(void)
{
	gate_wait(&gate);
	_exit(23);
}

int main(void)
{
	siginfo_t info;
	int status;
	pid_t pid;

	for (int i = 0; i < 20; i++) {
		pid = child(stop_self);
		CHECK(waitpid(pid, &status, WUNTRACED) == pid);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		CHECK(kill(pid, SIGCONT) == 0);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 21);
	}
	printf("20 rounds\n");

	gate = gate_new();
	pid = child(wait_at_gate);
	SHOW(kill(pid, SIGSTOP));
	TRUTH(waitpid(pid, &status, WUNTRACED) == pid);
	show_status("stopped", status);
	SHOW(waitpid(pid, &status, WUNTRACED | WNOHANG)); /* reported once */
	gate_open(&gate);
	SHOW(waitpid(pid, &status, WNOHANG)); /* it is stopped: it does not run */
	SHOW(kill(pid, SIGCONT));
	TRUTH(waitpid(pid, &status, WCONTINUED) == pid);
	TRUTH(WIFCONTINUED(status) || WIFEXITED(status)); /* it may be over already */
	if (WIFEXITED(status))
		show_status("continued", status);
	else
		reap("continued", pid);

	pid = child(wait_at_gate);
	SHOW(kill(pid, SIGSTOP));
	memset(&info, 0, sizeof(info));
	SHOW(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
	TRUTH(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP && info.si_pid == pid);
	SHOW(kill(pid, SIGCONT));
	SHOW(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	TRUTH(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
	SHOW(kill(pid, SIGSTOP));
	TRUTH(waitpid(pid, &status, WUNTRACED) == pid);
	SHOW(kill(pid, SIGTERM)); /* pending while stopped */
	SHOW(waitpid(pid, &status, WNOHANG));
	SHOW(kill(pid, SIGKILL)); /* not even a stopped one survives this */
	reap("killed while stopped", pid);
	return 0;
}

/* wait(2): statuses, options, waitid(2), who is waited for. */
#include "conformance.h"
#include <sys/resource.h>

static int code;
static struct gate gate;

static void end_with_code(void)
{
	_exit(code);
}
static void end_by_signal(void)
{
	raise(code);
}
static void end_at_gate(void)
{
	gate_wait(&gate);
	_exit(9);
}
static void in_own_group(void)
{
	CHECK(setpgid(0, 0) == 0);
	gate_wait(&gate);
	_exit(11);
}

int main(void)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM, SIGABRT};
	int status = 12345;
	struct rusage usage;
	siginfo_t info;
	pid_t a, b;

	SHOW(wait(&status));
	SHOW(waitpid(getpid(), &status, 0));
	SHOW(waitpid(-1, &status, WNOHANG));
	SHOW(waitpid(-1, &status, 0x40));
	SHOW(waitid(P_ALL, 0, &info, 0));

	for (code = 0; code < 300; code += 85)
		reap("exit", child(end_with_code));
	for (int i = 0; i < COUNT(signals); i++) {
		code = signals[i];
		reap("raise", child(end_by_signal));
	}
	code = SIGCHLD;
	reap("raise of an ignored one", child(end_by_signal));

	gate = gate_new();
	a = child(end_at_gate);
	SHOW(waitpid(a, &status, WNOHANG));
	gate_open(&gate);
	TRUTH(waitpid(a, &status, 0) == a);
	show_status("at the gate", status);
	SHOW(waitpid(a, &status, WNOHANG));

	code = 3;
	a = child(end_with_code);
	memset(&info, 0, sizeof(info));
	SHOW(waitid(P_PID, (id_t)a, &info, WEXITED | WNOWAIT));
	TRUTH(info.si_pid == a && info.si_signo == SIGCHLD && info.si_code == CLD_EXITED);
	printf("si_status %d\n", info.si_status);
	SHOW(waitid(P_PID, (id_t)a, &info, WEXITED | WNOHANG));
	memset(&info, 1, sizeof(info));
	SHOW(waitid(P_PID, (id_t)a, &info, WEXITED));
	code = SIGKILL;
	a = child(end_by_signal);
	SHOW(waitid(P_ALL, 0, &info, WEXITED));
	TRUTH(info.si_pid == a && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
	gate_close(&gate);

	/* WNOHANG with a child that has not changed: 0, and si_pid is 0. */
	gate = gate_new();
	a = child(end_at_gate);
	memset(&info, 1, sizeof(info));
	SHOW(waitid(P_PID, (id_t)a, &info, WEXITED | WNOHANG));
	printf("si_pid %d\n", (int)info.si_pid);
	b = child(in_own_group);
	setpgid(b, b);
	SHOW(waitpid(-b, &status, WNOHANG));
	gate_open(&gate);
	gate_open(&gate);
	TRUTH(waitpid(-b, &status, 0) == b);
	show_status("own group", status);
	TRUTH(waitpid(0, &status, 0) == a);
	show_status("my group", status);
	SHOW(waitpid(-b, &status, 0));

	a = child(end_with_code);
	TRUTH(wait4(a, NULL, 0, &usage) == a);
	TRUTH(usage.ru_utime.tv_sec >= 0);

	/* Many at once, reaped in any order. */
	int sum = 0;
	for (code = 1; code <= 20; code++)
		child(end_with_code);
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("sum %d, then %s\n", sum, errno_name(errno));

	/* Nobody becomes a zombie while SIGCHLD is ignored; wait sleeps until all are gone. */
	signal(SIGCHLD, SIG_IGN);
	code = 1;
	for (int i = 0; i < 5; i++)
		child(end_with_code);
	SHOW(wait(&status));
	SHOW(wait(bad_address));
	signal(SIGCHLD, SIG_DFL);
	a = child(end_with_code);
	SHOW(waitpid(a, bad_address, 0));
	return 0;
}

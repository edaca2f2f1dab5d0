/* si_code and what goes with it, for each way that a signal comes about. */
#include "conformance.h"
#include <sys/syscall.h>
#include <sys/time.h>

static siginfo_t last;
static volatile sig_atomic_t got;

static void handler(int s, siginfo_t *i, void *context)
{
	(void)s;
	(void)context;
	last = *i;
	got++;
}
static const char *who(pid_t pid)
{
	return pid == getpid() ? "self" : pid == getppid() ? "parent" : pid ? "other" : "0";
}
static void show_last(const char *what)
{
	while (!got)
		usleep(1000);
	got = 0;
	printf("%s: %s code %d pid %s uid %s\n", what, signal_name(last.si_signo), last.si_code,
		who(last.si_pid), last.si_uid == getuid() ? "own" : "other");
}
static void exits(void)
{
	_exit(259);
}
static void dies(void)
{
	raise(SIGTERM);
}
static void stops(void)
{
	for (;;)
		pause();
}
static void show_child(const char *what, pid_t pid)
{
	while (!got)
		usleep(1000);
	got = 0;
	printf("%s: code %d status %d pid %s\n", what, last.si_code, last.si_status,
		last.si_pid == pid ? "its" : "other");
}

int main(void)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct itimerval v = {{0, 0}, {0, 1000}};
	union sigval val = {.sival_int = -5};
	const int signals[] = {SIGUSR1, SIGALRM, SIGPIPE, SIGCHLD, SIGXFSZ, SIGRTMIN + 4};
	siginfo_t i;
	pid_t pid;
	int p[2];

	for (int k = 0; k < COUNT(signals); k++)
		sigaction(signals[k], &a, NULL);
	kill(getpid(), SIGUSR1);
	show_last("kill");
	kill(getpid(), SIGRTMIN + 4);
	show_last("kill, real-time");
	raise(SIGUSR1);
	show_last("raise");
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	show_last("tgkill");
	sigqueue(getpid(), SIGUSR1, val);
	TRUTH(last.si_value.sival_int == -5);
	show_last("sigqueue");
	memset(&i, 0, sizeof(i));
	i.si_code = -42;
	i.si_pid = 1;
	i.si_value.sival_int = 9;
	syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &i);
	TRUTH(last.si_value.sival_int == 9 && last.si_pid == 1);
	got = 0;
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, &i) == -1 && errno == EPERM);
	i.si_code = SI_USER;
	SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &i));
	i.si_code = SI_TKILL;
	SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &i));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &i));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0x3fffffff, SIGUSR1, &i));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 65, &i));
	SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, bad_address));
	setitimer(ITIMER_REAL, &v, NULL);
	while (!got)
		pause();
	got = 0;
	printf("setitimer: %s code %d\n", signal_name(last.si_signo), last.si_code);
	CHECK(pipe(p) == 0);
	close(p[0]);
	CHECK(write(p[1], "x", 1) == -1);
	show_last("broken pipe");

	pid = child(exits);
	show_child("exit", pid);
	CHECK(waitid(P_PID, (id_t)pid, &i, WEXITED) == 0);
	printf("waitid: %s code %d status %d\n", signal_name(i.si_signo), i.si_code, i.si_status);
	pid = child(dies);
	show_child("killed", pid);
	CHECK(waitid(P_PID, (id_t)pid, &i, WEXITED) == 0);
	printf("waitid: code %d status %d\n", i.si_code, i.si_status);
	pid = child(stops);
	kill(pid, SIGSTOP);
	show_child("stopped", pid);
	CHECK(waitid(P_PID, (id_t)pid, &i, WSTOPPED) == 0);
	printf("waitid: code %d status %d\n", i.si_code, i.si_status);
	kill(pid, SIGCONT);
	show_child("continued", pid);
	CHECK(waitid(P_PID, (id_t)pid, &i, WCONTINUED) == 0);
	printf("waitid: code %d status %d\n", i.si_code, i.si_status);
	kill(pid, SIGKILL);
	show_child("killed", pid);
	return 0;
}

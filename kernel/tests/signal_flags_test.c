/* The flags of sigaction: what each changes, and what is given back. */
#include "conformance.h"

static volatile sig_atomic_t n, blocked_self, blocked_other;

static void look(int s)
{
	sigset_t m;

	n++;
	sigprocmask(SIG_BLOCK, NULL, &m);
	blocked_self = sigismember(&m, s);
	blocked_other = sigismember(&m, SIGUSR2);
}
static void recurse(int s)
{
	if (++n < 4)
		raise(s);
}
static void install(int s, void (*f)(int), int flags)
{
	struct sigaction a = {.sa_handler = f, .sa_flags = flags};

	sigaddset(&a.sa_mask, SIGUSR2);
	CHECK(sigaction(s, &a, NULL) == 0);
}
static void exits(void)
{
	_exit(3);
}
static void stops(void)
{
	raise(SIGSTOP);
	_exit(4);
}
static void dies_by_reset(void)
{
	install(SIGUSR1, look, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(n == 1);
	raise(SIGUSR1);
}

int main(void)
{
	struct sigaction a, old;
	sigset_t m;
	pid_t pid;
	int status;

	install(SIGUSR1, look, 0);
	raise(SIGUSR1);
	printf("plain: self %d other %d\n", blocked_self, blocked_other);
	install(SIGUSR1, look, SA_NODEFER);
	raise(SIGUSR1);
	printf("NODEFER: self %d other %d\n", blocked_self, blocked_other);
	sigprocmask(SIG_BLOCK, NULL, &m);
	TRUTH(!sigismember(&m, SIGUSR1) && !sigismember(&m, SIGUSR2));
	n = 0;
	install(SIGUSR1, recurse, SA_NODEFER);
	raise(SIGUSR1);
	printf("NODEFER nests: %d\n", n);
	n = 0;
	install(SIGUSR1, look, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0);
	TRUTH(old.sa_handler == SIG_DFL);
	n = 0;
	reap("RESETHAND", child(dies_by_reset));

	a = (struct sigaction){.sa_handler = look,
		.sa_flags = SA_RESTART | SA_NODEFER | SA_NOCLDSTOP | SA_NOCLDWAIT | SA_ONSTACK};
	sigfillset(&a.sa_mask);
	CHECK(sigaction(SIGUSR2, &a, NULL) == 0);
	CHECK(sigaction(SIGUSR2, NULL, &old) == 0);
	TRUTH((old.sa_flags & 0x78000007) == (a.sa_flags & 0x78000007));
	TRUTH(old.sa_handler == look && sigismember(&old.sa_mask, SIGTERM));
	TRUTH(!sigismember(&old.sa_mask, SIGKILL) && !sigismember(&old.sa_mask, SIGSTOP));
	SHOW(sigaction(SIGKILL, NULL, &old));
	SHOW(sigaction(SIGKILL, &a, NULL));
	SHOW(sigaction(SIGSTOP, &a, NULL));
	SHOW(sigaction(0, &a, NULL));
	SHOW(sigaction(65, NULL, &old));

	/* NOCLDWAIT: no zombie, and wait knows of none; the handler still runs. */
	n = 0;
	install(SIGCHLD, look, SA_NOCLDWAIT);
	pid = child(exits);
	SHOW(waitpid(pid, &status, 0));
	while (n == 0)
		usleep(1000);
	printf("SIGCHLD %d\n", n);
	/* NOCLDSTOP: only ends are told. */
	n = 0;
	install(SIGCHLD, look, SA_NOCLDSTOP | SA_RESTART);
	pid = child(stops);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid);
	show_status("stops", status);
	TRUTH(n == 0);
	kill(pid, SIGCONT);
	CHECK(waitpid(pid, &status, 0) == pid);
	show_status("ends", status);
	TRUTH(n == 1);
	/* Ignored: the same as NOCLDWAIT. */
	signal(SIGCHLD, SIG_IGN);
	pid = child(exits);
	SHOW(waitpid(pid, &status, 0));
	return 0;
}

/* Pending signals: what ignoring and handling does to them, and what fork and exec do. */
#include "conformance.h"

static volatile sig_atomic_t n;

static void handler(int s)
{
	(void)s;
	n++;
}
static int pending(int s)
{
	sigset_t m;

	sigpending(&m);
	return sigismember(&m, s);
}
static void block(int s)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, s);
	sigprocmask(SIG_BLOCK, &m, NULL);
}
static void unblock(int s)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, s);
	sigprocmask(SIG_UNBLOCK, &m, NULL);
}
static void looks(void)
{
	TRUTH(pending(SIGUSR1));
	unblock(SIGUSR1);
	TRUTH(n == 0);
}
static void execs(void)
{
	block(SIGUSR2);
	signal(SIGUSR1, SIG_IGN);
	on_signal(SIGTERM, handler, 0);
	raise(SIGUSR2);
	execl("/proc/self/exe", "again", "again", NULL);
}

int main(int argc, char **argv)
{
	struct sigaction a;

	(void)argv;
	if (argc > 1) {
		TRUTH(pending(SIGUSR2));
		sigaction(SIGUSR1, NULL, &a);
		TRUTH(a.sa_handler == SIG_IGN);
		sigaction(SIGTERM, NULL, &a);
		TRUTH(a.sa_handler == SIG_DFL);
		unblock(SIGUSR2);
		return 1;
	}
	on_signal(SIGUSR1, handler, 0);
	block(SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	TRUTH(pending(SIGUSR1));
	reap("child", child(looks));
	unblock(SIGUSR1);
	printf("handled %d\n", n);
	/* Ignoring forgets what is pending, and it does not come back. */
	block(SIGUSR1);
	kill(getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	TRUTH(!pending(SIGUSR1));
	on_signal(SIGUSR1, handler, 0);
	unblock(SIGUSR1);
	printf("handled %d\n", n);
	/* So does the default of one that is ignored by default. */
	on_signal(SIGCHLD, handler, 0);
	block(SIGCHLD);
	raise(SIGCHLD);
	TRUTH(pending(SIGCHLD));
	signal(SIGCHLD, SIG_DFL);
	TRUTH(!pending(SIGCHLD));
	/* Blocked and ignored: it may be taken, so it is kept. */
	block(SIGWINCH);
	raise(SIGWINCH);
	TRUTH(pending(SIGWINCH));
	/* A stop takes SIGCONT away and the other way round. */
	block(SIGTSTP);
	block(SIGCONT);
	raise(SIGTSTP);
	TRUTH(pending(SIGTSTP));
	raise(SIGCONT);
	TRUTH(!pending(SIGTSTP) && pending(SIGCONT));
	raise(SIGTSTP);
	TRUTH(pending(SIGTSTP) && !pending(SIGCONT));
	reap("exec", child(execs));
	return 0;
}

/* Signals: handlers, masks, pending ones, flags, errors. */
#include "conformance.h"

static volatile sig_atomic_t count, last, nested, depth;

static void note(int s)
{
	count++;
	last = s;
}
static void nest(int s)
{
	depth++;
	if (depth > nested)
		nested = depth;
	if (++count < 3)
		raise(s);
	depth--;
}
static void mask_seen(int s)
{
	sigset_t m;

	sigprocmask(SIG_BLOCK, NULL, &m);
	printf("in handler of %s: USR1 %d USR2 %d\n", signal_name(s), sigismember(&m, SIGUSR1),
		sigismember(&m, SIGUSR2));
}
static void with_info(int s, siginfo_t *info, void *context)
{
	(void)context;
	printf("info %s: signo %d code %s pid %s\n", signal_name(s), info->si_signo,
		info->si_code == SI_USER    ? "USER"
		: info->si_code == SI_TKILL ? "TKILL"
					    : "other",
		info->si_pid == getpid() ? "mine" : "other");
}

int main(void)
{
	struct sigaction a, old;
	sigset_t m, p;

	on_signal(SIGUSR1, note, 0);
	SHOW(raise(SIGUSR1));
	printf("count %d last %s\n", count, signal_name(last));
	SHOW(kill(getpid(), SIGUSR1));
	printf("count %d\n", count);

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	SHOW(sigprocmask(SIG_BLOCK, &m, NULL));
	raise(SIGUSR1);
	raise(SIGUSR1);
	printf("blocked: count %d\n", count);
	SHOW(sigpending(&p));
	TRUTH(sigismember(&p, SIGUSR1) && !sigismember(&p, SIGUSR2));
	SHOW(sigprocmask(SIG_UNBLOCK, &m, NULL));
	printf("unblocked: count %d\n", count); /* twice pending is once */

	SHOW(sigprocmask(99, &m, NULL));
	SHOW(sigprocmask(SIG_BLOCK, NULL, &p));
	sigfillset(&m);
	SHOW(sigprocmask(SIG_SETMASK, &m, NULL));
	SHOW(sigprocmask(SIG_SETMASK, NULL, &p));
	TRUTH(!sigismember(&p, SIGKILL) && !sigismember(&p, SIGSTOP) && sigismember(&p, SIGTERM));
	sigemptyset(&m);
	sigprocmask(SIG_SETMASK, &m, NULL);

	memset(&a, 0, sizeof(a));
	a.sa_handler = note;
	SHOW(sigaction(SIGKILL, &a, NULL));
	SHOW(sigaction(SIGSTOP, &a, NULL));
	SHOW(sigaction(0, &a, NULL));
	SHOW(sigaction(65, &a, NULL));
	SHOW(sigaction(SIGKILL, NULL, &old));

	/* Without SA_NODEFER the handler is not entered again until it has returned. */
	count = nested = 0;
	on_signal(SIGUSR2, nest, 0);
	raise(SIGUSR2);
	printf("deferred: count %d depth %d\n", count, nested);
	count = nested = 0;
	on_signal(SIGUSR2, nest, SA_NODEFER);
	raise(SIGUSR2);
	printf("nested: count %d depth %d\n", count, nested);

	count = 0;
	on_signal(SIGUSR1, note, (int)SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	TRUTH(old.sa_handler == SIG_DFL && count == 1);

	memset(&a, 0, sizeof(a));
	a.sa_handler = mask_seen;
	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, &old);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &m);
	TRUTH(!sigismember(&m, SIGUSR1) && !sigismember(&m, SIGUSR2));

	memset(&a, 0, sizeof(a));
	a.sa_sigaction = with_info;
	a.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	TRUTH((old.sa_flags & SA_SIGINFO) && old.sa_sigaction == with_info);

	/* Ignored: thrown away, even when it was pending. */
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigprocmask(SIG_BLOCK, &m, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&p);
	TRUTH(!sigismember(&p, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &m, NULL);

	SHOW(kill(getpid(), 0));
	SHOW(kill(getpid(), 65));
	SHOW(kill(getpid(), -1));
	SHOW(kill(0x7ffffff0, SIGTERM));
	return 0;
}

/* signals.c - handlers on the way out of calls and at loop heads, masks, restarts, stacks. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_LATER 9000 /* stub.ts: the poll word is set a while after the call */
#define CALL_READ 9001	/* first an ERESTARTSYS, then 42 */
#define CALL_SLEEP 9002 /* an ERESTARTBLOCK */

static volatile sig_atomic_t count, last, on_stack;
static char stack[16384];
static sigjmp_buf jb;

static void handler(int sig)
{
	char here;

	count++;
	last = sig;
	on_stack = &here >= stack && &here < stack + sizeof stack;
}

static void with_info(int sig, siginfo_t *si, void *uc)
{
	count++;
	last = si->si_signo == sig && uc && !sigismember(&((ucontext_t *)uc)->uc_sigmask, sig) ? sig
											       : -1;
}

static void jumps(int sig)
{
	siglongjmp(jb, sig);
}

static volatile sig_atomic_t depth, deepest, runs, masked;

static void nests(int sig)
{
	sigset_t now;

	if (++depth > deepest)
		deepest = depth;
	sigprocmask(SIG_BLOCK, 0, &now);
	masked = sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2);
	if (!runs++) {
		kill(getpid(), SIGTERM); /* handled inside this handler */
		last = count;
		kill(getpid(), SIGUSR1); /* waits until it has returned */
	}
	depth--;
}

static void on(int sig, int flags, void (*f)(int))
{
	struct sigaction sa = {.sa_handler = f, .sa_flags = flags};

	sigaction(sig, &sa, 0);
}

int main(void)
{
	struct sigaction sa = {.sa_flags = SA_SIGINFO, .sa_sigaction = with_info};
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
	sigset_t set, none;
	long r;

	on(SIGUSR1, 0, handler);
	kill(getpid(), SIGUSR1);
	printf("handler: count %d signal %d\n", count, last);
	sigaction(SIGUSR2, &sa, 0);
	raise(SIGUSR2);
	printf("siginfo: count %d signal %d\n", count, last);

	sigemptyset(&set);
	sigemptyset(&none);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	kill(getpid(), SIGUSR1);
	printf("blocked: count %d\n", count);
	r = sigsuspend(&none);
	printf("sigsuspend: count %d result %ld %s\n", count, r, strerror(errno));
	sigprocmask(SIG_UNBLOCK, &set, 0);

	count = 0;
	on(SIGUSR1, 0, handler);
	r = syscall(CALL_READ, SIGUSR1, 0, 0, 0, 0, 1);
	printf("call without SA_RESTART: %ld %s, count %d\n", r, r < 0 ? strerror(errno) : "",
		count);
	on(SIGUSR1, SA_RESTART, handler);
	r = syscall(CALL_READ, SIGUSR1, 0, 0, 0, 0, 2);
	printf("call with SA_RESTART: %ld, count %d\n", r, count);
	r = syscall(CALL_SLEEP, SIGUSR1);
	printf("sleep with a handler: %ld %s\n", r, strerror(errno));
	signal(SIGUSR1, SIG_IGN);
	r = syscall(CALL_SLEEP, SIGUSR1);
	printf("sleep without one: %ld\n", r);

	sigaltstack(&ss, 0);
	on(SIGUSR1, SA_ONSTACK, handler);
	kill(getpid(), SIGUSR1);
	printf("alternate stack %d\n", on_stack);
	on(SIGUSR1, 0, handler);
	kill(getpid(), SIGUSR1);
	printf("own stack %d\n", !on_stack);

	count = 0;
	sa = (struct sigaction){.sa_handler = nests};
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, 0);
	on(SIGTERM, 0, handler);
	kill(getpid(), SIGUSR1);
	printf("inside a handler: count %d masked %d deepest %d runs %d\n", last, masked, deepest,
		runs);

	on(SIGUSR1, SA_ONSTACK, jumps);
	r = sigsetjmp(jb, 1);
	if (!r) {
		kill(getpid(), SIGUSR1);
		puts("not reached");
	}
	sigprocmask(SIG_BLOCK, 0, &set);
	printf("siglongjmp out: %ld, mask %d\n", r, sigismember(&set, SIGUSR1));

	on(SIGUSR1, 0, handler);
	count = 0;
	syscall(CALL_LATER, SIGUSR1);
	while (!count)
		;
	printf("loop without calls: count %d\n", count);
	signal(SIGUSR1, SIG_DFL);
	fflush(stdout);
	kill(getpid(), SIGUSR1);
	puts("not reached");
	return 0;
}

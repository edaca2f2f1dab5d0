/* Leaving handlers by siglongjmp: with and without the mask, out of two at once, many times. */
#include "conformance.h"
#include <setjmp.h>

static sigjmp_buf outer, inner;
static volatile sig_atomic_t n;

static int blocked(int s)
{
	sigset_t m;

	sigprocmask(SIG_BLOCK, NULL, &m);
	return sigismember(&m, s);
}
static void jump(int s)
{
	n++;
	siglongjmp(outer, s);
}
static void nest(int s)
{
	(void)s;
	n++;
	raise(SIGUSR2); /* whose handler jumps out of both */
	printf("never here\n");
}
static void jump_within(int s)
{
	n++;
	if (sigsetjmp(inner, 1) == 0)
		raise(SIGALRM);
	printf("in the handler again, itself %s\n", blocked(s) ? "blocked" : "open");
}
static void jump_inner(int s)
{
	(void)s;
	n++;
	siglongjmp(inner, 1);
}

/* Functions of their own: a jump out of a loop without calls in the function that called sigsetjmp
 * is not always caught where WebAssembly has the loop outside of what can catch. */
__attribute__((noinline)) static void compute(void)
{
	ualarm(300, 0);
	for (;;)
		n += 0;
}
__attribute__((noinline)) static void sleep_on(void)
{
	ualarm(300, 0);
	for (;;)
		pause();
}

int main(void)
{
	static volatile int i;
	sigset_t empty;
	int r;

	sigemptyset(&empty);
	on_signal(SIGUSR1, jump, 0);
	r = sigsetjmp(outer, 1);
	if (r == 0)
		raise(SIGUSR1);
	printf("jumped by %s, USR1 %s\n", signal_name(r), blocked(SIGUSR1) ? "blocked" : "open");
	r = sigsetjmp(outer, 0);
	if (r == 0)
		raise(SIGUSR1);
	printf("without the mask: USR1 %s\n", blocked(SIGUSR1) ? "blocked" : "open");
	sigprocmask(SIG_SETMASK, &empty, NULL);

	on_signal(SIGUSR1, nest, 0);
	on_signal(SIGUSR2, jump, 0);
	r = sigsetjmp(outer, 1);
	if (r == 0)
		raise(SIGUSR1);
	printf("out of two: %s, USR1 %s, USR2 %s\n", signal_name(r),
		blocked(SIGUSR1) ? "blocked" : "open", blocked(SIGUSR2) ? "blocked" : "open");
	on_signal(SIGUSR1, jump_within, 0);
	on_signal(SIGALRM, jump_inner, 0);
	raise(SIGUSR1);
	TRUTH(!blocked(SIGUSR1) && !blocked(SIGALRM));

	/* Out of a loop that makes no call, a thousand times; and out of a call. */
	on_signal(SIGUSR1, jump, 0);
	on_signal(SIGALRM, jump, 0);
	n = 0;
	for (i = 0; i < 1000; i++) {
		if (sigsetjmp(outer, 1) == 0)
			raise(SIGUSR1);
	}
	printf("%d jumps\n", n);
	for (i = 0; i < 50; i++) {
		if (sigsetjmp(outer, 1) == 0)
			compute();
	}
	printf("50 jumps out of a loop\n");
	for (i = 0; i < 50; i++) {
		if (sigsetjmp(outer, 1) == 0)
			sleep_on();
	}
	printf("50 jumps out of pause\n");
	/* And handlers still run as before. */
	on_signal(SIGUSR2, jump, SA_RESETHAND);
	if (sigsetjmp(outer, 1) == 0)
		raise(SIGUSR2);
	TRUTH(!blocked(SIGUSR2));
	return 0;
}

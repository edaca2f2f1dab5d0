/* Traps of a program become signals; the default action ends it, and only it. */
#include "conformance.h"

static volatile int zero;

static void divide(void)
{
	_exit(10 / zero);
}
static void illegal(void)
{
	__builtin_trap();
}
static void aborts(void)
{
	abort();
}
static void abort_handled(void)
{
	signal(SIGABRT, SIG_IGN); /* does not help */
	abort();
}
__attribute__((noinline)) static int recurse(volatile char *outer, int n)
{
	volatile char frame[1000];

	frame[n % 1000] = outer ? outer[n % 1000] : 1;
	return n < 0 ? 0 : recurse(frame, n + 1) + frame[(n + 1) % 1000];
}
static void overflow(void)
{
	_exit(recurse(NULL, 0) & 1);
}
static void quit(void)
{
	raise(SIGQUIT);
}
static void fpe_ignored(void)
{
	signal(SIGFPE, SIG_IGN); /* a trap cannot be ignored */
	_exit(10 / zero);
}

int main(void)
{
	reap("division by zero", child(divide));
	reap("illegal instruction", child(illegal));
	reap("abort", child(aborts));
	reap("abort, ignored", child(abort_handled));
	reap("endless recursion", child(overflow));
	reap("quit", child(quit));
	reap("division by zero, ignored", child(fpe_ignored));
	for (int i = 0; i < 5; i++)
		reap("again", child(i & 1 ? overflow : divide));
	printf("still here\n");
	return 0;
}

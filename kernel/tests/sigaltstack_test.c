/* sigaltstack(2): a handler with SA_ONSTACK runs there. */
#include "conformance.h"

static char *stack;
static size_t size = 65536;

static void where(int s)
{
	volatile char here[16];
	stack_t now;

	here[0] = 0;
	printf("%s: on the alternate stack: %s\n", signal_name(s),
		(char *)(uintptr_t)here >= stack && (char *)(uintptr_t)here < stack + size ? "yes"
											   : "no");
	CHECK(sigaltstack(NULL, &now) == 0);
	printf("ss_flags %s\n", now.ss_flags == SS_ONSTACK ? "SS_ONSTACK"
				: now.ss_flags		   ? "other"
							   : "0");
	if (now.ss_flags == SS_ONSTACK) {
		now.ss_flags = 0; /* libc knows no other flag to set */
		SHOW(sigaltstack(&now, NULL));
	}
}

int main(void)
{
	stack_t s = {0}, old;

	stack = malloc(size);
	SHOW(sigaltstack(NULL, &old));
	TRUTH(old.ss_flags == SS_DISABLE);
	s.ss_sp = stack;
	s.ss_size = 100;
	SHOW(sigaltstack(&s, NULL));
	s.ss_size = size;
	s.ss_flags = 0x1000;
	SHOW(sigaltstack(&s, NULL));
	s.ss_flags = 0;
	SHOW(sigaltstack(&s, &old));
	SHOW(sigaltstack(NULL, &old));
	TRUTH(old.ss_sp == stack && old.ss_size == size && old.ss_flags == 0);
	on_signal(SIGUSR1, where, SA_ONSTACK);
	on_signal(SIGUSR2, where, 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	raise(SIGUSR1);
	s.ss_flags = SS_DISABLE;
	SHOW(sigaltstack(&s, NULL));
	raise(SIGUSR1);
	return 0;
}

/*
 * setjmp.c - run time of the compiler's setjmp and longjmp (legacy WebAssembly exceptions).
 *
 * The compiler rewrites each function that calls setjmp: a call records (buffer, which setjmp,
 * which activation); longjmp throws; the function catches, asks __wasm_setjmp_test whether the
 * buffer is one of its own activation, and jumps or throws on.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include "pleat.h"
#include "syscall.h"

struct jump {
	void *activation;
	uint32_t label;
	struct {
		void *env;
		int val;
	} arg;	       /* what is thrown; the compiler reads it */
	uint32_t mask; /* MASK_*: does __ss hold a signal mask */
	int handlers;
};
_Static_assert(sizeof(struct jump) <= sizeof(__jmp_buf), "jmp_buf");

#define MASK_PENDING 0x5349474d /* set by sigsetjmp just before setjmp */
#define MASK_SAVED 1

void __wasm_setjmp(void *env, uint32_t label, void *activation)
{
	struct jump *j = env;

	j->activation = activation;
	j->label = label;
	j->mask = j->mask == MASK_PENDING ? MASK_SAVED : 0;
	j->handlers = __pleat_handlers;
}

uint32_t __wasm_setjmp_test(void *env, void *activation)
{
	struct jump *j = env;

	return j->activation == activation ? j->label : 0;
}

_Noreturn void __wasm_longjmp(void *env, int val)
{
	struct jump *j = env;

	__pleat_handlers = j->handlers;
	if (j->mask == MASK_SAVED) {
		struct __jmp_buf_tag *b = env;

		__syscall(SYS_rt_sigprocmask, SIG_SETMASK, b->__ss, 0, _NSIG / 8);
	}
	j->arg.env = env;
	j->arg.val = val ? val : 1;
	__builtin_wasm_throw(1, &j->arg);
}

/* First half of the sigsetjmp macro: note the mask; setjmp on the same buffer follows. */
struct __jmp_buf_tag *__sigsetjmp_save(struct __jmp_buf_tag *b, int save)
{
	struct jump *j = (void *)b;

	j->mask = 0;
	if (save) {
		__syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, b->__ss, _NSIG / 8);
		j->mask = MASK_PENDING;
	}
	return b;
}

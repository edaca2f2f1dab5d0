/*
 * syscall_cp.c - a system call at which the thread can be cancelled.
 *
 * libc's handler of SIGCANCEL asks where it interrupted the thread: inside the range below it
 * redirects to __cp_cancel. A handler here runs after the kernel has returned, so "inside" is
 * said exactly when the call had no effect yet, that is for a result that asks for a restart.
 */
#include "pthread_impl.h"
#include "syscall.h"
#include "pleat.h"

extern hidden const char __cp_begin[1], __cp_end[1], __cp_cancel[1];
hidden long __cancel(void);

hidden long __syscall_cp_asm(volatile void *cancel, syscall_arg_t n, syscall_arg_t a,
	syscall_arg_t b, syscall_arg_t c, syscall_arg_t d, syscall_arg_t e, syscall_arg_t f)
{
	for (;;) {
		unsigned long pc;
		long r;

		if (*(volatile int *)cancel)
			return __cancel();
		r = __pleat_kernel(n, a, b, c, d, e, f);
		if (!PLEAT_POLLED() && !PLEAT_IS_RESTART(r))
			return r;
		pc = PLEAT_IS_RESTART(r) ? (unsigned long)__cp_begin : 0;
		r = __pleat_after(r, &pc);
		if (pc == (unsigned long)__cp_cancel)
			return __cancel();
		if (r == PLEAT_AGAIN_RESTART)
			n = SYS_restart_syscall;
		else if (r != PLEAT_AGAIN)
			return r;
	}
}

/*
 * pleat_syscall.c - the one way into the kernel, and the way out of it through signal handlers.
 * Spec: kernel/abi/program.h (poll word, pleat_sigtake, ERESTART results); POSIX sigaction().
 *
 * sdk/post puts no poll into the functions of this file.
 */
#include <errno.h>
#include <string.h>
#include "pleat.h"
#include "syscall.h"
#include "wasm_globals.h"

hidden _Thread_local int __pleat_handlers;

/* Call one handler, on the alternate stack if the kernel says so. */
static void call_handler(const struct pleat_sigframe *f, ucontext_t *uc)
{
	uintptr_t sp = wasm_stack_pointer();

	if (f->altstack_top)
		wasm_set_stack_pointer(f->altstack_top & ~15u);
	__pleat_handlers++;
	if (f->flags & SA_SIGINFO)
		((void (*)(int, siginfo_t *, void *))f->handler)(f->signo, (void *)f->info, uc);
	else
		((void (*)(int))f->handler)(f->signo);
	__pleat_handlers--;
	wasm_set_stack_pointer(sp);
}

int __pleat_deliver(unsigned long *pc)
{
	struct pleat_sigframe frame;
	int ran = 0;

	while (__pleat_kernel(SYS_pleat_sigtake, (long)&frame, 0, 0, 0, 0, 0) > 0) {
		ucontext_t uc = {.uc_mcontext.__pc = *pc};

		memcpy(&uc.uc_sigmask, &frame.oldmask, sizeof frame.oldmask);
		call_handler(&frame, &uc);
		ran |= frame.flags & SA_RESTART ? PLEAT_RAN : PLEAT_RAN | PLEAT_RAN_EINTR;
		*pc = uc.uc_mcontext.__pc;
		__pleat_kernel(SYS_rt_sigreturn, (long)&uc.uc_sigmask, 0, 0, 0, 0, 0);
	}
	return ran;
}

long __pleat_settle(long result, int ran, long *nr, int *again)
{
	*again = 0;
	switch (result) {
	case -PLEAT_ERESTARTSYS:
		if (ran & PLEAT_RAN_EINTR)
			return -EINTR;
		break;
	case -PLEAT_ERESTARTNOHAND:
		if (ran)
			return -EINTR;
		break;
	case -PLEAT_ERESTARTBLOCK:
		if (ran)
			return -EINTR;
		*nr = SYS_restart_syscall;
		break;
	default:
		return result;
	}
	*again = 1;
	return result;
}

/*
 * Every system call of libc, signal handlers and restarts included. Returns what the kernel did:
 * a result, or a negative errno. A result that asks for a restart is honoured even if another
 * thread has taken the signal meanwhile and cleared the poll word.
 */
long __pleat_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	int again = 0;
	long r;

	do {
		unsigned long pc = 0;

		r = __pleat_kernel(n, a, b, c, d, e, f);
		if (!PLEAT_POLLED() && !PLEAT_IS_RESTART(r))
			return r;
		r = __pleat_settle(r, __pleat_deliver(&pc), &n, &again);
	} while (again);
	return r;
}

/* Called at loop heads while the poll word is set: handlers reach code that makes no call. */
__attribute__((export_name("__pleat_poll"))) void __pleat_poll(void)
{
	unsigned long pc = 0;

	__pleat_deliver(&pc);
}

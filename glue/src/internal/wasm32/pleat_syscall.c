/*
 * pleat_syscall.c - the one way into the kernel, and the way out of it through signal handlers.
 * Spec: kernel/abi/program.h (poll word, pleat_sigtake, ERESTART results); POSIX sigaction().
 *
 * sdk/post puts no poll into the functions of this file.
 */
#include <errno.h>
#include <string.h>
#include "pthread_impl.h"
#include "pleat.h"
#include "syscall.h"
#include "wasm_globals.h"

hidden _Thread_local int __pleat_handlers;

extern __typeof(__pleat_vfork_return) __pleat_vfork_return __attribute__((__weak__));

static void deliver_more(void);

/*
 * Call one handler, on the alternate stack if the kernel says so. As on Linux, whatever else is
 * pending and not blocked interrupts it before its first instruction.
 */
static void call_handler(const struct pleat_sigframe *f, ucontext_t *uc)
{
	uintptr_t sp = wasm_stack_pointer();

	if (f->altstack_top)
		wasm_set_stack_pointer(f->altstack_top & ~15u);
	__pleat_handlers++;
	deliver_more();
	if (f->flags & SA_SIGINFO)
		((void (*)(int, siginfo_t *, void *))f->handler)(f->signo, (void *)f->info, uc);
	else
		((void (*)(int))f->handler)(f->signo);
	__pleat_handlers--;
	wasm_set_stack_pointer(sp);
}

#define RAN 1
#define RAN_EINTR 2 /* the first one without SA_RESTART: it alone decides, as on Linux */

/*
 * The poll word is one for all threads. Where it names another one, that one will take it out, and
 * this one goes on; but looks now and then, since a name may be out of date.
 */
static int is_mine(void)
{
	static _Thread_local unsigned seen;
	unsigned who = __atomic_load_n((unsigned *)PLEAT_POLL_WORD, __ATOMIC_SEQ_CST);

	return who == PLEAT_POLL_ANY || who == (unsigned)__pthread_self()->tid ||
	       (who && ++seen % 1024 == 0);
}

/* Run what waits. Returns 0, RAN, or RAN | RAN_EINTR. */
hidden int __pleat_deliver(unsigned long *pc)
{
	struct pleat_sigframe frame;
	int ran = 0;
	long took;

	while ((took = __pleat_kernel(SYS_pleat_sigtake, (long)&frame, 0, 0, 0, 0, 0)) > 0) {
		ucontext_t uc = {.uc_mcontext.__pc = *pc};

		if (took == PLEAT_VFORK_ENDED)
			__pleat_vfork_return(frame.signo);
		memcpy(&uc.uc_sigmask, &frame.oldmask, sizeof frame.oldmask);
		call_handler(&frame, &uc);
		if (!ran)
			ran = frame.flags & SA_RESTART ? RAN : RAN | RAN_EINTR;
		*pc = uc.uc_mcontext.__pc;
		__pleat_kernel(SYS_rt_sigreturn, (long)&uc.uc_sigmask, 0, 0, 0, 0, 0);
	}
	return ran;
}

/* Apart: its frame is then on the stack that the handler will use. */
static __attribute__((__noinline__)) void deliver_more(void)
{
	unsigned long pc = 0;

	if (PLEAT_POLLED() && is_mine())
		__pleat_deliver(&pc);
}

long __pleat_after(long result, unsigned long *pc)
{
	int ran = PLEAT_IS_RESTART(result) || is_mine() ? __pleat_deliver(pc) : 0;

	switch (result) {
	case -PLEAT_ERESTARTSYS:
		return ran & RAN_EINTR ? -EINTR : PLEAT_AGAIN;
	case -PLEAT_ERESTARTNOHAND:
		return ran ? -EINTR : PLEAT_AGAIN;
	case -PLEAT_ERESTARTBLOCK:
		return ran ? -EINTR : PLEAT_AGAIN_RESTART;
	}
	return result;
}

/* Apart, so that the usual way through __pleat_syscall has no stack frame. */
static __attribute__((__noinline__)) long after_call(long result)
{
	unsigned long pc = 0;

	return __pleat_after(result, &pc);
}

/*
 * Every system call of libc, signal handlers and restarts included. Returns what the kernel did:
 * a result, or a negative errno. A result that asks for a restart is honoured even if another
 * thread has taken the signal meanwhile and cleared the poll word.
 */
long __pleat_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	for (;;) {
		long r = __pleat_kernel(n, a, b, c, d, e, f);

		if (!PLEAT_POLLED() && !PLEAT_IS_RESTART(r))
			return r;
		r = after_call(r);
		if (r == PLEAT_AGAIN_RESTART)
			n = SYS_restart_syscall;
		else if (r != PLEAT_AGAIN)
			return r;
	}
}

/* Called at loop heads while the poll word is set: handlers reach code that makes no call. */
__attribute__((export_name("__pleat_poll"))) void __pleat_poll(void)
{
	unsigned long pc = 0;

	if (is_mine())
		__pleat_deliver(&pc);
}

/*
 * clone.c - starting a thread. A process of its own is fork's or posix_spawn's business.
 *
 * The kernel starts a new instance of the program on the same memory, sets its globals from
 * struct pleat_clone (kernel/abi/program.h) and enters __pleat_thread_start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sched.h>
#include "pthread_impl.h"
#include "pleat.h"
#include "syscall.h"

struct thread_start {
	int (*func)(void *);
	void *arg;
};

/* Returns the new thread's id; -EINVAL without CLONE_THREAD; else the kernel's errno. */
int __clone(int (*func)(void *), void *stack, int flags, void *arg, ...)
{
	struct pleat_clone c;
	struct thread_start *start;
	uintptr_t sp = (uintptr_t)stack & -16UL;
	void *ptid, *ctid;
	pthread_t tls;
	va_list ap;

	if (!(flags & CLONE_THREAD) || !(flags & CLONE_SETTLS))
		return -EINVAL;
	va_start(ap, arg);
	ptid = va_arg(ap, void *);
	tls = va_arg(ap, void *);
	ctid = va_arg(ap, void *);
	va_end(ap);

	sp -= 16;
	start = (void *)sp;
	start->func = func;
	start->arg = arg;
	c = (struct pleat_clone){
		.flags = flags,
		.stack = sp,
		.tls_base = tls->dtv[1],
		.tp = (unsigned)tls,
		.arg = (unsigned)start,
		.ptid = (unsigned)ptid,
		.ctid = (unsigned)ctid,
		.stack_low = (unsigned)tls->stack - tls->stack_size,
	};
	return __syscall(SYS_clone, &c);
}

__attribute__((export_name("__pleat_thread_start"))) void __pleat_thread_start(void *arg)
{
	struct thread_start *start = arg;

	__syscall(SYS_exit, start->func(start->arg));
}

/* pleat.h - what the files of glue/src share. The contract with the kernel is program.h. */
#ifndef PLEAT_H
#define PLEAT_H

#include <features.h>
#include <signal.h>
#include <spawn.h>
#include "program.h"

/*
 * What follows a call of the kernel when the poll word is set or the result asks for a restart:
 * runs the handlers of the signals that wait for this thread and says what the caller gets, or
 * one of the PLEAT_AGAIN values. *pc is what handlers find in their machine context and what they
 * leave there (thread cancellation's protocol).
 */
hidden long __pleat_after(long result, unsigned long *pc);
#define PLEAT_AGAIN (-4097)	    /* make the same call again */
#define PLEAT_AGAIN_RESTART (-4098) /* go on as restart_syscall(2) */

/* The kernel's import, without signals, restarts or errno. */
__attribute__((import_module("kernel"), import_name("syscall"))) long __pleat_kernel(
	long n, long a, long b, long c, long d, long e, long f);

#define PLEAT_IS_RESTART(r) ((unsigned long)(r) + PLEAT_ERESTARTBLOCK < 5)
#define PLEAT_POLLED() (__atomic_load_n((unsigned *)PLEAT_POLL_WORD, __ATOMIC_SEQ_CST) != 0)

/* How many signal handlers are on this thread's stack; longjmp puts back setjmp's count. */
extern hidden _Thread_local int __pleat_handlers;

/* A vfork child has become another process: return pid to the parent at its vfork. */
_Noreturn void __pleat_vfork_return(int pid);

/* posix_spawn without PATH search: 0 or an errno. */
hidden int __pleat_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *,
	const posix_spawnattr_t *, char *const *, char *const *);

#endif

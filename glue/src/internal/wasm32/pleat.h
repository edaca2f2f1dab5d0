/* pleat.h - what the files of glue/src share. The contract with the kernel is program.h. */
#ifndef PLEAT_H
#define PLEAT_H

#include <features.h>
#include <signal.h>
#include <spawn.h>
#include "program.h"

/*
 * Run the handlers of the signals that wait for this thread. *pc is what the handlers find in
 * their machine context and what they leave there (thread cancellation's protocol). Returns
 * PLEAT_RAN if one ran, with PLEAT_RAN_EINTR if one of them lacked SA_RESTART, else 0.
 */
hidden int __pleat_deliver(unsigned long *pc);
#define PLEAT_RAN 1
#define PLEAT_RAN_EINTR 2

/*
 * What a caller sees of a kernel result after handlers ran: a result or -EINTR; or 1 in *again
 * (and a new *nr where the call goes on as restart_syscall).
 */
hidden long __pleat_settle(long result, int ran, long *nr, int *again);

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

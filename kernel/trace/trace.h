/*
 * trace.h - system calls made visible: strace sessions, counts per call, lock statistics.
 *
 * All of it is off until somebody asks. A system call then costs one load and one branch more
 * (proc/thread.c looks at trace_on); a lock that nobody contends costs nothing at all.
 *
 * A session is an open file of /dev/strace, or the host's (`pleat run --strace`). It says which
 * processes and which calls it wants. Whoever makes such a call decodes it in its own context,
 * since only there its memory can be read, and puts two records into the session's ring: the call
 * as far as it is known at its entry, and the rest with the result. The traced never waits for a
 * reader: what finds no room is counted, and the reader is told. Reading makes lines as strace(1)
 * prints them, or one record a line with its numbers in front (see trace/line.c).
 *
 * Locks: trace_lock (RANK_WAITQ, one) guards the sessions, their rings and proc.traced. Hooks may
 * be called with any lock of an outer rank held, trace_enter() and trace_leave() with none above
 * RANK_MM: they read user memory.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "lib/types.h"

struct proc;
struct thread;
struct abi_siginfo;
struct trace_session;
struct proc_text;

/* ---- hooks ---- */

#define TRACE_CALLS 1u	  /* at least one session */
#define TRACE_COUNTS 2u	  /* counts per call, /proc/pleat/calls */
extern uint32_t trace_on; /* [a] TRACE_*; 0: nobody looks */

static inline bool trace_wanted(void)
{
	/* Relaxed: whoever turns it on has no promise about calls that are under way. */
	return UNLIKELY(__atomic_load_n(&trace_on, __ATOMIC_RELAXED) != 0);
}

/* A call in progress; in struct thread. */
struct trace_call {
	uint32_t nr, args[6];
	uint32_t pid, tid;   /* who calls; a vfork child's pid while the thread acts for it */
	uint32_t sessions;   /* bit n: session n has its entry */
	uint32_t counted;    /* trace_on's TRACE_COUNTS at the entry */
	uint32_t generation; /* sessions opened before it began */
	uint64_t start_ns, slept_ns;
};

/* Around the dispatch of a call: see thread_syscall(). */
void trace_enter(struct thread *t, uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
	uint32_t a4,
	uint32_t a5); /* no array: thread_syscall() has no frame, and is to have none */
void trace_leave(struct thread *t, int result);
/* The calling thread's execve() succeeded: it will not come to trace_leave(). */
void trace_exec_done(struct thread *t);
/* fork(2) is no system call of ours (proc/fork.c): told when it is over, in the parent. */
void trace_forked(struct thread *t, int result);
/* p was published as a child of parent: sessions that follow forks want it too. */
void trace_publish(struct proc *p, const struct proc *parent);
/* t takes a signal: to run a handler, to stop, or to end by it. */
void trace_signal(struct thread *t, int signo, const struct abi_siginfo *info);
/* The same when a signal ends p at once: its queued siginfo. p's sig_lock is held; NULL: no target.
 */
void trace_fatal_locked(struct proc *p, struct thread *target, int signo);
void trace_stopped(struct thread *t, int signo);
/* p ends with this wait status. */
void trace_exit(struct proc *p, uint32_t code);

/* ---- sessions ---- */

#define TRACE_SESSIONS_MAX 8u
#define TRACE_RING_DEFAULT (256u << 10)

/* -EBUSY: all slots are in use; -ENOMEM. owner: pid that it never traces, 0 none. */
int trace_open(struct trace_session **out, uint32_t owner, uint32_t ring_bytes) MUST_CHECK;
void trace_close(struct trace_session *s);
/*
 * One setting, as text: see trace/control.c. -EINVAL: not understood; -ESRCH: no such process;
 * -EPERM: not the caller's.
 */
int trace_control(struct trace_session *s, const char *text, size_t len) MUST_CHECK;
/* Start and stop tracing a process. -ESRCH: it has ended. */
int trace_attach(struct trace_session *s, struct proc *p) MUST_CHECK;
void trace_detach(struct trace_session *s, struct proc *p);
/*
 * Next text, at most n bytes; 0: nothing now. *ended: and nothing will come, as every process it
 * was to trace has ended. Never sleeps.
 */
size_t trace_read(struct trace_session *s, char *buf, size_t n, bool *ended);

/* The host's own session: `spec` is the value of the boot option strace=. */
void trace_host_start(const char *spec);
/* kernel Worker: as trace_read(). */
size_t trace_host_read(char *buf, size_t n);

/* ---- counts and locks, for /proc/pleat ---- */

void trace_counts_set(bool on);
bool trace_counts_on(void);
int trace_counts_text(struct proc_text *t);
/* -EINVAL; "0" off, "1" on, "reset". */
int trace_counts_store(const char *s, size_t len);
int lockstat_text(struct proc_text *t);
int lockstat_store(const char *s, size_t len);

#endif

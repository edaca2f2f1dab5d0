/*
 * proc.h - processes and threads.
 *
 * struct proc    a process: what its threads share. In the pid table until reaped.
 * struct thread  one Worker's worth of execution. Its waker is its first member.
 *
 * Locks, outer to inner: the one proc-tree lock (RANK_PROC_TREE: pid table, parent and children,
 * groups and sessions, exit states), proc.lock (RANK_PROC), proc.sig_lock (RANK_SIGNAL).
 *
 * Kill rule. thread.state goes USER -> KERNEL -> USER by compare-and-swap at entry and exit of each
 * call. A killer sets INTR_KILL and wakes; a thread found in USER is moved to DEAD and its Worker
 * is then ended by the host (or parks itself at its next poll or call); a thread in KERNEL leaves
 * by itself. So the host never ends a Worker that may hold a lock.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "lib/waitq.h"
#include "abi/signal.h"
#include "abi/program.h"
#include "vfs/vfs.h"
#include "mm/mm.h"
#include "trace/trace.h"

struct tty;

/* ---- credentials: immutable once shared; replaced, never changed ---- */

#define CRED_GROUPS_MAX 64
struct cred {
	struct ref refs;
	uint32_t ruid, euid, suid, fsuid;
	uint32_t rgid, egid, sgid, fsgid;
	uint32_t ngroups;
	uint32_t groups[CRED_GROUPS_MAX];
};
/* The calling thread's; valid until it changes them itself. Kernel threads: root's. */
const struct cred *cred_self(void);
bool cred_in_group(const struct cred *c, uint32_t gid); /* fsgid or supplementary */
static inline bool cred_is_root(const struct cred *c)
{
	return c->euid == 0;
}
#define CAP_ALL 0x1ffffffffffull /* Linux's capabilities, 0 to CAP_LAST_CAP: 40 */
const struct cred *cred_get(const struct cred *c);
void cred_put(const struct cred *c);

/* ---- signals ---- */

typedef uint64_t sigset_k; /* bit signo - 1 */
#define SIGBIT(n) (1ull << ((n) - 1))
#define SIG_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

struct sigaction_k {
	uint32_t handler, flags;
	sigset_k mask;
};

struct sigqueued {
	struct list link;
	struct abi_siginfo info;
	struct sigtimer *timer; /* whose part it is; NULL: on the heap */
};

struct sigpending {
	sigset_k set;
	struct list queue; /* of struct sigqueued, oldest first */
	uint32_t count;	   /* of queue */
};

/* A timer's place in the queues: one entry, and how often it went off while that waited. */
struct sigtimer {
	struct sigqueued entry;	       /* info [i] */
	struct sigpending *pending_in; /* [sig_lock] NULL: not pending */
	uint32_t overrun;	       /* [sig_lock] since it became pending */
	uint32_t last_overrun;	       /* [sig_lock] of the last signal taken */
};

/* ---- process groups and sessions ---- */

struct session {
	struct ref refs;
	uint32_t sid;
	struct tty *tty;    /* [PROC_TREE] controlling terminal, referenced */
	uint32_t lost_pgrp; /* [PROC_TREE] foreground group of a terminal that hung up; 0: none */
	struct list groups; /* [PROC_TREE] */
	struct list hash_link; /* [PROC_TREE] proc/session.c's table by sid */
};

struct pgrp {
	struct ref refs;
	uint32_t pgid;
	struct session *session; /* [i] referenced */
	struct list members;	 /* [PROC_TREE] of proc.pgrp_link */
	struct list session_link;
	struct list hash_link;	  /* [PROC_TREE] proc/session.c's table by pgid */
	struct pgrp *orphan_next; /* while on the list of an exit that orphans it */
	bool orphan_listed;	  /* [PROC_TREE] */
};

/* ---- processes ---- */

enum proc_state { PROC_RUNNING, PROC_STOPPED, PROC_ZOMBIE, PROC_DEAD };

#define RLIMIT_COUNT 16
struct rlimit_k {
	uint64_t cur, max;
};
#define RLIM_INFINITY_K UINT64_MAX

struct proc {
	struct ref refs;
	uint32_t pid;	       /* [i] */
	enum proc_state state; /* [PROC_TREE] */
	struct proc *parent;   /* [PROC_TREE] */
	uint32_t ppid;	       /* [PROC_TREE] to change, [a] to read: parent's pid, 0 none */
	struct list children, sibling; /* [PROC_TREE] */
	struct list hash_link;	       /* [PROC_TREE] pid table */
	struct list all_link;	       /* [PROC_TREE] every process, oldest first */
	struct pgrp *pgrp;	       /* [PROC_TREE] referenced */
	struct list pgrp_link;
	struct waitq child_changed; /* [PROC_TREE] wait4 sleeps here */
	uint32_t exit_code;	    /* [PROC_TREE] wait status once ZOMBIE */
	uint32_t stop_code;	    /* [PROC_TREE] unreported stop: signal; 0 none */
	bool continued;		    /* [PROC_TREE] unreported continue */
	bool did_exec;		    /* [PROC_TREE] setpgid by the parent is over */
	bool left_jobs;		    /* [PROC_TREE] exits: keeps no group from being orphaned */
	uint8_t exit_signal;	    /* [i] SIGCHLD */

	struct list threads;	    /* [PROC_TREE] and [sig_lock]: either to read, both to change */
	uint32_t nthreads;	    /* [PROC_TREE] */
	struct thread *exec_thread; /* [PROC_TREE] and [sig_lock] ends all others, to exec */
	struct waitq thread_gone;   /* [PROC_TREE] where it waits for them */
	bool stopped;		    /* [sig_lock] by a stop signal; threads sleep on sig_arrived */
	bool stop_taken;	    /* [sig_lock] a stop signal was taken, and no SIGCONT since */
	bool group_exiting;	    /* [sig_lock] exit_group or a fatal signal has begun */
	uint32_t group_exit_code;   /* [sig_lock] */

	struct lock lock;		      /* RANK_PROC */
	const struct cred *cred;	      /* [l] to change, [a] to compare */
	struct fdtable *files;		      /* [i] while threads run; NULL in a zombie */
	struct fsctx *fs;		      /* same */
	struct mm *mm;			      /* [l] replaced by exec */
	struct rlimit_k limits[RLIMIT_COUNT]; /* [l] */
	char name[16];			      /* [l] comm */
	int32_t nice;			      /* [PROC_TREE] -20..19 */
	struct file *exe;		      /* [l] the program's file */
	int16_t oom_score_adj;		      /* [l] -1000..1000: kept and shown, see /proc */
	uint32_t loginuid;		      /* [l] who logged in; ~0: nobody */

	struct lock sig_lock;		       /* RANK_SIGNAL */
	struct sigpending pending;	       /* [sig_lock] for the process */
	struct sigaction_k actions[SIG_COUNT]; /* [sig_lock] */
	struct waitq sig_arrived;	       /* [sig_lock] sigtimedwait, a stop */
	struct thread *vforker;		       /* [sig_lock] acts for this vfork child */
	uint64_t start_ns;		       /* [i] */
	uint32_t traced; /* [a to read, trace_lock to write] sessions that want it: trace/trace.c */
	uint64_t cpu_ns, child_cpu_ns; /* [PROC_TREE] of ended threads; of reaped children */
	uint64_t syscalls;	       /* [PROC_TREE] of ended threads */
	struct list sem_undos;	       /* [l] of ipc/sysv_sem.c: what SEM_UNDO promised */
	struct itimers *timers;	       /* [a] once, then init/timer_posix.c's; NULL until used */
	struct lock watch_lock;	       /* RANK_PIPE: inside epoll's, as every poll op's */
	struct waitq watchers; /* [watch_lock] pollers of signalfd (signals) and pidfd (the end) */
};

/* A program instance's globals and how it was entered: what fork hands to the child. */
struct prog_regs {
	uint32_t sp, tls_base, tp; /* __stack_pointer, __tls_base, __wasm_tp */
	uint32_t unwound,
		unwound_end; /* the stack image that Asyncify wrote; control words first */
	uint32_t stack_low;  /* lowest byte of the stack, 0: the process's first stack */
	uint32_t entry, arg; /* 0: _start, 1: __pleat_thread_start; its argument */
};

/* thread.state, changed only by compare-and-swap */
enum {
	THREAD_USER,
	THREAD_KERNEL,
	THREAD_DEAD,
	THREAD_START, /* as USER, in the module's start function: may be ended, may not call */
};
/* thread.leave: why it left its program by a trap */
enum { LEAVE_NONE, LEAVE_EXEC, LEAVE_EXIT, LEAVE_PARK };

struct thread {
	struct waker waker;				     /* must be first */
	uint32_t state __attribute__((aligned(CACHE_LINE))); /* [a] alone in its lines */
	uint32_t leave;					     /* [o], read by the Worker's loop */
	uint32_t tid;					     /* [i] */
	struct proc *proc;	 /* [o] the process it acts for (a vfork child's while in one) */
	struct list link;	 /* as proc.threads */
	struct list tid_link;	 /* [PROC_TREE] table by tid (proc/clone.c) */
	char name[16];		 /* [PROC of proc] comm of a thread that is not the first */
	struct thread *creator;	 /* [o, the event thread's once DEAD] waits in clone; referenced */
	uint32_t attached;	 /* [a] 1: a Worker runs it */
	uint32_t start;		 /* [a] what clone says: 0 not known, 1 runs, or -errno */
	const struct cred *cred; /* [o] cred_self()'s while there are other threads; referenced */
	uint64_t syscalls;	 /* [o] calls made; others read it as it is */
	int (*restart)(struct thread *t); /* [o] restart_syscall of a call that is no sleep */
	sigset_k blocked;	   /* [sig_lock of thread_home()]; the owner may read without */
	sigset_k saved_mask;	   /* [o] to restore after sigsuspend, ppoll, … */
	bool restore_mask;	   /* [o] */
	bool on_altstack;	   /* [o] as of the last pleat_sigtake or rt_sigreturn */
	struct sigpending pending; /* [sig_lock] for this thread */
	uint32_t poll_asked;	   /* [a] the host was asked to set the poll word */
	struct abi_stack altstack; /* [o] */
	uint32_t clear_tid;	   /* [o] set_tid_address */
	uint32_t robust_list;	   /* [o] */
	uint64_t restart_deadline; /* [o] restart_syscall: the sleep that goes on */
	uint32_t restart_rem;	   /* [o] user address of nanosleep's remainder */
	uint32_t restart_args[3];  /* [o] for restart() */
	struct exec_image *exec;   /* [o] what the Worker is to run next */
	struct ref refs;	   /* being alive, and each run in a Worker not yet reported over */
	void *kstack;		   /* [o] lowest byte of the kernel stack of the current run */
	struct list dead_link;	   /* waiting for the event thread to bury it */
	bool leaving;		   /* [sig_lock] has begun to exit */
	struct fork_call *fork;	   /* [o] fork(2) in progress: see fork.c */
	struct prog_regs regs;	   /* [o] a fork child's registers to start with */
	uint64_t start_ns;
	uint32_t current_nr;	   /* [o] system call it is in, for /proc and strace; ~0 none */
	struct vfork_frame *vfork; /* [o, writes as blocked] stack of parents it left behind */
	struct trace_call trace;   /* [o] the call it is in, while trace_on */
	bool kernel_thread;	   /* [i] no program: boot, timer */
};

/* The calling thread, and its process. */
static inline struct thread *thread_self(void)
{
	return (struct thread *)(void *)waker_self();
}
static inline struct proc *proc_self(void)
{
	return thread_self()->proc;
}

/* ---- what other rooms call ---- */

/*
 * Look up a process. Referenced; NULL: no such pid. Zombies are found.
 */
struct proc *proc_find(uint32_t pid);
void proc_put(struct proc *p);
/* The next process with a pid greater than `after`, referenced; NULL at the end. For /proc. */
struct proc *proc_next(uint32_t after);
uint32_t proc_count(uint32_t *running);
extern uint32_t pid_max; /* [a] pids are below it */
/* Running time of all its threads, ended ones too, in ns (see proc.c for what is known). */
uint64_t proc_cpu_ns(struct proc *p);
/* Of one thread. RANK_PROC_TREE, or its own. */
uint64_t thread_cpu_ns(const struct thread *t);
/* A clock id that names a process or thread by number (pthread_getcpuclockid). 0 or -EINVAL. */
int cpu_clock_read(uint32_t clock, uint64_t *ns);
/* System calls of all its threads. */
uint64_t proc_syscalls(struct proc *p);
/* comm of a thread of p: t's own unless it is the first. 16 bytes. */
void thread_name(struct proc *p, const struct thread *t, char *name);
void thread_set_name(struct proc *p, struct thread *t, const char *name);

/*
 * Send a signal. info NULL: SI_KERNEL. Must hold no lock above RANK_PROC_TREE: objects drop theirs
 * first. Never sleeps. 0, -EAGAIN (queue full; real-time only), -ESRCH.
 */
int signal_send_proc(struct proc *p, int signo, const struct abi_siginfo *info);
int signal_send_thread(struct thread *t, int signo, const struct abi_siginfo *info);
/*
 * A timer of p went off `expirations` times: its one entry becomes pending for the process, or for
 * the thread tid if that is not 0 and still there; or it counts as overrun. sig_lock of p held.
 */
void signal_send_timer_locked(
	struct proc *p, uint32_t tid, struct sigtimer *timer, uint64_t expirations);
/* To every member of a group. -ESRCH: none. */
int signal_send_pgrp(uint32_t pgid, int signo, const struct abi_siginfo *info);
/* May the calling process signal p? 0 or -EPERM. */
int signal_permission(struct proc *p, int signo);
/* True if a sleep of the calling thread should end now. */
bool signal_pending_self(void);
/* True if the calling thread blocks or its process ignores signo (job control). */
bool signal_ignored_self(int signo);
/* Swap in a mask for the length of a call (ppoll, pselect, sigsuspend); it is put back after
 * handlers ran, or by signal_restore_mask() when the call did not end by a signal. */
void signal_set_temp_mask(sigset_k mask);
void signal_restore_mask(void);
int copyin_sigset(sigset_k *out, uaddr_t mask, uint32_t size) MUST_CHECK;

/* ---- groups and sessions (proc/session.c) ---- */
/* Is the calling process's group orphaned (POSIX 3.264)? RANK_PROC_TREE taken inside. */
bool pgrp_orphaned_self(void);
uint32_t pgrp_self(void);
uint32_t session_self(void);
bool session_leader_self(void);
/* Controlling terminal of the caller's session, referenced, or NULL; and setting it (NULL clears).
 * -EPERM: not the leader, or it has one. */
struct tty *session_tty_self(void);
int session_set_tty_self(struct tty *tty, bool steal);
/* The terminal goes away: SIGHUP + SIGCONT to the foreground group, sessions forget it. */
void session_tty_gone(struct tty *tty);

/* Processors that the host says it has, 1..32. */
uint32_t cpu_count(void);

/* The limit's current value. */
uint64_t proc_limit_self(int which);

#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15

#endif

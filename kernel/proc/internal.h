/* internal.h - what the files of proc/ share. proc.h is the front door. */
#ifndef PROC_INTERNAL_H
#define PROC_INTERNAL_H

#include "proc/proc.h"
#include "proc/session.h"

/* A bit of thread.state with KERNEL: look at waker.interrupt on the way out. */
#define THREAD_PENDING 4u
#define KSTACK_SIZE 16384u

/* ---- proc.c, thread.c ---- */
/* A process without threads, in no table: pid taken, signal state empty. NULL: no memory. */
struct proc *proc_new(void);
/* Put it in the table as a child of parent. RANK_PROC_TREE held. */
void proc_publish_locked(struct proc *p, struct proc *parent);
void proc_unpublish_locked(struct proc *p);
struct proc *proc_find_locked(uint32_t pid);
uint32_t pid_new_locked(void); /* a free number, 0: none; whoever uses it enters it at once */
struct proc *proc_init(void);  /* pid 1 */
/* Every process, in order of age; RANK_PROC_TREE held. */
extern struct list proc_all;

/* A thread of p with a waker, not yet in p's list. NULL: no memory. */
struct thread *thread_new(struct proc *p, uint32_t tid);
void thread_add_locked(struct thread *t); /* RANK_PROC_TREE */
/* The same unless its process is ending or replacing its threads: then false. */
bool thread_add_further_locked(struct thread *t) MUST_CHECK;
void thread_remove_locked(struct thread *t);
/* A stack for the next run of t in a Worker; that run's end frees it (EV_WORKER_GONE). */
void *kstack_new(struct thread *t) MUST_CHECK;
void kstack_free(void *kstack);
void thread_ref(struct thread *t);
void thread_unref(struct thread *t);
/* Make t notice its waker.interrupt: poke it if it is in user code. sig_lock held. */
void thread_kick(struct thread *t);
/* The poll word (abi/program.h): the calling thread has something to do; it looks now. */
void thread_poll_mark(struct thread *t);
void thread_poll_taken(struct thread *t);

/* ---- clone.c ---- */
struct thread *thread_find_locked(uint32_t tid); /* RANK_PROC_TREE */
void thread_hash_locked(struct thread *t);
/* The one in clone, if any, learns how its new thread fared. result: 1 or -errno. */
void thread_start_done(struct thread *t, int result);

/* ---- futex.c ---- */
/* The thread ends, or its program does: locks it holds say so, and its joiner is woken. */
void futex_thread_end(struct thread *t);

/* ---- exec.c ---- */
struct exec_image {
	struct file *file; /* open, executable, checked */
	char *args;	   /* argv strings, NUL-separated */
	char *envs;
	uint32_t args_len, envs_len, argc, envc;
	uint32_t stack_size, flags;  /* of the pleat section */
	uint64_t key;		     /* of the compiled module; 0: do not keep */
	struct mm *mm;		     /* fresh, with a clean memory */
	char name[16];		     /* comm */
	char path[256];		     /* shown in /proc/<pid>/exe and AT_EXECFN */
	uint32_t suid_uid, suid_gid; /* new ids, ~0: none */
	struct thread *thread;	     /* that will run it, with its kernel stack */
};
/* Check everything that can fail and build the image. argv, envp: user vectors. */
int exec_prepare(struct exec_image **out, const struct path *path, const char *shown, uaddr_t argv,
	uaddr_t envp) MUST_CHECK;
/* For the kernel itself (PID 1): kernel strings, NUL-separated. */
int exec_prepare_kernel(struct exec_image **out, const char *path, const char *args,
	uint32_t args_len, uint32_t argc, const char *envs, uint32_t envs_len,
	uint32_t envc) MUST_CHECK;
void exec_image_free(struct exec_image *x);
/*
 * From here nothing fails: process p takes over name, ids and memory of the image, whose thread
 * will run it in a Worker. Takes over x.
 */
void exec_commit(struct proc *p, struct exec_image *x);
/* The same in place of the calling thread, the only one, which leaves. */
NORETURN void exec_replace_self(struct exec_image *x);

/* ---- fork.c ---- */
/* Has the caller's user as many threads as RLIMIT_NPROC allows? */
bool proc_over_limit(void);
/* A copy of the calling process without memory and threads; published. *out referenced. */
int proc_fork(struct proc **out, bool share_mm) MUST_CHECK;
struct vfork_frame {
	struct vfork_frame *outer;
	struct proc *parent;
	sigset_k blocked;
};
int vfork_enter(void) MUST_CHECK;
struct proc *thread_home(const struct thread *t);
void vfork_frame_pop(struct thread *t);
/* A first thread, with a kernel stack, for a process that has none yet. NULL: no memory. */
struct thread *thread_first(struct proc *p);
/* Leave the innermost vfork child: the thread acts for its parent again. */
void vfork_leave(void);

/* ---- exit.c ---- */
/* End the calling thread; the last one ends the process with the code. Does not return unless in a
 * vfork child: then the child's pid. */
int proc_exit_self(uint32_t code, bool group);
/* End the caller's fellow threads and wait until they are gone. -EAGAIN: the caller is to end. */
int thread_end_others(void) MUST_CHECK;
/* Event thread: a thread that was found in user code and moved to DEAD. */
void thread_bury(struct thread *t);
void thread_dead(struct thread *t); /* queue it for that; any lock */
void threads_bury_dead(void);
/* Make a process without running threads a zombie and tell its parent. */
void proc_finish(struct proc *p, uint32_t code);
/* Free a failed child that nobody has seen run. */
void proc_abort(struct proc *p);

/* ---- sigpending.c; the sig_lock of the set's process is held ---- */
void sigpending_init(struct sigpending *s);
void sigpending_flush(struct sigpending *s);
void sigpending_drop(struct sigpending *s, sigset_k which);
/* room: how many entries the queue may have. -EAGAIN: a queued signal that has no room. A standard
 * one is then kept without its information. */
int sigpending_add(
	struct sigpending *s, int signo, const struct abi_siginfo *info, uint64_t room) MUST_CHECK;
/* Take the oldest entry of signo, whose bit is set. */
void sigpending_take(struct sigpending *s, int signo, struct abi_siginfo *info);
/* False: it waits already, and this counts as overrun. */
bool sigpending_add_timer(struct sigpending *s, struct sigtimer *t, uint64_t expirations);
/* All of from to the empty set to. No timer's entry is among them. */
void sigpending_move(struct sigpending *to, struct sigpending *from);
/* Take it out, wherever it waits; its overruns are forgotten. */
void sigpending_drop_timer(struct sigtimer *t);

/* ---- signal.c ---- */
/* On the way to user code with INTR_* set: act on default actions, note handlers. Does not return
 * when the thread dies. Returns true if a handler is to run (the poll word must be set). */
bool signal_exit_work(struct thread *t);
/*
 * The same for the vfork child that t acts for: stops and what is ignored. Returns the wait status
 * that it is to end with, 0: it goes on.
 */
int signal_vfork_work(struct thread *t);
/* After a thread of p blocked signals or left: others look at what is pending. sig_lock held. */
void signal_retarget_locked(struct proc *p);
/* Take the next signal with a handler. false: none. */
bool signal_take(struct thread *t, int *signo, struct abi_siginfo *info, struct sigaction_k *act);
void signal_exec(struct proc *p);
void signal_fork(struct proc *child, struct proc *parent);
/* A trap of the program: cannot be blocked or ignored. */
NORETURN void signal_fatal_trap(int signo);
void signal_kill_group(struct proc *p, uint32_t code, struct thread *except);
void signal_kill_thread_locked(struct thread *t); /* that one alone; sig_lock */
/* Pollers of signalfd in p look again. sig_lock held. */
void signal_watch_wake_locked(struct proc *p);
int signal_send_proc_locked(struct proc *p, int signo, const struct abi_siginfo *info);
int signal_dequeue_locked(struct thread *t, sigset_k set, struct abi_siginfo *info);
int signal_permission_locked(struct proc *p, int signo); /* RANK_PROC_TREE */
/* The action changed: a pending signal that is now ignored is forgotten (POSIX sigaction). */
void signal_discard_ignored_locked(struct proc *p, int signo);
/* Tell p's parent by SIGCHLD and wake its wait calls. RANK_PROC_TREE held. */
void proc_notify_parent_locked(struct proc *p, int code, int status);
struct cred *cred_copy(const struct cred *from);
void cred_pin(struct thread *t); /* at the start of its call: what cred_self() says in it */
/* Another process's ids: its credentials may be replaced and freed at any time. */
struct proc_ids {
	uint32_t ruid, euid;
};
struct proc_ids proc_ids(struct proc *p);
void cred_install(struct proc *p, struct cred *fresh); /* takes over the reference */
/* Recompute INTR_SIGNAL of t. sig_lock held. */
void signal_recalc_locked(struct thread *t);
void signal_set_blocked(sigset_k mask);

#endif

/*
 * exit.c - the end of threads and processes, and waiting for it.
 * Spec: POSIX.1-2024 _Exit(), wait(), waitid().
 * Locks: proc_tree_lock for exit states; dead_lock (RANK_WAITQ) for threads to bury.
 */
#include "proc/internal.h"
#include "proc/pidfd.h"
#include "proc/session.h"
#include "host/host.h"
#include "init/init.h"
#include "ipc/sysv.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/plainmap.h"
#include "arch/arch.h"
#include "syscalls.h"

static struct lock dead_lock = LOCK_INIT(RANK_WAITQ);
static struct list dead = LIST_INIT(dead); /* [dead_lock] of thread.dead_link */

/* ---- the end of a process ---- */

static void release_resources(struct proc *p)
{
	struct fdtable *files;
	struct fsctx *fs;
	struct mm *mm;
	struct file *exe;

	itimers_exit(p);
	sysv_sem_exit(p);
	lock_acquire(&p->lock);
	files = p->files;
	fs = p->fs;
	mm = p->mm;
	exe = p->exe;
	p->files = NULL;
	p->fs = NULL;
	p->mm = NULL;
	p->exe = NULL;
	lock_release(&p->lock);
	if (files)
		fdtable_put(files);
	if (fs)
		fsctx_put(fs);
	if (exe) {
		inode_allow_write(exe->inode);
		file_put(exe);
	}
	if (mm)
		mm_put(mm);
}

static bool parent_ignores_locked(struct proc *parent)
{
	bool r;

	lock_acquire(&parent->sig_lock);
	r = parent->actions[SIGCHLD].handler == SIG_IGN_K ||
	    (parent->actions[SIGCHLD].flags & SA_NOCLDWAIT);
	lock_release(&parent->sig_lock);
	return r;
}

static void reap_locked(struct proc *p)
{
	if (p->parent)
		p->parent->child_cpu_ns += p->cpu_ns + p->child_cpu_ns;
	pgrp_leave(p);
	proc_unpublish_locked(p);
	pidfd_wake_locked(p);
}

static void tell_of_exit_locked(struct proc *p)
{
	uint32_t code = p->exit_code;
	int status = code & 0x7f ? (int)(code & 0x7f) : (int)(code >> 8);
	int why = !(code & 0x7f) ? CLD_EXITED : code & 0x80 ? CLD_DUMPED : CLD_KILLED;

	proc_notify_parent_locked(p, why, status);
}

/* Children go to PID 1; those already dead become its to reap, unless it wants to know of none. */
static void orphan_children_locked(struct proc *p, struct list *reaped)
{
	struct proc *c, *next, *init = proc_init();
	bool ignores = parent_ignores_locked(init);

	LIST_FOR_EACH_SAFE(c, next, &p->children, sibling) {
		list_del(&c->sibling);
		c->parent = init;
		atomic_store(&c->ppid, init->pid);
		list_add_tail(&init->children, &c->sibling);
		if (c->state != PROC_ZOMBIE)
			continue;
		tell_of_exit_locked(c);
		if (ignores) {
			reap_locked(c);
			list_add_tail(reaped, &c->sibling);
		}
	}
}

void proc_finish(struct proc *p, uint32_t code)
{
	struct proc *self_proc = proc_self(), *gone;
	struct session_exit session;
	struct list reaped = LIST_INIT(reaped);
	bool ignored = false;

	if (trace_wanted())
		trace_exit(p, code);
	/* What is closed now acts in this process's name, whoever runs this. */
	thread_self()->proc = p;
	/* The event thread, which buries the killed, does not reach their memory. */
	if (self_proc == p && p->mm && !thread_self()->kernel_thread)
		(void)!plainmap_write_back(p->mm, 0, UINT32_MAX);
	release_resources(p);
	thread_self()->proc = self_proc;
	if (p->pid == 1)
		panic("init: PID 1 ended with status %u", code);

	lock_acquire(&proc_tree_lock);
	session_exit_locked(p, &session);
	orphan_children_locked(p, &reaped);
	atomic_store(&p->state, PROC_ZOMBIE);
	p->exit_code = code;
	p->stop_code = 0;
	p->continued = false;
	pidfd_wake_locked(p);
	if (p->parent) {
		ignored = parent_ignores_locked(p->parent);
		tell_of_exit_locked(p);
	}
	if (ignored) {
		reap_locked(p);
		list_add_tail(&reaped, &p->sibling);
	}
	lock_release(&proc_tree_lock);
	session_exit_finish(&session);
	while ((gone = LIST_FIRST(&reaped, struct proc, sibling))) {
		list_del(&gone->sibling);
		proc_put(gone); /* the table's */
	}
}

void proc_abort(struct proc *p)
{
	release_resources(p);
	session_proc_exit(p); /* spawn may have made it the leader of a session with a terminal */
	lock_acquire(&proc_tree_lock);
	pgrp_leave(p);
	proc_unpublish_locked(p);
	lock_release(&proc_tree_lock);
	proc_put(p); /* the table's */
}

/* ---- the end of a thread ---- */

/* t runs no more: take it out of its process and, as the last one, end that. */
static void thread_end(struct thread *t)
{
	struct proc *p;
	bool last;

	while (t->vfork) {
		struct proc *child = t->proc;

		vfork_frame_pop(t);
		proc_finish(child, SIGKILL);
		proc_put(child);
	}
	p = t->proc;
	lock_acquire(&proc_tree_lock);
	thread_remove_locked(t);
	last = p->nthreads == 0;
	lock_release(&proc_tree_lock);
	if (last)
		proc_finish(p, p->group_exit_code);
	proc_put(p); /* the thread's */
}

static bool all_leaving_locked(const struct proc *p)
{
	struct thread *t;

	LIST_FOR_EACH(t, &p->threads, link) {
		if (!t->leaving)
			return false;
	}
	return true;
}

int proc_exit_self(uint32_t code, bool group)
{
	struct thread *t = thread_self();
	struct proc *p = t->proc;

	if (t->vfork && !(atomic_load(&t->waker.interrupt) & INTR_KILL)) {
		int pid = (int)p->pid;

		vfork_leave();
		proc_finish(p, code);
		proc_put(p);
		return pid;
	}
	if (group && !t->vfork)
		signal_kill_group(p, code, t);
	lock_acquire(&p->sig_lock);
	/* Unless something ends the process as a whole, its status is its last thread's. */
	t->leaving = true;
	if (!p->group_exiting && all_leaving_locked(p)) {
		p->group_exiting = true;
		p->group_exit_code = code;
	}
	lock_release(&p->sig_lock);
	futex_thread_end(t);
	thread_start_done(t, -EAGAIN);
	thread_end(t);
	/* The host reports the end of this run; that frees stack and record. */
	t->proc = NULL;
	lock_assert_none_held();
	thread_unref(t);
	t->leave = LEAVE_EXIT;
	arch_leave();
}

void thread_dead(struct thread *t)
{
	lock_acquire(&dead_lock);
	list_add_tail(&dead, &t->dead_link);
	lock_release(&dead_lock);
	host_kick_event_thread();
}

void thread_bury(struct thread *t)
{
	HOST_REQUEST(OP_END, (uint32_t)(uintptr_t)t);
	if (t->exec) { /* killed in its start function */
		exec_image_free(t->exec);
		t->exec = NULL;
	}
	thread_end(t);
	thread_start_done(t, -EAGAIN);
	t->proc = NULL;
	thread_unref(t);
}

void threads_bury_dead(void)
{
	for (;;) {
		struct thread *t;

		lock_acquire(&dead_lock);
		t = LIST_FIRST(&dead, struct thread, dead_link);
		if (t)
			list_del(&t->dead_link);
		lock_release(&dead_lock);
		if (!t)
			return;
		thread_bury(t);
	}
}

int sys_exit(int32_t status)
{
	return proc_exit_self((uint32_t)(status & 0xff) << 8, false);
}

int sys_exit_group(int32_t status)
{
	return proc_exit_self((uint32_t)(status & 0xff) << 8, true);
}

/* ---- waiting ---- */

/* Linux's own options. Children belong to the process, so that WNOTHREAD changes nothing. */
#define WNOTHREAD_K 0x20000000u
#define WALL_K 0x40000000u
#define WCLONE_K 0x80000000u
#define WAIT_THREADS (WNOTHREAD_K | WALL_K | WCLONE_K)

struct wait_query {
	uint32_t type; /* P_* */
	uint32_t id;
	struct proc *proc; /* P_PIDFD: referenced */
	uint32_t options;
	/* results */
	uint32_t pid, uid;
	int code, status; /* CLD_*, exit code or signal */
	uint64_t cpu_ns;
};

static bool wanted(const struct proc *c, const struct wait_query *q)
{
	/* All children send SIGCHLD when they end: none is a "clone" child. */
	if ((q->options & (WCLONE_K | WALL_K)) == WCLONE_K)
		return false;
	switch (q->type) {
	case P_PID:
		return c->pid == q->id;
	case P_PGID:
		return c->pgrp && c->pgrp->pgid == q->id;
	case P_PIDFD:
		return c == q->proc;
	default:
		return true;
	}
}

/* Did c change in a way that is asked for? Fills in the result and, unless WNOWAIT, takes it. */
static bool changed_locked(struct proc *c, struct wait_query *q)
{
	bool take = !(q->options & WNOWAIT);

	if (c->state == PROC_ZOMBIE && (q->options & WEXITED)) {
		uint32_t code = c->exit_code;

		q->code = !(code & 0x7f) ? CLD_EXITED : code & 0x80 ? CLD_DUMPED : CLD_KILLED;
		q->status = code & 0x7f ? (int)(code & 0x7f) : (int)(code >> 8 & 0xff);
	} else if (c->stop_code && (q->options & WSTOPPED)) {
		q->code = CLD_STOPPED;
		q->status = (int)c->stop_code;
		if (take)
			c->stop_code = 0;
	} else if (c->continued && (q->options & WCONTINUED)) {
		q->code = CLD_CONTINUED;
		q->status = SIGCONT;
		if (take)
			c->continued = false;
	} else {
		return false;
	}
	q->pid = c->pid;
	q->uid = proc_ids(c).ruid;
	q->cpu_ns = c->cpu_ns + c->child_cpu_ns;
	return true;
}

/* 0: q has a result, or WNOHANG and q->pid is 0. -ECHILD, -EINTR. */
static int wait_for(struct wait_query *q)
{
	struct proc *self = proc_self(), *c;
	int err = 0;

	lock_acquire(&proc_tree_lock);
	for (;;) {
		bool any = false;

		LIST_FOR_EACH(c, &self->children, sibling) {
			if (!wanted(c, q))
				continue;
			any = true;
			if (changed_locked(c, q)) {
				bool gone = q->code <= CLD_DUMPED && !(q->options & WNOWAIT);

				if (gone)
					reap_locked(c);
				lock_release(&proc_tree_lock);
				if (gone)
					proc_put(c);
				return 0;
			}
		}
		if (!any)
			err = -ECHILD;
		if (err || (q->options & WNOHANG))
			break;
		/* Looked at once more if a signal ended the sleep: a child's end sends one, too. */
		err = waitq_sleep(&self->child_changed, &proc_tree_lock, WAIT_FOREVER, WAIT_INTR);
	}
	lock_release(&proc_tree_lock);
	return err;
}

/* struct rusage as the calls without a time64 variant have it: libc widens the four time words. */
static int copyout_usage(uaddr_t at, uint64_t cpu_ns)
{
	struct {
		int32_t utime_sec, utime_usec, stime_sec, stime_usec;
		int32_t rest[14];
	} usage = {.utime_sec = (int32_t)(cpu_ns / 1000000000),
		.utime_usec = (int32_t)(cpu_ns / 1000 % 1000000)};

	return at ? copyout(at, &usage, sizeof(usage)) : 0;
}

/* A non-blocking descriptor asks as WNOHANG, but nothing to tell is then -EAGAIN. */
static int wait_for_pidfd(struct wait_query *q, int fd)
{
	bool nonblock;
	int err = fd < 0 ? -EINVAL : pidfd_proc(fd, &q->proc, &nonblock);

	if (err)
		return err;
	nonblock = nonblock && !(q->options & WNOHANG);
	if (nonblock)
		q->options |= WNOHANG;
	err = wait_for(q);
	proc_put(q->proc);
	return !err && !q->pid && nonblock ? -EAGAIN : err;
}

int sys_waitid(uint32_t type, int32_t id, uaddr_t uinfo, uint32_t options, uaddr_t usage)
{
	struct wait_query q = {.type = type, .id = (uint32_t)id, .options = options};
	struct abi_siginfo info = {0};
	int err;

	if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WAIT_THREADS)) ||
		!(options & (WEXITED | WSTOPPED | WCONTINUED)) || type > P_PIDFD)
		return -EINVAL;
	if ((type == P_PID && id <= 0) || (type == P_PGID && id < 0))
		return -EINVAL;
	if (type == P_PGID && id == 0)
		q.id = pgrp_self();
	err = type == P_PIDFD ? wait_for_pidfd(&q, id) : wait_for(&q);
	if (err)
		return err == -EINTR ? -PLEAT_ERESTARTSYS : err;
	if (q.pid) {
		info.signo = SIGCHLD;
		info.code = q.code;
		info.u.kill.pid = (int32_t)q.pid;
		info.u.kill.uid = q.uid;
		info.u.kill.value = q.status;
	}
	if ((uinfo && copyout(uinfo, &info, sizeof(info))) || copyout_usage(usage, q.cpu_ns))
		return -EFAULT;
	return 0;
}

int sys_wait4(int32_t pid, uaddr_t ustatus, uint32_t options, uaddr_t usage)
{
	struct wait_query q = {.options = (options & ~(uint32_t)WUNTRACED) | WEXITED};
	uint32_t status;
	int err;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WAIT_THREADS))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (options & WUNTRACED)
		q.options |= WSTOPPED;
	q.type = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	q.id = pid == 0 ? pgrp_self() : (uint32_t)(pid < 0 ? -pid : pid);
	err = wait_for(&q);
	if (err)
		return err == -EINTR ? -PLEAT_ERESTARTSYS : err;
	if (!q.pid)
		return 0;
	status = q.code == CLD_EXITED	 ? (uint32_t)q.status << 8
		 : q.code == CLD_STOPPED ? ((uint32_t)q.status << 8 | 0x7f)
		 : q.code == CLD_CONTINUED
			 ? 0xffffu
			 : (uint32_t)q.status | (q.code == CLD_DUMPED ? 0x80u : 0);
	if ((ustatus && copyout(ustatus, &status, 4)) || copyout_usage(usage, q.cpu_ns))
		return -EFAULT;
	return (int)q.pid;
}

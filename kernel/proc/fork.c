/*
 * fork.c - fork(2) and vfork(2).
 * Locks: proc_tree_lock to publish the child; struct fork_call is one parent's, its `done` atomic.
 *
 * fork, step by step (abi/program.h, web/src/worker):
 *   parent's Worker  the program unwinds its stack into its own memory, then fork_unwound(regs):
 *                    child made here, a clean memory taken, OP_SPAWN sent; sleeps
 *   child's Worker   copies fork_range()s from the parent's memory, then fork_copied(): wakes the
 *                    parent; instantiates the program with the registers and rewinds: fork is 0
 *   parent           rewinds: fork is the child's pid
 * vfork: the thread itself acts for the child, in the same memory, until exec or exit.
 */
#include "proc/internal.h"
#include "proc/session.h"
#include "proc/thread.h"
#include "abi/ring.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/pool.h"
#include "arch/arch.h"
#include "syscalls.h"

struct fork_call {
	struct thread *parent; /* referenced: it may go on and end before it is woken */
	uint32_t done;	       /* [a] 1: copied, or -errno as unsigned */
	uint32_t ranges;
	struct {
		uint32_t start, end;
	} range[64];
};

bool proc_over_limit(void)
{
	const struct cred *me = cred_self();
	uint64_t limit = proc_limit_self(RLIMIT_NPROC);
	uint64_t n = 0;
	struct proc *p;

	if (limit == RLIM_INFINITY_K || cred_is_root(me))
		return false;
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(p, &proc_all, all_link)
		n += proc_ids(p).ruid == me->ruid ? MAX(atomic_load(&p->nthreads), 1u) : 0;
	lock_release(&proc_tree_lock);
	return n >= limit;
}

int proc_fork(struct proc **out, bool share_mm)
{
	struct proc *parent = proc_self(), *p;

	if (proc_over_limit())
		return -EAGAIN;
	p = proc_new();
	if (!p)
		return -EAGAIN;
	p->files = fdtable_copy(parent->files);
	p->fs = fsctx_copy(parent->fs);
	p->cred = cred_get(parent->cred);
	if (!p->files || !p->fs)
		goto fail;
	if (share_mm) {
		mm_get(parent->mm);
		p->mm = parent->mm;
	} else {
		p->mm = mm_copy(parent->mm);
		if (!p->mm)
			goto fail;
	}
	lock_acquire(&parent->lock);
	memcpy(p->limits, parent->limits, sizeof(p->limits));
	memcpy(p->name, parent->name, sizeof(p->name));
	p->nice = parent->nice;
	p->oom_score_adj = parent->oom_score_adj;
	p->loginuid = parent->loginuid;
	if (parent->exe) {
		file_get(parent->exe);
		p->exe = parent->exe;
	}
	lock_release(&parent->lock);
	if (p->exe)
		KASSERT(inode_deny_write(p->exe->inode) == 0); /* it is being run: no writer */
	signal_fork(p, parent);
	lock_acquire(&proc_tree_lock);
	proc_publish_locked(p, parent);
	pgrp_join_parent(p, parent);
	lock_release(&proc_tree_lock);
	*out = p;
	return 0;
fail:
	if (p->files)
		fdtable_put(p->files);
	if (p->fs)
		fsctx_put(p->fs);
	proc_put(p);
	return -ENOMEM;
}

/* A first thread for p that takes over what the calling thread has of its own. */
struct thread *thread_first(struct proc *p)
{
	struct thread *self = thread_self(), *t = thread_new(p, p->pid);

	if (!t)
		return NULL;
	t->blocked = self->restore_mask ? self->saved_mask : self->blocked;
	t->kstack = kstack_new(t);
	if (!t->kstack) {
		thread_unref(t);
		return NULL;
	}
	ref_get(&p->refs); /* the thread's */
	return t;
}

/* ---- fork ---- */

/* A plain program's shared memory cannot be given to a child: DESIGN, "Plain programs and sharing".
 */
static bool has_shared_anonymous(struct mm *mm)
{
	struct vma *v;
	bool found = false;

	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link)
		found |= v->plain ||
			 (!v->file && !v->shared && (v->flags & MAP_TYPE) != MAP_PRIVATE &&
				 (v->prot & PROT_WRITE));
	lock_release(&mm->lock);
	return found;
}

static void add_range(struct fork_call *f, uint32_t start, uint32_t end)
{
	uint32_t n = f->ranges;

	if (start == end)
		return;
	/* Neighbours are one range; and with very many maps the holes between are copied too. */
	if (n > 0 && (f->range[n - 1].end == start || n == ARRAY_LEN(f->range))) {
		f->range[n - 1].end = end;
		return;
	}
	f->range[n].start = start;
	f->range[f->ranges++].end = end;
}

/* What the child needs of U: every map, but of the stack only the unwound image and what is in use.
 */
static void collect_ranges(struct fork_call *f, struct mm *mm, const struct prog_regs *regs)
{
	struct vma *v;

	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link) {
		bool here = regs->sp >= v->start && regs->sp < v->end;

		if (v->shared) /* both see the same bytes; so are all that follow */
			break;
		if (v->kind == VMA_STACK && here && regs->unwound >= v->start &&
			regs->unwound_end <= regs->sp && regs->unwound <= regs->unwound_end) {
			add_range(f, regs->unwound, regs->unwound_end);
			add_range(f, regs->sp, v->end);
		} else {
			add_range(f, v->start, v->end);
		}
	}
	lock_release(&mm->lock);
}

static void fork_abandon(struct proc *child, struct thread *t)
{
	if (t) {
		lock_acquire(&proc_tree_lock);
		if (!list_empty(&t->link))
			thread_remove_locked(t);
		lock_release(&proc_tree_lock);
		proc_put(child); /* the thread's */
	}
	proc_abort(child);
	proc_put(child); /* proc_fork's */
}

static int fork_child(struct proc *child, const struct prog_regs *regs, struct fork_call *f)
{
	struct thread *self = thread_self(), *t;
	struct proc *parent = self->proc;
	uint32_t result;
	int err = memory_get(&child->mm->memory);

	if (err)
		goto fail;
	t = thread_first(child);
	if (!t) {
		err = -ENOMEM;
		goto fail;
	}
	t->regs = *regs;
	t->altstack = self->altstack;
	t->fork = f;
	collect_ranges(f, parent->mm, regs);
	f->parent = self;
	thread_ref(self);
	lock_acquire(&proc_tree_lock);
	thread_add_locked(t);
	lock_release(&proc_tree_lock);
	HOST_REQUEST(OP_SPAWN, (uint32_t)(uintptr_t)t, (uint32_t)(uintptr_t)t->kstack,
		child->mm->memory, parent->mm->memory, (uint32_t)(uintptr_t)self, 0, SPAWN_FORK);
	/* The child reads this memory: not even a kill may let it change now. The host bounds it.
	 */
	for (;;) {
		uint32_t seen = waitq_prepare(&self->waker);

		result = atomic_load(&f->done);
		if (result)
			break;
		(void)!waitq_commit(&self->waker, seen, WAIT_FOREVER, WAIT_UNINTR, "fork");
	}
	if (result == 1)
		return 0;
	fork_abandon(child, t); /* spawn_failed() has seen to the run that never was */
	thread_unref(t);
	return (int)result;
fail:
	fork_abandon(child, NULL);
	return err == -EINTR ? -EAGAIN : err;
}

int fork_unwound(const struct prog_regs *regs)
{
	struct thread *self = thread_self();
	struct fork_call *f;
	struct proc *child;
	int err, pid;

	if (has_shared_anonymous(self->proc->mm)) {
		klog(KLOG_WARN, "fork: pid %u has writable shared memory; link it with -mshm",
			self->proc->pid);
		return -ENODEV;
	}
	f = kzalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	err = proc_fork(&child, false);
	if (!err) {
		pid = (int)child->pid;
		err = fork_child(child, regs, f);
		if (!err) {
			proc_put(child);
			err = pid;
		}
	}
	kfree(f);
	if (trace_wanted())
		trace_forked(self, err);
	return err;
}

bool fork_range(uint32_t i, uint32_t *start, uint32_t *end)
{
	struct fork_call *f = thread_self()->fork;

	if (i >= f->ranges)
		return false;
	*start = f->range[i].start;
	*end = f->range[i].end;
	return true;
}

static void fork_done(struct fork_call *f, uint32_t result)
{
	struct thread *parent = f->parent;

	atomic_store(&f->done, result); /* from here f may be gone */
	waker_wake(&parent->waker);
	thread_unref(parent);
}

void fork_copied(void)
{
	struct thread *t = thread_self();
	struct fork_call *f = t->fork;

	t->fork = NULL;
	/* Of another thread's stack, page 0 is copied, too: nobody in here has anything to do. */
	arch_ustore32(PLEAT_POLL_WORD, 0);
	fork_done(f, 1);
}

/* t will never run: whoever waits for it is told, or its process ends. */
static void never_starts(struct thread *t, int err)
{
	if (t->fork) {
		fork_done(t->fork, (uint32_t)err);
		return;
	}
	if (!t->creator) {
		klog(KLOG_ERROR, "exec: pid %u: the host has no Worker for it", t->tid);
		signal_kill_group(t->proc, SIGKILL, t);
	}
	thread_bury(t);
}

void spawn_failed(struct thread *t, int err)
{
	void *kstack = t->kstack;

	never_starts(t, err);
	thread_run_over(t, kstack);
}

/*
 * Its state says what to do: a thread in user code is as one that was killed there. One that had
 * not begun is as one without a Worker. But one in the kernel may hold locks.
 */
void thread_broke(struct thread *t)
{
	uint32_t s;

	for (;;) {
		s = atomic_load(&t->state);
		if (s == THREAD_DEAD)
			return;
		if (s != THREAD_USER && s != THREAD_START)
			break;
		if (!atomic_cas(&t->state, s, (uint32_t)THREAD_DEAD))
			continue;
		klog(KLOG_ERROR, "pid %u: the engine ended its Worker", t->proc->pid);
		signal_kill_group(t->proc, SIGKILL, t);
		thread_bury(t);
		return;
	}
	if (atomic_load(&t->attached))
		panic("pid %u: the engine ended its Worker inside the kernel", t->proc->pid);
	never_starts(t, -EAGAIN);
}

/* ---- vfork ---- */

/* The process that t is a thread of, whichever it acts for. Its sig_lock guards what senders read.
 */
struct proc *thread_home(const struct thread *t)
{
	struct proc *p = t->proc;

	for (const struct vfork_frame *f = t->vfork; f; f = f->outer)
		p = f->parent;
	return p;
}

int vfork_enter(void)
{
	struct thread *t = thread_self();
	struct vfork_frame *f = kzalloc(sizeof(*f));
	struct proc *child, *home;
	int err;

	if (!f)
		return -ENOMEM;
	err = proc_fork(&child, true);
	if (err) {
		kfree(f);
		return err;
	}
	f->outer = t->vfork;
	f->parent = t->proc;
	f->blocked = t->blocked;
	home = thread_home(t);
	lock_acquire(&child->sig_lock);
	child->vforker = t;
	lock_release(&child->sig_lock);
	lock_acquire(&home->sig_lock);
	t->vfork = f;
	t->proc = child; /* proc_fork's reference is now the thread's */
	lock_release(&home->sig_lock);
	/* Its signals were its own until here; from here the child's are. */
	lock_acquire(&child->sig_lock);
	signal_recalc_locked(t);
	lock_release(&child->sig_lock);
	return 0;
}

void vfork_frame_pop(struct thread *t)
{
	struct vfork_frame *f = t->vfork;
	struct proc *home = thread_home(t), *child = t->proc;

	/* First no sender to the child finds this thread any more. */
	lock_acquire(&child->sig_lock);
	child->vforker = NULL;
	lock_release(&child->sig_lock);
	lock_acquire(&home->sig_lock);
	t->vfork = f->outer;
	t->proc = f->parent;
	atomic_store(&t->blocked, f->blocked);
	lock_release(&home->sig_lock);
	kfree(f);
}

void vfork_leave(void)
{
	struct thread *t = thread_self();

	vfork_frame_pop(t);
	lock_acquire(&t->proc->sig_lock);
	signal_recalc_locked(t);
	if (t->proc->group_exiting)
		atomic_or(&t->waker.interrupt, INTR_KILL);
	lock_release(&t->proc->sig_lock);
}

int sys_pleat_vfork(void)
{
	return vfork_enter();
}

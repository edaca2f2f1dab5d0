/*
 * clone.c - new threads, and the table of threads by number.
 * Spec: Linux clone(2) as libc's pthread_create uses it; struct pleat_clone of abi/program.h.
 * Locks: proc_tree_lock for the table.
 *
 * The caller sleeps until the new thread's Worker has its instance of the program, or there is none
 * to be had: only then can pthread_create() say EAGAIN. A kill ends that sleep; the new thread is
 * killed with it then, as one of the process.
 */
#include "proc/internal.h"
#include "proc/thread.h"
#include "abi/ring.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "syscalls.h"

#define CLONE_VM 0x100u
#define CLONE_FS 0x200u
#define CLONE_FILES 0x400u
#define CLONE_SIGHAND 0x800u
#define CLONE_THREAD 0x10000u
#define CLONE_SYSVSEM 0x40000u
#define CLONE_SETTLS 0x80000u
#define CLONE_PARENT_SETTID 0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_DETACHED 0x400000u /* Linux ignores it */
#define CLONE_CHILD_SETTID 0x1000000u
#define CLONE_NEEDED                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
		CLONE_SETTLS)
#define CLONE_KNOWN                                                                                \
	(CLONE_NEEDED | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |              \
		CLONE_CHILD_SETTID)
#define ENTRY_THREAD 1u /* prog_regs.entry: __pleat_thread_start */

/* ---- threads by number ---- */

#define TID_BUCKETS 256u
static struct list buckets[TID_BUCKETS]; /* [PROC_TREE] of thread.tid_link */

static struct list *bucket(uint32_t tid)
{
	struct list *b = &buckets[tid % TID_BUCKETS];

	if (!b->next)
		list_init(b);
	return b;
}

void thread_hash_locked(struct thread *t)
{
	KASSERT(lock_held(&proc_tree_lock));
	list_add_tail(bucket(t->tid), &t->tid_link);
}

struct thread *thread_find_locked(uint32_t tid)
{
	struct thread *t;

	LIST_FOR_EACH(t, bucket(tid), tid_link) {
		if (t->tid == tid)
			return t;
	}
	return NULL;
}

/* ---- clone ---- */

void thread_start_done(struct thread *t, int result)
{
	struct thread *creator = t->creator;

	if (!creator)
		return;
	t->creator = NULL;
	atomic_store(&t->start, (uint32_t)result);
	waker_wake(&creator->waker);
	thread_unref(creator);
}

void thread_attached(void)
{
	struct thread *t = thread_self();

	/* The wait for a Worker was no running time. */
	atomic_store(&t->waker.slept_ns, arch_clock_ns() - t->start_ns);
	atomic_store(&t->attached, 1u);
}

void thread_started(void)
{
	thread_start_done(thread_self(), 1);
}

static int check(const struct pleat_clone *c)
{
	if ((c->flags & CLONE_NEEDED) != CLONE_NEEDED || (c->flags & ~CLONE_KNOWN))
		return -EINVAL;
	if (c->stack % 16 || c->stack < 16 || (c->stack_low && c->stack_low >= c->stack))
		return -EINVAL;
	if (!uaccess_ok(c->stack - 16, 16, true))
		return -EFAULT;
	if ((c->flags & CLONE_PARENT_SETTID) && !uaccess_ok(c->ptid, 4, true))
		return -EFAULT;
	if ((c->flags & CLONE_CHILD_SETTID) && !uaccess_ok(c->ctid, 4, true))
		return -EFAULT;
	return 0;
}

static struct thread *make(const struct pleat_clone *c)
{
	struct thread *self = thread_self(), *t = thread_new(self->proc, 0);

	if (!t)
		return NULL;
	t->kstack = kstack_new(t);
	if (!t->kstack) {
		thread_unref(t);
		return NULL;
	}
	t->blocked = self->restore_mask ? self->saved_mask : self->blocked;
	t->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->ctid : 0;
	t->regs = (struct prog_regs){.sp = c->stack,
		.tls_base = c->tls_base,
		.tp = c->tp,
		.stack_low = c->stack_low,
		.entry = ENTRY_THREAD,
		.arg = c->arg};
	thread_name(self->proc, self, t->name);
	return t;
}

static bool publish(struct thread *t)
{
	bool ok;

	lock_acquire(&proc_tree_lock);
	t->tid = pid_new_locked();
	t->waker.id = t->tid;
	ok = t->tid && thread_add_further_locked(t);
	lock_release(&proc_tree_lock);
	return ok;
}

/* 1, or -errno. Killed: -EINTR, which nobody sees. */
static int wait_started(struct thread *t)
{
	struct waker *self = waker_self();

	for (;;) {
		uint32_t seen = waitq_prepare(self);
		int result = (int)atomic_load(&t->start);

		if (!result)
			result = waitq_commit(self, seen, WAIT_FOREVER, WAIT_KILLABLE, "clone");
		if (result)
			return result;
	}
}

int sys_clone(uaddr_t args)
{
	struct thread *self = thread_self(), *t;
	struct proc *p = self->proc;
	struct pleat_clone c;
	int tid, err;

	if (copyin(&c, args, sizeof(c)))
		return -EFAULT;
	err = check(&c);
	if (err)
		return err;
	if (self->vfork)
		return -EINVAL; /* the child has no threads but its parent's */
	if (proc_over_limit())
		return -EAGAIN;
	t = make(&c);
	if (!t)
		return -EAGAIN;
	thread_ref(self);
	t->creator = self;
	thread_ref(t); /* to look at its start */
	ref_get(&p->refs);
	if (!publish(t)) {
		t->creator = NULL;
		thread_unref(self);
		proc_put(p);
		kstack_free(t->kstack);
		thread_unref(t); /* the run that never was */
		thread_unref(t);
		thread_unref(t);
		return -EAGAIN;
	}
	tid = (int)t->tid;
	if (c.flags & CLONE_PARENT_SETTID)
		arch_copyout(c.ptid, &tid, 4);
	if (c.flags & CLONE_CHILD_SETTID)
		arch_copyout(c.ctid, &tid, 4);
	HOST_REQUEST(OP_SPAWN, (uint32_t)(uintptr_t)t, (uint32_t)(uintptr_t)t->kstack,
		p->mm->memory, 0, (uint32_t)(uintptr_t)self, 0, SPAWN_THREAD);
	err = wait_started(t);
	thread_unref(t);
	return err == 1 ? tid : err;
}

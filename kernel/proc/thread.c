/*
 * thread.c - threads: their records, kernel stacks, and the way from a system call into the kernel
 * and out of it (the kill rule of proc.h).
 * Locks: proc_tree_lock and proc.sig_lock together for changes of proc.threads; either to read it.
 */
#include "proc/internal.h"
#include "proc/thread.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "arch/arch.h"
#include "syscalls.h"
#include "syscalls_dispatch.h"

struct thread *thread_new(struct proc *p, uint32_t tid)
{
	/* 1 KiB class objects are aligned to their size: `state` has its cache lines alone. */
	struct thread *t = kzalloc(MAX(sizeof(*t), 1024u));

	if (!t)
		return NULL;
	t->waker.id = tid;
	t->tid = tid;
	t->proc = p;
	t->state = THREAD_KERNEL;
	t->current_nr = ~0u;
	t->altstack.flags = SS_DISABLE;
	t->start_ns = arch_clock_ns();
	ref_init(&t->refs, 1);
	list_init(&t->link);
	list_init(&t->tid_link);
	list_init(&t->dead_link);
	sigpending_init(&t->pending);
	return t;
}

static void add_locked(struct thread *t)
{
	struct proc *p = t->proc;

	list_add_tail(&p->threads, &t->link);
	thread_hash_locked(t);
	atomic_add(&p->nthreads, 1u);
	if (p->group_exiting)
		atomic_or(&t->waker.interrupt, INTR_KILL);
	signal_recalc_locked(t);
}

void thread_add_locked(struct thread *t)
{
	struct proc *p = t->proc;

	lock_acquire(&p->sig_lock);
	add_locked(t);
	lock_release(&p->sig_lock);
}

bool thread_add_further_locked(struct thread *t)
{
	struct proc *p = t->proc;
	bool ok;

	lock_acquire(&p->sig_lock);
	ok = !p->group_exiting && !p->exec_thread;
	if (ok)
		add_locked(t);
	lock_release(&p->sig_lock);
	return ok;
}

void thread_remove_locked(struct thread *t)
{
	struct proc *p = t->proc;

	lock_acquire(&p->sig_lock);
	list_del(&t->link);
	list_del(&t->tid_link);
	atomic_sub(&p->nthreads, 1u);
	sigpending_flush(&t->pending);
	signal_retarget_locked(p);
	lock_release(&p->sig_lock);
	p->cpu_ns += thread_cpu_ns(t);
	p->syscalls += t->syscalls;
	if (p->exec_thread)
		waitq_wake_all(&p->thread_gone);
}

int thread_end_others(void)
{
	struct thread *self = thread_self(), *t;
	struct proc *p = self->proc;
	int err = 0;

	lock_acquire(&proc_tree_lock);
	lock_acquire(&p->sig_lock);
	/* Of two that exec at once one wins; the other was told to end by it. */
	if (p->group_exiting || (atomic_load(&self->waker.interrupt) & INTR_KILL))
		err = -EAGAIN;
	if (!err && p->nthreads > 1) {
		p->exec_thread = self;
		LIST_FOR_EACH(t, &p->threads, link) {
			if (t != self)
				signal_kill_thread_locked(t);
		}
	}
	lock_release(&p->sig_lock);
	while (!err && p->nthreads > 1)
		err = waitq_sleep(&p->thread_gone, &proc_tree_lock, WAIT_FOREVER, WAIT_KILLABLE);
	lock_acquire(&p->sig_lock);
	if (p->exec_thread == self)
		p->exec_thread = NULL;
	lock_release(&p->sig_lock);
	lock_release(&proc_tree_lock);
	return err ? -EAGAIN : 0;
}

void thread_ref(struct thread *t)
{
	ref_get(&t->refs);
}

void thread_unref(struct thread *t)
{
	if (!ref_put(&t->refs))
		return;
	sigpending_flush(&t->pending);
	if (t->cred)
		cred_put(t->cred);
	kfree(t);
}

void *kstack_new(struct thread *t)
{
	void *stack = pages_alloc(KSTACK_SIZE / PAGE_SIZE);

	if (stack)
		thread_ref(t);
	return stack;
}

void kstack_free(void *kstack)
{
	pages_free(kstack, KSTACK_SIZE / PAGE_SIZE);
}

void thread_run_over(struct thread *t, void *kstack)
{
	kstack_free(kstack);
	thread_unref(t);
}

/* ---- the poll word ---- */

static bool poll_lost(uint32_t seen, uint32_t who)
{
	return seen != who && seen != PLEAT_POLL_ANY;
}

static void poll_add(uint32_t who)
{
	uint32_t seen = arch_uload32(PLEAT_POLL_WORD);

	while (poll_lost(seen, who) &&
		!arch_ucas32(PLEAT_POLL_WORD, seen, seen ? PLEAT_POLL_ANY : who))
		seen = arch_uload32(PLEAT_POLL_WORD);
}

static uint32_t poll_name(const struct thread *t)
{
	return atomic_load(&t->proc->nthreads) > 1 ? t->tid : PLEAT_POLL_ANY;
}

/*
 * All changes of the word that take something out of it are made under sig_lock, and so is each
 * setting of poll_asked before the word says it: whoever takes its own part out finds those of the
 * others in poll_asked. The host's late additions are of threads that had poll_asked set then.
 */
void thread_poll_mark(struct thread *t)
{
	struct proc *home = thread_home(t);

	lock_acquire(&home->sig_lock);
	atomic_store(&t->poll_asked, 1u);
	poll_add(poll_name(t));
	lock_release(&home->sig_lock);
}

void thread_poll_taken(struct thread *t)
{
	struct proc *home = thread_home(t);
	uint32_t rest = 0;
	struct thread *other;

	lock_acquire(&home->sig_lock);
	atomic_store(&t->poll_asked, 0u);
	LIST_FOR_EACH(other, &home->threads, link) {
		if (atomic_load(&other->poll_asked))
			rest = rest ? PLEAT_POLL_ANY : other->tid;
	}
	arch_ustore32(PLEAT_POLL_WORD, rest);
	lock_release(&home->sig_lock);
}

/* A thread of the same program can be told without the host. */
static bool same_memory(const struct mm *mm)
{
	struct thread *self = thread_self();

	return !self->kernel_thread && self->proc && self->proc->mm == mm;
}

static void poke(struct thread *t)
{
	struct mm *mm = t->proc->mm;

	if (!mm || atomic_xchg(&t->poll_asked, 1u))
		return;
	if (same_memory(mm))
		poll_add(poll_name(t));
	else
		HOST_REQUEST(OP_POKE, mm->memory, poll_name(t));
}

void thread_kick(struct thread *t)
{
	for (;;) {
		uint32_t s = atomic_load(&t->state);

		if (s == THREAD_DEAD || s == THREAD_START || (s & THREAD_PENDING))
			return;
		if (s == THREAD_USER) {
			poke(t);
			return;
		}
		if (atomic_cas(&t->state, s, s | THREAD_PENDING))
			return;
	}
}

/* ---- entry and exit ---- */

/*
 * A thread that was moved to DEAD in user code came here by a call or a poll. Its process may be
 * gone already; nothing but its stack may be used.
 */
NORETURN static void park(struct thread *t)
{
	t->leave = LEAVE_PARK;
	arch_leave();
}

void thread_enter_kernel(struct thread *t)
{
	if (LIKELY(atomic_cas(&t->state, (uint32_t)THREAD_USER, (uint32_t)THREAD_KERNEL)))
		return;
	thread_start_end(t);
	exec_failed("its start function makes a system call");
}

void thread_start_begin(struct thread *t)
{
	for (;;) {
		if (atomic_load(&t->waker.interrupt) & INTR_KILL)
			exec_failed(NULL);
		if (atomic_cas(&t->state, (uint32_t)THREAD_KERNEL, (uint32_t)THREAD_START))
			return;
		atomic_and(&t->state,
			~THREAD_PENDING); /* signals are seen when it goes to its _start */
	}
}

void thread_start_end(struct thread *t)
{
	if (!atomic_cas(&t->state, (uint32_t)THREAD_START, (uint32_t)THREAD_KERNEL))
		park(t);
}

/* Restart codes are for the stub, which looks only when the poll word is set. */
static bool restarts(int result)
{
	return result == -PLEAT_ERESTARTSYS || result == -PLEAT_ERESTARTNOHAND ||
	       result == -PLEAT_ERESTARTBLOCK;
}

int thread_exit_kernel(struct thread *t, int result)
{
	bool poll = restarts(result);

	t->current_nr = ~0u;
	for (;;) {
		if (UNLIKELY(atomic_load(&t->waker.interrupt)))
			poll |= signal_exit_work(t);
		if (UNLIKELY(t->restore_mask) && !poll) {
			signal_restore_mask();
			continue; /* that may have let a pending signal in */
		}
		lock_assert_none_held();
		if (poll)
			thread_poll_mark(t);
		if (LIKELY(atomic_cas(&t->state, (uint32_t)THREAD_KERNEL, (uint32_t)THREAD_USER)))
			return result;
		/* Somebody wants attention: look again. Only this thread clears the bit. */
		atomic_and(&t->state, ~THREAD_PENDING);
	}
}

/* Others read the count as it is: exact once the thread is at rest. */
__attribute__((no_sanitize("thread"))) static void count_call(struct thread *t)
{
	t->syscalls++;
}

int thread_syscall(
	uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5)
{
	struct thread *t = thread_self();
	bool traced = trace_wanted();
	int result;

	thread_enter_kernel(t);
	t->current_nr = nr;
	count_call(t);
	if (UNLIKELY(atomic_load(&t->proc->nthreads) > 1))
		cred_pin(t);
	if (UNLIKELY(traced))
		trace_enter(t, nr, a0, a1, a2, a3, a4, a5);
	result = syscall_dispatch(nr, a0, a1, a2, a3, a4, a5);
	if (UNLIKELY(traced))
		trace_leave(t, result);
	return thread_exit_kernel(t, result);
}

int sys_set_tid_address(uaddr_t word)
{
	thread_self()->clear_tid = word;
	return sys_gettid();
}

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
	list_init(&t->dead_link);
	sigpending_init(&t->pending);
	return t;
}

void thread_add_locked(struct thread *t)
{
	struct proc *p = t->proc;

	lock_acquire(&p->sig_lock);
	list_add_tail(&p->threads, &t->link);
	atomic_add(&p->nthreads, 1u);
	if (p->group_exiting)
		atomic_or(&t->waker.interrupt, INTR_KILL);
	signal_recalc_locked(t);
	lock_release(&p->sig_lock);
}

void thread_remove_locked(struct thread *t)
{
	struct proc *p = t->proc;
	uint64_t alive = arch_clock_ns() - t->start_ns, slept = atomic_load(&t->waker.slept_ns);

	lock_acquire(&p->sig_lock);
	list_del(&t->link);
	atomic_sub(&p->nthreads, 1u);
	lock_release(&p->sig_lock);
	p->cpu_ns += alive > slept ? alive - slept : 0;
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

void thread_kick(struct thread *t)
{
	for (;;) {
		uint32_t s = atomic_load(&t->state);

		if (s == THREAD_DEAD || s == THREAD_START || (s & THREAD_PENDING))
			return;
		if (s == THREAD_USER) {
			struct mm *mm = t->proc->mm;

			if (mm && !atomic_xchg(&t->poll_asked, 1u))
				HOST_REQUEST(OP_POKE, mm->memory);
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
		if (poll) {
			atomic_store(&t->poll_asked, 0u);
			arch_ustore32(PLEAT_POLL_WORD, 1);
		}
		if (LIKELY(atomic_cas(&t->state, (uint32_t)THREAD_KERNEL, (uint32_t)THREAD_USER)))
			return result;
		/* Somebody wants attention: look again. Only this thread clears the bit. */
		atomic_and(&t->state, ~THREAD_PENDING);
	}
}

int thread_syscall(
	uint32_t nr, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4, uint32_t a5)
{
	struct thread *t = thread_self();
	int result;

	thread_enter_kernel(t);
	t->current_nr = nr;
	t->proc->syscalls++;
	result = syscall_dispatch(nr, a0, a1, a2, a3, a4, a5);
	return thread_exit_kernel(t, result);
}

int sys_set_tid_address(uaddr_t word)
{
	struct thread *t = thread_self();

	t->clear_tid = word;
	return sys_gettid();
}

int sys_set_robust_list(uaddr_t head, uint32_t len)
{
	if (len != 12)
		return -EINVAL;
	thread_self()->robust_list = head;
	return 0;
}

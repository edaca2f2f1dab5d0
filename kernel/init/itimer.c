/*
 * itimer.c - the timers of a process: what they are armed on, and getitimer(2), setitimer(2).
 * Spec: POSIX.1-2008 setitimer(); Linux getitimer(2), alarm(2) (which libc makes of it).
 * Locks: proc.sig_lock guards their settings; the queue's lock is inside it. proc_tree_lock, which
 * running times need, is outside: a time is read first, then what it means for the timer.
 *
 * Running time. Engines meter no CPU time per Worker: what a thread does not spend asleep in the
 * kernel counts (proc_cpu_ns), as user and system time in one. So ITIMER_VIRTUAL and ITIMER_PROF
 * measure the same. A timer on it is armed for the earliest moment at which it can go off with the
 * threads that run now, and looks again then. If all of them sleep it rests, and each thread finds
 * INTR_CPUTIMER on its way out of the kernel: an idle process costs nothing.
 */
#include "init/ptimer.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "arch/arch.h"
#include "syscalls.h"

#define NS 1000000000ull
#define ITIMER_REAL 0u
#define ITIMER_VIRTUAL 1u
#define ITIMER_PROF 2u
#define CPU_STEP_NS 1000000u /* no look at a running time follows another sooner */

/* ---- timers on any clock ---- */

uint64_t ptimer_now(const struct ptimer *t)
{
	struct thread *it;
	uint64_t ns = 0;

	if (t->cpu == CPU_NONE)
		return arch_clock_ns();
	if (t->cpu == CPU_PROCESS)
		return proc_cpu_ns(t->proc);
	lock_acquire(&proc_tree_lock);
	LIST_FOR_EACH(it, &t->proc->threads, link) {
		if (it->tid == t->cpu_tid)
			ns = thread_cpu_ns(it);
	}
	lock_release(&proc_tree_lock);
	return ns;
}

static uint32_t running_locked(const struct ptimer *t)
{
	struct thread *it;
	uint32_t n = 0;

	LIST_FOR_EACH(it, &t->proc->threads, link) {
		if (t->cpu == CPU_PROCESS || it->tid == t->cpu_tid)
			n += atomic_load(&it->waker.sleeping) == 0;
	}
	return n;
}

/*
 *   event thread                          a thread that wakes up
 *   set INTR_CPUTIMER                     sleeping = 0
 *   sleeping? then it may rest            on its way out: INTR_CPUTIMER? then resume
 * Both sides are sequentially consistent: one of them sees the other.
 */
static void cpu_arm_locked(struct ptimer *t, uint64_t now)
{
	uint64_t left = period_left(&t->period, now), step;
	uint32_t n = running_locked(t);
	struct thread *it;

	t->resting = false;
	if (!t->period.armed)
		return;
	if (n == 0) {
		t->resting = true;
		LIST_FOR_EACH(it, &t->proc->threads, link)
			atomic_or(&it->waker.interrupt, INTR_CPUTIMER);
		n = running_locked(t);
		if (n == 0)
			return;
		t->resting = false;
	}
	step = left / n;
	timer_set(&t->timer, arch_clock_ns() + MAX(step, (uint64_t)CPU_STEP_NS));
}

static void ptimer_fire(struct timer *timer)
{
	struct ptimer *t = CONTAINER_OF(timer, struct ptimer, timer);
	struct proc *p = t->proc;
	uint64_t now = ptimer_now(t), n;

	lock_acquire(&p->sig_lock);
	n = period_advance(&t->period, now);
	if (n)
		t->expired(t, n);
	if (t->cpu != CPU_NONE)
		cpu_arm_locked(t, now);
	else
		period_arm(&t->period, &t->timer, true);
	lock_release(&p->sig_lock);
}

void ptimer_init(struct ptimer *t, struct proc *p, uint32_t clock, enum cpu_kind cpu)
{
	t->timer.fire = ptimer_fire;
	t->proc = p;
	t->clock = clock;
	t->cpu = cpu;
}

void ptimer_read_locked(struct ptimer *t, uint64_t now, uint64_t *left_ns, uint64_t *interval_ns)
{
	/* One that has gone off and that nobody has noticed yet does so now. */
	uint64_t n = period_advance(&t->period, now);

	if (n && !t->silent)
		t->expired(t, n);
	*left_ns = period_left(&t->period, now);
	*interval_ns = t->period.interval_ns;
}

void ptimer_set_locked(struct ptimer *t, int64_t next_ns, uint64_t interval_ns, bool armed)
{
	t->period = (struct period){
		.next_ns = next_ns, .interval_ns = armed ? interval_ns : 0, .armed = armed};
	t->resting = false;
	if (t->cpu == CPU_NONE && !t->silent)
		period_arm(&t->period, &t->timer, false);
	else if (!armed)
		timer_unset(&t->timer);
}

void ptimer_start_locked(struct ptimer *t, uint64_t now)
{
	if (t->cpu != CPU_NONE && !t->silent)
		cpu_arm_locked(t, now);
}

/* A thread runs again: look at what it has used soon. */
void ptimer_resume_locked(struct ptimer *t, uint64_t now)
{
	if (!t->resting)
		return;
	t->resting = false;
	timer_set(&t->timer, now + CPU_STEP_NS);
}

void ptimer_stop(struct ptimer *t)
{
	lock_acquire(&t->proc->sig_lock);
	t->period = (struct period){0};
	lock_release(&t->proc->sig_lock);
	timer_cancel(&t->timer);
}

/* ---- a process's ---- */

static void itimer_expired(struct ptimer *t, uint64_t n)
{
	static const uint8_t signal[] = {SIGALRM, SIGVTALRM, SIGPROF};
	const struct itimers *it = t->proc->timers;

	(void)n; /* missed ones count once */
	(void)!signal_send_proc_locked(t->proc, signal[t - it->itimer], NULL);
}

struct itimers *itimers_get(void)
{
	struct proc *p = proc_self();
	struct itimers *it = atomic_load(&p->timers), *mine;

	if (it)
		return it;
	mine = kzalloc(sizeof(*mine));
	if (!mine)
		return NULL;
	mine->proc = p;
	list_init(&mine->posix);
	for (uint32_t i = 0; i < ARRAY_LEN(mine->itimer); i++) {
		ptimer_init(&mine->itimer[i], p, CLOCK_MONOTONIC, i ? CPU_PROCESS : CPU_NONE);
		mine->itimer[i].expired = itimer_expired;
	}
	/* Another thread may have made them meanwhile. */
	lock_acquire(&p->sig_lock);
	it = p->timers;
	if (!it)
		atomic_store(&p->timers, mine);
	lock_release(&p->sig_lock);
	if (!it)
		return mine;
	kfree(mine);
	return it;
}

void itimers_exit(struct proc *p)
{
	struct itimers *it = p->timers;

	if (!it)
		return;
	for (uint32_t i = 0; i < ARRAY_LEN(it->itimer); i++)
		ptimer_stop(&it->itimer[i]);
	timers_delete_all(it);
	p->timers = NULL;
	kfree(it);
}

void itimers_exec(struct proc *p)
{
	if (p->timers)
		timers_delete_all(p->timers);
}

void itimers_resume(struct proc *p)
{
	struct itimers *it = atomic_load(&p->timers);
	uint64_t now;

	if (!it)
		return;
	lock_acquire(&p->sig_lock);
	now = arch_clock_ns();
	for (uint32_t i = 0; i < ARRAY_LEN(it->itimer); i++)
		ptimer_resume_locked(&it->itimer[i], now);
	timers_resume_locked(it, now);
	lock_release(&p->sig_lock);
}

/* ---- the calls ---- */

/* There is no time64 variant of these calls: libc converts, and refuses what does not fit. */
struct abi_itimerval {
	int32_t interval_sec, interval_usec, value_sec, value_usec;
};

static void fill(struct abi_itimerval *v, uint64_t left, uint64_t interval)
{
	uint64_t us = (left + 999) / 1000;

	v->interval_sec = (int32_t)(interval / NS);
	v->interval_usec = (int32_t)(interval % NS / 1000);
	v->value_sec = (int32_t)(us / 1000000);
	v->value_usec = (int32_t)(us % 1000000);
}

int sys_getitimer(uint32_t which, uaddr_t value)
{
	struct proc *p = proc_self();
	struct itimers *it = atomic_load(&p->timers);
	struct abi_itimerval v = {0};
	uint64_t left, interval, now;

	if (which > ITIMER_PROF)
		return -EINVAL;
	if (it) {
		now = ptimer_now(&it->itimer[which]);
		lock_acquire(&p->sig_lock);
		ptimer_read_locked(&it->itimer[which], now, &left, &interval);
		lock_release(&p->sig_lock);
		fill(&v, left, interval);
	}
	return copyout(value, &v, sizeof(v));
}

static bool usec_ok(int32_t sec, int32_t usec)
{
	return sec >= 0 && usec >= 0 && usec <= 999999;
}

int sys_setitimer(uint32_t which, uaddr_t value, uaddr_t old)
{
	struct proc *p = proc_self();
	struct abi_itimerval v = {0}, before;
	uint64_t ns, left, interval, now;
	struct itimers *it;
	struct ptimer *t;

	if (which > ITIMER_PROF)
		return -EINVAL;
	if (value && copyin(&v, value, sizeof(v)))
		return -EFAULT;
	if (!usec_ok(v.value_sec, v.value_usec) || !usec_ok(v.interval_sec, v.interval_usec))
		return -EINVAL;
	it = itimers_get();
	if (!it)
		return -ENOMEM;
	t = &it->itimer[which];
	ns = (uint64_t)v.value_sec * NS + (uint64_t)v.value_usec * 1000;
	now = ptimer_now(t);
	lock_acquire(&p->sig_lock);
	ptimer_read_locked(t, now, &left, &interval);
	ptimer_set_locked(t, (int64_t)(now + ns),
		(uint64_t)v.interval_sec * NS + (uint64_t)v.interval_usec * 1000, ns != 0);
	ptimer_start_locked(t, now);
	lock_release(&p->sig_lock);
	fill(&before, left, interval);
	return old ? copyout(old, &before, sizeof(before)) : 0;
}

/*
 * timer_posix.c - timers that a program makes: timer_create(2) and its calls.
 * Spec: POSIX.1-2024 timer_create(), timer_settime(), timer_getoverrun(), timer_delete(); Linux's
 * SIGEV_THREAD_ID, of which libc makes SIGEV_THREAD.
 * Locks: as itimer.c. A timer is freed by whoever takes it out of its process's list.
 */
#include "init/ptimer.h"
#include "lib/alloc.h"
#include "arch/arch.h"
#include "syscalls.h"

#define TIMER_ABSTIME 1u
#define CLOCK_IS_THREAD(clock) ((clock) & 4u)

struct abi_sigevent {
	int32_t value, signo;
	uint32_t notify;
	int32_t tid;
};

struct posix_timer {
	struct ptimer t;
	struct list link; /* [sig_lock] itimers.posix */
	int32_t id;	  /* [i] */
	uint32_t tid;	  /* [i] SIGEV_THREAD_ID; else 0 */
	struct sigtimer signal;
};

static void posix_expired(struct ptimer *t, uint64_t n)
{
	struct posix_timer *pt = CONTAINER_OF(t, struct posix_timer, t);

	signal_send_timer_locked(t->proc, pt->tid, &pt->signal, n);
}

static struct posix_timer *find_locked(struct itimers *it, int32_t id)
{
	struct posix_timer *pt;

	LIST_FOR_EACH(pt, &it->posix, link) {
		if (pt->id == id)
			return pt;
	}
	return NULL;
}

/* ---- making them ---- */

/* Which clock it is, and whether a timer may be on it: not on another process's running time. */
static int choose_clock(uint32_t clock, struct ptimer *t)
{
	struct thread *self = thread_self();
	uint32_t id = ~(uint32_t)((int32_t)clock >> 3);
	enum cpu_kind cpu = CPU_NONE;
	uint64_t now;
	int err;

	switch (clock) {
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!cred_is_root(cred_self()))
			return -EPERM;
		break;
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	case CLOCK_PROCESS_CPUTIME_ID:
		cpu = CPU_PROCESS;
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		cpu = CPU_THREAD;
		id = self->tid;
		break;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		err = cpu_clock_read(clock, &now);
		if (err)
			return err;
		cpu = CLOCK_IS_THREAD(clock) ? CPU_THREAD : CPU_PROCESS;
		if (cpu == CPU_PROCESS && id && id != self->proc->pid)
			return -EINVAL;
		id = id ? id : self->tid;
	}
	ptimer_init(t, self->proc, clock, cpu);
	t->cpu_tid = id;
	return 0;
}

static bool is_own_thread(uint32_t tid)
{
	struct proc *p = proc_self();
	struct thread *t;
	bool found = false;

	lock_acquire(&p->sig_lock);
	LIST_FOR_EACH(t, &p->threads, link)
		found |= t->tid == tid;
	lock_release(&p->sig_lock);
	return found;
}

static int choose_event(struct posix_timer *pt, const struct abi_sigevent *e)
{
	struct abi_siginfo *info = &pt->signal.entry.info;

	switch (e->notify) {
	case SIGEV_NONE:
		pt->t.silent = true;
		return 0;
	case SIGEV_THREAD_ID:
		if (e->tid <= 0 || !is_own_thread((uint32_t)e->tid))
			return -EINVAL;
		pt->tid = (uint32_t)e->tid;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	if (e->signo < 1 || e->signo >= SIG_COUNT)
		return -EINVAL;
	info->signo = e->signo;
	info->code = SI_TIMER;
	info->u.timer.value = e->value;
	return 0;
}

/* The next id that is free. */
static int32_t new_id_locked(struct itimers *it)
{
	int32_t id = it->last_id;

	while (find_locked(it, id))
		id = id == INT32_MAX ? 0 : id + 1;
	it->last_id = id == INT32_MAX ? 0 : id + 1;
	return id;
}

static int add(struct posix_timer *pt, bool value_is_id)
{
	struct itimers *it = itimers_get();
	struct proc *p = proc_self();
	int err = 0;

	if (!it)
		return -EAGAIN;
	lock_acquire(&p->sig_lock);
	/* Each has an entry in the queue of signals for good. */
	if (it->nposix >= atomic_load(&p->limits[RLIMIT_SIGPENDING].cur)) {
		err = -EAGAIN;
	} else {
		pt->id = new_id_locked(it);
		pt->signal.entry.info.u.timer.timerid = pt->id;
		if (value_is_id)
			pt->signal.entry.info.u.timer.value = pt->id;
		it->nposix++;
		list_add_tail(&it->posix, &pt->link);
	}
	lock_release(&p->sig_lock);
	return err;
}

/* Out of the list already: nobody else knows it. */
static void posix_free(struct posix_timer *pt)
{
	struct proc *p = pt->t.proc;

	ptimer_stop(&pt->t);
	lock_acquire(&p->sig_lock);
	sigpending_drop_timer(&pt->signal);
	lock_release(&p->sig_lock);
	kfree(pt);
}

void timers_delete_all(struct itimers *it)
{
	for (;;) {
		struct posix_timer *pt;

		lock_acquire(&it->proc->sig_lock);
		pt = LIST_FIRST(&it->posix, struct posix_timer, link);
		if (pt) {
			list_del(&pt->link);
			it->nposix--;
		}
		lock_release(&it->proc->sig_lock);
		if (!pt)
			return;
		posix_free(pt);
	}
}

void timers_resume_locked(struct itimers *it, uint64_t now)
{
	struct posix_timer *pt;

	LIST_FOR_EACH(pt, &it->posix, link)
		ptimer_resume_locked(&pt->t, now);
}

/* event 0: SIGALRM with the id as value. -EINVAL: clock or event; -EOPNOTSUPP: a clock that can
 * only be read; -EAGAIN: memory, or RLIMIT_SIGPENDING timers; -EFAULT, -EPERM. */
int sys_timer_create(uint32_t clock, uaddr_t event, uaddr_t uid)
{
	struct abi_sigevent e = {.signo = SIGALRM, .notify = SIGEV_SIGNAL};
	struct posix_timer *pt;
	int32_t id;
	int err;

	if (event && copyin(&e, event, sizeof(e)))
		return -EFAULT;
	pt = kzalloc(sizeof(*pt));
	if (!pt)
		return -EAGAIN;
	pt->t.expired = posix_expired;
	err = choose_clock(clock, &pt->t);
	if (!err)
		err = choose_event(pt, &e);
	if (!err && !uaccess_ok(uid, sizeof(id), true))
		err = -EFAULT;
	if (!err)
		err = add(pt, event == 0);
	if (err) {
		kfree(pt);
		return err;
	}
	/* From here another thread may delete it. */
	id = pt->id;
	return copyout(uid, &id, sizeof(id));
}

int sys_timer_delete(int32_t id)
{
	struct proc *p = proc_self();
	struct itimers *it = atomic_load(&p->timers);
	struct posix_timer *pt;

	if (!it)
		return -EINVAL;
	lock_acquire(&p->sig_lock);
	pt = find_locked(it, id);
	if (pt) {
		list_del(&pt->link);
		it->nposix--;
	}
	lock_release(&p->sig_lock);
	if (!pt)
		return -EINVAL;
	posix_free(pt);
	return 0;
}

/* ---- setting and reading ---- */

/*
 * The timer, sig_lock held, and now on its clock. NULL: none, nothing held. A running time is read
 * without that lock, so the timer is looked for twice.
 */
static struct posix_timer *open_locked(int32_t id, uint64_t *now)
{
	struct proc *p = proc_self();
	struct itimers *it = atomic_load(&p->timers);
	struct posix_timer *pt;
	struct ptimer copy;

	if (!it)
		return NULL;
	lock_acquire(&p->sig_lock);
	pt = find_locked(it, id);
	if (pt && pt->t.cpu != CPU_NONE) {
		copy = pt->t;
		lock_release(&p->sig_lock);
		*now = ptimer_now(&copy);
		lock_acquire(&p->sig_lock);
		pt = find_locked(it, id);
		if (pt && (pt->t.cpu != copy.cpu || pt->t.cpu_tid != copy.cpu_tid))
			pt = NULL; /* deleted, and another one made in its place */
	} else {
		*now = arch_clock_ns();
	}
	if (!pt)
		lock_release(&p->sig_lock);
	return pt;
}

int sys_timer_gettime64(int32_t id, uaddr_t value)
{
	uint64_t now, left, interval;
	struct posix_timer *pt = open_locked(id, &now);

	if (!pt)
		return -EINVAL;
	ptimer_read_locked(&pt->t, now, &left, &interval);
	lock_release(&proc_self()->sig_lock);
	return copyout_itimerspec(value, left, interval);
}

static int64_t next_expiry(const struct ptimer *t, uint64_t value, bool absolute, uint64_t now)
{
	if (t->cpu != CPU_NONE)
		return (int64_t)(absolute ? value : now + value);
	return clock_deadline(t->clock, value, absolute, now);
}

int sys_timer_settime64(int32_t id, uint32_t flags, uaddr_t uvalue, uaddr_t uold)
{
	uint64_t value, interval, now, left, old_interval;
	struct posix_timer *pt;
	int err = copyin_itimerspec(uvalue, &value, &interval);

	if (err)
		return err;
	pt = open_locked(id, &now);
	if (!pt)
		return -EINVAL;
	ptimer_read_locked(&pt->t, now, &left, &old_interval);
	ptimer_set_locked(&pt->t, next_expiry(&pt->t, value, flags & TIMER_ABSTIME, now), interval,
		value != 0);
	ptimer_start_locked(&pt->t, now);
	lock_release(&proc_self()->sig_lock);
	return uold ? copyout_itimerspec(uold, left, old_interval) : 0;
}

int sys_timer_getoverrun(int32_t id)
{
	uint64_t now;
	struct posix_timer *pt = open_locked(id, &now);
	int n;

	if (!pt)
		return -EINVAL;
	n = (int)pt->signal.last_overrun;
	lock_release(&proc_self()->sig_lock);
	return n;
}

/*
 * time.c - clocks, sleeping, interval timers, and the queue of timers behind them.
 * Spec: POSIX.1-2024 clock_gettime(), clock_nanosleep(), setitimer().
 * Locks: timer_lock (RANK_TIMER) guards the queue. Timers fire on the event thread, which sleeps
 * until the earliest deadline; a sleeping thread's own timeout is in its wait instruction.
 */
#include "init/init.h"
#include "abi/program.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/lock.h"
#include "arch/arch.h"
#include "proc/internal.h"
#include "syscalls.h"

#define NS 1000000000ull

static struct lock timer_lock = LOCK_INIT(RANK_TIMER);
static struct list queue = LIST_INIT(queue);   /* [timer_lock] by deadline */
static struct timer *firing;		       /* [timer_lock] */
static struct waitq fired = WAITQ_INIT(fired); /* [timer_lock] `firing` changed */

struct ktime ktime_now(void)
{
	uint64_t ns = arch_realtime_ns();

	return (struct ktime){.sec = (int64_t)(ns / NS), .nsec = (uint32_t)(ns % NS)};
}

/* ---- the timer queue ---- */

static void insert_locked(struct timer *t)
{
	struct timer *it;

	LIST_FOR_EACH(it, &queue, link) {
		if (it->deadline_ns > t->deadline_ns)
			break;
	}
	list_insert_between(&t->link, it->link.prev, &it->link);
}

void timer_set(struct timer *t, uint64_t deadline_ns)
{
	bool first;

	lock_acquire(&timer_lock);
	if (t->link.next)
		list_del(&t->link);
	t->deadline_ns = deadline_ns;
	insert_locked(t);
	first = queue.next == &t->link;
	lock_release(&timer_lock);
	if (first)
		host_kick_event_thread();
}

void timer_cancel(struct timer *t)
{
	lock_acquire(&timer_lock);
	if (t->link.next)
		list_del(&t->link);
	while (firing == t) {
		/* fire() is short and waits for nothing of ours. */
		if (waitq_sleep(&fired, &timer_lock, WAIT_FOREVER, WAIT_UNINTR))
			break;
	}
	if (t->link.next)
		list_del(&t->link); /* fire() may have set it again */
	lock_release(&timer_lock);
}

uint64_t timers_run(uint64_t now_ns)
{
	uint64_t next = WAIT_FOREVER;

	lock_acquire(&timer_lock);
	for (;;) {
		struct timer *t = LIST_FIRST(&queue, struct timer, link);

		if (!t)
			break;
		if (t->deadline_ns > now_ns) {
			next = t->deadline_ns;
			break;
		}
		list_del(&t->link);
		if (t->interval_ns) {
			uint64_t late = now_ns - t->deadline_ns;

			t->deadline_ns += (late / t->interval_ns + 1) * t->interval_ns;
			insert_locked(t);
		}
		firing = t;
		lock_release(&timer_lock);
		t->fire(t);
		lock_acquire(&timer_lock);
		firing = NULL;
		waitq_wake_all(&fired);
	}
	lock_release(&timer_lock);
	return next;
}

/* ---- reading and writing times ---- */

static int copyin_time(uaddr_t at, uint64_t *ns)
{
	struct abi_timespec ts;

	if (copyin(&ts, at, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= (int32_t)NS)
		return -EINVAL;
	*ns = (uint64_t)ts.sec > (1ull << 33) ? (1ull << 33) * NS
					      : (uint64_t)ts.sec * NS + (uint32_t)ts.nsec;
	return 0;
}

static int copyout_time(uaddr_t at, uint64_t ns)
{
	struct abi_timespec ts = {.sec = (int64_t)(ns / NS), .nsec = (int32_t)(ns % NS)};

	return copyout(at, &ts, sizeof(ts));
}

int copyin_timeout(uaddr_t timespec, uint64_t *deadline_ns)
{
	uint64_t ns;
	int err;

	*deadline_ns = WAIT_FOREVER;
	if (!timespec)
		return 0;
	err = copyin_time(timespec, &ns);
	if (!err)
		*deadline_ns = arch_clock_ns() + ns;
	return err;
}

/* ---- clocks ---- */

#define CLOCK_REALTIME 0u
#define CLOCK_MONOTONIC 1u
#define CLOCK_PROCESS_CPUTIME_ID 2u
#define CLOCK_THREAD_CPUTIME_ID 3u
#define CLOCK_MONOTONIC_RAW 4u
#define CLOCK_REALTIME_COARSE 5u
#define CLOCK_MONOTONIC_COARSE 6u
#define CLOCK_BOOTTIME 7u
#define CLOCK_TAI 11u
#define TIMER_ABSTIME 1u

static int clock_read(uint32_t clock, uint64_t *ns)
{
	struct thread *t = thread_self();

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns = arch_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = arch_clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = proc_cpu_ns(t->proc);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = arch_clock_ns() - t->start_ns - t->waker.slept_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

int sys_clock_gettime64(uint32_t clock, uaddr_t time)
{
	uint64_t ns;
	int err = clock_read(clock, &ns);

	return err ? err : copyout_time(time, ns);
}

int sys_clock_getres_time64(uint32_t clock, uaddr_t res)
{
	uint64_t ns;
	int err = clock_read(clock, &ns);

	if (err || !res)
		return err;
	return copyout_time(res, clock == CLOCK_REALTIME || clock == CLOCK_TAI ? 1000 : 5000);
}

/* The host's clock is its own: nobody in here may set it. */
int sys_clock_settime64(uint32_t clock, uaddr_t time)
{
	uint64_t ns;
	int err = copyin_time(time, &ns);

	if (err)
		return err;
	return clock == CLOCK_REALTIME ? -EPERM : -EINVAL;
}

/* ---- sleeping ---- */

static int sleep_until(uint64_t deadline)
{
	struct waker *self = waker_self();

	for (;;) {
		uint32_t seen = waitq_prepare(self);
		int err = waitq_commit(self, seen, deadline, WAIT_INTR, "nanosleep");

		if (err == -ETIMEDOUT)
			return 0;
		if (err)
			return err;
	}
}

static int sleep_relative(uint64_t deadline, uaddr_t remain)
{
	struct thread *t = thread_self();
	uint64_t now;

	if (!sleep_until(deadline))
		return 0;
	now = arch_clock_ns();
	if (remain && copyout_time(remain, deadline > now ? deadline - now : 0))
		return -EFAULT;
	t->restart_deadline = deadline;
	t->restart_rem = remain;
	return -PLEAT_ERESTARTBLOCK;
}

int sys_clock_nanosleep_time64(uint32_t clock, uint32_t flags, uaddr_t request, uaddr_t remain)
{
	uint64_t ns, now;
	int err;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	err = clock_read(clock, &now);
	if (!err)
		err = copyin_time(request, &ns);
	if (err)
		return err;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(arch_clock_ns() + ns, remain);
	if (ns <= now)
		return 0;
	/* Absolute times of every clock advance alike; the wait itself is monotonic. */
	return sleep_until(arch_clock_ns() + (ns - now)) ? -PLEAT_ERESTARTNOHAND : 0;
}

int sys_restart_syscall(void)
{
	struct thread *t = thread_self();

	return sleep_relative(t->restart_deadline, t->restart_rem);
}

/* ---- interval timers ---- */

#define ITIMER_REAL 0u
#define ITIMER_VIRTUAL 1u
#define ITIMER_PROF 2u

struct itimers {
	struct timer real;
	struct proc *proc;
};

/* There is no time64 variant of these calls: libc converts, and refuses what does not fit. */
struct abi_itimerval {
	int32_t interval_sec, interval_usec, value_sec, value_usec;
};

static void real_fired(struct timer *t)
{
	struct itimers *it = CONTAINER_OF(t, struct itimers, real);
	struct abi_siginfo info = {.code = SI_KERNEL};

	signal_send_proc(it->proc, SIGALRM, &info);
}

void itimers_exit(struct proc *p)
{
	if (!p->timers)
		return;
	timer_cancel(&p->timers->real);
	kfree(p->timers);
	p->timers = NULL;
}

static void read_itimer(struct itimers *it, struct abi_itimerval *v)
{
	uint64_t left = 0, now;

	*v = (struct abi_itimerval){0};
	if (!it)
		return;
	lock_acquire(&timer_lock);
	now = arch_clock_ns();
	if (it->real.link.next && !list_empty(&it->real.link))
		left = it->real.deadline_ns > now ? it->real.deadline_ns - now : 1000;
	lock_release(&timer_lock);
	v->interval_sec = (int32_t)(it->real.interval_ns / NS);
	v->interval_usec = (int32_t)(it->real.interval_ns % NS / 1000);
	left = (left + 999) / 1000;
	v->value_sec = (int32_t)(left / 1000000);
	v->value_usec = (int32_t)(left % 1000000);
}

int sys_getitimer(uint32_t which, uaddr_t value)
{
	struct abi_itimerval v;

	if (which > ITIMER_PROF)
		return -EINVAL;
	read_itimer(which == ITIMER_REAL ? proc_self()->timers : NULL, &v);
	return copyout(value, &v, sizeof(v));
}

int sys_setitimer(uint32_t which, uaddr_t value, uaddr_t old)
{
	struct proc *p = proc_self();
	struct abi_itimerval v = {0}, before;
	uint64_t ns;

	if (which > ITIMER_PROF)
		return -EINVAL;
	if (value && copyin(&v, value, sizeof(v)))
		return -EFAULT;
	if (v.value_usec < 0 || v.value_usec > 999999 || v.interval_usec < 0 ||
		v.interval_usec > 999999 || v.value_sec < 0 || v.interval_sec < 0)
		return -EINVAL;
	if (which != ITIMER_REAL)
		return -EOPNOTSUPP; /* engines do not meter CPU time */
	if (!p->timers) {
		p->timers = kzalloc(sizeof(*p->timers));
		if (!p->timers)
			return -ENOMEM;
		p->timers->proc = p;
		p->timers->real.fire = real_fired;
	}
	read_itimer(p->timers, &before);
	timer_cancel(&p->timers->real);
	p->timers->real.interval_ns =
		(uint64_t)v.interval_sec * NS + (uint64_t)v.interval_usec * 1000;
	ns = (uint64_t)v.value_sec * NS + (uint64_t)v.value_usec * 1000;
	if (!ns)
		p->timers->real.interval_ns = 0; /* disarmed, and reported as zero, as Linux does */
	else
		timer_set(&p->timers->real, arch_clock_ns() + ns);
	return old ? copyout(old, &before, sizeof(before)) : 0;
}

int sys_times(uaddr_t buf)
{
	struct proc *p = proc_self();
	uint32_t ticks[4] = {(uint32_t)(proc_cpu_ns(p) / 10000000), 0,
		(uint32_t)(p->child_cpu_ns / 10000000), 0};

	if (buf && copyout(buf, ticks, sizeof(ticks)))
		return -EFAULT;
	return (int)(arch_clock_ns() / 10000000 & 0x7fffffff);
}

/* ---- load averages: exponentially damped over 1, 5 and 15 minutes, 16.16 ---- */

static uint32_t loads[3];
static uint64_t last_load_ns;

void load_average(uint32_t out[3])
{
	/* Brought up to date when read: no timer runs for it. */
	static const uint32_t minute_ns_shift[3] = {60, 300, 900};
	uint64_t now = arch_clock_ns(), seconds = (now - last_load_ns) / NS;
	uint32_t running;

	proc_count(&running);
	running = running > 0 ? running - 1 : 0; /* the reader itself */
	for (int i = 0; i < 3 && seconds > 0; i++) {
		uint64_t span = MIN(seconds, (uint64_t)minute_ns_shift[i]);
		int64_t target = (int64_t)running << 16;

		loads[i] =
			(uint32_t)((int64_t)loads[i] + (target - (int64_t)loads[i]) *
							       (int64_t)span / minute_ns_shift[i]);
	}
	if (seconds > 0)
		last_load_ns = now;
	for (int i = 0; i < 3; i++)
		out[i] = loads[i];
}

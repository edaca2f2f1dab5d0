/*
 * time.c - clocks, sleeping, and the queue of timers. A process's timers: itimer.c, timer_posix.c.
 * Spec: POSIX.1-2024 clock_gettime(), clock_nanosleep(), times().
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

void timer_unset(struct timer *t)
{
	lock_acquire(&timer_lock);
	if (t->link.next)
		list_del(&t->link);
	lock_release(&timer_lock);
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

/* ---- periods ---- */

#define AGAIN_MIN_NS 50000u

uint64_t period_advance(struct period *p, uint64_t now_ns)
{
	uint64_t n = 1;

	if (!p->armed || (int64_t)now_ns < p->next_ns)
		return 0;
	if (!p->interval_ns) {
		p->armed = false;
		return 1;
	}
	n += (now_ns - (uint64_t)p->next_ns) / p->interval_ns;
	p->next_ns += (int64_t)(n * p->interval_ns);
	return n;
}

uint64_t period_left(const struct period *p, uint64_t now_ns)
{
	if (!p->armed)
		return 0;
	return p->next_ns > (int64_t)now_ns ? (uint64_t)p->next_ns - now_ns : 1;
}

void period_arm(const struct period *p, struct timer *timer, bool again)
{
	uint64_t at = (uint64_t)MAX(p->next_ns, 0);

	if (!p->armed)
		timer_unset(timer);
	else
		timer_set(timer, again && p->interval_ns < AGAIN_MIN_NS ? at + AGAIN_MIN_NS : at);
}

/* ---- reading and writing times ---- */

int copyin_time(uaddr_t at, uint64_t *ns)
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

int copyin_itimerspec(uaddr_t at, uint64_t *value_ns, uint64_t *interval_ns)
{
	int err = copyin_time(at, interval_ns);

	return err ? err : copyin_time(at + (uint32_t)sizeof(struct abi_timespec), value_ns);
}

int copyout_itimerspec(uaddr_t at, uint64_t value_ns, uint64_t interval_ns)
{
	int err = copyout_time(at, interval_ns);

	return err ? err : copyout_time(at + (uint32_t)sizeof(struct abi_timespec), value_ns);
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

#define TIMER_ABSTIME 1u

static int clock_read(uint32_t clock, uint64_t *ns)
{
	struct thread *t = thread_self();

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = arch_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = arch_clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = proc_cpu_ns(t->proc);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_cpu_ns(t);
		return 0;
	default:
		return cpu_clock_read(clock, ns);
	}
}

int64_t clock_deadline(uint32_t clock, uint64_t value_ns, bool absolute, uint64_t now_ns)
{
	uint64_t clock_now;

	if (!absolute || clock_read(clock, &clock_now))
		return (int64_t)(now_ns + value_ns);
	return (int64_t)now_ns + ((int64_t)value_ns - (int64_t)clock_now);
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
	t->restart = NULL;
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

	return t->restart ? t->restart(t) : sleep_relative(t->restart_deadline, t->restart_rem);
}

/* ---- running time and load ---- */

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

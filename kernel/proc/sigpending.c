/*
 * sigpending.c - sets of pending signals: what waits for a process or for one thread.
 * Spec: POSIX.1-2024 2.4.1 (queued signals), timer_getoverrun(); limits as in Linux signal(7).
 * Locks: the sig_lock of the process that the set belongs to, for everything here.
 *
 * Standard signals wait once, with the information of the first; real-time signals and those of
 * timers queue. A timer has one entry of its own, so it never needs memory when it goes off; while
 * that waits, further expirations only count.
 */
#include "proc/internal.h"
#include "lib/alloc.h"

void sigpending_init(struct sigpending *s)
{
	s->set = 0;
	s->count = 0;
	list_init(&s->queue);
}

static void unlink_entry(struct sigpending *s, struct sigqueued *q)
{
	list_del(&q->link);
	s->count--;
	if (q->timer)
		q->timer->pending_in = NULL;
	else
		kfree(q);
}

void sigpending_drop(struct sigpending *s, sigset_k which)
{
	struct sigqueued *q, *next;

	if (!(s->set & which))
		return;
	LIST_FOR_EACH_SAFE(q, next, &s->queue, link) {
		if (SIGBIT(q->info.signo) & which)
			unlink_entry(s, q);
	}
	s->set &= ~which;
}

void sigpending_flush(struct sigpending *s)
{
	sigpending_drop(s, ~0ull);
}

void sigpending_move(struct sigpending *to, struct sigpending *from)
{
	while (!list_empty(&from->queue)) {
		struct list *n = from->queue.next;

		list_del(n);
		list_add_tail(&to->queue, n);
	}
	to->set = from->set;
	to->count = from->count;
	from->set = 0;
	from->count = 0;
}

/* Linux: kill() and the kernel itself may set the bit of a real-time signal without an entry. */
static bool may_go_without_info(int signo, const struct abi_siginfo *info)
{
	return signo < SIGRTMIN_K || !info || info->code == SI_USER || info->code == SI_KERNEL;
}

int sigpending_add(struct sigpending *s, int signo, const struct abi_siginfo *info, uint64_t room)
{
	struct sigqueued *q = NULL;

	if (signo < SIGRTMIN_K && (s->set & SIGBIT(signo)))
		return 0;
	/* A standard signal of the kernel's or by kill() is not held up by the limit. */
	if (s->count < room || (signo < SIGRTMIN_K && (!info || info->code >= 0)))
		q = kzalloc(sizeof(*q));
	if (!q && !may_go_without_info(signo, info))
		return -EAGAIN;
	if (q) {
		if (info)
			q->info = *info;
		else
			q->info.code = SI_KERNEL;
		q->info.signo = signo;
		list_add_tail(&s->queue, &q->link);
		s->count++;
	}
	s->set |= SIGBIT(signo);
	return 0;
}

/* What a signal without an entry says of itself, as in Linux: nobody. */
static const struct abi_siginfo nobody = {.code = SI_USER};

void sigpending_take(struct sigpending *s, int signo, struct abi_siginfo *info)
{
	struct sigqueued *q, *found = NULL;
	bool more = false;

	LIST_FOR_EACH(q, &s->queue, link) {
		if (q->info.signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	*info = found ? found->info : nobody;
	info->signo = signo;
	if (found && found->timer) {
		struct sigtimer *t = found->timer;

		t->last_overrun = t->overrun;
		t->overrun = 0;
		info->u.timer.overrun = (int32_t)t->last_overrun;
	}
	if (found)
		unlink_entry(s, found);
	if (!more)
		s->set &= ~SIGBIT(signo);
}

/* ---- entries of timers ---- */

static void add_overrun(struct sigtimer *t, uint64_t n)
{
	uint64_t sum = t->overrun + n;

	t->overrun = (uint32_t)MIN(sum, (uint64_t)INT32_MAX); /* DELAYTIMER_MAX */
}

bool sigpending_add_timer(struct sigpending *s, struct sigtimer *t, uint64_t expirations)
{
	if (t->pending_in) {
		add_overrun(t, expirations);
		return false;
	}
	t->overrun = 0;
	add_overrun(t, expirations - 1);
	t->entry.timer = t;
	t->pending_in = s;
	list_add_tail(&s->queue, &t->entry.link);
	s->count++;
	s->set |= SIGBIT(t->entry.info.signo);
	return true;
}

void sigpending_drop_timer(struct sigtimer *t)
{
	struct sigpending *s = t->pending_in;
	int signo = t->entry.info.signo;
	struct sigqueued *q;
	bool more = false;

	t->overrun = t->last_overrun = 0;
	if (!s)
		return;
	unlink_entry(s, &t->entry);
	LIST_FOR_EACH(q, &s->queue, link)
		more |= q->info.signo == signo;
	if (!more)
		s->set &= ~SIGBIT(signo);
}

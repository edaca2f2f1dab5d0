/*
 * epoll.c - epoll_create1(2), epoll_pwait(2), epoll_pwait2(2); epoll_ctl(2) is epoll_ctl.c.
 * Spec: epoll(7) and its calls as in Linux.
 *
 * Locks, outer to inner:
 *   epoll.lock (RANK_EPOLL_SET)         one call that changes or empties the set at a time; held
 *                                       over the members' poll ops and file_put()
 *   epoll_lock (RANK_EPOLL), one        who watches whom: the hash tables, file.epoll_links, the
 *                                       members' places in wait queues
 *   the watched object's lock           around notify()
 *   epoll.ready_lock (RANK_EPOLL_READY) the ready list, the waiters, a member's events
 *
 * A set may watch a set. Both kinds of epoll.* locks are then taken from both, the outer set's lock
 * first and the inner set's ready_lock first; epoll_ctl() keeps the sets free of circles, so
 * neither order has one (lock_acquire_inner).
 *
 * Why a member never outlives what it points to:
 *   a file     goes through epoll_file_gone() before its object is released, and that needs
 *              epoll_lock. While a member is attached its queues exist.
 *   the set    is counted by its members.
 *   the member is counted by the set until it is detached, and by a look under way.
 */
#include "ipc/epoll_internal.h"
#include "arch/arch.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "proc/proc.h"
#include "syscalls.h"

struct lock epoll_lock = LOCK_INIT(RANK_EPOLL);

/* ---- life ---- */

static void set_put(struct epoll *ep)
{
	if (!ref_put(&ep->refs))
		return;
	KASSERT(ep->count == 0 && list_empty(&ep->ready));
	if (ep->buckets != ep->first_buckets)
		kfree(ep->buckets);
	kfree(ep);
}

static void item_put(struct epitem *item)
{
	struct epoll *ep = item->set;

	if (!ref_put(&item->refs))
		return;
	kfree(item);
	set_put(ep);
}

/* ---- the hash of a set ---- */

static struct epitem **bucket_locked(struct epoll *ep, const struct file *f, int32_t fd)
{
	uint32_t h = ((uint32_t)((uintptr_t)f >> 4) ^ (uint32_t)fd * 0x9e3779b1u) * 0x85ebca6bu;

	return &ep->buckets[(h >> 8) & (ep->bucket_count - 1)];
}

struct epitem *epoll_find_locked(struct epoll *ep, const struct file *f, int32_t fd)
{
	struct epitem *it = *bucket_locked(ep, f, fd);

	while (it && (it->file != f || it->fd != fd))
		it = it->next;
	return it;
}

/* Twice the buckets. Without memory for it the chains grow longer, no more. */
static void grow_locked(struct epoll *ep)
{
	struct epitem **old = ep->buckets;
	uint32_t old_count = ep->bucket_count;
	struct epitem **now = kzalloc(2 * old_count * sizeof(*now));

	if (!now)
		return;
	ep->buckets = now;
	ep->bucket_count = 2 * old_count;
	for (uint32_t i = 0; i < old_count; i++) {
		struct epitem *it = old[i];

		while (it) {
			struct epitem *next = it->next, **b = bucket_locked(ep, it->file, it->fd);

			it->next = *b;
			*b = it;
			it = next;
		}
	}
	if (old != ep->first_buckets)
		kfree(old);
}

void epoll_attach_locked(struct epoll *ep, struct epitem *item)
{
	struct epitem **b;

	if (ep->count >= 2 * ep->bucket_count)
		grow_locked(ep);
	b = bucket_locked(ep, item->file, item->fd);
	item->next = *b;
	*b = item;
	ep->count++;
	ref_get(&ep->refs);
	list_add_tail(&item->file->epoll_links, &item->file_link);
	atomic_add(&item->file->epoll_count, 1u);
}

void epoll_detach_locked(struct epitem *item)
{
	struct epoll *ep = item->set;
	struct epitem **b;

	for (uint32_t i = 0; i < item->joined; i++) {
		struct epjoin *j = &item->joins[i];

		lock_acquire(j->lock);
		waitq_leave(&j->waiter);
		lock_release(j->lock);
	}
	lock_acquire(&ep->ready_lock);
	item->dead = true;
	list_del(&item->ready_link);
	lock_release(&ep->ready_lock);
	for (b = bucket_locked(ep, item->file, item->fd); *b != item; b = &(*b)->next)
		;
	*b = item->next;
	ep->count--;
	list_del(&item->file_link);
	atomic_sub(&item->file->epoll_count, 1u);
	item_put(item);
}

void epoll_file_gone(struct file *f)
{
	struct epitem *item;

	lock_acquire(&epoll_lock);
	while ((item = LIST_FIRST(&f->epoll_links, struct epitem, file_link)))
		epoll_detach_locked(item);
	lock_release(&epoll_lock);
}

static void epoll_release(struct file *file)
{
	struct epoll *ep = file->priv;

	lock_acquire(&epoll_lock);
	for (uint32_t i = 0; i < ep->bucket_count; i++) {
		while (ep->buckets[i])
			epoll_detach_locked(ep->buckets[i]);
	}
	lock_release(&epoll_lock);
	set_put(ep);
}

/* ---- becoming ready ---- */

/* Tell one thread that waits, and all that watch the set. True: a thread was told. */
static bool wake_locked(struct epoll *ep)
{
	bool woke = waitq_wake_one(&ep->waiters) > 0;

	if (!list_empty(&ep->watchers.waiters))
		woke |= waitq_wake_key(&ep->watchers, POLLIN | POLLRDNORM) > 0;
	return woke;
}

bool epoll_item_notify(struct waiter *w, uint32_t key)
{
	struct epjoin *j = CONTAINER_OF(w, struct epjoin, waiter);
	struct epitem *item = j->item;
	struct epoll *ep = item->set;
	bool woke = false;

	lock_acquire_inner(&ep->ready_lock);
	if ((item->events & ~FLAGS) && (key == 0 || (key & item->events))) {
		if (list_empty(&item->ready_link))
			list_add_tail(&ep->ready, &item->ready_link);
		woke = wake_locked(ep);
	}
	lock_release(&ep->ready_lock);
	return woke;
}

void epoll_mark_ready(struct epitem *item)
{
	struct epoll *ep = item->set;

	lock_acquire(&ep->ready_lock);
	if (!item->dead && list_empty(&item->ready_link)) {
		list_add_tail(&ep->ready, &item->ready_link);
		wake_locked(ep);
	}
	lock_release(&ep->ready_lock);
}

/* ---- looking ---- */

/* One member taken off a list, to be asked without ready_lock. */
struct look {
	struct epitem *item; /* counted */
	struct file *file;   /* counted */
	uint32_t events;
	uint64_t data;
};

/* The first member of list whose file is not on its way out. ready_lock held. */
static bool look_next_locked(struct list *list, struct look *l)
{
	struct epitem *item;

	while ((item = LIST_FIRST(list, struct epitem, ready_link))) {
		list_del(&item->ready_link);
		/* On a list: not dead, so the file is there, if only for epoll_file_gone(). */
		if (!ref_get_unless_zero(&item->file->refs))
			continue;
		ref_get(&item->refs);
		*l = (struct look){item, item->file, item->events, item->data};
		return true;
	}
	return false;
}

/* What of it is ready, of what was asked for. No lock but epoll.lock. */
static uint32_t look_ask(const struct look *l)
{
	return l->events & ~FLAGS ? file_poll(l->file, NULL) & l->events & ~FLAGS : 0;
}

/* Put list in front of what came meanwhile. */
static void splice_front_locked(struct list *to, struct list *list)
{
	while (!list_empty(list)) {
		struct list *last = list->prev;

		list_del(last);
		list_add_head(to, last);
	}
}

static void splice_all_locked(struct list *to, struct list *list)
{
	while (!list_empty(list)) {
		struct list *first = list->next;

		list_del(first);
		list_add_tail(to, first);
	}
}

/* A member was reported: is it to be looked at again? */
static void reported_locked(struct epoll *ep, struct epitem *item)
{
	if (item->dead)
		return;
	if (item->events & EPOLLONESHOT)
		item->events &= FLAGS;
	else if (!(item->events & EPOLLET) && list_empty(&item->ready_link))
		list_add_tail(
			&ep->ready, &item->ready_link); /* behind those that wait their turn */
}

/*
 * Report up to max ready members to user memory. Level-triggered ones go to the end of the list and
 * are looked at again next time; no member is reported twice in one call.
 * Returns how many, or -EFAULT before the first.
 */
static int harvest(struct epoll *ep, uaddr_t events, int max)
{
	struct list scan = LIST_INIT(scan);
	struct look l;
	int n = 0, err = 0;

	lock_acquire(&ep->lock);
	lock_acquire(&ep->ready_lock);
	splice_all_locked(&scan, &ep->ready);
	while (n < max && !err && look_next_locked(&scan, &l)) {
		struct abi_epoll_event ev = {.data = l.data};

		lock_release(&ep->ready_lock);
		ev.events = look_ask(&l);
		if (ev.events)
			err = copyout(events + (uint32_t)n * sizeof(ev), &ev, sizeof(ev));
		file_put(l.file);
		lock_acquire(&ep->ready_lock);
		if (err && !l.item->dead && list_empty(&l.item->ready_link))
			list_add_head(&scan, &l.item->ready_link);
		if (ev.events && !err) {
			reported_locked(ep, l.item);
			n++;
		}
		item_put(l.item);
	}
	splice_front_locked(&ep->ready, &scan);
	/* Whoever was woken for these may have found the list empty meanwhile. */
	if (!list_empty(&ep->ready))
		waitq_wake_one(&ep->waiters);
	lock_release(&ep->ready_lock);
	lock_release(&ep->lock);
	return n > 0 ? n : err;
}

/* poll() of a set: ready if a member is. Members that are not leave the list. */
static uint32_t epoll_poll(struct file *file, struct poll_table *pt)
{
	struct epoll *ep = file->priv;
	struct list scan = LIST_INIT(scan);
	uint32_t bits = 0;
	struct look l;

	lock_acquire_inner(&ep->lock);
	lock_acquire_inner(&ep->ready_lock);
	poll_join(pt, &ep->watchers, &ep->ready_lock);
	splice_all_locked(&scan, &ep->ready);
	while (!bits && look_next_locked(&scan, &l)) {
		lock_release(&ep->ready_lock);
		if (look_ask(&l))
			bits = POLLIN | POLLRDNORM;
		file_put(l.file);
		lock_acquire_inner(&ep->ready_lock);
		if (bits && !l.item->dead && list_empty(&l.item->ready_link))
			list_add_head(&scan, &l.item->ready_link);
		item_put(l.item);
	}
	splice_front_locked(&ep->ready, &scan);
	if (!list_empty(&ep->ready))
		waitq_wake_one(&ep->waiters);
	lock_release(&ep->ready_lock);
	lock_release(&ep->lock);
	return bits;
}

/* ---- epoll_create1 ---- */

/* Linux's anonymous inodes all say 0. */
static int64_t epoll_seek(struct file *file, int64_t off, int whence)
{
	(void)off, (void)whence;
	return (int64_t)file->pos;
}

/* A line for each member, in no order. */
static void epoll_fdinfo(struct file *file, struct proc_text *out)
{
	struct epoll *ep = file->priv;

	lock_acquire(&epoll_lock);
	for (uint32_t i = 0; i < ep->bucket_count; i++) {
		for (struct epitem *it = ep->buckets[i]; it; it = it->next) {
			uint32_t events;
			uint64_t data;

			lock_acquire(&ep->ready_lock);
			events = it->events;
			data = it->data;
			lock_release(&ep->ready_lock);
			text_add(out, "tfd: %8d events: %8x data: %16llx  pos:%llu ino:%llx\n",
				it->fd, events, (unsigned long long)data,
				(unsigned long long)atomic_load(&it->file->pos),
				(unsigned long long)(it->file->inode ? it->file->inode->ino
								     : it->file->anon_ino));
		}
	}
	lock_release(&epoll_lock);
}

const struct file_ops epoll_ops = {
	.release = epoll_release,
	.poll = epoll_poll,
	.seek = epoll_seek,
	.fdinfo = epoll_fdinfo,
};

/* -EINVAL: flags other than EPOLL_CLOEXEC; -EMFILE; -ENOMEM. */
int sys_epoll_create1(uint32_t flags)
{
	struct epoll *ep;

	if (flags & ~(uint32_t)EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep));
	if (!ep)
		return -ENOMEM;
	ref_init(&ep->refs, 1);
	lock_init(&ep->lock, RANK_EPOLL_SET);
	lock_init(&ep->ready_lock, RANK_EPOLL_READY);
	list_init(&ep->ready);
	waitq_init(&ep->waiters);
	waitq_init(&ep->watchers);
	ep->buckets = ep->first_buckets;
	ep->bucket_count = FIRST_BUCKETS;
	ep->file = file_new_anon(&epoll_ops, O_RDWR, "anon_inode:[eventpoll]", ep);
	if (!ep->file) {
		kfree(ep);
		return -ENOMEM;
	}
	return fd_give(ep->file, flags & O_CLOEXEC);
}

/* ---- epoll_pwait ---- */

/* A thread that was told leaves the queue at once: the next event is for another one. */
static bool waiter_told(struct waiter *w, uint32_t key)
{
	(void)key;
	waitq_leave(w);
	waker_wake(w->waker);
	return true;
}

/* Sleep until a member may be ready. Returns as waitq_sleep(); 0 at once if one is. */
static int wait_ready(struct epoll *ep, uint64_t deadline_ns)
{
	struct waiter w = {.waker = waker_self(), .notify = waiter_told};
	uint32_t seen = waitq_prepare(w.waker);
	int err = 0;

	lock_acquire(&ep->ready_lock);
	if (list_empty(&ep->ready)) {
		waitq_join(&ep->waiters, &w);
		lock_release(&ep->ready_lock);
		err = waitq_commit(w.waker, seen, deadline_ns, WAIT_INTR, "epoll_wait");
		lock_acquire(&ep->ready_lock);
		waitq_leave(&w);
	}
	lock_release(&ep->ready_lock);
	return err;
}

static int wait_events(struct epoll *ep, uaddr_t events, int max, bool now, uint64_t deadline_ns)
{
	int err = now ? -ETIMEDOUT : 0;

	for (;;) {
		int n = harvest(ep, events, max);

		/* What became ready counts, whatever ended the sleep. So no wake-up that was meant
		 * for one thread is lost with a thread that leaves. */
		if (n != 0)
			return n;
		if (err)
			return err == -ETIMEDOUT ? 0 : err;
		err = wait_ready(ep, deadline_ns);
	}
}

struct timeout {
	bool now;
	uint64_t deadline_ns;
};

static int wait_call(
	int32_t set, uaddr_t events, int32_t max, struct timeout t, uaddr_t mask, uint32_t size)
{
	sigset_k sigset;
	struct file *f;
	int result;

	if (mask) {
		result = copyin_sigset(&sigset, mask, size);
		if (result)
			return result;
	}
	if (max <= 0 || max > INT32_MAX / (int32_t)sizeof(struct abi_epoll_event))
		return -EINVAL;
	f = fd_get(set);
	if (!f)
		return -EBADF;
	if (!epoll_is_set(f)) {
		file_put(f);
		return -EINVAL;
	}
	if (mask)
		signal_set_temp_mask(sigset);
	result = wait_events(f->priv, events, max, t.now, t.deadline_ns);
	/* signal(7): never restarted. The handler runs before the old mask is back. */
	if (mask && result != -EINTR)
		signal_restore_mask();
	file_put(f);
	return result;
}

static struct timeout timeout_in(uint64_t ns)
{
	uint64_t now = arch_clock_ns();

	return (struct timeout){
		.now = ns == 0, .deadline_ns = ns < WAIT_FOREVER - now ? now + ns : WAIT_FOREVER};
}

/* timeout: ms, negative: none. Returns how many events were stored, 0 at the timeout; -EINTR,
 * -EFAULT, -EINVAL: not a set, max <= 0, a wrong mask size; -EBADF. */
int sys_epoll_pwait(
	int32_t set, uaddr_t events, int32_t max, int32_t timeout, uaddr_t mask, uint32_t size)
{
	struct timeout t = {.now = false, .deadline_ns = WAIT_FOREVER};

	if (timeout >= 0)
		t = timeout_in((uint64_t)timeout * 1000000u);
	return wait_call(set, events, max, t, mask, size);
}

/* The same with a relative struct timespec; 0: none. Also -EINVAL: no proper time. */
int sys_epoll_pwait2(
	int32_t set, uaddr_t events, int32_t max, uaddr_t timeout, uaddr_t mask, uint32_t size)
{
	struct timeout t = {.now = false, .deadline_ns = WAIT_FOREVER};
	struct abi_timespec ts;

	if (timeout) {
		if (copyin(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1000000000)
			return -EINVAL;
		if (ts.sec < INT64_MAX / 1000000000 - 1)
			t = timeout_in((uint64_t)ts.sec * 1000000000u + (uint64_t)ts.nsec);
	}
	return wait_call(set, events, max, t, mask, size);
}

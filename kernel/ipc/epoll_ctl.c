/*
 * epoll_ctl.c - epoll_ctl(2): members come, change and go; which set may hold which.
 * Spec: epoll_ctl(2) of Linux; a chain has at most five sets.
 * Locks: see epoll.c. epoll.lock is held over each call, epoll_lock while the graph of sets is read
 * and changed, so that two calls cannot make a circle between them.
 */
#include "ipc/epoll_internal.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "syscalls.h"

#define EXCLUSIVE_OK (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define NEST_MAX 4u /* sets in sets below a set */
#define TOO_DEEP UINT32_MAX
#define PATHS_MAX 1000u /* from a set to those above it */

/* ---- sets in sets ---- */

static uint64_t walks; /* [EPOLL] */

/* Levels of sets below ep; TOO_DEEP: more than NEST_MAX, or `outer` is among them. */
static uint32_t levels_below(struct epoll *ep, const struct epoll *outer, uint32_t level)
{
	uint32_t result = 0;

	if (ep == outer || level > NEST_MAX)
		return TOO_DEEP;
	if (ep->walk == walks)
		return ep->walk_result;
	for (uint32_t i = 0; i < ep->bucket_count; i++) {
		for (struct epitem *it = ep->buckets[i]; it; it = it->next) {
			uint32_t n;

			if (!epoll_is_set(it->file))
				continue;
			n = levels_below(it->file->priv, outer, level + 1);
			if (n == TOO_DEEP)
				return TOO_DEEP;
			result = MAX(result, n + 1);
		}
	}
	ep->walk = walks;
	ep->walk_result = result;
	return result;
}

/* Levels of sets above ep: that watch it, or one that does. */
static uint32_t levels_above(struct epoll *ep)
{
	struct epitem *it;
	uint32_t result = 0;

	if (ep->walk == walks)
		return ep->walk_result;
	LIST_FOR_EACH(it, &ep->file->epoll_links, file_link)
		result = MAX(result, levels_above(it->set) + 1);
	ep->walk = walks;
	ep->walk_result = result;
	return result;
}

/* Ways up from ep: what one event below costs. Counts to limit + 1 at most. */
static uint32_t paths_above(const struct epoll *ep, uint32_t limit)
{
	struct epitem *it;
	uint32_t n = 0;

	LIST_FOR_EACH(it, &ep->file->epoll_links, file_link) {
		n += 1 + paths_above(it->set, limit - n);
		if (n > limit)
			return limit + 1;
	}
	return n;
}

/* Has ep, or a set below it, more ways up than an event may take? */
static bool too_many_paths(struct epoll *ep)
{
	if (ep->walk == walks)
		return false;
	ep->walk = walks;
	if (paths_above(ep, PATHS_MAX) > PATHS_MAX)
		return true;
	for (uint32_t i = 0; i < ep->bucket_count; i++) {
		for (struct epitem *it = ep->buckets[i]; it; it = it->next) {
			if (epoll_is_set(it->file) && too_many_paths(it->file->priv))
				return true;
		}
	}
	return false;
}

/* May ep watch inner? 0 or -ELOOP. */
static int check_nesting_locked(struct epoll *ep, struct epoll *inner)
{
	uint32_t below, above;

	walks++;
	below = levels_below(inner, ep, 0);
	if (below == TOO_DEEP)
		return -ELOOP;
	walks++;
	above = levels_above(ep);
	return below + 1 + above > NEST_MAX ? -ELOOP : 0;
}

/* ---- epoll_ctl ---- */

struct attach {
	struct poll_table pt;
	struct epitem *item;
};

static void attach_join(struct poll_table *pt, struct waitq *q, struct lock *l)
{
	struct epitem *item = CONTAINER_OF(pt, struct attach, pt)->item;
	struct epjoin *j = &item->joins[item->joined];

	KASSERT(item->joined < JOINS);
	item->joined++;
	j->item = item;
	j->waiter.notify = epoll_item_notify;
	j->waiter.exclusive = item->events & EPOLLEXCLUSIVE;
	j->lock = l;
	waitq_join(q, &j->waiter);
}

static int ctl_add(struct epoll *ep, struct file *f, int32_t fd, const struct abi_epoll_event *ev)
{
	struct epitem *item = kzalloc(sizeof(*item));
	struct attach a = {.pt.join = attach_join, .item = item};
	int err = 0;

	if (!item)
		return -ENOMEM;
	ref_init(&item->refs, 1);
	list_init(&item->ready_link);
	list_init(&item->file_link);
	item->set = ep;
	item->file = f;
	item->fd = fd;
	item->events = ev->events | POLLERR | POLLHUP;
	item->data = ev->data;
	lock_acquire(&epoll_lock);
	if (epoll_is_set(f))
		err = check_nesting_locked(ep, f->priv);
	if (!err && epoll_find_locked(ep, f, fd))
		err = -EEXIST;
	if (!err)
		epoll_attach_locked(ep, item);
	walks++;
	if (!err && epoll_is_set(f) && too_many_paths(f->priv)) {
		epoll_detach_locked(item); /* frees it */
		item = NULL;
		err = -EINVAL;
	}
	lock_release(&epoll_lock);
	if (err) {
		kfree(item);
		return err;
	}
	/* f is the caller's and ep->lock is held: nobody detaches the member meanwhile. */
	if (file_poll(f, &a.pt) & item->events & ~FLAGS)
		epoll_mark_ready(item);
	return 0;
}

static int ctl_mod(struct epitem *item, const struct abi_epoll_event *ev)
{
	struct epoll *ep = item->set;
	uint32_t events = ev->events | POLLERR | POLLHUP;

	if (item->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	lock_acquire(&ep->ready_lock);
	item->events = events;
	item->data = ev->data;
	lock_release(&ep->ready_lock);
	/* What changes from here on meets the new events in epoll_item_notify(). */
	if (file_poll(item->file, NULL) & events & ~FLAGS)
		epoll_mark_ready(item);
	return 0;
}

static int ctl(
	struct epoll *ep, uint32_t op, struct file *f, int32_t fd, const struct abi_epoll_event *ev)
{
	struct epitem *item;

	if (op == EPOLL_CTL_ADD)
		return ctl_add(ep, f, fd, ev);
	if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
		return -EINVAL;
	lock_acquire(&epoll_lock);
	item = epoll_find_locked(ep, f, fd);
	if (item && op == EPOLL_CTL_DEL)
		epoll_detach_locked(item);
	lock_release(&epoll_lock);
	if (!item)
		return -ENOENT;
	return op == EPOLL_CTL_MOD ? ctl_mod(item, ev) : 0;
}

/* What can be said before the set is looked into. */
static int ctl_check(
	struct file *set, uint32_t op, struct file *f, const struct abi_epoll_event *ev)
{
	if (!f->ops || !f->ops->poll)
		return -EPERM;
	if (set == f || !epoll_is_set(set))
		return -EINVAL;
	if (op == EPOLL_CTL_DEL || !(ev->events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || epoll_is_set(f) || (ev->events & ~EXCLUSIVE_OK))
		return -EINVAL;
	return 0;
}

/*
 * -EBADF; -EFAULT; -EPERM: fd cannot be polled; -EINVAL: not a set, itself, an unknown op or flags
 * that EPOLLEXCLUSIVE forbids; -EEXIST; -ENOENT; -ELOOP: a circle or too deep; -EINVAL:
 * too many ways from one set to those above; -ENOMEM.
 */
int sys_epoll_ctl(int32_t set, uint32_t op, int32_t fd, uaddr_t event)
{
	struct abi_epoll_event ev = {0, 0, 0};
	struct file *s, *f;
	int err;

	if (op != EPOLL_CTL_DEL && copyin(&ev, event, sizeof(ev)))
		return -EFAULT;
	s = fd_get(set);
	if (!s)
		return -EBADF;
	f = fd_get(fd);
	if (!f) {
		file_put(s);
		return -EBADF;
	}
	err = ctl_check(s, op, f, &ev);
	if (!err) {
		struct epoll *ep = s->priv;

		lock_acquire(&ep->lock);
		err = ctl(ep, op, f, fd, &ev);
		lock_release(&ep->lock);
	}
	file_put(f);
	file_put(s);
	return err;
}

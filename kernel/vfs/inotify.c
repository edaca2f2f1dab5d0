/*
 * inotify.c - inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2), and queues of events.
 * Spec: inotify(7) of Linux, limits included.
 *
 * Locks: notify_lock (RANK_NOTIFY, one) for who watches what: inode.watches, each instance's table.
 * inotify.lock (RANK_NOTIFY_QUEUE) for an instance's events and readers. A watch holds a reference
 * to its inode, which is dropped with neither lock held.
 */
#include "vfs/notify.h"
#include "abi/termios.h"
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "vfs/internal.h"

#define QUEUE_MAX 16384u   /* events of an instance: then one IN_Q_OVERFLOW, and silence */
#define INSTANCES_MAX 128u /* of a machine; Linux counts by user */
#define WATCHES_MAX 65536u /* likewise */
#define WD_BUCKETS 64u
#define NAME_ROUND 16u
/* In inode.watch_mask when there is any watch: it is never sent by a change. */
#define WATCHED IN_IGNORED
#define MASK_BITS                                                                                  \
	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW |   \
		IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

struct event {
	struct list link; /* [lock] of inotify.events */
	struct abi_inotify_event e;
	uint32_t name_len; /* bytes that follow the structure */
};

struct inotify {
	struct lock lock;
	struct list events;		 /* [lock] oldest first */
	uint32_t count, bytes;		 /* [lock] of events, as read() gives them */
	struct waitq readable;		 /* [lock] */
	struct event overflow;		 /* [lock] queued at most once: link empty, or not */
	int32_t last_wd;		 /* [NOTIFY] */
	struct list watches[WD_BUCKETS]; /* [NOTIFY] of watch.link, by wd */
};

struct watch {
	struct list link;	/* [NOTIFY] */
	struct list inode_link; /* [NOTIFY] of inode.watches */
	struct inode *inode;	/* [i] counted */
	struct inotify *to;	/* [i] goes after its watches */
	int32_t wd;		/* [i] */
	uint32_t mask;		/* [NOTIFY] */
};

uint32_t notify_watches;
static struct lock notify_lock = LOCK_INIT(RANK_NOTIFY);
static uint32_t instances;   /* [a] */
static uint32_t last_cookie; /* [a] */

static const struct file_ops inotify_ops;

/* ---- events ---- */

static char *event_name(const struct event *ev)
{
	return (char *)(uintptr_t)(ev + 1);
}

static uint32_t event_bytes(const struct event *ev)
{
	return (uint32_t)sizeof(ev->e) + ev->e.len;
}

static bool same_event(
	const struct event *ev, int32_t wd, uint32_t mask, const char *name, size_t len)
{
	return ev->e.wd == wd && ev->e.mask == mask && ev->name_len == len &&
	       (len == 0 || memcmp(event_name(ev), name, len) == 0);
}

static void enqueue_locked(struct inotify *in, struct event *ev)
{
	list_add_tail(&in->events, &ev->link);
	in->count++;
	in->bytes += event_bytes(ev);
	waitq_wake_key(&in->readable, POLLIN | POLLRDNORM);
}

static void overflow_locked(struct inotify *in)
{
	if (list_empty(&in->overflow.link))
		enqueue_locked(in, &in->overflow);
}

/* One event more, unless it is the same as the last one that nobody has read yet. */
static void queue_event(struct inotify *in, int32_t wd, uint32_t mask, uint32_t cookie,
	const char *name, size_t len)
{
	struct event *ev;

	lock_acquire(&in->lock);
	if (!list_empty(&in->events) &&
		same_event(LIST_ENTRY(in->events.prev, struct event, link), wd, mask, name, len))
		goto out;
	ev = in->count < QUEUE_MAX ? kmalloc(sizeof(*ev) + len) : NULL;
	if (!ev) {
		overflow_locked(in);
		goto out;
	}
	ev->e = (struct abi_inotify_event){.wd = wd, .mask = mask, .cookie = cookie};
	if (len > 0)
		ev->e.len = ((uint32_t)len + NAME_ROUND) & ~(NAME_ROUND - 1);
	ev->name_len = (uint32_t)len;
	memcpy(event_name(ev), name ? name : "", len);
	enqueue_locked(in, ev);
out:
	lock_release(&in->lock);
}

static struct event *dequeue_locked(struct inotify *in)
{
	struct event *ev = LIST_FIRST(&in->events, struct event, link);

	list_del(&ev->link);
	in->count--;
	in->bytes -= event_bytes(ev);
	return ev;
}

static void event_free(struct inotify *in, struct event *ev)
{
	if (ev != &in->overflow)
		kfree(ev);
}

/* ---- watches ---- */

static void update_mask_locked(struct inode *inode)
{
	struct watch *w;
	uint32_t mask = 0;

	LIST_FOR_EACH(w, &inode->watches, inode_link)
		mask |= w->mask | WATCHED;
	atomic_store(&inode->watch_mask, mask);
}

/* Out of the tables. The caller frees it, unlocked. */
static void unlink_watch_locked(struct watch *w)
{
	list_del(&w->link);
	list_del(&w->inode_link);
	update_mask_locked(w->inode);
	atomic_sub(&notify_watches, 1u);
}

static void free_watch(struct watch *w)
{
	inode_put(w->inode);
	kfree(w);
}

static void free_watches(struct list *gone)
{
	struct watch *w;

	while ((w = LIST_FIRST(gone, struct watch, link))) {
		list_del(&w->link);
		free_watch(w);
	}
}

/* Its end, told to its instance, and put aside to be freed. */
static void end_watch_locked(struct watch *w, struct list *gone)
{
	unlink_watch_locked(w);
	queue_event(w->to, w->wd, IN_IGNORED, 0, NULL, 0);
	list_add_tail(gone, &w->link);
}

static struct watch *watch_by_wd_locked(struct inotify *in, int32_t wd)
{
	struct watch *w;

	LIST_FOR_EACH(w, &in->watches[(uint32_t)wd % WD_BUCKETS], link)
		if (w->wd == wd)
			return w;
	return NULL;
}

static struct watch *watch_of_inode_locked(struct inotify *in, struct inode *inode)
{
	struct watch *w;

	LIST_FOR_EACH(w, &inode->watches, inode_link)
		if (w->to == in)
			return w;
	return NULL;
}

/* ---- what happens to files ---- */

/* unlinked: the name was taken away before. */
static void tell(struct inode *inode, uint32_t mask, const char *name, size_t len, uint32_t cookie,
	bool unlinked)
{
	struct list gone = LIST_INIT(gone);
	struct watch *w, *next;

	if (!(atomic_load(&inode->watch_mask) & mask & IN_ALL_EVENTS))
		return;
	if (mask & (IN_DELETE_SELF | IN_MOVE_SELF))
		mask &= ~IN_ISDIR;
	lock_acquire(&notify_lock);
	LIST_FOR_EACH_SAFE(w, next, &inode->watches, inode_link) {
		if (!(w->mask & mask & IN_ALL_EVENTS) || (unlinked && (w->mask & IN_EXCL_UNLINK)))
			continue;
		queue_event(w->to, w->wd, mask, cookie, name, len);
		if (w->mask & IN_ONESHOT)
			end_watch_locked(w, &gone);
	}
	lock_release(&notify_lock);
	free_watches(&gone);
}

void notify_slow_inode(
	struct inode *inode, uint32_t mask, const char *name, size_t len, uint32_t cookie)
{
	if (!name && S_ISDIR(inode->mode))
		mask |= IN_ISDIR;
	tell(inode, mask, name, len, cookie, false);
}

void notify_slow_dentry(struct dentry *d, uint32_t mask)
{
	if (S_ISDIR(d->inode->mode))
		mask |= IN_ISDIR;
	lock_acquire(&dentry_tree_lock);
	if (d->parent != d)
		tell(d->parent->inode, mask, d->name, d->name_len, 0, d->unhashed);
	lock_release(&dentry_tree_lock);
	tell(d->inode, mask, NULL, 0, 0, false);
}

void notify_slow_rename(struct inode *olddir, const char *oldname, size_t oldlen,
	struct inode *newdir, const char *newname, size_t newlen, struct inode *moved,
	struct inode *victim)
{
	uint32_t dir = S_ISDIR(moved->mode) ? IN_ISDIR : 0;
	uint32_t cookie = atomic_add(&last_cookie, 1u) + 1;

	tell(olddir, IN_MOVED_FROM | dir, oldname, oldlen, cookie, false);
	tell(newdir, IN_MOVED_TO | dir, newname, newlen, cookie, false);
	if (victim && !S_ISDIR(victim->mode))
		tell(victim, IN_ATTRIB, NULL, 0, 0, false);
	tell(moved, IN_MOVE_SELF, NULL, 0, 0, false);
}

/* End all watches on inode, after one more event. The caller holds a reference to it. */
static void end_watches(struct inode *inode, uint32_t last_event)
{
	struct list gone = LIST_INIT(gone);
	struct watch *w, *next;

	lock_acquire(&notify_lock);
	LIST_FOR_EACH_SAFE(w, next, &inode->watches, inode_link) {
		if (last_event == IN_UNMOUNT || (w->mask & last_event))
			queue_event(w->to, w->wd, last_event, 0, NULL, 0);
		end_watch_locked(w, &gone);
	}
	lock_release(&notify_lock);
	free_watches(&gone);
}

void notify_slow_gone(struct inode *inode)
{
	if (atomic_load(&inode->watch_mask) && (inode->nlink == 0 || inode->dead))
		end_watches(inode, IN_DELETE_SELF);
}

/* Every instance's watches are found through this list. */
static struct list all_instances = LIST_INIT(all_instances); /* [NOTIFY] */

struct instance {
	struct inotify in;
	struct list link; /* [NOTIFY] of all_instances */
};

static struct watch *watch_of_super_locked(const struct super *super)
{
	struct instance *i;
	struct watch *w;

	LIST_FOR_EACH(i, &all_instances, link)
		for (uint32_t b = 0; b < WD_BUCKETS; b++)
			LIST_FOR_EACH(w, &i->in.watches[b], link)
				if (w->inode->super == super)
					return w;
	return NULL;
}

void notify_super_gone(struct super *super)
{
	while (notify_on()) {
		struct inode *inode = NULL;
		struct watch *w;

		lock_acquire(&notify_lock);
		w = watch_of_super_locked(super);
		if (w) {
			inode = w->inode;
			inode_get(inode);
		}
		lock_release(&notify_lock);
		if (!inode)
			return;
		end_watches(inode, IN_UNMOUNT);
		inode_put(inode);
	}
}

/* ---- the file ---- */

/* Move whole events while they fit. Returns bytes, 0: none there, -EINVAL: the first does not fit.
 */
static ssize_t take_events_locked(struct inotify *in, struct iobuf *b)
{
	size_t before = b->done;

	while (!list_empty(&in->events)) {
		struct event *ev = LIST_FIRST(&in->events, struct event, link);

		if (event_bytes(ev) > b->left)
			return b->done > before ? (ssize_t)(b->done - before) : -EINVAL;
		(void)dequeue_locked(in);
		iob_put(b, &ev->e, sizeof(ev->e));
		iob_put(b, event_name(ev), ev->name_len);
		iob_zero(b, ev->e.len - ev->name_len);
		event_free(in, ev);
	}
	return (ssize_t)(b->done - before);
}

/* -EAGAIN: none, O_NONBLOCK; -EINVAL: the next event is longer than the buffer. */
static ssize_t inotify_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inotify *in = file->priv;
	ssize_t n;

	(void)pos;
	lock_acquire(&in->lock);
	while ((n = take_events_locked(in, b)) == 0) {
		if (atomic_load(&file->flags) & O_NONBLOCK)
			n = -EAGAIN;
		else if (waitq_sleep(&in->readable, &in->lock, WAIT_FOREVER, WAIT_INTR))
			n = -PLEAT_ERESTARTSYS;
		if (n)
			break;
	}
	lock_release(&in->lock);
	return n;
}

static uint32_t inotify_poll(struct file *file, struct poll_table *pt)
{
	struct inotify *in = file->priv;
	uint32_t bits;

	lock_acquire(&in->lock);
	poll_join(pt, &in->readable, &in->lock);
	bits = list_empty(&in->events) ? 0 : POLLIN | POLLRDNORM;
	lock_release(&in->lock);
	return bits;
}

static int inotify_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct inotify *in = file->priv;
	uint32_t n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	lock_acquire(&in->lock);
	n = in->bytes;
	lock_release(&in->lock);
	return copyout(arg, &n, sizeof(n));
}

static struct watch *any_watch_locked(struct inotify *in)
{
	for (uint32_t b = 0; b < WD_BUCKETS; b++)
		if (!list_empty(&in->watches[b]))
			return LIST_FIRST(&in->watches[b], struct watch, link);
	return NULL;
}

static void inotify_release(struct file *file)
{
	struct inotify *in = file->priv;
	struct instance *i = CONTAINER_OF(in, struct instance, in);
	struct list gone = LIST_INIT(gone);
	struct watch *w;

	lock_acquire(&notify_lock);
	list_del(&i->link);
	while ((w = any_watch_locked(in))) {
		unlink_watch_locked(w);
		list_add_tail(&gone, &w->link);
	}
	lock_release(&notify_lock);
	free_watches(&gone);
	/* Nobody knows the instance any more. */
	while (!list_empty(&in->events))
		event_free(in, dequeue_locked(in));
	kfree(i);
	atomic_sub(&instances, 1u);
}

/* As Linux: allowed, and without effect. */
static int64_t inotify_seek(struct file *file, int64_t off, int whence)
{
	(void)off, (void)whence;
	return (int64_t)file->pos;
}

static void inotify_fdinfo(struct file *file, struct proc_text *out)
{
	struct inotify *in = file->priv;
	struct watch *w;

	lock_acquire(&notify_lock);
	for (uint32_t b = 0; b < WD_BUCKETS; b++)
		LIST_FOR_EACH(w, &in->watches[b], link)
			text_add(out, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0\n",
				(uint32_t)w->wd, (unsigned long long)w->inode->ino,
				w->inode->super->dev, w->mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK));
	lock_release(&notify_lock);
}

static const struct file_ops inotify_ops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.seek = inotify_seek,
	.release = inotify_release,
	.fdinfo = inotify_fdinfo,
	.stream = true,
};

/* ---- system calls ---- */

/* -EINVAL: flags; -EMFILE: too many instances, or no descriptor; -ENOMEM. */
int sys_inotify_init1(uint32_t flags)
{
	struct instance *i;
	struct file *f;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (atomic_add(&instances, 1u) >= INSTANCES_MAX) {
		atomic_sub(&instances, 1u);
		return -EMFILE;
	}
	i = kzalloc(sizeof(*i));
	f = i ? file_new_anon(
			&inotify_ops, O_RDONLY | (flags & O_NONBLOCK), "anon_inode:inotify", &i->in)
	      : NULL;
	if (!f) {
		kfree(i);
		atomic_sub(&instances, 1u);
		return -ENOMEM;
	}
	lock_init(&i->in.lock, RANK_NOTIFY_QUEUE);
	list_init(&i->in.events);
	waitq_init(&i->in.readable);
	list_init(&i->in.overflow.link);
	i->in.overflow.e = (struct abi_inotify_event){.wd = -1, .mask = IN_Q_OVERFLOW};
	for (uint32_t b = 0; b < WD_BUCKETS; b++)
		list_init(&i->in.watches[b]);
	lock_acquire(&notify_lock);
	list_add_tail(&all_instances, &i->link);
	lock_release(&notify_lock);
	return fd_give(f, flags & O_CLOEXEC);
}

/* The watch there is, changed. */
static int change_watch_locked(struct watch *w, uint32_t mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	if (mask & IN_MASK_ADD)
		w->mask |= mask & ~IN_MASK_ADD;
	else
		w->mask = mask;
	update_mask_locked(w->inode);
	return w->wd;
}

static int add_watch(struct inotify *in, struct inode *inode, uint32_t mask)
{
	struct watch *w = kzalloc(sizeof(*w)), *there;
	int wd;

	if (!w)
		return -ENOMEM;
	lock_acquire(&notify_lock);
	there = watch_of_inode_locked(in, inode);
	if (there) {
		wd = change_watch_locked(there, mask);
	} else if (atomic_load(&notify_watches) >= WATCHES_MAX) {
		wd = -ENOSPC;
	} else {
		wd = in->last_wd = in->last_wd == INT32_MAX ? 1 : in->last_wd + 1;
		w->inode = inode;
		inode_get(inode);
		w->to = in;
		w->wd = wd;
		w->mask = mask & ~(IN_MASK_CREATE | IN_MASK_ADD);
		list_add_tail(&in->watches[(uint32_t)wd % WD_BUCKETS], &w->link);
		list_add_tail(&inode->watches, &w->inode_link);
		update_mask_locked(inode);
		atomic_add(&notify_watches, 1u);
		w = NULL;
	}
	lock_release(&notify_lock);
	kfree(w);
	return wd;
}

static int add_watch_at(struct inotify *in, uaddr_t path, uint32_t mask)
{
	uint32_t lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) |
			  (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, lookup, &p);

	if (err)
		return err;
	err = inode_permission(p.dentry->inode, R_OK);
	if (!err)
		err = add_watch(in, p.dentry->inode, mask & MASK_BITS);
	path_put(&p);
	return err;
}

/*
 * Returns the watch's number. -EINVAL: no event asked for, both IN_MASK_ADD and IN_MASK_CREATE, not
 * an instance; -EEXIST: IN_MASK_CREATE and it is watched; -EBADF; -EACCES; -ENOSPC; errors of
 * paths.
 */
int sys_inotify_add_watch(int32_t fd, uaddr_t path, uint32_t mask)
{
	struct file *f;
	int err;

	if (!(mask & MASK_BITS))
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	if (f->ops != &inotify_ops || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		err = -EINVAL;
	else
		err = add_watch_at(f->priv, path, mask);
	file_put(f);
	return err;
}

/* -EINVAL: no such watch, or not an instance; -EBADF. */
int sys_inotify_rm_watch(int32_t fd, int32_t wd)
{
	struct list gone = LIST_INIT(gone);
	struct file *f = fd_get(fd);
	struct watch *w = NULL;

	if (!f)
		return -EBADF;
	if (f->ops == &inotify_ops) {
		lock_acquire(&notify_lock);
		w = watch_by_wd_locked(f->priv, wd);
		if (w)
			end_watch_locked(w, &gone);
		lock_release(&notify_lock);
		free_watches(&gone);
	}
	file_put(f);
	return w ? 0 : -EINVAL;
}

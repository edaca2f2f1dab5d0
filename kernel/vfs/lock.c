/*
 * lock.c - advisory locks on files: flock(2), POSIX record locks, open file description locks.
 * Spec: POSIX.1-2024 fcntl() F_SETLK; flock(2) and F_OFD_* as in Linux.
 *
 * Record locks of both kinds exclude each other; flock locks are a world of their own. A POSIX
 * lock belongs to the process (its descriptor table), the others to the open file.
 *
 * Locks: one, flock_lock (RANK_FLOCK), for every list. Sleepers queue by inode in a small table, so
 * that a queue outlives the lock that is waited for.
 */
#include "vfs/internal.h"
#include "lib/alloc.h"

enum kind { KIND_FLOCK, KIND_POSIX, KIND_OFD };

struct flock_k {
	struct list link; /* [FLOCK] inode.flocks, by start within one owner */
	enum kind kind;
	int type;	     /* F_RDLCK, F_WRLCK */
	void *owner;	     /* fdtable or file */
	uint32_t pid;	     /* POSIX: for F_GETLK */
	uint64_t start, end; /* inclusive */
};

/* A process asleep in F_SETLKW, for the deadlock search. On its kernel stack. */
struct lock_wait {
	struct list link;
	void *owner, *blocker;
};

#define QUEUES 64u
static struct lock flock_lock = LOCK_INIT(RANK_FLOCK);
static struct waitq queues[QUEUES];	     /* [FLOCK] */
static struct list waits = LIST_INIT(waits); /* [FLOCK] of struct lock_wait */

static struct waitq *queue_of(const struct inode *inode)
{
	struct waitq *q = &queues[((uintptr_t)inode >> 6) % QUEUES];

	if (!q->waiters.next) /* first use; no start-up order to care for */
		waitq_init(q);
	return q;
}

static bool same_world(enum kind a, enum kind b)
{
	return (a == KIND_FLOCK) == (b == KIND_FLOCK);
}

static bool conflicts(const struct flock_k *have, const struct flock_k *want)
{
	if (!same_world(have->kind, want->kind) || have->end < want->start ||
		want->end < have->start)
		return false;
	if (have->kind == want->kind && have->owner == want->owner)
		return false;
	return have->type == F_WRLCK || want->type == F_WRLCK;
}

static struct flock_k *first_conflict(struct inode *inode, const struct flock_k *want)
{
	struct flock_k *l;

	LIST_FOR_EACH(l, &inode->flocks, link)
		if (conflicts(l, want))
			return l;
	return NULL;
}

static void remove_locked(struct flock_k *l)
{
	list_del(&l->link);
	kfree(l);
}

/* ---- changing the locks of one owner ---- */

/*
 * Make [want->start, want->end] of want's owner have want->type (F_UNLCK: none). `spare`: two
 * allocations; what is used is set to NULL. Neighbours of the same type grow together.
 */
static void apply_locked(struct inode *inode, const struct flock_k *want, struct flock_k *spare[2])
{
	struct flock_k *l, *next, merged = *want;

	LIST_FOR_EACH_SAFE(l, next, &inode->flocks, link) {
		if (l->kind != want->kind || l->owner != want->owner)
			continue;
		if (want->type == l->type && l->end + 1 >= merged.start &&
			l->start <= merged.end + 1) {
			/* The end of the file is UINT64_MAX / 2: adding one does not wrap. */
			merged.start = MIN(merged.start, l->start);
			merged.end = MAX(merged.end, l->end);
			remove_locked(l);
			continue;
		}
		if (l->end < want->start || want->end < l->start)
			continue;
		if (l->start < want->start && l->end > want->end) {
			/* Cut in two: the tail is a new lock. */
			*spare[1] = *l;
			spare[1]->start = want->end + 1;
			l->end = want->start - 1;
			list_insert_between(&spare[1]->link, &l->link, l->link.next);
			spare[1] = NULL;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			remove_locked(l);
		}
	}
	if (want->type != F_UNLCK) {
		*spare[0] = merged;
		list_add_tail(&inode->flocks, &spare[0]->link);
		spare[0] = NULL;
	}
	waitq_wake_all(queue_of(inode));
}

/* Would waiting for `blocker` close a circle of processes that wait for each other? */
static bool would_deadlock(void *owner, void *blocker)
{
	struct lock_wait *w;
	uint32_t steps = 0;
	bool found;

	do {
		if (blocker == owner)
			return true;
		found = false;
		LIST_FOR_EACH(w, &waits, link) {
			if (w->owner != blocker)
				continue;
			blocker = w->blocker;
			found = true;
			break;
		}
	} while (found && ++steps < 1000);
	return false;
}

static int wait_locked(struct inode *inode, const struct flock_k *want, struct flock_k *blocker)
{
	struct lock_wait w = {.owner = want->owner, .blocker = blocker->owner};
	bool posix = want->kind == KIND_POSIX && blocker->kind == KIND_POSIX;
	int err;

	if (posix && would_deadlock(want->owner, blocker->owner))
		return -EDEADLK;
	list_init(&w.link);
	if (posix)
		list_add_tail(&waits, &w.link);
	err = waitq_sleep(queue_of(inode), &flock_lock, WAIT_FOREVER, WAIT_INTR);
	list_del(&w.link);
	return err == -EINTR ? -PLEAT_ERESTARTSYS : err;
}

/* Sleeps if wait. -EAGAIN, -EDEADLK, -ERESTARTSYS, -ENOLCK (no memory). */
static int set_lock(struct inode *inode, const struct flock_k *want, bool wait)
{
	struct flock_k *spare[2], *blocker;
	int err = 0;

	spare[0] = kmalloc(sizeof(*spare[0]));
	spare[1] = kmalloc(sizeof(*spare[1]));
	if (!spare[0] || !spare[1])
		err = -ENOLCK;
	lock_acquire(&flock_lock);
	while (!err && want->type != F_UNLCK && (blocker = first_conflict(inode, want)))
		err = wait ? wait_locked(inode, want, blocker) : -EAGAIN;
	if (!err)
		apply_locked(inode, want, spare);
	lock_release(&flock_lock);
	kfree(spare[0]);
	kfree(spare[1]);
	return err;
}

/* ---- flock ---- */

int sys_flock(int32_t fd, uint32_t op)
{
	struct flock_k want = {.kind = KIND_FLOCK, .end = OFF_MAX};
	struct file *f;
	int err;

	switch (op & ~(uint32_t)LOCK_NB) {
	case LOCK_SH:
		want.type = F_RDLCK;
		break;
	case LOCK_EX:
		want.type = F_WRLCK;
		break;
	case LOCK_UN:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	want.owner = f;
	err = -EINVAL;
	if (f->inode) {
		/* flock(2): converting a lock first gives up the old one. */
		struct flock_k none = want;

		none.type = F_UNLCK;
		err = op & LOCK_NB ? 0 : set_lock(f->inode, &none, false);
		if (!err && want.type != F_UNLCK)
			err = set_lock(f->inode, &want, !(op & LOCK_NB));
		else if (!err && (op & LOCK_NB))
			err = set_lock(f->inode, &none, false);
	}
	file_put(f);
	return err;
}

/* ---- fcntl ---- */

/* The user's range as [start, end]. */
static int range_of(struct file *f, const struct abi_flock *u, struct flock_k *l)
{
	int64_t start, end;

	switch (u->l_whence) {
	case SEEK_SET:
		start = 0;
		break;
	case SEEK_CUR:
		lock_acquire(&f->pos_lock);
		start = (int64_t)f->pos;
		lock_release(&f->pos_lock);
		break;
	case SEEK_END:
		lock_acquire(&f->inode->lock);
		start = (int64_t)f->inode->size;
		lock_release(&f->inode->lock);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(start, u->l_start, &start))
		return -EOVERFLOW;
	end = OFF_MAX;
	if (u->l_len > 0) {
		if (__builtin_add_overflow(start, u->l_len - 1, &end))
			return -EOVERFLOW;
	} else if (u->l_len < 0) {
		end = start - 1;
		start += u->l_len;
	}
	if (start < 0 || end < 0)
		return -EINVAL;
	l->start = (uint64_t)start;
	l->end = (uint64_t)end;
	return 0;
}

static int make_lock(struct file *f, const struct abi_flock *u, bool ofd, struct flock_k *l)
{
	*l = (struct flock_k){.kind = ofd ? KIND_OFD : KIND_POSIX, .type = u->l_type};
	if (u->l_type != F_RDLCK && u->l_type != F_WRLCK && u->l_type != F_UNLCK)
		return -EINVAL;
	if (ofd && u->l_pid != 0)
		return -EINVAL;
	l->owner = ofd ? (void *)f : (void *)proc_self()->files;
	l->pid = proc_self()->pid;
	return range_of(f, u, l);
}

static int get_lock(struct inode *inode, const struct flock_k *want, struct abi_flock *u)
{
	struct flock_k *l;

	if (want->type == F_UNLCK)
		return -EINVAL;
	lock_acquire(&flock_lock);
	l = first_conflict(inode, want);
	if (l) {
		u->l_type = (int16_t)l->type;
		u->l_whence = SEEK_SET;
		u->l_start = (int64_t)l->start;
		u->l_len = l->end == OFF_MAX ? 0 : (int64_t)(l->end - l->start + 1);
		u->l_pid = l->kind == KIND_OFD ? -1 : (int32_t)l->pid;
	} else {
		u->l_type = F_UNLCK;
	}
	lock_release(&flock_lock);
	return 0;
}

static int set_posix_lock(struct file *f, const struct flock_k *want, bool wait)
{
	if (want->type == F_RDLCK && !file_readable(f))
		return -EBADF;
	if (want->type == F_WRLCK && !file_writable(f))
		return -EBADF;
	return set_lock(f->inode, want, wait);
}

int flock_fcntl(struct file *f, uint32_t cmd, uaddr_t arg)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	struct abi_flock u;
	struct flock_k want;
	int err;

	if (copyin(&u, arg, sizeof(u)))
		return -EFAULT;
	if (!f->inode)
		return -EINVAL;
	err = make_lock(f, &u, ofd, &want);
	if (err)
		return err;
	switch (cmd) {
	case F_GETLK:
	case F_GETLK64:
	case F_OFD_GETLK:
		err = get_lock(f->inode, &want, &u);
		return err ? err : copyout(arg, &u, sizeof(u));
	case F_SETLKW:
	case F_SETLKW64:
	case F_OFD_SETLKW:
		return set_posix_lock(f, &want, true);
	default:
		return set_posix_lock(f, &want, false);
	}
}

/* ---- release ---- */

static void release_owned(struct inode *inode, void *owner, bool posix)
{
	struct flock_k *l, *next;
	bool gone = false;

	/* Most files were never locked. What this owner locked, its own thread sees here. */
	if (atomic_load(&inode->flocks.next) == &inode->flocks)
		return;
	lock_acquire(&flock_lock);
	LIST_FOR_EACH_SAFE(l, next, &inode->flocks, link) {
		if (l->owner != owner || (l->kind == KIND_POSIX) != posix)
			continue;
		remove_locked(l);
		gone = true;
	}
	if (gone)
		waitq_wake_all(queue_of(inode));
	lock_release(&flock_lock);
}

void flock_release_owner(struct inode *inode, void *owner)
{
	release_owned(inode, owner, true);
}

void flock_release_file(struct file *f)
{
	release_owned(f->inode, f, false);
}

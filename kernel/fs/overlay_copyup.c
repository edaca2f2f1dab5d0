/*
 * overlay_copyup.c - an object of a lower layer gets an upper inode before it is changed.
 * Spec: overlayfs of Linux, copy up: mode, owner, times and contents are kept; the upper name
 * appears only when the copy is complete.
 * Locks: one copy-up of an object at a time, by its `copying` flag under state_lock; real
 * directories' locks for single steps. No overlay inode lock is needed, so any may be held.
 */
#include "fs/overlay.h"
#include "fs/overlay_diff.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/klog.h"
#include "lib/str.h"

#define PIECE 65536u

/* Moves data_limit bytes at most from lower to upper in pieces. */
static int copy_pieces(struct file *from, struct file *to, uint8_t *piece, uint64_t limit)
{
	uint64_t at = 0, end = 0;

	while (at < limit) {
		struct iobuf b;
		ssize_t n, w;

		if (atomic_load(&waker_self()->interrupt) & INTR_KILL)
			return -EINTR;
		iob_init_kernel(&b, piece, (size_t)MIN((uint64_t)PIECE, limit - at));
		n = from->ops->read(from, &b, &at);
		if (n <= 0)
			return (int)n;
		iob_init_kernel(&b, piece, (size_t)n);
		w = to->ops->write(to, &b, &end);
		if (w != n)
			return w < 0 ? (int)w : -ENOSPC;
	}
	return 0;
}

static int copy_data(struct inode *lower, struct inode *upper, uint64_t limit)
{
	struct file *from, *to;
	uint8_t *piece;
	int err;

	if (lower->size == 0 || limit == 0)
		return 0;
	piece = pages_alloc(PIECE / PAGE_SIZE);
	if (!piece)
		return -ENOMEM;
	from = ovl_real_open(lower, O_RDONLY, NULL);
	if (IS_ERR(from)) {
		err = PTR_ERR(from);
		goto free_piece;
	}
	to = ovl_real_open(upper, O_WRONLY, NULL);
	if (IS_ERR(to)) {
		err = PTR_ERR(to);
		goto close_from;
	}
	err = copy_pieces(from, to, piece, limit);
	ovl_real_close(to);
close_from:
	ovl_real_close(from);
free_piece:
	pages_free(piece, PIECE / PAGE_SIZE);
	return err;
}

static int copy_attributes(struct inode *upper, const struct kstat *st, uint64_t origin)
{
	struct iattr attr = {
		.valid = ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_MTIME,
		.mode = st->mode & 07777,
		.uid = st->uid,
		.gid = st->gid,
		.atime = st->atime,
		.mtime = st->mtime,
	};
	struct ovl_copied was = {st->mode & 07777, st->uid, st->gid};
	int err;

	if (S_ISLNK(st->mode))
		attr.valid &= ~ATTR_MODE;
	err = inode_setattr(upper, &attr);
	if (!err) {
		err = ovl_set_xattr(upper, OVL_ORIGIN, &origin, sizeof(origin));
		if (!err)
			err = ovl_set_xattr(upper, OVL_COPIED, &was, sizeof(was));
		if (err == -EOPNOTSUPP)
			err = 0; /* then its number changes once it leaves memory */
	}
	return err;
}

/* Give the finished upper inode its name. A directory's times stay as they were. */
static int link_up(struct inode *dir, const char *name, struct inode *upper)
{
	struct iattr times = {.valid = ATTR_MTIME | ATTR_CTIME | ATTR_ATIME};
	int err;

	lock_acquire(&dir->lock);
	times.atime = dir->atime;
	times.mtime = dir->mtime;
	times.ctime = dir->ctime;
	err = dir->ops->link(dir, name, strlen(name), upper);
	if (!err)
		inode_store_attr_locked(dir, &times);
	lock_release(&dir->lock);
	return err;
}

/* A regular file: complete before it has a name. name NULL: it has lost its own, and gets none. */
static int up_file(struct inode *inode, struct inode *dir, const char *name, const struct kstat *st,
	uint64_t data_limit, struct inode **out)
{
	struct inode *upper;
	int err;

	if (!dir->ops->tmpfile)
		return -EOPNOTSUPP;
	lock_acquire(&dir->lock);
	err = dir->ops->tmpfile(dir, st->mode, st->uid, st->gid, &upper);
	lock_release(&dir->lock);
	if (err)
		return err;
	err = copy_data(ovl_of(inode)->lower[0].inode, upper, data_limit);
	if (!err)
		err = copy_attributes(upper, st, inode->ino);
	if (!err) {
		ovl_key_upper(inode, upper); /* a lookup may meet the name at once */
		if (name)
			err = link_up(dir, name, upper);
	}
	if (err) {
		ovl_key_upper(inode, NULL);
		inode_put(upper);
		return err;
	}
	*out = upper;
	return 0;
}

static int make_symlink(struct inode *lower, struct inode *dir, const char *name,
	const struct kstat *st, struct inode **out)
{
	char *target = kmalloc(PATH_MAX);
	ssize_t n;
	int err;

	if (!target)
		return -ENOMEM;
	n = lower->ops->readlink(lower, target, PATH_MAX - 1);
	if (n >= 0) {
		target[n] = 0;
		err = dir->ops->symlink(dir, name, strlen(name), target, st->uid, st->gid, out);
	} else {
		err = (int)n;
	}
	kfree(target);
	return err;
}

/* Anything without contents of its own: made in one step under the directory's lock. */
static int up_node(struct inode *inode, struct inode *dir, const char *name, const struct kstat *st,
	struct inode **out)
{
	struct iattr times = {.valid = ATTR_MTIME | ATTR_CTIME | ATTR_ATIME};
	int err;

	if (!name)
		return -ENOENT;
	lock_acquire(&dir->lock);
	times.atime = dir->atime;
	times.mtime = dir->mtime;
	times.ctime = dir->ctime;
	if (S_ISLNK(st->mode))
		err = make_symlink(ovl_of(inode)->lower[0].inode, dir, name, st, out);
	else
		err = dir->ops->create(
			dir, name, strlen(name), st->mode, st->rdev, st->uid, st->gid, out);
	if (!err) {
		ovl_key_upper(inode, *out);
		inode_store_attr_locked(dir, &times);
	}
	lock_release(&dir->lock);
	/* The name is there: what may still fail are niceties, and readers see the overlay's own
	 * copy of the attributes until the upper inode is announced. */
	if (!err && copy_attributes(*out, st, inode->ino))
		klog(KLOG_WARN, "overlay: attributes of %s not kept", name);
	return err;
}

static int copy_up(struct inode *inode, struct inode *parent, const char *name, uint64_t data_limit)
{
	struct inode *dir = parent ? ovl_upper(parent) : ovl_super(inode)->upper.root, *upper;
	struct kstat st;
	int err;

	KASSERT(dir);
	inode_stat(ovl_of(inode)->lower[0].inode, &st);
	if (S_ISREG(st.mode))
		err = up_file(inode, dir, name, &st, data_limit, &upper);
	else
		err = up_node(inode, dir, name, &st, &upper);
	if (err)
		return err;
	atomic_store(&ovl_of(inode)->upper, upper);
	/* Its other names are in the lower layer still: while this inode lives they stay one file.
	 */
	if (!S_ISDIR(st.mode) && (st.nlink > 1 || !name))
		ovl_pin(inode);
	return 0;
}

/* The outermost directory above inode (or itself) that is not up yet, referenced. */
static struct inode *first_missing(struct inode *inode)
{
	struct ovl_super *ofs = ovl_super(inode);
	struct inode *top = inode;

	lock_acquire(&ofs->state_lock);
	for (;;) {
		struct inode *parent = ovl_of(top)->parent;

		if (ovl_upper(top) || !parent || ovl_upper(parent))
			break;
		top = parent;
	}
	inode_get(top);
	lock_release(&ofs->state_lock);
	return top;
}

/* Copy up one object whose parent is up. */
static int copy_up_one(struct inode *inode, uint64_t data_limit)
{
	struct ovl_super *ofs = ovl_super(inode);
	struct ovl_inode *oi = ovl_of(inode);
	struct inode *parent;
	char *name;
	int err = 0;

	lock_acquire(&ofs->state_lock);
	while (oi->copying && !err)
		err = waitq_sleep(&ofs->copied, &ofs->state_lock, WAIT_FOREVER, WAIT_KILLABLE);
	if (err || ovl_upper(inode)) {
		lock_release(&ofs->state_lock);
		return err;
	}
	oi->copying = true;
	parent = oi->parent;
	name = oi->name;
	lock_release(&ofs->state_lock);

	err = copy_up(inode, parent, name, data_limit);

	lock_acquire(&ofs->state_lock);
	oi->copying = false;
	if (!err) {
		oi->parent = NULL;
		atomic_store(&oi->name, NULL);
	}
	waitq_wake_all(&ofs->copied);
	lock_release(&ofs->state_lock);
	if (!err) {
		kfree(name);
		inode_put(parent);
	}
	return err;
}

int ovl_copy_up(struct inode *inode, uint64_t data_limit)
{
	if (ovl_upper(inode))
		return 0;
	if (!ovl_super(inode)->upper.super)
		return -EROFS;
	for (;;) {
		struct inode *top = first_missing(inode);
		bool last = top == inode;
		int err = copy_up_one(top, last ? data_limit : UINT64_MAX);

		inode_put(top);
		if (err || last)
			return err;
	}
}

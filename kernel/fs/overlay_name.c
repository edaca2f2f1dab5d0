/*
 * overlay_name.c - making, removing and moving names in an overlay.
 * Spec: overlayfs of Linux. Where a lower layer has the name too, removing leaves a whiteout, and a
 * directory made or moved there is opaque. A directory that has lower parts cannot be renamed:
 * -EXDEV, and mv copies.
 * What can fail is done first: a whiteout is made under a name of its own and then renamed over.
 * Locks: the overlay directories' (callers'), then the upper ones'.
 */
#include "fs/overlay.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define TEMP_NAME 16

/* ---- steps on one upper directory, whose lock is held ---- */

static int put_whiteout_locked(struct inode *up, const char *name, size_t len)
{
	struct inode *whiteout;
	int err = up->ops->create(up, name, len, S_IFCHR, 0, 0, 0, &whiteout);

	if (!err)
		inode_put(whiteout);
	return err;
}

/* Put back what a failed change took away. */
static void restore_whiteout_locked(struct inode *up, const char *name, size_t len)
{
	int err = put_whiteout_locked(up, name, len);

	if (err)
		klog(KLOG_ERROR, "overlay: lower %.*s shows again: error %d", (int)len, name, -err);
}

/* A whiteout under a name nobody has, to be renamed to its place. */
static int temp_whiteout_locked(struct ovl_super *ofs, struct inode *up, char *name)
{
	int err;

	do {
		kformat(name, TEMP_NAME, "#ovl%x", atomic_add(&ofs->serial, 1u));
		err = put_whiteout_locked(up, name, strlen(name));
	} while (err == -EEXIST);
	return err;
}

static int remove_locked(struct inode *up, const char *name, size_t len)
{
	struct inode *inode;
	int err = up->ops->lookup(up, name, len, &inode);

	if (err)
		return err;
	err = up->ops->unlink(up, name, len, inode);
	inode_put(inode);
	return err;
}

/* Move a temporary whiteout to name, over a file if one is there. */
static int place_whiteout_locked(struct inode *up, const char *temp, const char *name, size_t len)
{
	struct inode *whiteout, *there = NULL;
	int err = up->ops->lookup(up, temp, strlen(temp), &whiteout);

	if (err)
		return err;
	err = up->ops->lookup(up, name, len, &there);
	if (!err || err == -ENOENT)
		err = up->ops->rename(
			up, temp, strlen(temp), up, name, len, whiteout, err ? NULL : there, 0);
	inode_put(there);
	inode_put(whiteout);
	return err;
}

/* Make room for a new object: a whiteout goes. 1: there was one, 0: nothing, -EEXIST: more. */
static int take_whiteout_locked(struct inode *up, const char *name, size_t len)
{
	struct inode *there;
	int err = up->ops->lookup(up, name, len, &there);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = ovl_is_whiteout(there) ? up->ops->unlink(up, name, len, there) : -EEXIST;
	inode_put(there);
	return err ? err : 1;
}

/* ---- keeping copy-up away from a name that goes ---- */

/* Wait for a copy-up of inode to end, and hold off the next. NULL and upper inodes: nothing. */
static bool hold_place(struct inode *inode)
{
	struct ovl_super *ofs;
	struct ovl_inode *oi;
	bool held;

	if (!inode || ovl_upper(inode))
		return false;
	ofs = ovl_super(inode);
	oi = ovl_of(inode);
	lock_acquire(&ofs->state_lock);
	while (oi->copying) {
		if (waitq_sleep(&ofs->copied, &ofs->state_lock, WAIT_FOREVER, WAIT_UNINTR))
			continue;
	}
	held = !oi->upper;
	if (held)
		oi->copying = true;
	lock_release(&ofs->state_lock);
	return held;
}

/* End it; removed: (dir, name) is gone, so a later copy-up must not bring it back. */
static void release_place(
	struct inode *inode, bool removed, struct inode *dir, const char *name, size_t len)
{
	struct ovl_super *ofs = ovl_super(inode);
	struct ovl_inode *oi = ovl_of(inode);
	struct inode *parent = NULL;
	char *old = NULL;

	lock_acquire(&ofs->state_lock);
	if (removed && oi->parent == dir && strlen(oi->name) == len &&
		memcmp(oi->name, name, len) == 0) {
		parent = oi->parent;
		old = oi->name;
		oi->parent = NULL;
		atomic_store(&oi->name, NULL);
	}
	oi->copying = false;
	waitq_wake_all(&ofs->copied);
	lock_release(&ofs->state_lock);
	kfree(old);
	inode_put(parent);
}

/* A file lost a name. */
static void count_down(struct inode *inode)
{
	lock_acquire(&inode->lock);
	if (inode->nlink > 0)
		inode->nlink--;
	inode->ctime = ktime_now();
	lock_release(&inode->lock);
	if (inode->nlink > 0 && !ovl_upper(inode))
		ovl_pin(inode); /* the lower layer's count is not right any more */
}

/* ---- making ---- */

struct making {
	uint32_t mode, rdev, uid, gid;
	const char *target; /* symbolic link */
};

static int make_step_locked(
	struct inode *up, const char *name, size_t len, const struct making *m, struct inode **out)
{
	if (m->target)
		return up->ops->symlink(up, name, len, m->target, m->uid, m->gid, out);
	return up->ops->create(up, name, len, m->mode, m->rdev, m->uid, m->gid, out);
}

/* Take a new object away again, and put back the whiteout that was there. */
static void unmake(struct inode *up, const char *name, size_t len, struct inode *made, bool had)
{
	int err;

	if (S_ISDIR(made->mode)) {
		lock_acquire2(&up->lock, &made->lock);
		err = up->ops->rmdir(up, name, len, made);
		lock_release(&made->lock);
	} else {
		lock_acquire(&up->lock);
		err = up->ops->unlink(up, name, len, made);
	}
	if (!err && had)
		restore_whiteout_locked(up, name, len);
	lock_release(&up->lock);
}

static int make(
	struct inode *dir, const char *name, size_t len, const struct making *m, struct inode **out)
{
	struct inode *up, *made;
	int err = ovl_copy_up(dir, UINT64_MAX), had;

	if (err)
		return err;
	/* Two device numbers mean "not here" to us: a user's 0:0 would vanish. */
	if (S_ISCHR(m->mode) && m->rdev == 0)
		return -EPERM;
	up = ovl_upper(dir);
	lock_acquire(&up->lock);
	had = take_whiteout_locked(up, name, len);
	err = had < 0 ? had : make_step_locked(up, name, len, m, &made);
	if (err && had > 0)
		restore_whiteout_locked(up, name, len);
	lock_release(&up->lock);
	if (err)
		return err;
	/* What the lower layers have under a whiteout must not show through a new directory. */
	if (had > 0 && S_ISDIR(m->mode))
		err = ovl_set_xattr(made, OVL_OPAQUE, "y", 1);
	if (!err) {
		inode_get(made); /* ovl_iget() takes one over */
		err = ovl_iget(dir->super, made, NULL, 0, NULL, NULL, 0, out);
	}
	if (err)
		unmake(up, name, len, made, had > 0);
	else
		ovl_refresh_locked(dir);
	inode_put(made);
	return err;
}

int ovl_create(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	uint32_t uid, uint32_t gid, struct inode **out)
{
	struct making m = {mode, rdev, uid, gid, NULL};

	return make(dir, name, len, &m, out);
}

int ovl_symlink(struct inode *dir, const char *name, size_t len, const char *target, uint32_t uid,
	uint32_t gid, struct inode **out)
{
	struct making m = {S_IFLNK | 0777, 0, uid, gid, target};

	return make(dir, name, len, &m, out);
}

int ovl_tmpfile(struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out)
{
	struct inode *up, *made;
	int err = ovl_copy_up(dir, UINT64_MAX);

	if (err)
		return err;
	up = ovl_upper(dir);
	if (!up->ops->tmpfile)
		return -EOPNOTSUPP;
	lock_acquire(&up->lock);
	err = up->ops->tmpfile(up, mode, uid, gid, &made);
	lock_release(&up->lock);
	return err ? err : ovl_iget(dir->super, made, NULL, 0, NULL, NULL, 0, out);
}

int ovl_link(struct inode *dir, const char *name, size_t len, struct inode *target)
{
	struct inode *up;
	int err = ovl_copy_up(dir, UINT64_MAX), had;

	if (!err)
		err = ovl_copy_up(target, UINT64_MAX);
	if (err)
		return err;
	up = ovl_upper(dir);
	lock_acquire(&up->lock);
	had = take_whiteout_locked(up, name, len);
	err = had < 0 ? had : up->ops->link(up, name, len, ovl_upper(target));
	if (err && had > 0)
		restore_whiteout_locked(up, name, len);
	lock_release(&up->lock);
	if (err)
		return err;
	ovl_refresh_locked(dir);
	lock_acquire(&target->lock);
	target->nlink++;
	target->ctime = ktime_now();
	lock_release(&target->lock);
	return 0;
}

/* ---- removing ---- */

int ovl_unlink(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	int covered = ovl_lower_has(dir, name, len), err = 0;
	char temp[TEMP_NAME];
	struct inode *up;
	bool held;

	if (covered < 0)
		return covered;
	if (covered)
		err = ovl_copy_up(dir, UINT64_MAX);
	if (err)
		return err;
	up = ovl_upper(dir);
	if (!up)
		return -ENOENT;
	held = hold_place(victim);
	lock_acquire(&up->lock);
	if (!covered) {
		err = remove_locked(up, name, len);
	} else {
		err = temp_whiteout_locked(ovl_super(dir), up, temp);
		if (!err) {
			err = place_whiteout_locked(up, temp, name, len);
			if (err)
				(void)remove_locked(up, temp, strlen(temp));
		}
	}
	lock_release(&up->lock);
	if (held)
		release_place(victim, !err, dir, name, len);
	if (err)
		return err;
	count_down(victim);
	ovl_refresh_locked(dir);
	return 0;
}

/* Remove the upper part of an empty merged directory: whiteouts in it do not count. */
static int remove_upper_dir(struct inode *up, const char *name, size_t len, struct inode *upper)
{
	int err;

	lock_acquire2(&up->lock, &upper->lock);
	err = ovl_clear_whiteouts_locked(upper);
	if (!err)
		err = up->ops->rmdir(up, name, len, upper);
	lock_release2(&up->lock, &upper->lock);
	return err;
}

/* Two names of one directory change places: this needs no memory and cannot fail half way. */
static int swap_locked(struct inode *up, const char *a, const char *b, size_t blen)
{
	struct inode *ia, *ib;
	int err = up->ops->lookup(up, a, strlen(a), &ia);

	if (err)
		return err;
	err = up->ops->lookup(up, b, blen, &ib);
	if (!err) {
		err = up->ops->rename(up, a, strlen(a), up, b, blen, ia, ib, RENAME_EXCHANGE);
		inode_put(ib);
	}
	inode_put(ia);
	return err;
}

/* A whiteout takes the directory's place, then the directory goes under the other's name. */
static int rmdir_covered(struct inode *dir, const char *name, size_t len, struct inode *upper)
{
	struct inode *up = ovl_upper(dir);
	char temp[TEMP_NAME];
	int err;

	lock_acquire(&up->lock);
	err = temp_whiteout_locked(ovl_super(dir), up, temp);
	if (!err) {
		err = upper ? swap_locked(up, temp, name, len)
			    : place_whiteout_locked(up, temp, name, len);
		if (err)
			(void)remove_locked(up, temp, strlen(temp));
	}
	lock_release(&up->lock);
	if (err || !upper)
		return err;
	err = remove_upper_dir(up, temp, strlen(temp), upper);
	if (err) {
		lock_acquire(&up->lock);
		if (swap_locked(up, temp, name, len) == 0)
			(void)remove_locked(up, temp, strlen(temp));
		lock_release(&up->lock);
	}
	return err;
}

int ovl_rmdir(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	int covered = ovl_lower_has(dir, name, len), err;
	bool held;

	if (covered < 0)
		return covered;
	err = ovl_check_empty(victim);
	if (!err && covered)
		err = ovl_copy_up(dir, UINT64_MAX);
	if (err)
		return err;
	held = hold_place(victim);
	if (covered)
		err = rmdir_covered(dir, name, len, ovl_upper(victim));
	else
		err = remove_upper_dir(ovl_upper(dir), name, len, ovl_upper(victim));
	if (held)
		release_place(victim, !err, dir, name, len);
	if (err)
		return err;
	victim->nlink = 0;
	ovl_refresh_locked(dir);
	return 0;
}

/* ---- moving ---- */

struct moving {
	struct inode *olddir, *newdir; /* overlay's */
	const char *oldname, *newname;
	size_t oldlen, newlen;
	struct inode *moved, *victim;
	int old_covered, new_covered; /* a lower layer has the name */
	bool exchange;
};

static bool has_lower_parts(struct inode *inode)
{
	return S_ISDIR(inode->mode) && ovl_of(inode)->nlower > 0;
}

/* Everything that takes part gets its upper inode, and the layers are asked. */
static int prepare_move(struct moving *m)
{
	int err;

	if (has_lower_parts(m->moved) || (m->exchange && has_lower_parts(m->victim)))
		return -EXDEV;
	if (m->victim && !m->exchange && S_ISDIR(m->victim->mode)) {
		err = ovl_check_empty(m->victim);
		if (err)
			return err;
	}
	err = ovl_copy_up(m->moved, UINT64_MAX);
	if (!err)
		err = ovl_copy_up(m->olddir, UINT64_MAX);
	if (!err)
		err = ovl_copy_up(m->newdir, UINT64_MAX);
	if (!err && m->exchange)
		err = ovl_copy_up(m->victim, UINT64_MAX);
	if (err)
		return err;
	m->old_covered = ovl_lower_has(m->olddir, m->oldname, m->oldlen);
	m->new_covered = ovl_lower_has(m->newdir, m->newname, m->newlen);
	if (m->old_covered < 0)
		return m->old_covered;
	if (m->new_covered < 0)
		return m->new_covered;
	if (S_ISDIR(m->moved->mode) && m->new_covered)
		err = ovl_set_xattr(ovl_upper(m->moved), OVL_OPAQUE, "y", 1);
	if (!err && m->exchange && S_ISDIR(m->victim->mode) && m->old_covered)
		err = ovl_set_xattr(ovl_upper(m->victim), OVL_OPAQUE, "y", 1);
	return err;
}

/* Bring the upper object from (up_old, from) to its new name. Both directories are locked. */
static int move_locked(struct moving *m, const char *from, size_t from_len, bool swap)
{
	struct inode *up_old = ovl_upper(m->olddir), *up_new = ovl_upper(m->newdir), *there = NULL;
	bool took_whiteout = false;
	int err = up_new->ops->lookup(up_new, m->newname, m->newlen, &there);

	if (err && err != -ENOENT)
		return err;
	if (there && !swap && S_ISDIR(m->moved->mode) && ovl_is_whiteout(there)) {
		/* A directory does not replace a device. */
		err = up_new->ops->unlink(up_new, m->newname, m->newlen, there);
		inode_put(there);
		there = NULL;
		if (err)
			return err;
		took_whiteout = true;
	}
	err = up_old->ops->rename(up_old, from, from_len, up_new, m->newname, m->newlen,
		ovl_upper(m->moved), there, swap ? RENAME_EXCHANGE : 0);
	inode_put(there);
	if (err && took_whiteout)
		restore_whiteout_locked(up_new, m->newname, m->newlen);
	return err;
}

/* The object gets its old name back from the whiteout that took it, which goes. */
static void uncover_locked(struct moving *m, const char *temp)
{
	struct inode *up = ovl_upper(m->olddir);

	if (swap_locked(up, temp, m->oldname, m->oldlen) == 0)
		(void)remove_locked(up, temp, strlen(temp));
}

/*
 * The steps in the upper layer. Where the old name must stay covered a whiteout changes places with
 * the object first. An upper directory in the way changes places with the object and is removed
 * last, under the object's former name. So the one step that needs memory is the first or the only
 * one, and what was done before a failure can be taken back without any.
 */
static int move(struct moving *m)
{
	struct inode *up_old = ovl_upper(m->olddir), *up_new = ovl_upper(m->newdir), *victim = NULL;
	bool cover = m->old_covered && !m->exchange;
	const char *from = m->oldname;
	size_t from_len = m->oldlen;
	char temp[TEMP_NAME];
	int err = 0;

	if (m->victim && !m->exchange && S_ISDIR(m->victim->mode))
		victim = ovl_upper(m->victim);
	lock_acquire2(&up_old->lock, &up_new->lock);
	if (cover) {
		err = temp_whiteout_locked(ovl_super(m->olddir), up_old, temp);
		if (!err)
			err = swap_locked(up_old, temp, m->oldname, m->oldlen);
		from = temp;
		from_len = strlen(temp);
	}
	if (!err) {
		err = move_locked(m, from, from_len, m->exchange || victim);
		if (err && cover)
			uncover_locked(m, temp);
	}
	lock_release2(&up_old->lock, &up_new->lock);
	if (err || !victim)
		return err;
	/* The empty directory that was in the way now has the object's former name. */
	err = remove_upper_dir(up_old, from, from_len, victim);
	if (err) {
		lock_acquire2(&up_old->lock, &up_new->lock);
		(void)up_old->ops->rename(up_old, from, from_len, up_new, m->newname, m->newlen,
			victim, ovl_upper(m->moved), RENAME_EXCHANGE);
		if (cover)
			uncover_locked(m, temp);
		lock_release2(&up_old->lock, &up_new->lock);
	}
	return err;
}

int ovl_rename(struct inode *olddir, const char *oldname, size_t oldlen, struct inode *newdir,
	const char *newname, size_t newlen, struct inode *moved, struct inode *victim,
	uint32_t flags)
{
	struct moving m = {olddir, newdir, oldname, newname, oldlen, newlen, moved, victim, 0, 0,
		flags & RENAME_EXCHANGE};
	bool held;
	int err;

	if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (victim && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (moved == victim)
		return 0; /* two names of one file: POSIX says do nothing */
	err = prepare_move(&m);
	if (err)
		return err;
	held = m.exchange ? false : hold_place(victim);
	err = move(&m);
	if (held)
		release_place(victim, !err, newdir, newname, newlen);
	if (err)
		return err;
	if (victim && !m.exchange && S_ISDIR(victim->mode))
		victim->nlink = 0;
	else if (victim && !m.exchange)
		count_down(victim);
	ovl_refresh_locked(olddir);
	if (newdir != olddir)
		ovl_refresh_locked(newdir);
	return 0;
}

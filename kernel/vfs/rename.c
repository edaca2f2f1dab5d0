/*
 * rename.c - renameat2(2).
 * Spec: POSIX.1-2024 rename(); RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT as in Linux.
 *
 * Locks: both directories, lower address first; renames between directories also hold
 * super.rename_lock, so that the shape of the tree stands still while they look for loops. A
 * directory that is replaced is locked last, by trying: on failure everything is let go, and waited
 * for, and done again.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"

struct rename {
	struct walk from, to;
	struct dentry *old, *new;  /* referenced; new may be negative */
	char *old_name, *new_name; /* copies for the dentries */
	uint32_t flags;
};

static bool is_dir(const struct dentry *d)
{
	return d->inode && S_ISDIR(d->inode->mode);
}

/* Slashes, kinds, loops, permissions. Both parents are locked. */
static int rename_check_shape(struct rename *r)
{
	bool exchange = r->flags & RENAME_EXCHANGE;

	if (!r->old->inode)
		return -ENOENT;
	if (r->new->inode && (r->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!r->new->inode && exchange)
		return -ENOENT;
	if (!is_dir(r->old) && (r->from.slash || (!exchange && r->to.slash)))
		return -ENOTDIR;
	if (exchange && !is_dir(r->new) && r->to.slash)
		return -ENOTDIR;
	if (is_dir(r->old) && dentry_is_ancestor(r->old, r->to.at.dentry))
		return -EINVAL;
	if (is_dir(r->new) && dentry_is_ancestor(r->new, r->from.at.dentry))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (!r->new->inode || exchange || r->old->inode == r->new->inode)
		return 0;
	if (is_dir(r->old) != is_dir(r->new))
		return is_dir(r->old) ? -ENOTDIR : -EISDIR;
	return 0;
}

static int rename_check_permission(struct rename *r)
{
	bool across = r->from.at.dentry != r->to.at.dentry;
	int err = may_delete_locked(&r->from.at, r->old);

	if (!err)
		err = r->new->inode ? may_delete_locked(&r->to.at, r->new)
				    : may_create_locked(&r->to.at);
	/* A directory that moves changes its "..". */
	if (!err && across && is_dir(r->old))
		err = inode_permission(r->old->inode, W_OK);
	if (!err && across && (r->flags & RENAME_EXCHANGE) && is_dir(r->new))
		err = inode_permission(r->new->inode, W_OK);
	if (!err && !r->from.at.dentry->inode->ops->rename)
		err = -EPERM;
	return err;
}

/* The names as the cache has them from now on. */
static void rename_publish(struct rename *r)
{
	if (r->flags & RENAME_EXCHANGE) {
		dentry_exchange(r->old, r->new, r->old_name, r->new_name);
		r->old_name = NULL;
	} else {
		dentry_drop(r->new, r->new->inode != NULL);
		dentry_rename(r->old, r->to.at.dentry, r->new_name, r->to.len);
	}
	r->new_name = NULL;
}

static int rename_names(struct rename *r)
{
	r->new_name = dentry_name_alloc(r->to.last, r->to.len);
	r->old_name = dentry_name_alloc(r->from.last, r->from.len);
	return r->new_name && r->old_name ? 0 : -ENOMEM;
}

/* Both parents, and a directory that goes, are locked. */
static int rename_do(struct rename *r)
{
	struct inode *olddir = r->from.at.dentry->inode, *newdir = r->to.at.dentry->inode;
	bool replaces = r->new->inode && !(r->flags & RENAME_EXCHANGE);
	int err;

	if (r->old->inode == r->new->inode)
		return 0; /* POSIX: two names of one file, nothing happens */
	err = rename_check_permission(r);
	if (!err)
		err = rename_names(r);
	if (!err)
		err = olddir->ops->rename(olddir, r->from.last, r->from.len, newdir, r->to.last,
			r->to.len, r->old->inode, r->new->inode, r->flags);
	if (err)
		return err;
	if (replaces && is_dir(r->new))
		r->new->inode->dead = true;
	notify_rename(olddir, r->from.last, r->from.len, newdir, r->to.last, r->to.len,
		r->old->inode, replaces ? r->new->inode : NULL);
	if (r->flags & RENAME_EXCHANGE)
		notify_rename(newdir, r->to.last, r->to.len, olddir, r->from.last, r->from.len,
			r->new->inode, NULL);
	rename_publish(r);
	return 0;
}

/* Returns 1 when a directory in the way is busy: r->new is it, to wait for and try again. */
static int rename_locked(struct rename *r)
{
	struct lock *victim = NULL;
	int err;

	r->old = dentry_find_locked(r->from.at.dentry, r->from.last, r->from.len);
	r->new = dentry_find_locked(r->to.at.dentry, r->to.last, r->to.len);
	if (IS_ERR(r->old))
		return PTR_ERR(r->old);
	if (IS_ERR(r->new))
		return PTR_ERR(r->new);
	err = rename_check_shape(r);
	if (err)
		return err;
	if (is_dir(r->new) && !(r->flags & RENAME_EXCHANGE) && r->new->inode != r->old->inode) {
		victim = &r->new->inode->lock;
		if (!lock_try(victim))
			return 1;
	}
	err = rename_do(r);
	if (victim)
		lock_release(victim);
	return err;
}

static void rename_put(struct rename *r)
{
	if (r->old && !IS_ERR(r->old))
		dentry_put(r->old);
	if (r->new && !IS_ERR(r->new))
		dentry_put(r->new);
	kfree(r->old_name);
	kfree(r->new_name);
	r->old = r->new = NULL;
	r->old_name = r->new_name = NULL;
}

/* The moved file's change time. It is not locked during the move. */
static void touch_moved(struct inode *inode)
{
	struct iattr attr = {.valid = ATTR_CTIME, .ctime = ktime_now()};

	(void)inode_setattr(inode, &attr); /* the move stands, whatever becomes of the time */
}

static int try_rename(struct rename *r)
{
	struct lock *a = &r->from.at.dentry->inode->lock, *b = &r->to.at.dentry->inode->lock;
	struct super *super = r->from.at.mount->super;
	bool across = a != b;
	int err;

	if (across)
		lock_acquire(&super->rename_lock);
	lock_acquire2(a, b);
	err = rename_locked(r);
	lock_release2(a, b);
	if (across)
		lock_release(&super->rename_lock);
	if (err > 0) {
		lock_acquire(&r->new->inode->lock);
		lock_release(&r->new->inode->lock);
	} else if (!err && r->old->inode != r->new->inode) {
		touch_moved(r->old->inode);
		if (is_dir(r->new) && !(r->flags & RENAME_EXCHANGE))
			dentry_drop_children(r->new);
	}
	rename_put(r);
	return err;
}

static int do_rename(struct rename *r)
{
	int err;

	if (r->from.at.mount != r->to.at.mount)
		return -EXDEV;
	if (r->from.type != WALK_NAME)
		return -EBUSY;
	if (r->to.type != WALK_NAME)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	do
		err = try_rename(r);
	while (err > 0);
	return err;
}

/* The two walks are too big for a stack frame. */
struct rename_call {
	struct upath old, new;
	struct rename r;
};

static int rename_paths(struct rename_call *c, int olddir, int newdir)
{
	int err = walk_dir(&c->r.from, olddir, c->old.s);

	if (!err)
		err = walk_dir(&c->r.to, newdir, c->new.s);
	if (!err)
		err = do_rename(&c->r);
	walk_end(&c->r.to);
	walk_end(&c->r.from);
	return err;
}

int sys_renameat2(int32_t olddir, uaddr_t old, int32_t newdir, uaddr_t new_path, uint32_t flags)
{
	struct rename_call *c;
	int err;

	if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & ~(uint32_t)RENAME_EXCHANGE))
		return -EINVAL;
	/* A whiteout is a device. */
	if ((flags & RENAME_WHITEOUT) && !cred_is_root(cred_self()))
		return -EPERM;
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->r.flags = flags;
	err = upath_get(&c->old, old);
	if (err)
		goto free_call;
	err = upath_get(&c->new, new_path);
	if (!err) {
		err = rename_paths(c, olddir, newdir);
		upath_put(&c->new);
	}
	upath_put(&c->old);
free_call:
	kfree(c);
	return err;
}

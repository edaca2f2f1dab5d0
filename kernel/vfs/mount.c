/*
 * mount.c - the mount tree: mount, bind, move, remount, umount.
 * Spec: mount(2), umount2(2) of Linux, without propagation: every mount is private.
 * Locks: mount_lock (RANK_MOUNT) for the tree. A mount in the tree has one reference of its own;
 * whoever stands in it (cwd, open file, walk) holds one more, so "one" means that nobody does.
 */
#include "vfs/internal.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define MS_MGC_VAL 0xc0ed0000u
#define MS_MGC_MASK 0xffff0000u
#define MS_SILENT 0x8000u
#define MS_RELATIME (1u << 21)
#define MS_STRICTATIME (1u << 24)
#define MS_NODIRATIME 2048u
/* What a mount itself keeps, and what may be asked for and changes nothing. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)
#define IGNORED_FLAGS (MS_SILENT | MS_RELATIME | MS_STRICTATIME | MS_NODIRATIME)
#define MOUNTS_MAX 1000u

struct lock mount_lock = LOCK_INIT(RANK_MOUNT);
static struct list mounts = LIST_INIT(mounts); /* [MOUNT] of mount.link, parents before children */
static struct mount *root_mount;	       /* [MOUNT] */
static uint32_t mount_count, next_id;	       /* [MOUNT] */

void mount_get(struct mount *m)
{
	ref_get(&m->refs);
}

void mount_put(struct mount *m)
{
	if (!m || !ref_put(&m->refs))
		return;
	KASSERT(!m->parent && !m->mountpoint);
	dentry_put(m->root);
	super_put(m->super);
	kfree(m);
}

/* Takes over the super reference, also on failure. */
static struct mount *mount_alloc(struct super *super, struct dentry *root, uint32_t flags)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (!m) {
		super_put(super);
		return NULL;
	}
	ref_init(&m->refs, 1);
	m->super = super;
	m->root = root;
	dentry_get(root);
	m->flags = flags & MOUNT_FLAGS;
	list_init(&m->link);
	return m;
}

struct mount *mount_hidden(struct super *super)
{
	struct mount *m = mount_alloc(super, super->root, MS_NOSUID | MS_NODEV);

	if (m)
		m->hidden = true;
	return m;
}

/* ---- finding ---- */

static struct mount *mounted_on_locked(const struct mount *parent, const struct dentry *at)
{
	struct mount *m;

	LIST_FOR_EACH(m, &mounts, link)
		if (m->parent == parent && m->mountpoint == at)
			return m;
	return NULL;
}

void mount_cross(struct path *p)
{
	while (UNLIKELY(atomic_load(&p->dentry->mounts) > 0)) {
		struct path to;

		lock_acquire(&mount_lock);
		to.mount = mounted_on_locked(p->mount, p->dentry);
		if (to.mount)
			mount_get(to.mount);
		lock_release(&mount_lock);
		if (!to.mount)
			return;
		to.dentry = to.mount->root;
		dentry_get(to.dentry);
		path_put(p);
		*p = to;
	}
}

bool mount_climb(struct path *p)
{
	struct path up = {NULL, NULL};

	lock_acquire(&mount_lock);
	if (p->mount->parent) {
		up.mount = p->mount->parent;
		up.dentry = p->mount->mountpoint;
		path_get(&up);
	}
	lock_release(&mount_lock);
	if (!up.mount)
		return false;
	path_put(p);
	*p = up;
	return true;
}

void mount_root_path(struct path *out)
{
	lock_acquire(&mount_lock);
	KASSERT(root_mount);
	out->mount = root_mount;
	out->dentry = root_mount->root;
	path_get(out);
	lock_release(&mount_lock);
}

void mount_for_each(void (*f)(struct mount *m, void *arg), void *arg)
{
	struct mount *m;

	lock_acquire(&mount_lock);
	LIST_FOR_EACH(m, &mounts, link)
		f(m, arg);
	lock_release(&mount_lock);
}

int path_want_write(const struct path *p)
{
	if (!p->mount)
		return 0;
	if ((atomic_load(&p->mount->flags) | p->mount->super->flags) & MS_RDONLY)
		return -EROFS;
	return 0;
}

/* ---- attaching and detaching ---- */

/* References for parent and mountpoint are taken; m's own becomes the tree's. */
static void attach_locked(struct mount *m, const struct path *at)
{
	m->id = ++next_id;
	if (at) {
		path_get(at);
		m->parent = at->mount;
		m->mountpoint = at->dentry;
		atomic_add(&at->dentry->mounts, 1u);
	}
	list_add_tail(&mounts, &m->link);
	mount_count++;
}

/* Takes m out of the tree. The place it was at is the caller's to put after unlocking. */
static struct path detach_locked(struct mount *m)
{
	struct path at = {m->parent, m->mountpoint};

	atomic_sub(&m->mountpoint->mounts, 1u);
	m->parent = NULL;
	m->mountpoint = NULL;
	m->detached = true;
	list_del(&m->link);
	mount_count--;
	return at;
}

static void put_place(const struct path *at)
{
	dentry_unpin(at->dentry);
	path_put(at);
}

/* A directory on a directory, a file on a file, and the place must still have its name. */
static int may_attach(const struct dentry *root, const struct path *at)
{
	if (S_ISDIR(root->inode->mode) != S_ISDIR(at->dentry->inode->mode))
		return -ENOTDIR;
	if (atomic_load(&at->dentry->unhashed))
		return -ENOENT;
	return 0;
}

static int attach(struct mount *m, const struct path *at)
{
	int err = at ? may_attach(m->root, at) : 0;

	if (err)
		return err;
	if (at)
		dentry_pin(at->dentry);
	lock_acquire(&mount_lock);
	if (mount_count >= MOUNTS_MAX)
		err = -ENOSPC;
	else if (at && at->mount->detached)
		err = -EINVAL;
	else if (!at && root_mount)
		err = -EBUSY;
	if (!err) {
		attach_locked(m, at);
		if (!at)
			root_mount = m;
	}
	lock_release(&mount_lock);
	if (err && at)
		dentry_unpin(at->dentry);
	return err;
}

int mount_super(struct super *super, uint32_t flags, const struct path *at)
{
	struct mount *m = mount_alloc(super, super->root, flags);
	int err;

	if (!m)
		return -ENOMEM;
	err = attach(m, at);
	if (err)
		mount_put(m);
	return err;
}

int mount_new(const struct fs_type *type, const char *source, uint32_t flags, const char *options,
	const struct path *at)
{
	struct super *super;
	int err;

	err = type->mount(source, flags, options, &super);
	if (err)
		return err;
	if (!super->source[0])
		str_copy(super->source, *source ? source : "none", sizeof(super->source));
	return mount_super(super, flags, at);
}

/* ---- bind ---- */

static struct mount *clone_mount(const struct path *from)
{
	super_get(from->mount->super);
	return mount_alloc(from->mount->super, from->dentry, atomic_load(&from->mount->flags));
}

/* Is m mounted somewhere below `from`, seen from the mount itself? */
static bool mounted_below_locked(const struct mount *m, const struct path *from)
{
	return m->parent == from->mount && dentry_is_ancestor(from->dentry, m->mountpoint);
}

struct clone_pair {
	struct mount *old, *copy;
};

/* The next mount of the tree below pair p that has no copy yet among the n pairs. */
static struct mount *uncopied_locked(
	const struct clone_pair *pairs, uint32_t n, uint32_t p, const struct path *from)
{
	struct mount *m;
	uint32_t i;

	LIST_FOR_EACH(m, &mounts, link) {
		if (p == 0 ? !mounted_below_locked(m, from) : m->parent != pairs[p].old)
			continue;
		for (i = 0; i < n && pairs[i].old != m && pairs[i].copy != m; i++)
			;
		if (i == n)
			return m;
	}
	return NULL;
}

#define BIND_MAX 64u

/* Copy what is mounted below `from` to the same places below pairs[0].copy. */
static int bind_below_locked(struct clone_pair *pairs, const struct path *from)
{
	uint32_t n = 1, p = 0;

	while (p < n) {
		struct mount *old = uncopied_locked(pairs, n, p, from);
		struct path of, at;

		if (!old) {
			p++;
			continue;
		}
		if (n == BIND_MAX)
			return -ENOSPC;
		of.mount = old;
		of.dentry = old->root;
		at.mount = pairs[p].copy;
		at.dentry = old->mountpoint;
		pairs[n].old = old;
		pairs[n].copy = clone_mount(&of);
		if (!pairs[n].copy)
			return -ENOMEM;
		attach_locked(pairs[n].copy, &at);
		n++;
	}
	return 0;
}

static int do_bind(const char *source, uint32_t flags, const struct path *at)
{
	struct clone_pair *pairs = NULL;
	struct path from;
	struct mount *m;
	int err;

	err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	err = -ENOMEM;
	m = clone_mount(&from);
	if (m && (flags & MS_REC))
		pairs = kzalloc(BIND_MAX * sizeof(*pairs));
	if (!m || ((flags & MS_REC) && !pairs))
		goto out;
	err = attach(m, at);
	if (err)
		goto out;
	if (pairs) {
		pairs[0].old = from.mount;
		pairs[0].copy = m;
		lock_acquire(&mount_lock);
		err = bind_below_locked(pairs, &from);
		lock_release(&mount_lock);
	}
	m = NULL; /* the tree's now */
out:
	mount_put(m);
	kfree(pairs);
	path_put(&from);
	return err;
}

/* ---- remount, move ---- */

static int do_remount(const struct path *p, uint32_t flags, const char *options)
{
	struct mount *m = p->mount;
	int err;

	if (p->dentry != m->root)
		return -EINVAL;
	if ((flags & MS_RDONLY) && atomic_load(&m->writers) > 0)
		return -EBUSY;
	if (!(flags & MS_BIND)) {
		if (!(flags & MS_RDONLY) && (m->super->flags & MS_RDONLY))
			return -EROFS;
		if (*options && !m->super->ops->remount)
			return -EINVAL;
		if (m->super->ops->remount) {
			err = m->super->ops->remount(m->super, flags, options);
			if (err)
				return err;
		}
	}
	atomic_store(&m->flags, flags & MOUNT_FLAGS);
	return 0;
}

static bool mount_is_below_locked(const struct mount *m, const struct mount *top)
{
	while (m && m != top)
		m = m->parent;
	return m == top;
}

static int do_move(const char *source, const struct path *at)
{
	struct path from, old = {NULL, NULL};
	struct mount *m;
	int err;

	err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (err)
		return err;
	m = from.mount;
	err = from.dentry == m->root ? may_attach(m->root, at) : -EINVAL;
	if (err)
		goto out;
	dentry_pin(at->dentry);
	lock_acquire(&mount_lock);
	if (!m->parent)
		err = -EINVAL; /* the root of all, or detached meanwhile */
	else if (mount_is_below_locked(at->mount, m))
		err = -ELOOP;
	if (!err) {
		old = detach_locked(m);
		m->detached = false;
		attach_locked(m, at);
	}
	lock_release(&mount_lock);
	if (err)
		dentry_unpin(at->dentry);
	else
		put_place(&old);
out:
	path_put(&from);
	return err;
}

/* ---- umount ---- */

static bool has_children_locked(const struct mount *top)
{
	struct mount *m;

	LIST_FOR_EACH(m, &mounts, link)
		if (m->parent == top)
			return true;
	return false;
}

/* A mount of the tree at top that has none on it: top itself when it is alone. */
static struct mount *leaf_below_locked(struct mount *top)
{
	struct mount *m, *found;

	do {
		found = top;
		LIST_FOR_EACH(m, &mounts, link)
			if (m->parent == found)
				top = m;
	} while (top != found);
	return found;
}

/* Take the whole tree at top away; users keep what they stand in. */
static void umount_tree(struct mount *top)
{
	struct mount *m;

	do {
		struct path at;

		lock_acquire(&mount_lock);
		if (!top->parent) { /* somebody else took it */
			lock_release(&mount_lock);
			return;
		}
		m = leaf_below_locked(top);
		at = detach_locked(m);
		lock_release(&mount_lock);
		put_place(&at);
		mount_put(m);
	} while (m != top);
}

/* m: a caller's reference besides the tree's. */
static int umount_plain(struct mount *m)
{
	struct path at = {NULL, NULL};
	int err = 0;

	lock_acquire(&mount_lock);
	if (!m->parent)
		err = -EINVAL;
	else if (has_children_locked(m) || atomic_load(&m->refs.count) > 2)
		err = -EBUSY;
	else
		at = detach_locked(m);
	lock_release(&mount_lock);
	if (err)
		return err;
	put_place(&at);
	mount_put(m);
	return 0;
}

int sys_umount2(uaddr_t target, uint32_t flags)
{
	struct mount *m;
	struct path p;
	int err;

	if (flags & ~(uint32_t)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!cred_is_root(cred_self()))
		return -EPERM;
	err = path_lookup_user(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	m = p.mount;
	mount_get(m);
	if (p.dentry != m->root)
		err = -EINVAL;
	path_put(&p);
	if (!err && m == root_mount)
		err = -EBUSY;
	if (!err && (flags & MNT_DETACH))
		umount_tree(m);
	else if (!err)
		err = umount_plain(m);
	mount_put(m);
	return err;
}

/* ---- mount(2) ---- */

static int do_mount(const char *source, const struct path *at, const char *type, uint32_t flags,
	const char *data)
{
	const struct fs_type *fs;

	if (flags & MS_REMOUNT)
		return do_remount(at, flags, data);
	if (flags & MS_BIND)
		return do_bind(source, flags, at);
	if (flags & (MS_PRIVATE | MS_SLAVE | MS_SHARED))
		/* Every mount is private already; the others would promise what we do not do. */
		return flags & (MS_SLAVE | MS_SHARED) ? -EINVAL : 0;
	if (flags & MS_MOVE)
		return do_move(source, at);
	fs = fs_type_find(type);
	return fs ? mount_new(fs, source, flags, data, at) : -ENODEV;
}

/* A string that may be absent; "" then. */
static int optional_str(struct upath *u, uaddr_t addr)
{
	if (addr)
		return upath_get(u, addr);
	u->s = u->small;
	u->small[0] = 0;
	return 0;
}

/* The three strings besides the target, on the heap: they are too much for the stack. */
struct mount_args {
	struct upath source, type, data;
};

static int mount_at(struct mount_args *a, uaddr_t source, const struct path *at, uaddr_t type,
	uint32_t flags, uaddr_t data)
{
	int err = optional_str(&a->source, source);

	if (err)
		return err;
	err = optional_str(&a->type, type);
	if (err)
		goto put_source;
	err = optional_str(&a->data, data);
	if (err)
		goto put_type;
	err = do_mount(a->source.s, at, a->type.s, flags, a->data.s);
	upath_put(&a->data);
put_type:
	upath_put(&a->type);
put_source:
	upath_put(&a->source);
	return err;
}

int sys_mount(uaddr_t source, uaddr_t target, uaddr_t type, uint32_t flags, uaddr_t data)
{
	const uint32_t known = MOUNT_FLAGS | IGNORED_FLAGS | MS_REMOUNT | MS_BIND | MS_MOVE |
			       MS_REC | MS_PRIVATE | MS_SLAVE | MS_SHARED;
	struct mount_args *a;
	struct path at;
	int err;

	if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MASK;
	if (flags & ~known)
		return -EINVAL;
	if (!cred_is_root(cred_self()))
		return -EPERM;
	a = kmalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	err = path_lookup_user(AT_FDCWD, target, LOOKUP_FOLLOW, &at);
	if (!err) {
		err = mount_at(a, source, &at, type, flags, data);
		path_put(&at);
	}
	kfree(a);
	return err;
}

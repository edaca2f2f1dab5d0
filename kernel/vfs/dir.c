/*
 * dir.c - names: mkdir, mknod, unlink, rmdir, symlink, link, getdents64; rename is rename.c.
 * Spec: POSIX.1-2024 mkdir(), unlink() and so on; getdents64(2) of Linux.
 * Locks: a directory's inode.lock while its names change; rmdir locks two, lower address first.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"
#include "lib/str.h"

/* ---- what all of them ask ---- */

/* May names be added to the directory where w stands? It is locked. */
int may_create_locked(const struct path *dir)
{
	int err = path_want_write(dir);

	if (!err)
		err = inode_permission(dir->dentry->inode, W_OK | X_OK);
	if (!err && dir->dentry->inode->dead)
		err = -ENOENT;
	return err;
}

/* May the name of victim be taken out of dir? Sticky directories: only by an owner. */
int may_delete_locked(const struct path *dir, struct dentry *victim)
{
	struct inode *d = dir->dentry->inode;
	uint32_t fsuid = cred_self()->fsuid;
	int err = path_want_write(dir);

	if (!err)
		err = inode_permission(d, W_OK | X_OK);
	if (err)
		return err;
	if ((d->mode & S_ISVTX) && fsuid != 0 && fsuid != d->uid && fsuid != victim->inode->uid)
		return -EPERM;
	return atomic_load(&victim->mounts) ? -EBUSY : 0;
}

static uint32_t creation_mode(const struct inode *dir, uint32_t mode, uint32_t *gid)
{
	struct proc *p = proc_self();

	if (p && p->fs)
		mode &= ~atomic_load(&p->fs->umask);
	*gid = cred_self()->fsgid;
	if (dir->mode & S_ISGID) {
		*gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	return mode;
}

/* A new inode takes the place of the negative entry d. *out: referenced, or not wanted. */
static int publish_locked(
	struct walk *w, struct dentry *negative, struct inode *inode, struct path *out)
{
	struct dentry *d;

	dentry_drop(negative, false);
	d = dentry_insert(w->at.dentry, w->last, w->len, inode);
	if (!d)
		return out ? -ENOMEM : 0; /* it exists; its name is just not cached */
	if (out) {
		out->mount = w->at.mount;
		mount_get(out->mount);
		out->dentry = d;
	} else {
		dentry_put(d);
	}
	return 0;
}

/* What to make. */
struct creation {
	uint32_t mode, rdev;
	const char *target;	 /* symlink */
	const struct path *link; /* link: the file, and where it is */
	struct path *out;	 /* filled in, if not NULL */
};

static int may_link(struct inode *inode)
{
	int err = 0;

	if (S_ISDIR(inode->mode))
		return -EPERM;
	lock_acquire(&inode->lock);
	if (inode->nlink == 0 && !inode->linkable)
		err = -ENOENT;
	else if (inode->nlink >= LINK_MAX)
		err = -EMLINK;
	lock_release(&inode->lock);
	return err;
}

static int create_inode_locked(struct walk *w, const struct creation *c, struct inode **inode)
{
	struct inode *dir = w->at.dentry->inode;
	uint32_t uid = cred_self()->fsuid, gid, mode;

	if (c->link) {
		struct inode *target = c->link->dentry->inode;
		int err = may_link(target);

		if (!err)
			err = dir->ops->link ? dir->ops->link(dir, w->last, w->len, target)
					     : -EPERM;
		if (!err) {
			inode_get(target);
			*inode = target;
		}
		return err;
	}
	mode = creation_mode(dir, c->mode, &gid);
	if (c->target)
		return dir->ops->symlink
			       ? dir->ops->symlink(dir, w->last, w->len, c->target, uid, gid, inode)
			       : -EPERM;
	return dir->ops->create
		       ? dir->ops->create(dir, w->last, w->len, mode, c->rdev, uid, gid, inode)
		       : -EPERM;
}

static int create_locked(struct walk *w, const struct creation *c)
{
	struct inode *inode;
	struct dentry *d = dentry_find_locked(w->at.dentry, w->last, w->len);
	int err;

	if (IS_ERR(d))
		return PTR_ERR(d);
	if (d->inode)
		err = -EEXIST;
	else if (w->slash && !S_ISDIR(c->mode))
		err = -ENOENT;
	else if (c->link && c->link->mount != w->at.mount)
		err = -EXDEV;
	else
		err = may_create_locked(&w->at);
	if (!err)
		err = create_inode_locked(w, c, &inode);
	if (!err) {
		if (c->link)
			notify_inode(inode, IN_ATTRIB); /* its count of links */
		notify_name(w->at.dentry->inode, IN_CREATE, inode, w->last, w->len);
		err = publish_locked(w, d, inode, c->out);
	}
	dentry_put(d);
	return err;
}

/* Make `name`, which must not exist. */
static int create_at(int dirfd, const char *name, const struct creation *c)
{
	struct walk w;
	int err = walk_dir(&w, dirfd, name);

	if (!err && w.type != WALK_NAME)
		err = -EEXIST;
	if (!err) {
		struct inode *dir = w.at.dentry->inode;

		lock_acquire(&dir->lock);
		err = create_locked(&w, c);
		lock_release(&dir->lock);
	}
	walk_end(&w);
	return err;
}

static int create_user(int dirfd, uaddr_t path, const struct creation *c)
{
	struct upath u;
	int err = upath_get(&u, path);

	if (err)
		return err;
	err = create_at(dirfd, u.s, c);
	upath_put(&u);
	return err;
}

/* ---- mkdir, mknod, symlink, link ---- */

int sys_mkdirat(int32_t dirfd, uaddr_t path, uint32_t mode)
{
	struct creation c = {.mode = S_IFDIR | (mode & 01777)};

	return create_user(dirfd, path, &c);
}

int path_mkdir(int dirfd, const char *name, uint32_t mode)
{
	struct creation c = {.mode = S_IFDIR | (mode & 01777)};

	return create_at(dirfd, name, &c);
}

/* The type must be one that mknod makes; devices are root's to make. */
static int mknod_mode(uint32_t *mode)
{
	switch (*mode & S_IFMT) {
	case 0:
		*mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!cred_is_root(cred_self()))
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	*mode &= S_IFMT | 07777;
	return 0;
}

int path_mknod(int dirfd, const char *name, uint32_t mode, uint32_t rdev, struct path *out)
{
	struct creation c = {.mode = mode, .rdev = rdev, .out = out};
	int err = mknod_mode(&c.mode);

	return err ? err : create_at(dirfd, name, &c);
}

int sys_mknodat(int32_t dirfd, uaddr_t path, uint32_t mode, uint32_t dev)
{
	struct upath u;
	/* makedev(3) as libc packs it into 32 bits */
	uint32_t rdev = MKDEV(dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00));
	int err = upath_get(&u, path);

	if (err)
		return err;
	err = path_mknod(dirfd, u.s, mode, rdev, NULL);
	upath_put(&u);
	return err;
}

int sys_symlinkat(uaddr_t target, int32_t dirfd, uaddr_t path)
{
	struct creation c = {.mode = S_IFLNK | 0777};
	struct upath t;
	int err = upath_get(&t, target);

	if (err)
		return err;
	c.target = t.s;
	err = *t.s ? create_user(dirfd, path, &c) : -ENOENT;
	upath_put(&t);
	return err;
}

static int link_to(const struct path *old, int newdir, uaddr_t newpath)
{
	struct creation c = {.mode = S_IFREG, .link = old};

	return create_user(newdir, newpath, &c);
}

int sys_linkat(int32_t olddir, uaddr_t oldpath, int32_t newdir, uaddr_t newpath, uint32_t flags)
{
	uint32_t lookup = (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
			  (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct path old;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = path_lookup_user(olddir, oldpath, lookup, &old);
	if (err)
		return err;
	err = link_to(&old, newdir, newpath);
	path_put(&old);
	return err;
}

/* ---- unlink, rmdir ---- */

static int unlink_locked(struct walk *w, struct dentry *d)
{
	struct inode *dir = w->at.dentry->inode;
	int err;

	if (!d->inode)
		return -ENOENT;
	err = may_delete_locked(&w->at, d); /* before the type, as Linux has it */
	if (err)
		return err;
	if (S_ISDIR(d->inode->mode))
		return -EISDIR;
	if (w->slash)
		return -ENOTDIR;
	err = dir->ops->unlink ? dir->ops->unlink(dir, w->last, w->len, d->inode) : -EPERM;
	if (err)
		return err;
	dentry_drop(d, true);
	notify_inode(d->inode, IN_ATTRIB); /* its count of links */
	notify_name(dir, IN_DELETE, d->inode, w->last, w->len);
	return 0;
}

static int do_unlink(struct walk *w)
{
	struct inode *dir = w->at.dentry->inode;
	struct dentry *d;
	int err;

	if (w->type != WALK_NAME)
		return -EISDIR;
	lock_acquire(&dir->lock);
	d = dentry_find_locked(w->at.dentry, w->last, w->len);
	err = IS_ERR(d) ? PTR_ERR(d) : unlink_locked(w, d);
	lock_release(&dir->lock);
	/* The inode may go with this reference, and a big file takes its time: not under the lock.
	 */
	if (!IS_ERR(d))
		dentry_put(d);
	return err;
}

static int rmdir_locked(struct walk *w, struct dentry *d)
{
	struct inode *dir = w->at.dentry->inode, *victim = d->inode;
	int err = may_delete_locked(&w->at, d);

	if (!err)
		err = dir->ops->rmdir ? dir->ops->rmdir(dir, w->last, w->len, victim) : -EPERM;
	if (err)
		return err;
	victim->dead = true;
	notify_name(dir, IN_DELETE, victim, w->last, w->len);
	return 0;
}

/* Is d still what the name in the (locked) directory stands for? */
static bool still_there_locked(struct walk *w, struct dentry *d)
{
	struct dentry *now = dentry_find_locked(w->at.dentry, w->last, w->len);
	bool same = !IS_ERR(now) && now->inode == d->inode;

	if (!IS_ERR(now))
		dentry_put(now);
	return same;
}

/* Returns 1 if another thread changed the name between lookup and lock: look again. */
static int try_rmdir(struct walk *w)
{
	struct inode *dir = w->at.dentry->inode;
	struct dentry *d = dentry_find(w->at.dentry, w->last, w->len);
	int err;

	if (IS_ERR(d))
		return PTR_ERR(d);
	if (!d->inode || !S_ISDIR(d->inode->mode)) {
		err = d->inode ? -ENOTDIR : -ENOENT;
		dentry_put(d);
		return err;
	}
	lock_acquire2(&dir->lock, &d->inode->lock);
	err = still_there_locked(w, d) ? rmdir_locked(w, d) : 1;
	lock_release2(&dir->lock, &d->inode->lock);
	if (!err) {
		dentry_drop(d, true);
		dentry_drop_children(d);
	}
	dentry_put(d);
	return err;
}

static int do_rmdir(struct walk *w)
{
	int err;

	switch (w->type) {
	case WALK_DOT:
		return -EINVAL;
	case WALK_DOTDOT:
		return -ENOTEMPTY;
	case WALK_HERE:
		return -EBUSY;
	case WALK_NAME:
		break;
	}
	do
		err = try_rmdir(w);
	while (err > 0);
	return err;
}

int sys_unlinkat(int32_t dirfd, uaddr_t path, uint32_t flags)
{
	struct upath u;
	struct walk w;
	int err;

	if (flags & ~(uint32_t)AT_REMOVEDIR)
		return -EINVAL;
	err = upath_get(&u, path);
	if (err)
		return err;
	err = walk_dir(&w, dirfd, u.s);
	if (!err)
		err = flags & AT_REMOVEDIR ? do_rmdir(&w) : do_unlink(&w);
	walk_end(&w);
	upath_put(&u);
	return err;
}

/* ---- getdents64 ---- */

bool dir_emit_dots(struct file *file, uint64_t *pos, struct dir_emit *e)
{
	struct dentry *parent;
	uint64_t ino = file->inode->ino;
	bool ok;

	if (*pos == 0) {
		if (!e->entry(e, ".", 1, ino, DT_DIR, 1))
			return false;
		*pos = 1;
	}
	if (*pos == 1) {
		if (file->path.dentry) {
			parent = dentry_parent_get(file->path.dentry);
			ino = parent->inode->ino;
			dentry_put(parent);
		}
		ok = e->entry(e, "..", 2, ino, DT_DIR, 2);
		if (!ok)
			return false;
		*pos = 2;
	}
	return true;
}

struct getdents {
	struct dir_emit emit; /* first */
	struct iobuf b;
	bool full; /* an entry did not fit */
};

static bool getdents_entry(struct dir_emit *e, const char *name, size_t len, uint64_t ino,
	uint8_t type, uint64_t next_pos)
{
	struct getdents *g = (struct getdents *)e;
	size_t head = offsetof(struct abi_dirent64, name);
	size_t reclen = (head + len + 1 + 7) & ~(size_t)7;
	union {
		struct abi_dirent64 d;
		char bytes[offsetof(struct abi_dirent64, name) + NAME_MAX + 9];
	} u;

	if (len > NAME_MAX || reclen > g->b.left) {
		g->full = true;
		return false;
	}
	u.d.ino = ino;
	u.d.off = (int64_t)next_pos;
	u.d.reclen = (uint16_t)reclen;
	u.d.type = type;
	memcpy(u.bytes + head, name, len);
	memset(u.bytes + head + len, 0, reclen - head - len);
	iob_put(&g->b, u.bytes, reclen);
	return true;
}

static int do_getdents(struct file *f, uaddr_t buf, uint32_t size)
{
	struct getdents g = {.emit.entry = getdents_entry};
	int err;

	if (!f->inode || !S_ISDIR(f->inode->mode) || !f->ops->readdir)
		return -ENOTDIR;
	err = iob_init_user(&g.b, buf, MIN(size, RW_MAX), true);
	if (err)
		return err;
	lock_acquire(&f->pos_lock);
	lock_acquire(&f->inode->lock);
	err = f->inode->dead ? -ENOENT : f->ops->readdir(f, &f->pos, &g.emit);
	lock_release(&f->inode->lock);
	lock_release(&f->pos_lock);
	if (!err)
		notify_file(f, IN_ACCESS);
	if (g.b.done > 0)
		return (int)g.b.done;
	if (err)
		return err;
	return g.full ? -EINVAL : 0;
}

int sys_getdents64(int32_t fd, uaddr_t buf, uint32_t size)
{
	struct fdref r;
	int n;

	if (!fdref_get(&r, fd))
		return -EBADF;
	n = do_getdents(r.file, buf, size);
	fdref_put(&r);
	return n;
}

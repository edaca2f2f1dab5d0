/*
 * stat.c - attributes: statx, chmod, chown, utimensat, access, readlink, statfs.
 * Spec: POSIX.1-2024 fstatat(), chmod(), chown(), utimensat(), faccessat(); statx(2) of Linux.
 * Locks: inode.lock for each change.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"
#include "lib/str.h"

/* statfs f_flags */
#define ST_VALID 0x20u

/*
 * What an "at" call means: an open file ("" with AT_EMPTY_PATH: pipes and sockets have no path), or
 * a place.
 */
struct target {
	struct file *file;   /* referenced, or NULL */
	struct path path;    /* referenced unless file */
	struct inode *inode; /* NULL: an anonymous object */
};

static int target_file(struct target *t, int fd)
{
	t->file = fd_get_path(fd);
	if (!t->file)
		return -EBADF;
	t->path = t->file->path;
	t->inode = t->file->inode;
	return 0;
}

static int target_path(struct target *t, int dirfd, const char *name, uint32_t flags)
{
	int err;

	t->file = NULL;
	if (!*name && (flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		return target_file(t, dirfd);
	err = path_lookup(dirfd, name,
		(flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			(flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
		&t->path);
	if (!err)
		t->inode = t->path.dentry->inode;
	return err;
}

static int target_user(struct target *t, int dirfd, uaddr_t name, uint32_t flags)
{
	struct upath u;
	int err;

	/* libc's fstat: no need to read a path that is not looked at. */
	if (!name && (flags & AT_EMPTY_PATH))
		return target_path(t, dirfd, "", flags);
	err = upath_get(&u, name);
	if (err)
		return err;
	err = target_path(t, dirfd, u.s, flags);
	upath_put(&u);
	return err;
}

static void target_put(struct target *t)
{
	if (t->file)
		file_put(t->file);
	else
		path_put(&t->path);
}

/* ---- stat ---- */

static bool has_prefix(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

static void stat_anon(const struct file *f, struct kstat *st)
{
	*st = (struct kstat){.ino = f->anon_ino, .nlink = 1, .blksize = PAGE_SIZE, .mode = 0600};
	if (has_prefix(f->anon_name, "pipe"))
		st->mode = S_IFIFO | 0600;
	else if (has_prefix(f->anon_name, "socket"))
		st->mode = S_IFSOCK | 0777;
	st->atime = st->mtime = st->ctime = ktime_now();
}

static struct abi_statx_time statx_time(struct ktime t)
{
	return (struct abi_statx_time){.sec = t.sec, .nsec = t.nsec};
}

static void fill_statx(const struct kstat *st, struct mount *m, struct abi_statx *out)
{
	memset(out, 0, sizeof(*out));
	out->mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
	out->blksize = st->blksize;
	out->nlink = st->nlink;
	out->uid = st->uid;
	out->gid = st->gid;
	out->mode = (uint16_t)st->mode;
	out->ino = st->ino;
	out->size = st->size;
	out->blocks = st->blocks;
	out->atime = statx_time(st->atime);
	out->btime = statx_time(st->btime);
	out->ctime = statx_time(st->ctime);
	out->mtime = statx_time(st->mtime);
	out->rdev_major = MAJOR(st->rdev);
	out->rdev_minor = MINOR(st->rdev);
	out->dev_major = MAJOR(st->dev);
	out->dev_minor = MINOR(st->dev);
	out->mnt_id = m ? m->id : 0;
}

int sys_statx(int32_t dirfd, uaddr_t path, uint32_t flags, uint32_t mask, uaddr_t buf)
{
	const uint32_t known =
		AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
	struct abi_statx sx;
	struct target t;
	struct kstat st;
	int err;

	if ((flags & ~known) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || mask >> 31)
		return -EINVAL;
	err = target_user(&t, dirfd, path, flags);
	if (err)
		return err;
	if (t.inode)
		inode_stat(t.inode, &st);
	else
		stat_anon(t.file, &st);
	fill_statx(&st, t.path.mount, &sx);
	target_put(&t);
	return copyout(buf, &sx, sizeof(sx));
}

/* ---- chmod, chown ---- */

static int may_change(const struct target *t)
{
	if (!t->inode)
		return -EINVAL; /* an anonymous object has no owner to ask */
	return path_want_write(&t->path);
}

static int do_chmod(const struct target *t, uint32_t mode)
{
	struct iattr attr = {.valid = ATTR_MODE | ATTR_CTIME, .mode = mode & 07777};
	const struct cred *cred = cred_self();
	int err = may_change(t);

	if (err)
		return err;
	if (S_ISLNK(t->inode->mode))
		return -EOPNOTSUPP;
	if (!inode_owner_or_root(t->inode))
		return -EPERM;
	/* POSIX chmod(): no set-group-id for a group one is not in. */
	if (cred->fsuid != 0 && !cred_in_group(cred, atomic_load(&t->inode->gid)) &&
		!S_ISDIR(t->inode->mode))
		attr.mode &= ~(uint32_t)S_ISGID;
	attr.ctime = ktime_now();
	err = inode_setattr(t->inode, &attr);
	if (!err)
		notify_dentry(t->path.dentry, IN_ATTRIB);
	return err;
}

int sys_fchmod(int32_t fd, uint32_t mode)
{
	struct target t;
	int err = target_file(&t, fd);

	if (err)
		return err;
	err = t.file->flags & O_PATH ? -EBADF : do_chmod(&t, mode);
	target_put(&t);
	return err;
}

/* -EOPNOTSUPP: a symbolic link itself. */
int sys_fchmodat2(int32_t dirfd, uaddr_t path, uint32_t mode, uint32_t flags)
{
	struct target t;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = target_user(&t, dirfd, path, flags);
	if (err)
		return err;
	err = do_chmod(&t, mode);
	target_put(&t);
	return err;
}

int sys_fchmodat(int32_t dirfd, uaddr_t path, uint32_t mode)
{
	return sys_fchmodat2(dirfd, path, mode, 0);
}

/* POSIX chown(): root anything; an owner the group, to one of the owner's own. */
static int may_chown(struct inode *inode, uint32_t uid, uint32_t gid)
{
	const struct cred *cred = cred_self();

	if (cred->fsuid == 0)
		return 0;
	if (cred->fsuid != inode->uid || (uid != UINT32_MAX && uid != inode->uid))
		return -EPERM;
	if (gid != UINT32_MAX && gid != inode->gid && !cred_in_group(cred, gid))
		return -EPERM;
	return 0;
}

static int chown_locked(struct inode *inode, uint32_t uid, uint32_t gid)
{
	struct iattr attr = {.valid = ATTR_CTIME, .uid = uid, .gid = gid};
	uint32_t mode = inode->mode;
	int err = may_chown(inode, uid, gid);

	if (err)
		return err;
	if (uid != UINT32_MAX)
		attr.valid |= ATTR_UID;
	if (gid != UINT32_MAX)
		attr.valid |= ATTR_GID;
	if (!S_ISDIR(mode) && (mode & (S_ISUID | S_ISGID))) {
		mode &= ~(uint32_t)S_ISUID;
		if (mode & 010)
			mode &= ~(uint32_t)S_ISGID;
		attr.valid |= ATTR_MODE;
		attr.mode = mode & 07777;
	}
	attr.ctime = ktime_now();
	return inode_setattr_locked(inode, &attr);
}

static int do_chown(const struct target *t, uint32_t uid, uint32_t gid)
{
	int err = may_change(t);

	if (err)
		return err;
	lock_acquire(&t->inode->lock);
	err = chown_locked(t->inode, uid, gid);
	lock_release(&t->inode->lock);
	if (!err)
		notify_dentry(t->path.dentry, IN_ATTRIB);
	return err;
}

int sys_fchown(int32_t fd, uint32_t uid, uint32_t gid)
{
	struct target t;
	int err = target_file(&t, fd);

	if (err)
		return err;
	err = t.file->flags & O_PATH ? -EBADF : do_chown(&t, uid, gid);
	target_put(&t);
	return err;
}

int sys_fchownat(int32_t dirfd, uaddr_t path, uint32_t uid, uint32_t gid, uint32_t flags)
{
	struct target t;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = target_user(&t, dirfd, path, flags);
	if (err)
		return err;
	err = do_chown(&t, uid, gid);
	target_put(&t);
	return err;
}

/* ---- times ---- */

/* One of the two times asked for: what to store, and whether at all. */
static int time_of(const struct abi_timespec *ts, struct ktime now, struct ktime *out)
{
	if (ts->nsec == UTIME_NOW) {
		*out = now;
		return 0;
	}
	if (ts->nsec == UTIME_OMIT)
		return 0;
	if (ts->nsec < 0 || ts->nsec > 999999999)
		return -EINVAL;
	out->sec = ts->sec;
	out->nsec = (uint32_t)ts->nsec;
	return 0;
}

/* Setting both to now needs write permission; anything else ownership. */
static int may_set_times(struct inode *inode, const struct abi_timespec ts[2])
{
	if (inode_owner_or_root(inode))
		return 0;
	if (ts[0].nsec == UTIME_NOW && ts[1].nsec == UTIME_NOW)
		return inode_permission(inode, W_OK);
	return -EPERM;
}

/* One time alone is taken for what usually changes it, as in Linux. */
static uint32_t times_event(uint32_t valid)
{
	switch (valid & (ATTR_ATIME | ATTR_MTIME)) {
	case ATTR_ATIME:
		return IN_ACCESS;
	case ATTR_MTIME:
		return IN_MODIFY;
	default:
		return IN_ATTRIB;
	}
}

static int do_utimens(const struct target *t, const struct abi_timespec ts[2])
{
	struct ktime now = ktime_now();
	struct iattr attr = {.valid = ATTR_CTIME, .ctime = now};
	int err = time_of(&ts[0], now, &attr.atime);

	if (!err)
		err = time_of(&ts[1], now, &attr.mtime);
	if (!err)
		err = may_change(t);
	if (!err)
		err = may_set_times(t->inode, ts);
	if (err)
		return err;
	if (ts[0].nsec != UTIME_OMIT)
		attr.valid |= ATTR_ATIME;
	if (ts[1].nsec != UTIME_OMIT)
		attr.valid |= ATTR_MTIME;
	err = inode_setattr(t->inode, &attr);
	if (!err)
		notify_dentry(t->path.dentry, times_event(attr.valid));
	return err;
}

int sys_utimensat_time64(int32_t dirfd, uaddr_t path, uaddr_t times, uint32_t flags)
{
	struct abi_timespec ts[2] = {{.nsec = UTIME_NOW}, {.nsec = UTIME_NOW}};
	struct target t;
	int err;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times && copyin(ts, times, sizeof(ts)))
		return -EFAULT;
	if (ts[0].nsec == UTIME_OMIT && ts[1].nsec == UTIME_OMIT)
		return 0;
	/* futimens(): no path means the descriptor itself. */
	if (!path && dirfd != AT_FDCWD)
		err = flags ? -EINVAL : target_file(&t, dirfd);
	else
		err = target_user(&t, dirfd, path, flags);
	if (err)
		return err;
	err = do_utimens(&t, ts);
	target_put(&t);
	return err;
}

/* ---- access ---- */

static int do_access(const struct cred *cred, const struct path *p, uint32_t mode)
{
	struct inode *inode = p->dentry->inode;

	if ((mode & X_OK) && S_ISREG(inode->mode) && p->mount &&
		(atomic_load(&p->mount->flags) & MS_NOEXEC))
		return -EACCES;
	if ((mode & W_OK) &&
		(S_ISREG(inode->mode) || S_ISDIR(inode->mode) || S_ISLNK(inode->mode)) &&
		path_want_write(p))
		return -EROFS;
	return mode ? inode_permission_cred(cred, inode, mode) : 0;
}

static int access_at(
	const struct cred *cred, int dirfd, const char *name, uint32_t mode, uint32_t flags)
{
	uint32_t lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			  (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct path p;
	int err = path_lookup_cred(cred, dirfd, name, lookup, &p);

	if (err)
		return err;
	err = do_access(cred, &p, mode);
	path_put(&p);
	return err;
}

int sys_faccessat2(int32_t dirfd, uaddr_t path, uint32_t mode, uint32_t flags)
{
	struct cred real;
	struct upath u;
	int err;

	if ((mode & ~7u) || (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	err = upath_get(&u, path);
	if (err)
		return err;
	if (flags & AT_EACCESS) {
		err = access_at(cred_self(), dirfd, u.s, mode, flags);
	} else {
		real = *cred_self();
		real.euid = real.fsuid = real.ruid;
		real.egid = real.fsgid = real.rgid;
		err = access_at(&real, dirfd, u.s, mode, flags);
	}
	upath_put(&u);
	return err;
}

int sys_faccessat(int32_t dirfd, uaddr_t path, uint32_t mode)
{
	return sys_faccessat2(dirfd, path, mode, 0);
}

/* ---- readlink ---- */

/* The text of a link: its own, or for a link to an object the place of that. */
static ssize_t link_text(struct inode *inode, char *buf, size_t size)
{
	struct path to;
	ssize_t n;

	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	if (!inode->ops->jump)
		return -EINVAL;
	n = inode->ops->jump(inode, &to);
	if (n)
		return n;
	n = path_text(&to, buf, size);
	path_put(&to);
	return n == -ERANGE ? -ENAMETOOLONG : n;
}

int sys_readlinkat(int32_t dirfd, uaddr_t path, uaddr_t buf, uint32_t size)
{
	struct target t;
	ssize_t n;
	char *text;
	int err;

	if ((int32_t)size <= 0)
		return -EINVAL;
	text = kmalloc(PATH_MAX);
	if (!text)
		return -ENOMEM;
	n = target_user(&t, dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (!n) {
		if (t.inode && S_ISLNK(t.inode->mode))
			n = link_text(t.inode, text, PATH_MAX);
		else
			n = t.file ? -ENOENT : -EINVAL; /* as Linux for "" */
		target_put(&t);
	}
	if (n > 0) {
		n = MIN(n, (ssize_t)size);
		err = copyout(buf, text, (size_t)n);
		n = err ? err : n;
	}
	kfree(text);
	return (int)n;
}

/* ---- statfs ---- */

static int do_statfs(const struct path *p, uint32_t size, uaddr_t buf)
{
	struct abi_statfs out;
	struct super *super;

	/* libc passes its own structure's size, which has padding at the end. */
	if (size < sizeof(out))
		return -EINVAL;
	if (!p->mount)
		return -ENOSYS; /* pipes and sockets: their file systems are not shown */
	super = p->mount->super;
	memset(&out, 0, sizeof(out));
	out.type = super->magic;
	out.bsize = out.frsize = PAGE_SIZE;
	out.namelen = NAME_MAX;
	out.fsid[0] = (int32_t)super->dev;
	if (super->ops->statfs)
		super->ops->statfs(super, &out);
	/* The MS_ numbers of these flags are the ST_ numbers too. */
	out.flags = ST_VALID | ((atomic_load(&p->mount->flags) | super->flags) &
				       (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME));
	return copyout(buf, &out, sizeof(out));
}

int sys_statfs64(uaddr_t path, uint32_t size, uaddr_t buf)
{
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = do_statfs(&p, size, buf);
	path_put(&p);
	return err;
}

int sys_fstatfs64(int32_t fd, uint32_t size, uaddr_t buf)
{
	struct file *f = fd_get_path(fd);
	int err;

	if (!f)
		return -EBADF;
	err = do_statfs(&f->path, size, buf);
	file_put(f);
	return err;
}

/*
 * open.c - openat, truncate, fallocate.
 * Spec: POSIX.1-2024 open(); O_PATH, O_TMPFILE, O_NOATIME, O_DIRECT as open(2) of Linux.
 * Locks: the parent's inode.lock while a name is created; none else of its own.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

/* Flags that a file keeps after its open op, which sees all: O_NOCTTY concerns terminals. */
#define KEPT_FLAGS                                                                                 \
	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE |           \
		O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_PATH | (O_TMPFILE & ~O_DIRECTORY))
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

#define OPENAT2_FLAGS                                                                              \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |      \
		O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |          \
		O_CLOEXEC | O_PATH | TMPFILE_BIT)
#define RESOLVE_ALL                                                                                \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |         \
		RESOLVE_IN_ROOT | RESOLVE_CACHED)

#define FALLOC_KEEP_SIZE 1
#define FALLOC_PUNCH_HOLE 2
#define FALLOC_ZERO_RANGE 16

/* ---- opening what is there ---- */

static int start_writing(struct file *f)
{
	int err = path_want_write(&f->path);

	if (!err)
		err = inode_get_write(f->inode);
	if (!err)
		atomic_add(&f->path.mount->writers, 1u);
	return err;
}

static void stop_writing(struct file *f)
{
	atomic_sub(&f->path.mount->writers, 1u);
	inode_put_write(f->inode);
}

static const struct file_ops path_only_ops;

int file_open_path(const struct path *path, uint32_t flags, struct file **out)
{
	struct inode *inode = path->dentry->inode;
	struct file *f = file_alloc(flags & ~(uint32_t)O_CLOEXEC);
	bool writer = false;
	int err;

	if (!f)
		return -ENOMEM;
	f->path = *path;
	path_get(&f->path);
	f->inode = inode;
	f->ops = &path_only_ops;
	if (flags & O_PATH)
		goto done;
	err = inode_open_ops(inode, &f->ops);
	if (err)
		goto fail;
	if (S_ISREG(inode->mode) && file_writable(f)) {
		err = start_writing(f);
		if (err)
			goto fail;
		writer = true;
	}
	err = f->ops->open ? f->ops->open(inode, f) : 0;
	if (err)
		goto fail;
	notify_file(f, IN_OPEN);
done:
	atomic_and(&f->flags, (uint32_t)KEPT_FLAGS);
	*out = f;
	return 0;
fail:
	if (writer)
		stop_writing(f);
	file_free(f);
	return err;
}

/* What open(2) asks before it opens something that existed. */
static int may_open(const struct path *p, uint32_t flags)
{
	static const uint8_t wanted[4] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
	struct inode *inode = p->dentry->inode;
	uint32_t mask = wanted[flags & O_ACCMODE];
	int err;

	if (flags & O_PATH)
		return 0;
	if (flags & O_TRUNC)
		mask |= W_OK;
	if (S_ISLNK(inode->mode))
		return -ELOOP;
	if (S_ISDIR(inode->mode) && (mask & W_OK))
		return -EISDIR;
	if ((S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) && p->mount &&
		(atomic_load(&p->mount->flags) & MS_NODEV))
		return -EACCES;
	err = inode_permission(inode, mask);
	if (err)
		return err;
	if ((mask & W_OK) && (S_ISREG(inode->mode) || S_ISDIR(inode->mode))) {
		err = path_want_write(p);
		if (err)
			return err;
	}
	if ((flags & O_NOATIME) && !inode_owner_or_root(inode))
		return -EPERM;
	return 0;
}

/* A regular file open for reading only still keeps programs safe while it is cut. */
static int truncate_writer(struct inode *inode, uint64_t size)
{
	int err = inode_get_write(inode);

	if (err)
		return err;
	err = inode_truncate(inode, size);
	inode_put_write(inode);
	return err;
}

static int open_found(const struct path *p, uint32_t flags, struct file **out)
{
	struct inode *inode = p->dentry->inode;
	int err;

	if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	err = may_open(p, flags);
	if (!err)
		err = file_open_path(p, flags, out);
	if (err || !(flags & O_TRUNC) || (flags & O_PATH) || !S_ISREG(inode->mode))
		return err;
	err = truncate_writer(inode, 0);
	if (err)
		file_put(*out);
	else
		notify_dentry(p->dentry, IN_MODIFY);
	return err;
}

/* ---- creating ---- */

/* Group and set-group-id come down from a directory that has the bit. */
static uint32_t new_gid(const struct inode *dir, uint32_t *mode)
{
	const struct cred *cred = cred_self();

	if (!(dir->mode & S_ISGID))
		return cred->fsgid;
	if (S_ISDIR(*mode))
		*mode |= S_ISGID;
	else if ((*mode & (S_ISGID | 010)) == (S_ISGID | 010) && cred->fsuid != 0 &&
		 !cred_in_group(cred, dir->gid))
		*mode &= ~(uint32_t)S_ISGID;
	return dir->gid;
}

static uint32_t apply_umask(uint32_t mode)
{
	struct proc *p = proc_self();

	return p && p->fs ? mode & ~(atomic_load(&p->fs->umask)) : mode;
}

/* Make name in the directory where w stands, which is locked and has no such name. */
static int create_locked(struct walk *w, uint32_t mode, struct dentry **negative)
{
	struct inode *dir = w->at.dentry->inode, *inode;
	struct dentry *d;
	uint32_t gid;
	int err;

	err = path_want_write(&w->at);
	if (!err)
		err = inode_permission(dir, W_OK | X_OK);
	if (!err && !dir->ops->create)
		err = -EACCES;
	if (err)
		return err;
	mode = S_IFREG | apply_umask(mode & 07777);
	gid = new_gid(dir, &mode);
	err = dir->ops->create(dir, w->last, w->len, mode, 0, cred_self()->fsuid, gid, &inode);
	if (err)
		return err;
	notify_name(dir, IN_CREATE, inode, w->last, w->len);
	dentry_drop(*negative, false);
	d = dentry_insert(w->at.dentry, w->last, w->len, inode);
	if (!d)
		return -ENOMEM; /* the file exists; its name is just not cached */
	dentry_put(*negative);
	*negative = d;
	return 0;
}

/* The last component, made if it is not there. *d: referenced; *created: it was made here. */
static int find_or_create(
	struct walk *w, uint32_t flags, uint32_t mode, struct dentry **d, bool *created)
{
	struct inode *dir = w->at.dentry->inode;
	int err = 0;

	*created = false;
	*d = dentry_lookup(w->at.dentry, w->last, w->len);
	if (*d && (*d)->inode)
		return 0;
	if (*d)
		dentry_put(*d);
	lock_acquire(&dir->lock);
	*d = dentry_find_locked(w->at.dentry, w->last, w->len);
	if (IS_ERR(*d)) {
		err = PTR_ERR(*d);
	} else if (!(*d)->inode) {
		err = dir->dead ? -ENOENT : w->slash ? -EISDIR : create_locked(w, mode, d);
		*created = !err;
		if (err)
			dentry_put(*d);
	}
	lock_release(&dir->lock);
	if (!err && !*created && (flags & O_EXCL))
		err = 0; /* the caller answers -EEXIST: it looks at what was found */
	return err;
}

/* O_CREAT without O_PATH. */
static int open_creating(struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
	struct path p;
	struct dentry *d;
	bool created;
	int err;

	for (;;) {
		err = walk_parent(w);
		if (err)
			return err;
		if (w->type != WALK_NAME)
			break;
		err = find_or_create(w, flags, mode, &d, &created);
		if (err)
			return err;
		if (created) {
			p.mount = w->at.mount;
			p.dentry = d;
			err = file_open_path(&p, flags, out);
			dentry_put(d);
			return err;
		}
		if (flags & O_EXCL) {
			dentry_put(d);
			return -EEXIST;
		}
		if (!S_ISLNK(d->inode->mode) || atomic_load(&d->mounts)) {
			struct mount *before = w->at.mount;

			dentry_put(w->at.dentry);
			w->at.dentry = d;
			mount_cross(&w->at);
			if ((w->resolve & RESOLVE_NO_XDEV) && w->at.mount != before)
				return -EXDEV;
			break;
		}
		err = flags & O_NOFOLLOW ? -ELOOP : walk_follow(w, d);
		dentry_put(d);
		if (err)
			return err;
	}
	if (flags & O_EXCL)
		return -EEXIST;
	/* Where the walk ended: the file itself, or ".", "..", "/", the target of a jump. */
	if (w->type != WALK_NAME && w->type != WALK_HERE)
		return -EISDIR;
	if (S_ISDIR(w->at.dentry->inode->mode))
		return -EISDIR;
	if (w->slash)
		return -ENOTDIR;
	return open_found(&w->at, flags, out);
}

static int tmpfile_create(const struct path *dir, uint32_t mode, uint32_t flags, struct path *out)
{
	struct inode *inode, *d = dir->dentry->inode;
	char name[24];
	uint32_t gid;
	int err, n;

	err = path_want_write(dir);
	if (!err)
		err = inode_permission(d, W_OK | X_OK);
	if (!err && !d->ops->tmpfile)
		err = -EOPNOTSUPP;
	if (err)
		return err;
	mode = S_IFREG | apply_umask(mode & 07777);
	lock_acquire(&d->lock);
	gid = new_gid(d, &mode);
	err = d->dead ? -ENOENT : d->ops->tmpfile(d, mode, cred_self()->fsuid, gid, &inode);
	lock_release(&d->lock);
	if (err)
		return err;
	inode->linkable = !(flags & O_EXCL);
	n = kformat(name, sizeof(name), "#%llu", (unsigned long long)inode->ino);
	out->mount = dir->mount;
	out->dentry = dentry_new(dir->dentry, name, (size_t)n, d->super, inode);
	if (!out->dentry)
		return -ENOMEM;
	out->dentry->unhashed = true;
	return 0;
}

static int open_tmpfile(int dirfd, const char *name, uint32_t flags, uint32_t mode,
	uint32_t resolve, struct file **out)
{
	struct path dir, p;
	int err;

	if ((flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	err = path_lookup(dirfd, name,
		LOOKUP_FOLLOW | LOOKUP_DIRECTORY | resolve << LOOKUP_RESOLVE_SHIFT, &dir);
	if (err)
		return err;
	err = tmpfile_create(&dir, mode, flags, &p);
	if (!err) {
		err = file_open_path(&p, flags, out);
		dentry_put(p.dentry);
	}
	path_put(&dir);
	return err;
}

/* ---- open ---- */

static int open_resolve(int dirfd, const char *name, uint32_t flags, uint32_t mode,
	uint32_t resolve, struct file **out)
{
	struct path p;
	struct walk w;
	uint32_t lookup;
	int err;

	if (flags & O_PATH)
		flags &= PATH_FLAGS;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (flags & TMPFILE_BIT)
		return flags & O_DIRECTORY ? open_tmpfile(dirfd, name, flags, mode, resolve, out)
					   : -EINVAL;
	if (flags & O_CREAT) {
		if (flags & O_DIRECTORY)
			return -EINVAL;
		err = walk_start_resolve(&w, dirfd, name, resolve);
		if (!err)
			err = open_creating(&w, flags, mode, out);
		walk_end(&w);
		return err;
	}
	lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | resolve << LOOKUP_RESOLVE_SHIFT;
	err = path_lookup(dirfd, name, lookup, &p);
	if (err)
		return err;
	err = open_found(&p, flags, out);
	path_put(&p);
	return err;
}

int file_open_at(int dirfd, const char *name, uint32_t flags, uint32_t mode, struct file **out)
{
	return open_resolve(dirfd, name, flags, mode, 0, out);
}

int file_open(const char *name, uint32_t flags, struct file **out)
{
	return file_open_at(AT_FDCWD, name, flags & ~(uint32_t)O_CREAT, 0, out);
}

static int open_fd(int dirfd, uaddr_t path, uint32_t flags, uint32_t mode, uint32_t resolve)
{
	struct upath u;
	struct file *f;
	int fd, err;

	err = upath_get(&u, path);
	if (err)
		return err;
	fd = fd_reserve(0, flags);
	if (fd >= 0) {
		err = open_resolve(dirfd, u.s, flags, mode, resolve, &f);
		if (err) {
			fd_unreserve(fd);
			fd = err;
		} else {
			fd_install(fd, f);
		}
	}
	upath_put(&u);
	return fd;
}

int sys_openat(int32_t dirfd, uaddr_t path, uint32_t flags, uint32_t mode)
{
	return open_fd(dirfd, path, flags, mode, 0);
}

/* Bytes that an older kernel does not know must be zero. */
static int copyin_how(struct abi_open_how *how, uaddr_t user, uint32_t size)
{
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copyin(how, user, sizeof(*how)))
		return -EFAULT;
	for (uint32_t at = sizeof(*how); at < size; at++) {
		char c;

		if (copyin(&c, user + at, 1))
			return -EFAULT;
		if (c)
			return -E2BIG;
	}
	return 0;
}

/*
 * Unlike openat(2) it refuses flags it does not know, and a mode that nothing is made with.
 * -EXDEV, -ELOOP: a step that `resolve` forbids; -EAGAIN: RESOLVE_CACHED, which nothing is sure to
 * be.
 */
int sys_openat2(int32_t dirfd, uaddr_t path, uaddr_t user, uint32_t size)
{
	struct abi_open_how how;
	bool creates;
	int err = copyin_how(&how, user, size);

	if (err)
		return err;
	creates = (how.flags & O_CREAT) || (how.flags & TMPFILE_BIT);
	if ((how.flags & ~(uint64_t)OPENAT2_FLAGS) || (how.resolve & ~(uint64_t)RESOLVE_ALL))
		return -EINVAL;
	if ((how.mode && !creates) || (how.mode & ~(uint64_t)07777))
		return -EINVAL;
	if ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how.flags & O_PATH) && (how.flags & ~(uint64_t)PATH_FLAGS))
		return -EINVAL;
	if (how.resolve & RESOLVE_CACHED)
		return how.flags & (O_TRUNC | O_CREAT | TMPFILE_BIT) ? -EINVAL : -EAGAIN;
	return open_fd(dirfd, path, (uint32_t)how.flags, (uint32_t)how.mode, (uint32_t)how.resolve);
}

/* ---- size ---- */

static int check_length(uint64_t length)
{
	if (length > OFF_MAX)
		return -EINVAL;
	if (length > proc_limit_self(RLIMIT_FSIZE)) {
		(void)signal_send_thread(thread_self(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	return 0;
}

static int truncate_path(const struct path *p, uint64_t length)
{
	struct inode *inode = p->dentry->inode;
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	err = path_want_write(p);
	if (!err)
		err = inode_permission(inode, W_OK);
	if (!err)
		err = truncate_writer(inode, length);
	if (!err)
		notify_dentry(p->dentry, IN_MODIFY);
	return err;
}

int sys_truncate64(uaddr_t path, uint64_t length)
{
	struct path p;
	int err = check_length(length);

	if (err)
		return err;
	err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = truncate_path(&p, length);
	path_put(&p);
	return err;
}

int sys_ftruncate64(int32_t fd, uint64_t length)
{
	struct fdref r;
	int err = check_length(length);

	if (err)
		return err;
	if (!fdref_get(&r, fd))
		return -EBADF;
	if (!r.file->inode || !S_ISREG(r.file->inode->mode) || !file_writable(r.file))
		err = -EINVAL;
	else
		err = inode_truncate(r.file->inode, length);
	if (!err)
		notify_file(r.file, IN_MODIFY);
	fdref_put(&r);
	return err;
}

static int do_fallocate(struct file *f, uint32_t mode, uint64_t off, uint64_t len)
{
	int err;

	if (!file_writable(f))
		return -EBADF;
	if (f->ops->stream)
		return -ESPIPE;
	if (!f->inode || !S_ISREG(f->inode->mode))
		return f->inode && S_ISDIR(f->inode->mode) ? -EISDIR : -ENODEV;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_KEEP_SIZE) && off + len > proc_limit_self(RLIMIT_FSIZE)) {
		(void)signal_send_thread(thread_self(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	err = f->ops->fallocate(f, (int)mode, off, len);
	if (err)
		return err;
	atomic_add(&f->inode->write_gen, 1u);
	notify_file(f, IN_MODIFY);
	return 0;
}

int sys_fallocate(int32_t fd, uint32_t mode, uint64_t offset, uint64_t length)
{
	struct fdref r;
	int err;

	if (offset > OFF_MAX || length > OFF_MAX || length == 0)
		return -EINVAL;
	if (offset + length > OFF_MAX)
		return -EFBIG;
	if (mode & ~(uint32_t)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_PUNCH_HOLE) && !(mode & FALLOC_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!fdref_get(&r, fd))
		return -EBADF;
	err = do_fallocate(r.file, mode, offset, length);
	fdref_put(&r);
	return err;
}

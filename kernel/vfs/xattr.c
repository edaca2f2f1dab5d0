/*
 * xattr.c - extended attributes: the twelve calls that read, set, list and remove them.
 * Spec: xattr(7), getxattr(2) and its kin of Linux. user.* follows the permission bits of regular
 * files and directories, trusted.* is root's, security.* may be read by all; there are no ACLs.
 * Locks: inode.lock around the file system's op.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "fs/xattrs.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define XATTR_NAME_MAX 255
#define XATTR_LIST_MAX 65536u

/* The file a call is about: an open one, or a path. */
struct subject {
	struct file *file; /* referenced, or NULL */
	struct path path;  /* referenced unless file */
	struct inode *inode;
};

static int subject_path(struct subject *s, uaddr_t path, uint32_t flags)
{
	int err = path_lookup_user(AT_FDCWD, path, flags, &s->path);

	s->file = NULL;
	if (!err)
		s->inode = s->path.dentry->inode;
	return err;
}

static int subject_fd(struct subject *s, int32_t fd)
{
	s->file = fd_get(fd);
	if (!s->file)
		return -EBADF;
	s->path = s->file->path;
	s->inode = s->file->inode;
	return 0;
}

static void subject_put(struct subject *s)
{
	if (s->file)
		file_put(s->file);
	else
		path_put(&s->path);
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int get_name(char name[XATTR_NAME_MAX + 1], uaddr_t user)
{
	ssize_t n = copyin_str(name, user, XATTR_NAME_MAX + 1);

	if (n == -ENAMETOOLONG || n == 0)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

/* May the caller read (R_OK) or change (W_OK) this attribute? */
static int may_access(const struct subject *s, const char *name, uint32_t mask)
{
	struct inode *inode = s->inode;
	bool write = mask & W_OK;
	int err;

	if (write) {
		err = path_want_write(&s->path);
		if (err)
			return err;
	}
	if (starts_with(name, "security."))
		return write && !cred_is_root(cred_self()) ? -EPERM : 0;
	if (starts_with(name, "trusted."))
		return cred_is_root(cred_self()) ? 0 : write ? -EPERM : -ENODATA;
	if (!starts_with(name, "user."))
		return -EOPNOTSUPP;
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return write ? -EPERM : -ENODATA;
	if (S_ISDIR(inode->mode) && (inode->mode & S_ISVTX) && write && !inode_owner_or_root(inode))
		return -EPERM;
	return inode_permission(inode, mask);
}

/* Prefixes alone name nothing. */
static bool is_bare_prefix(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && !dot[1];
}

/* ---- set ---- */

static int set_value(
	struct subject *s, const char *name, const void *value, uint32_t size, int flags)
{
	struct inode *inode = s->inode;
	int err = may_access(s, name, W_OK);

	if (err)
		return err;
	if (is_bare_prefix(name))
		return -EINVAL;
	if (!inode->ops || !inode->ops->setxattr)
		return -EOPNOTSUPP;
	lock_acquire(&inode->lock);
	err = inode->ops->setxattr(inode, name, value, size, flags);
	lock_release(&inode->lock);
	if (!err)
		notify_dentry(s->path.dentry, IN_ATTRIB);
	return err;
}

static int do_set(struct subject *s, uaddr_t uname, uaddr_t uvalue, uint32_t size, uint32_t flags)
{
	char name[XATTR_NAME_MAX + 1];
	void *value = NULL;
	int err;

	if (flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = get_name(name, uname);
	if (err)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size > 0) {
		value = kmalloc(size);
		if (!value)
			return -ENOMEM;
		err = copyin(value, uvalue, size);
	}
	if (!err)
		err = s->inode ? set_value(s, name, value, size, (int)flags) : -EOPNOTSUPP;
	kfree(value);
	return err;
}

/*
 * -ERANGE: an empty or too long name; -E2BIG; -EOPNOTSUPP: namespace or file system without;
 * -EEXIST, -ENODATA: by XATTR_CREATE, XATTR_REPLACE; -EPERM, -EACCES, -EROFS, -ENOSPC; path errors.
 */
int sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, uint32_t size, uint32_t flags)
{
	struct subject s;
	int err = subject_path(&s, path, LOOKUP_FOLLOW);

	if (err)
		return err;
	err = do_set(&s, name, value, size, flags);
	subject_put(&s);
	return err;
}

int sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, uint32_t size, uint32_t flags)
{
	struct subject s;
	int err = subject_path(&s, path, 0);

	if (err)
		return err;
	err = do_set(&s, name, value, size, flags);
	subject_put(&s);
	return err;
}

int sys_fsetxattr(int32_t fd, uaddr_t name, uaddr_t value, uint32_t size, uint32_t flags)
{
	struct subject s;
	int err = subject_fd(&s, fd);

	if (err)
		return err;
	err = do_set(&s, name, value, size, flags);
	subject_put(&s);
	return err;
}

/* ---- get ---- */

static ssize_t get_value(struct subject *s, const char *name, void *value, uint32_t size)
{
	struct inode *inode = s->inode;
	ssize_t n = may_access(s, name, R_OK);

	if (n)
		return n;
	if (is_bare_prefix(name))
		return -EINVAL;
	if (!inode->ops || !inode->ops->getxattr)
		return -EOPNOTSUPP;
	lock_acquire(&inode->lock);
	n = inode->ops->getxattr(inode, name, value, size);
	lock_release(&inode->lock);
	return n;
}

static int do_get(struct subject *s, uaddr_t uname, uaddr_t uvalue, uint32_t size)
{
	char name[XATTR_NAME_MAX + 1];
	void *value = NULL;
	ssize_t n = get_name(name, uname);

	if (n)
		return (int)n;
	if (!s->inode)
		return -EOPNOTSUPP;
	size = MIN(size, XATTR_SIZE_MAX);
	if (size > 0) {
		value = kmalloc(size);
		if (!value)
			return -ENOMEM;
	}
	n = get_value(s, name, value, size);
	if (n > 0 && size > 0 && copyout(uvalue, value, (size_t)n))
		n = -EFAULT;
	kfree(value);
	return (int)n;
}

/* Returns the value's length, which alone is told for size 0; -ERANGE: it does not fit; -ENODATA.
 */
int sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, uint32_t size)
{
	struct subject s;
	int n = subject_path(&s, path, LOOKUP_FOLLOW);

	if (n)
		return n;
	n = do_get(&s, name, value, size);
	subject_put(&s);
	return n;
}

int sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, uint32_t size)
{
	struct subject s;
	int n = subject_path(&s, path, 0);

	if (n)
		return n;
	n = do_get(&s, name, value, size);
	subject_put(&s);
	return n;
}

int sys_fgetxattr(int32_t fd, uaddr_t name, uaddr_t value, uint32_t size)
{
	struct subject s;
	int n = subject_fd(&s, fd);

	if (n)
		return n;
	n = do_get(&s, name, value, size);
	subject_put(&s);
	return n;
}

/* ---- list ---- */

/* trusted.* is not shown to those who may not read it. Returns what is left. */
static size_t hide_trusted(char *list, size_t len)
{
	size_t out = 0;

	for (size_t at = 0; at < len;) {
		size_t n = strlen(list + at) + 1;

		if (!starts_with(list + at, "trusted.")) {
			memmove(list + out, list + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

static ssize_t list_all(struct inode *inode, char *list)
{
	ssize_t n;

	if (!inode->ops || !inode->ops->listxattr)
		return 0;
	lock_acquire(&inode->lock);
	n = inode->ops->listxattr(inode, list, XATTR_LIST_MAX);
	lock_release(&inode->lock);
	if (n > 0 && !cred_is_root(cred_self()))
		n = (ssize_t)hide_trusted(list, (size_t)n);
	return n == -ERANGE ? -E2BIG : n;
}

static int do_list(struct subject *s, uaddr_t out, uint32_t size)
{
	char *list;
	ssize_t n;

	if (!s->inode)
		return 0;
	list = kmalloc(XATTR_LIST_MAX);
	if (!list)
		return -ENOMEM;
	n = list_all(s->inode, list);
	if (n > 0 && size > 0) {
		if ((size_t)n > size)
			n = -ERANGE;
		else if (copyout(out, list, (size_t)n))
			n = -EFAULT;
	}
	kfree(list);
	return (int)n;
}

/* Names, each with its zero. Returns their length; -ERANGE: they do not fit; -E2BIG. */
int sys_listxattr(uaddr_t path, uaddr_t list, uint32_t size)
{
	struct subject s;
	int n = subject_path(&s, path, LOOKUP_FOLLOW);

	if (n)
		return n;
	n = do_list(&s, list, size);
	subject_put(&s);
	return n;
}

int sys_llistxattr(uaddr_t path, uaddr_t list, uint32_t size)
{
	struct subject s;
	int n = subject_path(&s, path, 0);

	if (n)
		return n;
	n = do_list(&s, list, size);
	subject_put(&s);
	return n;
}

int sys_flistxattr(int32_t fd, uaddr_t list, uint32_t size)
{
	struct subject s;
	int n = subject_fd(&s, fd);

	if (n)
		return n;
	n = do_list(&s, list, size);
	subject_put(&s);
	return n;
}

/* ---- remove ---- */

static int do_remove(struct subject *s, uaddr_t uname)
{
	char name[XATTR_NAME_MAX + 1];
	struct inode *inode = s->inode;
	int err = get_name(name, uname);

	if (err)
		return err;
	if (!inode)
		return -EOPNOTSUPP;
	err = may_access(s, name, W_OK);
	if (err)
		return err;
	if (is_bare_prefix(name))
		return -EINVAL;
	if (!inode->ops || !inode->ops->removexattr)
		return -EOPNOTSUPP;
	lock_acquire(&inode->lock);
	err = inode->ops->removexattr(inode, name);
	lock_release(&inode->lock);
	if (!err)
		notify_dentry(s->path.dentry, IN_ATTRIB);
	return err;
}

int sys_removexattr(uaddr_t path, uaddr_t name)
{
	struct subject s;
	int err = subject_path(&s, path, LOOKUP_FOLLOW);

	if (err)
		return err;
	err = do_remove(&s, name);
	subject_put(&s);
	return err;
}

int sys_lremovexattr(uaddr_t path, uaddr_t name)
{
	struct subject s;
	int err = subject_path(&s, path, 0);

	if (err)
		return err;
	err = do_remove(&s, name);
	subject_put(&s);
	return err;
}

int sys_fremovexattr(int32_t fd, uaddr_t name)
{
	struct subject s;
	int err = subject_fd(&s, fd);

	if (err)
		return err;
	err = do_remove(&s, name);
	subject_put(&s);
	return err;
}

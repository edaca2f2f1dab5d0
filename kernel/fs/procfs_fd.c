/*
 * procfs_fd.c - /proc/<pid>/fd and fdinfo: the descriptors of a process.
 * Spec: proc(5) of Linux. Opening a descriptor's link opens its file anew; what has no name (a
 * pipe, a socket) is opened as one more handle on the same open file, so `cat /dev/stdin` works in
 * a pipe.
 * Locks: the table's, inside fdtable_next().
 */
#include "fs/procfs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "vfs/internal.h"

/* The process's table, referenced; NULL once it has ended. */
static struct fdtable *table_of(struct proc *p)
{
	struct fdtable *t;

	lock_acquire(&p->lock);
	t = p->files;
	if (t)
		fdtable_get(t);
	lock_release(&p->lock);
	return t;
}

/* Descriptor fd or the next one, referenced. Returns its number, -1: none. */
static int next_fd(struct proc *p, int fd, struct file **out)
{
	struct fdtable *t = table_of(p);
	uint32_t flags;
	int found;

	if (!t)
		return -1;
	found = fdtable_next(t, fd, out, &flags);
	fdtable_put(t);
	return found;
}

static struct file *file_of(struct proc_node *n)
{
	struct file *f;
	int found = next_fd(n->proc, (int)n->fd, &f);

	if (found < 0)
		return NULL;
	if (found == (int)n->fd)
		return f;
	file_put(f);
	return NULL;
}

/* ---- a file without a name, opened again ---- */

static ssize_t alias_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct file *f = file->priv;

	return f->ops->read ? f->ops->read(f, b, pos) : -EINVAL;
}

static ssize_t alias_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct file *f = file->priv;

	return f->ops->write ? f->ops->write(f, b, pos) : -EINVAL;
}

static uint32_t alias_poll(struct file *file, struct poll_table *pt)
{
	return file_poll(file->priv, pt);
}

static int alias_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct file *f = file->priv;

	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

static void alias_release(struct file *file)
{
	file_put(file->priv);
}

static const struct file_ops alias_ops = {
	.read = alias_read,
	.write = alias_write,
	.poll = alias_poll,
	.ioctl = alias_ioctl,
	.release = alias_release,
	.stream = true,
};

static int alias_open(struct inode *inode, struct file *file)
{
	struct file *f = file_of(proc_node(inode));

	if (!f)
		return -ENOENT;
	/* A socket is no file to be opened. */
	if (f->anon_name && strcmp(f->anon_name, "socket:") == 0) {
		file_put(f);
		return -ENXIO;
	}
	if ((file_readable(file) && !file_readable(f)) ||
		(file_writable(file) && !file_writable(f))) {
		file_put(f);
		return -EACCES;
	}
	file->priv = f;
	file->ops = &alias_ops;
	return 0;
}

static void alias_getattr(struct inode *inode, struct kstat *out)
{
	(void)inode;
	out->mode = S_IFIFO | 0600;
}

static const struct file_ops alias_fops = {.open = alias_open, .stream = true};
static const struct inode_ops alias_inode_ops = {.getattr = alias_getattr};
/* No type bits: neither a device nor a FIFO of its own, its fops decide. */
static const struct proc_entry alias_entry = {
	.name = "anon", .mode = 0600, .ops = &alias_inode_ops, .fops = &alias_fops};

static int anon_text(const struct file *f, char *buf, size_t size)
{
	const char *name = f->anon_name ? f->anon_name : "anon_inode:";
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == ':')
		return kformat(buf, size, "%s[%llu]", name, (unsigned long long)f->anon_ino);
	return kformat(buf, size, "%s", name);
}

/* A place that is in no directory: walking there gives the alias. */
static int alias_path(struct inode *link, const struct file *f, struct path *out)
{
	struct proc_node *n = proc_node(link);
	struct inode *inode;
	struct dentry *d;
	char name[64];
	int len = anon_text(f, name, sizeof(name));

	inode = proc_inode(link->super, &alias_entry, f->anon_ino, n->proc, 0, n->fd);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	d = dentry_new(
		link->super->root, name, MIN((size_t)len, sizeof(name) - 1), link->super, inode);
	if (!d)
		return -ENOMEM;
	d->unhashed = true;
	mount_root_path(out);
	dentry_put(out->dentry);
	out->dentry = d;
	return 0;
}

/* ---- links ---- */

static int fd_jump(struct inode *inode, struct path *out)
{
	struct proc_node *n = proc_node(inode);
	int err = proc_private_check(n->proc);
	struct file *f = err ? NULL : file_of(n);

	if (!f)
		return err ? err : -ENOENT;
	if (f->path.dentry) {
		path_get(&f->path);
		*out = f->path;
	} else {
		err = alias_path(inode, f, out);
	}
	file_put(f);
	return err;
}

static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size)
{
	struct proc_node *n = proc_node(inode);
	int err = proc_private_check(n->proc);
	struct file *f = err ? NULL : file_of(n);
	ssize_t len;

	if (!f)
		return err ? err : -ENOENT;
	if (f->path.dentry) {
		len = path_text(&f->path, buf, size);
	} else {
		char name[64];

		len = MIN((ssize_t)anon_text(f, name, sizeof(name)), (ssize_t)sizeof(name) - 1);
		len = MIN(len, (ssize_t)size);
		memcpy(buf, name, (size_t)len);
	}
	file_put(f);
	return len == -ERANGE ? -ENAMETOOLONG : len;
}

static const struct inode_ops fd_link_ops = {.jump = fd_jump, .readlink = fd_readlink};
static const struct proc_entry fd_link_entry = {
	.name = "fd", .mode = S_IFLNK | 0700, .ops = &fd_link_ops, .private = true};

static int fdinfo_text(struct proc_text *t, struct proc_node *n)
{
	struct file *f = file_of(n);

	if (!f)
		return -ENOENT;
	text_add(t, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		(unsigned long long)atomic_load(&f->pos), atomic_load(&f->flags),
		f->path.mount ? f->path.mount->id : 0,
		(unsigned long long)(f->inode ? f->inode->ino : f->anon_ino));
	if (f->ops && f->ops->fdinfo)
		f->ops->fdinfo(f, t);
	file_put(f);
	return 0;
}
static const struct proc_entry fdinfo_entry = PROC_PRIVATE("fdinfo", 0400, fdinfo_text);

/* ---- the directories ---- */

static int lookup(struct inode *dir, const struct proc_entry *entry, const char *name, size_t len,
	struct inode **out)
{
	struct proc_node *n = proc_node(dir);
	uint32_t fd;
	struct file *f;
	int found;

	if (!proc_number(name, len, &fd) || fd > INT32_MAX)
		return -ENOENT;
	found = next_fd(n->proc, (int)fd, &f);
	if (found < 0)
		return -ENOENT;
	*out = proc_inode(dir->super, entry, (dir->ino << 20) + fd + 1, n->proc, n->tid, fd);
	if (!IS_ERR(*out) && S_ISLNK(entry->mode))
		(*out)->mode =
			S_IFLNK | (file_readable(f) ? 0500u : 0) | (file_writable(f) ? 0300u : 0);
	file_put(f);
	if (IS_ERR(*out))
		return PTR_ERR(*out);
	if (found != (int)fd) {
		inode_put(*out);
		return -ENOENT;
	}
	return 0;
}

static int fd_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	return lookup(dir, &fd_link_entry, name, len, out);
}

static int fdinfo_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	return lookup(dir, &fdinfo_entry, name, len, out);
}

static int fd_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct proc_node *n = proc_node(file->inode);
	uint8_t type = n->entry->ops == &proc_fd_dir_ops ? DT_LNK : DT_REG;
	struct file *f;
	int fd;

	if (!dir_emit_dots(file, pos, emit))
		return 0;
	if (*pos < PROC_DYNAMIC)
		*pos = PROC_DYNAMIC;
	while ((fd = next_fd(n->proc, (int)(*pos - PROC_DYNAMIC), &f)) >= 0) {
		char name[12];
		int len = kformat(name, sizeof(name), "%d", fd);

		file_put(f);
		if (!emit->entry(emit, name, (size_t)len, (n->vfs.ino << 20) + (uint32_t)fd + 1,
			    type, PROC_DYNAMIC + (uint64_t)fd + 1))
			break;
		*pos = PROC_DYNAMIC + (uint64_t)fd + 1;
	}
	return 0;
}

static int fd_permission(struct inode *inode, uint32_t mask)
{
	(void)mask;
	return proc_private_check(proc_node(inode)->proc);
}

const struct inode_ops proc_fd_dir_ops = {.lookup = fd_lookup, .permission = fd_permission};
const struct inode_ops proc_fdinfo_dir_ops = {.lookup = fdinfo_lookup, .permission = fd_permission};
const struct file_ops proc_fd_dir_fops = {.readdir = fd_readdir};

/*
 * fsctx.c - a process's view of files: root, working directory, umask.
 * Spec: POSIX.1-2024 chdir(), getcwd(), umask(); chroot(2) of Linux.
 * Locks: fsctx.lock (RANK_PROC).
 */
#include "vfs/internal.h"
#include "lib/alloc.h"

static struct fsctx *fsctx_self(void)
{
	struct proc *p = proc_self();

	return p ? p->fs : NULL;
}

/* Referenced; kernel threads and early boot have the root of all. */
static void fsctx_place(bool cwd, struct path *out)
{
	struct fsctx *fs = fsctx_self();

	if (!fs) {
		mount_root_path(out);
		return;
	}
	lock_acquire(&fs->lock);
	*out = cwd ? fs->cwd : fs->root;
	path_get(out);
	lock_release(&fs->lock);
}

void fsctx_root(struct path *out)
{
	fsctx_place(false, out);
}

void fsctx_cwd(struct path *out)
{
	fsctx_place(true, out);
}

/* Root and working directory at `root`. NULL: no memory. */
struct fsctx *fsctx_new(const struct path *root)
{
	struct fsctx *f = kzalloc(sizeof(*f));

	if (!f)
		return NULL;
	ref_init(&f->refs, 1);
	lock_init(&f->lock, RANK_PROC);
	f->root = f->cwd = *root;
	path_get(&f->root);
	path_get(&f->cwd);
	f->umask = 022;
	return f;
}

/* fork: the same places. NULL: no memory. */
struct fsctx *fsctx_copy(struct fsctx *from)
{
	struct fsctx *f = kzalloc(sizeof(*f));

	if (!f)
		return NULL;
	ref_init(&f->refs, 1);
	lock_init(&f->lock, RANK_PROC);
	lock_acquire(&from->lock);
	f->root = from->root;
	f->cwd = from->cwd;
	f->umask = from->umask;
	path_get(&f->root);
	path_get(&f->cwd);
	lock_release(&from->lock);
	return f;
}

void fsctx_put(struct fsctx *f)
{
	if (!f || !ref_put(&f->refs))
		return;
	path_put(&f->root);
	path_put(&f->cwd);
	kfree(f);
}

static void fsctx_replace(struct fsctx *f, struct path *which, const struct path *with)
{
	struct path old;

	path_get(with);
	lock_acquire(&f->lock);
	old = *which;
	*which = *with;
	lock_release(&f->lock);
	path_put(&old);
}

void fsctx_set_cwd(struct fsctx *f, const struct path *cwd)
{
	fsctx_replace(f, &f->cwd, cwd);
}

/* ---- system calls ---- */

int sys_getcwd(uaddr_t buf, uint32_t size)
{
	struct path cwd;
	char *text;
	int n;

	text = kmalloc(PATH_MAX);
	if (!text)
		return -ENOMEM;
	fsctx_cwd(&cwd);
	n = -ENOENT;
	if (!atomic_load(&cwd.dentry->unhashed))
		n = path_text(&cwd, text, PATH_MAX);
	path_put(&cwd);
	if (n == -ERANGE)
		n = -ENAMETOOLONG;
	if (n >= 0 && (uint32_t)n >= size)
		n = -ERANGE;
	if (n >= 0) {
		int err = copyout(buf, text, (size_t)n + 1);

		n = err ? err : n + 1;
	}
	kfree(text);
	return n;
}

static int set_cwd(const struct path *p)
{
	int err;

	if (!p->dentry || !S_ISDIR(p->dentry->inode->mode))
		return -ENOTDIR;
	err = inode_permission(p->dentry->inode, X_OK);
	if (!err)
		fsctx_set_cwd(fsctx_self(), p);
	return err;
}

int path_chdir(const char *name)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = set_cwd(&p);
	path_put(&p);
	return err;
}

int path_fchdir(int fd)
{
	struct file *f = fd_get_path(fd);
	int err;

	if (!f)
		return -EBADF;
	err = set_cwd(&f->path);
	file_put(f);
	return err;
}

int sys_chdir(uaddr_t path)
{
	struct upath u;
	int err = upath_get(&u, path);

	if (err)
		return err;
	err = path_chdir(u.s);
	upath_put(&u);
	return err;
}

int sys_fchdir(int32_t fd)
{
	return path_fchdir(fd);
}

int sys_chroot(uaddr_t path)
{
	struct fsctx *fs = fsctx_self();
	struct path p;
	int err = path_lookup_user(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(p.dentry->inode, X_OK);
	if (!err && !cred_is_root(cred_self()))
		err = -EPERM;
	if (!err)
		fsctx_replace(fs, &fs->root, &p);
	path_put(&p);
	return err;
}

int sys_umask(uint32_t mask)
{
	struct fsctx *fs = fsctx_self();
	uint32_t old;

	lock_acquire(&fs->lock);
	old = fs->umask;
	fs->umask = mask & 0777;
	lock_release(&fs->lock);
	return (int)old;
}

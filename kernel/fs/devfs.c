/*
 * devfs.c - /dev: a tmpfs that the kernel fills from the device table (dev/dev.c).
 * Spec: devtmpfs of Linux: one tree however often it is mounted; users may add names, links and
 * mount points, change owners and modes, as in any tmpfs.
 * Locks: devfs_lock guards the making of the one tree; then its directories' own.
 */
#include "dev/dev.h"
#include "fs/fs.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

static struct lock devfs_lock = LOCK_INIT(RANK_RENAME); /* sleepable: tmpfs allocates */
static struct super *devfs_super; /* [devfs_lock] to set, [a] to read; never goes */

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

static int make_node(struct inode *dir, const char *name, uint32_t mode, uint32_t rdev,
	uint32_t uid, uint32_t gid)
{
	struct inode *inode;
	int err;

	lock_acquire(&dir->lock);
	err = dir->ops->create(dir, name, strlen(name), mode, rdev, uid, gid, &inode);
	lock_release(&dir->lock);
	if (!err)
		inode_put(inode);
	return err;
}

static int make_link(struct inode *dir, const char *name, const char *target)
{
	struct inode *inode;
	int err;

	lock_acquire(&dir->lock);
	err = dir->ops->symlink(dir, name, strlen(name), target, 0, 0, &inode);
	lock_release(&dir->lock);
	if (!err)
		inode_put(inode);
	return err;
}

/* A node of the table: in the root, or, as "input/event0", in a directory there. */
static int make_below(struct inode *root, char *name, uint32_t mode, uint32_t rdev)
{
	char *slash = strrchr(name, '/');
	struct inode *dir;
	int err;

	if (!slash)
		return make_node(root, name, mode, rdev, 0, 0);
	lock_acquire(&root->lock);
	err = root->ops->lookup(root, name, (size_t)(slash - name), &dir);
	lock_release(&root->lock);
	if (err)
		return err;
	err = make_node(dir, slash + 1, mode, rdev, 0, 0);
	inode_put(dir);
	return err;
}

static int make_entry(struct inode *root, const struct dev_entry *d)
{
	char name[32];
	int err = 0;

	if (!d->name)
		return 0;
	for (uint32_t i = 0; i < d->count && !err; i++) {
		uint32_t rdev = MKDEV(d->major, d->minor + i);

		if (d->count > 1)
			kformat(name, sizeof(name), "%s%u", d->name, d->minor + i);
		else
			str_copy(name, d->name, sizeof(name));
		err = make_below(root, name, S_IFCHR | d->mode, rdev);
	}
	return err;
}

static int fill(struct inode *root)
{
	int err = make_node(root, "pts", S_IFDIR | 0755, 0, 0, 0);

	if (!err)
		err = make_node(root, "input", S_IFDIR | 0755, 0, 0, 0);
	if (!err)
		err = make_node(root, "shm", S_IFDIR | S_ISVTX | 0777, 0, 0, 0);
	for (uint32_t i = 0; i < ARRAY_LEN(links) && !err; i++)
		err = make_link(root, links[i].name, links[i].target);
	for (uint32_t i = 0; i < dev_table_len && !err; i++)
		err = make_entry(root, &dev_table[i]);
	return err;
}

/* The one tree, made at first use. NULL: no memory. */
static struct super *devfs_get(void)
{
	struct super *super = atomic_load(&devfs_super);
	int err;

	if (super)
		return super;
	lock_acquire(&devfs_lock);
	super = devfs_super;
	if (!super && tmpfs_type.mount("devtmpfs", 0, "mode=755", &super) == 0) {
		/* Nodes come and go behind the name cache. */
		super->no_dcache = true;
		super->type = &devfs_type;
		err = fill(super->root_inode);
		if (err) {
			klog(KLOG_ERROR, "devfs: cannot fill /dev: error %d", -err);
			super_put(super);
			super = NULL;
		}
		atomic_store(&devfs_super, super);
	}
	lock_release(&devfs_lock);
	return super;
}

/* "pts/3" -> the directory, referenced, and the name in it. */
static int find_dir(const char *name, struct inode **dir, const char **last)
{
	struct super *super = devfs_get();
	const char *slash = strrchr(name, '/');
	struct inode *root;
	int err;

	if (!super)
		return -ENOMEM;
	root = super->root_inode;
	*last = slash ? slash + 1 : name;
	if (!slash) {
		inode_get(root);
		*dir = root;
		return 0;
	}
	lock_acquire(&root->lock);
	err = root->ops->lookup(root, name, (size_t)(slash - name), dir);
	lock_release(&root->lock);
	if (!err && !S_ISDIR((*dir)->mode)) {
		inode_put(*dir);
		err = -ENOTDIR;
	}
	return err;
}

static bool is_device(struct inode *dir, const char *name, uint32_t rdev)
{
	struct inode *inode;
	bool same;

	lock_acquire(&dir->lock);
	same = dir->ops->lookup(dir, name, strlen(name), &inode) == 0;
	lock_release(&dir->lock);
	if (!same)
		return false;
	same = S_ISCHR(inode->mode) && inode->rdev == rdev;
	inode_put(inode);
	return same;
}

int devfs_add_node(const char *name, uint32_t mode, uint32_t rdev)
{
	const struct cred *cred = cred_self();
	const char *last;
	struct inode *dir;
	int err = find_dir(name, &dir, &last);

	if (err)
		return err;
	err = make_node(dir, last, S_IFCHR | mode, rdev, cred->fsuid, cred->fsgid);
	if (err == -EEXIST && is_device(dir, last, rdev))
		err = 0;
	inode_put(dir);
	return err;
}

void devfs_remove_node(const char *name)
{
	const char *last;
	struct inode *dir, *victim;

	if (find_dir(name, &dir, &last))
		return;
	lock_acquire(&dir->lock);
	/* Somebody may have removed it, or put something else in its place. */
	if (dir->ops->lookup(dir, last, strlen(last), &victim) == 0) {
		if (S_ISCHR(victim->mode))
			(void)dir->ops->unlink(dir, last, strlen(last), victim);
		inode_put(victim);
	}
	lock_release(&dir->lock);
	inode_put(dir);
}

static int devfs_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	struct super *super = devfs_get();

	(void)source, (void)flags, (void)options;
	if (!super)
		return -ENOMEM;
	super_get(super);
	*out = super;
	return 0;
}

const struct fs_type devfs_type = {.name = "devtmpfs", .mount = devfs_mount, .nodev = true};

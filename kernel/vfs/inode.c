/*
 * inode.c - inodes and super blocks: life, permission, attributes, write exclusion.
 * Spec: POSIX.1-2024 4.7 File Access Permissions; chmod(2), chown(2) set-id rules as in Linux.
 * Locks: inode.lock for attributes. mode, uid and gid are also read without it, atomically:
 * a permission check that races with chmod may see either.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "ipc/pipe.h"
#include "dev/dev.h"

static uint32_t next_dev; /* [a] minor of the last super's device number */

void inode_init(struct inode *inode, struct super *super, const struct inode_ops *ops,
	const struct file_ops *fops, uint64_t ino, uint32_t mode)
{
	bool dir = S_ISDIR(mode);

	ref_init(&inode->refs, 1);
	if (super->stacked)
		lock_init(&inode->lock, dir ? RANK_OVERLAY_DIR : RANK_OVERLAY);
	else
		lock_init(&inode->lock, dir ? RANK_INODE_DIR : RANK_INODE);
	inode->super = super;
	inode->ops = ops;
	inode->fops = fops;
	inode->ino = ino;
	inode->mode = mode;
	inode->nlink = 1;
	inode->atime = inode->mtime = inode->ctime = inode->btime = ktime_now();
	list_init(&inode->flocks);
	list_init(&inode->watches);
	inode->watch_mask = 0;
	list_init(&inode->cache_link);
}

void inode_get(struct inode *inode)
{
	ref_get(&inode->refs);
}

/* Drop a reference; the last one frees the inode through its file system. May sleep then. */
void inode_put(struct inode *inode)
{
	if (inode && ref_put(&inode->refs))
		inode->super->ops->evict(inode);
}

/* ---- permission ---- */

static uint32_t mode_bits_for(const struct cred *cred, struct inode *inode, uint32_t mode)
{
	if (cred->fsuid == atomic_load(&inode->uid))
		return mode >> 6 & 7;
	if (cred_in_group(cred, atomic_load(&inode->gid)))
		return mode >> 3 & 7;
	return mode & 7;
}

/* As inode_permission, for given credentials (faccessat uses the real ids). */
int inode_permission_cred(const struct cred *cred, struct inode *inode, uint32_t mask)
{
	uint32_t mode = atomic_load(&inode->mode);
	uint32_t bits;

	if ((mask & W_OK) && (inode->super->flags & MS_RDONLY) &&
		(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return -EROFS;
	if (cred->fsuid == 0)
		/* Root may do anything but run what nobody may run. */
		bits = R_OK | W_OK | (S_ISDIR(mode) || (mode & 0111) ? X_OK : 0);
	else
		bits = mode_bits_for(cred, inode, mode);
	if (mask & ~bits & 7)
		return -EACCES;
	if (inode->ops && inode->ops->permission)
		return inode->ops->permission(inode, mask);
	return 0;
}

int inode_permission(struct inode *inode, uint32_t mask)
{
	return inode_permission_cred(cred_self(), inode, mask);
}

bool inode_owner_or_root(struct inode *inode)
{
	const struct cred *cred = cred_self();

	return cred->fsuid == 0 || cred->fsuid == atomic_load(&inode->uid);
}

/* ---- attributes ---- */

/* Fill out from the fields; ops->getattr, where there is one, has the last word. */
void inode_stat(struct inode *inode, struct kstat *out)
{
	*out = (struct kstat){.ino = inode->ino, .dev = inode->super->dev, .rdev = inode->rdev};
	lock_acquire(&inode->lock);
	out->mode = inode->mode;
	out->nlink = inode->nlink;
	out->uid = inode->uid;
	out->gid = inode->gid;
	out->size = inode->size;
	out->atime = inode->atime;
	out->mtime = inode->mtime;
	out->ctime = inode->ctime;
	out->btime = inode->btime;
	lock_release(&inode->lock);
	out->blksize = PAGE_SIZE;
	out->blocks = (out->size + 511) / 512;
	if (inode->ops && inode->ops->getattr)
		inode->ops->getattr(inode, out);
}

void inode_store_attr_locked(struct inode *inode, const struct iattr *attr)
{
	if (attr->valid & ATTR_MODE)
		atomic_store(&inode->mode, (inode->mode & S_IFMT) | (attr->mode & 07777));
	if (attr->valid & ATTR_UID)
		atomic_store(&inode->uid, attr->uid);
	if (attr->valid & ATTR_GID)
		atomic_store(&inode->gid, attr->gid);
	if (attr->valid & ATTR_ATIME)
		inode->atime = attr->atime;
	if (attr->valid & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (attr->valid & ATTR_CTIME)
		inode->ctime = attr->ctime;
}

int inode_setattr_locked(struct inode *inode, const struct iattr *attr)
{
	KASSERT(lock_held(&inode->lock));
	if (inode->ops && inode->ops->setattr)
		return inode->ops->setattr(inode, attr);
	if (inode->super->flags & MS_RDONLY)
		return -EROFS;
	if (attr->valid & ATTR_SIZE)
		return -EINVAL;
	inode_store_attr_locked(inode, attr);
	return 0;
}

int inode_setattr(struct inode *inode, const struct iattr *attr)
{
	int err;

	lock_acquire(&inode->lock);
	err = inode_setattr_locked(inode, attr);
	lock_release(&inode->lock);
	return err;
}

/* Writing or truncating takes set-id bits away unless root does it. */
static bool privs_to_kill(const struct inode *inode)
{
	if (!(inode->mode & (S_ISUID | S_ISGID)) || !S_ISREG(inode->mode))
		return false;
	return cred_self()->fsuid != 0;
}

/* Set-group-id without group execute means mandatory locking of old: it stays. */
static uint32_t mode_without_privs(uint32_t mode)
{
	mode &= ~(uint32_t)S_ISUID;
	if (mode & 010)
		mode &= ~(uint32_t)S_ISGID;
	return mode;
}

/* The size of a regular file. The caller checked permission and holds off programs (ETXTBSY). */
int inode_truncate(struct inode *inode, uint64_t size)
{
	struct iattr attr = {.valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = size};
	int err;

	attr.mtime = attr.ctime = ktime_now();
	lock_acquire(&inode->lock);
	if (privs_to_kill(inode)) {
		attr.valid |= ATTR_MODE;
		attr.mode = mode_without_privs(inode->mode) & 07777;
	}
	err = inode_setattr_locked(inode, &attr);
	lock_release(&inode->lock);
	if (!err)
		atomic_add(&inode->write_gen, 1u);
	return err;
}

/* ---- reading and writing regular files: what every file system does alike ---- */

static bool ktime_before(struct ktime a, struct ktime b)
{
	return a.sec < b.sec || (a.sec == b.sec && a.nsec < b.nsec);
}

/*
 * relatime: the access time moves only when it is not newer than the last change. (Linux also
 * moves it once a day; that would cost a clock call for each read.)
 */
void file_accessed_locked(struct file *file)
{
	struct inode *inode = file->inode;

	if (ktime_before(inode->mtime, inode->atime) && ktime_before(inode->ctime, inode->atime))
		return;
	if (file->flags & O_NOATIME)
		return;
	if (file->path.mount && (atomic_load(&file->path.mount->flags) & (MS_NOATIME | MS_RDONLY)))
		return;
	inode->atime = ktime_now();
}

int file_prepare_write_locked(struct file *file, uint64_t *pos, size_t *len)
{
	struct inode *inode = file->inode;
	uint64_t limit = OFF_MAX;

	if (atomic_load(&file->flags) & O_APPEND)
		*pos = inode->size;
	if (*len == 0)
		return 0;
	if (proc_self()) {
		limit = MIN(limit, proc_limit_self(RLIMIT_FSIZE));
		if (*pos >= limit && limit < OFF_MAX) {
			(void)signal_send_thread(thread_self(), SIGXFSZ, NULL);
			return -EFBIG;
		}
	}
	if (*pos >= limit)
		return -EFBIG;
	if (*len > limit - *pos)
		*len = (size_t)(limit - *pos);
	if (privs_to_kill(inode))
		atomic_store(&inode->mode, mode_without_privs(inode->mode));
	inode->mtime = inode->ctime = ktime_now();
	return 0;
}

/* ---- programs being run exclude writers, and the other way round ---- */

/* Add step to deny_write if it is not on the other side of zero. */
static int deny_step(struct inode *inode, int32_t step)
{
	int32_t n;

	do {
		n = atomic_load(&inode->deny_write);
		if ((step > 0 && n < 0) || (step < 0 && n > 0))
			return -ETXTBSY;
	} while (!atomic_cas(&inode->deny_write, n, n + step));
	return 0;
}

int inode_deny_write(struct inode *inode)
{
	return deny_step(inode, 1);
}

void inode_allow_write(struct inode *inode)
{
	int32_t before = atomic_sub(&inode->deny_write, 1);

	KASSERT(before > 0);
}

int inode_get_write(struct inode *inode)
{
	return deny_step(inode, -1);
}

void inode_put_write(struct inode *inode)
{
	int32_t before = atomic_add(&inode->deny_write, 1);

	KASSERT(before < 0);
}

/* ---- open ---- */

/* Opening a FIFO finds its pipe and may sleep for the other side: ipc/pipe.c. */
static const struct file_ops fifo_ops = {.open = pipe_fifo_open, .stream = true};

int inode_open_ops(struct inode *inode, const struct file_ops **out)
{
	switch (inode->mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		*out = dev_fops(inode->mode, inode->rdev);
		break;
	case S_IFIFO:
		*out = &fifo_ops;
		break;
	case S_IFSOCK:
		*out = NULL;
		break;
	default:
		*out = inode->fops;
	}
	return *out ? 0 : -ENXIO;
}

/* ---- super blocks ---- */

struct super *super_alloc(const struct fs_type *type, const struct super_ops *ops)
{
	struct super *super = kzalloc(sizeof(*super));

	if (!super)
		return NULL;
	ref_init(&super->refs, 1);
	super->type = type;
	super->ops = ops;
	super->dev = MKDEV(0, atomic_add(&next_dev, 1u) + 1);
	lock_init(&super->icache_lock, RANK_ICACHE);
	lock_init(&super->rename_lock, RANK_RENAME);
	return super;
}

int super_set_root(struct super *super, struct inode *root)
{
	super->root = dentry_new(NULL, "", 0, super, root);
	if (!super->root)
		return -ENOMEM;
	super->root_inode = root;
	return 0;
}

void super_get(struct super *super)
{
	ref_get(&super->refs);
}

void super_put(struct super *super)
{
	if (!ref_put(&super->refs))
		return;
	if (super->root) {
		notify_super_gone(super);
		dentry_prune_super(super);
		dentry_put(super->root);
	}
	if (super->ops->destroy)
		super->ops->destroy(super);
	kfree(super);
}

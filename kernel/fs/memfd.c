/*
 * memfd.c - memfd_create(2) and file seals.
 * Spec: memfd_create(2), F_ADD_SEALS and F_GET_SEALS of fcntl(2), as in Linux.
 *
 * A memfd is an unnamed file of a tmpfs that is mounted nowhere; that file system comes into being
 * with the first one and stays.
 * Locks: mount_lock for the file system's pointer; inode.lock for an inode's seals.
 */
#include "fs/fs.h"
#include "fs/tmpfs.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "vfs/internal.h"
#include "mm/plainmap.h"
#include "mm/shared.h"

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_HUGETLB 4u
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u
#define NAME_LIMIT 249 /* with "memfd:" in front, NAME_MAX */
#define SEALS_ALL                                                                                  \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE |          \
		F_SEAL_EXEC)

static struct mount *memfd_mount; /* [MOUNT] */

/* The hidden file system's mount, not referenced: it never goes. NULL: no memory. */
static struct mount *memfd_place(void)
{
	struct super *super;
	struct mount *m, *there;

	lock_acquire(&mount_lock);
	m = memfd_mount;
	lock_release(&mount_lock);
	if (m)
		return m;
	if (tmpfs_type.mount("memfd", 0, "", &super))
		return NULL;
	m = mount_hidden(super);
	if (!m)
		return NULL;
	lock_acquire(&mount_lock);
	there = memfd_mount;
	if (!there)
		memfd_mount = m;
	lock_release(&mount_lock);
	if (!there)
		return m;
	mount_put(m); /* another thread was first */
	return there;
}

static int make_file(const char *name, uint32_t flags, struct file **out)
{
	struct path p = {.mount = memfd_place()};
	struct inode *root, *inode;
	uint32_t mode = flags & MFD_NOEXEC_SEAL ? 0666 : 0777;
	int err;

	if (!p.mount)
		return -ENOMEM;
	root = p.mount->root->inode;
	lock_acquire(&root->lock);
	err = root->ops->tmpfile(
		root, S_IFREG | mode, cred_self()->fsuid, cred_self()->fsgid, &inode);
	lock_release(&root->lock);
	if (err)
		return err;
	inode->seals = F_SEAL_SEAL;
	if (flags & MFD_NOEXEC_SEAL)
		inode->seals = F_SEAL_EXEC;
	else if (flags & MFD_ALLOW_SEALING)
		inode->seals = 0;
	inode->sealable = true;
	p.dentry = dentry_new(p.mount->root, name, strlen(name), p.mount->super, inode);
	if (!p.dentry)
		return -ENOMEM;
	p.dentry->unhashed = true;
	err = file_open_path(&p, O_RDWR | O_LARGEFILE, out);
	dentry_put(p.dentry);
	return err;
}

/* -EINVAL: flags, or a name above 249 bytes; -EFAULT; -EMFILE, -ENOMEM. */
int sys_memfd_create(uaddr_t uname, uint32_t flags)
{
	const char prefix[] = "memfd:";
	char name[sizeof(prefix) + NAME_LIMIT];
	struct file *f;
	ssize_t n;
	int fd, err;

	/* MFD_HUGETLB: no such pages, as on a Linux without them. */
	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL))
		return -EINVAL;
	memcpy(name, prefix, sizeof(prefix));
	n = copyin_str(name + sizeof(prefix) - 1, uname, NAME_LIMIT + 1);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : (int)n;
	fd = fd_reserve(0, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	err = make_file(name, flags, &f);
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, f);
	return fd;
}

/* ---- seals ---- */

int memfd_get_seals(struct file *f)
{
	int seals;

	if (!f->inode || !f->inode->sealable)
		return -EINVAL;
	lock_acquire(&f->inode->lock);
	seals = (int)f->inode->seals;
	lock_release(&f->inode->lock);
	return seals;
}

/* Is it mapped shared? Read-only mappings count, too: the pages do not tell. */
static bool mapped_locked(struct inode *inode)
{
	struct shseg *pages = tmpfs_i(inode)->file.shared;

	return (pages && atomic_load(&pages->refs.count) > 1) || plainmap_of(inode);
}

int memfd_add_seals(struct file *f, uint32_t seals)
{
	struct inode *inode = f->inode;
	int err = 0;

	if (!inode || !inode->sealable || (seals & ~SEALS_ALL))
		return -EINVAL;
	if (!file_writable(f))
		return -EPERM;
	lock_acquire(&inode->lock);
	if (inode->seals & F_SEAL_SEAL)
		err = -EPERM;
	/* Pages that programs map for writing would change all the same. */
	else if ((seals & F_SEAL_WRITE) && !(inode->seals & F_SEAL_WRITE) && mapped_locked(inode))
		err = -EBUSY;
	else
		inode->seals |= seals;
	lock_release(&inode->lock);
	return err;
}

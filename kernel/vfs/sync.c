/*
 * sync.c - storing what was written: sync, syncfs, fsync, fdatasync, sync_file_range; and advice
 * that a machine in memory has little use for: readahead, posix_fadvise.
 * Spec: POSIX.1-2024 fsync(), posix_fadvise(); syncfs(2), sync_file_range(2), readahead(2) of
 * Linux.
 */
#include "vfs/internal.h"

#define SYNC_RANGE_FLAGS 7u
#define FADV_LAST 5u

struct sync_list {
	struct super *supers[64];
	uint32_t n;
};

static void collect_super(struct mount *m, void *arg)
{
	struct sync_list *l = arg;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (l->supers[i] == m->super)
			return;
	if (l->n < ARRAY_LEN(l->supers) && m->super->ops->sync) {
		super_get(m->super);
		l->supers[l->n++] = m->super;
	}
}

int sys_sync(void)
{
	struct sync_list list = {.n = 0};
	uint32_t i;

	mount_for_each(collect_super, &list);
	for (i = 0; i < list.n; i++) {
		(void)list.supers[i]->ops->sync(list.supers[i]); /* sync(2) cannot fail */
		super_put(list.supers[i]);
	}
	return 0;
}

static uint32_t type_of(const struct file *f)
{
	return f->inode ? f->inode->mode & S_IFMT : 0;
}

int file_fsync(struct file *f)
{
	if (f->ops->fsync)
		return f->ops->fsync(f);
	if (type_of(f) != S_IFREG && type_of(f) != S_IFDIR)
		return -EINVAL;
	if (f->inode->super->ops->sync)
		return f->inode->super->ops->sync(f->inode->super);
	return 0; /* lives in memory: as stored as it gets */
}

int sys_fsync(int32_t fd)
{
	struct fdref r;
	int err;

	if (!fdref_get(&r, fd))
		return -EBADF;
	err = file_fsync(r.file);
	fdref_put(&r);
	return err;
}

int sys_fdatasync(int32_t fd)
{
	return sys_fsync(fd);
}

/* The file system that fd is on. */
int sys_syncfs(int32_t fd)
{
	struct fdref r;
	struct super *super;
	int err = 0;

	if (!fdref_get(&r, fd))
		return -EBADF;
	super = r.file->inode ? r.file->inode->super : NULL;
	if (super && super->ops->sync)
		err = super->ops->sync(super);
	fdref_put(&r);
	return err;
}

/* -EINVAL: flags or range; -ESPIPE: neither a file nor a device nor a directory; -EBADF. */
int sys_sync_file_range(int32_t fd, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct fdref r;
	int err = 0;

	if (!fdref_get(&r, fd))
		return -EBADF;
	if ((flags & ~SYNC_RANGE_FLAGS) || offset > OFF_MAX || length > OFF_MAX ||
		offset + length > OFF_MAX)
		err = -EINVAL;
	else if (type_of(r.file) != S_IFREG && type_of(r.file) != S_IFBLK &&
		 type_of(r.file) != S_IFDIR && type_of(r.file) != S_IFLNK)
		err = -ESPIPE;
	else if (flags && type_of(r.file) == S_IFREG)
		err = file_fsync(r.file);
	fdref_put(&r);
	return err;
}

/* Files come chunk by chunk anyway: the advice is checked, and then nothing. */
int sys_readahead(int32_t fd, uint64_t offset, uint32_t count)
{
	struct fdref r;
	int err = 0;

	(void)offset, (void)count;
	if (!fdref_get(&r, fd))
		return -EBADF;
	if (!file_readable(r.file))
		err = -EBADF;
	else if (type_of(r.file) != S_IFREG && type_of(r.file) != S_IFBLK)
		err = -EINVAL;
	fdref_put(&r);
	return err;
}

int sys_fadvise64_64(int32_t fd, uint64_t offset, uint64_t length, uint32_t advice)
{
	struct fdref r;
	int err = 0;

	(void)offset;
	if (!fdref_get(&r, fd))
		return -EBADF;
	if (type_of(r.file) == S_IFIFO || (r.file->ops->stream && !r.file->inode))
		err = -ESPIPE;
	else if ((int64_t)length < 0 || advice > FADV_LAST)
		err = -EINVAL;
	fdref_put(&r);
	return err;
}

/*
 * tmpfs_shared.c - tmpfs: files whose contents lie in S, because somebody mapped them MAP_SHARED.
 * Then there are no pages in K: read, write and the mappings of all processes use the same bytes.
 * The contents stay there until the file is gone, or cut to nothing while nobody maps it.
 * Locks: inode.lock around each call.
 */
#include "fs/tmpfs.h"
#include "lib/klog.h"
#include "arch/arch.h"
#include "mm/shared.h"

static uint64_t shared_len(const struct tmpfs_file *f)
{
	return f->shared->end - f->shared->start;
}

/* Count pages against the file system's limit. -ENOSPC. */
static int charge(struct super *super, uint64_t pages)
{
	struct tmpfs_super *ts = tmpfs_s(super);

	if (atomic_add(&ts->used_pages, pages) + pages <= atomic_load(&ts->limit_pages))
		return 0;
	atomic_sub(&ts->used_pages, pages);
	return -ENOSPC;
}

void tmpfs_shared_free(struct inode *inode)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	if (!f->shared)
		return;
	atomic_sub(&tmpfs_s(inode->super)->used_pages, shared_len(f) >> PAGE_SHIFT);
	shseg_put(f->shared);
	f->shared = NULL;
}

/* A segment of at least len bytes, charged. */
static int segment_new(struct inode *inode, uint64_t len, struct shseg **out)
{
	uint64_t pages = PAGE_ALIGN(MAX(len, 1u)) >> PAGE_SHIFT;
	int err;

	if (pages > (S_END - S_FIRST) >> PAGE_SHIFT)
		return -ENOMEM;
	err = charge(inode->super, pages);
	if (err)
		return err;
	*out = shseg_new((uint32_t)(pages << PAGE_SHIFT));
	if (*out)
		return 0;
	atomic_sub(&tmpfs_s(inode->super)->used_pages, pages);
	return -ENOMEM;
}

int tmpfs_shared_reach_locked(struct inode *inode, uint64_t reach)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	struct shseg *s;
	int err;

	if (reach <= shared_len(f))
		return 0;
	/* Mappings have its address: it cannot move under them. */
	if (atomic_load(&f->shared->refs.count) > 1) {
		klog(KLOG_WARN, "tmpfs: a file that is mapped shared cannot grow past %u KiB",
			(uint32_t)(shared_len(f) >> 10));
		return -ENOMEM;
	}
	err = segment_new(inode, reach, &s);
	if (err)
		return err;
	arch_umove(s->start, f->shared->start, (size_t)shared_len(f));
	tmpfs_shared_free(inode);
	f->shared = s;
	return 0;
}

/* Move the contents from K to S. */
static int move_locked(struct inode *inode, uint64_t reach)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	struct shseg *s;
	int err = segment_new(inode, MAX(reach, inode->size), &s);

	if (err)
		return err;
	for (uint64_t i = 0; i << PAGE_SHIFT < inode->size; i++) {
		const uint8_t *page = tmpfs_page_locked(inode, i);

		if (page)
			arch_copyout(s->start + (uint32_t)(i << PAGE_SHIFT), page, PAGE_SIZE);
	}
	tmpfs_file_free(inode);
	f->shared = s;
	return 0;
}

int tmpfs_share(struct file *file, uint64_t reach, struct shseg **out)
{
	struct inode *inode = file->inode;
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	int err;

	lock_acquire(&inode->lock);
	err = f->shared ? tmpfs_shared_reach_locked(inode, reach) : move_locked(inode, reach);
	if (!err) {
		shseg_get(f->shared);
		*out = f->shared;
	}
	lock_release(&inode->lock);
	return err;
}

ssize_t tmpfs_shared_read_locked(struct inode *inode, struct iobuf *b, uint64_t *pos)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	size_t n;

	if (*pos >= inode->size)
		return 0;
	n = iob_put_shared(b, f->shared->start + (uint32_t)*pos,
		(size_t)MIN(inode->size - *pos, (uint64_t)b->left));
	*pos += n;
	return (ssize_t)n;
}

ssize_t tmpfs_shared_write_locked(struct inode *inode, struct iobuf *b, uint64_t *pos, size_t len)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	int err = tmpfs_shared_reach_locked(inode, *pos + len);

	if (err)
		return err == -ENOMEM ? -ENOSPC : err;
	len = iob_get_shared(b, f->shared->start + (uint32_t)*pos, len);
	*pos += len;
	inode->size = MAX(inode->size, *pos);
	return (ssize_t)len;
}

void tmpfs_shared_zero_locked(struct inode *inode, uint64_t from, uint64_t to)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	to = MIN(to, shared_len(f));
	if (from < to)
		arch_uset(f->shared->start + (uint32_t)from, 0, (size_t)(to - from));
}

int tmpfs_shared_truncate_locked(struct inode *inode, uint64_t size)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	int err = tmpfs_shared_reach_locked(inode, size);

	if (err)
		return err;
	if (size < inode->size) /* what is cut off must read as zero if the file grows again */
		tmpfs_shared_zero_locked(inode, size, inode->size);
	inode->size = size;
	if (size == 0 && atomic_load(&f->shared->refs.count) == 1)
		tmpfs_shared_free(inode);
	return 0;
}

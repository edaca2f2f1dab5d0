/*
 * tmpfs_file.c - tmpfs: contents of files.
 * Locks: inode.lock around each call.
 */
#include "fs/tmpfs.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define FALLOC_KEEP_SIZE 1
#define FALLOC_PUNCH_HOLE 2
#define FALLOC_ZERO_RANGE 16

/* ---- pages ---- */

/* A page of file data, contents undefined. NULL and *err: -ENOSPC by the limit, -ENOMEM by K. */
static uint8_t *page_get(struct super *super, int *err)
{
	struct tmpfs_super *ts = tmpfs_s(super);
	uint8_t *page;

	if (atomic_add(&ts->used_pages, (uint64_t)1) >= atomic_load(&ts->limit_pages)) {
		*err = -ENOSPC;
		goto over;
	}
	page = page_alloc();
	if (page)
		return page;
	*err = -ENOSPC; /* K is full: to a writer that is a full disk */
over:
	atomic_sub(&ts->used_pages, (uint64_t)1);
	return NULL;
}

static void page_put(struct super *super, uint8_t *page)
{
	page_free(page);
	atomic_sub(&tmpfs_s(super)->used_pages, (uint64_t)1);
}

static uint8_t *page_at(const struct tmpfs_file *f, uint64_t index)
{
	uint64_t run = index / RUN_PAGES;

	return run < f->nruns && f->runs[run] ? f->runs[run]->page[index % RUN_PAGES] : NULL;
}

/* Make the array of runs reach index n: it doubles. */
static int runs_reserve(struct tmpfs_file *f, uint64_t n)
{
	uint64_t nruns = MAX(f->nruns, 1u);
	struct page_run **runs;

	if (n < f->nruns)
		return 0;
	while (nruns <= n)
		nruns *= 2;
	runs = kzalloc((size_t)nruns * sizeof(*runs));
	if (!runs)
		return -ENOSPC;
	if (f->runs)
		memcpy(runs, f->runs, f->nruns * sizeof(*runs));
	kfree(f->runs);
	f->runs = runs;
	f->nruns = (uint32_t)nruns;
	return 0;
}

/* Where the pointer to page `index` is kept, made if need be. NULL and *err: no memory. */
static uint8_t **page_slot(struct tmpfs_file *f, uint64_t index, int *err)
{
	uint64_t n = index / RUN_PAGES;

	*err = runs_reserve(f, n);
	if (*err)
		return NULL;
	if (!f->runs[n])
		f->runs[n] = kzalloc(sizeof(struct page_run));
	if (!f->runs[n]) {
		*err = -ENOSPC;
		return NULL;
	}
	return &f->runs[n]->page[index % RUN_PAGES];
}

/* Drop the pages of run n from page `first` of it up to `end`, and the run when that is all of it.
 */
static void run_drop(struct inode *inode, uint32_t n, uint32_t first, uint32_t end)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	struct page_run *run = f->runs[n];
	uint32_t i;

	for (i = first; run && i < end; i++) {
		if (!run->page[i])
			continue;
		page_put(inode->super, run->page[i]);
		run->page[i] = NULL;
		f->count--;
	}
	if (first == 0 && end == RUN_PAGES) {
		kfree(run);
		f->runs[n] = NULL;
	}
}

/* Drop pages [first, end). */
static void pages_drop(struct inode *inode, uint64_t first, uint64_t end)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	end = MIN(end, (uint64_t)f->nruns * RUN_PAGES);
	while (first < end) {
		uint64_t n = first / RUN_PAGES, next = MIN(end, (n + 1) * RUN_PAGES);

		run_drop(inode, (uint32_t)n, first % RUN_PAGES, (uint32_t)(next - n * RUN_PAGES));
		first = next;
	}
}

/* Zero bytes [from, to) of pages that are there. */
static void zero_range(struct tmpfs_file *f, uint64_t from, uint64_t to)
{
	while (from < to) {
		uint8_t *page = page_at(f, from >> PAGE_SHIFT);
		uint32_t off = (uint32_t)from & (PAGE_SIZE - 1);
		uint32_t n = (uint32_t)MIN(to - from, PAGE_SIZE - off);

		if (page)
			memset(page + off, 0, n);
		from += n;
	}
}

int tmpfs_truncate_locked(struct inode *inode, uint64_t size)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	if (size > TMPFS_FILE_MAX)
		return -EFBIG;
	if (((inode->seals & F_SEAL_SHRINK) && size < inode->size) ||
		((inode->seals & F_SEAL_GROW) && size > inode->size))
		return -EPERM;
	if (f->shared)
		return tmpfs_shared_truncate_locked(inode, size);
	if (size < inode->size) {
		pages_drop(inode, PAGE_ALIGN(size) >> PAGE_SHIFT, UINT64_MAX);
		/* What is cut off must read as zero if the file grows again. */
		zero_range(f, size, PAGE_ALIGN(size));
	}
	if (size == 0) {
		kfree(f->runs);
		f->runs = NULL;
		f->nruns = 0;
	}
	inode->size = size;
	return 0;
}

void tmpfs_file_free(struct inode *inode)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	pages_drop(inode, 0, UINT64_MAX);
	kfree(f->runs);
	f->runs = NULL;
	f->nruns = 0;
}

const uint8_t *tmpfs_page_locked(struct inode *inode, uint64_t index)
{
	return page_at(&tmpfs_i(inode)->file, index);
}

/* ---- seals ---- */

/* May [from, to) be written? A file that must not grow takes, as in
 * Linux, whole pages before its end: *to is cut. */
static int check_seals_locked(const struct inode *inode, uint64_t from, uint64_t *to)
{
	if (LIKELY(!inode->seals))
		return 0;
	if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if ((inode->seals & F_SEAL_GROW) && *to > inode->size) {
		*to = inode->size & ~(uint64_t)(PAGE_SIZE - 1);
		if (from >= *to)
			return -EPERM;
	}
	return 0;
}

/* ---- reading and writing ---- */

static ssize_t read_locked(struct inode *inode, struct iobuf *b, uint64_t *pos)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	size_t done = 0;

	if (f->shared)
		return tmpfs_shared_read_locked(inode, b, pos);
	while (b->left > 0 && *pos < inode->size) {
		uint32_t off = (uint32_t)*pos & (PAGE_SIZE - 1);
		size_t n = (size_t)MIN(inode->size - *pos, PAGE_SIZE - off);
		uint8_t *page = page_at(f, *pos >> PAGE_SHIFT);

		n = page ? iob_put(b, page + off, n) : iob_zero(b, MIN(n, b->left));
		*pos += n;
		done += n;
	}
	return (ssize_t)done;
}

static ssize_t tmpfs_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	ssize_t n;

	lock_acquire(&inode->lock);
	n = read_locked(inode, b, pos);
	if (n > 0)
		file_accessed_locked(file);
	lock_release(&inode->lock);
	return n;
}

/* The page for a write of n bytes at off in it; zeroed where the write will not reach. */
static uint8_t *page_for_write(
	struct inode *inode, uint64_t index, uint32_t off, size_t n, int *err)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	uint8_t *page = page_at(f, index), **slot;

	if (page)
		return page;
	slot = page_slot(f, index, err);
	if (!slot)
		return NULL;
	page = page_get(inode->super, err);
	if (!page)
		return NULL;
	memset(page, 0, off);
	memset(page + off + n, 0, PAGE_SIZE - off - n);
	*slot = page;
	f->count++;
	return page;
}

static ssize_t write_locked(struct inode *inode, struct iobuf *b, uint64_t *pos, size_t len)
{
	size_t done = 0;
	int err = 0;

	if (*pos + len > TMPFS_FILE_MAX)
		return -EFBIG;
	if (tmpfs_i(inode)->file.shared)
		return tmpfs_shared_write_locked(inode, b, pos, len);
	while (done < len) {
		uint32_t off = (uint32_t)*pos & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - off);
		uint8_t *page = page_for_write(inode, *pos >> PAGE_SHIFT, off, n, &err);

		if (!page)
			break;
		n = iob_get(b, page + off, n);
		*pos += n;
		done += n;
	}
	if (*pos > inode->size && done > 0)
		inode->size = *pos;
	return done > 0 ? (ssize_t)done : err;
}

static ssize_t tmpfs_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	size_t len = b->left;
	ssize_t n;

	lock_acquire(&inode->lock);
	n = file_prepare_write_locked(file, pos, &len);
	if (!n && len > 0 && UNLIKELY(inode->seals)) {
		uint64_t end = *pos + len;

		n = check_seals_locked(inode, *pos, &end);
		len = (size_t)(end - *pos);
	}
	if (!n)
		n = write_locked(inode, b, pos, len);
	lock_release(&inode->lock);
	return n;
}

static int64_t seek_data_locked(struct inode *inode, uint64_t off, bool data)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	uint64_t i = off >> PAGE_SHIFT, end = PAGE_ALIGN(inode->size) >> PAGE_SHIFT;

	if (off >= inode->size)
		return -ENXIO;
	if (f->shared) /* no holes are known */
		return (int64_t)(data ? off : inode->size);
	while (i < end) {
		uint64_t run = i / RUN_PAGES;

		if ((page_at(f, i) != NULL) == data)
			return (int64_t)MAX(off, i << PAGE_SHIFT);
		/* A run that is not there is one hole, and so is all after the last one. */
		if (run >= f->nruns)
			break;
		i = f->runs[run] ? i + 1 : (run + 1) * RUN_PAGES;
	}
	return data ? -ENXIO : (int64_t)inode->size;
}

static int64_t tmpfs_seek(struct file *file, int64_t off, int whence)
{
	struct inode *inode = file->inode;
	int64_t at = -EINVAL, base = 0;

	lock_acquire(&inode->lock);
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		at = off < 0 ? -ENXIO : seek_data_locked(inode, (uint64_t)off, whence == SEEK_DATA);
	} else if (whence == SEEK_SET || whence == SEEK_CUR || whence == SEEK_END) {
		if (whence != SEEK_SET)
			base = (int64_t)(whence == SEEK_CUR ? file->pos : inode->size);
		if (__builtin_add_overflow(base, off, &at))
			at = -EOVERFLOW;
		else if (at < 0)
			at = -EINVAL;
	}
	lock_release(&inode->lock);
	return at;
}

/* Pages for [off, end) that are not there yet. What was made stays if it ends half way. */
static int allocate_locked(struct inode *inode, uint64_t off, uint64_t end)
{
	uint64_t i;
	int err = 0;

	if (tmpfs_i(inode)->file.shared) {
		err = tmpfs_shared_reach_locked(inode, end);
		return err == -ENOMEM ? -ENOSPC : err;
	}
	for (i = off >> PAGE_SHIFT; i << PAGE_SHIFT < end; i++)
		if (!page_for_write(inode, i, 0, 0, &err))
			return err;
	return 0;
}

static void punch_locked(struct inode *inode, uint64_t off, uint64_t end)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	uint64_t first = PAGE_ALIGN(off), last = end & ~(uint64_t)(PAGE_SIZE - 1);

	if (f->shared) {
		tmpfs_shared_zero_locked(inode, off, end);
		return;
	}
	if (first >= last) {
		zero_range(f, off, end);
		return;
	}
	zero_range(f, off, first);
	pages_drop(inode, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	zero_range(f, last, end);
}

static int tmpfs_fallocate(struct file *file, int mode, uint64_t off, uint64_t len)
{
	struct inode *inode = file->inode;
	uint64_t end = off + len;
	int err = 0;

	if (end > TMPFS_FILE_MAX)
		return -EFBIG;
	lock_acquire(&inode->lock);
	if (((mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)) &&
		    (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) ||
		(!(mode & FALLOC_KEEP_SIZE) && (inode->seals & F_SEAL_GROW) && end > inode->size))
		err = -EPERM;
	if (!err && (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)))
		punch_locked(inode, off, MIN(end, PAGE_ALIGN(inode->size)));
	if (!err && !(mode & FALLOC_PUNCH_HOLE))
		err = allocate_locked(inode, off, end);
	if (!err && !(mode & FALLOC_KEEP_SIZE) && end > inode->size)
		inode->size = end;
	if (!err)
		inode->mtime = inode->ctime = ktime_now();
	lock_release(&inode->lock);
	return err;
}

const struct file_ops tmpfs_file_fops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.fallocate = tmpfs_fallocate,
	.share = tmpfs_share,
};

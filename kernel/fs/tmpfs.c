/*
 * tmpfs.c - files in memory.
 * Spec: tmpfs of Linux: options size= (bytes, k, m, g or %) and mode=; ENOSPC beyond the size.
 *
 * A file is an array of runs of pages, NULL where nothing was written, so that a sparse file costs
 * little more than what it holds. A directory is a list in the order of
 * making, each entry with a number that never comes again (the readdir cookie, so that readers lose
 * and repeat nothing while others add and remove), and a hash over it. Every entry holds a
 * reference to its inode; an inode without names and users frees its pages at once.
 *
 * Locks: inode.lock for contents, entries and attributes; the page count of the file system is
 * atomic.
 */
#include "fs/fs.h"
#include "fs/xattrs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define FIRST_COOKIE 2u /* 0 and 1: "." and ".." */
#define BUCKETS_MIN 8u
#define FILE_MAX ((uint64_t)1 << 40)
#define RUN_PAGES 64u /* 256 KiB of file */

#define FALLOC_KEEP_SIZE 1
#define FALLOC_PUNCH_HOLE 2
#define FALLOC_ZERO_RANGE 16

struct tmpfs_super {
	uint64_t limit_pages; /* [a] */
	uint64_t used_pages;  /* [a] */
	uint64_t last_ino;    /* [a] */
	uint64_t inodes;      /* [a] */
};

struct tmpfs_entry {
	struct list link; /* by cookie */
	struct tmpfs_entry *hash_next;
	struct inode *inode; /* referenced */
	uint64_t cookie;
	uint32_t hash;
	uint16_t len;
	char name[];
};

struct tmpfs_dir {
	struct list entries;
	struct tmpfs_entry **buckets;
	uint32_t nbuckets, count;
	uint64_t next_cookie;
	struct tmpfs_entry *cursor; /* where the last readdir stopped: the next begins there */
};

struct page_run {
	uint8_t *page[RUN_PAGES];
};

struct tmpfs_file {
	struct page_run **runs;
	uint32_t nruns; /* entries of runs */
	uint32_t count; /* pages that are there */
};

struct tmpfs_inode {
	struct inode inode; /* first */
	struct xattrs xattrs; /* [l] */
	union {
		struct tmpfs_dir dir;
		struct tmpfs_file file;
		char *target; /* symbolic link */
	};
};

static const struct inode_ops tmpfs_inode_ops;
static const struct file_ops tmpfs_file_fops, tmpfs_dir_fops;

static struct tmpfs_inode *tmpfs_i(struct inode *inode)
{
	return (struct tmpfs_inode *)inode;
}

static struct tmpfs_super *tmpfs_s(const struct super *super)
{
	return super->priv;
}

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

/* Drop the pages of run n from page `first` of it up to `end`, and the run when that is all of it. */
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

static int truncate_locked(struct inode *inode, uint64_t size)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;

	if (size > FILE_MAX)
		return -EFBIG;
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

/* ---- reading and writing ---- */

static ssize_t read_locked(struct inode *inode, struct iobuf *b, uint64_t *pos)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	size_t done = 0;

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
static uint8_t *page_for_write(struct inode *inode, uint64_t index, uint32_t off, size_t n, int *err)
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

	if (*pos + len > FILE_MAX)
		return -EFBIG;
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

	for (i = off >> PAGE_SHIFT; i << PAGE_SHIFT < end; i++)
		if (!page_for_write(inode, i, 0, 0, &err))
			return err;
	return 0;
}

static void punch_locked(struct inode *inode, uint64_t off, uint64_t end)
{
	struct tmpfs_file *f = &tmpfs_i(inode)->file;
	uint64_t first = PAGE_ALIGN(off), last = end & ~(uint64_t)(PAGE_SIZE - 1);

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

	if (end > FILE_MAX)
		return -EFBIG;
	lock_acquire(&inode->lock);
	if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		punch_locked(inode, off, MIN(end, PAGE_ALIGN(inode->size)));
	if (!(mode & FALLOC_PUNCH_HOLE))
		err = allocate_locked(inode, off, end);
	if (!err && !(mode & FALLOC_KEEP_SIZE) && end > inode->size)
		inode->size = end;
	if (!err)
		inode->mtime = inode->ctime = ktime_now();
	lock_release(&inode->lock);
	return err;
}

static const struct file_ops tmpfs_file_fops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.fallocate = tmpfs_fallocate,
};

/* ---- directories ---- */

static struct tmpfs_entry *dir_find(struct tmpfs_dir *dir, const char *name, size_t len)
{
	uint32_t hash = str_hash(name, len);
	struct tmpfs_entry *e;

	if (dir->count == 0)
		return NULL;
	for (e = dir->buckets[hash & (dir->nbuckets - 1)]; e; e = e->hash_next)
		if (e->hash == hash && e->len == len && memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

static int dir_grow(struct tmpfs_dir *dir)
{
	uint32_t n = dir->nbuckets ? dir->nbuckets * 2 : BUCKETS_MIN;
	struct tmpfs_entry **buckets, *e;

	if (dir->count < dir->nbuckets)
		return 0;
	buckets = kzalloc(n * sizeof(*buckets));
	if (!buckets)
		return dir->nbuckets ? 0 : -ENOSPC; /* a slow directory is better than none */
	LIST_FOR_EACH (e, &dir->entries, link) {
		e->hash_next = buckets[e->hash & (n - 1)];
		buckets[e->hash & (n - 1)] = e;
	}
	kfree(dir->buckets);
	dir->buckets = buckets;
	dir->nbuckets = n;
	return 0;
}

/* An entry and room for it in dir, not yet in it: what can fail. NULL: -ENOSPC. */
static struct tmpfs_entry *entry_new(struct tmpfs_dir *dir, const char *name, size_t len)
{
	struct tmpfs_entry *e = kmalloc(sizeof(*e) + len);

	if (!e)
		return NULL;
	if (dir_grow(dir)) {
		kfree(e);
		return NULL;
	}
	e->len = (uint16_t)len;
	e->hash = str_hash(name, len);
	memcpy(e->name, name, len);
	return e;
}

static void touch_dir(struct inode *dir)
{
	dir->mtime = dir->ctime = ktime_now();
}

/* Takes over a reference to inode. */
static void entry_add(struct inode *dirnode, struct tmpfs_entry *e, struct inode *inode)
{
	struct tmpfs_dir *dir = &tmpfs_i(dirnode)->dir;
	struct tmpfs_entry **bucket = &dir->buckets[e->hash & (dir->nbuckets - 1)];

	e->inode = inode;
	e->cookie = dir->next_cookie++;
	e->hash_next = *bucket;
	*bucket = e;
	list_add_tail(&dir->entries, &e->link);
	dir->count++;
	dirnode->size = dir->count;
	touch_dir(dirnode);
}

/* The reference to its inode becomes the caller's. */
static struct inode *entry_remove(struct inode *dirnode, struct tmpfs_entry *e)
{
	struct tmpfs_dir *dir = &tmpfs_i(dirnode)->dir;
	struct tmpfs_entry **at = &dir->buckets[e->hash & (dir->nbuckets - 1)];
	struct inode *inode = e->inode;

	while (*at != e)
		at = &(*at)->hash_next;
	*at = e->hash_next;
	if (dir->cursor == e)
		dir->cursor = e->link.next == &dir->entries
			? NULL
			: LIST_ENTRY(e->link.next, struct tmpfs_entry, link);
	list_del(&e->link);
	dir->count--;
	dirnode->size = dir->count;
	touch_dir(dirnode);
	kfree(e);
	if (dir->count == 0) {
		kfree(dir->buckets);
		dir->buckets = NULL;
		dir->nbuckets = 0;
	}
	return inode;
}

static uint8_t dirent_type(uint32_t mode)
{
	return (uint8_t)((mode & S_IFMT) >> 12);
}

/* The first entry with a cookie of at least pos. */
static struct list *dir_seek(struct tmpfs_dir *dir, uint64_t pos)
{
	struct list *at = dir->entries.next;

	if (dir->cursor && dir->cursor->cookie <= pos)
		at = &dir->cursor->link;
	while (at != &dir->entries && LIST_ENTRY(at, struct tmpfs_entry, link)->cookie < pos)
		at = at->next;
	return at;
}

static int tmpfs_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct tmpfs_dir *dir = &tmpfs_i(file->inode)->dir;
	struct list *at;

	if (!dir_emit_dots(file, pos, emit))
		return 0;
	for (at = dir_seek(dir, *pos); at != &dir->entries; at = at->next) {
		struct tmpfs_entry *e = LIST_ENTRY(at, struct tmpfs_entry, link);

		dir->cursor = e;
		if (!emit->entry(emit, e->name, e->len, e->inode->ino,
			    dirent_type(e->inode->mode), e->cookie + 1))
			break;
		*pos = e->cookie + 1;
	}
	file_accessed_locked(file);
	return 0;
}

static const struct file_ops tmpfs_dir_fops = {.readdir = tmpfs_readdir};

/* ---- names ---- */

static int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e)
		return -ENOENT;
	inode_get(e->inode);
	*out = e->inode;
	return 0;
}

static struct tmpfs_inode *inode_new(struct super *super, uint32_t mode, uint32_t uid, uint32_t gid)
{
	struct tmpfs_super *ts = tmpfs_s(super);
	struct tmpfs_inode *ti = kzalloc(sizeof(*ti));

	if (!ti)
		return NULL;
	inode_init(&ti->inode, super, &tmpfs_inode_ops,
		S_ISDIR(mode)         ? &tmpfs_dir_fops
			: S_ISREG(mode) ? &tmpfs_file_fops
					: NULL,
		atomic_add(&ts->last_ino, (uint64_t)1) + 1, mode);
	ti->inode.uid = uid;
	ti->inode.gid = gid;
	if (S_ISDIR(mode)) {
		ti->inode.nlink = 2;
		list_init(&ti->dir.entries);
		ti->dir.next_cookie = FIRST_COOKIE;
	}
	atomic_add(&ts->inodes, (uint64_t)1);
	return ti;
}

/* Name a new inode, whose reference goes to the entry; *out has another. */
static int add_new(
	struct inode *dir, const char *name, size_t len, struct tmpfs_inode *ti, struct inode **out)
{
	struct tmpfs_entry *e;

	if (dir_find(&tmpfs_i(dir)->dir, name, len)) {
		inode_put(&ti->inode);
		return -EEXIST;
	}
	e = entry_new(&tmpfs_i(dir)->dir, name, len);
	if (!e) {
		inode_put(&ti->inode);
		return -ENOSPC;
	}
	inode_get(&ti->inode);
	*out = &ti->inode;
	entry_add(dir, e, &ti->inode);
	if (S_ISDIR(ti->inode.mode))
		dir->nlink++;
	return 0;
}

static int tmpfs_create(struct inode *dir, const char *name, size_t len, uint32_t mode,
	uint32_t rdev, uint32_t uid, uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = inode_new(dir->super, mode, uid, gid);

	if (!ti)
		return -ENOSPC;
	ti->inode.rdev = rdev;
	return add_new(dir, name, len, ti, out);
}

static int tmpfs_symlink(struct inode *dir, const char *name, size_t len, const char *target,
	uint32_t uid, uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = inode_new(dir->super, S_IFLNK | 0777, uid, gid);
	size_t n = strlen(target);

	if (!ti)
		return -ENOSPC;
	ti->target = kstrdup(target, n);
	if (!ti->target) {
		inode_put(&ti->inode);
		return -ENOSPC;
	}
	ti->inode.size = n;
	return add_new(dir, name, len, ti, out);
}

static int tmpfs_tmpfile(
	struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out)
{
	struct tmpfs_inode *ti = inode_new(dir->super, mode, uid, gid);

	if (!ti)
		return -ENOSPC;
	ti->inode.nlink = 0;
	*out = &ti->inode;
	return 0;
}

static void change_nlink(struct inode *inode, int step)
{
	lock_acquire(&inode->lock);
	inode->nlink += (uint32_t)step;
	inode->ctime = ktime_now();
	lock_release(&inode->lock);
}

static int tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *target)
{
	struct tmpfs_entry *e;

	if (dir_find(&tmpfs_i(dir)->dir, name, len))
		return -EEXIST;
	e = entry_new(&tmpfs_i(dir)->dir, name, len);
	if (!e)
		return -ENOSPC;
	inode_get(target);
	entry_add(dir, e, target);
	change_nlink(target, 1);
	return 0;
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e || e->inode != victim)
		return -ENOENT;
	change_nlink(victim, -1);
	inode_put(entry_remove(dir, e));
	return 0;
}

/* victim->lock is held, too. */
static int tmpfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *victim)
{
	struct tmpfs_entry *e = dir_find(&tmpfs_i(dir)->dir, name, len);

	if (!e || e->inode != victim)
		return -ENOENT;
	if (tmpfs_i(victim)->dir.count > 0)
		return -ENOTEMPTY;
	victim->nlink = 0;
	victim->ctime = ktime_now();
	dir->nlink--;
	inode_put(entry_remove(dir, e)); /* the caller has another reference */
	return 0;
}

/* Two names change what they stand for. */
static void exchange(struct inode *olddir, struct tmpfs_entry *a, struct inode *newdir,
	struct tmpfs_entry *b)
{
	struct inode *moved = a->inode;
	int dirs = (int)S_ISDIR(b->inode->mode) - (int)S_ISDIR(moved->mode);

	a->inode = b->inode;
	b->inode = moved;
	olddir->nlink += (uint32_t)dirs;
	newdir->nlink -= (uint32_t)dirs;
	touch_dir(olddir);
	touch_dir(newdir);
}

/* What is in the way goes. A directory is locked and was found empty. */
static void remove_victim(struct inode *dir, struct tmpfs_entry *e)
{
	struct inode *victim = e->inode;

	if (S_ISDIR(victim->mode)) {
		victim->nlink = 0;
		dir->nlink--;
	} else {
		change_nlink(victim, -1);
	}
	inode_put(entry_remove(dir, e)); /* the caller has another reference */
}

static int tmpfs_rename(struct inode *olddir, const char *oldname, size_t oldlen,
	struct inode *newdir, const char *newname, size_t newlen, struct inode *moved,
	struct inode *victim, uint32_t flags)
{
	struct tmpfs_entry *from = dir_find(&tmpfs_i(olddir)->dir, oldname, oldlen);
	struct tmpfs_entry *to = dir_find(&tmpfs_i(newdir)->dir, newname, newlen), *e;

	if (!from || from->inode != moved || (to ? to->inode : NULL) != victim)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE) {
		exchange(olddir, from, newdir, to);
		return 0;
	}
	if (to && S_ISDIR(victim->mode) && tmpfs_i(victim)->dir.count > 0)
		return -ENOTEMPTY;
	e = entry_new(&tmpfs_i(newdir)->dir, newname, newlen);
	if (!e)
		return -ENOSPC;
	/* First in, then out: an emptied directory gives up its hash. */
	entry_add(newdir, e, moved);
	(void)entry_remove(olddir, from); /* its reference is the new entry's now */
	if (to)
		remove_victim(newdir, to);
	if (S_ISDIR(moved->mode)) {
		olddir->nlink--;
		newdir->nlink++;
	}
	return 0;
}

/* ---- attributes ---- */

static int tmpfs_setattr(struct inode *inode, const struct iattr *attr)
{
	int err = 0;

	if (attr->valid & ATTR_SIZE)
		err = S_ISREG(inode->mode) ? truncate_locked(inode, attr->size) : -EINVAL;
	if (!err)
		inode_store_attr_locked(inode, attr);
	return err;
}

static void tmpfs_getattr(struct inode *inode, struct kstat *out)
{
	out->blocks = 0;
	if (!S_ISREG(inode->mode))
		return;
	lock_acquire(&inode->lock);
	out->blocks = (uint64_t)tmpfs_i(inode)->file.count * (PAGE_SIZE / 512);
	lock_release(&inode->lock);
}

static ssize_t tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t n = MIN((size_t)inode->size, size);

	memcpy(buf, tmpfs_i(inode)->target, n);
	return (ssize_t)n;
}

static ssize_t tmpfs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
	return xattrs_get(&tmpfs_i(inode)->xattrs, name, value, size);
}

static int tmpfs_setxattr(
	struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	return xattrs_set(&tmpfs_i(inode)->xattrs, name, value, size, flags);
}

static ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size)
{
	return xattrs_list(&tmpfs_i(inode)->xattrs, list, size);
}

static int tmpfs_removexattr(struct inode *inode, const char *name)
{
	return xattrs_remove(&tmpfs_i(inode)->xattrs, name);
}

static const struct inode_ops tmpfs_inode_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.getattr = tmpfs_getattr,
	.setattr = tmpfs_setattr,
	.readlink = tmpfs_readlink,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};

/* ---- end of inodes ---- */

/* Free what the inode holds; entries left in a directory put their inodes on the list. */
static void free_contents(struct tmpfs_inode *ti, struct list *orphans)
{
	struct tmpfs_entry *e, *next;

	xattrs_free(&ti->xattrs);
	if (S_ISREG(ti->inode.mode)) {
		pages_drop(&ti->inode, 0, UINT64_MAX);
		kfree(ti->file.runs);
	} else if (S_ISLNK(ti->inode.mode)) {
		kfree(ti->target);
	} else if (S_ISDIR(ti->inode.mode)) {
		LIST_FOR_EACH_SAFE (e, next, &ti->dir.entries, link) {
			if (ref_put(&e->inode->refs))
				list_add_tail(orphans, &e->inode->cache_link);
			kfree(e);
		}
		kfree(ti->dir.buckets);
	}
}

/*
 * Free an inode. A directory that still has entries goes with the whole file system: its tree is
 * walked by a list, not by recursion, however deep it is.
 */
static void tmpfs_evict(struct inode *inode)
{
	struct tmpfs_super *ts = tmpfs_s(inode->super);
	struct list orphans = LIST_INIT(orphans);
	struct inode *next = inode;

	do {
		inode = next;
		list_del(&inode->cache_link);
		free_contents(tmpfs_i(inode), &orphans);
		kfree(inode);
		atomic_sub(&ts->inodes, (uint64_t)1);
		next = LIST_FIRST(&orphans, struct inode, cache_link);
	} while (next);
}

/* ---- mounting ---- */

static void tmpfs_statfs(struct super *super, struct abi_statfs *out)
{
	struct tmpfs_super *ts = tmpfs_s(super);
	uint64_t limit = atomic_load(&ts->limit_pages), used = atomic_load(&ts->used_pages);

	out->blocks = limit;
	out->bfree = out->bavail = limit > used ? limit - used : 0;
	out->files = limit;
	used = atomic_load(&ts->inodes);
	out->ffree = limit > used ? limit - used : 0;
}

static void tmpfs_destroy(struct super *super)
{
	kfree(super->priv);
}

struct tmpfs_options {
	uint64_t pages;
	uint32_t mode;
};

static uint64_t heap_limit(void)
{
	struct alloc_stats stats;

	alloc_stats(&stats);
	return stats.limit_bytes;
}

/* "64m", "50%", "4096": bytes to whole pages. */
static bool parse_size(const char *s, const char *end, uint64_t *pages)
{
	uint64_t bytes = 0;

	if (s == end || *s < '0' || *s > '9')
		return false;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		bytes = bytes * 10 + (uint64_t)(*s - '0');
		if (bytes > FILE_MAX)
			return false;
	}
	if (s < end) {
		switch (*s++) {
		case 'k':
		case 'K':
			bytes <<= 10;
			break;
		case 'm':
		case 'M':
			bytes <<= 20;
			break;
		case 'g':
		case 'G':
			bytes <<= 30;
			break;
		case '%':
			bytes = heap_limit() / 100 * MIN(bytes, 100u);
			break;
		default:
			return false;
		}
	}
	*pages = PAGE_ALIGN(bytes) >> PAGE_SHIFT;
	return s == end;
}

static bool parse_octal(const char *s, const char *end, uint32_t *out)
{
	uint32_t n = 0;

	if (s == end)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '7' || n > 07777)
			return false;
		n = n * 8 + (uint32_t)(*s - '0');
	}
	*out = n & 07777;
	return true;
}

/* One "key=value" up to end. */
static bool parse_option(const char *s, const char *end, struct tmpfs_options *o)
{
	if (s == end)
		return true;
	if (end - s > 5 && strncmp(s, "size=", 5) == 0) {
		if (!parse_size(s + 5, end, &o->pages))
			return false;
		if (o->pages == 0) /* as Linux: no limit but memory */
			o->pages = FILE_MAX >> PAGE_SHIFT;
		return true;
	}
	if (end - s > 5 && strncmp(s, "mode=", 5) == 0)
		return parse_octal(s + 5, end, &o->mode);
	return false;
}

static int parse_options(const char *s, struct tmpfs_options *o)
{
	for (;;) {
		const char *end = strchr(s, ',');

		if (!end)
			end = s + strlen(s);
		if (!parse_option(s, end, o)) {
			klog(KLOG_WARN, "tmpfs: option not understood: %.*s", (int)(end - s), s);
			return -EINVAL;
		}
		if (!*end)
			return 0;
		s = end + 1;
	}
}

static int tmpfs_remount(struct super *super, uint32_t flags, const char *options)
{
	struct tmpfs_super *ts = tmpfs_s(super);
	struct tmpfs_options o = {.pages = atomic_load(&ts->limit_pages)};
	int err = parse_options(options, &o);

	(void)flags; /* read-only is the mount's */
	if (err)
		return err;
	if (o.pages < atomic_load(&ts->used_pages))
		return -EINVAL;
	atomic_store(&ts->limit_pages, o.pages);
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.destroy = tmpfs_destroy,
	.remount = tmpfs_remount,
};

static int tmpfs_mount(
	const char *source, uint32_t flags, const char *options, struct super **out)
{
	/* Half of what the kernel's memory can become, as Linux takes half of RAM. */
	struct tmpfs_options o = {.pages = heap_limit() / 2 >> PAGE_SHIFT, .mode = 01777};
	struct tmpfs_inode *root;
	struct super *super;
	int err = parse_options(options, &o);

	(void)source, (void)flags;
	if (err)
		return err;
	super = super_alloc(&tmpfs_type, &tmpfs_super_ops);
	if (!super)
		return -ENOMEM;
	super->magic = TMPFS_MAGIC;
	err = -ENOMEM;
	super->priv = kzalloc(sizeof(struct tmpfs_super));
	if (!super->priv)
		goto put;
	tmpfs_s(super)->limit_pages = o.pages;
	root = inode_new(super, S_IFDIR | o.mode, 0, 0);
	if (!root)
		goto put;
	err = super_set_root(super, &root->inode);
	if (err)
		goto put;
	*out = super;
	return 0;
put:
	super_put(super);
	return err;
}

const struct fs_type tmpfs_type = {.name = "tmpfs", .mount = tmpfs_mount, .nodev = true};

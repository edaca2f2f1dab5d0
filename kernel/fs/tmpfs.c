/*
 * tmpfs.c - files in memory: inodes, attributes, mounting.
 * Spec: tmpfs of Linux: options size= (bytes, k, m, g or %), nr_blocks=, nr_inodes=, mode=,
 * uid=, gid=; ENOSPC beyond a limit.
 * Contents: tmpfs_file.c; names: tmpfs_dir.c; how both are kept, and the locks: tmpfs.h.
 */
#include "fs/fs.h"
#include "fs/tmpfs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

/* ---- inodes ---- */

static const struct inode_ops tmpfs_inode_ops;

struct tmpfs_inode *tmpfs_inode_new(struct super *super, uint32_t mode, uint32_t uid, uint32_t gid)
{
	struct tmpfs_super *ts = tmpfs_s(super);
	struct tmpfs_inode *ti = NULL;

	if (atomic_add(&ts->inodes, (uint64_t)1) < atomic_load(&ts->limit_inodes))
		ti = kzalloc(sizeof(*ti));
	if (!ti) {
		atomic_sub(&ts->inodes, (uint64_t)1);
		return NULL;
	}
	inode_init(&ti->inode, super, &tmpfs_inode_ops,
		S_ISDIR(mode)	? &tmpfs_dir_fops
		: S_ISREG(mode) ? &tmpfs_file_fops
				: NULL,
		atomic_add(&ts->last_ino, (uint64_t)1) + 1, mode);
	ti->inode.uid = uid;
	ti->inode.gid = gid;
	if (S_ISDIR(mode)) {
		ti->inode.nlink = 2;
		list_init(&ti->dir.entries);
		ti->dir.next_cookie = TMPFS_FIRST_COOKIE;
	}
	return ti;
}

static int tmpfs_setattr(struct inode *inode, const struct iattr *attr)
{
	int err = 0;

	if (attr->valid & ATTR_SIZE)
		err = S_ISREG(inode->mode) ? tmpfs_truncate_locked(inode, attr->size) : -EINVAL;
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
	int err = xattrs_set(&tmpfs_i(inode)->xattrs, name, value, size, flags);

	if (!err)
		inode->ctime = ktime_now();
	return err;
}

static ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size)
{
	return xattrs_list(&tmpfs_i(inode)->xattrs, list, size);
}

static int tmpfs_removexattr(struct inode *inode, const char *name)
{
	int err = xattrs_remove(&tmpfs_i(inode)->xattrs, name);

	if (!err)
		inode->ctime = ktime_now();
	return err;
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
	xattrs_free(&ti->xattrs);
	if (S_ISREG(ti->inode.mode)) {
		tmpfs_shared_free(&ti->inode);
		tmpfs_file_free(&ti->inode);
	} else if (S_ISLNK(ti->inode.mode))
		kfree(ti->target);
	else if (S_ISDIR(ti->inode.mode))
		tmpfs_dir_free(&ti->dir, orphans);
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
	out->files = limit = atomic_load(&ts->limit_inodes);
	used = atomic_load(&ts->inodes);
	out->ffree = limit > used ? limit - used : 0;
}

static void tmpfs_destroy(struct super *super)
{
	kfree(super->priv);
}

struct tmpfs_options {
	uint64_t pages, inodes;
	uint32_t mode, uid, gid;
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
		if (bytes > TMPFS_FILE_MAX)
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

/* "1000", "4k": 0 is no limit. */
static bool parse_count(const char *s, const char *end, uint64_t *out)
{
	uint64_t n = 0;

	if (s == end || *s < '0' || *s > '9')
		return false;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT32_MAX)
			return false;
	}
	if (s < end && (*s == 'k' || *s == 'K'))
		n <<= 10, s++;
	else if (s < end && (*s == 'm' || *s == 'M'))
		n <<= 20, s++;
	*out = n ? n : TMPFS_FILE_MAX;
	return s == end;
}

static bool parse_id(const char *s, const char *end, uint32_t *out)
{
	uint64_t n = 0;

	if (s == end)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9' || n >= UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*out = (uint32_t)n;
	return n < UINT32_MAX;
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
			o->pages = TMPFS_FILE_MAX >> PAGE_SHIFT;
		return true;
	}
	if (end - s > 5 && strncmp(s, "mode=", 5) == 0)
		return parse_octal(s + 5, end, &o->mode);
	if (end - s > 10 && strncmp(s, "nr_inodes=", 10) == 0)
		return parse_count(s + 10, end, &o->inodes);
	if (end - s > 10 && strncmp(s, "nr_blocks=", 10) == 0)
		return parse_count(s + 10, end, &o->pages);
	if (end - s > 4 && strncmp(s, "uid=", 4) == 0)
		return parse_id(s + 4, end, &o->uid);
	if (end - s > 4 && strncmp(s, "gid=", 4) == 0)
		return parse_id(s + 4, end, &o->gid);
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
	struct tmpfs_options o = {
		.pages = atomic_load(&ts->limit_pages), .inodes = atomic_load(&ts->limit_inodes)};
	int err = parse_options(options, &o);

	(void)flags; /* read-only is the mount's */
	if (err)
		return err;
	if (o.pages < atomic_load(&ts->used_pages) || o.inodes < atomic_load(&ts->inodes))
		return -EINVAL;
	atomic_store(&ts->limit_pages, o.pages);
	atomic_store(&ts->limit_inodes, o.inodes);
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.destroy = tmpfs_destroy,
	.remount = tmpfs_remount,
};

static int tmpfs_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	/* Half of what the kernel's memory can become, as Linux takes half of RAM. */
	struct tmpfs_options o = {.pages = heap_limit() / 2 >> PAGE_SHIFT, .mode = 01777};
	struct tmpfs_inode *root;
	struct super *super;
	int err;

	o.inodes = o.pages; /* as Linux: as many as pages, unless told */
	err = parse_options(options, &o);
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
	tmpfs_s(super)->limit_inodes = o.inodes;
	root = tmpfs_inode_new(super, S_IFDIR | o.mode, o.uid, o.gid);
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

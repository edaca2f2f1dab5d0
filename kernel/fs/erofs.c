/*
 * erofs.c - read-only images: mounting, inodes, where bytes lie, reading them.
 * Spec: EROFS on-disk format (erofs.h): plain, inline and chunk-based layouts, block sizes of 512
 * to 4096 bytes. Compressed files are -EOPNOTSUPP. The super block's checksum is not looked at:
 * every chunk was checked against its signed hash already.
 * An image may come from a stranger: each number is checked against the image's size before
 * use, and what does not fit is -EUCLEAN with a line in the log, never a trap.
 * Locks: the table of inodes by nid is under super.icache_lock. An inode never changes.
 */
#include "fs/erofs_image.h"
#include "fs/fs.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define COMPLAINTS_MAX 32u /* a broken image must not wash everything else out of the log */

int erofs_damaged(struct erofs_image *im, uint64_t nid, const char *what)
{
	if (atomic_add(&im->complaints, 1u) < COMPLAINTS_MAX)
		klog(KLOG_ERROR, "erofs: image %s inode %llu: %s", im->name,
			(unsigned long long)nid, what);
	return -EUCLEAN;
}

/* ---- bytes ---- */

static bool in_image(const struct erofs_image *im, uint64_t off, uint64_t n)
{
	return off <= im->size && n <= im->size - off;
}

int erofs_pin(struct erofs_image *im, uint64_t off, uint32_t n, struct chunk **c, const uint8_t **p)
{
	uint32_t at = (uint32_t)off & (CHUNK_SIZE - 1);
	int err;

	if (!in_image(im, off, n) || n > CHUNK_SIZE - at)
		return -EUCLEAN;
	err = chunk_get(im->layer, off >> CHUNK_SHIFT, c);
	if (err)
		return err;
	*p = (*c)->data + at;
	return 0;
}

int erofs_copy(struct erofs_image *im, uint64_t off, void *buf, uint32_t n)
{
	uint8_t *to = buf;

	while (n > 0) {
		uint32_t room = CHUNK_SIZE - ((uint32_t)off & (CHUNK_SIZE - 1));
		uint32_t part = MIN(n, room);
		const uint8_t *from;
		struct chunk *c;
		int err = erofs_pin(im, off, part, &c, &from);

		if (err)
			return err;
		memcpy(to, from, part);
		chunk_put(c);
		to += part;
		off += part;
		n -= part;
	}
	return 0;
}

/* ---- where a file's bytes are ---- */

static int map_chunked(struct inode *inode, uint64_t pos, uint64_t *off, uint64_t *run, bool *hole)
{
	const struct erofs_inode *e = erofs_of(inode);
	struct erofs_image *im = erofs_image(inode);
	struct erofs_disk_chunk_index index = {0};
	uint64_t in_chunk = pos & ((1ull << e->chunk_bits) - 1);
	uint64_t n = pos >> e->chunk_bits;
	int err;

	if (n > im->size / e->unit)
		return erofs_damaged(im, inode->ino, "chunk map outside the image");
	if (e->unit == sizeof(index))
		err = erofs_copy(im, e->data + n * e->unit, &index, sizeof(index));
	else
		err = erofs_copy(im, e->data + n * e->unit, &index.block, sizeof(index.block));
	if (err == -EUCLEAN)
		return erofs_damaged(im, inode->ino, "chunk map outside the image");
	if (err)
		return err;
	if (index.device != 0)
		return erofs_damaged(im, inode->ino, "data on another device");
	*hole = index.block == EROFS_HOLE;
	*off = ((uint64_t)index.block << im->block_bits) + in_chunk;
	*run = MIN((1ull << e->chunk_bits) - in_chunk, inode->size - pos);
	return 0;
}

int erofs_map(struct inode *inode, uint64_t pos, uint64_t *off, uint64_t *run, bool *hole)
{
	const struct erofs_inode *e = erofs_of(inode);

	*hole = false;
	if (e->layout == EROFS_CHUNK_BASED)
		return map_chunked(inode, pos, off, run, hole);
	if (pos < e->tail_pos) {
		*off = e->data + pos;
		*run = e->tail_pos - pos;
	} else {
		*off = e->tail + (pos - e->tail_pos);
		*run = inode->size - pos;
	}
	return 0;
}

/* ---- reading ---- */

/* Move what one pinned chunk has of the mapped run. Returns bytes, or -errno. */
static ssize_t read_run(struct inode *inode, struct iobuf *b, uint64_t off, uint64_t run)
{
	struct erofs_image *im = erofs_image(inode);
	uint32_t room = CHUNK_SIZE - ((uint32_t)off & (CHUNK_SIZE - 1));
	uint32_t n = (uint32_t)MIN(MIN(run, (uint64_t)b->left), (uint64_t)room);
	const uint8_t *p;
	struct chunk *c;
	int err = erofs_pin(im, off, n, &c, &p);

	if (err)
		return err == -EUCLEAN ? erofs_damaged(im, inode->ino, "data outside the image")
				       : err;
	iob_put(b, p, n);
	chunk_put(c);
	return (ssize_t)n;
}

static ssize_t erofs_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	ssize_t done = 0;

	while (b->left > 0 && *pos < inode->size) {
		uint64_t off, run;
		bool hole;
		ssize_t n = erofs_map(inode, *pos, &off, &run, &hole);

		if (!n)
			n = hole ? (ssize_t)iob_zero(b, (size_t)MIN(run, (uint64_t)b->left))
				 : read_run(inode, b, off, run);
		if (n < 0)
			return done ? done : n;
		*pos += (uint64_t)n;
		done += n;
	}
	return done;
}

static const struct file_ops erofs_file_fops = {.read = erofs_read};

static ssize_t erofs_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t done = 0, want = MIN((size_t)inode->size, size);

	while (done < want) {
		uint64_t off, run;
		uint32_t n;
		bool hole;
		int err = erofs_map(inode, done, &off, &run, &hole);

		if (!err && hole)
			err = -EUCLEAN;
		if (err)
			return err;
		n = (uint32_t)MIN(run, (uint64_t)(want - done));
		err = erofs_copy(erofs_image(inode), off, buf + done, n);
		if (err)
			return err;
		done += n;
	}
	if (memchr(buf, 0, want))
		return erofs_damaged(
			erofs_image(inode), inode->ino, "symbolic link with a zero byte");
	return (ssize_t)want;
}

static const struct inode_ops erofs_dir_ops = {
	.lookup = erofs_lookup,
	.getxattr = erofs_getxattr,
	.listxattr = erofs_listxattr,
};
static const struct inode_ops erofs_inode_ops = {
	.readlink = erofs_readlink,
	.getxattr = erofs_getxattr,
	.listxattr = erofs_listxattr,
};

/* ---- inodes ---- */

/* An on-disk inode of either form, and where its parts begin. */
struct disk_inode {
	struct erofs_disk_extended d;
	uint64_t xattr; /* attribute body; the next byte after the inode */
	uint32_t xattr_len;
};

static int read_disk_inode(struct erofs_image *im, uint64_t nid, struct disk_inode *out)
{
	struct erofs_disk_compact c;
	uint64_t off;
	int err;

	if (nid >= (im->size - im->meta) / EROFS_INODE_UNIT)
		return erofs_damaged(im, nid, "no such inode");
	off = im->meta + nid * EROFS_INODE_UNIT;
	err = erofs_copy(im, off, &c, sizeof(c));
	if (err)
		return err;
	out->xattr_len = c.xattr_count ? 12 + 4 * (c.xattr_count - 1u) : 0;
	if (c.format & EROFS_FORMAT_EXTENDED) {
		if (!in_image(im, off, sizeof(out->d)))
			return erofs_damaged(im, nid, "inode cut off");
		out->xattr = off + sizeof(out->d);
		err = erofs_copy(im, off, &out->d, sizeof(out->d));
	} else {
		out->xattr = off + sizeof(c);
		out->d = (struct erofs_disk_extended){
			.format = c.format,
			.mode = c.mode,
			.size = c.size,
			.data = c.data,
			.uid = c.uid,
			.gid = c.gid,
			.nlink = c.nlink,
			.mtime = im->build_sec,
			.mtime_nsec = im->build_nsec,
		};
	}
	if (!err && !in_image(im, out->xattr, out->xattr_len))
		return erofs_damaged(im, nid, "attributes outside the image");
	return err;
}

static int set_flat(struct erofs_image *im, struct erofs_inode *e, const struct disk_inode *d)
{
	uint64_t block = 1ull << im->block_bits;
	uint64_t tail_len;

	e->data = (uint64_t)d->d.data << im->block_bits;
	e->tail_pos = d->d.size;
	e->tail = d->xattr + d->xattr_len;
	if (e->layout == EROFS_FLAT_INLINE && d->d.size > 0) {
		e->tail_pos = (d->d.size - 1) & ~(block - 1);
		tail_len = d->d.size - e->tail_pos;
		/* Within one block, hence one chunk: directory blocks are read in place. */
		if ((e->tail & (block - 1)) + tail_len > block || !in_image(im, e->tail, tail_len))
			return erofs_damaged(im, e->vfs.ino, "inline data leaves its block");
	}
	if (e->tail_pos > 0 && !in_image(im, e->data, e->tail_pos))
		return erofs_damaged(im, e->vfs.ino, "data outside the image");
	return 0;
}

static int set_chunked(struct erofs_image *im, struct erofs_inode *e, const struct disk_inode *d)
{
	uint32_t format = d->d.data & 0xffffu;

	if (!S_ISREG(d->d.mode) || (format & ~EROFS_CHUNK_KNOWN))
		return erofs_damaged(im, e->vfs.ino, "unknown chunk format");
	e->unit = format & EROFS_CHUNK_INDEXES ? 8 : 4;
	e->chunk_bits = (uint8_t)(im->block_bits + (format & EROFS_CHUNK_BITS));
	e->data = (d->xattr + d->xattr_len + e->unit - 1) & ~(uint64_t)(e->unit - 1);
	return 0;
}

static int set_layout(struct erofs_image *im, struct erofs_inode *e, const struct disk_inode *d)
{
	if (d->d.format & ~EROFS_FORMAT_KNOWN)
		return erofs_damaged(im, e->vfs.ino, "unknown inode format");
	e->layout = EROFS_FORMAT_LAYOUT(d->d.format);
	e->xattr = d->xattr;
	e->xattr_len = d->xattr_len;
	if (d->d.size > INT64_MAX)
		return erofs_damaged(im, e->vfs.ino, "size out of range");
	switch (e->layout) {
	case EROFS_FLAT_PLAIN:
	case EROFS_FLAT_INLINE:
		return set_flat(im, e, d);
	case EROFS_CHUNK_BASED:
		return set_chunked(im, e, d);
	default:
		klog(KLOG_ERROR, "erofs: image %s inode %llu: compressed data is not supported",
			im->name, (unsigned long long)e->vfs.ino);
		return -EOPNOTSUPP;
	}
}

/* Linux's device number encoding in images: 12 bits of major among 20 of minor. */
static uint32_t decode_rdev(uint32_t dev)
{
	return MKDEV((dev & 0xfff00u) >> 8, (dev & 0xffu) | (dev >> 12 & 0xfff00u));
}

static int fill_inode(struct super *super, struct erofs_inode *e, uint64_t nid)
{
	struct erofs_image *im = super->priv;
	struct inode *inode = &e->vfs;
	bool has_data = false;
	struct disk_inode d;
	int err = read_disk_inode(im, nid, &d);

	if (err)
		return err;
	inode_init(inode, super, &erofs_inode_ops, NULL, nid, d.d.mode);
	switch (d.d.mode & S_IFMT) {
	case S_IFREG:
		inode->fops = &erofs_file_fops;
		has_data = true;
		break;
	case S_IFDIR:
		inode->ops = &erofs_dir_ops;
		inode->fops = &erofs_dir_fops;
		has_data = true;
		break;
	case S_IFLNK:
		if (d.d.size == 0 || d.d.size >= PATH_MAX)
			return erofs_damaged(im, nid, "symbolic link of impossible length");
		has_data = true;
		break;
	case S_IFCHR:
	case S_IFBLK:
		inode->rdev = decode_rdev(d.d.data);
		break;
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return erofs_damaged(im, nid, "unknown file type");
	}
	inode->uid = d.d.uid;
	inode->gid = d.d.gid;
	inode->nlink = MAX(d.d.nlink, 1u);
	inode->size = has_data ? d.d.size : 0;
	inode->mtime = (struct ktime){(int64_t)d.d.mtime, MIN(d.d.mtime_nsec, 999999999u)};
	inode->atime = inode->ctime = inode->btime = inode->mtime;
	return has_data ? set_layout(im, e, &d) : 0;
}

static struct inode *table_find_locked(struct erofs_image *im, uint64_t nid)
{
	struct inode *inode;

	LIST_FOR_EACH(inode, &im->table[nid % EROFS_BUCKETS], cache_link) {
		if (inode->ino == nid && ref_get_unless_zero(&inode->refs))
			return inode;
	}
	return NULL;
}

int erofs_iget(struct super *super, uint64_t nid, struct inode **out)
{
	struct erofs_image *im = super->priv;
	struct inode *inode, *other;
	struct erofs_inode *e;
	int err;

	lock_acquire(&super->icache_lock);
	inode = table_find_locked(im, nid);
	lock_release(&super->icache_lock);
	if (inode) {
		*out = inode;
		return 0;
	}
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	err = fill_inode(super, e, nid);
	if (err) {
		kfree(e);
		return err;
	}
	lock_acquire(&super->icache_lock);
	other = table_find_locked(im, nid);
	if (!other)
		list_add_head(&im->table[nid % EROFS_BUCKETS], &e->vfs.cache_link);
	lock_release(&super->icache_lock);
	if (other)
		kfree(e); /* two read it at once; nobody saw ours */
	*out = other ? other : &e->vfs;
	return 0;
}

bool erofs_inode_key(const struct inode *inode, uint32_t *layer, uint64_t *nid)
{
	if (inode->super->type != &erofs_type)
		return false;
	*layer = erofs_image(inode)->layer;
	*nid = inode->ino;
	return true;
}

/* ---- the file system ---- */

static void erofs_evict(struct inode *inode)
{
	lock_acquire(&inode->super->icache_lock);
	list_del(&inode->cache_link);
	lock_release(&inode->super->icache_lock);
	kfree(CONTAINER_OF(inode, struct erofs_inode, vfs));
}

static void erofs_statfs(struct super *super, struct abi_statfs *out)
{
	struct erofs_image *im = super->priv;

	out->type = EROFS_MAGIC;
	out->bsize = out->frsize = 1u << im->block_bits;
	out->blocks = im->blocks;
	out->files = im->inodes;
	out->namelen = NAME_MAX;
}

static void erofs_destroy(struct super *super)
{
	kfree(super->priv);
}

static const struct super_ops erofs_super_ops = {
	.evict = erofs_evict,
	.statfs = erofs_statfs,
	.destroy = erofs_destroy,
};

static int read_super(struct erofs_image *im, uint64_t *root_nid)
{
	struct erofs_disk_super d;
	int err = erofs_copy(im, EROFS_SUPER_OFFSET, &d, sizeof(d));

	if (err)
		return err == -EUCLEAN ? -EINVAL : err;
	if (d.magic != EROFS_MAGIC)
		return -EINVAL;
	if (d.feature_incompat & ~EROFS_INCOMPAT_KNOWN || d.block_bits < 9 || d.block_bits > 12) {
		klog(KLOG_ERROR, "erofs: image %s: features %x, block size 2^%u: not supported",
			im->name, d.feature_incompat, d.block_bits);
		return -EINVAL;
	}
	im->block_bits = d.block_bits;
	im->meta = (uint64_t)d.meta_block << d.block_bits;
	im->xattrs = (uint64_t)d.xattr_block << d.block_bits;
	im->build_sec = d.build_time;
	im->build_nsec = d.build_time_nsec;
	im->blocks = d.blocks;
	im->inodes = d.inodes;
	*root_nid = d.root_nid;
	if (im->meta > im->size)
		return erofs_damaged(im, 0, "inodes outside the image");
	return 0;
}

/* "layer:N" -> the image; NULL: no such layer, or no memory. */
static int image_open(const char *source, struct erofs_image **out)
{
	const struct layer_info *info;
	struct erofs_image *im;
	uint32_t layer;

	if (strncmp(source, "layer:", 6) != 0 ||
		!str_to_u32(source + 6, source + strlen(source), &layer))
		return -EINVAL;
	info = chunk_layer(layer);
	if (!info)
		return -ENOENT;
	im = kzalloc(sizeof(*im));
	if (!im)
		return -ENOMEM;
	im->layer = layer;
	im->size = info->size;
	str_copy(im->name, info->name, sizeof(im->name));
	for (uint32_t i = 0; i < EROFS_BUCKETS; i++)
		list_init(&im->table[i]);
	*out = im;
	return 0;
}

static int erofs_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	struct erofs_image *im;
	struct super *super;
	struct inode *root;
	uint64_t root_nid;
	int err = image_open(source, &im);

	(void)flags, (void)options;
	if (err)
		return err;
	super = super_alloc(&erofs_type, &erofs_super_ops);
	if (!super) {
		kfree(im);
		return -ENOMEM;
	}
	super->priv = im;
	super->magic = EROFS_MAGIC;
	super->flags = MS_RDONLY;
	str_copy(super->source, source, sizeof(super->source));
	err = read_super(im, &root_nid);
	if (!err)
		err = erofs_iget(super, root_nid, &root);
	if (err)
		goto put;
	if (!S_ISDIR(root->mode)) {
		err = erofs_damaged(im, root_nid, "root is no directory");
		inode_put(root);
		goto put;
	}
	err = super_set_root(super, root);
	if (err)
		goto put;
	*out = super;
	return 0;
put:
	super_put(super);
	return err;
}

const struct fs_type erofs_type = {.name = "erofs", .mount = erofs_mount};

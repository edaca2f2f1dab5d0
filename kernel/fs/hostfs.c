/*
 * hostfs.c - folders of the host, read-only: what `pleat run -v` shows.
 * Spec: OP_HOSTFS of abi/ring.h. Each lookup asks the host, so names are not cached; an open file
 * keeps the last 64 KiB piece it read. Files belong to root. Devices, FIFOs and sockets of the host
 * are not shown.
 * Locks: inode.lock (sleepable) around an open file's piece.
 */
#include "abi/ring.h"
#include "fs/fs.h"
#include "host/host.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define HOSTFS_MAGIC 0x00c0ffeeu
#define PIECE 65536u
/* More than a module key holds: programs from here are compiled each time, the host may change
 * them. */
#define GENERATION_UNKNOWN 0x10000u

struct hostfs_inode {
	struct inode vfs; /* must be first */
	uint32_t len;
	char path[]; /* below the folder, no slash at its front; "" for the folder */
};

struct hostfs_file {
	uint64_t start; /* [inode.lock] of the piece */
	uint32_t len;	/* [inode.lock] bytes of it; 0: none */
	uint8_t *piece; /* PIECE bytes */
};

static const struct inode_ops hostfs_dir_ops, hostfs_file_ops, hostfs_link_ops;
static const struct file_ops hostfs_dir_fops, hostfs_file_fops;

static struct hostfs_inode *hostfs_i(struct inode *inode)
{
	return CONTAINER_OF(inode, struct hostfs_inode, vfs);
}

/* One question to the host. Returns bytes written to data, or -errno. */
static ssize_t ask(const struct hostfs_inode *h, struct super *super, uint32_t op, uint64_t index,
	void *data, uint32_t size)
{
	struct host_call call = {
		.layer = (uint32_t)(uintptr_t)super->priv,
		.index_lo = (uint32_t)index,
		.index_hi = (uint32_t)(index >> 32),
		.data = (uint32_t)(uintptr_t)data,
		.size = size,
		.path = (uint32_t)(uintptr_t)h->path,
		.path_len = h->len,
		.hostfs_op = op,
	};
	int err = host_call(OP_HOSTFS, &call);

	if (err)
		return err;
	return call.result <= size ? (ssize_t)call.result : -EIO;
}

static bool shown(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

/* Takes over h, also on failure. */
static int finish_inode(struct super *super, struct hostfs_inode *h, struct inode **out)
{
	struct hostfs_stat st;
	ssize_t n = ask(h, super, HOSTFS_STAT, 0, &st, sizeof(st));

	if (n != (ssize_t)sizeof(st) || !shown(st.mode)) {
		kfree(h);
		return n < 0 ? (int)n : n == (ssize_t)sizeof(st) ? -ENOENT : -EIO;
	}
	inode_init(&h->vfs, super,
		S_ISDIR(st.mode)   ? &hostfs_dir_ops
		: S_ISLNK(st.mode) ? &hostfs_link_ops
				   : &hostfs_file_ops,
		S_ISDIR(st.mode)   ? &hostfs_dir_fops
		: S_ISREG(st.mode) ? &hostfs_file_fops
				   : NULL,
		st.ino, st.mode & (S_IFMT | 0777u));
	h->vfs.nlink = st.nlink;
	h->vfs.size = st.size;
	h->vfs.mtime = (struct ktime){
		(int64_t)(st.mtime_ns / 1000000000), (uint32_t)(st.mtime_ns % 1000000000)};
	h->vfs.atime = h->vfs.ctime = h->vfs.btime = h->vfs.mtime;
	h->vfs.write_gen = GENERATION_UNKNOWN;
	*out = &h->vfs;
	return 0;
}

static int hostfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct hostfs_inode *d = hostfs_i(dir), *h;
	size_t at = d->len ? d->len + 1u : 0;

	if (len > NAME_MAX || at + len >= PATH_MAX)
		return -ENAMETOOLONG;
	h = kzalloc(sizeof(*h) + at + len + 1);
	if (!h)
		return -ENOMEM;
	if (d->len) {
		memcpy(h->path, d->path, d->len);
		h->path[d->len] = '/';
	}
	memcpy(h->path + at, name, len);
	h->len = (uint32_t)(at + len);
	return finish_inode(dir->super, h, out);
}

static ssize_t hostfs_readlink(struct inode *inode, char *buf, size_t size)
{
	return ask(hostfs_i(inode), inode->super, HOSTFS_READLINK, 0, buf, (uint32_t)size);
}

/* ---- reading ---- */

/* Have the piece that holds pos. Returns bytes of it from pos on, 0 at the end, or -errno. */
static ssize_t piece_at(struct file *file, uint64_t pos)
{
	struct hostfs_file *f = file->priv;
	ssize_t n;

	if (f->len > 0 && pos >= f->start && pos - f->start < f->len)
		return (ssize_t)(f->len - (uint32_t)(pos - f->start));
	if (!f->piece) {
		f->piece = pages_alloc(PIECE / PAGE_SIZE);
		if (!f->piece)
			return -ENOMEM;
	}
	f->len = 0;
	n = ask(hostfs_i(file->inode), file->inode->super, HOSTFS_READ, pos, f->piece, PIECE);
	if (n > 0) {
		f->start = pos;
		f->len = (uint32_t)n;
	}
	return n;
}

static ssize_t hostfs_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	struct hostfs_file *f = file->priv;
	ssize_t done = 0, n = 0;

	lock_acquire(&inode->lock);
	while (b->left > 0 && (n = piece_at(file, *pos)) > 0) {
		n = (ssize_t)iob_put(b, f->piece + (*pos - f->start), (size_t)n);
		*pos += (uint64_t)n;
		done += n;
	}
	lock_release(&inode->lock);
	return done ? done : MIN(n, (ssize_t)0);
}

static int hostfs_open(struct inode *inode, struct file *file)
{
	(void)inode;
	file->priv = kzalloc(sizeof(struct hostfs_file));
	return file->priv ? 0 : -ENOMEM;
}

static void hostfs_release(struct file *file)
{
	struct hostfs_file *f = file->priv;

	if (f->piece)
		pages_free(f->piece, PIECE / PAGE_SIZE);
	kfree(f);
}

/* ---- listing ---- */

#define DOTS 2u

/* Emit the records of one answer. Returns how many, or -1 when there is no more room. */
static int emit_records(
	const uint8_t *p, size_t n, uint64_t *pos, struct dir_emit *emit, const struct inode *dir)
{
	int count = 0;

	while (n >= 2 && n - 2 >= p[1] && p[1] > 0) {
		const char *name = (const char *)p + 2;

		if (!memchr(name, '/', p[1]) &&
			!emit->entry(emit, name, p[1], (dir->ino << 32 ^ str_hash(name, p[1])) | 1,
				p[0], *pos + 1))
			return -1;
		++*pos;
		count++;
		n -= 2u + p[1];
		p += 2u + p[1];
	}
	return count;
}

static int hostfs_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	struct inode *dir = file->inode;
	uint8_t *page;
	int err = 0;

	if (!dir_emit_dots(file, pos, emit))
		return 0;
	page = page_alloc();
	if (!page)
		return -ENOMEM;
	for (;;) {
		ssize_t n = ask(
			hostfs_i(dir), dir->super, HOSTFS_READDIR, *pos - DOTS, page, PAGE_SIZE);

		err = n < 0 ? (int)n : 0;
		if (n <= 0 || emit_records(page, (size_t)n, pos, emit, dir) <= 0)
			break;
	}
	page_free(page);
	return err;
}

static const struct inode_ops hostfs_dir_ops = {.lookup = hostfs_lookup};
static const struct inode_ops hostfs_file_ops = {.lookup = NULL}; /* nothing beyond the fields */
static const struct inode_ops hostfs_link_ops = {.readlink = hostfs_readlink};
static const struct file_ops hostfs_dir_fops = {.readdir = hostfs_readdir};
static const struct file_ops hostfs_file_fops = {
	.open = hostfs_open, .release = hostfs_release, .read = hostfs_read};

/* ---- the file system ---- */

static void hostfs_evict(struct inode *inode)
{
	kfree(hostfs_i(inode));
}

static void hostfs_statfs(struct super *super, struct abi_statfs *out)
{
	(void)super;
	out->type = HOSTFS_MAGIC;
}

static const struct super_ops hostfs_super_ops = {.evict = hostfs_evict, .statfs = hostfs_statfs};

/* source: "host:N", folder N of the boot plan. */
static int hostfs_mount(const char *source, uint32_t flags, const char *options, struct super **out)
{
	struct hostfs_inode *h;
	struct super *super;
	struct inode *root;
	uint32_t folder;
	int err;

	(void)flags, (void)options;
	if (strncmp(source, "host:", 5) != 0 ||
		!str_to_u32(source + 5, source + strlen(source), &folder))
		return -EINVAL;
	super = super_alloc(&hostfs_type, &hostfs_super_ops);
	h = kzalloc(sizeof(*h) + 1);
	if (!super || !h) {
		kfree(h);
		if (super)
			super_put(super);
		return -ENOMEM;
	}
	super->magic = HOSTFS_MAGIC;
	super->flags = MS_RDONLY;
	super->no_dcache = true;
	super->priv = (void *)(uintptr_t)folder;
	err = finish_inode(super, h, &root);
	if (!err && !S_ISDIR(root->mode)) {
		inode_put(root);
		err = -ENOTDIR;
	}
	if (!err)
		err = super_set_root(super, root);
	if (err) {
		super_put(super);
		return err;
	}
	*out = super;
	return 0;
}

const struct fs_type hostfs_type = {.name = "hostfs", .mount = hostfs_mount, .nodev = true};

/*
 * overlay_file.c - open regular files of an overlay.
 * A file is opened below when it is first used there, and copied up when it is first written: an
 * open with O_TRUNC copies nothing. A descriptor follows its file up, so all see one content.
 * Locks: the overlay inode's lock around changes, so that its size and the real one agree; reading
 * takes none here.
 */
#include "fs/overlay.h"
#include "lib/alloc.h"

struct ovl_file {
	struct file *lower, *upper; /* [a] set once, on first use */
};

struct file *ovl_real_open(struct inode *real, uint32_t flags, const struct file *like)
{
	struct file *f = kzalloc(sizeof(*f));
	int err;

	if (!f)
		return ERR_PTR(-ENOMEM);
	ref_init(&f->refs, 1);
	lock_init(&f->pos_lock, RANK_FILE);
	list_init(&f->epoll_links);
	f->ops = real->fops;
	f->flags = flags;
	f->inode = real;
	if (like)
		f->path = like->path; /* lives longer: no references */
	inode_get(real);
	err = f->ops && f->ops->open ? f->ops->open(real, f) : 0;
	if (err) {
		inode_put(real);
		kfree(f);
		return ERR_PTR(err);
	}
	return f;
}

void ovl_real_close(struct file *f)
{
	if (f->ops && f->ops->release)
		f->ops->release(f);
	inode_put(f->inode);
	kfree(f);
}

/* The open file where the contents are now. ERR_PTR(-ENOMEM). */
static struct file *real_file(struct file *file)
{
	struct ovl_file *of = file->priv;
	struct inode *upper = ovl_upper(file->inode);
	struct file **slot = upper ? &of->upper : &of->lower;
	struct file *f = atomic_load(slot);

	if (LIKELY(f))
		return f;
	f = ovl_real_open(upper ? upper : ovl_real(file->inode), atomic_load(&file->flags), file);
	if (IS_ERR(f) || atomic_cas(slot, NULL, f))
		return f;
	ovl_real_close(f); /* another thread was first */
	return atomic_load(slot);
}

static int ovl_open(struct inode *inode, struct file *file)
{
	(void)inode;
	file->priv = kzalloc(sizeof(struct ovl_file));
	return file->priv ? 0 : -ENOMEM;
}

static void ovl_release(struct file *file)
{
	struct ovl_file *of = file->priv;

	if (of->lower)
		ovl_real_close(of->lower);
	if (of->upper)
		ovl_real_close(of->upper);
	kfree(of);
}

static ssize_t ovl_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct file *real = real_file(file);

	if (IS_ERR(real))
		return PTR_ERR(real);
	return real->ops->read ? real->ops->read(real, b, pos) : -EINVAL;
}

/* The upper file with the descriptor's present flags (O_APPEND may change), copied up before. */
static struct file *real_file_to_write(struct file *file)
{
	int err = ovl_copy_up(file->inode, UINT64_MAX);
	struct file *real = err ? ERR_PTR(err) : real_file(file);

	if (!IS_ERR(real))
		atomic_store(&real->flags, atomic_load(&file->flags));
	return real;
}

static ssize_t ovl_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct inode *inode = file->inode;
	struct file *real;
	ssize_t n;

	lock_acquire(&inode->lock);
	real = real_file_to_write(file);
	if (IS_ERR(real))
		n = PTR_ERR(real);
	else
		n = real->ops->write ? real->ops->write(real, b, pos) : -EINVAL;
	if (n > 0) {
		atomic_add(&real->inode->write_gen, 1u);
		ovl_refresh_locked(inode);
	}
	lock_release(&inode->lock);
	return n;
}

static int ovl_fallocate(struct file *file, int mode, uint64_t off, uint64_t len)
{
	struct inode *inode = file->inode;
	struct file *real;
	int err;

	lock_acquire(&inode->lock);
	real = real_file_to_write(file);
	if (IS_ERR(real))
		err = PTR_ERR(real);
	else
		err = real->ops->fallocate ? real->ops->fallocate(real, mode, off, len)
					   : -EOPNOTSUPP;
	if (!err) {
		atomic_add(&real->inode->write_gen, 1u);
		ovl_refresh_locked(inode);
	}
	lock_release(&inode->lock);
	return err;
}

/* A file that may be written is copied up; another's pages are shared if they are in the upper
 * layer already, where somebody may write them. */
static int ovl_share(struct file *file, uint64_t reach, struct shseg **out)
{
	struct inode *inode = file->inode;
	struct file *real;
	int err;

	lock_acquire(&inode->lock);
	real = file_writable(file) ? real_file_to_write(file) : real_file(file);
	if (IS_ERR(real))
		err = PTR_ERR(real);
	else
		err = real->ops->share ? real->ops->share(real, reach, out) : -EOPNOTSUPP;
	lock_release(&inode->lock);
	return err;
}

static int ovl_fsync(struct file *file)
{
	struct file *real = real_file(file);

	if (IS_ERR(real))
		return PTR_ERR(real);
	return real->ops->fsync ? real->ops->fsync(real) : 0;
}

const struct file_ops ovl_file_fops = {
	.open = ovl_open,
	.release = ovl_release,
	.read = ovl_read,
	.write = ovl_write,
	.fallocate = ovl_fallocate,
	.share = ovl_share,
	.fsync = ovl_fsync,
};

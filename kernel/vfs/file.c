/*
 * file.c - open file descriptions: life, and reading and writing from inside the kernel.
 * Locks: none of its own; file.pos_lock (RANK_FILE) is taken by rw.c and dir.c.
 */
#include "vfs/internal.h"
#include "vfs/sigio.h"
#include "vfs/notify.h"
#include "ipc/epoll.h"
#include "lib/alloc.h"

/* Its own cache lines: every open changes it. */
static struct {
	uint32_t n __attribute__((aligned(CACHE_LINE))); /* [a] */
} open_files;

uint32_t file_count(void)
{
	return atomic_load(&open_files.n);
}

/* One reference, no ops, no path. NULL: no memory. */
struct file *file_alloc(uint32_t flags)
{
	struct file *f = kzalloc(sizeof(*f));

	if (!f)
		return NULL;
	ref_init(&f->refs, 1);
	lock_init(&f->pos_lock, RANK_FILE);
	list_init(&f->epoll_links);
	f->flags = flags;
	atomic_add(&open_files.n, 1u);
	return f;
}

/* Give back what an open file holds but its ops' part; open() that failed comes here too. */
void file_free(struct file *f)
{
	path_put(&f->path);
	kfree(f);
	atomic_sub(&open_files.n, 1u);
}

struct file *file_new_anon(
	const struct file_ops *ops, uint32_t flags, const char *anon_name, void *priv)
{
	static uint64_t last_ino;
	struct file *f = file_alloc(flags);

	if (!f)
		return NULL;
	f->ops = ops;
	f->anon_name = anon_name;
	f->anon_ino = atomic_add(&last_ino, (uint64_t)1) + 1;
	f->priv = priv;
	return f;
}

void file_get(struct file *f)
{
	ref_get(&f->refs);
}

/* Was write access to a regular file counted when it was opened? */
static bool counts_as_writer(const struct file *f)
{
	return f->inode && f->path.mount && S_ISREG(f->inode->mode) && file_writable(f);
}

void file_put(struct file *f)
{
	if (!f || !ref_put(&f->refs))
		return;
	if (!(f->flags & O_PATH))
		notify_file(f, file_writable(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (UNLIKELY(atomic_load(&f->epoll_count) > 0))
		epoll_file_gone(f);
	if (UNLIKELY(f->sigio != NULL))
		sigio_file_gone(f);
	if (f->inode)
		flock_release_file(f);
	if (f->ops && f->ops->release)
		f->ops->release(f);
	if (counts_as_writer(f)) {
		inode_put_write(f->inode);
		atomic_sub(&f->path.mount->writers, 1u);
	}
	file_free(f);
}

/* Positional I/O with kernel memory, until n bytes, the end or an error. */
static ssize_t kernel_io(struct file *f, void *buf, size_t n, uint64_t pos, bool write)
{
	ssize_t (*io)(struct file *, struct iobuf *, uint64_t *) =
		write ? f->ops->write : f->ops->read;
	struct iobuf b;
	ssize_t got;

	if (!io)
		return -EINVAL;
	iob_init_kernel(&b, buf, n);
	while (b.left > 0) {
		got = io(f, &b, &pos);
		if (got <= 0)
			return b.done > 0 ? (ssize_t)b.done : got;
	}
	return (ssize_t)b.done;
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, uint64_t pos)
{
	return kernel_io(f, buf, n, pos, false);
}

/* A file opened with O_APPEND appends, whatever pos says. */
ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, uint64_t pos)
{
	ssize_t done = kernel_io(f, (void *)(uintptr_t)buf, n, pos, true);

	if (done > 0 && f->inode && S_ISREG(f->inode->mode))
		atomic_add(&f->inode->write_gen, 1u);
	return done;
}

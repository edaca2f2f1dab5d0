/*
 * rw.c - moving bytes: read, write and their vector and positional forms, seek, sendfile,
 * copy_file_range.
 * Spec: POSIX.1-2024 read(), write(), lseek(); sendfile(2), copy_file_range(2), SEEK_DATA as Linux.
 * Locks: file.pos_lock (RANK_FILE) around calls that use the shared position; the file system locks
 * the inode inside. Streams (pipes, terminals, sockets) have no position and take no lock here.
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "lib/alloc.h"

#define VEC_ON_STACK 8u
#define COPY_CHUNK 16384u

static uint32_t type_of(const struct file *f)
{
	return f->inode ? f->inode->mode & S_IFMT : 0;
}

static int may_read(const struct file *f)
{
	if (!file_readable(f))
		return -EBADF;
	if (f->ops->read)
		return 0;
	return type_of(f) == S_IFDIR ? -EISDIR : -EINVAL;
}

static int may_write(const struct file *f)
{
	if (!file_writable(f))
		return -EBADF;
	return f->ops->write ? 0 : -EINVAL;
}

/* A change of contents: programs compiled from it are stale; O_SYNC wants it stored. */
static ssize_t wrote(struct file *f, ssize_t n)
{
	if (n > 0)
		notify_file(f, IN_MODIFY);
	if (n <= 0 || type_of(f) != S_IFREG)
		return n;
	atomic_add(&f->inode->write_gen, 1u);
	if (UNLIKELY(atomic_load(&f->flags) & O_DSYNC)) {
		int err = file_fsync(f);

		if (err)
			return err;
	}
	return n;
}

static ssize_t was_read(const struct file *f, ssize_t n)
{
	if (n > 0)
		notify_file(f, IN_ACCESS);
	return n;
}

/* The position is nobody else's while one descriptor of one thread is the only way to it. */
static bool shares_pos(const struct fdref *r)
{
	return r->counted || atomic_load(&r->file->refs.count) > 1;
}

/* Move bytes by an op at the shared position, or at none (streams). */
static ssize_t at_own_pos(struct fdref *r, struct iobuf *b,
	ssize_t (*move)(struct file *file, struct iobuf *b, uint64_t *pos))
{
	struct file *f = r->file;
	bool stream = f->ops->stream, lock = !stream && shares_pos(r);
	uint64_t pos = 0;
	ssize_t n;

	if (lock)
		lock_acquire(&f->pos_lock);
	if (!stream)
		pos = f->pos;
	n = move(f, b, &pos);
	if (!stream)
		f->pos = pos;
	if (lock)
		lock_release(&f->pos_lock);
	return n;
}

static ssize_t read_iob(struct fdref *r, struct iobuf *b)
{
	return was_read(r->file, at_own_pos(r, b, r->file->ops->read));
}

static ssize_t write_iob(struct fdref *r, struct iobuf *b)
{
	return wrote(r->file, at_own_pos(r, b, r->file->ops->write));
}

int sys_read(int32_t fd, uaddr_t buf, uint32_t len)
{
	struct fdref r;
	struct iobuf b;
	ssize_t n;

	if (!fdref_get(&r, fd))
		return -EBADF;
	n = may_read(r.file);
	if (!n)
		n = iob_init_user(&b, buf, MIN(len, RW_MAX), true);
	if (!n)
		n = read_iob(&r, &b);
	fdref_put(&r);
	return (int)n;
}

int sys_write(int32_t fd, uaddr_t buf, uint32_t len)
{
	struct fdref r;
	struct iobuf b;
	ssize_t n;

	if (!fdref_get(&r, fd))
		return -EBADF;
	n = may_write(r.file);
	if (!n)
		n = iob_init_user(&b, buf, MIN(len, RW_MAX), false);
	if (!n)
		n = write_iob(&r, &b);
	fdref_put(&r);
	return (int)n;
}

/* ---- at a given position ---- */

static ssize_t positional(struct file *f, struct iobuf *b, uint64_t offset, bool write)
{
	if (write)
		return wrote(f, f->ops->write(f, b, &offset));
	return was_read(f, f->ops->read(f, b, &offset));
}

static int may_position(const struct file *f, uint64_t offset, bool write)
{
	if (offset > OFF_MAX)
		return -EINVAL;
	if (f->ops->stream)
		return -ESPIPE;
	return write ? may_write(f) : may_read(f);
}

static int pread_pwrite(int32_t fd, uaddr_t buf, uint32_t len, uint64_t offset, bool write)
{
	struct fdref r;
	struct iobuf b;
	ssize_t n;

	if (!fdref_get(&r, fd))
		return -EBADF;
	n = may_position(r.file, offset, write);
	if (!n)
		n = iob_init_user(&b, buf, MIN(len, RW_MAX), !write);
	if (!n)
		n = positional(r.file, &b, offset, write);
	fdref_put(&r);
	return (int)n;
}

int sys_pread64(int32_t fd, uaddr_t buf, uint32_t len, uint64_t offset)
{
	return pread_pwrite(fd, buf, len, offset, false);
}

int sys_pwrite64(int32_t fd, uaddr_t buf, uint32_t len, uint64_t offset)
{
	return pread_pwrite(fd, buf, len, offset, true);
}

/* ---- vectors ---- */

struct vec_io {
	struct fdref r;
	struct iobuf b;
	struct abi_iovec *vec;
	struct abi_iovec few[VEC_ON_STACK];
};

/* The user's vector, checked and copied. On success vec_end() must follow. */
static int vec_begin(struct vec_io *v, uaddr_t uvec, uint32_t count, bool write)
{
	int err;

	if (count > IOV_MAX)
		return -EINVAL;
	v->vec = v->few;
	if (count > VEC_ON_STACK)
		v->vec = kmalloc(count * sizeof(*v->vec));
	if (!v->vec)
		return -ENOMEM;
	err = iob_init_iovec(&v->b, v->vec, uvec, count, write);
	if (err && v->vec != v->few)
		kfree(v->vec);
	return err;
}

static void vec_end(struct vec_io *v)
{
	if (v->vec != v->few)
		kfree(v->vec);
}

static int do_vector(int32_t fd, uaddr_t uvec, uint32_t count, bool write)
{
	struct vec_io v;
	ssize_t n;

	if (!fdref_get(&v.r, fd))
		return -EBADF;
	n = write ? may_write(v.r.file) : may_read(v.r.file);
	if (!n)
		n = vec_begin(&v, uvec, count, !write);
	if (!n) {
		n = write ? write_iob(&v.r, &v.b) : read_iob(&v.r, &v.b);
		vec_end(&v);
	}
	fdref_put(&v.r);
	return (int)n;
}

int sys_readv(int32_t fd, uaddr_t iov, uint32_t count)
{
	return do_vector(fd, iov, count, false);
}

int sys_writev(int32_t fd, uaddr_t iov, uint32_t count)
{
	return do_vector(fd, iov, count, true);
}

static int do_vector_at(int32_t fd, uaddr_t uvec, uint32_t count, uint64_t offset, bool write)
{
	struct vec_io v;
	ssize_t n;

	if (!fdref_get(&v.r, fd))
		return -EBADF;
	n = may_position(v.r.file, offset, write);
	if (!n)
		n = vec_begin(&v, uvec, count, !write);
	if (!n) {
		n = positional(v.r.file, &v.b, offset, write);
		vec_end(&v);
	}
	fdref_put(&v.r);
	return (int)n;
}

int sys_preadv(int32_t fd, uaddr_t iov, uint32_t count, uint64_t offset)
{
	return do_vector_at(fd, iov, count, offset, false);
}

int sys_pwritev(int32_t fd, uaddr_t iov, uint32_t count, uint64_t offset)
{
	return do_vector_at(fd, iov, count, offset, true);
}

/* ---- with flags for this call alone ---- */

#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u
#define RWF_NOWAIT 8u
#define RWF_APPEND 16u
#define RWF_NOAPPEND 32u
#define RWF_READ (RWF_HIPRI | RWF_NOWAIT)
#define RWF_WRITE (RWF_READ | RWF_DSYNC | RWF_SYNC | RWF_APPEND | RWF_NOAPPEND)

static uint32_t flags_for_call(uint32_t have, uint32_t rwf)
{
	if (rwf & RWF_NOWAIT)
		have |= O_NONBLOCK;
	if (rwf & (RWF_DSYNC | RWF_SYNC))
		have |= O_DSYNC;
	if (rwf & RWF_APPEND)
		have |= O_APPEND;
	if (rwf & RWF_NOAPPEND)
		have &= ~(uint32_t)O_APPEND;
	return have;
}

void file_with_flags(struct file *as, struct file *f, uint32_t flags)
{
	*as = (struct file){.ops = f->ops, .path = f->path, .inode = f->inode, .flags = flags};
	ref_init(&as->refs, 1);
	lock_init(&as->pos_lock, RANK_FILE);
	list_init(&as->epoll_links);
	as->anon_name = f->anon_name;
	as->anon_ino = f->anon_ino;
	as->priv = f->priv;
}

/* offset -1: the file's own position, which then moves. */
static ssize_t vector_flags(struct vec_io *v, uint64_t offset, uint32_t rwf, bool write)
{
	struct file *f = v->r.file;
	bool own = offset == UINT64_MAX && !f->ops->stream;
	struct file as;
	ssize_t n;

	file_with_flags(&as, f, flags_for_call(atomic_load(&f->flags), rwf));
	if (own) {
		lock_acquire(&f->pos_lock);
		offset = f->pos;
	}
	if (write)
		n = wrote(&as, as.ops->write(&as, &v->b, &offset));
	else
		n = was_read(&as, as.ops->read(&as, &v->b, &offset));
	if (own) {
		f->pos = offset;
		lock_release(&f->pos_lock);
	}
	return n;
}

static int do_vector_flags(
	int32_t fd, uaddr_t uvec, uint32_t count, uint64_t offset, uint32_t rwf, bool write)
{
	struct vec_io v;
	ssize_t n;

	if (rwf & ~(write ? RWF_WRITE : RWF_READ))
		return -EOPNOTSUPP;
	if ((rwf & RWF_APPEND) && (rwf & RWF_NOAPPEND))
		return -EINVAL;
	if (rwf == 0)
		return offset == UINT64_MAX ? do_vector(fd, uvec, count, write)
					    : do_vector_at(fd, uvec, count, offset, write);
	if (!fdref_get(&v.r, fd))
		return -EBADF;
	if (offset == UINT64_MAX)
		n = write ? may_write(v.r.file) : may_read(v.r.file);
	else
		n = may_position(v.r.file, offset, write);
	if (!n)
		n = vec_begin(&v, uvec, count, !write);
	if (!n) {
		n = vector_flags(&v, offset, rwf, write);
		vec_end(&v);
	}
	fdref_put(&v.r);
	return (int)n;
}

/* -EOPNOTSUPP: a flag that is not known, or makes no sense in this direction. */
int sys_preadv2(int32_t fd, uaddr_t iov, uint32_t count, uint64_t offset, uint32_t flags)
{
	return do_vector_flags(fd, iov, count, offset, flags, false);
}

int sys_pwritev2(int32_t fd, uaddr_t iov, uint32_t count, uint64_t offset, uint32_t flags)
{
	return do_vector_flags(fd, iov, count, offset, flags, true);
}

/* ---- seek ---- */

/* A file without holes of its own to tell about: one piece of data, and a hole at its end. */
static int64_t seek_generic_locked(struct file *f, int64_t off, int whence, uint64_t size)
{
	int64_t base;

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (int64_t)f->pos;
		break;
	case SEEK_END:
		base = (int64_t)size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0 || (uint64_t)off >= size)
			return -ENXIO;
		base = whence == SEEK_HOLE ? (int64_t)size - off : 0;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &base))
		return -EOVERFLOW;
	return base < 0 ? -EINVAL : base;
}

static uint64_t size_of(const struct file *f)
{
	uint64_t size;

	if (type_of(f) != S_IFREG)
		return 0;
	lock_acquire(&f->inode->lock);
	size = f->inode->size;
	lock_release(&f->inode->lock);
	return size;
}

static int64_t do_seek(struct file *f, int64_t off, int whence)
{
	int64_t at;

	if (f->ops->stream && !f->ops->seek)
		return -ESPIPE;
	lock_acquire(&f->pos_lock);
	if (f->ops->seek)
		at = f->ops->seek(f, off, whence);
	else
		at = seek_generic_locked(f, off, whence, size_of(f));
	if (at >= 0)
		f->pos = (uint64_t)at;
	lock_release(&f->pos_lock);
	return at;
}

int sys__llseek(int32_t fd, uint32_t high, uint32_t low, uaddr_t result, uint32_t whence)
{
	struct fdref r;
	int64_t at;

	if (!fdref_get(&r, fd))
		return -EBADF;
	at = do_seek(r.file, (int64_t)((uint64_t)high << 32 | low), (int)whence);
	fdref_put(&r);
	return at < 0 ? (int)at : copyout(result, &at, sizeof(at));
}

/* ---- from file to file ---- */

/* One chunk from in at *pos to out (at *outpos, or its own position). Returns bytes, 0 at end. */
static ssize_t copy_chunk(
	struct fdref *in, uint64_t *pos, struct fdref *out, uint64_t *outpos, void *buf, size_t len)
{
	uint64_t from = *pos;
	struct iobuf b;
	ssize_t n;

	iob_init_kernel(&b, buf, MIN(len, COPY_CHUNK));
	n = was_read(in->file, in->file->ops->read(in->file, &b, &from));
	if (n <= 0)
		return n;
	iob_init_kernel(&b, buf, (size_t)n);
	if (outpos)
		n = wrote(out->file, out->file->ops->write(out->file, &b, outpos));
	else
		n = write_iob(out, &b);
	/* What out did not take is read again next time. */
	if (n > 0)
		*pos += (uint64_t)n;
	return n;
}

/* Copy until len, the end, or an error; an error after some bytes is left for the next call. */
static ssize_t copy_loop(
	struct fdref *in, uint64_t *pos, struct fdref *out, uint64_t *outpos, size_t len)
{
	void *buf = kmalloc(COPY_CHUNK);
	size_t done = 0;
	ssize_t n = 0;

	if (!buf)
		return -ENOMEM;
	while (done < len) {
		n = copy_chunk(in, pos, out, outpos, buf, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
		if (signal_pending_self())
			break;
	}
	kfree(buf);
	return done > 0 ? (ssize_t)done : n;
}

/* Where a copy starts: the user's offset, or the file's. */
static int copy_start(struct file *f, uaddr_t uoff, uint64_t *pos)
{
	if (uoff) {
		if (copyin(pos, uoff, sizeof(*pos)))
			return -EFAULT;
		return *pos > OFF_MAX ? -EINVAL : 0;
	}
	lock_acquire(&f->pos_lock);
	*pos = f->pos;
	lock_release(&f->pos_lock);
	return 0;
}

static int copy_finish(struct file *f, uaddr_t uoff, uint64_t pos)
{
	if (uoff)
		return copyout(uoff, &pos, sizeof(pos));
	lock_acquire(&f->pos_lock);
	f->pos = pos;
	lock_release(&f->pos_lock);
	return 0;
}

static ssize_t do_sendfile(struct fdref *out, struct fdref *in, uaddr_t uoff, size_t len)
{
	uint64_t pos;
	ssize_t n;
	int err = may_read(in->file);

	if (!err)
		err = may_write(out->file);
	if (!err && in->file->ops->stream)
		err = uoff ? -ESPIPE : -EINVAL;
	if (!err && (atomic_load(&out->file->flags) & O_APPEND))
		err = -EINVAL;
	if (!err)
		err = copy_start(in->file, uoff, &pos);
	if (err)
		return err;
	n = copy_loop(in, &pos, out, NULL, MIN(len, RW_MAX));
	if (n > 0)
		err = copy_finish(in->file, uoff, pos);
	return err ? err : n;
}

int sys_sendfile64(int32_t outfd, int32_t infd, uaddr_t offset, uint32_t len)
{
	struct fdref in, out;
	ssize_t n;

	if (!fdref_get(&out, outfd))
		return -EBADF;
	if (!fdref_get(&in, infd)) {
		fdref_put(&out);
		return -EBADF;
	}
	n = do_sendfile(&out, &in, offset, len);
	fdref_put(&in);
	fdref_put(&out);
	return (int)n;
}

static int may_copy_range(const struct file *in, const struct file *out)
{
	if (type_of(in) == S_IFDIR || type_of(out) == S_IFDIR)
		return -EISDIR;
	if (type_of(in) != S_IFREG || type_of(out) != S_IFREG)
		return -EINVAL;
	if (!file_readable(in) || !file_writable(out) || (out->flags & O_APPEND))
		return -EBADF;
	return in->ops->read && out->ops->write ? 0 : -EINVAL;
}

/* As copy_start(); a range that wraps is -EOVERFLOW. */
static int range_start(struct file *f, uaddr_t uoff, size_t len, uint64_t *pos)
{
	if (!uoff)
		return copy_start(f, 0, pos);
	if (copyin(pos, uoff, sizeof(*pos)))
		return -EFAULT;
	if (*pos + len < *pos)
		return -EOVERFLOW;
	return *pos > OFF_MAX ? -EINVAL : 0;
}

static ssize_t do_copy_range(
	struct fdref *in, uaddr_t uin, struct fdref *out, uaddr_t uout, size_t len)
{
	uint64_t from, to;
	ssize_t n;
	int err = may_copy_range(in->file, out->file);

	if (!err)
		err = range_start(in->file, uin, len, &from);
	if (!err)
		err = range_start(out->file, uout, len, &to);
	if (err)
		return err;
	len = MIN(len, RW_MAX);
	if (in->file->inode == out->file->inode && from < to + len && to < from + len)
		return -EINVAL;
	n = copy_loop(in, &from, out, &to, len);
	if (n > 0)
		err = copy_finish(in->file, uin, from);
	if (n > 0 && !err)
		err = copy_finish(out->file, uout, to);
	return err ? err : n;
}

int sys_copy_file_range(
	int32_t infd, uaddr_t inpos, int32_t outfd, uaddr_t outpos, uint32_t len, uint32_t flags)
{
	struct fdref in, out;
	ssize_t n;

	if (flags)
		return -EINVAL;
	if (!fdref_get(&in, infd))
		return -EBADF;
	if (!fdref_get(&out, outfd)) {
		fdref_put(&in);
		return -EBADF;
	}
	n = do_copy_range(&in, inpos, &out, outpos, len);
	fdref_put(&out);
	fdref_put(&in);
	return (int)n;
}

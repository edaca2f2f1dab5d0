/*
 * splice.c - splice(2), tee(2), vmsplice(2): between pipes and anything.
 * Spec: as in Linux, but bytes are copied: nothing here could share a page.
 * Locks: none over a move. Bytes taken out of a pipe keep their room there until they have arrived,
 * so that what the other side did not take can go back (ipc/pipe.h).
 */
#include "vfs/internal.h"
#include "vfs/notify.h"
#include "ipc/pipe.h"
#include "lib/alloc.h"

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_FLAGS 15u
#define CHUNK 16384u

struct splice {
	struct file *in, *out;
	uaddr_t uin, uout; /* the user's offsets, 0: none */
	uint64_t from, to; /* where files are read and written */
	size_t len;
	bool nonblock;
	uint8_t *buf; /* CHUNK bytes */
};

static bool is_pipe(const struct file *f)
{
	return f->ops == &pipe_ops;
}

/* The position to use for a file that is not a pipe. */
static int get_offset(struct file *f, uaddr_t user, uint64_t *pos)
{
	*pos = 0;
	if (user) {
		if (f->ops->stream)
			return -ESPIPE;
		if (copyin(pos, user, sizeof(*pos)))
			return -EFAULT;
		return *pos > OFF_MAX ? -EINVAL : 0;
	}
	if (f->ops->stream)
		return 0;
	lock_acquire(&f->pos_lock);
	*pos = f->pos;
	lock_release(&f->pos_lock);
	return 0;
}

static int put_offset(struct file *f, uaddr_t user, uint64_t pos)
{
	if (user)
		return copyout(user, &pos, sizeof(pos));
	if (f->ops->stream)
		return 0;
	lock_acquire(&f->pos_lock);
	f->pos = pos;
	lock_release(&f->pos_lock);
	return 0;
}

/* Write n bytes of s->buf to out. nonblock: only what fits at once. */
static ssize_t write_out(struct splice *s, size_t n, bool nonblock)
{
	uint32_t flags = atomic_load(&s->out->flags);
	struct iobuf b;
	struct file as;
	ssize_t got;

	file_with_flags(&as, s->out, nonblock ? flags | O_NONBLOCK : flags);
	iob_init_kernel(&b, s->buf, n);
	got = as.ops->write(&as, &b, &s->to);
	if (got > 0) {
		if (s->out->inode && S_ISREG(s->out->inode->mode))
			atomic_add(&s->out->inode->write_gen, 1u);
		notify_file(s->out, IN_MODIFY);
	}
	return got;
}

/* Out of a pipe: sleeps for the first bytes alone. */
static ssize_t from_pipe(struct splice *s)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < s->len) {
		ssize_t took = pipe_take(
			s->in, s->buf, MIN(s->len - done, CHUNK), done > 0 || s->nonblock);

		if (took <= 0)
			return done > 0 ? (ssize_t)done : took;
		n = write_out(s, (size_t)took, is_pipe(s->out) && (done > 0 || s->nonblock));
		pipe_settle(s->in, s->buf, (size_t)took, n > 0 ? (size_t)n : 0);
		if (n <= 0)
			break;
		done += (size_t)n;
		if (n < took)
			break;
	}
	return done > 0 ? (ssize_t)done : n;
}

/* Into a pipe: sleeps for the first room alone. */
static ssize_t into_pipe(struct splice *s)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < s->len) {
		struct iobuf b;
		struct file as;
		size_t want;

		n = pipe_wait_room(s->out, done > 0 || s->nonblock);
		if (n <= 0)
			break;
		want = MIN(MIN(s->len - done, (size_t)n), CHUNK);
		file_with_flags(&as, s->in,
			atomic_load(&s->in->flags) | (done > 0 || s->nonblock ? O_NONBLOCK : 0));
		iob_init_kernel(&b, s->buf, want);
		n = as.ops->read(&as, &b, &s->from);
		if (n <= 0)
			break;
		notify_file(s->in, IN_ACCESS);
		/* The room may be somebody else's by now: then this waits for more. */
		n = write_out(s, (size_t)n, false);
		if (n <= 0)
			break;
		done += (size_t)n;
		if ((size_t)n < want)
			break;
	}
	return done > 0 ? (ssize_t)done : n == -EAGAIN || n < 0 ? n : 0;
}

static int check(const struct splice *s)
{
	if (!file_readable(s->in) || !file_writable(s->out))
		return -EBADF;
	if (!is_pipe(s->in) && !is_pipe(s->out))
		return -EINVAL;
	if ((is_pipe(s->in) && s->uin) || (is_pipe(s->out) && s->uout))
		return -ESPIPE;
	if (is_pipe(s->in) && is_pipe(s->out) && pipe_same(s->in, s->out))
		return -EINVAL;
	if (!is_pipe(s->out) && (atomic_load(&s->out->flags) & O_APPEND))
		return -EINVAL;
	if (!s->in->ops->read || !s->out->ops->write)
		return -EINVAL;
	return 0;
}

static ssize_t do_splice(struct splice *s)
{
	ssize_t n = check(s);
	int err;

	if (!n)
		n = get_offset(s->in, s->uin, &s->from);
	if (!n)
		n = get_offset(s->out, s->uout, &s->to);
	if (n || s->len == 0)
		return n;
	s->buf = kmalloc(CHUNK);
	if (!s->buf)
		return -ENOMEM;
	n = is_pipe(s->in) ? from_pipe(s) : into_pipe(s);
	kfree(s->buf);
	if (n <= 0)
		return n;
	err = put_offset(s->in, s->uin, s->from);
	if (!err)
		err = put_offset(s->out, s->uout, s->to);
	return err ? err : n;
}

/*
 * Returns bytes moved, 0 at the end. -EINVAL: no pipe among the two, the same pipe twice, O_APPEND,
 * flags; -ESPIPE: an offset for a pipe; -EBADF; -EAGAIN: SPLICE_F_NONBLOCK and nothing to do;
 * -EPIPE with SIGPIPE; -EFAULT, -ENOMEM, -PLEAT_ERESTARTSYS.
 */
int sys_splice(int32_t in, uaddr_t inpos, int32_t out, uaddr_t outpos, uint32_t len, uint32_t flags)
{
	struct splice s = {.uin = inpos, .uout = outpos, .len = MIN(len, RW_MAX)};
	ssize_t n;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (len == 0)
		return 0;
	s.nonblock = flags & SPLICE_F_NONBLOCK;
	s.in = fd_get(in);
	if (!s.in)
		return -EBADF;
	s.out = fd_get(out);
	if (!s.out) {
		file_put(s.in);
		return -EBADF;
	}
	n = do_splice(&s);
	file_put(s.out);
	file_put(s.in);
	return (int)n;
}

/* ---- tee ---- */

/* Copy what is in one pipe into another, up to what fits; it stays in the first. */
static ssize_t do_tee(struct splice *s)
{
	size_t done = 0;
	ssize_t n = 0;

	s->buf = kmalloc(CHUNK);
	if (!s->buf)
		return -ENOMEM;
	while (done < s->len) {
		bool nonblock = done > 0 || s->nonblock;

		n = pipe_wait_room(s->out, nonblock);
		if (n > 0)
			n = pipe_peek(s->in, s->buf, done,
				MIN(MIN(s->len - done, (size_t)n), CHUNK), nonblock);
		if (n > 0)
			n = write_out(s, (size_t)n, nonblock);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	kfree(s->buf);
	return done > 0 ? (ssize_t)done : n;
}

int sys_tee(int32_t in, int32_t out, uint32_t len, uint32_t flags)
{
	struct splice s = {.len = MIN(len, RW_MAX), .nonblock = flags & SPLICE_F_NONBLOCK};
	ssize_t n;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (len == 0)
		return 0;
	s.in = fd_get(in);
	if (!s.in)
		return -EBADF;
	s.out = fd_get(out);
	if (!s.out) {
		file_put(s.in);
		return -EBADF;
	}
	if (!file_readable(s.in) || !file_writable(s.out))
		n = -EBADF;
	else if (!is_pipe(s.in) || !is_pipe(s.out) || pipe_same(s.in, s.out))
		n = -EINVAL;
	else
		n = do_tee(&s);
	file_put(s.out);
	file_put(s.in);
	return (int)n;
}

/* ---- vmsplice ---- */

/* Memory into a pipe or out of one: a vector write or read. -EBADF: not a pipe. */
int sys_vmsplice(int32_t fd, uaddr_t iov, uint32_t count, uint32_t flags)
{
	uint32_t rwf = flags & SPLICE_F_NONBLOCK ? 8u : 0; /* RWF_NOWAIT */
	struct file *f;
	bool write;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	write = file_writable(f);
	if (!is_pipe(f)) {
		file_put(f);
		return -EBADF;
	}
	file_put(f);
	if (write)
		return sys_pwritev2(fd, iov, count, UINT64_MAX, rwf);
	return sys_preadv2(fd, iov, count, UINT64_MAX, rwf);
}

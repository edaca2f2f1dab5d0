/*
 * pipe.c - byte pipes: pipe2(2) and FIFOs.
 * Spec: POSIX.1-2024 pipe(), open() of a FIFO, read(), write(); sizes and poll bits as in Linux.
 * Locks: pipe.lock (RANK_PIPE). inode.lock outside it, for the way from a FIFO to its pipe.
 *
 * Who is woken when: readers when bytes arrive in an empty pipe, writers when the room reaches
 * what the most modest of them waits for (`wanted`). So a pair that keeps up with each other
 * notifies nobody, and nobody sleeps while what it waits for is there.
 */
#include "ipc/pipe.h"
#include "proc/proc.h"
#include "abi/termios.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "syscalls.h"

struct pipe {
	struct lock lock;
	struct waitq readable, writable; /* [l] also the openers of a FIFO's other side */
	uint8_t *buf;			 /* [l] NULL until the first write */
	uint32_t size;			 /* [l] bytes of buf, a power of two */
	uint32_t head, tail;		 /* [l] bytes ever written, ever read; free to wrap */
	uint32_t held;			 /* [l] bytes of room kept for pipe_settle() */
	uint32_t wanted;		 /* [l] least room a sleeping writer needs; NOBODY: none */
	uint32_t readers, writers;	 /* [l] open ends */
	uint32_t files;			 /* [l] opens and openers: at 0 the pipe goes */
	uint32_t reader_opens,
		writer_opens; /* [l] ever; an opener sees a partner that came and went */
	struct inode *inode;  /* [i] the FIFO, NULL for pipe2() */
	/* [l] an epoll set watches it: edge-triggered members hear of each write, and of room that
	 * they did not ask for. As in Linux, where it also stays so. */
	bool watched;
};
#define NOBODY UINT32_MAX

static struct pipe *pipe_new(struct inode *inode)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	lock_init(&p->lock, RANK_PIPE);
	waitq_init(&p->readable);
	waitq_init(&p->writable);
	p->size = PIPE_SIZE_DEFAULT;
	p->wanted = NOBODY;
	p->inode = inode;
	return p;
}

static void pipe_free(struct pipe *p)
{
	if (p->buf)
		pages_free(p->buf, p->size / PAGE_SIZE);
	kfree(p);
}

static uint32_t used(const struct pipe *p)
{
	return p->head - p->tail;
}

static uint32_t room(const struct pipe *p)
{
	return p->size - used(p) - p->held;
}

/* ---- waking ---- */

static void wake_readers_locked(struct pipe *p, uint32_t key)
{
	if (!list_empty(&p->readable.waiters))
		waitq_wake_key(&p->readable, key);
}

static void wake_writers_locked(struct pipe *p, uint32_t key)
{
	p->wanted = NOBODY;
	if (!list_empty(&p->writable.waiters))
		waitq_wake_key(&p->writable, key);
}

/* ---- moving bytes ---- */

/* Into the buffer, at most n bytes, which fit. Two copies at most: the ring wraps once. */
static void fill_locked(struct pipe *p, struct iobuf *b, uint32_t n)
{
	bool was_empty = p->head == p->tail;
	uint32_t at, first;

	/* An empty pipe starts over: one copy instead of two, and a small one stays in cache. */
	if (was_empty && !p->held)
		p->head = p->tail = 0;
	at = p->head & (p->size - 1);
	first = MIN(n, p->size - at);
	iob_get(b, p->buf + at, first);
	if (n > first)
		iob_get(b, p->buf, n - first);
	p->head += n;
	if (was_empty || p->watched)
		wake_readers_locked(p, POLLIN | POLLRDNORM);
	if (p->watched && room(p) < PIPE_BUF)
		p->wanted = MIN(p->wanted, PIPE_BUF);
}

static void drain_locked(struct pipe *p, struct iobuf *b, uint32_t n)
{
	uint32_t at = p->tail & (p->size - 1);
	uint32_t first = MIN(n, p->size - at);

	iob_put(b, p->buf + at, first);
	if (n > first)
		iob_put(b, p->buf, n - first);
	p->tail += n;
	if (room(p) >= p->wanted)
		wake_writers_locked(p, POLLOUT | POLLWRNORM);
}

/* Sleep until there are bytes or no writer is left. 0; -EAGAIN; -PLEAT_ERESTARTSYS. */
static int wait_bytes_locked(struct pipe *p, bool nonblock)
{
	while (p->head == p->tail && p->writers > 0) {
		if (nonblock)
			return -EAGAIN;
		if (waitq_sleep(&p->readable, &p->lock, WAIT_FOREVER, WAIT_INTR))
			return -PLEAT_ERESTARTSYS;
	}
	return 0;
}

/* n bytes from `skip` behind the tail on, which are there, to buf. */
static void copy_out_locked(struct pipe *p, uint8_t *buf, uint32_t skip, uint32_t n)
{
	uint32_t at = (p->tail + skip) & (p->size - 1), first = MIN(n, p->size - at);

	memcpy(buf, p->buf + at, first);
	memcpy(buf + first, p->buf, n - first);
}

ssize_t pipe_take(struct file *file, void *buf, size_t n, bool nonblock)
{
	struct pipe *p = file->priv;
	ssize_t got;

	nonblock |= (atomic_load(&file->flags) & O_NONBLOCK) != 0;
	lock_acquire(&p->lock);
	got = wait_bytes_locked(p, nonblock);
	if (got == 0) {
		got = (ssize_t)MIN(n, (size_t)used(p));
		if (got > 0)
			copy_out_locked(p, buf, 0, (uint32_t)got);
		p->tail += (uint32_t)got;
		p->held += (uint32_t)got;
	}
	lock_release(&p->lock);
	return got;
}

void pipe_settle(struct file *file, const void *buf, size_t took, size_t done)
{
	struct pipe *p = file->priv;
	uint32_t back = (uint32_t)(took - done);

	lock_acquire(&p->lock);
	p->held -= (uint32_t)took;
	/* To the front, byte by byte from the end: its room was kept. */
	for (uint32_t i = back; i-- > 0;)
		p->buf[--p->tail & (p->size - 1)] = ((const uint8_t *)buf)[done + i];
	if (back > 0)
		wake_readers_locked(p, POLLIN | POLLRDNORM);
	if (room(p) >= p->wanted)
		wake_writers_locked(p, POLLOUT | POLLWRNORM);
	lock_release(&p->lock);
}

ssize_t pipe_peek(struct file *file, void *buf, size_t skip, size_t n, bool nonblock)
{
	struct pipe *p = file->priv;
	ssize_t got;

	nonblock |= (atomic_load(&file->flags) & O_NONBLOCK) != 0;
	lock_acquire(&p->lock);
	got = wait_bytes_locked(p, nonblock);
	if (got == 0) {
		got = used(p) > skip ? (ssize_t)MIN(n, (size_t)used(p) - skip) : 0;
		if (got > 0)
			copy_out_locked(p, buf, (uint32_t)skip, (uint32_t)got);
	}
	lock_release(&p->lock);
	return got;
}

bool pipe_same(const struct file *a, const struct file *b)
{
	return a->priv == b->priv;
}

/*
 * Read what is there, up to what b holds. Sleeps while the pipe is empty and has a writer.
 * Returns bytes moved, 0 at the end, -EAGAIN (empty, O_NONBLOCK), -PLEAT_ERESTARTSYS.
 */
static ssize_t pipe_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct pipe *p = file->priv;
	ssize_t result = 0;

	(void)pos;
	if (b->left == 0)
		return 0;
	lock_acquire(&p->lock);
	while (p->head == p->tail) {
		if (p->writers == 0)
			goto out;
		if (atomic_load(&file->flags) & O_NONBLOCK) {
			result = -EAGAIN;
			goto out;
		}
		if (waitq_sleep(&p->readable, &p->lock, WAIT_FOREVER, WAIT_INTR)) {
			result = -PLEAT_ERESTARTSYS;
			goto out;
		}
	}
	result = (ssize_t)MIN(b->left, (size_t)used(p));
	drain_locked(p, b, (uint32_t)result);
out:
	lock_release(&p->lock);
	return result;
}

/* The pages of a pipe that nobody wrote to are not there yet. */
static int need_buffer_locked(struct pipe *p)
{
	if (!p->buf)
		p->buf = pages_alloc(p->size / PAGE_SIZE);
	return p->buf ? 0 : -ENOMEM;
}

/* Sleep until room may be there. A writer of much waits for PIPE_BUF bytes of room: waking it for
 * each byte that a slow reader takes would cost two switches a byte. */
static int wait_for_room_locked(struct pipe *p, uint32_t need)
{
	p->wanted = MIN(p->wanted, need);
	return waitq_sleep(&p->writable, &p->lock, WAIT_FOREVER, WAIT_INTR);
}

ssize_t pipe_wait_room(struct file *file, bool nonblock)
{
	struct pipe *p = file->priv;
	ssize_t n = 0;

	nonblock |= (atomic_load(&file->flags) & O_NONBLOCK) != 0;
	lock_acquire(&p->lock);
	while (n == 0) {
		if (p->readers == 0)
			n = -EPIPE;
		else if (room(p) > 0)
			n = (ssize_t)room(p);
		else if (nonblock)
			n = -EAGAIN;
		else if (wait_for_room_locked(p, 1))
			n = -PLEAT_ERESTARTSYS;
	}
	lock_release(&p->lock);
	if (n == -EPIPE)
		signal_send_thread(thread_self(), SIGPIPE, NULL);
	return n;
}

/* One turn: move what fits of b. Returns 0 to go on, 1 when b is empty, or -errno. */
static int write_turn_locked(struct pipe *p, struct file *file, struct iobuf *b, size_t total)
{
	uint32_t fits;

	if (p->readers == 0)
		return -EPIPE;
	fits = room(p);
	/* POSIX write(): up to PIPE_BUF bytes go in one piece or not at all. */
	if (total <= PIPE_BUF && fits < total)
		fits = 0;
	if (fits > 0) {
		int err = need_buffer_locked(p);

		if (err)
			return err;
		fill_locked(p, b, (uint32_t)MIN((size_t)fits, b->left));
		if (b->left == 0)
			return 1;
	}
	if (atomic_load(&file->flags) & O_NONBLOCK) {
		if (p->watched)
			p->wanted = MIN(p->wanted, (uint32_t)MIN(b->left, (size_t)PIPE_BUF));
		return -EAGAIN;
	}
	if (wait_for_room_locked(p, (uint32_t)MIN(b->left, (size_t)PIPE_BUF)))
		return -PLEAT_ERESTARTSYS;
	return 0;
}

/*
 * Write all of b. Sleeps while the pipe is full. Returns bytes moved, or if none: -EAGAIN
 * (O_NONBLOCK and no room), -EPIPE and SIGPIPE (no reader), -PLEAT_ERESTARTSYS, -ENOMEM.
 */
static ssize_t pipe_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct pipe *p = file->priv;
	size_t total = b->left, before = b->done;
	int turn = 0;

	(void)pos;
	if (total == 0)
		return 0;
	lock_acquire(&p->lock);
	while (turn == 0)
		turn = write_turn_locked(p, file, b, total);
	lock_release(&p->lock);
	/* After a short write, too: the next call would meet the same end of the pipe. */
	if (turn == -EPIPE)
		signal_send_thread(thread_self(), SIGPIPE, NULL);
	return b->done > before ? (ssize_t)(b->done - before) : turn;
}

/* ---- poll, ioctl, sizes ---- */

static uint32_t pipe_poll(struct file *file, struct poll_table *pt)
{
	struct pipe *p = file->priv;
	uint32_t bits = 0;

	lock_acquire(&p->lock);
	p->watched |= pt && pt->join;
	if (file_readable(file)) {
		poll_join(pt, &p->readable, &p->lock);
		if (p->head != p->tail)
			bits |= POLLIN | POLLRDNORM;
		/* A FIFO that had no writer yet is not at its end. */
		if (p->writers == 0 && p->writer_opens > 0)
			bits |= POLLHUP;
	}
	if (file_writable(file)) {
		poll_join(pt, &p->writable, &p->lock);
		if (room(p) >= PIPE_BUF)
			bits |= POLLOUT | POLLWRNORM;
		else /* also when it joined before: a wake-up forgets what was wanted */
			p->wanted = MIN(p->wanted, PIPE_BUF);
		if (p->readers == 0)
			bits |= POLLERR;
	}
	lock_release(&p->lock);
	return bits;
}

static int pipe_ioctl(struct file *file, uint32_t cmd, uint32_t arg)
{
	struct pipe *p = file->priv;
	uint32_t n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	lock_acquire(&p->lock);
	n = used(p);
	lock_release(&p->lock);
	return copyout(arg, &n, sizeof(n));
}

static uint32_t round_size(uint32_t size)
{
	uint32_t n = PAGE_SIZE;

	while (n < size)
		n *= 2;
	return n;
}

/* Move what is in the pipe to a buffer of another size. Takes over buf; returns the old one. */
static uint8_t *swap_buffer_locked(struct pipe *p, uint8_t *buf, uint32_t size)
{
	uint32_t n = used(p), at = p->tail & (p->size - 1);
	uint32_t first = MIN(n, p->size - at);
	uint8_t *old = p->buf;

	if (old && buf) {
		memcpy(buf, old + at, first);
		memcpy(buf + first, old, n - first);
	}
	p->buf = buf;
	p->size = size;
	p->tail = 0;
	p->head = n;
	return old;
}

int pipe_set_size(struct file *file, uint32_t size)
{
	struct pipe *p = file->priv;
	uint8_t *buf, *old;
	uint32_t old_size;

	if (file->ops != &pipe_ops)
		return -EBADF;
	if (size == 0 || size > INT32_MAX)
		return -EINVAL;
	if (size > PIPE_SIZE_MAX)
		return -EPERM;
	size = round_size(size);
	buf = pages_alloc(size / PAGE_SIZE);
	if (!buf)
		return -ENOMEM;
	lock_acquire(&p->lock);
	old_size = p->size;
	if (used(p) + p->held > size) {
		lock_release(&p->lock);
		pages_free(buf, size / PAGE_SIZE);
		return -EBUSY;
	}
	old = swap_buffer_locked(p, buf, size);
	wake_writers_locked(p, POLLOUT | POLLWRNORM);
	lock_release(&p->lock);
	if (old)
		pages_free(old, old_size / PAGE_SIZE);
	return (int)size;
}

int pipe_get_size(struct file *file)
{
	struct pipe *p = file->priv;
	int size;

	if (file->ops != &pipe_ops)
		return -EBADF;
	lock_acquire(&p->lock);
	size = (int)p->size;
	lock_release(&p->lock);
	return size;
}

/* ---- opening and closing ---- */

/* One open end more or less, by what the file may do. */
static void count_ends_locked(struct pipe *p, const struct file *file, int by)
{
	if (file_readable(file))
		p->readers += (uint32_t)by;
	if (file_writable(file))
		p->writers += (uint32_t)by;
}

/* Drop an end. The FIFO's inode lock keeps an opener from finding the pipe as it goes. */
static void pipe_close(struct pipe *p, const struct file *file)
{
	struct inode *inode = p->inode;
	bool last;

	if (inode)
		lock_acquire(&inode->lock);
	lock_acquire(&p->lock);
	count_ends_locked(p, file, -1);
	if (p->readers == 0)
		wake_writers_locked(p, POLLERR);
	if (p->writers == 0)
		wake_readers_locked(p, POLLHUP);
	last = --p->files == 0;
	lock_release(&p->lock);
	if (inode) {
		if (last)
			inode->fifo = NULL;
		lock_release(&inode->lock);
	}
	if (last)
		pipe_free(p);
}

static void pipe_release(struct file *file)
{
	pipe_close(file->priv, file);
}

const struct file_ops pipe_ops = {
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
	.stream = true,
};

int pipe_open(struct file *ends[2], uint32_t flags)
{
	struct pipe *p = pipe_new(NULL);

	if (!p)
		return -ENOMEM;
	ends[0] = file_new_anon(&pipe_ops, O_RDONLY | (flags & O_NONBLOCK), "pipe:", p);
	if (!ends[0]) {
		pipe_free(p);
		return -ENOMEM;
	}
	p->files = 1;
	p->readers = p->reader_opens = 1;
	ends[1] = file_new_anon(&pipe_ops, O_WRONLY | (flags & O_NONBLOCK), "pipe:", p);
	if (!ends[1]) {
		file_put(ends[0]); /* takes the pipe along */
		return -ENOMEM;
	}
	/* Two names of one object: /proc/<pid>/fd shows which ends belong together. */
	ends[1]->anon_ino = ends[0]->anon_ino;
	p->files = 2;
	p->writers = p->writer_opens = 1;
	return 0;
}

/*
 * POSIX open(): a reader waits for a writer and a writer for a reader. The partner may be gone
 * again when the opener runs: that it came since fifo_join() counted `before` opens is enough.
 */
static int wait_for_partner(struct pipe *p, struct file *file, uint32_t before)
{
	bool read = file_readable(file);
	uint32_t *opens = read ? &p->writer_opens : &p->reader_opens;
	struct waitq *q = read ? &p->readable : &p->writable;
	int err = 0;

	lock_acquire(&p->lock);
	while (*opens == before && err == 0)
		err = waitq_sleep(q, &p->lock, WAIT_FOREVER, WAIT_INTR);
	if (*opens != before)
		err = 0;
	lock_release(&p->lock);
	return err ? -PLEAT_ERESTARTSYS : 0;
}

/*
 * The inode's pipe with this file counted as an end of it. *alone: the other side is not open and
 * was opened *partner_opens times before.
 */
static int fifo_join(struct inode *inode, struct file *file, struct pipe **out, bool *alone,
	uint32_t *partner_opens)
{
	bool nonblock = file->flags & O_NONBLOCK;
	bool write_only = !file_readable(file);
	struct pipe *p;

	lock_acquire(&inode->lock);
	p = inode->fifo;
	if (write_only && nonblock && (!p || atomic_load(&p->readers) == 0)) {
		lock_release(&inode->lock);
		return -ENXIO;
	}
	if (!p) {
		p = pipe_new(inode);
		if (!p) {
			lock_release(&inode->lock);
			return -ENOMEM;
		}
		inode->fifo = p;
	}
	lock_acquire(&p->lock);
	p->files++;
	count_ends_locked(p, file, 1);
	if (file_readable(file)) {
		p->reader_opens++;
		wake_writers_locked(p, 0);
	}
	if (file_writable(file)) {
		p->writer_opens++;
		wake_readers_locked(p, 0);
	}
	/* In the same hold that made this end visible: a partner from now on counts itself. */
	*alone = p->readers == 0 || p->writers == 0;
	*partner_opens = write_only ? p->reader_opens : p->writer_opens;
	lock_release(&p->lock);
	lock_release(&inode->lock);
	*out = p;
	return 0;
}

int pipe_fifo_open(struct inode *inode, struct file *file)
{
	struct pipe *p;
	uint32_t partner_opens;
	bool alone;
	int err = fifo_join(inode, file, &p, &alone, &partner_opens);

	if (err)
		return err;
	if (alone && !(file->flags & O_NONBLOCK))
		err = wait_for_partner(p, file, partner_opens);
	if (err) {
		pipe_close(p, file);
		return err;
	}
	file->ops = &pipe_ops;
	file->priv = p;
	return 0;
}

/* -EINVAL: unknown flags, or O_DIRECT (no packet mode). -EFAULT, -EMFILE, -ENOMEM. */
int sys_pipe2(uaddr_t fds, uint32_t flags)
{
	struct file *ends[2];
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_open(ends, flags);
	if (err)
		return err;
	return fd_give_pair(ends, flags & O_CLOEXEC, fds);
}

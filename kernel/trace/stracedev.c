/*
 * stracedev.c - /dev/strace: each open file is a session. Write settings, read what happened.
 * A read sleeps while nothing has; it is the end of file when every process that was attached, and
 * each child it followed, has ended. The process that opened it is never traced by it.
 * Locks: trace_lock for its queue.
 */
#include "trace/internal.h"
#include "dev/dev.h"
#include "lib/alloc.h"
#include "lib/str.h"

static int strace_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return trace_open(
		(struct trace_session **)&file->priv, proc_self()->pid, TRACE_RING_DEFAULT);
}

static void strace_release(struct file *file)
{
	trace_close(file->priv);
}

/* -EINVAL: less than a byte of room; -EAGAIN, -PLEAT_ERESTARTSYS, -ENOMEM. */
static ssize_t strace_read(struct file *file, struct iobuf *b, uint64_t *pos)
{
	struct trace_session *s = file->priv;
	size_t room = MIN(b->left, (size_t)16384), n = 0;
	char *buf = kmalloc(MAX(room, (size_t)1));
	bool ended = false;
	ssize_t err = 0;

	(void)pos;
	if (!buf)
		return -ENOMEM;
	while (!err && room > 0 && (n = trace_read(s, buf, room, &ended)) == 0 && !ended) {
		if (atomic_load(&file->flags) & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		lock_acquire(&trace_lock);
		if (s->head == s->tail && !(s->attached && !s->all && s->live == 0) &&
			waitq_sleep(&s->readable, &trace_lock, WAIT_FOREVER, WAIT_INTR))
			err = -PLEAT_ERESTARTSYS;
		lock_release(&trace_lock);
	}
	if (n)
		iob_put(b, buf, n);
	kfree(buf);
	return err ? err : (ssize_t)n;
}

/* Lines of settings; each takes effect before the next is looked at. */
static ssize_t strace_write(struct file *file, struct iobuf *b, uint64_t *pos)
{
	size_t n = b->left, at = 0;
	char *text;
	int err = 0;

	(void)pos;
	if (n > 8192)
		return -EINVAL;
	text = kmalloc(n + 1);
	if (!text)
		return -ENOMEM;
	n = iob_get(b, text, n);
	while (!err && at < n) {
		const char *nl = memchr(text + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - text) - at : n - at;

		if (len > 0)
			err = trace_control(file->priv, text + at, len);
		at += len + 1;
	}
	kfree(text);
	return err ? err : (ssize_t)n;
}

static uint32_t strace_poll(struct file *file, struct poll_table *pt)
{
	struct trace_session *s = file->priv;
	uint32_t bits = POLLOUT | POLLWRNORM;

	lock_acquire(&trace_lock);
	poll_join(pt, &s->readable, &trace_lock);
	if (s->head != s->tail)
		bits |= POLLIN | POLLRDNORM;
	if (s->attached && !s->all && s->live == 0)
		bits |= POLLIN | POLLHUP;
	lock_release(&trace_lock);
	return bits;
}

const struct file_ops strace_fops = {
	.open = strace_open,
	.release = strace_release,
	.read = strace_read,
	.write = strace_write,
	.poll = strace_poll,
	.stream = true,
};

/*
 * arguments.c - what arguments lead to: descriptors, strings, buffers, vectors.
 * Locks: none held; reads the calling thread's memory and its descriptors.
 */
#include "trace/internal.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "mm/uaccess.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

/* ---- descriptors ---- */

static void fd_path(struct proc_text *o, int fd)
{
	struct file *f = fd_get_path(fd);
	char *buf;

	if (!f)
		return;
	buf = kmalloc(PATH_MAX);
	if (buf && f->path.dentry) {
		if (path_text(&f->path, buf, PATH_MAX) > 0)
			text_add(o, "<%s>", buf);
	} else if (f->anon_name && strchr(f->anon_name, '[')) {
		text_add(o, "<%s>", f->anon_name);
	} else if (f->anon_name) {
		text_add(o, "<%s:[%llu]>", f->anon_name, (unsigned long long)f->anon_ino);
	}
	kfree(buf);
	file_put(f);
}

void decode_fd(struct decode_context *c, int fd)
{
	if (fd == AT_FDCWD) {
		text_add(c->o, "AT_FDCWD");
		return;
	}
	text_add(c->o, "%d", fd);
	if (c->style->paths && fd >= 0 && proc_self()->files)
		fd_path(c->o, fd);
}

/* ---- bytes ---- */

static void address(struct decode_context *c, uint32_t at)
{
	text_add(c->o, at ? "0x%x" : "NULL", at);
}

void decode_buffer(struct decode_context *c, uint32_t at, size_t n)
{
	size_t shown = MIN(n, (size_t)c->style->strsize);
	char small[64], *buf = small;

	if (c->leaving && c->result < 0) {
		address(c, at);
		return;
	}
	if (shown > sizeof(small))
		buf = kmalloc(shown);
	if (!at || !buf || copyin(buf, at, shown))
		address(c, at);
	else
		quote(c->o, buf, shown, shown < n);
	if (buf != small)
		kfree(buf);
}

/* Length of the string, at most max; -EFAULT. Piece by piece, as its end may be a page's. */
static int string_copy(char *buf, uint32_t at, size_t max)
{
	ssize_t n = copyin_str(buf, at, max);

	return n == -ENAMETOOLONG ? (int)max : (int)n;
}

/* A name is shown whole, other text as far as buffers are. */
void decode_string(struct decode_context *c, uint32_t at, bool path)
{
	size_t shown = path ? PATH_MAX : (size_t)c->style->strsize, room = shown + 1;
	char small[64], *buf = small;
	int n;

	if (room > sizeof(small))
		buf = kmalloc(room);
	n = at && buf ? string_copy(buf, at, room) : -EFAULT;
	if (n < 0)
		address(c, at);
	else
		quote(c->o, buf, MIN((size_t)n, shown), (size_t)n > shown);
	if (buf != small)
		kfree(buf);
}

/* ---- vectors ---- */

/* limit: bytes in all that mean something (readv: the result). */
void decode_iovec(struct decode_context *c, uint32_t at, uint32_t count, size_t limit)
{
	struct abi_iovec v;

	if (!at || count > IOV_MAX) {
		address(c, at);
		return;
	}
	text_add(c->o, "[");
	for (uint32_t i = 0; i < count; i++) {
		size_t n;

		text_add(c->o, i ? ", " : "");
		if (i >= 32 || copyin(&v, at + i * (uint32_t)sizeof(v), sizeof(v))) {
			text_add(c->o, "...");
			break;
		}
		n = MIN((size_t)v.len, limit);
		limit -= n;
		text_add(c->o, "{iov_base=");
		decode_buffer(c, v.base, n);
		text_add(c->o, ", iov_len=%u}", v.len);
	}
	text_add(c->o, "]");
}

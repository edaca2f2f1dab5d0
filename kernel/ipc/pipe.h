/*
 * pipe.h - byte pipes: pipe2(2) and FIFOs.
 * A pipe lives as long as an open file names it. A FIFO's inode points to its pipe meanwhile.
 */
#ifndef IPC_PIPE_H
#define IPC_PIPE_H

#include "vfs/vfs.h"

#define PIPE_BUF 4096u /* writes up to this many bytes are not split */
#define PIPE_SIZE_DEFAULT 65536u
#define PIPE_SIZE_MAX 1048576u /* F_SETPIPE_SZ without privilege; nobody gets more here */

/* A file is a pipe's end if file->ops is this. */
extern const struct file_ops pipe_ops;

/* Both ends of a new pipe; flags: O_NONBLOCK. ends[0] reads. -ENOMEM. */
int pipe_open(struct file *ends[2], uint32_t flags) MUST_CHECK;

/*
 * The open op of FIFO inodes. Sleeps until the other side is open, too. -ENXIO: O_WRONLY with
 * O_NONBLOCK and no reader; -PLEAT_ERESTARTSYS, -ENOMEM.
 */
int pipe_fifo_open(struct inode *inode, struct file *file);

/* F_SETPIPE_SZ: returns the new size, a power of two. -EBADF: no pipe; -EBUSY: more bytes than
 * that are in it; -EPERM: above PIPE_SIZE_MAX; -EINVAL: 0 or above 2 GiB; -ENOMEM. */
int pipe_set_size(struct file *file, uint32_t size);
/* F_GETPIPE_SZ. -EBADF: no pipe. */
int pipe_get_size(struct file *file);

/* ---- for splice(2): file is one of pipe_ops ---- */

bool pipe_same(const struct file *a, const struct file *b); /* two ends of one pipe */
/*
 * Take up to n bytes out; sleeps while there are none, unless nonblock or the file is so. Their
 * room in the pipe is kept until pipe_settle(), which puts back, in front, all but the first
 * `done`. 0: no bytes and no writer; -EAGAIN; -PLEAT_ERESTARTSYS.
 */
ssize_t pipe_take(struct file *file, void *buf, size_t n, bool nonblock) MUST_CHECK;
void pipe_settle(struct file *file, const void *buf, size_t took, size_t done);
/* Copy bytes from `skip` on, leaving them. As pipe_take(); 0 also if there are no more than skip.
 */
ssize_t pipe_peek(struct file *file, void *buf, size_t skip, size_t n, bool nonblock) MUST_CHECK;
/* Bytes of room, at least 1; sleeps for it. -EPIPE with SIGPIPE, -EAGAIN, -PLEAT_ERESTARTSYS. */
ssize_t pipe_wait_room(struct file *file, bool nonblock) MUST_CHECK;

#endif

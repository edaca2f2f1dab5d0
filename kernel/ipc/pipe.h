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

#endif

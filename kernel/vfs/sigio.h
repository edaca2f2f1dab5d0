/* sigio.h - signals about files: O_ASYNC, F_SETOWN and their like (see sigio.c). */
#ifndef VFS_SIGIO_H
#define VFS_SIGIO_H

#include "vfs/vfs.h"

#define F_SETSIG 10
#define F_GETSIG 11
#define F_SETOWN_EX 15
#define F_GETOWN_EX 16

/* fcntl's commands about who is told: F_[GS]ETOWN, F_[GS]ETOWN_EX, F_[GS]ETSIG. -EINVAL: no such
 * command, owner or signal; -ESRCH, -EFAULT, -ENOMEM. */
int sigio_fcntl(struct file *f, uint32_t cmd, uint32_t arg);
/* O_ASYNC was turned on or off for a file, through descriptor fd. -ENOMEM. */
int sigio_set(struct file *f, int fd, bool on) MUST_CHECK;
/* The file goes: nobody is told any more. */
void sigio_file_gone(struct file *f);
/* Event thread: send what became due. */
void sigio_event_round(void);

#endif

/*
 * epoll.h - epoll sets: waiting for any of many files at the cost of those that are ready.
 *
 * struct epoll   one set, behind the open file that epoll_create1() made.
 * struct epitem  one membership: (set, open file, descriptor number). It does not keep its file
 *                open: the last file_put() takes it out of every set.
 *
 * A member joins the wait queues of its file once, when it is added, and stays there; whoever wakes
 * the queue puts the member on the set's list of what may be ready. A wait looks at that list
 * alone.
 *
 * A poll op that is to work with edge-triggered members wakes its queue at each change that a
 * reader or writer could act on, not only when the state flips (Linux does so too).
 */
#ifndef IPC_EPOLL_H
#define IPC_EPOLL_H

#include "vfs/vfs.h"

extern const struct file_ops epoll_ops;

/* The last reference of a file that sets watch is gone: they forget it. For file_put(). */
void epoll_file_gone(struct file *f);

#endif

/*
 * lockstat.h - how often and how long threads waited for locks, by rank. Counted in lock.c, where a
 * lock was not free, while lockstat_on; shown by trace/lockstat.c.
 */
#ifndef LIB_LOCKSTAT_H
#define LIB_LOCKSTAT_H

#include "lib/types.h"
#include "lib/lockrank.h"

struct lockstat {
	uint64_t contended;  /* [a] acquisitions that waited */
	uint64_t waited_ns;  /* [a] in all */
	uint64_t longest_ns; /* [a] one of them */
};
extern uint32_t lockstat_on; /* [a] */
extern struct lockstat lockstats[RANK_COUNT];

/* Designated initialisers of an array by rank. */
#define LOCK_RANK_NAMES                                                                            \
	[RANK_EPOLL_SET] = "epoll_set", [RANK_NOTIFY] = "notify",                                  \
	[RANK_NOTIFY_QUEUE] = "notify_queue", [RANK_DEVICE] = "device", [RANK_IPC] = "ipc",        \
	[RANK_IPC_TABLE] = "ipc_table", [RANK_SHARED] = "shared", [RANK_FILE] = "file",            \
	[RANK_RENAME] = "rename", [RANK_OVERLAY_DIR] = "overlay_dir", [RANK_OVERLAY] = "overlay",  \
	[RANK_INODE_DIR] = "inode_dir", [RANK_INODE] = "inode", [RANK_MM] = "mm",                  \
	[RANK_PROC_TREE] = "proc_tree", [RANK_PROC] = "proc", [RANK_SIGNAL] = "signal",            \
	[RANK_FDTABLE] = "fdtable", [RANK_MOUNT] = "mount", [RANK_DTREE] = "dtree",                \
	[RANK_DENTRY] = "dentry", [RANK_ICACHE] = "icache", [RANK_FLOCK] = "flock",                \
	[RANK_EPOLL] = "epoll", [RANK_SOCK_TABLE] = "sock_table", [RANK_SOCK] = "sock",            \
	[RANK_TTY] = "tty", [RANK_PIPE] = "pipe", [RANK_FUTEX] = "futex", [RANK_TIMER] = "timer",  \
	[RANK_WAITQ] = "waitq", [RANK_EPOLL_READY] = "epoll_ready", [RANK_CHUNK] = "chunk",        \
	[RANK_RING] = "ring", [RANK_ALLOC] = "alloc", [RANK_KLOG] = "klog"

#endif

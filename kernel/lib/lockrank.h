/*
 * lockrank.h - THE lock order of the kernel, outermost first. A thread may take a lock only if its
 * rank is greater than that of every lock it holds; two of one rank only through lock_acquire2()
 * (lower address first). The debug build enforces it and names both places.
 *
 * Sleepable ranks may be held while the thread waits for something that is not a lock (host I/O,
 * a chunk). All others may be held only across code that runs to its end.
 */
#ifndef LIB_LOCKRANK_H
#define LIB_LOCKRANK_H

enum lock_rank {
	RANK_NONE,
	RANK_EPOLL_SET,	   /* epoll.lock; a set in a set: lock_acquire_inner(); sleepable */
	RANK_FILE,	   /* file.pos_lock: held across a read, which locks the inode; sleepable */
	RANK_RENAME,	   /* one per superblock: renames between directories; sleepable */
	RANK_OVERLAY_DIR,  /* inode.lock of an overlayfs directory: outside those of its layers */
	RANK_OVERLAY,	   /* inode.lock of other overlayfs inodes; sleepable */
	RANK_INODE_DIR,	   /* inode.lock of a directory; sleepable */
	RANK_INODE,	   /* inode.lock of anything else; sleepable */
	RANK_MM,	   /* mm.lock: vma tree and brk; sleepable (file-backed mmap reads) */
	RANK_EPOLL,	   /* one: which epoll set watches which file */
	RANK_PROC_TREE,	   /* one: pid table, parents, children, groups, sessions */
	RANK_PROC,	   /* proc.lock: limits, names, credentials, cwd and root */
	RANK_SIGNAL,	   /* proc.sig_lock: pending sets, actions, masks */
	RANK_FDTABLE,	   /* fdtable.lock */
	RANK_MOUNT,	   /* one: the mount tree */
	RANK_DTREE,	   /* one: dentries' parents, names and children */
	RANK_DENTRY,	   /* a stripe of the dentry hash; two: lock_acquire2() */
	RANK_ICACHE,	   /* superblock's inode table */
	RANK_FLOCK,	   /* one: flock and fcntl locks */
	RANK_NOTIFY,	   /* one: which inotify instance watches which inode */
	RANK_NOTIFY_QUEUE, /* inotify.lock: the events of an instance */
	RANK_SOCK_TABLE,   /* a family's table of addresses, ports */
	RANK_SOCK,	   /* sock.lock; two ends of a pair: lock_acquire2() */
	RANK_TTY,	   /* tty.lock; two of a pty pair: lock_acquire2() */
	RANK_PIPE,
	RANK_DEVICE,	/* one device: a frame buffer, an input device, the sound card */
	RANK_IPC,	/* one SysV object, one POSIX message queue */
	RANK_IPC_TABLE, /* who is there, of one kind */
	RANK_FUTEX,
	RANK_TIMER,	  /* one: the queue of armed timers */
	RANK_WAITQ,	  /* queues without an object of their own */
	RANK_EPOLL_READY, /* epoll.ready_lock; a set in a set: lock_acquire_inner() */
	RANK_SIGIO,	  /* one: whom to tell of files, and which are due */
	RANK_CHUNK,	  /* the chunk cache */
	RANK_SHARED,	  /* free pages of S, memory that processes share; plain shared mappings */
	RANK_RING,
	RANK_ALLOC,
	RANK_KLOG,
	RANK_COUNT
};

static inline int lock_rank_sleepable(enum lock_rank rank)
{
	return rank >= RANK_EPOLL_SET && rank <= RANK_MM;
}

#endif

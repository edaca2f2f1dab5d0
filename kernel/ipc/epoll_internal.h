/*
 * epoll_internal.h - what epoll.c (life, readiness, waiting) and epoll_ctl.c (changing a set)
 * share. The locks are described in epoll.c.
 */
#ifndef IPC_EPOLL_INTERNAL_H
#define IPC_EPOLL_INTERNAL_H

#include "ipc/epoll.h"

#define FLAGS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define FIRST_BUCKETS 8u
#define JOINS 2 /* queues that a poll op joins, at most */

struct epoll {
	struct ref refs; /* its file's, and one of each member */
	struct lock lock;
	struct file *file;	 /* [i] while it is open: not counted */
	struct epitem **buckets; /* [EPOLL] by (file, fd) */
	uint32_t bucket_count;	 /* [EPOLL] a power of two */
	uint32_t count;		 /* [EPOLL] members */
	struct epitem *first_buckets[FIRST_BUCKETS];
	uint64_t walk;	      /* [EPOLL] last walk that came by */
	uint32_t walk_result; /* [EPOLL] and what it found */
	struct lock ready_lock;
	struct list ready;     /* [ready_lock] members that may be ready, in turn */
	struct waitq waiters;  /* [ready_lock] threads in epoll_pwait() */
	struct waitq watchers; /* [ready_lock] poll() of the set, and sets that watch it */
};

struct epjoin {
	struct waiter waiter;
	struct epitem *item; /* [i] */
	struct lock *lock;   /* [i] protects the queue */
};

struct epitem {
	struct ref refs;
	uint32_t events;	/* [ready_lock] asked for, with EPOLL* flags; 0 but flags: spent */
	uint64_t data;		/* [ready_lock] */
	struct epoll *set;	/* [i] counted */
	struct file *file;	/* [i] not counted; valid unless dead */
	int32_t fd;		/* [i] */
	bool dead;		/* [ready_lock] detached */
	uint8_t joined;		/* [epoll.lock] how many of joins are in use */
	struct list ready_link; /* [ready_lock] empty: not on the ready list */
	struct list file_link;	/* [EPOLL] in file.epoll_links */
	struct epitem *next;	/* [EPOLL] in its bucket */
	struct epjoin joins[JOINS];
};

extern struct lock epoll_lock; /* RANK_EPOLL */

static inline bool epoll_is_set(const struct file *f)
{
	return f->ops == &epoll_ops;
}
/* The member for (f, fd), or NULL. epoll_lock held, as for the next two. */
struct epitem *epoll_find_locked(struct epoll *ep, const struct file *f, int32_t fd);
/* Make a new member, complete but for its queues, part of its set. */
void epoll_attach_locked(struct epoll *ep, struct epitem *item);
/*
 * Take a member out of everything; no lock from epoll_lock on is held. The file is not touched
 * after its count went down: it may be gone at once.
 */
void epoll_detach_locked(struct epitem *item);
/* Asked and found ready: onto the ready list. */
void epoll_mark_ready(struct epitem *item);
/* The callback of struct waiter for members. */
bool epoll_item_notify(struct waiter *w, uint32_t key);

#endif

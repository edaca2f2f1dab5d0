/*
 * unix.h - AF_UNIX: what the files of this family share.
 *
 * Two connected ends hold a reference to each other until each is released. What an end receives
 * is in the end itself: bytes in a ring (streams) or a list of messages (datagrams, seqpackets).
 * So a sender locks the receiver alone, and shutting down one direction marks both ends at once:
 * a sender needs to look at the receiver's SOCK_SHUT_RD only.
 *
 * Locks, outer to inner: unix_gc_lock or unix_table_lock (both RANK_SOCK_TABLE, never together),
 * sock.lock.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "net/internal.h"

/* A bound name; shared by a listener and the ends it accepted. */
struct unix_addr {
	struct ref refs;
	uint32_t len;	  /* [i] of the sockaddr; a path's with its NUL */
	uint32_t hash;	  /* [i] */
	struct path path; /* [i] the node that bind made; dentry NULL: an abstract name */
	union {
		struct abi_sockaddr_un name;			   /* [i] */
		uint8_t bytes[sizeof(struct abi_sockaddr_un) + 2]; /* and the NUL of the longest */
	};
};

enum unix_state { UNIX_CLOSED, UNIX_LISTEN, UNIX_CONNECTED };

/* Bytes start..end of a stream that came with credentials or descriptors. */
struct unix_mark {
	struct list link;
	uint32_t start, end;  /* as head and tail count */
	bool has_cred, files; /* files: had some, so that what follows is no part of it */
	struct sock_cred cred;
	struct scm *scm; /* descriptors not yet received, or NULL */
};

struct unix_msg {
	struct list link;
	struct unix_sock *from;	     /* referenced: charged for it */
	struct unix_addr *from_addr; /* referenced; NULL: unnamed */
	struct scm *scm;
	bool has_cred;
	struct sock_cred cred;
	struct ktime time;
	uint32_t len, charge;
	uint8_t data[];
};

struct unix_sock {
	struct sock sk;		/* must be first */
	struct unix_addr *addr; /* [l to write, a to read; never changes again] NULL: unbound */
	struct unix_sock *peer; /* [l, a] referenced. Streams: set once until release */
	struct list hash_link;	/* [TABLE] by addr */
	enum unix_state state;	/* [l] */
	bool dead;		/* [l] released */
	bool want_sent;		/* [l] somebody wants to know when `sent` is low */
	bool want_poll;		/* [l] a poller of a sender wants to know when there is room */
	struct waitq space;	/* [l] who waits for room: senders, and connecters to a listener */

	/* a listener */
	uint32_t backlog, waiting; /* [l] */
	struct list accept_queue;  /* [l] of unix_sock.accept_link */
	struct list accept_link;   /* [l of the listener] */

	/* a stream: a ring of bytes, and the marks in it, by position */
	uint8_t *buf;		   /* [l] NULL until the first byte */
	uint32_t size, head, tail; /* [l] of buf, a power of two; bytes ever written, read */
	struct list marks;	   /* [l] */

	/* messages */
	struct list messages;	 /* [l] */
	uint32_t nmessages;	 /* [l] */
	uint32_t sent;		 /* [l] bytes of ours in others' queues, with what they cost */
	struct list senders;	 /* [TABLE] datagram sockets connected to this one */
	struct list sender_link; /* [TABLE] */

	/* in flight: unix_gc.c */
	uint32_t inflight;   /* [GC] references from messages in queues */
	uint32_t gc_count;   /* [GC] of them, not explained by candidates */
	bool gc_candidate;   /* [GC] */
	struct list gc_link; /* [GC] all that are in flight */
};

static inline struct unix_sock *unix_of(struct sock *sk)
{
	return CONTAINER_OF(sk, struct unix_sock, sk);
}

extern struct lock unix_table_lock;

/* ---- unix.c ---- */

/* The socket that addr names, for a socket of this type, referenced. -ECONNREFUSED, -EPROTOTYPE,
 * -EACCES, -ENOENT, -EINVAL and what a path lookup says. */
int unix_find(const struct sock_addr *addr, int type, struct unix_sock **out) MUST_CHECK;
/* Does it have an address that connect and sendto take? 0 or -EINVAL. */
int unix_check_addr(const struct sock_addr *addr) MUST_CHECK;
void unix_addr_put(struct unix_addr *a);
/* As getsockname() and recvfrom() show it; a may be NULL. */
void unix_addr_show(const struct unix_addr *a, struct sock_addr *out);
/* The peer, referenced, or NULL. */
struct unix_sock *unix_peer_get(struct unix_sock *u);
/* Give it a name of its own choice if it has none and sends credentials. */
int unix_autobind_for_cred(struct unix_sock *u);
/* Who sends to `to`, if either wants to know or the program said so. scm may be NULL. */
bool unix_send_cred(const struct unix_sock *u, const struct unix_sock *to, const struct scm *scm,
	struct sock_cred *out);

/* ---- unix_stream.c ---- */

ssize_t unix_stream_sendmsg(struct sock *sk, struct sock_msg *m);
ssize_t unix_stream_recvmsg(struct sock *sk, struct sock_msg *m);
static inline uint32_t unix_ring_used(const struct unix_sock *u)
{
	return u->head - u->tail;
}
/* u is being released: give back the ring. *doomed: descriptors to drop later. */
void unix_ring_free_locked(struct unix_sock *u, struct scm **doomed);
/* How much of what a sender with this buffer wrote may wait. */
bool unix_ring_writable(const struct unix_sock *to, const struct unix_sock *from);

/* ---- unix_dgram.c ---- */

ssize_t unix_dgram_sendmsg(struct sock *sk, struct sock_msg *m);
ssize_t unix_dgram_recvmsg(struct sock *sk, struct sock_msg *m);
int unix_dgram_connect(struct unix_sock *u, const struct sock_addr *addr);
/* Drop a list of messages; no lock is held. */
void unix_msgs_free(struct list *messages);
/* May u send one more message? Looks at the peer's queue too. Sets its want_poll if not. */
bool unix_dgram_writable(struct unix_sock *u);
/* The sender's part of u's connection is over; unix_table_lock held. */
void unix_sender_forget_locked(struct unix_sock *u);
/* u is released: those connected to it are told, and on nobody's list any more. */
void unix_senders_orphan(struct unix_sock *u);

/* ---- unix_gc.c ---- */

/* The files of scm are about to be put into the queue of `to`, or have been taken out of one. */
int unix_inflight_add(struct scm *scm, const struct unix_sock *to) MUST_CHECK;
void unix_inflight_sub(const struct scm *scm);
/* Wait until a collection that runs is over: for MSG_PEEK. */
void unix_gc_barrier(void);
/* Free the sockets that only each other's queues refer to. No lock is held. */
void unix_gc(void);

#endif

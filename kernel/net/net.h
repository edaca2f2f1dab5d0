/*
 * net.h - sockets: what a protocol family provides and what the socket calls use.
 *
 * struct sock        one socket; the first member of a family's own struct. Behind an open file
 *                    (file.priv), or in a listener's queue until accept gives it one.
 * struct sock_ops    what a family and type do; no entry is NULL unless its comment says so.
 * struct sock_family a constructor, by AF_*.
 * struct sock_msg    one sendmsg or recvmsg on its way: data, address, control, flags.
 *
 * There is no wire and there are no packets: both ends of each connection live in this kernel, so
 * a send puts bytes or a datagram into the receiver's queue and wakes it.
 *
 * Lock: sock.lock, RANK_SOCK; the two ends of a pair through lock_acquire2(). A family's table of
 * addresses has a lock of its own (RANK_SOCK_TABLE, outside of sock.lock).
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "lib/waitq.h"
#include "abi/socket.h"
#include "mm/uaccess.h"
#include "vfs/vfs.h"

struct sock;
struct scm;

/* An address as the calls carry it; len 0: none. */
struct sock_addr {
	uint32_t len;
	union {
		uint16_t family;
		uint8_t bytes[128];
	};
};

/* Who made a socket or sent a message: SO_PEERCRED, SCM_CREDENTIALS. */
struct sock_cred {
	uint32_t pid, uid, gid;
};

struct sock_msg {
	struct iobuf *data; /* checked before: copies cannot fail */
	uint32_t flags;	    /* MSG_* asked for; MSG_DONTWAIT is set for O_NONBLOCK files too */
	uint32_t out_flags; /* recvmsg: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE */
	/* sendmsg: where to, NULL: not said. recvmsg: from whom, to be filled in (len is 0); NULL:
	 * the caller does not ask. */
	struct sock_addr *name;
	struct scm *scm; /* recvmsg: descriptors that came along, given to the caller (AF_UNIX) */
	bool has_cred;	 /* recvmsg: cred says who sent it (SO_PASSCRED) */
	struct sock_cred cred;
	/* sendmsg: all control messages as the program gave them: walk them with cmsg_next(). */
	const uint8_t *control;
	uint32_t control_len;
	/* recvmsg: room for control messages, reply_size 0: none. Use sock_msg_put(). */
	uint8_t *reply;
	uint32_t reply_len, reply_size;
};
/* For recvmsg ops: append one control message (IP_PKTINFO, IP_TTL, ...). Sets MSG_CTRUNC in
 * out_flags when it does not fit, and cuts it. */
void sock_msg_put(struct sock_msg *m, int level, int type, const void *data, uint32_t len);
/* SCM_TIMESTAMP(NS) for what arrived at t, if the socket wants one. */
void sock_msg_put_time(struct sock *sk, struct sock_msg *m, struct ktime t);
/* For sendmsg ops: the next control message; *pos starts at 0. NULL: no more, or one that is cut
 * (then *pos is not control_len: -EINVAL). */
const struct abi_cmsghdr *cmsg_next(const struct sock_msg *m, uint32_t *pos);
static inline const void *cmsg_data(const struct abi_cmsghdr *c)
{
	return c + 1;
}
static inline uint32_t cmsg_data_len(const struct abi_cmsghdr *c)
{
	return c->len - (uint32_t)sizeof(*c);
}

/* Descriptors and credentials that travel with a message (SCM_RIGHTS, SCM_CREDENTIALS). */
#define SCM_FILES_MAX 253u
struct scm {
	struct scm *next; /* while on a list of those to be freed */
	bool has_cred;
	struct sock_cred cred;
	uint32_t nfiles;
	struct file *files[]; /* referenced */
};
/* What m's control messages ask to send; *out NULL: nothing. -EINVAL, -EBADF, -EPERM,
 * -ETOOMANYREFS, -ENOMEM. */
int scm_from_control(const struct sock_msg *m, struct scm **out) MUST_CHECK;
/* Drops the files, which may close them: no lock is held. NULL is fine. */
void scm_free(struct scm *scm);

struct sock_ops {
	int (*bind)(struct sock *sk, const struct sock_addr *addr);
	/* Waits by itself, unless nonblock: -EINPROGRESS (AF_UNIX: -EAGAIN). */
	int (*connect)(struct sock *sk, const struct sock_addr *addr, bool nonblock);
	int (*listen)(struct sock *sk, int backlog);
	/* Waits by itself, unless nonblock: -EAGAIN. *out: a connected socket, one reference. */
	int (*accept)(struct sock *sk, bool nonblock, struct sock **out);
	int (*getname)(struct sock *sk, bool peer, struct sock_addr *out); /* -ENOTCONN */
	/* Bytes moved, or -errno. They wait by themselves through sock_wait(). sendmsg answers
	 * -EPIPE; the signal is the caller's to send. */
	ssize_t (*sendmsg)(struct sock *sk, struct sock_msg *m);
	ssize_t (*recvmsg)(struct sock *sk, struct sock_msg *m);
	int (*shutdown)(struct sock *sk, int how); /* SHUT_RD, SHUT_WR, SHUT_RDWR */
	uint32_t (*poll)(struct sock *sk, struct poll_table *pt);
	/* Options of other levels than SOL_SOCKET, and those of SOL_SOCKET that sock_setsockopt()
	 * leaves to the family (it calls these for what it does not know). value: kernel copy.
	 * getsockopt: *len is the room; set to what was written. -ENOPROTOOPT: not mine. */
	int (*setsockopt)(struct sock *sk, int level, int name, const void *value, uint32_t len);
	int (*getsockopt)(struct sock *sk, int level, int name, void *value, uint32_t *len);
	/* What sock_ioctl() (FIONBIO, FIOASYNC, SIOCGIF*, ...) does not know. -ENOTTY. */
	int (*ioctl)(struct sock *sk, uint32_t cmd, uaddr_t arg);
	/* The last descriptor is gone; may sleep (SO_LINGER). The sock lives until its last
	 * sock_put(). */
	void (*release)(struct sock *sk);
	void (*free)(struct sock *sk); /* the last reference: give back the memory */
	/* One line of /proc/net/<file> for this socket into buf; NULL: in none. */
	int (*proc_line)(struct sock *sk, uint32_t index, char *buf, size_t size);
};

#define SOCK_SHUT_RD 1u /* sock.shut: nothing more is received */
#define SOCK_SHUT_WR 2u /* nothing more is sent */

struct sock {
	struct ref refs;
	struct lock lock;		 /* RANK_SOCK */
	const struct sock_ops *ops;	 /* [i] */
	uint16_t family, type, protocol; /* [i] */
	uint16_t shut;			 /* [l] SOCK_SHUT_* */
	struct waitq wait;		 /* [l] everybody who waits for this socket; woken by key */
	int32_t error;		   /* [l] positive errno: SO_ERROR, or the next call's result */
	bool listening;		   /* [l] */
	struct sock_cred cred;	   /* [i] of the process that made it: pid, effective ids */
	struct sock_cred peercred; /* [l] SO_PEERCRED; pid 0 and ids -1: none */
	struct file *file;	   /* [l] not referenced; NULL: none yet, or closed */
	int32_t sigio_owner;	   /* [l] F_SETOWN's, to be signalled by sock_unlock(); 0: nobody */
	int32_t sigurg_owner;	   /* [l] the same for SIGURG */
	uint64_t ino;		   /* [i] the number in "socket:[n]" */
	struct list all_link;	   /* every socket, oldest first (socket.c) */
	/* Options of SOL_SOCKET; [l] to write, a racing read is harmless. Times in ns, 0: none. */
	uint64_t rcvtimeo_ns, sndtimeo_ns;
	uint32_t sndbuf, rcvbuf; /* bytes, as getsockopt shows them (doubled, as Linux does) */
	uint32_t rcvlowat;
	uint32_t priority, mark;
	int32_t linger; /* seconds; -1: off */
	bool reuseaddr, reuseport, keepalive, broadcast, oobinline, passcred, dontroute, debug,
		no_check, timestamp, timestampns;
};

struct sock_family {
	uint16_t family;
	/* A new socket with one reference. -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOBUFS, -EACCES.
	 */
	int (*create)(int type, int protocol, struct sock **out);
	/* Connect two new ones to each other. NULL: -EOPNOTSUPP. */
	int (*pair)(struct sock *a, struct sock *b);
};
extern const struct sock_family unix_family;	/* net/unix.c */
extern const struct sock_family inet_family;	/* net/inet.c */
extern const struct sock_family inet6_family;	/* net/inet.c */
extern const struct sock_family netlink_family; /* net/netlink.c */

/* Set up the common part: one reference, options at Linux's defaults, owner the caller. */
void sock_init(struct sock *sk, const struct sock_ops *ops, int family, int type, int protocol);
void sock_get(struct sock *sk);
void sock_put(struct sock *sk);

/*
 * Always these for sock.lock: letting go also sends the SIGIO that sock_wake() found due, which
 * must not be done under the lock. So whoever calls sock_unlock() after a sock_wake() holds no
 * other lock. Where a table's lock must be held on, lock_release(&sk->lock) leaves the signal for
 * the next sock_unlock() of that socket: follow with sock_lock(); sock_unlock(); once outside.
 */
static inline void sock_lock(struct sock *sk)
{
	lock_acquire(&sk->lock);
}
static inline void sock_lock2(struct sock *a, struct sock *b)
{
	lock_acquire2(&a->lock, &b->lock);
}
void sock_unlock(struct sock *sk);
void sock_unlock2(struct sock *a, struct sock *b);

/*
 * Wait once on sk->wait with sk->lock held, until deadline_ns. 0: look again. -ETIMEDOUT: the
 * caller turns it into -EAGAIN (-EINPROGRESS for connect). A signal: -ERESTARTSYS if there is no
 * deadline, else -EINTR, as signal(7) has it for SO_RCVTIMEO and SO_SNDTIMEO.
 */
int sock_wait(struct sock *sk, uint64_t deadline_ns) MUST_CHECK;
/* The same on another queue of the socket that sk->lock guards. */
int sock_wait_on(struct sock *sk, struct waitq *q, uint64_t deadline_ns) MUST_CHECK;
/* The deadline of a call that starts now; WAIT_FOREVER for no time-out. */
uint64_t sock_deadline(uint64_t timeo_ns);
/* Something changed (POLLIN, POLLOUT, POLLHUP, ...): wake sleepers and pollers. sk->lock held. */
void sock_wake(struct sock *sk, uint32_t key);
/* Out-of-band data came: SIGURG to the owner at sock_unlock(); wakes with POLLPRI. */
void sock_wake_urgent(struct sock *sk);
/* Take the pending error: 0 or -errno. sk->lock held. */
int sock_take_error(struct sock *sk);
/* The socket behind the calling process's descriptor; fdref_put(r) in the end. -EBADF, -ENOTSOCK.
 */
struct fdref;
int sock_from_fd(struct fdref *r, int fd, struct sock **out) MUST_CHECK;
/* The socket behind an open file; NULL: it is something else. */
struct sock *sock_of_file(const struct file *file);
/* Calls f for each socket of a family, for /proc/net; no lock of any socket is held. */
void sock_for_each(int family, void (*f)(struct sock *sk, void *arg), void *arg);
/* Who calls: pid and effective ids (SO_PEERCRED), or real ones (SCM_CREDENTIALS). */
struct sock_cred sock_cred_self(bool real);

/* sockopt.c */
int sock_setsockopt(struct sock *sk, int level, int name, uaddr_t value, uint32_t len);
int sock_getsockopt(struct sock *sk, int level, int name, uaddr_t value, uaddr_t len);
int sock_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg);

#endif

/*
 * tcp.h - TCP over loopback: what the files tcp*.c share.
 *
 * A connection is two tcp_socks that name each other (`peer`). What one sends goes at once into the
 * other's receive ring; FIN and RST are calls of tcp_take_fin() and tcp_take_reset() on the other.
 * Each such call locks the receiver alone, as a packet would: nothing locks both ends, but to make
 * the connection. A socket keeps its peer's memory until its own release().
 *
 * Who is woken when: readers when bytes come, writers when the room in the peer's ring reaches what
 * the most modest of them waits for (`wanted`). A pair that keeps up with each other notifies
 * nobody.
 *
 * Locks: tcp_ports.lock outside of sock.lock. [r] is the lock of the socket that receives.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "net/inet.h"
#include "init/init.h"

/* What connect() has come to; Linux's socket.state. */
enum tcp_phase { TCP_UNCONNECTED, TCP_CONNECTING, TCP_CONNECTED };
enum tcp_urgent { TCP_URGENT_NONE, TCP_URGENT_THERE, TCP_URGENT_READ };

/* One end's reference to the other. */
struct tcp_tie {
	struct tcp_tie *next;
	struct tcp_sock *sock;
};

struct tcp_sock {
	struct inet_sock inet; /* must be first */
	uint32_t phase;	       /* [l] enum tcp_phase */
	struct tcp_sock *peer; /* [a] in a tie; itself: connected to itself; NULL: not connected */
	/* [l] All peers it ever had, referenced until release(): another call may be at work with
	 * one. Both ties of a connection are in the end that accept() returns: it is made for it.
	 */
	struct tcp_tie *ties;
	struct tcp_tie its_tie, clients_tie; /* [lock of whose `ties` it is in] */

	/* What the peer sent and nobody has read yet. */
	uint8_t *buf;	     /* [l] NULL until the first byte */
	uint32_t size;	     /* [l] bytes of buf, a power of two */
	uint32_t head, tail; /* [l] bytes ever come, ever read; free to wrap */
	uint32_t wanted;     /* [l] least room that the peer waits for; TCP_NOBODY: it does not */
	uint32_t send_part;  /* [l] what the peer's SO_SNDBUF adds to the room here */
	bool fin;	     /* [l] the peer's FIN came */
	bool deaf;	     /* [l] what comes from now on is dropped: closed or reset */
	bool closed;	     /* [l] release() has begun: no program has it */
	bool hold;	     /* [l] TCP_DEFER_ACCEPT: not shown to accept() until something came */
	uint8_t urgent;	     /* [l] enum tcp_urgent */
	uint32_t urgent_at;  /* [l] where the out-of-band byte is, as tail counts */

	/* A listener's. */
	struct list queue;	   /* [l] connections for accept(), oldest first, of queue_link */
	struct list held;	   /* [l] connections with hold */
	struct list pending;	   /* [l] clients that wait for room, referenced, of queue_link */
	uint32_t queued;	   /* [l] in queue and held */
	uint32_t backlog;	   /* [l] */
	struct list queue_link;	   /* [lock of `listener`] */
	struct tcp_sock *listener; /* [l] whose queue or pending it is in; referenced by clients
				    * that wait and by connections with hold */
	struct timer syn_timer;	   /* ends a connect() that nobody accepts */
	bool syn_timer_used;	   /* [l] */

	/* Options; [l] to write. Times in seconds, user_timeout in ms. */
	bool nodelay, cork, quickack;
	uint16_t maxseg;
	uint32_t keepidle, keepintvl, keepcnt, syncnt, defer_accept, window_clamp, user_timeout,
		notsent_lowat;
	int32_t linger2;
	/* For TCP_INFO. */
	uint64_t bytes_in;    /* [l] received */
	uint32_t segments_in; /* [l] sends of the peer */
	uint64_t last_in_ns;  /* [l] */
};
#define TCP_NOBODY UINT32_MAX

static inline struct tcp_sock *tcp_sock(struct sock *sk)
{
	return CONTAINER_OF(sk, struct tcp_sock, inet.sk);
}

#define TCP_SNDBUF 16384u /* net.ipv4.tcp_wmem's and tcp_rmem's defaults */
#define TCP_RCVBUF 131072u
#define TCP_PART 262144u /* room on each side, unless SO_SNDBUF or SO_RCVBUF says otherwise */
#define TCP_RING_MIN 16384u

extern const struct sock_ops tcp_ops;

#define TCP_ALL_KEYS (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP | POLLRDHUP)

/* ---- tcp.c: life, and how a connection ends ---- */
struct tcp_sock *tcp_new(int family);
/* tcp_ports.lock and sock.lock, for a change of state. */
void tcp_lock_both(struct tcp_sock *t);
void tcp_unlock_both(struct tcp_sock *t);
/* Wake who waits for t. No lock is held. */
void tcp_notify(struct tcp_sock *t, uint32_t key);
void tcp_put(struct tcp_sock *t); /* NULL is fine */
bool tcp_connected_state(uint32_t state);
/* To state CLOSE; both locks held. What came can still be read. */
void tcp_done_locked(struct tcp_sock *t);
/* What the peer, `from`, tells t. No lock is held. */
void tcp_take_fin(struct tcp_sock *t, struct tcp_sock *from);
void tcp_take_reset(struct tcp_sock *t, struct tcp_sock *from);
/* Leave whatever connection or state it is in, to be as new: connect(AF_UNSPEC). */
void tcp_disconnect(struct tcp_sock *t);
/* Nobody can reach it any more: the last descriptor is gone, or (abort) its listener. */
void tcp_end(struct tcp_sock *t, bool abort);

/* ---- tcp_conn.c: how one begins ---- */
int tcp_connect(struct sock *sk, const struct sock_addr *name, bool nonblock);
int tcp_listen(struct sock *sk, int backlog);
int tcp_accept(struct sock *sk, bool nonblock, struct sock **out);
/* t->hold: the first byte or FIN came, show it to accept(). No lock is held. */
void tcp_unhold(struct tcp_sock *t);
/* t waits in a listener's pending list: take it out. */
void tcp_leave_pending(struct tcp_sock *t);
/* l is not in LISTEN any more, so that nobody joins its lists: reset or refuse those in them. */
void tcp_stop_listening(struct tcp_sock *l);
void tcp_syn_timer_fire(struct timer *timer);

/* ---- tcp_data.c: bytes ---- */
ssize_t tcp_sendmsg(struct sock *sk, struct sock_msg *m);
ssize_t tcp_recvmsg(struct sock *sk, struct sock_msg *m);
uint32_t tcp_poll(struct sock *sk, struct poll_table *pt);
static inline uint32_t tcp_used(const struct tcp_sock *t)
{
	return t->head - t->tail;
}
/* The room for bytes that a socket's rcvbuf gives, and what is its peer's sndbuf's. */
uint32_t tcp_receive_part(const struct tcp_sock *t);
uint32_t tcp_send_part(const struct tcp_sock *t);
/* Bytes sent that the peer's receive part has no room for: what Linux calls not yet acknowledged.
 * No lock is held. */
uint32_t tcp_unacked(struct tcp_sock *t);
void tcp_ring_free(struct tcp_sock *t);

/* ---- tcp_opt.c ---- */
int tcp_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len);
int tcp_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len);
int tcp_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg);

#endif

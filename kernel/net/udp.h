/*
 * udp.h - UDP over loopback: what udp.c and udp_send.c share.
 *
 * A datagram is one allocation that goes from the sender into each receiver's queue. A queue that
 * is full drops it, as Linux does. A datagram that no socket is there for comes back as what ICMP
 * would have told: ECONNREFUSED at a connected sender.
 *
 * Locks: udp_ports.lock for looking up receivers, sock.lock for a queue; one after the other, so
 * that sending to oneself is nothing special.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/inet.h"

struct udp_dgram {
	struct list link; /* [lock of the socket in whose queue it is] */
	struct inet_addr from, to;
	uint16_t from_port, to_port;
	uint8_t ttl, tos;
	struct ktime came;
	uint32_t len; /* bytes of data */
	uint8_t data[];
};

/* What IP_RECVERR keeps of one that came back: the datagram and its error. */
struct udp_sock {
	struct inet_sock inet; /* must be first */
	struct list queue;     /* [l] of udp_dgram, oldest first */
	uint32_t queued;       /* [l] bytes that they count for */
	uint32_t drops;	       /* [l] that found the queue full */
	struct list returned;  /* [l] MSG_ERRQUEUE */
	uint32_t nreturned;    /* [l] */
	/* MSG_MORE and UDP_CORK: a datagram that is not complete. */
	struct udp_dgram *cork; /* [l] */
	bool corked;		/* [l] UDP_CORK */
};
static inline struct udp_sock *udp_sock(struct sock *sk)
{
	return CONTAINER_OF(sk, struct udp_sock, inet.sk);
}
/* What a datagram counts for in its receiver's rcvbuf: Linux's sk_buff is 768 bytes. */
#define UDP_OVERHEAD 768u

ssize_t udp_sendmsg(struct sock *sk, struct sock_msg *m);
/* Give the socket a port if it has none. PORTS and sock.lock are held. -EAGAIN: none is free. */
int udp_autobind_locked(struct inet_sock *is);

#endif

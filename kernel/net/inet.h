/*
 * inet.h - AF_INET and AF_INET6: addresses, ports, and what TCP and UDP share.
 *
 * The machine has one interface, lo: 127.0.0.0/8 and ::1. Any other address is ENETUNREACH to send
 * to and EADDRNOTAVAIL to bind to.
 *
 * struct inet_addr   an address of either family; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so
 *                    that one comparison serves both. The wildcards differ: :: and ::ffff:0.0.0.0.
 * struct inet_sock   a socket with addresses and a port; first member of tcp_sock and udp_sock.
 * struct inet_ports  who has which port of one protocol.
 *
 * Locks: inet_ports.lock (RANK_SOCK_TABLE) outside of sock.lock. A socket's addresses change under
 * both, so either is enough to read them.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include "net/net.h"
#include "abi/inet.h"

struct inet_addr {
	uint32_t w[4]; /* network byte order */
};

struct inet_bucket {
	struct list socks;     /* of inet_sock.link: all with such a port, newest first */
	struct list listeners; /* of inet_sock.listen_link */
};
#define INET_BUCKETS 512
struct inet_ports {
	struct lock lock;
	bool tcp;
	bool ready;	 /* [l] buckets are set up */
	uint32_t random; /* [l] state of the generator of ephemeral ports */
	struct inet_bucket bucket[INET_BUCKETS];
};
extern struct inet_ports tcp_ports, udp_ports;

/* Groups that a socket joined. */
#define INET_GROUPS_MAX 20 /* as net.ipv4.igmp_max_memberships */
struct inet_group {
	struct inet_group *next;
	struct inet_addr addr;
};

struct inet_sock {
	struct sock sk;		     /* must be first */
	struct inet_ports *ports;    /* [i] */
	struct list link;	     /* [PORTS] in its port's bucket; empty: has no port */
	struct list listen_link;     /* [PORTS] */
	struct inet_addr local;	     /* [PORTS+l] bound to, or where the connection is */
	struct inet_addr remote;     /* [PORTS+l] */
	uint16_t lport, rport;	     /* [PORTS+l] host byte order; rport 0: not connected */
	bool addr_bound, port_bound; /* [PORTS+l] by bind(): kept when a connection ends */
	uint64_t orphan_until;	     /* [PORTS+l] TCP: closed, kept for its peer; 0: not */
	uint32_t state;		     /* [PORTS+l] TCP_*; UDP: TCP_CLOSE or TCP_ESTABLISHED */
	/* Options; [l] to write. */
	bool v6only;
	bool pktinfo, pktinfo6, recvttl, recvhops, recvtos, recvtclass, recverr, recverr6;
	bool mc_loop, mc_all, freebind;
	uint8_t mc_ttl, tos, tclass, mtu_discover;
	int16_t ttl, hops;	   /* -1: the default, 64 */
	int16_t mc_hops;	   /* -1: the default, 1 */
	uint8_t min_ttl;	   /* [l] only kept: nothing here has passed a router */
	bool mc_if;		   /* [l] IP_MULTICAST_IF or IPV6_MULTICAST_IF names lo */
	uint32_t mc_if_addr;	   /* [l] as getsockopt shows it */
	struct inet_group *groups; /* [PORTS] */
	uint32_t ngroups;	   /* [PORTS] */
};
static inline struct inet_sock *inet_sock(struct sock *sk)
{
	return CONTAINER_OF(sk, struct inet_sock, sk);
}

#define LO_IFINDEX 1
#define INET_TTL 64
#define INET_PRIVILEGED 1024 /* ports below it are root's */

/* ---- addresses (inet_addr.c) ---- */

static inline uint16_t net16(uint32_t x)
{
	return __builtin_bswap16((uint16_t)x);
}
static inline uint32_t net32(uint32_t x)
{
	return __builtin_bswap32(x);
}
extern const struct inet_addr inet_any4, inet_any6, inet_lo4, inet_lo6;
bool inet_addr_eq(const struct inet_addr *a, const struct inet_addr *b);
bool inet_addr_is4(const struct inet_addr *a);
bool inet_addr_any(const struct inet_addr *a); /* either wildcard */
bool inet_addr_multicast(const struct inet_addr *a);
bool inet_addr_broadcast(const struct inet_addr *a); /* 255.255.255.255 or 127.255.255.255 */
bool inet_addr_local(const struct inet_addr *a);     /* 127.0.0.0/8 without its broadcast, ::1 */
/* The wildcard that a new socket of a family has. */
const struct inet_addr *inet_wildcard(uint32_t family);
/*
 * An address as a call of the socket's family gave it. IPv4 in an AF_INET6 socket is mapped.
 * -EINVAL: too short; -EAFNOSUPPORT: of another family.
 */
int inet_parse(const struct sock *sk, const struct sock_addr *name, struct inet_addr *addr,
	uint16_t *port) MUST_CHECK;
/* The other way: an address as the socket's family shows it. */
void inet_format(
	const struct sock *sk, const struct inet_addr *addr, uint16_t port, struct sock_addr *out);
/*
 * Where a packet from is to *to goes. *to: a wildcard becomes the loopback address. *from: the
 * source, chosen if the socket is bound to none. stream: no multicast and broadcast.
 * -ENETUNREACH, -EACCES (broadcast without SO_BROADCAST).
 */
int inet_route(const struct inet_sock *is, struct inet_addr *to, struct inet_addr *from,
	bool stream) MUST_CHECK;

/* ---- ports (inet_port.c) ---- */

void inet_ports_lock(struct inet_ports *p);
void inet_ports_unlock(struct inet_ports *p);
/* Both locks held from here on. A port of the range 32768..60999 that conflicts with none, and
 * link. -EADDRINUSE, -EADDRNOTAVAIL for a connect. */
int inet_autobind_locked(struct inet_sock *is);
/* May the socket have this local address and port? For bind() and again for listen(). */
bool inet_conflict_locked(const struct inet_sock *is, const struct inet_addr *addr, uint16_t port);
void inet_link_locked(struct inet_sock *is, uint16_t port);
void inet_unlink_locked(struct inet_sock *is);
/* PORTS alone held. Is there a TCP connection between these two ends already? */
bool inet_connection_locked(struct inet_ports *p, const struct inet_addr *local, uint16_t lport,
	const struct inet_addr *remote, uint16_t rport, const struct inet_sock *but);
/* The best listener for a connection to addr:port, or NULL; not referenced. spread: for those
 * that share a port by SO_REUSEPORT. */
struct inet_sock *inet_listener_locked(
	struct inet_ports *p, const struct inet_addr *addr, uint16_t port, uint32_t spread);
/* Does a datagram or connection from remote:rport to local:lport belong to the socket? 0 no, else
 * the better the higher. */
int inet_match_locked(const struct inet_sock *is, const struct inet_addr *local, uint16_t lport,
	const struct inet_addr *remote, uint16_t rport);
/* Two ends as one number, for spread. */
uint32_t inet_spread(
	const struct inet_addr *a, uint16_t aport, const struct inet_addr *b, uint16_t bport);

/* A connection that is over but whose ends are not to be used again for a minute. */
struct inet_time_wait {
	struct inet_addr local, remote;
	uint16_t lport, rport;
	bool reuseaddr, reuseport, v6;
	uint32_t uid;
	uint64_t until_ns;
};
#define INET_TIME_WAIT_NS 60000000000ull
/* PORTS and sock.lock held. At most INET_TIME_WAITS are kept, as net.ipv4.tcp_max_tw_buckets. */
#define INET_TIME_WAITS 1024
void inet_time_wait_locked(const struct inet_sock *is);
/* Copy of number *i or a later one that is still waiting; *i moves on. False: no more. For /proc.
 */
bool inet_time_wait_next(uint32_t *i, struct inet_time_wait *out);
/* For tests: forget all. */
void inet_time_wait_clear(void);

/* ---- shared operations (inet.c, inet_opt.c, inet_group.c) ---- */

void inet_init_sock(struct inet_sock *is, const struct sock_ops *ops, int family, int type,
	int protocol, struct inet_ports *ports);
int inet_bind(struct sock *sk, const struct sock_addr *name);
int inet_getname(struct sock *sk, bool peer, struct sock_addr *out);
/* Levels SOL_IP and SOL_IPV6. */
int inet_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len);
int inet_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len);
/* An option's value as an int: 1 to 3 bytes are one byte, as Linux takes them. -EINVAL. */
int inet_opt_int(const void *value, uint32_t len, int *out) MUST_CHECK;
/* The int for a getsockopt, cut to *len. */
int inet_opt_put(void *value, uint32_t *len, int n);
int inet_group_join(struct inet_sock *is, const struct inet_addr *addr);
int inet_group_leave(struct inet_sock *is, const struct inet_addr *addr);
void inet_groups_free(struct inet_sock *is);
bool inet_group_member_locked(const struct inet_sock *is, const struct inet_addr *addr);

/* ---- /proc/net (inet_proc.c) ---- */

int tcp_proc_line(struct sock *sk, uint32_t index, char *buf, size_t size);
int udp_proc_line(struct sock *sk, uint32_t index, char *buf, size_t size);
/* A line for number *at or a later one of the connections in TIME_WAIT; 0: no more. */
int inet_time_wait_line(uint32_t *at, bool v6, uint32_t index, char *buf, size_t size);

/* ---- TCP and UDP ---- */

int tcp_create(int family, struct sock **out) MUST_CHECK;
int udp_create(int family, struct sock **out) MUST_CHECK;
/*
 * A connection from the kernel itself to 127.0.0.1:port: *out is the client's end, one reference,
 * to be used through its ops (sendmsg and recvmsg with iob_init_kernel()) and ended with
 * ops->release() and sock_put(). Waits for room in the backlog unless nonblock.
 * -ECONNREFUSED, -EAGAIN (nonblock and the backlog is full), -ENOMEM.
 */
int tcp_connect_kernel(uint16_t port, bool nonblock, struct sock **out) MUST_CHECK;

#endif

/*
 * udp_send.c - sending datagrams: where to, who gets them, and what comes back.
 * Spec: RFC 768; Linux udp(7), ip(7); send(2).
 * Locks: udp_ports.lock, then each receiver's sock.lock alone.
 */
#include "net/udp.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define MAX4 65507u /* 65535 without the headers of IP and UDP */
#define MAX6 65527u
#define RETURNED_MAX 16u

/* Where one datagram goes and how. */
struct way {
	struct inet_addr to, from;
	uint16_t port;
	uint8_t ttl, tos;
	bool own_port; /* `to` is the peer of a connected socket */
};

/* ---- who gets it ---- */

static struct list *port_list(uint16_t port)
{
	return &udp_ports.bucket[port % INET_BUCKETS].socks;
}

/* The one socket that a datagram is for, referenced; NULL: none. */
static struct udp_sock *find_receiver(const struct udp_dgram *d)
{
	struct inet_sock *is, *best = NULL;
	uint32_t equal = 0, spread;
	int best_score = 0;

	spread = inet_spread(&d->from, d->from_port, &d->to, d->to_port);
	inet_ports_lock(&udp_ports);
	LIST_FOR_EACH(is, port_list(d->to_port), link) {
		int score = inet_match_locked(is, &d->to, d->to_port, &d->from, d->from_port);

		if (score > best_score) {
			best = is;
			best_score = score;
			equal = 1;
		} else if (score && score == best_score && is->sk.reuseport) {
			equal++;
			if ((spread + equal * 40503u) * 2654435761u / 65536 % equal == 0)
				best = is;
		}
	}
	if (best && !ref_get_unless_zero(&best->sk.refs))
		best = NULL;
	inet_ports_unlock(&udp_ports);
	return best ? udp_sock(&best->sk) : NULL;
}

/* Does a datagram for many reach this socket? ip(7), IP_MULTICAST_ALL. */
static bool takes_locked(const struct inet_sock *is, const struct udp_dgram *d)
{
	if (!inet_match_locked(is, &d->to, d->to_port, &d->from, d->from_port))
		return false;
	if (!inet_addr_multicast(&d->to))
		return true;
	return is->mc_all || inet_group_member_locked(is, &d->to);
}

static bool group_known_locked(const struct inet_addr *group)
{
	for (uint32_t i = 0; i < INET_BUCKETS; i++) {
		const struct inet_sock *is;

		LIST_FOR_EACH(is, &udp_ports.bucket[i].socks, link) {
			if (inet_group_member_locked(is, group))
				return true;
		}
	}
	return false;
}

/* All sockets that a multicast or broadcast reaches, referenced, in *out of size *n. -ENOBUFS. */
static int find_receivers(const struct udp_dgram *d, struct udp_sock ***out, uint32_t *n)
{
	struct inet_sock *is;
	uint32_t count = 0;
	int err = 0;

	*out = NULL;
	*n = 0;
	inet_ports_lock(&udp_ports);
	if (inet_addr_multicast(&d->to) && !group_known_locked(&d->to))
		goto unlock;
	LIST_FOR_EACH(is, port_list(d->to_port), link)
		count += takes_locked(is, d);
	if (count == 0)
		goto unlock;
	*out = kmalloc(count * sizeof(**out));
	if (!*out) {
		err = -ENOBUFS;
		goto unlock;
	}
	LIST_FOR_EACH(is, port_list(d->to_port), link) {
		if (takes_locked(is, d) && ref_get_unless_zero(&is->sk.refs))
			(*out)[(*n)++] = udp_sock(&is->sk);
	}
unlock:
	inet_ports_unlock(&udp_ports);
	return err;
}

/* Into the queue, or nowhere. Takes over d. */
static void enqueue(struct udp_sock *u, struct udp_dgram *d)
{
	struct sock *sk = &u->inet.sk;
	bool drop;

	sock_lock(sk);
	drop = u->queued > sk->rcvbuf || list_empty(&u->inet.link);
	if (drop) {
		u->drops++;
	} else {
		u->queued += d->len + UDP_OVERHEAD;
		list_add_tail(&u->queue, &d->link);
		sock_wake(sk, POLLIN | POLLRDNORM);
	}
	sock_unlock(sk);
	if (drop)
		kfree(d);
}

static struct udp_dgram *copy_of(const struct udp_dgram *d)
{
	struct udp_dgram *copy = kmalloc(sizeof(*d) + d->len);

	if (copy)
		memcpy(copy, d, sizeof(*d) + d->len);
	return copy;
}

/* Takes over d. */
static int deliver_to_many(struct udp_dgram *d)
{
	struct udp_sock **to;
	uint32_t n;
	int err = find_receivers(d, &to, &n);

	for (uint32_t i = 0; i < n; i++) {
		struct udp_dgram *copy = copy_of(d);

		/* Where there is no memory it is lost, as any datagram may be. */
		if (copy)
			enqueue(to[i], copy);
		sock_put(&to[i]->inet.sk);
	}
	kfree(to);
	kfree(d);
	return err;
}

/* Nobody has that port: what ICMP would tell the sender. Takes over d. */
static void come_back(struct udp_sock *u, struct udp_dgram *d)
{
	struct inet_sock *is = &u->inet;
	bool keep, connected;

	sock_lock(&is->sk);
	keep = inet_addr_is4(&d->to) ? is->recverr : is->recverr6;
	connected = is->state == TCP_ESTABLISHED && is->rport == d->to_port &&
		    inet_addr_eq(&is->remote, &d->to);
	if (is->state == TCP_ESTABLISHED && !connected)
		keep = false;
	if (keep || connected) {
		is->sk.error = ECONNREFUSED;
		if (keep && u->nreturned < RETURNED_MAX) {
			list_add_tail(&u->returned, &d->link);
			u->nreturned++;
			d = NULL;
		}
		sock_wake(&is->sk, POLLERR | POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
	}
	sock_unlock(&is->sk);
	kfree(d);
}

/* Takes over d. */
static int deliver(struct udp_sock *from, struct udp_dgram *d)
{
	struct udp_sock *u;

	if (inet_addr_multicast(&d->to) || inet_addr_broadcast(&d->to))
		return deliver_to_many(d);
	u = find_receiver(d);
	if (!u) {
		come_back(from, d);
		return 0;
	}
	enqueue(u, d);
	sock_put(&u->inet.sk);
	return 0;
}

/* ---- where to ---- */

/* The address of a sendto(). Both families' programs may give an IPv4 address. */
static int named(const struct sock *sk, const struct sock_addr *name, struct way *w)
{
	struct sock_addr a = *name;
	struct sock as4 = {.family = AF_INET};
	uint16_t family = name->len >= sizeof(name->family) ? name->family : 0;

	if (sk->family == AF_INET && family == AF_UNSPEC && name->len >= 16)
		a.family = AF_INET;
	if (sk->family == AF_INET6 && family == AF_INET)
		return inet_parse(&as4, &a, &w->to, &w->port);
	return inet_parse(sk, &a, &w->to, &w->port);
}

static int take_pktinfo4(struct way *w, const struct abi_cmsghdr *c)
{
	struct abi_in_pktinfo info;

	if (cmsg_data_len(c) != sizeof(info))
		return -EINVAL;
	memcpy(&info, cmsg_data(c), sizeof(info));
	if (info.ifindex && info.ifindex != LO_IFINDEX)
		return -ENODEV;
	if (info.spec_dst) {
		w->from = inet_any4;
		w->from.w[3] = info.spec_dst;
		if (!inet_addr_local(&w->from))
			return -EINVAL;
	}
	return 0;
}

static int take_pktinfo6(struct way *w, const struct abi_cmsghdr *c)
{
	struct abi_in6_pktinfo info;
	struct inet_addr from;

	if (cmsg_data_len(c) < sizeof(info))
		return -EINVAL;
	memcpy(&info, cmsg_data(c), sizeof(info));
	if (info.ifindex && info.ifindex != LO_IFINDEX)
		return -ENODEV;
	memcpy(from.w, info.addr, sizeof(from.w));
	if (!inet_addr_any(&from)) {
		if (!inet_addr_local(&from))
			return -EINVAL;
		w->from = from;
	}
	return 0;
}

static int take_byte(const struct abi_cmsghdr *c, int least, uint8_t *out)
{
	int n;

	if (cmsg_data_len(c) < sizeof(n))
		return -EINVAL;
	memcpy(&n, cmsg_data(c), sizeof(n));
	if (n < least || n > 255)
		return -EINVAL;
	*out = (uint8_t)n;
	return 0;
}

/* Control messages: source address, TTL, TOS. What they say is before the socket's options. */
static int take_control(const struct sock_msg *m, struct way *w)
{
	const struct abi_cmsghdr *c;
	uint32_t pos = 0;
	int err = 0;

	while (!err && (c = cmsg_next(m, &pos))) {
		if (c->level == SOL_IP && c->type == IP_PKTINFO)
			err = take_pktinfo4(w, c);
		else if (c->level == SOL_IPV6 && c->type == IPV6_PKTINFO)
			err = take_pktinfo6(w, c);
		else if (c->level == SOL_IP && c->type == IP_TTL)
			err = take_byte(c, 1, &w->ttl);
		else if (c->level == SOL_IPV6 && c->type == IPV6_HOPLIMIT)
			err = take_byte(c, 0, &w->ttl);
		else if ((c->level == SOL_IP && c->type == IP_TOS) ||
			 (c->level == SOL_IPV6 && c->type == IPV6_TCLASS))
			err = take_byte(c, 0, &w->tos);
		else if (c->level == SOL_IP || c->level == SOL_IPV6)
			err = -EINVAL;
	}
	if (!err && pos != m->control_len)
		err = -EINVAL;
	return err;
}

static void default_way(const struct inet_sock *is, struct way *w)
{
	bool many = inet_addr_multicast(&w->to);

	if (inet_addr_is4(&w->to)) {
		w->ttl = many ? is->mc_ttl : is->ttl == -1 ? INET_TTL : (uint8_t)is->ttl;
		w->tos = is->tos;
	} else if (many) {
		w->ttl = is->mc_hops == -1 ? 1 : (uint8_t)is->mc_hops;
		w->tos = is->tclass;
	} else {
		w->ttl = is->hops == -1 ? INET_TTL : (uint8_t)is->hops;
		w->tos = is->tclass;
	}
}

int udp_autobind_locked(struct inet_sock *is)
{
	return list_empty(&is->link) && inet_autobind_locked(is) ? -EAGAIN : 0;
}

/* Fill in *w for a message, and give the socket a port. */
static int choose_way(struct udp_sock *u, const struct sock_msg *m, struct way *w)
{
	struct inet_sock *is = &u->inet;
	struct inet_addr from;
	int err = 0, bound;

	if (m->name && m->name->len) {
		err = named(&is->sk, m->name, w);
		if (!err && w->port == 0)
			err = -EINVAL;
	}
	inet_ports_lock(&udp_ports);
	lock_acquire(&is->sk.lock);
	/* Even what cannot be sent gives the socket a port, as in Linux. */
	bound = udp_autobind_locked(is);
	if (bound)
		err = bound;
	if (!err)
		err = sock_take_error(&is->sk);
	if (!err && !(m->name && m->name->len)) {
		w->to = is->remote;
		w->port = is->rport;
		if (is->state != TCP_ESTABLISHED || !is->rport)
			err = -EDESTADDRREQ;
	}
	if (!err && (is->sk.shut & SOCK_SHUT_WR))
		err = -EPIPE;
	if (!err)
		err = inet_route(is, &w->to, &from, false);
	if (!err) {
		w->from = from;
		default_way(is, w);
	}
	lock_release(&is->sk.lock);
	inet_ports_unlock(&udp_ports);
	if (!err && m->control_len)
		err = take_control(m, w);
	return err;
}

/* ---- sending ---- */

static struct udp_dgram *make(
	struct udp_sock *u, const struct way *w, const struct udp_dgram *start, struct iobuf *b)
{
	uint32_t had = start ? start->len : 0, n = (uint32_t)b->left;
	struct udp_dgram *d = kmalloc(sizeof(*d) + had + n);

	if (!d)
		return NULL;
	*d = (struct udp_dgram){
		.from = w->from,
		.to = w->to,
		.from_port = u->inet.lport,
		.to_port = w->port,
		.ttl = w->ttl,
		.tos = w->tos,
		.len = had + n,
	};
	if (start) {
		d->from = start->from;
		d->to = start->to;
		d->to_port = start->to_port;
		d->ttl = start->ttl;
		d->tos = start->tos;
		memcpy(d->data, start->data, had);
	}
	iob_get(b, d->data + had, n);
	return d;
}

static uint32_t most(const struct inet_addr *to)
{
	return inet_addr_is4(to) ? MAX4 : MAX6;
}

/*
 * Returns bytes sent. -EDESTADDRREQ, -EMSGSIZE, -ECONNREFUSED (of an earlier one), -ENETUNREACH,
 * -EACCES (broadcast), -EPIPE (shut down), -EOPNOTSUPP (MSG_OOB), -EINVAL, -EAFNOSUPPORT, -ENOBUFS.
 */
ssize_t udp_sendmsg(struct sock *sk, struct sock_msg *m)
{
	struct udp_sock *u = udp_sock(sk);
	size_t len = m->data->left;
	struct udp_dgram *d, *start;
	struct way w = {0};
	bool more;
	int err;

	if (len > 0xffff)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	sock_lock(sk);
	start = u->cork;
	u->cork = NULL;
	more = u->corked || (m->flags & MSG_MORE);
	sock_unlock(sk);
	/* A datagram that is begun goes where its first part said. */
	err = start ? 0 : choose_way(u, m, &w);
	if (!err && len + (start ? start->len : 0) > most(start ? &start->to : &w.to))
		err = -EMSGSIZE;
	d = err ? NULL : make(u, &w, start, m->data);
	if (!err && !d)
		err = -ENOBUFS;
	kfree(start);
	if (err)
		return err;
	if (more) {
		struct udp_dgram *other;

		sock_lock(sk);
		other = u->cork; /* of another thread at the same time: the later one stays */
		u->cork = d;
		sock_unlock(sk);
		kfree(other);
		return (ssize_t)len;
	}
	d->came = ktime_now();
	err = deliver(u, d);
	return err ? err : (ssize_t)len;
}

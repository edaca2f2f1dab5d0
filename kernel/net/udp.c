/*
 * udp.c - UDP sockets: making, connecting, receiving, ending. Sending: udp_send.c.
 * Spec: RFC 768; Linux udp(7), ip(7), recv(2); poll's bits as Linux has them.
 * Locks: udp_ports.lock, sock.lock inside it; see udp.h.
 */
#include "net/udp.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/str.h"

#define IN_KEYS (POLLIN | POLLRDNORM)
#define OUT_KEYS (POLLOUT | POLLWRNORM | POLLWRBAND)

static const struct sock_ops udp_ops;

int udp_create(int family, struct sock **out)
{
	struct udp_sock *u = kzalloc(sizeof(*u));

	if (!u)
		return -ENOBUFS;
	list_init(&u->queue);
	list_init(&u->returned);
	inet_init_sock(&u->inet, &udp_ops, family, SOCK_DGRAM, IPPROTO_UDP, &udp_ports);
	*out = &u->inet.sk;
	return 0;
}

static void free_list(struct list *l)
{
	struct udp_dgram *d;

	while ((d = LIST_FIRST(l, struct udp_dgram, link))) {
		list_del(&d->link);
		kfree(d);
	}
}

static void udp_free(struct sock *sk)
{
	struct udp_sock *u = udp_sock(sk);

	KASSERT(list_empty(&u->inet.link));
	free_list(&u->queue);
	free_list(&u->returned);
	kfree(u->cork);
	kfree(u);
}

static void udp_release(struct sock *sk)
{
	struct inet_sock *is = inet_sock(sk);

	inet_ports_lock(&udp_ports);
	lock_acquire(&sk->lock);
	inet_unlink_locked(is);
	lock_release(&sk->lock);
	inet_ports_unlock(&udp_ports);
	inet_groups_free(is);
}

/* ---- connect, shutdown ---- */

static void disconnect(struct inet_sock *is)
{
	inet_ports_lock(&udp_ports);
	lock_acquire(&is->sk.lock);
	is->state = TCP_CLOSE;
	is->rport = 0;
	is->remote = *inet_wildcard(is->sk.family);
	if (!is->addr_bound)
		is->local = *inet_wildcard(is->sk.family);
	if (!is->port_bound) {
		inet_unlink_locked(is);
		is->lport = 0;
	}
	lock_release(&is->sk.lock);
	inet_ports_unlock(&udp_ports);
}

/* Sets the peer: nothing is sent. -ENETUNREACH, -EACCES (broadcast), -EAGAIN (no port), -EINVAL,
 * -EAFNOSUPPORT. AF_UNSPEC takes the peer away. */
static int udp_connect(struct sock *sk, const struct sock_addr *name, bool nonblock)
{
	struct inet_sock *is = inet_sock(sk);
	struct inet_addr to, from;
	uint16_t port;
	int err;

	(void)nonblock;
	if (name->len < sizeof(name->family))
		return -EINVAL;
	if (name->family == AF_UNSPEC) {
		disconnect(is);
		return 0;
	}
	err = inet_parse(sk, name, &to, &port);
	if (err)
		return err;
	inet_ports_lock(&udp_ports);
	lock_acquire(&sk->lock);
	err = inet_route(is, &to, &from, false);
	if (!err)
		err = udp_autobind_locked(is);
	if (!err) {
		if (inet_addr_any(&is->local))
			is->local = from;
		is->remote = to;
		is->rport = port;
		is->state = TCP_ESTABLISHED;
	}
	lock_release(&sk->lock);
	inet_ports_unlock(&udp_ports);
	return err;
}

static int udp_listen(struct sock *sk, int backlog)
{
	(void)sk;
	(void)backlog;
	return -EOPNOTSUPP;
}

static int udp_accept(struct sock *sk, bool nonblock, struct sock **out)
{
	(void)sk;
	(void)nonblock;
	(void)out;
	return -EOPNOTSUPP;
}

/* -ENOTCONN: has no peer, and yet the direction is closed. */
static int udp_shutdown(struct sock *sk, int how)
{
	int err;

	sock_lock(sk);
	sk->shut |= (uint16_t)(how + 1); /* SHUT_RD 1, SHUT_WR 2, SHUT_RDWR 3 */
	err = inet_sock(sk)->state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
	sock_wake(sk, IN_KEYS | OUT_KEYS | POLLHUP | POLLRDHUP);
	sock_unlock(sk);
	return err;
}

/* ---- receiving ---- */

static void put_control(struct inet_sock *is, const struct udp_dgram *d, struct sock_msg *m)
{
	bool four = inet_addr_is4(&d->to);
	int n;

	sock_msg_put_time(&is->sk, m, d->came);
	if (is->pktinfo && four) {
		struct abi_in_pktinfo info = {.ifindex = LO_IFINDEX, .addr = d->to.w[3]};

		info.spec_dst = inet_addr_local(&d->to) ? d->to.w[3] : inet_lo4.w[3];
		sock_msg_put(m, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (is->pktinfo6 && is->sk.family == AF_INET6) {
		struct abi_in6_pktinfo info = {.ifindex = LO_IFINDEX};

		memcpy(info.addr, d->to.w, sizeof(info.addr));
		sock_msg_put(m, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	n = d->ttl;
	if (is->recvttl && four)
		sock_msg_put(m, SOL_IP, IP_TTL, &n, sizeof(n));
	if (is->recvhops && !four)
		sock_msg_put(m, SOL_IPV6, IPV6_HOPLIMIT, &n, sizeof(n));
	n = d->tos;
	if (is->recvtos && four)
		sock_msg_put(m, SOL_IP, IP_TOS, &d->tos, 1);
	if (is->recvtclass && !four)
		sock_msg_put(m, SOL_IPV6, IPV6_TCLASS, &n, sizeof(n));
}

/* Copy what fits; the result is the whole length for MSG_TRUNC. */
static ssize_t copy_data(const struct udp_dgram *d, struct sock_msg *m)
{
	size_t n = MIN(m->data->left, (size_t)d->len);

	iob_put(m->data, d->data, n);
	if (n < d->len)
		m->out_flags |= MSG_TRUNC;
	return m->flags & MSG_TRUNC ? (ssize_t)d->len : (ssize_t)n;
}

/* MSG_ERRQUEUE: a datagram that came back, where it was sent to, and why. */
static ssize_t receive_returned(struct udp_sock *u, struct sock_msg *m)
{
	struct {
		struct abi_sock_extended_err e;
		uint8_t offender[sizeof(struct abi_sockaddr_in6)];
	} what = {.e = {.err = ECONNREFUSED}};
	struct sock *sk = &u->inet.sk;
	struct sock_addr offender = {0};
	struct udp_dgram *d;
	ssize_t n;
	bool four;

	sock_lock(sk);
	d = LIST_FIRST(&u->returned, struct udp_dgram, link);
	if (d) {
		list_del(&d->link);
		u->nreturned--;
		sk->error = u->nreturned ? ECONNREFUSED : 0;
	}
	sock_unlock(sk);
	if (!d)
		return -EAGAIN;
	n = copy_data(d, m);
	m->out_flags |= MSG_ERRQUEUE;
	four = inet_addr_is4(&d->to);
	what.e.origin = four ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
	what.e.type = four ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	what.e.code = four ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH;
	inet_format(sk, &d->to, 0, &offender);
	memcpy(what.offender, offender.bytes, offender.len);
	if (m->name)
		inet_format(sk, &d->to, d->to_port, m->name);
	sock_msg_put(m, four ? SOL_IP : SOL_IPV6, four ? IP_RECVERR : IPV6_RECVERR, &what,
		(uint32_t)sizeof(what.e) + offender.len);
	kfree(d);
	return n;
}

/*
 * Returns bytes received, 0 for an empty datagram or after shutdown. -EAGAIN (MSG_DONTWAIT or
 * SO_RCVTIMEO), the pending error (-ECONNREFUSED), a signal's.
 */
static ssize_t udp_recvmsg(struct sock *sk, struct sock_msg *m)
{
	struct udp_sock *u = udp_sock(sk);
	uint64_t deadline = WAIT_FOREVER;
	struct udp_dgram *d = NULL;
	ssize_t n;
	int err;

	if (m->flags & MSG_ERRQUEUE)
		return receive_returned(u, m);
	if (sk->rcvtimeo_ns && !(m->flags & MSG_DONTWAIT))
		deadline = sock_deadline(sk->rcvtimeo_ns);
	sock_lock(sk);
	for (;;) {
		err = sock_take_error(sk);
		d = err ? NULL : LIST_FIRST(&u->queue, struct udp_dgram, link);
		if (err || d || (sk->shut & SOCK_SHUT_RD))
			break;
		err = m->flags & MSG_DONTWAIT ? -EAGAIN : sock_wait(sk, deadline);
		if (err)
			break;
	}
	if (!d) {
		sock_unlock(sk);
		return err == -ETIMEDOUT ? -EAGAIN : err;
	}
	if (!(m->flags & MSG_PEEK)) {
		list_del(&d->link);
		u->queued -= d->len + UDP_OVERHEAD;
		sock_unlock(sk);
	}
	/* A peek copies under the lock: the datagram stays in the queue. */
	n = copy_data(d, m);
	if (m->name)
		inet_format(sk, &d->from, d->from_port, m->name);
	if (m->reply_size)
		put_control(&u->inet, d, m);
	if (m->flags & MSG_PEEK)
		sock_unlock(sk);
	else
		kfree(d);
	return n;
}

static uint32_t udp_poll(struct sock *sk, struct poll_table *pt)
{
	struct udp_sock *u = udp_sock(sk);
	uint32_t bits = OUT_KEYS;

	sock_lock(sk);
	poll_join(pt, &sk->wait, &sk->lock);
	if (sk->error || !list_empty(&u->returned))
		bits |= POLLERR;
	if (sk->shut & SOCK_SHUT_RD)
		bits |= POLLRDHUP | IN_KEYS;
	if (sk->shut == (SOCK_SHUT_RD | SOCK_SHUT_WR))
		bits |= POLLHUP;
	if (!list_empty(&u->queue))
		bits |= IN_KEYS;
	sock_unlock(sk);
	return bits;
}

/* ---- options, ioctl ---- */

/* UDP_CORK off sends what is there. */
static int set_cork(struct sock *sk, bool on)
{
	struct udp_sock *u = udp_sock(sk);
	uint8_t none;
	struct iobuf b;
	struct sock_msg m = {.data = &b};
	bool send;
	ssize_t n;

	sock_lock(sk);
	u->corked = on;
	send = !on && u->cork;
	sock_unlock(sk);
	if (!send)
		return 0;
	iob_init_kernel(&b, &none, 0);
	n = udp_sendmsg(sk, &m);
	return n < 0 ? (int)n : 0;
}

static int udp_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len)
{
	int n;

	if (level != SOL_UDP)
		return inet_setsockopt(sk, level, name, value, len);
	if (name != UDP_CORK)
		return -ENOPROTOOPT;
	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	return set_cork(sk, n != 0);
}

static int udp_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len)
{
	if (level != SOL_UDP)
		return inet_getsockopt(sk, level, name, value, len);
	return name == UDP_CORK ? inet_opt_put(value, len, udp_sock(sk)->corked) : -ENOPROTOOPT;
}

/* SIOCINQ: bytes of the next datagram. */
static int udp_ioctl(struct sock *sk, uint32_t cmd, uaddr_t arg)
{
	struct udp_dgram *d;
	int n = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOTTY;
	sock_lock(sk);
	d = LIST_FIRST(&udp_sock(sk)->queue, struct udp_dgram, link);
	if (cmd == SIOCINQ && d)
		n = (int)d->len;
	sock_unlock(sk);
	return copyout(arg, &n, sizeof(n));
}

static const struct sock_ops udp_ops = {
	.bind = inet_bind,
	.connect = udp_connect,
	.listen = udp_listen,
	.accept = udp_accept,
	.getname = inet_getname,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.shutdown = udp_shutdown,
	.poll = udp_poll,
	.setsockopt = udp_setsockopt,
	.getsockopt = udp_getsockopt,
	.ioctl = udp_ioctl,
	.release = udp_release,
	.free = udp_free,
	.proc_line = udp_proc_line,
};

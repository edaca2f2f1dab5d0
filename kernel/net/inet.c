/*
 * inet.c - AF_INET and AF_INET6 sockets: making, binding and naming them.
 * Spec: Linux ip(7), ipv6(7), bind(2), getsockname(2), getpeername(2); errors as Linux has them.
 * Locks: inet_ports.lock, sock.lock inside it; see inet.h.
 */
#include "net/inet.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "proc/proc.h"

static int create(int family, int type, int protocol, struct sock **out)
{
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_STREAM:
		if (protocol != 0 && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		return tcp_create(family, out);
	case SOCK_DGRAM:
		if (protocol != 0 && protocol != IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		return udp_create(family, out);
	case SOCK_RAW:
		/* There are no packets to be seen or made. */
		if (protocol == 0)
			return -EPROTONOSUPPORT;
		return cred_is_root(cred_self()) ? -EPROTONOSUPPORT : -EPERM;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

static int inet_create(int type, int protocol, struct sock **out)
{
	return create(AF_INET, type, protocol, out);
}

static int inet6_create(int type, int protocol, struct sock **out)
{
	return create(AF_INET6, type, protocol, out);
}

const struct sock_family inet_family = {.family = AF_INET, .create = inet_create};
const struct sock_family inet6_family = {.family = AF_INET6, .create = inet6_create};

void inet_init_sock(struct inet_sock *is, const struct sock_ops *ops, int family, int type,
	int protocol, struct inet_ports *ports)
{
	sock_init(&is->sk, ops, family, type, protocol);
	is->ports = ports;
	list_init(&is->link);
	list_init(&is->listen_link);
	is->local = is->remote = *inet_wildcard((uint32_t)family);
	is->state = TCP_CLOSE;
	is->mc_loop = is->mc_all = true;
	is->mc_ttl = 1;
	is->ttl = is->hops = is->mc_hops = -1;
	is->mtu_discover = IP_PMTUDISC_WANT;
}

/* May a socket of this kind be bound to the address? */
static int check_local(const struct inet_sock *is, const struct inet_addr *addr)
{
	if (inet_addr_any(addr) || inet_addr_local(addr))
		return 0;
	if (is->sk.family == AF_INET6 && is->sk.type == SOCK_STREAM && inet_addr_multicast(addr))
		return inet_addr_is4(addr) ? -EADDRNOTAVAIL : -EINVAL;
	if (inet_addr_multicast(addr) || inet_addr_broadcast(addr))
		return 0;
	return is->freebind ? 0 : -EADDRNOTAVAIL;
}

/*
 * -EINVAL: too short, or bound already; -EAFNOSUPPORT; -EADDRNOTAVAIL: not an address of this
 * machine; -EACCES: a port below 1024, and not root; -EADDRINUSE.
 */
int inet_bind(struct sock *sk, const struct sock_addr *name)
{
	struct inet_sock *is = inet_sock(sk);
	struct inet_addr addr;
	uint16_t port;
	int err = inet_parse(sk, name, &addr, &port);

	/* Programs of 4.2BSD leave the family out. */
	if (err == -EAFNOSUPPORT && sk->family == AF_INET && name->family == AF_UNSPEC) {
		struct sock_addr named = *name;

		named.family = AF_INET;
		err = inet_parse(sk, &named, &addr, &port);
		if (!err && !inet_addr_any(&addr))
			err = -EAFNOSUPPORT;
	}
	if (err)
		return err;
	if (sk->family == AF_INET6 && is->v6only && inet_addr_is4(&addr))
		return -EINVAL;
	err = check_local(is, &addr);
	if (err)
		return err;
	if (port && port < INET_PRIVILEGED && !cred_is_root(cred_self()))
		return -EACCES;
	inet_ports_lock(is->ports);
	lock_acquire(&sk->lock);
	if (!list_empty(&is->link) || is->state != TCP_CLOSE) {
		err = -EINVAL;
	} else if (port && inet_conflict_locked(is, &addr, port)) {
		err = -EADDRINUSE;
	} else {
		struct inet_addr before = is->local;

		is->local = addr;
		if (port)
			inet_link_locked(is, port);
		else
			err = inet_autobind_locked(is);
		if (err) {
			is->local = before;
		} else {
			is->addr_bound = !inet_addr_any(&addr);
			is->port_bound = port != 0;
			is->remote = *inet_wildcard(sk->family);
			is->rport = 0;
		}
	}
	lock_release(&sk->lock);
	inet_ports_unlock(is->ports);
	return err;
}

int inet_getname(struct sock *sk, bool peer, struct sock_addr *out)
{
	struct inet_sock *is = inet_sock(sk);
	int err = 0;

	lock_acquire(&sk->lock);
	if (!peer)
		inet_format(sk, &is->local, is->lport, out);
	else if (!is->rport || is->state == TCP_CLOSE || is->state == TCP_SYN_SENT)
		err = -ENOTCONN;
	else
		inet_format(sk, &is->remote, is->rport, out);
	lock_release(&sk->lock);
	return err;
}

/*
 * inet_opt.c - options of SOL_IP and SOL_IPV6, and multicast groups.
 * Spec: Linux ip(7), ipv6(7); RFC 3493, RFC 3542. Everything is on lo: an option about routers is
 * kept and shown, and does nothing.
 * Locks: sock.lock; inet_ports.lock for groups, since a sender looks for members under it.
 */
#include "net/inet.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define LO_MTU 65536

int inet_opt_int(const void *value, uint32_t len, int *out)
{
	if (len >= sizeof(int))
		memcpy(out, value, sizeof(int));
	else if (len >= 1)
		*out = *(const uint8_t *)value;
	else
		*out = 0;
	return 0;
}

int inet_opt_put(void *value, uint32_t *len, int n)
{
	if (*len < sizeof(n) && *len > 0 && n >= 0 && n <= 255) {
		*(uint8_t *)value = (uint8_t)n;
		*len = 1;
		return 0;
	}
	*len = MIN(*len, sizeof(n));
	memcpy(value, &n, *len);
	return 0;
}

/* ---- groups ---- */

bool inet_group_member_locked(const struct inet_sock *is, const struct inet_addr *addr)
{
	for (const struct inet_group *g = is->groups; g; g = g->next) {
		if (inet_addr_eq(&g->addr, addr))
			return true;
	}
	return false;
}

/* -EINVAL: not a group; -EADDRINUSE: joined already; -ENOBUFS: too many, or no memory. */
int inet_group_join(struct inet_sock *is, const struct inet_addr *addr)
{
	struct inet_group *g;
	int err = 0;

	if (!inet_addr_multicast(addr))
		return -EINVAL;
	g = kzalloc(sizeof(*g));
	if (!g)
		return -ENOBUFS;
	g->addr = *addr;
	inet_ports_lock(is->ports);
	if (inet_group_member_locked(is, addr)) {
		err = -EADDRINUSE;
	} else if (is->ngroups == INET_GROUPS_MAX) {
		err = -ENOBUFS;
	} else {
		g->next = is->groups;
		is->groups = g;
		is->ngroups++;
	}
	inet_ports_unlock(is->ports);
	if (err)
		kfree(g);
	return err;
}

/* -EADDRNOTAVAIL: not joined. */
int inet_group_leave(struct inet_sock *is, const struct inet_addr *addr)
{
	struct inet_group **at, *g = NULL;

	inet_ports_lock(is->ports);
	for (at = &is->groups; *at; at = &(*at)->next) {
		if (inet_addr_eq(&(*at)->addr, addr)) {
			g = *at;
			*at = g->next;
			is->ngroups--;
			break;
		}
	}
	inet_ports_unlock(is->ports);
	kfree(g);
	return g ? 0 : -EADDRNOTAVAIL;
}

void inet_groups_free(struct inet_sock *is)
{
	struct inet_group *g, *next;

	inet_ports_lock(is->ports);
	g = is->groups;
	is->groups = NULL;
	is->ngroups = 0;
	inet_ports_unlock(is->ports);
	for (; g; g = next) {
		next = g->next;
		kfree(g);
	}
}

/* The interface that a request names. -ENODEV: not lo. */
static int check_interface(uint32_t address, int32_t ifindex)
{
	struct inet_addr a = {{0, 0, inet_any4.w[2], address}};

	if (ifindex)
		return ifindex == LO_IFINDEX ? 0 : -ENODEV;
	return inet_addr_any(&a) || inet_addr_local(&a) ? 0 : -ENODEV;
}

static int set_group4(struct inet_sock *is, bool join, const void *value, uint32_t len)
{
	struct abi_ip_mreqn r = {0};
	struct inet_addr group = inet_any4;
	int err;

	if (is->sk.type == SOCK_STREAM)
		return -EPROTO;
	if (len < offsetof(struct abi_ip_mreqn, ifindex))
		return -EINVAL;
	memcpy(&r, value, len < sizeof(r) ? offsetof(struct abi_ip_mreqn, ifindex) : sizeof(r));
	group.w[3] = r.multiaddr;
	if (join && !inet_addr_multicast(&group))
		return -EINVAL;
	err = check_interface(r.address, r.ifindex);
	if (err)
		return join ? err : -EADDRNOTAVAIL;
	return join ? inet_group_join(is, &group) : inet_group_leave(is, &group);
}

static int set_group6(struct inet_sock *is, bool join, const void *value, uint32_t len)
{
	struct abi_ipv6_mreq r;
	struct inet_addr group;

	if (len < sizeof(r))
		return -EINVAL;
	if (is->sk.type == SOCK_STREAM)
		return -EPROTO;
	memcpy(&r, value, sizeof(r));
	memcpy(group.w, r.multiaddr, sizeof(group.w));
	if (inet_addr_is4(&group) || !inet_addr_multicast(&group))
		return -EINVAL;
	if (r.ifindex && r.ifindex != LO_IFINDEX)
		return join ? -ENODEV : -EADDRNOTAVAIL;
	return join ? inet_group_join(is, &group) : inet_group_leave(is, &group);
}

static int set_multicast_if4(struct inet_sock *is, const void *value, uint32_t len)
{
	struct abi_ip_mreqn r = {0};

	if (is->sk.type == SOCK_STREAM)
		return -EINVAL;
	if (len < sizeof(r.address))
		return -EINVAL;
	if (len >= sizeof(r))
		memcpy(&r, value, sizeof(r));
	else if (len >= offsetof(struct abi_ip_mreqn, ifindex))
		memcpy(&r, value, offsetof(struct abi_ip_mreqn, ifindex));
	else
		memcpy(&r.address, value, sizeof(r.address));
	if (check_interface(r.address, r.ifindex))
		return -EADDRNOTAVAIL;
	lock_acquire(&is->sk.lock);
	is->mc_if = r.address || r.ifindex;
	is->mc_if_addr = r.address;
	lock_release(&is->sk.lock);
	return 0;
}

/* ---- SOL_IP ---- */

static int set_ip_locked(struct inet_sock *is, int name, int n)
{
	bool stream = is->sk.type == SOCK_STREAM;

	switch (name) {
	case IP_TOS:
		/* The two bits of ECN are the protocol's own. */
		is->tos = stream ? (uint8_t)((n & ~3) | (is->tos & 3)) : (uint8_t)n;
		return 0;
	case IP_TTL:
		if (n != -1 && (n < 1 || n > 255))
			return -EINVAL;
		is->ttl = (int16_t)n;
		return 0;
	case IP_PKTINFO:
		is->pktinfo = n != 0;
		return 0;
	case IP_RECVTTL:
		is->recvttl = n != 0;
		return 0;
	case IP_RECVTOS:
		is->recvtos = n != 0;
		return 0;
	case IP_RECVERR:
		is->recverr = n != 0;
		return 0;
	case IP_MTU_DISCOVER:
		if (n < 0 || n > 5)
			return -EINVAL;
		is->mtu_discover = (uint8_t)n;
		return 0;
	case IP_FREEBIND:
		is->freebind = n != 0;
		return 0;
	case IP_MINTTL:
		if (n < 0 || n > 255)
			return -EINVAL;
		is->min_ttl = (uint8_t)n;
		return 0;
	case IP_MULTICAST_TTL:
		if (stream || n < -1 || n > 255)
			return -EINVAL;
		is->mc_ttl = n == -1 ? 1 : (uint8_t)n;
		return 0;
	case IP_MULTICAST_LOOP:
		is->mc_loop = n != 0;
		return 0;
	case IP_MULTICAST_ALL:
		if (n != 0 && n != 1)
			return -EINVAL;
		is->mc_all = n != 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_ip(struct inet_sock *is, int name, const void *value, uint32_t len)
{
	int n, err;

	switch (name) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return set_group4(is, name == IP_ADD_MEMBERSHIP, value, len);
	case IP_MULTICAST_IF:
		return set_multicast_if4(is, value, len);
	default:
		break;
	}
	err = inet_opt_int(value, len, &n);
	if (err)
		return err;
	lock_acquire(&is->sk.lock);
	err = set_ip_locked(is, name, n);
	lock_release(&is->sk.lock);
	return err;
}

static int get_ip_locked(const struct inet_sock *is, int name, int *n)
{
	switch (name) {
	case IP_TOS:
		*n = is->tos;
		return 0;
	case IP_TTL:
		*n = is->ttl == -1 ? INET_TTL : is->ttl;
		return 0;
	case IP_PKTINFO:
		*n = is->pktinfo;
		return 0;
	case IP_RECVTTL:
		*n = is->recvttl;
		return 0;
	case IP_RECVTOS:
		*n = is->recvtos;
		return 0;
	case IP_RECVERR:
		*n = is->recverr;
		return 0;
	case IP_MTU_DISCOVER:
		*n = is->mtu_discover;
		return 0;
	case IP_MTU:
		*n = LO_MTU;
		return is->rport && is->state != TCP_CLOSE ? 0 : -ENOTCONN;
	case IP_FREEBIND:
		*n = is->freebind;
		return 0;
	case IP_MINTTL:
		*n = is->min_ttl;
		return 0;
	case IP_MULTICAST_TTL:
		*n = is->mc_ttl;
		return 0;
	case IP_MULTICAST_LOOP:
		*n = is->mc_loop;
		return 0;
	case IP_MULTICAST_ALL:
		*n = is->mc_all;
		return 0;
	case IP_MULTICAST_IF:
		*n = (int)is->mc_if_addr;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* ---- SOL_IPV6 ---- */

static int set_hops(int16_t *hops, int n)
{
	if (n < -1 || n > 255)
		return -EINVAL;
	*hops = (int16_t)n;
	return 0;
}

static int set_ipv6_locked(struct inet_sock *is, int name, int n)
{
	bool stream = is->sk.type == SOCK_STREAM;

	switch (name) {
	case IPV6_V6ONLY:
		if (!list_empty(&is->link)) /* RFC 3493 5.3: before bind() */
			return -EINVAL;
		is->v6only = n != 0;
		return 0;
	case IPV6_UNICAST_HOPS:
		return set_hops(&is->hops, n);
	case IPV6_MULTICAST_HOPS:
		return stream ? -ENOPROTOOPT : set_hops(&is->mc_hops, n);
	case IPV6_MULTICAST_LOOP:
		if (n != 0 && n != 1)
			return -EINVAL;
		is->mc_loop = n != 0;
		return 0;
	case IPV6_MULTICAST_IF:
		if (stream)
			return -ENOPROTOOPT;
		if (n != 0 && n != LO_IFINDEX)
			return -ENODEV;
		is->mc_if = n != 0;
		return 0;
	case IPV6_MULTICAST_ALL:
		is->mc_all = n != 0;
		return 0;
	case IPV6_RECVPKTINFO:
		is->pktinfo6 = n != 0;
		return 0;
	case IPV6_RECVHOPLIMIT:
		is->recvhops = n != 0;
		return 0;
	case IPV6_RECVTCLASS:
		is->recvtclass = n != 0;
		return 0;
	case IPV6_TCLASS:
		if (n < -1 || n > 255)
			return -EINVAL;
		is->tclass = n == -1 ? 0 : (uint8_t)n;
		return 0;
	case IPV6_RECVERR:
		is->recverr6 = n != 0;
		return 0;
	case IPV6_MTU_DISCOVER:
		if (n < 0 || n > 5)
			return -EINVAL;
		is->mtu_discover = (uint8_t)n;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_ipv6(struct inet_sock *is, int name, const void *value, uint32_t len)
{
	int n, err;

	if (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP)
		return set_group6(is, name == IPV6_ADD_MEMBERSHIP, value, len);
	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	lock_acquire(&is->sk.lock);
	err = set_ipv6_locked(is, name, n);
	lock_release(&is->sk.lock);
	return err;
}

static int get_ipv6_locked(const struct inet_sock *is, int name, int *n)
{
	switch (name) {
	case IPV6_V6ONLY:
		*n = is->v6only;
		return 0;
	case IPV6_UNICAST_HOPS:
		*n = is->hops == -1 ? INET_TTL : is->hops;
		return 0;
	case IPV6_MULTICAST_HOPS:
		*n = is->mc_hops == -1 ? 1 : is->mc_hops;
		return 0;
	case IPV6_MULTICAST_LOOP:
		*n = is->mc_loop;
		return 0;
	case IPV6_MULTICAST_IF:
		*n = is->mc_if ? LO_IFINDEX : 0;
		return 0;
	case IPV6_MULTICAST_ALL:
		*n = is->mc_all;
		return 0;
	case IPV6_RECVPKTINFO:
		*n = is->pktinfo6;
		return 0;
	case IPV6_RECVHOPLIMIT:
		*n = is->recvhops;
		return 0;
	case IPV6_RECVTCLASS:
		*n = is->recvtclass;
		return 0;
	case IPV6_TCLASS:
		*n = is->tclass;
		return 0;
	case IPV6_RECVERR:
		*n = is->recverr6;
		return 0;
	case IPV6_MTU_DISCOVER:
		*n = is->mtu_discover;
		return 0;
	case IPV6_MTU:
		*n = LO_MTU;
		return is->rport && is->state != TCP_CLOSE ? 0 : -ENOTCONN;
	default:
		return -ENOPROTOOPT;
	}
}

/* ---- both ---- */

int inet_setsockopt(struct sock *sk, int level, int name, const void *value, uint32_t len)
{
	if (level == SOL_IP)
		return set_ip(inet_sock(sk), name, value, len);
	if (level == SOL_IPV6 && sk->family == AF_INET6)
		return set_ipv6(inet_sock(sk), name, value, len);
	return -ENOPROTOOPT;
}

int inet_getsockopt(struct sock *sk, int level, int name, void *value, uint32_t *len)
{
	int n, err = -ENOPROTOOPT;

	lock_acquire(&sk->lock);
	if (level == SOL_IP)
		err = get_ip_locked(inet_sock(sk), name, &n);
	else if (level == SOL_IPV6 && sk->family == AF_INET6)
		err = get_ipv6_locked(inet_sock(sk), name, &n);
	lock_release(&sk->lock);
	return err ? err : inet_opt_put(value, len, n);
}

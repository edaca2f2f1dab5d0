/*
 * inet_addr.c - addresses of AF_INET and AF_INET6, and where they lead.
 * Spec: Linux ip(7), ipv6(7); RFC 4291. No locks.
 */
#include "net/inet.h"
#include "lib/str.h"

#define MAPPED 0xffff0000u /* the third word of ::ffff:a.b.c.d, in network byte order */

const struct inet_addr inet_any4 = {{0, 0, MAPPED, 0}};
const struct inet_addr inet_any6 = {{0, 0, 0, 0}};
const struct inet_addr inet_lo4 = {{0, 0, MAPPED, 0x0100007f}};
const struct inet_addr inet_lo6 = {{0, 0, 0, 0x01000000}};

bool inet_addr_eq(const struct inet_addr *a, const struct inet_addr *b)
{
	return a->w[3] == b->w[3] && a->w[2] == b->w[2] && a->w[1] == b->w[1] && a->w[0] == b->w[0];
}

bool inet_addr_is4(const struct inet_addr *a)
{
	return a->w[0] == 0 && a->w[1] == 0 && a->w[2] == MAPPED;
}

bool inet_addr_any(const struct inet_addr *a)
{
	return a->w[0] == 0 && a->w[1] == 0 && (a->w[2] == 0 || a->w[2] == MAPPED) && a->w[3] == 0;
}

bool inet_addr_multicast(const struct inet_addr *a)
{
	if (inet_addr_is4(a))
		return net32(a->w[3]) >> 28 == 14;
	return (net32(a->w[0]) >> 24) == 0xff;
}

bool inet_addr_broadcast(const struct inet_addr *a)
{
	return inet_addr_is4(a) && (a->w[3] == 0xffffffffu || net32(a->w[3]) == 0x7fffffffu);
}

bool inet_addr_local(const struct inet_addr *a)
{
	if (inet_addr_is4(a))
		return net32(a->w[3]) >> 24 == 127 && !inet_addr_broadcast(a);
	return inet_addr_eq(a, &inet_lo6);
}

const struct inet_addr *inet_wildcard(uint32_t family)
{
	return family == AF_INET6 ? &inet_any6 : &inet_any4;
}

static int parse4(const struct sock_addr *name, struct inet_addr *addr, uint16_t *port)
{
	struct abi_sockaddr_in in;

	if (name->len < sizeof(in))
		return -EINVAL;
	memcpy(&in, name->bytes, sizeof(in));
	if (in.family != AF_INET)
		return -EAFNOSUPPORT;
	*addr = (struct inet_addr){{0, 0, MAPPED, in.addr}};
	*port = net16(in.port);
	return 0;
}

int inet_parse(
	const struct sock *sk, const struct sock_addr *name, struct inet_addr *addr, uint16_t *port)
{
	struct abi_sockaddr_in6 in6;
	size_t least = offsetof(struct abi_sockaddr_in6, scope); /* RFC 2133 had no scope */

	if (sk->family == AF_INET)
		return parse4(name, addr, port);
	if (name->len < least)
		return -EINVAL;
	memcpy(&in6, name->bytes, MIN(name->len, sizeof(in6)));
	if (in6.family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(addr->w, in6.addr, sizeof(addr->w));
	*port = net16(in6.port);
	return 0;
}

void inet_format(
	const struct sock *sk, const struct inet_addr *addr, uint16_t port, struct sock_addr *out)
{
	if (sk->family == AF_INET) {
		struct abi_sockaddr_in in = {.family = AF_INET, .port = net16(port)};

		in.addr = addr->w[3];
		memcpy(out->bytes, &in, sizeof(in));
		out->len = sizeof(in);
	} else {
		struct abi_sockaddr_in6 in6 = {.family = AF_INET6, .port = net16(port)};

		memcpy(in6.addr, addr->w, sizeof(in6.addr));
		memcpy(out->bytes, &in6, sizeof(in6));
		out->len = sizeof(in6);
	}
}

int inet_route(
	const struct inet_sock *is, struct inet_addr *to, struct inet_addr *from, bool stream)
{
	bool bound = !inet_addr_any(&is->local) && !inet_addr_multicast(&is->local) &&
		     !inet_addr_broadcast(&is->local);

	*from = is->local;
	/* To the wildcard is to oneself, as in BSD. */
	if (inet_addr_any(to)) {
		bool four = inet_addr_is4(to) ||
			    (is->sk.family == AF_INET6 && bound && inet_addr_is4(&is->local));

		*to = bound && inet_addr_is4(to) ? is->local : four ? inet_lo4 : inet_lo6;
	}
	if (is->sk.family == AF_INET6 && is->v6only && inet_addr_is4(to))
		return -ENETUNREACH;
	if (!bound)
		*from = inet_addr_is4(to) ? inet_lo4 : inet_lo6;
	else if (inet_addr_is4(to) != inet_addr_is4(from))
		return inet_addr_is4(to) ? -ENETUNREACH : -EINVAL;
	if (inet_addr_local(to))
		return 0;
	if (stream)
		return -ENETUNREACH;
	if (inet_addr_broadcast(to)) {
		if (net32(to->w[3]) == 0xffffffffu && !bound && !is->mc_if)
			return -ENETUNREACH;
		return is->sk.broadcast ? 0 : -EACCES;
	}
	/* Groups are on lo: there is no other interface. */
	return inet_addr_multicast(to) ? 0 : -ENETUNREACH;
}

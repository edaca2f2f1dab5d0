/* UDP over IPv6: ::1, mapped addresses in both directions, IPV6_PKTINFO and hop limits, groups. */
#include "inet.h"

static char buf[200], control[500];

static void receive(const char *what, int fd)
{
	struct iovec iov = {buf, sizeof(buf)};
	union any_addr from;
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
		.msg_name = &from,
		.msg_namelen = sizeof(from)};

	wait_for(fd, POLLIN);
	printf("%s: %zd bytes\n", what, recvmsg(fd, &m, MSG_DONTWAIT));
	show_addr("  from", &from, m.msg_namelen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct in6_pktinfo info;
		char text[INET6_ADDRSTRLEN];
		int n;

		if (c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			inet_ntop(AF_INET6, &info.ipi6_addr, text, sizeof(text));
			printf("  to %s by %s\n", text, info.ipi6_ifindex == 1 ? "lo" : "another");
		} else {
			memcpy(&n, CMSG_DATA(c), sizeof(n));
			printf("  %s %d\n", c->cmsg_type == IPV6_HOPLIMIT ? "hops" : "class", n);
		}
	}
}

static void test(void)
{
	struct ipv6_mreq r = {.ipv6mr_interface = 1};
	int u = new_socket(AF_INET6, SOCK_DGRAM), v = new_socket(AF_INET6, SOCK_DGRAM);
	int w = new_socket(AF_INET, SOCK_DGRAM), port, only = new_socket(AF_INET6, SOCK_DGRAM);

	SHOW(bind_to(u, "::", 0));
	port = port_of(u);
	show_name("bound", u);
	SHOW(send_to(v, "1", 1, "::1", port));
	receive("::1", u);
	SHOW(send_to(w, "22", 2, "127.0.0.1", port));
	receive("IPv4", u);
	SHOW(send_to(v, "333", 3, "::ffff:127.0.0.1", port));
	show_name("sender", v);
	receive("mapped", u);
	SHOW(send_to(v, "4444", 4, "127.0.0.1", port));
	receive("an IPv4 address", u);
	SHOW(connect_to(w, "127.0.0.1", port));
	SHOW(send_to(u, "back", 4, "::ffff:127.0.0.1", port_of(w)));
	SHOW(recv(w, buf, 100, 0));
	set_opt(u, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_opt(u, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_opt(u, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	set_opt(v, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	set_opt(v, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
	SHOW(send_to(v, "1", 1, "::1", port));
	receive("with all", u);
	SHOW(send_to(w, "22", 2, "127.0.0.1", port));
	receive("IPv4 with all", u);
	set_opt(u, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0);
	set_opt(u, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 0);
	set_opt(u, IPPROTO_IPV6, IPV6_RECVTCLASS, 0);

	CHECK(inet_pton(AF_INET6, "ff01::1234", &r.ipv6mr_multiaddr) == 1);
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &r, sizeof(r)));
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)));
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)));
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, 16));
	set_opt(v, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1);
	SHOW(get_opt(v, IPPROTO_IPV6, IPV6_MULTICAST_IF));
	SHOW(get_opt(v, IPPROTO_IPV6, IPV6_MULTICAST_HOPS));
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &r, sizeof(r)));
	CHECK(inet_pton(AF_INET6, "::1", &r.ipv6mr_multiaddr) == 1);
	SHOW(setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)));
	SHOW(setsockopt(
		new_socket(AF_INET6, SOCK_STREAM), IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)));

	set_opt(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SHOW(bind_to(only, "::", 0));
	SHOW(send_to(only, "x", 1, "::ffff:127.0.0.1", port));
	SHOW(send_to(only, "x", 1, "127.0.0.1", port));
	SHOW(connect_to(only, "::1", port_of(only)));
	SHOW(send(only, "self", 4, 0));
	receive("self", only);
	close(u);
	SHOW(connect_to(v, "::1", port));
	SHOW(send(v, "x", 1, 0));
	wait_for(v, POLLERR);
	SHOW(recv(v, buf, 1, 0));
	SHOW(send_to(v, buf, 0, "2001:db8::1", 9) == 0 || errno == ENETUNREACH || errno == EINVAL);
}

/* What Linux answers. */
/* clang-format off */
static const char expected[] =
	"bind_to(u, \"::\", 0): 0\n"
	"bound: :: port, 28 bytes\n"
	"send_to(v, \"1\", 1, \"::1\", port): 1\n"
	"::1: 1 bytes\n"
	"  from: ::1 port, 28 bytes\n"
	"send_to(w, \"22\", 2, \"127.0.0.1\", port): 2\n"
	"IPv4: 2 bytes\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"send_to(v, \"333\", 3, \"::ffff:127.0.0.1\", port): 3\n"
	"sender: :: port, 28 bytes\n"
	"mapped: 3 bytes\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"send_to(v, \"4444\", 4, \"127.0.0.1\", port): 4\n"
	"an IPv4 address: 4 bytes\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"connect_to(w, \"127.0.0.1\", port): 0\n"
	"send_to(u, \"back\", 4, \"::ffff:127.0.0.1\", port_of(w)): 4\n"
	"recv(w, buf, 100, 0): 4\n"
	"send_to(v, \"1\", 1, \"::1\", port): 1\n"
	"with all: 1 bytes\n"
	"  from: ::1 port, 28 bytes\n"
	"  to ::1 by lo\n"
	"  hops 9\n"
	"  class 32\n"
	"send_to(w, \"22\", 2, \"127.0.0.1\", port): 2\n"
	"IPv4 with all: 2 bytes\n"
	"  from: ::ffff:127.0.0.1 port, 28 bytes\n"
	"  to ::ffff:127.0.0.1 by lo\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &r, sizeof(r)): EADDRNOTAVAIL\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)): 0\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)): EADDRINUSE\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, 16): EINVAL\n"
	"get_opt(v, IPPROTO_IPV6, IPV6_MULTICAST_IF): 1\n"
	"get_opt(v, IPPROTO_IPV6, IPV6_MULTICAST_HOPS): 1\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &r, sizeof(r)): 0\n"
	"setsockopt(u, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)): EINVAL\n"
	"setsockopt( new_socket(AF_INET6, SOCK_STREAM), IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)): errno 71\n"
	"bind_to(only, \"::\", 0): 0\n"
	"send_to(only, \"x\", 1, \"::ffff:127.0.0.1\", port): ENETUNREACH\n"
	"send_to(only, \"x\", 1, \"127.0.0.1\", port): ENETUNREACH\n"
	"connect_to(only, \"::1\", port_of(only)): 0\n"
	"send(only, \"self\", 4, 0): 4\n"
	"self: 4 bytes\n"
	"  from: ::1 port, 28 bytes\n"
	"connect_to(v, \"::1\", port): 0\n"
	"send(v, \"x\", 1, 0): 1\n"
	"recv(v, buf, 1, 0): ECONNREFUSED\n"
	"send_to(v, buf, 0, \"2001:db8::1\", 9) == 0 || errno == ENETUNREACH || errno == EINVAL: 1\n";
/* clang-format on */

int main(void)
{
	run_expecting(have_ipv6(), test, expected);
	return 0;
}

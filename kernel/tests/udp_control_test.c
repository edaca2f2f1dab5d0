/* Control messages of UDP: IP_PKTINFO, IP_TTL, IP_TOS, IP_RECVERR; time stamps; IP_MULTICAST_ and
 * groups on loopback; broadcast. */
#include "inet.h"

static char buf[200], control[500];
static int pu, pv, u, v;

static void receive(const char *what, int flags)
{
	struct iovec iov = {buf, sizeof(buf)};
	union any_addr from;
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
		.msg_name = &from,
		.msg_namelen = sizeof(from)};
	ssize_t n = recvmsg(u, &m, flags);

	printf("%s: %zd%s%s\n", what, n < 0 ? -1 : n, n < 0 ? " " : "",
		n < 0 ? errno_name(errno) : "");
	if (n < 0)
		return;
	if (m.msg_flags & MSG_ERRQUEUE)
		printf("  from the error queue\n");
	if (m.msg_flags & MSG_CTRUNC)
		printf("  cut\n");
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct in_pktinfo info;
		unsigned char *d = CMSG_DATA(c);
		char text[2][INET_ADDRSTRLEN];
		int k;

		if (c->cmsg_level == SOL_SOCKET) {
			printf("  time stamp\n");
		} else if (c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, d, sizeof(info));
			inet_ntop(AF_INET, &info.ipi_spec_dst, text[0], sizeof(text[0]));
			inet_ntop(AF_INET, &info.ipi_addr, text[1], sizeof(text[1]));
			printf("  interface %s, %s, %s\n", info.ipi_ifindex == 1 ? "lo" : "another",
				text[0], text[1]);
		} else if (c->cmsg_type == IP_TTL) {
			memcpy(&k, d, sizeof(k));
			printf("  ttl %d\n", k);
		} else if (c->cmsg_type == IP_TOS) {
			printf("  tos %d, %d bytes\n", d[0], (int)(c->cmsg_len - CMSG_LEN(0)));
		} else if (c->cmsg_type == IP_RECVERR) {
			uint32_t err;

			memcpy(&err, d, sizeof(err));
			printf("  %s, origin %d, type %d, code %d, %d bytes\n",
				errno_name((int)err), d[4], d[5], d[6],
				(int)(c->cmsg_len - CMSG_LEN(0)));
		} else {
			printf("  type %d\n", c->cmsg_type);
		}
	}
}

static void send_with(int type, const void *value, size_t n)
{
	struct sockaddr_in to = in4("127.0.0.1", pu);
	struct iovec iov = {"data", 4};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(control, 0, sizeof(control));
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), value, n);
	SHOW(sendmsg(v, &m, 0));
}

static void info(void)
{
	struct in_pktinfo from = {0};
	int n;

	set_opt(u, IPPROTO_IP, IP_PKTINFO, 1);
	set_opt(u, IPPROTO_IP, IP_RECVTTL, 1);
	set_opt(u, IPPROTO_IP, IP_RECVTOS, 1);
	CHECK(send_to(v, "1", 1, "127.0.0.1", pu) == 1);
	receive("plain", 0);
	set_opt(v, IPPROTO_IP, IP_TTL, 7);
	set_opt(v, IPPROTO_IP, IP_TOS, 0x20);
	CHECK(send_to(v, "22", 2, "127.0.0.1", pu) == 2);
	receive("options", 0);
	n = 99;
	send_with(IP_TTL, &n, sizeof(n));
	receive("ttl", 0);
	n = 0;
	send_with(IP_TTL, &n, sizeof(n));
	n = 256;
	send_with(IP_TTL, &n, sizeof(n));
	n = 0x40;
	send_with(IP_TOS, &n, sizeof(n));
	receive("tos", 0);
	inet_pton(AF_INET, "127.0.0.9", &from.ipi_spec_dst);
	send_with(IP_PKTINFO, &from, sizeof(from));
	receive("from 127.0.0.9", 0);
	set_opt(u, IPPROTO_IP, IP_RECVTTL, 0);
	set_opt(u, IPPROTO_IP, IP_RECVTOS, 0);
	set_opt(u, SOL_SOCKET, SO_TIMESTAMP, 1);
	CHECK(send_to(v, "3", 1, "127.0.0.1", pu) == 1);
	receive("time", 0);
	set_opt(u, SOL_SOCKET, SO_TIMESTAMP, 0);
	set_opt(u, IPPROTO_IP, IP_PKTINFO, 0);
}

static void errors(void)
{
	int port, fd = new_udp(&port);

	close(fd);
	receive("no error", MSG_ERRQUEUE);
	set_opt(u, IPPROTO_IP, IP_RECVERR, 1);
	SHOW(send_to(u, "lost", 4, "127.0.0.1", port));
	wait_for(u, POLLERR);
	receive("returned", MSG_ERRQUEUE);
	receive("no more", MSG_ERRQUEUE);
	show_error("then", u);
	SHOW(send_to(u, "lost", 4, "127.0.0.1", port));
	wait_for(u, POLLERR);
	SHOW(recv(u, buf, 10, 0));
	receive("returned", MSG_ERRQUEUE);
	set_opt(u, IPPROTO_IP, IP_RECVERR, 0);
}

static void groups(void)
{
	struct ip_mreq r;
	struct in_addr lo;
	int a = new_socket(AF_INET, SOCK_DGRAM), b = new_socket(AF_INET, SOCK_DGRAM), port;

	inet_pton(AF_INET, "127.0.0.1", &lo);
	set_opt(a, SOL_SOCKET, SO_REUSEADDR, 1);
	set_opt(b, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK(bind_to(a, "0.0.0.0", 0) == 0);
	port = port_of(a);
	CHECK(bind_to(b, "0.0.0.0", port) == 0);
	SHOW(get_opt(v, IPPROTO_IP, IP_MULTICAST_TTL));
	SHOW(get_opt(v, IPPROTO_IP, IP_MULTICAST_LOOP));
	SHOW(setsockopt(v, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
	inet_pton(AF_INET, "239.1.2.3", &r.imr_multiaddr);
	r.imr_interface = lo;
	SHOW(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, 4));
	SHOW(send_to(v, "group", 5, "239.1.2.3", port));
	wait_for(a, POLLIN);
	wait_for(b, POLLIN);
	SHOW(recv(a, buf, 100, MSG_DONTWAIT));
	SHOW(recv(b, buf, 100, MSG_DONTWAIT));
	/* Without IP_MULTICAST_ALL only members get it. */
	set_opt(b, IPPROTO_IP, 49, 0);
	SHOW(send_to(v, "group", 5, "239.1.2.3", port));
	wait_for(a, POLLIN);
	SHOW(recv(a, buf, 100, MSG_DONTWAIT));
	SHOW(recv(b, buf, 100, MSG_DONTWAIT));
	SHOW(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)));
	SHOW(send_to(v, "group", 5, "239.1.2.3", port));
	SHOW(recv(a, buf, 100, MSG_DONTWAIT));
	inet_pton(AF_INET, "10.0.0.1", &r.imr_multiaddr);
	SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	/* Broadcast. */
	SHOW(send_to(v, "all", 3, "127.255.255.255", port));
	set_opt(v, SOL_SOCKET, SO_BROADCAST, 1);
	SHOW(send_to(v, "all", 3, "127.255.255.255", port));
	wait_for(a, POLLIN);
	wait_for(b, POLLIN);
	SHOW(recv(a, buf, 100, MSG_DONTWAIT));
	SHOW(recv(b, buf, 100, MSG_DONTWAIT));
	close(a);
	close(b);
}

int main(void)
{
	u = new_udp(&pu);
	v = new_udp(&pv);
	info();
	errors();
	groups();
	return 0;
}

/* Options of SOL_TCP, SOL_IP and of SOL_SOCKET on TCP: defaults, ranges, what accept() hands on. */
#include "inet.h"

#define O(name) {name, #name}
static const struct {
	int level;
	struct {
		int name;
		const char *text;
	} o;
	int values[6];
} options[] = {
	{IPPROTO_TCP, O(TCP_NODELAY), {0, 1, 5, -1}},
	{IPPROTO_TCP, O(TCP_CORK), {1, 0}},
	{IPPROTO_TCP, O(TCP_KEEPIDLE), {60, 0, 32768, -1}},
	{IPPROTO_TCP, O(TCP_KEEPINTVL), {10, 0, 32768}},
	{IPPROTO_TCP, O(TCP_KEEPCNT), {3, 0, 128}},
	{IPPROTO_TCP, O(TCP_SYNCNT), {3, 0, 128}},
	{IPPROTO_TCP, O(TCP_USER_TIMEOUT), {5000, -1}},
	{IPPROTO_TCP, O(TCP_DEFER_ACCEPT), {1, 5, 0}},
	{IPPROTO_TCP, O(TCP_MAXSEG), {10, 40000}},
	{IPPROTO_IP, O(IP_TTL), {64, 1, 255, 0, 256, -1}},
	{IPPROTO_IP, O(IP_TOS), {0x10, 0xff, 0}},
	{IPPROTO_IP, O(IP_MTU_DISCOVER), {0, 2, 9}},
	{IPPROTO_IP, O(IP_MULTICAST_TTL), {3}},
	{SOL_SOCKET, O(SO_KEEPALIVE), {1, 7, 0}},
	{SOL_SOCKET, O(SO_OOBINLINE), {1, 0}},
	{SOL_SOCKET, O(SO_RCVLOWAT), {10, 0, 1}},
	{SOL_SOCKET, O(SO_REUSEADDR), {1, 3, 0}},
};

static void show_opt(const char *what, int fd, int level, int name)
{
	int n = -7;
	socklen_t len = sizeof(n);

	if (getsockopt(fd, level, name, &n, &len) < 0)
		printf("%s: %s\n", what, errno_name(errno));
	else
		printf("%s: %d, %d bytes\n", what, n, (int)len);
}

int main(void)
{
	int port, l, fd = new_socket(AF_INET, SOCK_STREAM), n = 1, s;
	unsigned char byte = 33;
	socklen_t len;

	for (int i = 0; i < COUNT(options); i++) {
		/* These begin with what the system was told. */
		if (options[i].o.name != TCP_KEEPIDLE || options[i].level != IPPROTO_TCP)
			show_opt(options[i].o.text, fd, options[i].level, options[i].o.name);
		for (int k = 0; k < COUNT(options[i].values); k++) {
			n = options[i].values[k];
			if (k > 0 && n == 0 && options[i].values[k - 1] == 0)
				break;
			printf("  set %d: ", n);
			if (setsockopt(fd, options[i].level, options[i].o.name, &n, sizeof(n)) < 0)
				printf("%s\n", errno_name(errno));
			else
				show_opt("ok", fd, options[i].level, options[i].o.name);
		}
	}
	SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &n, 3));
	SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &n, 8));
	SHOW(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, bad_address, 4));
	SHOW(setsockopt(fd, IPPROTO_TCP, 999, &n, 4));
	SHOW(setsockopt(fd, IPPROTO_UDP, 1, &n, 4));
	SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &n, 4));
	SHOW(setsockopt(fd, 12345, 1, &n, 4));
	SHOW(setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 1));
	show_opt("by one byte", fd, IPPROTO_IP, IP_TTL);
	len = 1;
	byte = 0;
	SHOW(getsockopt(fd, IPPROTO_IP, IP_TTL, &byte, &len));
	printf("%d in %d byte\n", byte, (int)len);
	len = 2;
	SHOW(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &n, &len));
	printf("%d bytes\n", (int)len);
	len = (socklen_t)-1;
	SHOW(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &n, &len));
	show_opt("no such", fd, IPPROTO_TCP, 999);
	show_opt("type", fd, SOL_SOCKET, SO_TYPE);
	show_opt("protocol", fd, SOL_SOCKET, SO_PROTOCOL);
	show_opt("domain", fd, SOL_SOCKET, SO_DOMAIN);
	close(fd);

	l = new_listener(1, &port);
	set_opt(l, IPPROTO_TCP, TCP_NODELAY, 1);
	set_opt(l, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_opt(l, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_opt(l, IPPROTO_IP, IP_TTL, 44);
	set_opt(l, SOL_SOCKET, SO_RCVBUF, 20000);
	set_linger(l, 3);
	fd = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	s = accept(l, NULL, NULL);
	show_opt("nodelay", s, IPPROTO_TCP, TCP_NODELAY);
	show_opt("keepalive", s, SOL_SOCKET, SO_KEEPALIVE);
	show_opt("keepcnt", s, IPPROTO_TCP, TCP_KEEPCNT);
	show_opt("ttl", s, IPPROTO_IP, IP_TTL);
	show_opt("rcvbuf", s, SOL_SOCKET, SO_RCVBUF);
	struct linger g = {9, 9};
	len = sizeof(g);
	CHECK(getsockopt(s, SOL_SOCKET, SO_LINGER, &g, &len) == 0);
	printf("linger %d %d\n", g.l_onoff, g.l_linger);
	close(s);
	close(fd);
	/* TCP_DEFER_ACCEPT: the first byte makes the connection seen. */
	set_opt(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	fcntl(l, F_SETFL, O_NONBLOCK);
	fd = new_socket(AF_INET, SOCK_STREAM);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(accept(l, NULL, NULL));
	SHOW(send(fd, "x", 1, 0));
	SHOW(wait_for(l, POLLIN) == POLLIN);
	SHOW_OK(accept(l, NULL, NULL));
	return 0;
}

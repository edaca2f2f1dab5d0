/*
 * inet.h - what the programs tcp_*, udp_*, inet6_* and bind_*_test.c share. All on loopback and
 * on ports that the system chose.
 */
#ifndef TESTS_INET_H
#define TESTS_INET_H

#include "conformance.h"

/* CMSG_NXTHDR of some libcs compares what it should not. */
#pragma GCC diagnostic ignored "-Wsign-compare"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* A system without IPv6, or without ::1. */
UNUSED static int have_ipv6(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), ok;

	if (fd < 0)
		return 0;
	ok = bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return ok;
}

UNUSED static struct sockaddr_in in4(const char *address, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	CHECK(inet_pton(AF_INET, address, &a.sin_addr) == 1);
	return a;
}
UNUSED static struct sockaddr_in6 in6(const char *address, int port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	CHECK(inet_pton(AF_INET6, address, &a.sin6_addr) == 1);
	return a;
}

/* bind and connect by address as text; its ':' says which family. */
UNUSED static int bind_to(int fd, const char *address, int port)
{
	struct sockaddr_in6 a6;
	struct sockaddr_in a;

	if (strchr(address, ':')) {
		a6 = in6(address, port);
		return bind(fd, (struct sockaddr *)&a6, sizeof(a6));
	}
	a = in4(address, port);
	return bind(fd, (struct sockaddr *)&a, sizeof(a));
}
UNUSED static int connect_to(int fd, const char *address, int port)
{
	struct sockaddr_in6 a6;
	struct sockaddr_in a;

	if (strchr(address, ':')) {
		a6 = in6(address, port);
		return connect(fd, (struct sockaddr *)&a6, sizeof(a6));
	}
	a = in4(address, port);
	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}
UNUSED static ssize_t send_to(int fd, const void *data, size_t n, const char *address, int port)
{
	struct sockaddr_in6 a6;
	struct sockaddr_in a;

	if (strchr(address, ':')) {
		a6 = in6(address, port);
		return sendto(fd, data, n, 0, (struct sockaddr *)&a6, sizeof(a6));
	}
	a = in4(address, port);
	return sendto(fd, data, n, 0, (struct sockaddr *)&a, sizeof(a));
}

UNUSED static int port_of(int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	CHECK(getsockname(fd, &a.sa, &len) == 0);
	return ntohs(a.in.sin_port);
}

/* An address without its port, which may be any: "127.0.0.1 port", "::1 no port". */
UNUSED static void show_addr(const char *what, const union any_addr *a, socklen_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	printf("%s: %s %s, %d bytes\n", what, text, a->in.sin_port ? "port" : "no port", (int)len);
}
UNUSED static void show_name(const char *what, int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) < 0)
		printf("%s: %s\n", what, errno_name(errno));
	else
		show_addr(what, &a, len);
}
UNUSED static void show_peer(const char *what, int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	if (getpeername(fd, &a.sa, &len) < 0)
		printf("%s: %s\n", what, errno_name(errno));
	else
		show_addr(what, &a, len);
}

UNUSED static int new_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	CHECK(fd >= 0);
	return fd;
}
UNUSED static int new_listener(int backlog, int *port)
{
	int fd = new_socket(AF_INET, SOCK_STREAM);

	CHECK(bind_to(fd, "127.0.0.1", 0) == 0);
	CHECK(listen(fd, backlog) == 0);
	*port = port_of(fd);
	return fd;
}
UNUSED static int new_udp(int *port)
{
	int fd = new_socket(AF_INET, SOCK_DGRAM);

	CHECK(bind_to(fd, "127.0.0.1", 0) == 0);
	*port = port_of(fd);
	return fd;
}
/* A connection: [0] the client, [1] the end that was accepted. */
UNUSED static void new_pair(int p[2])
{
	int port, l = new_listener(1, &port);

	p[0] = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(p[0], "127.0.0.1", port) == 0);
	p[1] = accept(l, NULL, NULL);
	CHECK(p[1] >= 0);
	close(l);
}
UNUSED static void close_pair(int p[2])
{
	close(p[0]);
	close(p[1]);
}

UNUSED static void set_opt(int fd, int level, int name, int n)
{
	CHECK(setsockopt(fd, level, name, &n, sizeof(n)) == 0);
}
UNUSED static int get_opt(int fd, int level, int name)
{
	int n = 0;
	socklen_t len = sizeof(n);

	return getsockopt(fd, level, name, &n, &len) < 0 ? -1 : n;
}
UNUSED static void show_error(const char *what, int fd)
{
	int e = get_opt(fd, SOL_SOCKET, SO_ERROR);

	printf("%s: SO_ERROR %s\n", what, e ? errno_name(e) : "0");
}
UNUSED static void set_linger(int fd, int seconds)
{
	struct linger l = {1, seconds};

	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
}

#define POLL_ALL                                                                                   \
	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND)
UNUSED static void show_bits(const char *what, int bits)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {{POLLIN, "in"}, {POLLPRI, "pri"}, {POLLOUT, "out"}, {POLLERR, "err"},
		{POLLHUP, "hup"}, {POLLRDHUP, "rdhup"}, {POLLRDNORM, "rdnorm"},
		{POLLRDBAND, "rdband"}, {POLLWRNORM, "wrnorm"}, {POLLWRBAND, "wrband"}};

	printf("%s:", what);
	for (int i = 0; i < COUNT(names); i++) {
		if (bits & names[i].bit)
			printf(" %s", names[i].name);
	}
	printf("\n");
}
UNUSED static int poll_now(int fd, int events)
{
	struct pollfd f = {fd, (short)events, 0};

	CHECK(poll(&f, 1, 0) >= 0);
	return (unsigned short)f.revents;
}
UNUSED static void poll_bits(const char *what, int fd)
{
	show_bits(what, poll_now(fd, POLL_ALL));
}
/* Wait, at most some seconds, for any of the events. On a real stack the other end's news may be
 * on its way. */
UNUSED static int wait_for(int fd, int events)
{
	struct pollfd f = {fd, (short)events, 0};

	CHECK(poll(&f, 1, 20000) == 1);
	return (unsigned short)f.revents;
}

UNUSED static int tcp_state(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	return info.tcpi_state;
}
UNUSED static void show_state(const char *what, int fd)
{
	static const char *const names[] = {"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"};
	int state = tcp_state(fd);

	/* On a wire, news of it may take a while. */
	for (int i = 0; i < 5000 && (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK); i++) {
		usleep(1000);
		state = tcp_state(fd);
	}
	printf("%s: %s\n", what, names[state < COUNT(names) ? state : 0]);
}

/*
 * For what a system may lack: run f with its output kept. Prints `text`, what Linux answers where
 * it has the thing, and says if that is not what came. On a system that lacks it f is not run.
 */
UNUSED static void run_expecting(int have, void (*f)(void), const char *text)
{
	static char got[65536];
	size_t n = 0;
	ssize_t r;
	int out[2];
	pid_t pid;

	if (!have) {
		fputs(text, stdout);
		return;
	}
	CHECK(pipe(out) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		f();
		_exit(0);
	}
	close(out[1]);
	while ((r = read(out[0], got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)r;
	got[n] = 0;
	CHECK(waitpid(pid, NULL, 0) == pid);
	fputs(got, stdout);
	if (strcmp(got, text) != 0)
		printf("not as expected\n");
}

#endif

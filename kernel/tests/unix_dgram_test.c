/* AF_UNIX datagrams and sequenced packets: borders, truncation, addresses, who may send to whom,
 * what happens to a partner that goes. */
#include "conformance.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static char buf[256];

static struct sockaddr_un path(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(a.sun_path, name);
	return a;
}

static int bound(const char *name)
{
	struct sockaddr_un a = path(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(bind(fd, (void *)&a, sizeof(a)) == 0);
	return fd;
}

static long to(int fd, const char *name, const char *text)
{
	struct sockaddr_un a = path(name);

	return sendto(fd, text, strlen(text), 0, (void *)&a, sizeof(a));
}

static void from(int fd)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	ssize_t n;

	memset(&a, 0, sizeof(a));
	n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (void *)&a, &len);
	if (n < 0)
		printf("from: %s\n", errno_name(errno));
	else
		printf("from '%s' (%d): %.*s\n", len > 2 ? a.sun_path : "", (int)len, (int)n, buf);
}

static void borders(int type)
{
	int p[2], n;
	struct msghdr m;
	struct iovec v = {buf, 3};

	CHECK(socketpair(AF_UNIX, type, 0, p) == 0);
	SHOW(write(p[0], "one", 3));
	SHOW(write(p[0], "", 0));
	SHOW(send(p[0], "three", 5, MSG_EOR));
	SHOW(write(p[0], "four", 4));
	SHOW(ioctl(p[1], FIONREAD, &n));
	printf("readable %d\n", n);
	SHOW(read(p[1], buf, 100));
	SHOW(read(p[1], buf, 100));
	memset(&m, 0, sizeof(m));
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	SHOW(recvmsg(p[1], &m, MSG_PEEK));
	TRUTH(m.msg_flags & MSG_TRUNC);
	SHOW(recvmsg(p[1], &m, MSG_PEEK | MSG_TRUNC));
	SHOW(recvmsg(p[1], &m, 0));
	TRUTH(m.msg_flags & MSG_TRUNC);
	SHOW(recv(p[1], buf, 1, MSG_TRUNC));
	SHOW(recv(p[1], buf, 100, MSG_DONTWAIT));
	close(p[1]);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[0], buf, 1, MSG_DONTWAIT));
	close(p[0]);
}

static void names(void)
{
	int a = bound("a"), b = bound("b"), n = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un sa = path("a"), un = {.sun_family = AF_UNSPEC};
	socklen_t len;

	SHOW(to(b, "a", "hello"));
	SHOW(to(n, "a", "nameless"));
	from(a);
	from(a);
	from(a);
	SHOW(to(b, "none", "x"));
	SHOW(connect(b, (void *)&sa, sizeof(sa)));
	SHOW(send(b, "connected", 9, 0));
	from(a);
	SHOW(to(b, "b", "to myself"));
	len = sizeof(sa);
	SHOW(getpeername(b, (void *)&sa, &len));
	printf("%s\n", sa.sun_path);
	/* a hears b alone once it is connected to it. */
	sa = path("b");
	SHOW(connect(a, (void *)&sa, sizeof(sa)));
	SHOW(to(n, "a", "stranger"));
	SHOW(send(b, "friend", 6, 0));
	from(a);
	sa = path("a");
	SHOW(connect(n, (void *)&sa, sizeof(sa)));
	/* Nobody any more. */
	SHOW(connect(a, (void *)&un, sizeof(un)));
	SHOW(to(n, "a", "stranger"));
	from(a);
	SHOW(send(a, "x", 1, 0));
	close(a);
	SHOW(send(b, "x", 1, 0));
	SHOW(send(b, "x", 1, 0));
	SHOW(to(n, "a", "x"));
	unlink("a");
	SHOW(to(n, "a", "x"));
	close(b);
	close(n);
}

static void sizes(void)
{
	int p[2], size = 10000;
	static char big[300000];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p) == 0);
	CHECK(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	SHOW(write(p[0], big, 19000));
	SHOW(write(p[0], big, 21000));
	SHOW(read(p[1], big, sizeof(big)));
	SHOW(shutdown(p[0], SHUT_WR));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[1], buf, 1, MSG_DONTWAIT));
	SHOW(shutdown(p[1], SHUT_RD));
	SHOW(recv(p[1], buf, 1, 0));
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	enter_tmp();
	puts("datagrams");
	borders(SOCK_DGRAM);
	puts("sequenced packets");
	borders(SOCK_SEQPACKET);
	names();
	sizes();
	return 0;
}

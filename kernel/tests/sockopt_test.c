/* Options of SOL_SOCKET: defaults, doubling and minima of buffers, read-only ones, lengths, errors,
 * ioctl for owner and asynchronous mode. */
#include "conformance.h"
#include <asm/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int s;

static void get(const char *name, int level, int option)
{
	int v = -1;
	socklen_t len = sizeof(v);

	if (getsockopt(s, level, option, &v, &len) < 0)
		printf("%s: %s\n", name, errno_name(errno));
	else
		printf("%s: %d (%d)\n", name, v, (int)len);
}
#define GET(o) get(#o, SOL_SOCKET, o)

static void set(const char *name, int option, int value)
{
	if (setsockopt(s, SOL_SOCKET, option, &value, sizeof(value)) < 0)
		printf("set %s %d: %s\n", name, value, errno_name(errno));
	else
		printf("set %s %d: ok\n", name, value);
}
#define SET(o, v) set(#o, o, v)

static void defaults(void)
{
	GET(SO_DEBUG);
	GET(SO_REUSEADDR);
	GET(SO_TYPE);
	GET(SO_ERROR);
	GET(SO_DONTROUTE);
	GET(SO_BROADCAST);
	GET(SO_KEEPALIVE);
	GET(SO_OOBINLINE);
	GET(SO_PRIORITY);
	GET(SO_REUSEPORT);
	GET(SO_PASSCRED);
	GET(SO_RCVLOWAT);
	GET(SO_SNDLOWAT);
	GET(SO_ACCEPTCONN);
	GET(SO_PROTOCOL);
	GET(SO_DOMAIN);
	GET(SO_TIMESTAMP);
	GET(SO_MARK);
	GET(9999);
	get("other level", 12345, 1);
}

static void buffers(void)
{
	SET(SO_SNDBUF, 10000);
	GET(SO_SNDBUF);
	SET(SO_SNDBUF, 1);
	GET(SO_SNDBUF);
	SET(SO_SNDBUF, 0);
	GET(SO_SNDBUF);
	SET(SO_RCVBUF, 10000);
	GET(SO_RCVBUF);
	SET(SO_RCVBUF, 1);
	GET(SO_RCVBUF);
	SET(SO_RCVLOWAT, 0);
	GET(SO_RCVLOWAT);
	SET(SO_RCVLOWAT, -5);
	GET(SO_RCVLOWAT);
}

static void flags(void)
{
	SET(SO_REUSEADDR, 7);
	GET(SO_REUSEADDR);
	SET(SO_KEEPALIVE, 1);
	GET(SO_KEEPALIVE);
	SET(SO_PASSCRED, 1);
	GET(SO_PASSCRED);
	SET(SO_PASSCRED, 0);
	SET(SO_OOBINLINE, 1);
	GET(SO_OOBINLINE);
	SET(SO_BROADCAST, 1);
	GET(SO_BROADCAST);
	SET(SO_TIMESTAMP, 1);
	GET(SO_TIMESTAMP);
	SET(SO_TIMESTAMPNS, 1);
	GET(SO_TIMESTAMPNS);
	GET(SO_TIMESTAMP);
	SET(SO_PRIORITY, 3);
	GET(SO_PRIORITY);
	SET(SO_TYPE, 1);
	SET(SO_ERROR, 1);
	SET(SO_ACCEPTCONN, 1);
	SET(SO_DOMAIN, 1);
	SET(SO_PROTOCOL, 1);
	SET(SO_SNDLOWAT, 1);
	SET(9999, 1);
}

static void lengths(void)
{
	long long wide = 0x1122334455667788;
	int v = 1;
	char c = 1;
	socklen_t len;
	struct linger l = {1, 5};

	SHOW(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &c, 1));
	SHOW(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &wide, sizeof(wide)));
	SHOW(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, -1));
	SHOW(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, bad_address, 4));
	SHOW(setsockopt(s, 4321, 1, &v, 4));
	len = 8;
	SHOW(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &wide, &len));
	printf("length %d\n", (int)len);
	len = 1;
	c = 0;
	SHOW(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &c, &len));
	printf("length %d value %d\n", (int)len, c);
	len = -1;
	SHOW(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, &len));
	len = 4;
	SHOW(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, bad_address, &len));
	SHOW(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, bad_address));
	SHOW(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, 4));
	SHOW(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	l = (struct linger){0, 0};
	len = sizeof(l);
	SHOW(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len));
	printf("linger %d %d (%d)\n", l.l_onoff, l.l_linger, (int)len);
}

static void listening(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct ucred cred;
	socklen_t len = sizeof(cred);

	SHOW(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	printf("nobody %d %d %d\n", (int)cred.pid, (int)cred.uid, (int)cred.gid);
	CHECK(bind(s, (void *)&a, 2) == 0 && listen(s, 1) == 0);
	GET(SO_ACCEPTCONN);
	SHOW(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	TRUTH(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
}

static volatile int ios;
static void on_io(int signo)
{
	(void)signo;
	ios++;
}

static void owners(void)
{
	int p[2], n = getpid(), on = 1, got = 0;
	char c;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	on_signal(SIGIO, on_io, SA_RESTART);
	SHOW(ioctl(p[0], FIOSETOWN, &n));
	SHOW(ioctl(p[0], FIOGETOWN, &got));
	TRUTH(got == getpid());
	TRUTH(fcntl(p[0], F_GETOWN) == getpid());
	CHECK(write(p[1], "x", 1) == 1);
	printf("before: %d\n", ios);
	SHOW(ioctl(p[0], FIOASYNC, &on));
	TRUTH(fcntl(p[0], F_GETFL) & O_ASYNC);
	CHECK(write(p[1], "x", 1) == 1);
	printf("data: %d\n", ios > 0);
	CHECK(read(p[0], &c, 1) == 1);
	on = 0;
	SHOW(ioctl(p[0], FIOASYNC, &on));
	ios = 0;
	CHECK(write(p[1], "x", 1) == 1);
	printf("off: %d\n", ios);
	SHOW(fcntl(p[0], F_SETFL, O_ASYNC));
	ios = 0;
	close(p[1]);
	printf("hang-up: %d\n", ios > 0);
}

int main(void)
{
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	defaults();
	buffers();
	flags();
	lengths();
	listening();
	owners();
	return 0;
}

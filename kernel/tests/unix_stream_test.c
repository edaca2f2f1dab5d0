/* AF_UNIX streams: half-close, end of file, resets, EPIPE and SIGPIPE, MSG_PEEK, MSG_WAITALL,
 * SO_RCVLOWAT, poll bits. */
#include "conformance.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int p[2];
static char buf[256];
static volatile int pipes;

static void on_pipe(int s)
{
	(void)s;
	pipes++;
}

static void fresh(void)
{
	close(p[0]);
	close(p[1]);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
}

static void bits(const char *when, int fd)
{
	struct pollfd f = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
	int n = poll(&f, 1, 0);

	printf("%s: %d%s%s%s%s%s%s\n", when, n, f.revents & POLLIN ? " in" : "",
		f.revents & POLLOUT ? " out" : "", f.revents & POLLPRI ? " pri" : "",
		f.revents & POLLERR ? " err" : "", f.revents & POLLHUP ? " hup" : "",
		f.revents & POLLRDHUP ? " rdhup" : "");
}

static void half_close(void)
{
	fresh();
	bits("fresh", p[0]);
	SHOW(write(p[0], "tail", 4));
	bits("data", p[1]);
	SHOW(shutdown(p[0], SHUT_WR));
	bits("other shut", p[1]);
	bits("own shut", p[0]);
	SHOW(read(p[1], buf, 2));
	SHOW(read(p[1], buf, 8));
	SHOW(read(p[1], buf, 8));
	SHOW(read(p[1], buf, 8));
	SHOW(write(p[0], "x", 1));
	printf("SIGPIPE %d\n", pipes);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	printf("SIGPIPE %d\n", pipes);
	SHOW(write(p[1], "back", 4));
	SHOW(read(p[0], buf, 8));
	SHOW(shutdown(p[1], SHUT_RDWR));
	bits("all shut", p[0]);
	bits("all shut", p[1]);
	SHOW(shutdown(p[1], SHUT_RDWR));
}

static void shut_read(void)
{
	fresh();
	pipes = 0;
	SHOW(write(p[0], "left", 4));
	SHOW(shutdown(p[1], SHUT_RD));
	bits("reader", p[1]);
	bits("writer", p[0]);
	SHOW(write(p[0], "more", 4));
	printf("SIGPIPE %d\n", pipes);
	SHOW(read(p[1], buf, 8));
	SHOW(read(p[1], buf, 8));
	SHOW(write(p[1], "other way", 9));
	SHOW(read(p[0], buf, 16));
}

static void close_and_reset(void)
{
	int err;
	socklen_t len = sizeof(err);

	fresh();
	CHECK(write(p[1], "to be read", 10) == 10);
	CHECK(write(p[0], "unread", 6) == 6);
	close(p[1]);
	p[1] = -1;
	bits("reset", p[0]);
	SHOW(read(p[0], buf, 4));
	SHOW(recv(p[0], buf, 20, MSG_WAITALL));
	SHOW(read(p[0], buf, 20));
	SHOW(read(p[0], buf, 20));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	fresh();
	CHECK(write(p[0], "unread", 6) == 6);
	close(p[1]);
	p[1] = -1;
	SHOW(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &err, &len));
	printf("SO_ERROR %s\n", errno_name(err));
	SHOW(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &err, &len));
	printf("SO_ERROR %d\n", err);
	SHOW(read(p[0], buf, 20));
	fresh();
	close(p[1]);
	p[1] = -1;
	bits("closed", p[0]);
	SHOW(read(p[0], buf, 20));
}

static void peek_and_wait(void)
{
	int low = 4, n;
	pid_t pid;
	socklen_t len = sizeof(low);

	fresh();
	CHECK(write(p[0], "abcdef", 6) == 6);
	SHOW(recv(p[1], buf, 3, MSG_PEEK));
	SHOW(recv(p[1], buf, 100, MSG_PEEK));
	printf("%.6s\n", buf);
	SHOW(ioctl(p[1], FIONREAD, &n));
	SHOW(recv(p[1], buf, 2, MSG_TRUNC));
	SHOW(recv(p[1], buf, 100, MSG_DONTWAIT));
	printf("%.4s\n", buf);
	SHOW(recv(p[1], buf, 100, MSG_DONTWAIT));
	SHOW(recv(p[1], buf, 0, MSG_DONTWAIT));

	/* MSG_WAITALL takes many writes in one call. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 10; i++)
			CHECK(write(p[0], &"0123456789"[i], 1) == 1);
		_exit(0);
	}
	SHOW(recv(p[1], buf, 10, MSG_WAITALL));
	printf("%.10s\n", buf);
	reap("writer", pid);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	SHOW(getsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &low, &len));
	printf("SO_RCVLOWAT %d\n", low);
	CHECK(write(p[0], "xy", 2) == 2);
	SHOW(recv(p[1], buf, 10, MSG_DONTWAIT));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 4; i++)
			CHECK(write(p[0], &"ABCD"[i], 1) == 1);
		_exit(0);
	}
	n = (int)recv(p[1], buf, 4, 0);
	printf("low water: %d %.4s\n", n, buf);
	reap("writer", pid);
	CHECK(write(p[0], "rest", 4) == 4);
	shutdown(p[0], SHUT_WR);
	SHOW(recv(p[1], buf, 10, MSG_WAITALL));
	SHOW(recv(p[1], buf, 10, MSG_WAITALL));
}

int main(void)
{
	p[0] = p[1] = -1;
	on_signal(SIGPIPE, on_pipe, 0);
	half_close();
	shut_read();
	close_and_reset();
	peek_and_wait();
	return 0;
}

/* Sockets in flight: a chain of them, cycles of them, in many rounds; what they hold is let go of
 * when nobody can reach them any more, and stays while somebody can. */
#include "conformance.h"
#include <poll.h>
#include <sys/socket.h>

static void give(int to, const int *fds, int n)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} c;
	struct iovec v = {"x", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};

	memset(&c, 0, sizeof(c));
	m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c.h.cmsg_len = CMSG_LEN(n * sizeof(int));
	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&c.h), fds, n * sizeof(int));
	CHECK(sendmsg(to, &m, 0) == 1);
}

static int take(int from)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} c;
	char x;
	struct iovec v = {&x, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c};
	int fd = -1;

	m.msg_controllen = sizeof(c);
	CHECK(recvmsg(from, &m, 0) == 1);
	memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	return fd;
}

/* A pair that holds itself and the write end of a pipe. Returns the read end. */
static int cycle(int type)
{
	int p[2], q[2];

	CHECK(socketpair(AF_UNIX, type, 0, p) == 0 && pipe(q) == 0);
	give(p[0], (int[]){p[0], p[1], q[1]}, 3);
	give(p[1], (int[]){p[0], p[1], q[1]}, 3);
	close(p[0]);
	close(p[1]);
	close(q[1]);
	return q[0];
}

/* Another socket's close makes the kernel look; when it has looked, the pipe has no writer. */
static int freed(int q)
{
	struct pollfd f = {.fd = q, .events = POLLIN};
	int p[2];

	for (int i = 0; i < 1000; i++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
		close(p[0]);
		close(p[1]);
		if (poll(&f, 1, i ? 10 : 0) == 1)
			break;
	}
	close(q);
	return f.revents == POLLHUP;
}

int main(void)
{
	int p[2], next[2], q[2], n = 0, types[3] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	char c;

	for (int i = 0; i < 3; i++)
		printf("type %d freed: %d\n", types[i], freed(cycle(types[i])));
	for (int i = 0; i < 30; i++)
		n += freed(cycle(types[i % 3]));
	printf("%d freed\n", n);

	/* A chain, one in the other: the first holds the pipe. */
	CHECK(pipe(q) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	give(p[0], &q[1], 1);
	close(q[1]);
	for (int i = 0; i < 200; i++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, next) == 0);
		give(next[0], &p[1], 1);
		close(p[0]);
		close(p[1]);
		p[0] = next[0];
		p[1] = next[1];
	}
	for (int i = 0; i < 200; i++) {
		int fd = take(p[1]);

		close(p[1]);
		p[1] = fd;
	}
	n = take(p[1]);
	SHOW(write(n, "found", 5));
	close(n);
	close(p[0]);
	SHOW(close(p[1]));
	SHOW(read(q[0], &c, 1));
	close(q[0]);

	/* The same chain, dropped: a deep one must not overflow any stack. */
	CHECK(pipe(q) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	give(p[0], &q[1], 1);
	close(q[1]);
	for (int i = 0; i < 200; i++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, next) == 0);
		give(next[0], &p[1], 1);
		close(p[0]);
		close(p[1]);
		p[0] = next[0];
		p[1] = next[1];
	}
	close(p[0]);
	close(p[1]);
	printf("chain freed: %d\n", freed(q[0]));
	return 0;
}

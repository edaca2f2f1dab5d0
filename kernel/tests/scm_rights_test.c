/* SCM_RIGHTS: descriptors of every kind go through AF_UNIX sockets: flags and offsets shared,
 * limits and errors, truncation, MSG_PEEK, MSG_CMSG_CLOEXEC, borders in a stream. */
#include "conformance.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static char data[32];
static int flags_got;

static long give(int to, const int *fds, int n, const char *text)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(300 * sizeof(int))];
	} c;
	struct iovec v = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};

	memset(&c, 0, sizeof(c));
	m.msg_control = &c;
	m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c.h.cmsg_len = CMSG_LEN(n * sizeof(int));
	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&c.h), fds, n * sizeof(int));
	return sendmsg(to, &m, MSG_NOSIGNAL);
}

/* Receive up to size bytes and room descriptors. Prints bytes and how many came. */
static int take(int from, int *fds, int room, size_t size, int flags)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(300 * sizeof(int))];
	} c;
	struct iovec v = {data, size};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *h;
	long n;
	int count = 0;

	memset(&c, 0, sizeof(c));
	m.msg_control = room < 0 ? NULL : &c;
	m.msg_controllen = room < 0 ? 0 : CMSG_LEN(room * sizeof(int));
	n = recvmsg(from, &m, flags);
	if (n < 0) {
		printf("take: %s\n", errno_name(errno));
		return -1;
	}
	h = m.msg_controllen >= sizeof(*h) ? CMSG_FIRSTHDR(&m) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
		count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(h), count * sizeof(int));
	}
	flags_got = m.msg_flags;
	printf("take: %ld '%.*s' %d fds%s\n", n, (int)n, data, count,
		m.msg_flags & MSG_CTRUNC ? " cut" : "");
	return count;
}

static void drop(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

static void kinds(int *p)
{
	int file = open("file", O_RDWR | O_CREAT, 0644), got[4], q[2];

	CHECK(pipe(q) == 0);
	CHECK(write(file, "0123456789", 10) == 10);
	CHECK(lseek(file, 3, SEEK_SET) == 3);
	SHOW(give(p[0], (int[]){file, q[0], q[1]}, 3, "x"));
	close(q[0]);
	close(q[1]);
	CHECK(take(p[1], got, 3, 8, 0) == 3);
	/* One open file: its position is shared. */
	SHOW(read(got[0], data, 2));
	SHOW(lseek(file, 0, SEEK_CUR));
	TRUTH(fcntl(got[0], F_GETFD) == 0);
	SHOW(write(got[2], "pipe", 4));
	SHOW(read(got[1], data, 8));
	drop(got, 3);
	SHOW(give(p[0], &file, 1, "y"));
	close(file);
	CHECK(take(p[1], got, 3, 8, MSG_CMSG_CLOEXEC) == 1);
	TRUTH(flags_got & MSG_CMSG_CLOEXEC);
	TRUTH(fcntl(got[0], F_GETFD) == FD_CLOEXEC);
	drop(got, 1);
	/* A descriptor of the carrying socket itself, and of its partner. */
	SHOW(give(p[0], p, 2, "z"));
	CHECK(take(p[1], got, 2, 8, 0) == 2);
	SHOW(write(got[0], "through", 7));
	SHOW(read(got[1], data, 16));
	drop(got, 2);
	file = open(".", O_PATH);
	SHOW(give(p[0], &file, 1, "path"));
	CHECK(take(p[1], got, 1, 8, 0) == 1);
	SHOW(read(got[0], data, 1));
	drop(got, 1);
	close(file);
}

static void refused(int *p)
{
	int bad = 77, fds[300];
	struct msghdr m;
	struct cmsghdr h = {.cmsg_len = 4, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	struct iovec v = {"x", 1};

	close(77);
	SHOW(give(p[0], &bad, 1, "x"));
	for (int i = 0; i < 300; i++)
		fds[i] = 0;
	SHOW(give(p[0], fds, 254, "x"));
	SHOW(give(p[0], fds, 253, "x"));
	CHECK(take(p[1], fds, 253, 8, 0) == 253);
	drop(fds, 253);
	memset(&m, 0, sizeof(m));
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	m.msg_control = &h;
	m.msg_controllen = sizeof(h);
	SHOW(sendmsg(p[0], &m, 0));
	h.cmsg_len = sizeof(h) + 100;
	SHOW(sendmsg(p[0], &m, 0));
	h.cmsg_len = sizeof(h);
	SHOW(sendmsg(p[0], &m, 0));
	SHOW(recv(p[1], data, 8, MSG_DONTWAIT));
	h.cmsg_type = 99;
	SHOW(sendmsg(p[0], &m, 0));
	h.cmsg_level = 99;
	SHOW(sendmsg(p[0], &m, 0));
	SHOW(recv(p[1], data, 8, MSG_DONTWAIT));
	m.msg_control = bad_address;
	SHOW(sendmsg(p[0], &m, 0));
	m.msg_controllen = 0;
	m.msg_iovlen = 1025;
	SHOW(sendmsg(p[0], &m, 0));
	m.msg_iovlen = 1;
	m.msg_iov = bad_address;
	SHOW(sendmsg(p[0], &m, 0));
	SHOW(sendmsg(p[0], bad_address, 0));
}

static void cut(int *p)
{
	int q[2], fds[8];
	struct pollfd f;

	CHECK(pipe(q) == 0);
	SHOW(give(p[0], (int[]){q[1], q[1], q[1]}, 3, "abc"));
	CHECK(take(p[1], fds, 2, 8, 0) == 2);
	drop(fds, 2);
	SHOW(give(p[0], (int[]){q[1]}, 1, "abc"));
	take(p[1], fds, 0, 8, 0);
	SHOW(give(p[0], (int[]){q[1]}, 1, "abc"));
	take(p[1], fds, -1, 8, 0);
	SHOW(give(p[0], (int[]){q[1]}, 1, "abc"));
	SHOW(read(p[1], data, 8));
	/* All of those that were not taken are closed: this is the last writer. */
	close(q[1]);
	f = (struct pollfd){.fd = q[0], .events = POLLIN};
	SHOW(poll(&f, 1, 0));
	TRUTH(f.revents == POLLHUP);
	SHOW(read(q[0], data, 1));
	close(q[0]);
}

static void peek(int *p)
{
	int q[2], fds[4];

	CHECK(pipe(q) == 0);
	SHOW(give(p[0], &q[1], 1, "peek"));
	CHECK(take(p[1], fds, 1, 2, MSG_PEEK) == 1);
	drop(fds, 1);
	CHECK(take(p[1], fds, 1, 8, 0) == 1);
	drop(fds, 1);
	close(q[0]);
	close(q[1]);
}

static void borders(void)
{
	int p[2], fds[4];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	CHECK(write(p[0], "aa", 2) == 2);
	CHECK(give(p[0], p, 1, "bb") == 2);
	CHECK(give(p[0], p, 1, "cc") == 2);
	CHECK(write(p[0], "dd", 2) == 2);
	drop(fds, take(p[1], fds, 4, 16, 0));
	drop(fds, take(p[1], fds, 4, 1, 0));
	drop(fds, take(p[1], fds, 4, 16, 0));
	close(p[0]);
	take(p[1], fds, 4, 16, 0);
	close(p[1]);
}

static void limits(int *p)
{
	struct rlimit old, few;
	int fds[8], zero[4] = {0, 0, 0, 0}, next = dup(0);

	close(next);
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	few = old;
	few.rlim_cur = next + 2;
	SHOW(give(p[0], zero, 4, "many"));
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	CHECK(take(p[1], fds, 4, 8, 0) == 2);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	drop(fds, 2);
}

int main(void)
{
	int p[2];

	enter_tmp();
	close(0);
	CHECK(open("/dev/null", O_RDWR) == 0);
	puts("stream");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	kinds(p);
	refused(p);
	cut(p);
	peek(p);
	limits(p);
	close(p[0]);
	close(p[1]);
	puts("datagram");
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p) == 0);
	kinds(p);
	cut(p);
	peek(p);
	borders();
	return 0;
}

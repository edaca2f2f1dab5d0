/* Sockets as descriptors: socket(2), socketpair(2) and their errors, flags, fstat, /proc names,
 * calls on what is no socket. */
#include "conformance.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static void kinds(void)
{
	SHOW(socket(1000, SOCK_STREAM, 0));
	SHOW(socket(AF_UNIX, 0, 0));
	SHOW(socket(AF_UNIX, 77, 0));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 5));
	SHOW(socket(AF_UNIX, SOCK_RDM, 0));
	SHOW(socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
	SHOW_OK(socket(AF_UNIX, SOCK_STREAM, AF_UNIX));
	SHOW_OK(socket(AF_UNIX, SOCK_RAW, 0));
	SHOW_OK(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static void flags(void)
{
	int p[2], on = 1;
	struct stat st;
	char name[64], path[64];
	ssize_t n;

	SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p));
	TRUTH(fcntl(p[0], F_GETFD) == FD_CLOEXEC && fcntl(p[1], F_GETFD) == FD_CLOEXEC);
	TRUTH(fcntl(p[0], F_GETFL) == (O_RDWR | O_NONBLOCK));
	SHOW(read(p[0], name, 1));
	on = 0;
	SHOW(ioctl(p[0], FIONBIO, &on));
	TRUTH(fcntl(p[0], F_GETFL) == O_RDWR);
	SHOW(fstat(p[0], &st));
	TRUTH(S_ISSOCK(st.st_mode));
	TRUTH((st.st_mode & 0777) == 0777);
	SHOW(lseek(p[0], 0, SEEK_SET));
	SHOW(pread(p[0], name, 1, 0));
	SHOW(pwrite(p[0], name, 1, 0));
	SHOW(ftruncate(p[0], 0));
	SHOW(fsync(p[0]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = readlink(path, name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = 0;
	TRUTH(strncmp(name, "socket:[", 8) == 0 && name[n - 1] == ']');
	SHOW(open(path, O_RDWR));
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, bad_address));
}

static void bytes(void)
{
	int p[2], n;
	char a[8], b[8];
	struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{a, 3}, {b, 8}};

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	SHOW(writev(p[0], out, 3));
	SHOW(ioctl(p[1], FIONREAD, &n));
	printf("readable %d\n", n);
	SHOW(readv(p[1], in, 2));
	printf("%.3s %.3s\n", a, b);
	SHOW(write(p[0], "", 0));
	SHOW(read(p[1], a, 0));
	SHOW(send(p[0], bad_address, 3, 0));
	SHOW(write(p[0], "xyz", 3));
	SHOW(recv(p[1], bad_address, 3, MSG_DONTWAIT));
	SHOW(recv(p[1], a, 8, 0));
	SHOW(ioctl(p[0], 0x1234, &n));
}

static void no_sockets(void)
{
	int p[2];
	char c;
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "x"};
	socklen_t len = sizeof(a);
	struct msghdr m = {.msg_iovlen = 0};

	CHECK(pipe(p) == 0);
	SHOW(bind(p[0], (void *)&a, sizeof(a)));
	SHOW(listen(p[0], 1));
	SHOW(accept(p[0], NULL, NULL));
	SHOW(connect(p[0], (void *)&a, sizeof(a)));
	SHOW(getsockname(p[0], (void *)&a, &len));
	SHOW(getpeername(p[0], (void *)&a, &len));
	SHOW(send(p[0], "x", 1, 0));
	SHOW(recv(p[0], &c, 1, 0));
	SHOW(shutdown(p[0], SHUT_RD));
	SHOW(sendmsg(p[0], &m, 0));
	SHOW(recvmsg(p[0], &m, 0));
	SHOW(send(99, "x", 1, 0));
	SHOW(listen(-1, 1));
	SHOW(accept4(99, NULL, NULL, 0));
}

static void unconnected(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0),
	    q = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "x"};
	socklen_t len = sizeof(a);
	char c;

	signal(SIGPIPE, SIG_IGN);
	SHOW(read(s, &c, 1));
	SHOW(recv(q, &c, 1, 0));
	SHOW(recv(d, &c, 1, MSG_DONTWAIT));
	SHOW(write(s, "x", 1));
	SHOW(write(d, "x", 1));
	SHOW(write(q, "x", 1));
	SHOW(sendto(s, "x", 1, 0, (void *)&a, sizeof(a)));
	SHOW(accept(s, NULL, NULL));
	SHOW(accept(d, NULL, NULL));
	SHOW(listen(s, 1));
	SHOW(listen(d, 1));
	SHOW(getpeername(s, (void *)&a, &len));
	SHOW(getsockname(s, (void *)&a, &len));
	printf("length %d family %d\n", (int)len, a.sun_family);
	SHOW(shutdown(s, 3));
	SHOW(shutdown(s, -1));
	SHOW(shutdown(s, SHUT_WR));
	SHOW(accept4(s, NULL, NULL, 1));
}

int main(void)
{
	kinds();
	flags();
	bytes();
	no_sockets();
	unconnected();
	return 0;
}

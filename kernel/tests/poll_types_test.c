/* poll(2) and select(2) of every kind of descriptor: which bits Linux shows for each. */
#include "conformance.h"
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>

#define ALL                                                                                        \
	(POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP)

static void bits(const char *what, int fd)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {{POLLIN, "IN"}, {POLLOUT, "OUT"}, {POLLPRI, "PRI"}, {POLLRDNORM, "RDNORM"},
		{POLLRDBAND, "RDBAND"}, {POLLWRNORM, "WRNORM"}, {POLLWRBAND, "WRBAND"},
		{POLLRDHUP, "RDHUP"}, {POLLERR, "ERR"}, {POLLHUP, "HUP"}, {POLLNVAL, "NVAL"}};
	struct pollfd f = {fd, ALL, 0};
	struct timeval zero = {0, 0};
	fd_set r, w, e;
	int n = poll(&f, 1, 0);

	printf("%s: %d", what, n);
	for (int i = 0; i < COUNT(names); i++) {
		if (f.revents & names[i].bit)
			printf(" %s", names[i].name);
	}
	if (fd < 0 || fd > 50) {
		printf("\n");
		return;
	}
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	FD_SET(fd, &e);
	n = select(fd + 1, &r, &w, &e, &zero);
	if (n < 0)
		printf("; select %s\n", errno_name(errno));
	else
		printf("; select%s%s%s\n", FD_ISSET(fd, &r) ? " r" : "",
			FD_ISSET(fd, &w) ? " w" : "", FD_ISSET(fd, &e) ? " e" : "");
}

int main(void)
{
	static char big[65536];
	int fd, p[2], s[2], master, slave;
	struct epoll_event ev = {.events = EPOLLIN};
	uint64_t one = 1;

	enter_tmp();
	put_file("f", "text");
	CHECK(mkfifo("fifo", 0600) == 0);
	bits("negative", -1);
	bits("closed", 40);
	bits("file", open("f", O_RDWR));
	bits("file, reading", open("f", O_RDONLY));
	bits("directory", open(".", O_RDONLY));
	bits("O_PATH", open("f", O_PATH));
	bits("/dev/null", open("/dev/null", O_RDWR));
	bits("/dev/zero", open("/dev/zero", O_RDONLY));
	bits("/proc/self/status", open("/proc/self/status", O_RDONLY));
	bits("memfd", memfd_create("m", 0));
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	bits("pipe, reader", p[0]);
	bits("pipe, writer", p[1]);
	while (write(p[1], big, sizeof(big)) > 0)
		;
	bits("full pipe, reader", p[0]);
	bits("full pipe, writer", p[1]);
	close(p[0]);
	bits("pipe, no reader", p[1]);
	close(p[1]);
	CHECK(pipe(p) == 0);
	close(p[1]);
	bits("pipe, no writer", p[0]);
	close(p[0]);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	bits("FIFO, never a writer", fd);
	p[1] = open("fifo", O_WRONLY | O_NONBLOCK);
	bits("FIFO, a writer", fd);
	CHECK(write(p[1], "x", 1) == 1);
	close(p[1]);
	bits("FIFO, a byte, writer gone", fd);
	CHECK(read(fd, big, 1) == 1);
	bits("FIFO, the end", fd);
	close(fd);
	fd = open("fifo", O_RDWR);
	bits("FIFO, both ways", fd);
	close(fd);
	fd = eventfd(0, 0);
	bits("eventfd 0", fd);
	CHECK(write(fd, &one, 8) == 8);
	bits("eventfd 1", fd);
	one = UINT64_MAX - 2;
	CHECK(write(fd, &one, 8) == 8);
	bits("eventfd full", fd);
	close(fd);
	fd = epoll_create1(0);
	bits("epoll, empty", fd);
	CHECK(pipe(p) == 0);
	CHECK(epoll_ctl(fd, EPOLL_CTL_ADD, p[0], &ev) == 0);
	CHECK(write(p[1], "x", 1) == 1);
	bits("epoll, ready", fd);
	close(fd);
	close(p[0]);
	close(p[1]);
	fd = inotify_init1(0);
	bits("inotify, empty", fd);
	CHECK(inotify_add_watch(fd, ".", IN_CREATE) == 1);
	put_file("new", "");
	bits("inotify, an event", fd);
	close(fd);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	bits("socket pair", s[0]);
	CHECK(write(s[1], "x", 1) == 1);
	bits("socket pair, a byte", s[0]);
	CHECK(shutdown(s[1], SHUT_WR) == 0);
	bits("socket pair, the other half closed", s[0]);
	close(s[1]);
	bits("socket pair, the other closed", s[0]);
	close(s[0]);
	CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	bits("pty master", master);
	bits("pty slave", slave);
	CHECK(write(master, "line\n", 5) == 5);
	bits("pty slave, a line", slave);
	CHECK(write(slave, "out", 3) == 3);
	bits("pty master, output", master);
	close(slave);
	while (read(master, big, sizeof(big)) > 0)
		;
	bits("pty master, slave closed", master);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	close(master);
	bits("pty slave, master closed", slave);
	return 0;
}

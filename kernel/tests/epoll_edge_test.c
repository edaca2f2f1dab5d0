/* epoll(7): edge-triggered and one-shot members, priority of ERR and HUP. */
#include "conformance.h"
#include <sys/epoll.h>

static int set;

static void show_wait(const char *what)
{
	struct epoll_event ev[8];
	int n = epoll_wait(set, ev, 8, 0);

	printf("%s: %d", what, n);
	for (int i = 0; i < n; i++)
		printf(" [%x %d]", ev[i].events, ev[i].data.fd);
	printf("\n");
}

static int ctl(int op, int fd, uint32_t events, int data)
{
	struct epoll_event ev = {.events = events, .data.fd = data};

	return epoll_ctl(set, op, fd, &ev);
}

static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

int main(void)
{
	static char big[65536];
	struct epoll_event both[2];
	int p[2], q[2];

	set = epoll_create1(0);
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 1));
	show_wait("empty");
	CHECK(write(p[1], "a", 1) == 1);
	show_wait("a byte");
	show_wait("not read");
	CHECK(write(p[1], "b", 1) == 1);
	show_wait("another byte");
	show_wait("no other");
	CHECK(write(p[1], "c", 1) == 1);
	CHECK(write(p[1], "d", 1) == 1);
	show_wait("two writes, one event");
	show_wait("no more");
	drain(p[0]);
	show_wait("drained");
	CHECK(write(p[1], "e", 1) == 1);
	drain(p[0]);
	show_wait("written and drained before the wait");
	CHECK(write(p[1], "f", 1) == 1);
	show_wait("a byte");
	SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2));
	show_wait("modified: looked at anew");
	show_wait("once");
	SHOW(ctl(EPOLL_CTL_DEL, p[0], 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 3));
	show_wait("added: looked at anew");
	SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLET, 3));
	CHECK(write(p[1], "g", 1) == 1);
	show_wait("asked for nothing");
	close(p[1]);
	show_wait("HUP is an edge, too");
	show_wait("once");
	close(p[0]);

	CHECK(pipe2(p, O_NONBLOCK) == 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 4));
	show_wait("room");
	show_wait("once");
	while (write(p[1], big, sizeof(big)) > 0)
		;
	show_wait("full");
	drain(p[0]);
	show_wait("drained");
	show_wait("once");
	drain(p[0]);
	show_wait("nothing changed");
	close(p[0]);
	show_wait("no reader");
	close(p[1]);

	/* One-shot. */
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT, 5));
	CHECK(write(p[1], "a", 1) == 1);
	show_wait("one-shot");
	show_wait("spent");
	CHECK(write(p[1], "b", 1) == 1);
	show_wait("still spent");
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 6));
	show_wait("armed again");
	show_wait("spent");
	close(p[1]);
	show_wait("spent: HUP is not told either");
	SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLONESHOT | EPOLLET, 7));
	show_wait("armed: HUP");
	show_wait("spent");
	close(p[0]);

	/* An edge-triggered member and a level-triggered one on the same pipe, by two descriptors.
	 */
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	q[0] = dup(p[0]);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 8));
	SHOW(ctl(EPOLL_CTL_ADD, q[0], EPOLLIN, 9));
	CHECK(write(p[1], "a", 1) == 1);
	SHOW(epoll_wait(set, both, 2, 0));
	TRUTH(both[0].data.fd + both[1].data.fd == 17);
	show_wait("level alone");
	drain(q[0]);
	show_wait("none");
	return 0;
}

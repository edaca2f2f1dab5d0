/* epoll(7): a set is a file that can be polled: poll, select and another set. Circles are ELOOP. */
#include "conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int add(int set, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev);
}
static int ready(int set)
{
	struct epoll_event ev[8];

	return epoll_wait(set, ev, 8, 0);
}
static int polled(int set)
{
	struct pollfd f = {set, POLLIN | POLLOUT | POLLPRI, 0};

	CHECK(poll(&f, 1, 0) >= 0);
	return f.revents;
}
static int selected(int set)
{
	struct timeval zero = {0, 0};
	fd_set r;

	FD_ZERO(&r);
	FD_SET(set, &r);
	return select(set + 1, &r, NULL, NULL, &zero);
}

static int p[2], inner, outer;
static struct gate go;
static void write_it(void)
{
	gate_wait(&go);
	CHECK(write(p[1], "x", 1) == 1);
}

int main(void)
{
	struct pollfd f;
	char c;
	int a, b;

	go = gate_new();
	CHECK(pipe(p) == 0);
	inner = epoll_create1(0);
	outer = epoll_create1(0);
	TRUTH(polled(inner) == 0);
	SHOW(add(inner, p[0], EPOLLIN));
	SHOW(add(outer, inner, EPOLLIN));
	TRUTH(polled(inner) == 0);
	SHOW(selected(inner));
	SHOW(ready(outer));
	CHECK(write(p[1], "x", 1) == 1);
	TRUTH(polled(inner) == POLLIN);
	SHOW(selected(inner));
	SHOW(ready(outer));
	SHOW(ready(outer));
	SHOW(ready(inner));
	CHECK(read(p[0], &c, 1) == 1);
	TRUTH(polled(inner) == 0);
	SHOW(ready(outer));
	SHOW(ready(inner));

	/* Waiting on the outer one, and in poll, for what happens in the inner one. */
	for (int i = 0; i < 20; i++) {
		struct epoll_event ev;
		pid_t pid = child(write_it);

		gate_open(&go);
		if (i % 2) {
			f = (struct pollfd){outer, POLLIN, 0};
			CHECK(poll(&f, 1, -1) == 1 && f.revents == POLLIN);
		} else {
			CHECK(epoll_wait(outer, &ev, 1, -1) == 1 && ev.data.fd == inner);
		}
		CHECK(read(p[0], &c, 1) == 1);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 rounds\n");

	SHOW(add(inner, outer, EPOLLIN));
	SHOW(add(inner, inner, EPOLLIN));
	a = epoll_create1(0);
	b = epoll_create1(0);
	SHOW(add(a, b, EPOLLIN));
	SHOW(add(outer, a, EPOLLIN));
	SHOW(add(b, outer, EPOLLIN));
	SHOW(add(b, inner, EPOLLIN));
	SHOW(add(inner, a, EPOLLIN));
	/* Once the way is cut, there is no circle. */
	SHOW(epoll_ctl(a, EPOLL_CTL_DEL, b, NULL));
	SHOW(add(b, outer, EPOLLIN));
	/* Deep chains end somewhere. */
	int last = epoll_create1(0), depth = 0;
	for (; depth < 30; depth++) {
		int next = epoll_create1(0);

		if (add(next, last, EPOLLIN) < 0)
			break;
		last = next;
	}
	TRUTH(depth >= 4 && depth < 10);
	/* A set that goes leaves the outer one. */
	CHECK(write(p[1], "x", 1) == 1);
	SHOW(ready(outer));
	close(b);
	close(inner);
	SHOW(ready(outer));
	return 0;
}

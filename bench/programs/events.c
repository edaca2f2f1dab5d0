/*
 * events.c - epoll with 1, 100 and 1,000 descriptors, of which one becomes ready at a time: write a
 * byte, wait, read it. Also poll of 1 and 100, and adding to and taking from a set.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST 1000

static int pipes[MOST][2];
static struct pollfd fds[MOST];

struct watch {
	int set;
	unsigned count, turn;
};

static void make_pipes(unsigned n)
{
	struct rlimit limit = {2 * MOST + 64, 2 * MOST + 64};
	static unsigned made;

	setrlimit(RLIMIT_NOFILE, &limit);
	for (; made < n; made++)
		if (pipe2(pipes[made], O_NONBLOCK) != 0)
			meter_fail("pipe2");
}

static void one_ready(void *context, unsigned n)
{
	struct watch *w = context;
	struct epoll_event ev;
	char c = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned at = w->turn++ * 7919 % w->count;

		if (write(pipes[at][1], &c, 1) != 1 || epoll_wait(w->set, &ev, 1, -1) != 1 ||
			ev.data.u32 != at || read(pipes[at][0], &c, 1) != 1)
			meter_fail("epoll");
	}
}

static void one_polled(void *context, unsigned n)
{
	struct watch *w = context;
	char c = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned at = w->turn++ * 7919 % w->count;

		if (write(pipes[at][1], &c, 1) != 1 || poll(fds, w->count, -1) != 1 ||
			!(fds[at].revents & POLLIN) || read(pipes[at][0], &c, 1) != 1)
			meter_fail("poll");
	}
}

static void add_delete(void *context, unsigned n)
{
	struct watch *w = context;
	struct epoll_event ev = {.events = EPOLLIN};

	for (unsigned i = 0; i < n; i++)
		if (epoll_ctl(w->set, EPOLL_CTL_ADD, pipes[0][0], &ev) != 0 ||
			epoll_ctl(w->set, EPOLL_CTL_DEL, pipes[0][0], &ev) != 0)
			meter_fail("epoll_ctl");
}

static void epoll_row(const char *name, unsigned count)
{
	struct watch w = {.set = epoll_create1(0), .count = count};

	make_pipes(count);
	for (unsigned i = 0; i < count; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

		if (epoll_ctl(w.set, EPOLL_CTL_ADD, pipes[i][0], &ev) != 0)
			meter_fail("epoll_ctl");
	}
	meter_run(&(struct row){name, 50000, 1024}, one_ready, &w);
	close(w.set);
}

static void poll_row(const char *name, unsigned count)
{
	struct watch w = {.count = count};

	make_pipes(count);
	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){pipes[i][0], POLLIN, 0};
	meter_run(&(struct row){name, 20000, 256}, one_polled, &w);
}

int main(int argc, char **argv)
{
	struct watch w = {.set = epoll_create1(0)};

	meter_begin(argc, argv);
	make_pipes(1);
	epoll_row("epoll_1", 1);
	epoll_row("epoll_100", 100);
	epoll_row("epoll_1000", MOST);
	meter_run(&(struct row){"epoll_ctl", 50000, 1024}, add_delete, &w);
	poll_row("poll_1", 1);
	poll_row("poll_100", 100);
	return 0;
}

/* EPOLLEXCLUSIVE: its rules, and that with a set in each of several processes nothing is lost. */
#include "conformance.h"
#include <sys/epoll.h>

static int p[2], taken[2];

static void worker(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int set = epoll_create1(0);
	char c;

	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev) == 0);
	CHECK(write(taken[1], "r", 1) == 1);
	for (;;) {
		CHECK(epoll_wait(set, &ev, 1, -1) == 1);
		if (ev.events & EPOLLHUP)
			_exit(0);
		if (read(p[0], &c, 1) == 1)
			CHECK(write(taken[1], &c, 1) == 1);
	}
}

int main(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int set = epoll_create1(0), other = epoll_create1(0);
	pid_t pid[4];
	char c;

	CHECK(pipe2(p, O_NONBLOCK) == 0);
	CHECK(pipe(taken) == 0);
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev));
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &ev));
	ev.events = EPOLLIN;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &ev));
	SHOW(epoll_ctl(set, EPOLL_CTL_DEL, p[0], NULL));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &ev));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, other, &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[1], &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI;
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[1], &ev));
	ev.events = EPOLLOUT | EPOLLEXCLUSIVE | EPOLLET | EPOLLHUP | EPOLLERR;
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, p[1], &ev));
	close(set);

	for (int i = 0; i < 4; i++) {
		pid[i] = child(worker);
		CHECK(read(taken[0], &c, 1) == 1 && c == 'r');
	}
	for (int i = 0; i < 100; i++) {
		CHECK(write(p[1], "ab", 2) == 2);
		CHECK(read(taken[0], &c, 1) == 1);
		CHECK(read(taken[0], &c, 1) == 1);
	}
	printf("100 rounds\n");
	for (int i = 0; i < 4; i++)
		CHECK(kill(pid[i], SIGKILL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(waitpid(pid[i], NULL, 0) == pid[i]);
	return 0;
}

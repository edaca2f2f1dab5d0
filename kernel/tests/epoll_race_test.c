/* epoll: members written to, closed and killed by others while a process waits. Many rounds. */
#include "conformance.h"
#include <sys/epoll.h>

static int set, p[2];
static struct gate go;

static void add(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) == 0);
}
static void write_and_exit(void)
{
	close(p[0]);
	gate_wait(&go);
	CHECK(write(p[1], "x", 1) == 1);
}
static void just_exit(void)
{
	close(p[0]);
	gate_wait(&go);
}
static void add_late(void)
{
	gate_wait(&go);
	add(p[0], EPOLLIN);
}
static void never(void)
{
	struct epoll_event ev;

	close(p[1]);
	epoll_wait(set, &ev, 1, -1);
	_exit(7);
}

int main(void)
{
	struct epoll_event ev;
	pid_t pid;
	char c;
	int ends = 0;

	go = gate_new();
	for (int i = 0; i < 40; i++) {
		set = epoll_create1(0);
		CHECK(pipe(p) == 0);
		add(p[0], i % 2 ? EPOLLIN | EPOLLET : EPOLLIN);
		pid = child(write_and_exit);
		close(p[1]);
		gate_open(&go);
		CHECK(epoll_wait(set, &ev, 1, -1) == 1);
		CHECK(ev.events & EPOLLIN);
		CHECK(read(p[0], &c, 1) == 1);
		/* Its writer's end is an event of its own, unless the first said so too. */
		if (!(ev.events & EPOLLHUP) || !(i % 2)) {
			CHECK(epoll_wait(set, &ev, 1, -1) == 1);
			CHECK(ev.events == EPOLLHUP);
		}
		ends++;
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(p[0]);
		close(set);
	}
	SHOW(ends);
	for (int i = 0; i < 20; i++) {
		set = epoll_create1(0);
		CHECK(pipe(p) == 0);
		add(p[0], 0);
		pid = child(just_exit);
		close(p[1]);
		gate_open(&go);
		CHECK(epoll_wait(set, &ev, 1, -1) == 1 && ev.events == EPOLLHUP);
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(p[0]);
		close(set);
	}
	printf("hang-ups seen\n");
	for (int i = 0; i < 20; i++) {
		set = epoll_create1(0);
		CHECK(pipe(p) == 0);
		CHECK(write(p[1], "x", 1) == 1);
		pid = child(add_late);
		gate_open(&go);
		CHECK(epoll_wait(set, &ev, 1, -1) == 1 && ev.events == EPOLLIN);
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(p[0]);
		close(p[1]);
		close(set);
	}
	printf("members added meanwhile are seen\n");
	/* A waiter that is killed leaves the set usable. */
	set = epoll_create1(0);
	CHECK(pipe(p) == 0);
	add(p[0], EPOLLIN);
	for (int i = 0; i < 20; i++) {
		pid = child(never);
		if (i % 2)
			usleep(1000);
		kill(pid, SIGKILL);
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	}
	CHECK(write(p[1], "x", 1) == 1);
	SHOW(epoll_wait(set, &ev, 1, -1));
	return 0;
}

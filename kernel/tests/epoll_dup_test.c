/* epoll(7): members are known by (open file description, descriptor): dup, close, fork, exec. */
#include "conformance.h"
#include <sys/epoll.h>

static int set;

static int ctl(int op, int fd, int data)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = data};

	return epoll_ctl(set, op, fd, &ev);
}
static void show_wait(const char *what)
{
	struct epoll_event ev[8];
	int n = epoll_wait(set, ev, 8, 0), sum = 0;

	for (int i = 0; i < n; i++)
		sum += ev[i].data.fd;
	printf("%s: %d, sum %d\n", what, n, sum);
}

static int p[2];
static struct gate go, done;

static void hold_reader(void)
{
	close(set);
	gate_open(&done);
	gate_wait(&go);
}
static void wait_in_child(void)
{
	show_wait("child");
	SHOW(ctl(EPOLL_CTL_ADD, p[1], 100));
	SHOW(ctl(EPOLL_CTL_DEL, p[0], 0));
}

int main(void)
{
	int copy, other;
	pid_t pid;

	go = gate_new();
	done = gate_new();
	set = epoll_create1(0);
	CHECK(pipe(p) == 0);
	copy = dup(p[0]);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], 1));
	SHOW(ctl(EPOLL_CTL_ADD, copy, 10));
	CHECK(write(p[1], "x", 1) == 1);
	show_wait("two descriptors");
	close(copy);
	show_wait("one closed, but the open file lives");
	SHOW(ctl(EPOLL_CTL_DEL, copy, 0));
	/* The number comes back for another file: a member of its own. */
	other = dup(p[1]);
	TRUTH(other == copy);
	SHOW(ctl(EPOLL_CTL_DEL, other, 0));
	close(other);
	/* The same file at the same number again: that is the old member. */
	other = dup(p[0]);
	TRUTH(other == copy);
	SHOW(ctl(EPOLL_CTL_ADD, other, 10));
	SHOW(ctl(EPOLL_CTL_MOD, other, 20));
	show_wait("modified");
	SHOW(ctl(EPOLL_CTL_DEL, other, 0));
	close(other);
	show_wait("the first alone");

	/* A child's copy keeps the file, so the member stays although we closed it. */
	pid = child(hold_reader);
	gate_wait(&done);
	close(p[0]);
	show_wait("closed here, open in the child");
	gate_open(&go);
	CHECK(waitpid(pid, NULL, 0) == pid);
	show_wait("closed everywhere");
	close(p[1]);

	/* One set in two processes. */
	CHECK(pipe(p) == 0);
	SHOW(ctl(EPOLL_CTL_ADD, p[0], 1));
	CHECK(write(p[1], "x", 1) == 1);
	pid = child(wait_in_child);
	CHECK(waitpid(pid, NULL, 0) == pid);
	show_wait("what the child did counts here");
	SHOW(ctl(EPOLL_CTL_ADD, p[0], 1));
	copy = dup(set);
	close(set);
	set = copy;
	show_wait("a copy of the set's descriptor");
	return 0;
}

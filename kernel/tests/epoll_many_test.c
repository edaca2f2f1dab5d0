/* epoll: a thousand members, turns among ready ones, several processes that wait on one set. */
#include "conformance.h"
#include <sys/epoll.h>
#include <sys/resource.h>

#define N 350 /* two descriptors each: below the usual limit of 1,024 */
static int set, p[N][2], shared[2], go[2];

static int ctl(int op, int fd, uint32_t events, int data)
{
	struct epoll_event ev = {.events = events, .data.fd = data};

	return epoll_ctl(set, op, fd, &ev);
}

/* Take bytes until the one that says stop. Exit status: how many. */
static void worker(void)
{
	struct epoll_event ev;
	int taken = 0;
	char c;

	for (;;) {
		CHECK(epoll_wait(set, &ev, 1, -1) == 1);
		if (read(shared[0], &c, 1) != 1)
			continue;
		if (c == 's')
			_exit(taken);
		taken++;
		CHECK(write(go[1], "x", 1) == 1);
	}
}

int main(void)
{
	static struct epoll_event ev[N];
	int seen[N] = {0}, n, sum, status;
	pid_t pid[4];
	char c;

	set = epoll_create1(0);
	for (int i = 0; i < N; i++) {
		CHECK(pipe(p[i]) == 0);
		CHECK(ctl(EPOLL_CTL_ADD, p[i][0], EPOLLIN, i) == 0);
	}
	SHOW(epoll_wait(set, ev, N, 0));
	for (int i = 0; i < N; i += 10)
		CHECK(write(p[i][1], "x", 1) == 1);
	SHOW(n = epoll_wait(set, ev, N, 0));
	for (int i = 0; i < n; i++)
		CHECK(ev[i].data.fd % 10 == 0);
	/* With room for seven at a time each has its turn. */
	for (int i = 0; i < 300; i++) {
		n = epoll_wait(set, ev, 7, 0);
		CHECK(n == 7);
		for (int k = 0; k < n; k++)
			seen[ev[k].data.fd]++;
	}
	for (int i = 0; i < N; i++)
		CHECK(seen[i] == (i % 10 ? 0 : 60));
	printf("fair\n");
	for (int i = 0; i < N; i += 20)
		CHECK(read(p[i][0], &c, 1) == 1);
	SHOW(epoll_wait(set, ev, N, 0));
	for (int i = 0; i < N; i += 2)
		CHECK(ctl(EPOLL_CTL_DEL, p[i][0], 0, 0) == 0);
	SHOW(epoll_wait(set, ev, N, 0));
	for (int i = 0; i < N; i++)
		CHECK(ctl(EPOLL_CTL_MOD, p[i][0], EPOLLIN, i) == (i % 2 ? 0 : -1));
	for (int i = 1; i < N; i += 2)
		CHECK(write(p[i][1], "x", 1) == 1);
	SHOW(epoll_wait(set, ev, N, 0));
	for (int i = 0; i < N; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	SHOW(epoll_wait(set, ev, N, 0));

	/* Four processes wait on this set; each byte is taken by one of them. */
	CHECK(pipe2(shared, O_NONBLOCK) == 0);
	CHECK(pipe(go) == 0);
	CHECK(ctl(EPOLL_CTL_ADD, shared[0], EPOLLIN, 1) == 0);
	for (int i = 0; i < 4; i++)
		pid[i] = child(worker);
	for (int i = 0; i < 100; i++) {
		CHECK(write(shared[1], "d", 1) == 1);
		CHECK(read(go[0], &c, 1) == 1);
	}
	CHECK(write(shared[1], "ssss", 4) == 4);
	sum = 0;
	for (int i = 0; i < 4; i++) {
		CHECK(waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	printf("taken: %d\n", sum);
	return 0;
}

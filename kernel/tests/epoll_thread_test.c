/* epoll among threads: one set served by many, members added, changed and closed beside waits. */
#include "conformance.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define WORKERS 4
#define ROUNDS 200

static int set, stop_fd;
static int served[WORKERS];

static void add(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) == 0);
}

/* One-shot members: a request is served by one thread, which arms its socket again. */
static void *serve(void *arg)
{
	int *count = arg;
	struct epoll_event ev;
	char c;

	for (;;) {
		CHECK(epoll_wait(set, &ev, 1, -1) == 1);
		if (ev.data.fd == stop_fd)
			return NULL;
		CHECK(read(ev.data.fd, &c, 1) == 1);
		c++;
		CHECK(write(ev.data.fd, &c, 1) == 1);
		(*count)++;
		ev.events = EPOLLIN | EPOLLONESHOT;
		CHECK(epoll_ctl(set, EPOLL_CTL_MOD, ev.data.fd, &ev) == 0);
	}
}

static void *add_and_close(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		int fd = eventfd(1, 0);

		add(fd, EPOLLIN | EPOLLET);
		close(fd);
	}
	return NULL;
}

static void *wait_some(void *arg)
{
	struct epoll_event ev[8];
	int *waits = arg;

	for (int i = 0; i < ROUNDS; i++) {
		int n = epoll_wait(set, ev, 8, 0);

		CHECK(n >= 0 && n <= 8);
		for (int k = 0; k < n; k++)
			CHECK(ev[k].events == EPOLLIN);
		(*waits)++;
	}
	return NULL;
}

int main(void)
{
	pthread_t t[WORKERS];
	int s[8][2], total = 0, waits[2] = {0, 0};
	uint64_t one = 1;
	char c;

	set = epoll_create1(0);
	stop_fd = eventfd(0, 0);
	for (int i = 0; i < 8; i++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]) == 0);
		add(s[i][1], EPOLLIN | EPOLLONESHOT);
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&t[i], NULL, serve, &served[i]) == 0);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 8; i++)
			CHECK(write(s[i][0], "a", 1) == 1);
		for (int i = 0; i < 8; i++)
			CHECK(read(s[i][0], &c, 1) == 1 && c == 'b');
	}
	add(stop_fd, EPOLLIN); /* level-triggered: every thread sees it */
	CHECK(write(stop_fd, &one, 8) == 8);
	for (int i = 0; i < WORKERS; i++) {
		CHECK(pthread_join(t[i], NULL) == 0);
		total += served[i];
	}
	SHOW(total);
	CHECK(epoll_ctl(set, EPOLL_CTL_DEL, stop_fd, NULL) == 0);
	/* Members come and go beside waits. */
	CHECK(pthread_create(&t[0], NULL, add_and_close, NULL) == 0);
	CHECK(pthread_create(&t[1], NULL, add_and_close, NULL) == 0);
	CHECK(pthread_create(&t[2], NULL, wait_some, &waits[0]) == 0);
	CHECK(pthread_create(&t[3], NULL, wait_some, &waits[1]) == 0);
	for (int i = 0; i < WORKERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	SHOW(waits[0] + waits[1]);
	struct epoll_event ev;
	SHOW(epoll_wait(set, &ev, 1, 0));
	return 0;
}

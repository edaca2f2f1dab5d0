/* A timerfd is one timer, whoever reads it: children take their part; closing ends a wait never. */
#include "conformance.h"
#include <poll.h>
#include <sys/timerfd.h>

static int fd;

static void reader(void)
{
	uint64_t n, sum = 0;

	for (int i = 0; i < 10; i++) {
		CHECK(read(fd, &n, 8) == 8);
		sum += n;
	}
	CHECK(sum >= 10);
}
static void poller(void)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CHECK(poll(&p, 1, -1) == 1);
}
static void nothing(void)
{
	struct itimerspec s;

	/* exec and fork leave it alone: it belongs to the descriptor. */
	CHECK(timerfd_gettime(fd, &s) == 0);
	CHECK(s.it_value.tv_sec == 999 || s.it_value.tv_sec == 1000);
}

int main(void)
{
	struct itimerspec s = {{0, 1000000}, {0, 1000000}};
	pid_t pid[3];

	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pid[i] = child(reader);
	for (int i = 0; i < 3; i++)
		reap("reader", pid[i]);
	/* Rounds of setting it while others wait for it. */
	for (int round = 0; round < 30; round++) {
		s = (struct itimerspec){{0, 0}, {0, 0}};
		CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
		pid[0] = child(poller);
		pid[1] = child(poller);
		s.it_value.tv_nsec = 1 + round * 50000;
		CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
		CHECK(waitpid(pid[0], NULL, 0) == pid[0]);
		CHECK(waitpid(pid[1], NULL, 0) == pid[1]);
	}
	printf("30 rounds\n");
	s = (struct itimerspec){{0, 0}, {1000, 0}};
	CHECK(timerfd_settime(fd, 0, &s, NULL) == 0);
	reap("child", child(nothing));
	return 0;
}

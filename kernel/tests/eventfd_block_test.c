/* Processes that wait for an eventfd, to read or to write; many rounds. */
#include "conformance.h"
#include <poll.h>
#include <sys/eventfd.h>

static int ping, pong;

static uint64_t take(int fd)
{
	uint64_t v = 0;

	CHECK(read(fd, &v, 8) == 8);
	return v;
}
static void give(int fd, uint64_t v)
{
	CHECK(write(fd, &v, 8) == 8);
}
static void echo(void)
{
	for (int i = 0; i < 300; i++)
		give(pong, take(ping) + 1);
}
static void take_ones(void)
{
	int n = 0;

	for (int i = 0; i < 100; i++)
		n += (int)take(ping);
	_exit(n);
}
static void overflow(void)
{
	give(ping, UINT64_MAX - 1); /* waits until the parent has read */
	give(pong, 1);
}
static void poller(void)
{
	struct pollfd p = {.fd = ping, .events = POLLIN};

	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	give(pong, take(ping));
}

int main(void)
{
	pid_t pid[3];

	ping = eventfd(0, 0);
	pong = eventfd(0, 0);
	pid[0] = child(echo);
	for (uint64_t i = 0; i < 300; i++) {
		give(ping, i + 1);
		CHECK(take(pong) == i + 2);
	}
	reap("echo", pid[0]);
	close(ping);

	/* Each unit of a semaphore goes to one reader. */
	ping = eventfd(0, EFD_SEMAPHORE);
	for (int i = 0; i < 3; i++)
		pid[i] = child(take_ones);
	for (int i = 0; i < 100; i++)
		give(ping, 3);
	for (int i = 0; i < 3; i++)
		reap("semaphore", pid[i]);
	close(ping);

	ping = eventfd(1, 0);
	pid[0] = child(overflow);
	TRUTH(take(ping) == 1);
	TRUTH(take(pong) == 1);
	TRUTH(take(ping) == UINT64_MAX - 1);
	reap("overflow", pid[0]);

	for (int i = 1; i <= 50; i++) {
		pid[0] = child(poller);
		give(ping, (uint64_t)i);
		CHECK(take(pong) == (uint64_t)i);
		CHECK(waitpid(pid[0], NULL, 0) == pid[0]);
	}
	printf("50 pollers\n");
	return 0;
}

/* Back-pressure: a sender stops when the receiver does not read, and goes on when it does; every
 * byte arrives in order. */
#include "inet.h"

static int p[2];
static unsigned char big[100000];
static unsigned total = 3000000;

static void fill(unsigned from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		big[i] = (unsigned char)((from + i) * 7 + (from + i) / 251);
}
static void send_all(void)
{
	unsigned at = 0;

	close(p[1]);
	while (at < total) {
		size_t n = 1 + at % sizeof(big);
		ssize_t sent;

		if (n > total - at)
			n = total - at;
		fill(at, n);
		sent = send(p[0], big, n, 0);
		CHECK(sent == (ssize_t)n);
		at += (unsigned)sent;
	}
}
static void receive_all(void)
{
	unsigned at = 0;
	ssize_t n;

	while ((n = recv(p[1], big, 1 + at % 70000, 0)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			unsigned k = at + (unsigned)i;

			CHECK(big[i] == (unsigned char)(k * 7 + k / 251));
		}
		at += (unsigned)n;
	}
	printf("received %u\n", at);
}
static void drain_slowly(void)
{
	ssize_t n;

	close(p[0]);
	usleep(20000);
	while ((n = recv(p[1], big, sizeof(big), 0)) > 0)
		;
}

int main(void)
{
	long long sent = 0, got = 0;
	struct pollfd f;
	ssize_t n;
	pid_t pid;

	for (int small = 0; small < 2; small++) {
		new_pair(p);
		if (small) {
			total = 300000;
			set_opt(p[0], SOL_SOCKET, SO_SNDBUF, 30000);
			set_opt(p[1], SOL_SOCKET, SO_RCVBUF, 30000);
		}
		pid = child(send_all);
		close(p[0]);
		receive_all();
		reap("sender", pid);
		close(p[1]);
	}

	/* Fill, look, drain, look. */
	new_pair(p);
	CHECK(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0);
	while ((n = send(p[0], big, sizeof(big), 0)) > 0)
		sent += n;
	printf("full: %s\n", n == -1 ? errno_name(errno) : "0");
	/* More may fit when what was sent has moved on. */
	for (int i = 0; i < 20; i++) {
		usleep(1000);
		while ((n = send(p[0], big, sizeof(big), 0)) > 0)
			sent += n;
	}
	TRUTH(errno == EAGAIN);
	TRUTH(sent >= 65536);
	show_bits("full", poll_now(p[0], POLLIN | POLLOUT));
	while (got < sent) {
		n = recv(p[1], big, sizeof(big), 0);
		CHECK(n > 0);
		got += n;
	}
	TRUTH(got == sent);
	SHOW(recv(p[1], big, 1, MSG_DONTWAIT));
	show_bits("drained", wait_for(p[0], POLLOUT));
	/* Asleep in poll for room. */
	while (send(p[0], big, sizeof(big), 0) > 0)
		;
	pid = child(drain_slowly);
	f = (struct pollfd){p[0], POLLOUT, 0};
	close(p[1]);
	while ((n = send(p[0], big, sizeof(big), 0)) > 0)
		;
	CHECK(poll(&f, 1, 20000) == 1);
	show_bits("woken", f.revents);
	close(p[0]);
	reap("reader", pid);
	return 0;
}

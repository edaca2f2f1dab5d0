/* Pipes: sleepers on both ends are woken by data, room, and the other end's last close. */
#include "conformance.h"

static int p[2];

static void write_much(void)
{
	char buf[200000];

	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	memset(buf, 'x', sizeof(buf));
	/* More than fits: asleep, or about to be, when the reader goes. Either way EPIPE in the
	 * end. */
	while (write(p[1], buf, sizeof(buf)) >= 0)
		;
	_exit(errno == EPIPE ? 1 : 2);
}

static void write_killed(void)
{
	char buf[200000];

	close(p[0]);
	memset(buf, 'x', sizeof(buf));
	while (write(p[1], buf, sizeof(buf)) >= 0)
		;
	_exit(3);
}

static void count_bytes(void)
{
	unsigned long long sum = 0, n = 0;
	unsigned char buf[5000];
	ssize_t got;

	close(p[1]);
	while ((got = read(p[0], buf, 1 + (n * 7919) % sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			sum += buf[i] * (n++ % 251 + 1);
	}
	printf("read %llu bytes, sum %llu, then %zd\n", n, sum, got);
}

static void read_one(void)
{
	char c;

	close(p[1]);
	_exit(read(p[0], &c, 1) == 0 ? 4 : 5);
}

int main(void)
{
	unsigned char buf[3000];
	pid_t pid;

	for (int i = 0; i < 30; i++) {
		int status;

		CHECK(pipe(p) == 0);
		pid = child(i & 1 ? write_much : read_one);
		if (i & 1) {
			char c;
			CHECK(read(p[0], &c, 1) == 1);
		}
		close(p[0]);
		close(p[1]);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(status == (i & 1 ? 1 << 8 : 4 << 8));
	}
	printf("30 rounds\n");

	CHECK(pipe(p) == 0);
	pid = child(write_killed);
	CHECK(read(p[0], buf, 1) == 1);
	close(p[0]);
	close(p[1]);
	reap("writer without a reader", pid);

	CHECK(pipe(p) == 0);
	pid = child(count_bytes);
	close(p[0]);
	for (int i = 0; i < 400; i++) {
		size_t n = 1 + (size_t)(i * 613) % sizeof(buf);

		for (size_t k = 0; k < n; k++)
			buf[k] = (unsigned char)(i + k);
		CHECK(write(p[1], buf, n) == (ssize_t)n);
	}
	close(p[1]);
	reap("counter", pid);
	return 0;
}

/* poll(2), ppoll(2). */
#include "conformance.h"
#include <poll.h>
#include <sys/time.h>

static int p[2];
static struct gate go;

static void show_events(const char *what, int events)
{
	printf("%s:%s%s%s%s%s%s\n", what, events & POLLIN ? " IN" : "",
		events & POLLOUT ? " OUT" : "", events & POLLERR ? " ERR" : "",
		events & POLLHUP ? " HUP" : "", events & POLLNVAL ? " NVAL" : "",
		events & ~(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLNVAL) ? " other" : "");
}
static void one(const char *what, int fd, short events)
{
	struct pollfd f = {fd, events, 0x7fff};
	int n = poll(&f, 1, 0);

	printf("%d ", n);
	show_events(what, f.revents);
}
static void write_it(void)
{
	gate_wait(&go);
	CHECK(write(p[1], "x", 1) == 1);
}
static void close_it(void)
{
	gate_wait(&go);
	_exit(0);
}
static volatile sig_atomic_t alarms;
static void on_alarm(int s)
{
	(void)s;
	alarms++;
}

int main(void)
{
	struct pollfd f[5];
	struct itimerval often = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	struct timespec ten_ms = {0, 10000000}, bad = {0, 1000000000};
	static char big[65536];
	sigset_t block, none;
	int64_t start;
	int file, q[2];
	pid_t pid;

	enter_tmp();
	go = gate_new();
	CHECK(pipe(p) == 0);
	one("empty pipe", p[0], POLLIN);
	one("empty pipe, writer", p[1], POLLOUT);
	one("reader for OUT", p[0], POLLOUT);
	CHECK(write(p[1], "a", 1) == 1);
	one("pipe with a byte", p[0], POLLIN);
	one("asked for nothing", p[0], 0);
	one("bad descriptor", 99, POLLIN);
	one("negative", -1, POLLIN);
	file = open("f", O_RDWR | O_CREAT, 0644);
	one("file", file, POLLIN | POLLOUT);
	int dir = open(".", O_RDONLY);
	one("directory", dir, POLLIN | POLLOUT);
	int null = open("/dev/null", O_RDWR);
	one("/dev/null", null, POLLIN | POLLOUT);
	CHECK(pipe2(q, O_NONBLOCK) == 0);
	CHECK(write(q[1], big, sizeof(big)) == (ssize_t)sizeof(big));
	one("full pipe", q[1], POLLOUT);
	close(q[1]);
	one("bytes and no writer", q[0], POLLIN);
	CHECK(read(q[0], big, sizeof(big)) == (ssize_t)sizeof(big));
	one("no bytes and no writer", q[0], POLLIN);
	close(q[0]);
	CHECK(pipe(q) == 0);
	close(q[0]);
	one("no reader", q[1], POLLOUT);
	close(q[1]);

	for (int i = 0; i < 4; i++)
		f[i] = (struct pollfd){i & 1 ? p[1] : p[0], POLLIN | POLLOUT, 0};
	f[4] = (struct pollfd){99, 0, 0};
	SHOW(poll(f, 5, -1));
	char c;
	CHECK(read(p[0], &c, 1) == 1);
	start = now_ms();
	f[0] = (struct pollfd){p[0], POLLIN, 0};
	SHOW(poll(f, 1, 10));
	TRUTH(now_ms() - start >= 9);
	start = now_ms();
	SHOW(poll(NULL, 0, 5));
	TRUTH(now_ms() - start >= 4);

	for (int i = 0; i < 20; i++) {
		pid = child(write_it);
		gate_open(&go);
		CHECK(poll(f, 1, -1) == 1 && f[0].revents == POLLIN);
		CHECK(read(p[0], &c, 1) == 1);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 rounds\n");
	for (int i = 0; i < 20; i++) {
		CHECK(pipe(q) == 0);
		pid = child(close_it);
		close(q[1]);
		gate_open(&go);
		f[0] = (struct pollfd){q[0], POLLIN, 0};
		CHECK(poll(f, 1, -1) == 1 && f[0].revents == POLLHUP);
		close(q[0]);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("20 hang-ups\n");

	on_signal(SIGALRM, on_alarm, SA_RESTART); /* poll is never restarted */
	f[0] = (struct pollfd){p[0], POLLIN, 0};
	setitimer(ITIMER_REAL, &often, NULL);
	SHOW(poll(f, 1, -1));
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	alarms = 0;
	SHOW(ppoll(f, 1, NULL, &none));
	TRUTH(alarms > 0);
	int before = alarms;
	SHOW(ppoll(f, 1, &ten_ms, &block));
	TRUTH(alarms == before);
	setitimer(ITIMER_REAL, &off, NULL);
	SHOW(ppoll(f, 1, &bad, NULL));
	SHOW(poll((struct pollfd *)bad_address, 1, 0));
	return 0;
}

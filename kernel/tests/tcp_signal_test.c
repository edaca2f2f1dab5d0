/* signal(7): which socket calls a handler interrupts, with SA_RESTART, without, and with time-outs;
 * SIGPIPE; self-connect; descriptors passed through fork and exec'd children. */
#include "inet.h"
#include <sys/time.h>

static volatile int alarms, pipes;
static char buf[70000];

static void on_alarm(int s)
{
	(void)s;
	alarms++;
}
static void on_pipe(int s)
{
	(void)s;
	pipes++;
}
static void tick(void)
{
	struct itimerval often = {{0, 5000}, {0, 5000}};

	alarms = 0;
	setitimer(ITIMER_REAL, &often, NULL);
}
static void still(void)
{
	struct itimerval off = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &off, NULL);
}
static int p[2], l, port;

static void say_later(void)
{
	still();
	usleep(50000);
	CHECK(send(p[1], "x", 1, 0) == 1);
}
static void connect_later(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM);

	usleep(50000);
	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	close(fd);
}

static void fill(int fd)
{
	while (send(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	usleep(10000);
	while (send(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

int main(void)
{
	struct timeval tv = {10, 0};
	pid_t pid;
	int fd, s;

	on_signal(SIGPIPE, on_pipe, 0);
	on_signal(SIGALRM, on_alarm, 0);
	new_pair(p);
	l = new_listener(0, &port);
	tick();
	SHOW(recv(p[0], buf, 1, 0));
	SHOW(accept(l, NULL, NULL));
	still();
	fill(p[0]);
	tick();
	SHOW(send(p[0], buf, 1, 0));
	still();
	close_pair(p);

	on_signal(SIGALRM, on_alarm, SA_RESTART);
	new_pair(p);
	pid = child(say_later);
	tick();
	SHOW(recv(p[0], buf, 1, 0));
	still();
	TRUTH(alarms > 0);
	reap("child", pid);
	pid = child(connect_later);
	tick();
	SHOW_OK(s = accept(l, NULL, NULL));
	still();
	TRUTH(alarms > 0);
	reap("child", pid);
	close(s);
	/* With a time-out set no call is restarted. */
	CHECK(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	tick();
	SHOW(recv(p[0], buf, 1, 0));
	SHOW(accept(l, NULL, NULL));
	still();
	fill(p[0]);
	tick();
	SHOW(send(p[0], buf, 1, 0));
	still();
	close_pair(p);

	new_pair(p);
	close(p[1]);
	SHOW(write(p[0], "x", 1));
	wait_for(p[0], POLLHUP);
	SHOW(write(p[0], "x", 1));
	printf("SIGPIPE %d\n", pipes);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	printf("SIGPIPE %d\n", pipes);
	close(p[0]);

	/* A socket may be its own peer. */
	fd = new_socket(AF_INET, SOCK_STREAM);
	CHECK(bind_to(fd, "127.0.0.1", 0) == 0);
	SHOW(connect_to(fd, "127.0.0.1", port_of(fd)));
	show_state("self", fd);
	SHOW(send(fd, "mine", 4, 0));
	wait_for(fd, POLLIN);
	SHOW(recv(fd, buf, 100, 0));
	SHOW(shutdown(fd, SHUT_WR));
	wait_for(fd, POLLHUP);
	SHOW(recv(fd, buf, 100, 0));
	poll_bits("self", fd);
	close(fd);

	/* The other end sees the end only with the last descriptor. */
	new_pair(p);
	fd = dup(p[0]);
	close(p[0]);
	SHOW(recv(p[1], buf, 1, MSG_DONTWAIT));
	close(fd);
	SHOW(recv(p[1], buf, 1, 0));
	return 0;
}

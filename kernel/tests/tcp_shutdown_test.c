/* TCP shutdown(2), each way, at each end, with the states and poll bits that follow. */
#include "inet.h"

static char buf[100];

static void both(const char *what, int p[2])
{
	char text[100];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%s, %s", what, i ? "server" : "client");
		poll_bits(text, p[i]);
		show_state(text, p[i]);
	}
}

static void write_side(void)
{
	int p[2];

	new_pair(p);
	both("new", p);
	CHECK(send(p[0], "tail", 4, 0) == 4);
	SHOW(shutdown(p[0], SHUT_WR));
	wait_for(p[1], POLLRDHUP);
	both("client shut WR", p);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[1], buf, 100, 0));
	SHOW(recv(p[1], buf, 100, 0));
	SHOW(send(p[1], "back", 4, 0));
	wait_for(p[0], POLLIN);
	SHOW(recv(p[0], buf, 100, 0));
	SHOW(shutdown(p[0], SHUT_WR));
	SHOW(shutdown(p[1], SHUT_WR));
	wait_for(p[0], POLLHUP);
	wait_for(p[1], POLLHUP);
	both("both shut WR", p);
	show_peer("both shut WR", p[0]);
	show_peer("both shut WR", p[1]);
	show_name("both shut WR", p[1]);
	SHOW(recv(p[0], buf, 100, 0));
	SHOW(recv(p[1], buf, 100, 0));
	SHOW(shutdown(p[1], SHUT_WR));
	SHOW(shutdown(p[0], SHUT_RD));
	close_pair(p);
}

static void read_side(void)
{
	int p[2];

	new_pair(p);
	CHECK(send(p[1], "early", 5, 0) == 5);
	wait_for(p[0], POLLIN);
	SHOW(shutdown(p[0], SHUT_RD));
	both("client shut RD", p);
	SHOW(recv(p[0], buf, 100, 0));
	SHOW(recv(p[0], buf, 100, 0));
	SHOW(send(p[0], "out", 3, 0));
	wait_for(p[1], POLLIN);
	SHOW(recv(p[1], buf, 100, 0));
	close_pair(p);
	new_pair(p);
	SHOW(shutdown(p[0], SHUT_RDWR));
	wait_for(p[1], POLLRDHUP);
	both("client shut RDWR", p);
	SHOW(recv(p[0], buf, 100, 0));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	/* What comes now is answered by a reset. */
	SHOW(send(p[1], "x", 1, MSG_NOSIGNAL));
	wait_for(p[1], POLLHUP);
	both("after a write", p);
	SHOW(send(p[1], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[1], buf, 100, 0));
	show_error("client", p[0]);
	close_pair(p);
}

static void others(void)
{
	int port, fd = new_socket(AF_INET, SOCK_STREAM), l, p[2];

	SHOW(shutdown(fd, SHUT_RD));
	SHOW(shutdown(fd, SHUT_RDWR));
	poll_bits("new and shut", fd);
	SHOW(shutdown(fd, 3));
	SHOW(shutdown(fd, -1));
	SHOW(shutdown(0, SHUT_RD));
	SHOW(shutdown(99, SHUT_RD));
	l = new_listener(5, &port);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	close(accept(l, NULL, NULL));
	SHOW(shutdown(l, SHUT_WR));
	show_state("listener", l);
	SHOW(shutdown(l, SHUT_RD));
	show_state("listener", l);
	poll_bits("listener", l);
	SHOW(accept(l, NULL, NULL));
	SHOW(listen(l, 1));
	show_state("listener", l);
	close(l);
	/* A descriptor of another process is the same end. */
	new_pair(p);
	if (fork() == 0) {
		shutdown(p[0], SHUT_WR);
		_exit(0);
	}
	SHOW(recv(p[1], buf, 1, 0));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	wait(NULL);
	close_pair(p);
}

/* A thread of control asleep in accept, recv or send is woken by a shutdown of its own end. */
static int end;
static void shut_it(void)
{
	usleep(20000);
	shutdown(end, SHUT_RDWR);
}
static void sleepers(void)
{
	static char big[1 << 16];
	int port, p[2];
	ssize_t n;
	pid_t pid;

	end = new_listener(1, &port);
	pid = child(shut_it);
	SHOW(accept(end, NULL, NULL));
	reap("child", pid);
	close(end);
	new_pair(p);
	end = p[0];
	pid = child(shut_it);
	SHOW(recv(p[0], buf, 1, 0));
	reap("child", pid);
	close_pair(p);
	new_pair(p);
	end = p[0];
	pid = child(shut_it);
	while ((n = send(p[0], big, sizeof(big), MSG_NOSIGNAL)) > 0)
		;
	printf("send: %s\n", n == -1 ? errno_name(errno) : "0");
	reap("child", pid);
	close_pair(p);
}

int main(void)
{
	write_side();
	read_side();
	others();
	sleepers();
	return 0;
}

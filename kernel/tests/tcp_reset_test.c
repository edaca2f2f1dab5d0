/* TCP: when an end is reset, and what each end then hears: unread data, SO_LINGER, writes to a
 * closed end, connections that are reset before accept(). */
#include "inet.h"

static char buf[100];
static int pipes;

static void on_pipe(int s)
{
	(void)s;
	pipes++;
}

static void unread(void)
{
	int p[2];

	new_pair(p);
	CHECK(write(p[1], "abc", 3) == 3 && write(p[0], "x", 1) == 1);
	wait_for(p[1], POLLIN);
	close(p[1]);
	wait_for(p[0], POLLERR);
	poll_bits("unread data", p[0]);
	show_state("unread data", p[0]);
	show_peer("unread data", p[0]);
	SHOW(recv(p[0], buf, 2, 0));
	SHOW(recv(p[0], buf, 9, 0));
	SHOW(recv(p[0], buf, 9, 0));
	SHOW(recv(p[0], buf, 9, 0));
	SHOW(write(p[0], "x", 1));
	SHOW(shutdown(p[0], SHUT_RDWR));
	close(p[0]);
	new_pair(p);
	CHECK(write(p[0], "x", 1) == 1);
	wait_for(p[1], POLLIN);
	close(p[1]);
	wait_for(p[0], POLLERR);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[0], buf, 9, 0));
	close(p[0]);
	new_pair(p);
	CHECK(write(p[0], "x", 1) == 1);
	wait_for(p[1], POLLIN);
	close(p[1]);
	wait_for(p[0], POLLERR);
	show_error("unread data", p[0]);
	SHOW(recv(p[0], buf, 9, 0));
	poll_bits("error taken", p[0]);
	close(p[0]);
}

static void closed_peer(void)
{
	int p[2];

	new_pair(p);
	close(p[1]);
	wait_for(p[0], POLLRDHUP);
	poll_bits("peer closed", p[0]);
	show_state("peer closed", p[0]);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	wait_for(p[0], POLLERR | POLLHUP);
	poll_bits("after one write", p[0]);
	SHOW(recv(p[0], buf, 9, 0));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[0], buf, 9, 0));
	pipes = 0;
	SHOW(write(p[0], "x", 1));
	printf("SIGPIPE %d\n", pipes);
	close(p[0]);
}

static void linger(void)
{
	int p[2];
	int64_t start;

	new_pair(p);
	set_linger(p[1], 0);
	close(p[1]);
	wait_for(p[0], POLLERR);
	SHOW(recv(p[0], buf, 9, 0));
	close(p[0]);
	new_pair(p);
	set_linger(p[1], 10);
	CHECK(write(p[1], "last words", 10) == 10);
	start = now_ms();
	close(p[1]);
	TRUTH(now_ms() - start < 5000);
	SHOW(recv(p[0], buf, 100, MSG_WAITALL));
	SHOW(recv(p[0], buf, 100, 0));
	close(p[0]);
}

static void before_accept(void)
{
	int port, l = new_listener(5, &port), fd = new_socket(AF_INET, SOCK_STREAM), s;

	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	set_linger(fd, 0);
	close(fd);
	wait_for(l, POLLIN);
	SHOW_OK(s = accept(l, NULL, NULL));
	show_peer("reset before accept", s);
	poll_bits("reset before accept", s);
	SHOW(recv(s, buf, 9, 0));
	SHOW(recv(s, buf, 9, 0));
	close(s);
	fd = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	CHECK(write(fd, "sent", 4) == 4);
	close(fd);
	SHOW_OK(s = accept(l, NULL, NULL));
	show_peer("closed before accept", s);
	SHOW(recv(s, buf, 9, 0));
	SHOW(recv(s, buf, 9, 0));
	close(s);
	/* The listener goes with connections in its queue. */
	fd = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(fd, "127.0.0.1", port) == 0);
	close(l);
	wait_for(fd, POLLERR);
	poll_bits("listener closed", fd);
	SHOW(recv(fd, buf, 9, 0));
	close(fd);
}

/* A reader and a writer asleep when the other end is reset. */
static int asleep[2];
static struct gate go;
static void reset_it(void)
{
	close(asleep[0]);
	gate_wait(&go);
	set_linger(asleep[1], 0);
	close(asleep[1]);
}
static void sleepers(void)
{
	static char big[1 << 16];

	go = gate_new();
	for (int i = 0; i < 10; i++) {
		pid_t pid;
		ssize_t n;

		new_pair(asleep);
		pid = child(reset_it);
		close(asleep[1]);
		gate_open(&go);
		if (i % 2) {
			n = recv(asleep[0], buf, 9, 0);
			CHECK(n == -1 && errno == ECONNRESET);
		} else {
			while ((n = send(asleep[0], big, sizeof(big), MSG_NOSIGNAL)) > 0)
				;
			CHECK(n == -1 && (errno == ECONNRESET || errno == EPIPE));
		}
		close(asleep[0]);
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("10 rounds\n");
}

int main(void)
{
	on_signal(SIGPIPE, on_pipe, 0);
	unread();
	closed_peer();
	linger();
	before_accept();
	sleepers();
	return 0;
}

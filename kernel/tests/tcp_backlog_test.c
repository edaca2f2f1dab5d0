/* A full backlog: connect() waits for accept(), goes on with it, and is refused when the listener
 * goes. On a real stack a waiting client tries again after a second or two. */
#include "inet.h"
#include <sys/time.h>

int main(void)
{
	struct timeval ms100 = {0, 100000};
	int port, l = new_listener(1, &port), c[6], s, fd;

	/* A backlog of n holds n + 1. */
	for (int i = 0; i < 2; i++) {
		c[i] = new_socket(AF_INET, SOCK_STREAM);
		printf("client %d: %d\n", i, connect_to(c[i], "127.0.0.1", port));
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(poll(&(struct pollfd){fd, POLLOUT, 0}, 1, 100));
	poll_bits("waits", fd);
	show_state("waits", fd);
	show_peer("waits", fd);
	show_error("waits", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(recv(fd, c, 1, 0));
	c[2] = new_socket(AF_INET, SOCK_STREAM);
	CHECK(setsockopt(c[2], SOL_SOCKET, SO_SNDTIMEO, &ms100, sizeof(ms100)) == 0);
	SHOW(connect_to(c[2], "127.0.0.1", port));
	SHOW(connect_to(c[2], "127.0.0.1", port));
	/* One that gives up before its turn is not in anybody's way. */
	close(c[2]);
	SHOW_OK(s = accept(l, NULL, NULL));
	TRUTH(wait_for(fd, POLLOUT) == POLLOUT);
	SHOW(connect_to(fd, "127.0.0.1", port));
	close(s);
	SHOW_OK(s = accept(l, NULL, NULL));
	close(s);
	SHOW_OK(s = accept(l, NULL, NULL));
	SHOW(send(fd, "x", 1, 0));
	SHOW(recv(s, c + 5, 1, 0));
	close(s);
	close(fd);
	/* The listener goes. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	for (int i = 3; i < 5; i++) {
		c[i] = new_socket(AF_INET, SOCK_STREAM);
		CHECK(connect_to(c[i], "127.0.0.1", port) == 0);
	}
	CHECK(connect_to(fd, "127.0.0.1", port) == -1);
	close(l);
	wait_for(fd, POLLERR);
	show_error("waited", fd);
	wait_for(c[3], POLLERR);
	show_error("in the queue", c[3]);
	return 0;
}

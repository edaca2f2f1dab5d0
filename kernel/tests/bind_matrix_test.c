/* Which two sockets may be bound to one port: SO_REUSEADDR, SO_REUSEPORT, the wildcard and
 * addresses, listening or not, TCP and UDP. */
#include "inet.h"

static const char *const pairs[][2] = {{"127.0.0.1", "127.0.0.1"}, {"127.0.0.1", "127.0.0.2"},
	{"0.0.0.0", "127.0.0.1"}, {"127.0.0.1", "0.0.0.0"}, {"0.0.0.0", "0.0.0.0"}};

static int make(int type, int options)
{
	int fd = new_socket(AF_INET, type);

	if (options & 1)
		set_opt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (options & 2)
		set_opt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return fd;
}

static const char *attempt(int type, int a_opts, int b_opts, const char *const at[2], int listening)
{
	int a = make(type, a_opts), b = make(type, b_opts), err = 0;

	CHECK(bind_to(a, at[0], 0) == 0);
	if (listening)
		CHECK(listen(a, 1) == 0);
	if (bind_to(b, at[1], port_of(a)) < 0)
		err = errno;
	else if (listening && listen(b, 1) < 0)
		err = -errno;
	close(a);
	close(b);
	return err == 0		    ? "ok"
	       : err == EADDRINUSE  ? "in use"
	       : err == -EADDRINUSE ? "listen in use"
				    : "other";
}

static void matrix(int type, int listening)
{
	static const char *const names[] = {"-", "addr", "port", "both"};

	for (int p = 0; p < COUNT(pairs); p++) {
		printf("%s then %s:\n", pairs[p][0], pairs[p][1]);
		for (int a = 0; a < 4; a++) {
			for (int b = 0; b < 4; b++)
				printf("  %s, %s: %s\n", names[a], names[b],
					attempt(type, a, b, pairs[p], listening));
		}
	}
}

/* With a connection of the port alive, or in TIME_WAIT. */
static void after_use(int reuse_first, int reuse_then, int active)
{
	int l = make(SOCK_STREAM, reuse_first), fd = make(SOCK_STREAM, reuse_then), c, s, port;

	CHECK(bind_to(l, "127.0.0.1", 0) == 0 && listen(l, 1) == 0);
	port = port_of(l);
	c = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(c, "127.0.0.1", port) == 0);
	s = accept(l, NULL, NULL);
	close(l);
	if (active) {
		printf("%d %d, connection alive: ", reuse_first, reuse_then);
	} else {
		char x;

		shutdown(s, SHUT_WR);
		CHECK(read(c, &x, 1) == 0);
		close(c);
		wait_for(s, POLLHUP);
		close(s);
		printf("%d %d, time wait: ", reuse_first, reuse_then);
	}
	if (bind_to(fd, "127.0.0.1", port) < 0)
		printf("%s\n", errno_name(errno));
	else
		printf("bound, listen %d\n", listen(fd, 1));
	if (active)
		close(c), close(s);
	close(fd);
}

int main(void)
{
	int a, b;

	printf("TCP\n");
	matrix(SOCK_STREAM, 0);
	printf("TCP, listening\n");
	matrix(SOCK_STREAM, 1);
	printf("UDP\n");
	matrix(SOCK_DGRAM, 0);
	for (int i = 0; i < 8; i++)
		after_use(i & 1, i >> 1 & 1, i >> 2);
	/* TCP's ports and UDP's are different ones. */
	a = new_socket(AF_INET, SOCK_STREAM);
	b = new_socket(AF_INET, SOCK_DGRAM);
	CHECK(bind_to(a, "127.0.0.1", 0) == 0);
	SHOW(bind_to(b, "127.0.0.1", port_of(a)));
	return 0;
}

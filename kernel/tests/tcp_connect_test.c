/* TCP connect(2): refused, non-blocking, again, AF_UNSPEC, bad addresses. */
#include "inet.h"

static char buf[16];

static int unused_port(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM), port;

	CHECK(bind_to(fd, "127.0.0.1", 0) == 0);
	port = port_of(fd);
	close(fd);
	return port;
}

static void refused(void)
{
	int fd = new_socket(AF_INET, SOCK_STREAM), port = unused_port();

	SHOW(connect_to(fd, "127.0.0.1", port));
	show_error("after it", fd);
	poll_bits("after it", fd);
	show_peer("after it", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SHOW(connect_to(fd, "127.0.0.1", port));
	wait_for(fd, POLLOUT);
	poll_bits("refused", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(connect_to(fd, "127.0.0.1", port));
	wait_for(fd, POLLOUT);
	show_error("refused", fd);
	show_error("again", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	poll_bits("then", fd);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SHOW(connect_to(fd, "127.0.0.1", port));
	wait_for(fd, POLLOUT);
	SHOW(read(fd, buf, 1));
	SHOW(read(fd, buf, 1));
	SHOW(send(fd, buf, 1, MSG_NOSIGNAL));
	close(fd);
}

static void nonblocking(void)
{
	int port, l = new_listener(5, &port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	poll_bits("new", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	wait_for(fd, POLLOUT);
	poll_bits("connected", fd);
	show_error("connected", fd);
	show_peer("connected", fd);
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(connect_to(fd, "127.0.0.1", port));
	SHOW(read(fd, buf, 1));
	SHOW(write(fd, buf, 1));
	close(fd);
	close(l);
}

static void unspec(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int port, l = new_listener(5, &port), s;
	int fd = new_socket(AF_INET, SOCK_STREAM);

	SHOW(connect(fd, &none, sizeof(none)));
	SHOW(connect_to(fd, "127.0.0.1", port));
	s = accept(l, NULL, NULL);
	SHOW(connect(fd, &none, sizeof(none)));
	show_name("disconnected", fd);
	show_peer("disconnected", fd);
	wait_for(s, POLLIN);
	SHOW(read(s, buf, 1));
	close(s);
	(void)get_opt(fd, SOL_SOCKET, SO_ERROR);
	SHOW(connect_to(fd, "127.0.0.1", port));
	s = accept(l, NULL, NULL);
	SHOW(write(s, "abc", 3));
	SHOW(read(fd, buf, 16));
	close(s);
	close(fd);
	/* A listener can be taken back, too. */
	SHOW(connect(l, &none, sizeof(none)));
	SHOW(accept(l, NULL, NULL));
	close(l);
}

static void bad(void)
{
	struct sockaddr_in a = in4("127.0.0.1", unused_port());
	int fd = new_socket(AF_INET, SOCK_STREAM);

	SHOW(connect(fd, (struct sockaddr *)&a, 1));
	SHOW(connect(fd, (struct sockaddr *)&a, 15));
	SHOW(connect(fd, (struct sockaddr *)&a, 0));
	SHOW(connect(fd, (struct sockaddr *)&a, 500));
	SHOW(connect(fd, bad_address, 16));
	a.sin_family = AF_UNIX;
	SHOW(connect(fd, (struct sockaddr *)&a, sizeof(a)));
	SHOW(connect_to(fd, "224.0.0.1", 80));
	SHOW(connect_to(fd, "255.255.255.255", 80));
	SHOW(connect_to(fd, "127.255.255.255", 80));
	SHOW(connect(0, (struct sockaddr *)&a, sizeof(a)));
	SHOW(connect(99, (struct sockaddr *)&a, sizeof(a)));
	close(fd);
}

/* 127.0.0.0/8 is all this machine, and 0.0.0.0 is to oneself. */
static void addresses(void)
{
	int port, l = new_socket(AF_INET, SOCK_STREAM), fd, s;

	CHECK(bind_to(l, "0.0.0.0", 0) == 0 && listen(l, 5) == 0);
	port = port_of(l);
	show_name("listener", l);
	for (int i = 0; i < 3; i++) {
		static const char *const to[] = {"127.0.0.1", "127.9.8.7", "0.0.0.0"};

		fd = new_socket(AF_INET, SOCK_STREAM);
		if (i == 2)
			CHECK(bind_to(fd, "127.1.2.3", 0) == 0);
		printf("%s: %d\n", to[i], connect_to(fd, to[i], port));
		s = accept(l, NULL, NULL);
		show_name("client", fd);
		show_peer("client", fd);
		show_name("server", s);
		show_peer("server", s);
		close(fd);
		close(s);
	}
	close(l);
	l = new_socket(AF_INET, SOCK_STREAM);
	CHECK(bind_to(l, "127.0.0.2", 0) == 0 && listen(l, 5) == 0);
	fd = new_socket(AF_INET, SOCK_STREAM);
	SHOW(connect_to(fd, "127.0.0.1", port_of(l)));
	SHOW(connect_to(fd, "127.0.0.2", port_of(l)));
	close(fd);
	close(l);
}

int main(void)
{
	refused();
	nonblocking();
	unspec();
	bad();
	addresses();
	return 0;
}

/* Connected UDP sockets: filter, default address, reconnect, disconnect, and ECONNREFUSED. */
#include "inet.h"

static char buf[100];

static int unused_port(void)
{
	int port, fd = new_udp(&port);

	close(fd);
	return port;
}

int main(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int pa, pb, pc, a = new_udp(&pa), b = new_udp(&pb), c = new_udp(&pc), fd;

	SHOW(connect_to(a, "127.0.0.1", pb));
	show_peer("connected", a);
	SHOW(send(a, "to b", 4, 0));
	SHOW(recv(b, buf, 100, 0));
	SHOW(send_to(c, "from c", 6, "127.0.0.1", pa));
	SHOW(recv(a, buf, 100, MSG_DONTWAIT));
	SHOW(send_to(b, "from b", 6, "127.0.0.1", pa));
	SHOW(recv(a, buf, 100, 0));
	/* An address goes before the peer. */
	SHOW(send_to(a, "to c", 4, "127.0.0.1", pc));
	SHOW(recv(c, buf, 100, 0));
	SHOW(connect_to(a, "127.0.0.1", pc));
	SHOW(write(a, "to c", 4));
	SHOW(recv(c, buf, 100, 0));
	SHOW(connect(a, &none, sizeof(none)));
	show_peer("disconnected", a);
	show_name("disconnected", a);
	SHOW(write(a, "x", 1));

	fd = new_socket(AF_INET, SOCK_DGRAM);
	SHOW(connect_to(fd, "127.0.0.1", pb));
	show_name("by connect", fd);
	SHOW(bind_to(fd, "127.0.0.1", 0));
	SHOW(connect(fd, &none, sizeof(none)));
	show_name("and back", fd);
	SHOW(bind_to(fd, "127.0.0.1", 0));
	SHOW(connect_to(fd, "127.255.255.255", pb));
	close(fd);

	/* Nobody there: the sender hears of it if it is connected. */
	fd = new_socket(AF_INET, SOCK_DGRAM);
	SHOW(send_to(fd, "x", 1, "127.0.0.1", unused_port()));
	show_error("not connected", fd);
	CHECK(connect_to(fd, "127.0.0.1", unused_port()) == 0);
	SHOW(send(fd, "x", 1, 0));
	wait_for(fd, POLLERR);
	poll_bits("refused", fd);
	SHOW(send(fd, "x", 1, 0));
	SHOW(send(fd, "x", 1, 0));
	wait_for(fd, POLLERR);
	SHOW(recv(fd, buf, 100, 0));
	SHOW(recv(fd, buf, 100, MSG_DONTWAIT));
	CHECK(send(fd, "x", 1, 0) == 1);
	wait_for(fd, POLLERR);
	show_error("refused", fd);
	show_error("taken", fd);
	poll_bits("taken", fd);
	/* It comes before what is in the queue. */
	CHECK(send_to(fd, "x", 1, "127.0.0.1", pb) == 1);
	CHECK(send(fd, "x", 1, 0) == 1);
	wait_for(fd, POLLERR);
	SHOW(send_to(fd, "x", 1, "127.0.0.1", pb));
	close(fd);
	fd = new_socket(AF_INET, SOCK_DGRAM);
	CHECK(connect_to(fd, "127.0.0.1", pb) == 0);
	SHOW(shutdown(fd, SHUT_RDWR));
	poll_bits("shut", fd);
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(recv(fd, buf, 1, 0));
	return 0;
}

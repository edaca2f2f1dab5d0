/* TCP_INFO and the states of a connection's life; what TCP_INFO counts. */
#include "inet.h"

static char buf[1000];

/* Not in every libc's struct tcp_info. */
static int bytes_received(int fd)
{
	char info[256] = {0};
	socklen_t len = sizeof(info);
	uint64_t n;

	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0);
	CHECK(len >= 136);
	memcpy(&n, info + 128, sizeof(n));
	return (int)n;
}

int main(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int port, l, c, s;

	l = new_socket(AF_INET, SOCK_STREAM);
	show_state("new", l);
	CHECK(bind_to(l, "127.0.0.1", 0) == 0);
	show_state("bound", l);
	CHECK(listen(l, 7) == 0);
	show_state("listening", l);
	port = port_of(l);
	CHECK(getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	printf("queue %d of %d\n", info.tcpi_unacked, info.tcpi_sacked);
	c = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(c, "127.0.0.1", port) == 0);
	wait_for(l, POLLIN);
	CHECK(getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	printf("queue %d of %d\n", info.tcpi_unacked, info.tcpi_sacked);
	s = accept(l, NULL, NULL);
	show_state("client", c);
	show_state("server", s);
	CHECK(write(c, buf, 700) == 700);
	CHECK(recv(s, buf, 700, MSG_WAITALL) == 700);
	CHECK(write(s, buf, 33) == 33);
	CHECK(recv(c, buf, 33, MSG_WAITALL) == 33);
	printf("server received %d, client %d\n", bytes_received(s), bytes_received(c));
	CHECK(getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	printf("lost %d, retransmits %d\n", info.tcpi_lost, info.tcpi_retransmits);
	CHECK(shutdown(c, SHUT_WR) == 0);
	wait_for(s, POLLRDHUP);
	show_state("client shut", c);
	show_state("server", s);
	CHECK(shutdown(s, SHUT_WR) == 0);
	wait_for(c, POLLHUP);
	wait_for(s, POLLHUP);
	show_state("client", c);
	show_state("server", s);
	close(c);
	close(s);
	/* Short reads of it are fine. */
	len = 1;
	SHOW(getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &len));
	printf("%d byte, state %d\n", (int)len, info.tcpi_state);
	SHOW(setsockopt(l, IPPROTO_TCP, TCP_INFO, &info, sizeof(info)));
	SHOW(listen(l, 3));
	show_state("listening again", l);
	TRUTH(get_opt(l, SOL_SOCKET, SO_ACCEPTCONN) == 1);
	close(l);
	return 0;
}

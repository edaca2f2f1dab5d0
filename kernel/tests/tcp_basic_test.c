/* TCP: socket(2)'s arguments, names, accept, bytes both ways, the end, half-close. */
#include "inet.h"

static char buf[100];

static void kinds(void)
{
	SHOW_OK(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
	SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SHOW(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SHOW_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
	SHOW(socket(AF_INET, SOCK_STREAM, 300));
	SHOW(socket(AF_INET, SOCK_STREAM, -1));
	SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
	SHOW(socket(AF_INET, SOCK_RDM, 0));
	SHOW(socket(AF_INET, SOCK_RAW, 0));
	SHOW(socket(AF_INET, 77, 0));
	int p[2];
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, p));
	for (int fd = 3; fd < 10; fd++)
		close(fd);
}

int main(void)
{
	union any_addr a;
	socklen_t len = sizeof(a);
	int port, l, c, s;

	for (int fd = 3; fd < 20; fd++)
		close(fd);
	kinds();
	l = new_socket(AF_INET, SOCK_STREAM);
	show_name("new", l);
	show_peer("new", l);
	SHOW(bind_to(l, "127.0.0.1", 0));
	show_name("bound", l);
	SHOW(listen(l, 5));
	port = port_of(l);
	c = new_socket(AF_INET, SOCK_STREAM);
	SHOW(connect_to(c, "127.0.0.1", port));
	show_name("client", c);
	show_peer("client", c);
	s = accept4(l, &a.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK(s >= 0);
	show_addr("accept's address", &a, len);
	TRUTH(ntohs(a.in.sin_port) == port_of(c));
	show_name("server", s);
	show_peer("server", s);
	TRUTH(port_of(s) == port);
	TRUTH((fcntl(s, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR));
	TRUTH(fcntl(s, F_GETFD) == FD_CLOEXEC);
	SHOW(read(s, buf, 10));
	SHOW(write(c, "hello", 5));
	wait_for(s, POLLIN);
	SHOW(read(s, buf, 3));
	SHOW(read(s, buf, 10));
	SHOW(read(s, buf, 10));
	SHOW(write(c, "", 0));
	SHOW(send(s, "answer", 6, 0));
	SHOW(shutdown(s, SHUT_WR));
	wait_for(c, POLLRDHUP);
	SHOW(recv(c, buf, 100, 0));
	SHOW(recv(c, buf, 100, 0));
	SHOW(send(c, "still", 5, 0));
	wait_for(s, POLLIN);
	SHOW(recv(s, buf, 100, 0));
	SHOW(send(s, "x", 1, MSG_NOSIGNAL));
	SHOW(close(c));
	wait_for(s, POLLRDHUP);
	SHOW(recv(s, buf, 100, 0));
	close(s);

	/* The truncated address of accept, and errors. */
	c = new_socket(AF_INET, SOCK_STREAM);
	CHECK(connect_to(c, "127.0.0.1", port) == 0);
	len = 4;
	memset(&a, 0x55, sizeof(a));
	s = accept(l, &a.sa, &len);
	printf("length %d, family %d, behind it %x\n", (int)len, a.sa.sa_family,
		((unsigned char *)&a)[5]);
	SHOW(accept(c, NULL, NULL));
	SHOW(accept(0, NULL, NULL));
	SHOW(accept(99, NULL, NULL));
	SHOW(listen(c, 1));
	SHOW(connect_to(c, "127.0.0.1", port));
	SHOW(connect_to(l, "127.0.0.1", port));
	SHOW(bind_to(c, "127.0.0.1", 0));
	SHOW(lseek(c, 0, SEEK_SET));
	SHOW(send(l, "x", 1, MSG_NOSIGNAL));
	SHOW(recv(l, buf, 1, 0));
	len = sizeof(a);
	SHOW(sendto(c, "x", 1, 0, &a.sa, len));
	SHOW(recvfrom(s, buf, 1, 0, &a.sa, &len));
	printf("recvfrom's address: %d bytes\n", (int)len);
	SHOW(recv(new_socket(AF_INET, SOCK_STREAM), buf, 1, 0));
	SHOW(send(new_socket(AF_INET, SOCK_STREAM), buf, 1, MSG_NOSIGNAL));
	return 0;
}

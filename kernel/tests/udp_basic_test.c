/* UDP: datagrams, their bounds, names, peeking, cutting, empty ones, sizes, poll. */
#include "inet.h"

static char buf[70000];

int main(void)
{
	union any_addr a;
	socklen_t len = sizeof(a);
	int port, port2, u = new_udp(&port), v = new_udp(&port2), n = -1;

	show_name("bound", u);
	show_peer("bound", u);
	poll_bits("empty", u);
	SHOW(recv(u, buf, 10, MSG_DONTWAIT));
	SHOW(send_to(v, "first", 5, "127.0.0.1", port));
	SHOW(send_to(v, "", 0, "127.0.0.1", port));
	SHOW(send_to(v, "third one", 9, "127.0.0.1", port));
	wait_for(u, POLLIN);
	poll_bits("three", u);
	CHECK(ioctl(u, FIONREAD, &n) == 0);
	printf("FIONREAD %d\n", n);
	SHOW(recv(u, buf, 100, MSG_PEEK));
	SHOW(recvfrom(u, buf, 100, 0, &a.sa, &len));
	show_addr("from", &a, len);
	TRUTH(ntohs(a.in.sin_port) == port2);
	SHOW(recv(u, buf, 100, 0));
	SHOW(recv(u, buf, 5, MSG_PEEK | MSG_TRUNC));
	SHOW(recv(u, buf, 5, 0));
	SHOW(recv(u, buf, 5, MSG_DONTWAIT));
	CHECK(send_to(v, "cut me", 6, "127.0.0.1", port) == 6);
	SHOW(recv(u, buf, 2, MSG_TRUNC));
	CHECK(send_to(v, "cut me", 6, "127.0.0.1", port) == 6);
	struct iovec iov[2] = {{buf, 2}, {buf + 10, 2}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_name = &a, .msg_namelen = 8};
	SHOW(recvmsg(u, &m, 0));
	printf("flags %d, name of %d bytes\n", m.msg_flags == MSG_TRUNC, (int)m.msg_namelen);
	SHOW(read(u, buf, 0));

	/* Sizes. */
	SHOW(send_to(v, buf, 65507, "127.0.0.1", port));
	SHOW(recv(u, buf, sizeof(buf), 0));
	SHOW(send_to(v, buf, 65508, "127.0.0.1", port));
	SHOW(send_to(v, buf, 70000, "127.0.0.1", port));

	/* Who has no port gets one; who is named wrongly does not. */
	int w = new_socket(AF_INET, SOCK_DGRAM);
	SHOW(send(w, "x", 1, 0));
	show_name("before", w);
	SHOW(send_to(w, "x", 1, "127.0.0.1", port));
	show_name("after", w);
	SHOW(send_to(w, "x", 1, "127.0.0.1", 0));
	struct sockaddr_in b = in4("127.0.0.1", port);
	SHOW(sendto(w, "x", 1, 0, (struct sockaddr *)&b, 15));
	SHOW(sendto(w, "x", 1, 0, (struct sockaddr *)&b, 100));
	b.sin_family = AF_UNIX;
	SHOW(sendto(w, "x", 1, 0, (struct sockaddr *)&b, sizeof(b)));
	b.sin_family = AF_UNSPEC;
	SHOW(sendto(w, "x", 1, 0, (struct sockaddr *)&b, sizeof(b)));
	SHOW(sendto(w, bad_address, 1, 0, (struct sockaddr *)&b, sizeof(b)));
	SHOW(send_to(w, "x", 1, "127.255.255.255", port));
	SHOW(send_to(w, "x", 1, "0.0.0.0", port));
	SHOW(sendto(w, "x", 1, MSG_OOB, (struct sockaddr *)&b, sizeof(b)));
	SHOW(listen(w, 1));
	SHOW(accept(w, NULL, NULL));
	SHOW(recv(w, buf, 1, MSG_DONTWAIT | MSG_OOB));
	close(w);
	/* shutdown: without a peer it says so, and acts. */
	SHOW(shutdown(u, SHUT_RD));
	poll_bits("shut RD", u);
	while (recv(u, buf, 10, MSG_DONTWAIT) > 0)
		;
	SHOW(recv(u, buf, 10, 0));
	SHOW(shutdown(v, SHUT_WR));
	SHOW(send_to(v, "x", 1, "127.0.0.1", port));
	return 0;
}

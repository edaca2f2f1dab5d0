/* UDP's receive queue: what is too much is dropped, never the order; several processes that receive
 * from one socket; SO_REUSEPORT; UDP_CORK and MSG_MORE; sendmmsg and recvmmsg. */
#include "inet.h"
#include <netinet/udp.h>

static char buf[2000];
static int u, pu;

static void overflow(void)
{
	int v, pv, last = -1, got = 0, n;

	v = new_udp(&pv);
	set_opt(u, SOL_SOCKET, SO_RCVBUF, 20000);
	for (int i = 0; i < 1000; i++) {
		memcpy(buf, &i, sizeof(i));
		CHECK(send_to(v, buf, 1000, "127.0.0.1", pu) == 1000);
	}
	while (recv(u, buf, sizeof(buf), MSG_DONTWAIT) == 1000) {
		memcpy(&n, buf, sizeof(n));
		CHECK(n > last);
		last = n;
		got++;
	}
	TRUTH(got >= 5 && got < 100);
	TRUTH(last == got - 1);
	CHECK(send_to(v, "room", 4, "127.0.0.1", pu) == 4);
	SHOW(recv(u, buf, sizeof(buf), 0));
	close(v);
}

static void taker(void)
{
	int n = 0;

	while (recv(u, buf, sizeof(buf), 0) > 0)
		n++;
	_exit(n);
}
static void shared(void)
{
	pid_t pids[3];
	int v, pv, total = 0, status;

	v = new_udp(&pv);
	set_opt(u, SOL_SOCKET, SO_RCVBUF, 200000);
	for (int i = 0; i < 3; i++)
		pids[i] = child(taker);
	for (int i = 0; i < 50; i++)
		CHECK(send_to(v, "x", 1, "127.0.0.1", pu) == 1);
	/* An empty one ends each. */
	for (int i = 0; i < 3; i++)
		CHECK(send_to(v, "", 0, "127.0.0.1", pu) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status));
		total += WEXITSTATUS(status);
	}
	printf("taken %d\n", total);
	close(v);
}

static void reuseport(void)
{
	int a = new_socket(AF_INET, SOCK_DGRAM), b = new_socket(AF_INET, SOCK_DGRAM), port,
	    n[2] = {0};

	set_opt(a, SOL_SOCKET, SO_REUSEPORT, 1);
	set_opt(b, SOL_SOCKET, SO_REUSEPORT, 1);
	CHECK(bind_to(a, "127.0.0.1", 0) == 0);
	port = port_of(a);
	SHOW(bind_to(b, "127.0.0.1", port));
	for (int i = 0; i < 200; i++) {
		int v = new_socket(AF_INET, SOCK_DGRAM);

		CHECK(send_to(v, "x", 1, "127.0.0.1", port) == 1);
		close(v);
	}
	for (int i = 0; i < 200; i++) {
		if (recv(a, buf, 1, MSG_DONTWAIT) == 1)
			n[0]++;
		if (recv(b, buf, 1, MSG_DONTWAIT) == 1)
			n[1]++;
	}
	printf("both %d\n", n[0] + n[1]);
	TRUTH(n[0] > 20 && n[1] > 20);
	/* One end always meets the same one. */
	int v = new_socket(AF_INET, SOCK_DGRAM);
	for (int i = 0; i < 20; i++)
		CHECK(send_to(v, "x", 1, "127.0.0.1", port) == 1);
	n[0] = 0;
	while (recv(a, buf, 1, MSG_DONTWAIT) == 1)
		n[0]++;
	TRUTH(n[0] == 0 || n[0] == 20);
	close(a);
	close(b);
	close(v);
}

static void cork(void)
{
	int v, pv;

	v = new_udp(&pv);
	CHECK(connect_to(v, "127.0.0.1", pu) == 0);
	SHOW(send(v, "one ", 4, MSG_MORE));
	SHOW(recv(u, buf, 100, MSG_DONTWAIT));
	SHOW(send(v, "two ", 4, MSG_MORE));
	SHOW(send(v, "three", 5, 0));
	SHOW(recv(u, buf, 100, 0));
	TRUTH(memcmp(buf, "one two three", 13) == 0);
	set_opt(v, IPPROTO_UDP, UDP_CORK, 1);
	SHOW(get_opt(v, IPPROTO_UDP, UDP_CORK));
	SHOW(send(v, "a", 1, 0));
	SHOW(send(v, "b", 1, 0));
	SHOW(recv(u, buf, 100, MSG_DONTWAIT));
	set_opt(v, IPPROTO_UDP, UDP_CORK, 0);
	SHOW(recv(u, buf, 100, 0));
	close(v);
}

static void many(void)
{
	struct mmsghdr m[5];
	struct iovec iov[5];
	int v, pv;

	v = new_udp(&pv);
	CHECK(connect_to(v, "127.0.0.1", pu) == 0);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 5; i++) {
		iov[i] = (struct iovec){buf + i * 100, (size_t)i + 1};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	SHOW(sendmmsg(v, m, 5, 0));
	wait_for(u, POLLIN);
	for (int i = 0; i < 5; i++)
		iov[i].iov_len = 3;
	SHOW(recvmmsg(u, m, 5, MSG_DONTWAIT, NULL));
	for (int i = 0; i < 5; i++)
		printf("%d bytes, cut %d\n", (int)m[i].msg_len,
			(m[i].msg_hdr.msg_flags & MSG_TRUNC) != 0);
	SHOW(recvmmsg(u, m, 5, MSG_DONTWAIT, NULL));
	close(v);
}

int main(void)
{
	u = new_udp(&pu);
	cork();
	many();
	reuseport();
	shared();
	overflow();
	return 0;
}

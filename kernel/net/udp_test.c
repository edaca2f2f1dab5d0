/*
 * Tests of UDP and of its ports through the system calls: who gets a datagram, queues, errors that
 * come back, groups; binds, closes and receives that meet.
 */
#include "tests/ktest_proc.h"
#include "net/udp.h"
#include "lib/alloc.h"
#include "lib/str.h"

static uaddr_t addr4(uint32_t address, uint16_t port)
{
	struct abi_sockaddr_in in = {
		.family = AF_INET, .port = net16(port), .addr = net32(address)};

	return u_bytes(&in, sizeof(in));
}

static uint16_t port_of(int fd)
{
	uaddr_t a = u_alloc(sizeof(struct abi_sockaddr_in6)), len = u_alloc(4);

	*U_PTR(uint32_t, len) = sizeof(struct abi_sockaddr_in6);
	CHECK_EQ(sys_getsockname(fd, a, len), 0);
	return net16(U_PTR(struct abi_sockaddr_in, a)->port);
}

static int new_udp(uint16_t *port)
{
	int fd = sys_socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	CHECK_EQ(sys_bind(fd, addr4(INADDR_LOOPBACK, 0), 16), 0);
	*port = port_of(fd);
	return fd;
}

static int send_to(int fd, uint32_t n, uint32_t address, uint16_t port)
{
	return sys_sendto(fd, u_alloc(n ? n : 1), n, 0, addr4(address, port), 16);
}

static int receive(int fd)
{
	return sys_recvfrom(fd, u_alloc(100), 100, MSG_DONTWAIT, 0, 0);
}

static void set_int(int fd, int level, int name, int n)
{
	CHECK_EQ(sys_setsockopt(fd, level, name, u_bytes(&n, 4), 4), 0);
}

PROC_TEST(udp_datagram_goes_to_the_most_fitting_socket)
{
	uint16_t port, other;
	int any = sys_socket(AF_INET, SOCK_DGRAM, 0), one, peer, from;

	set_int(any, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(sys_bind(any, addr4(0, 0), 16), 0);
	port = port_of(any);
	one = sys_socket(AF_INET, SOCK_DGRAM, 0);
	set_int(one, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(sys_bind(one, addr4(INADDR_LOOPBACK, port), 16), 0);
	from = new_udp(&other);
	peer = sys_socket(AF_INET, SOCK_DGRAM, 0);
	set_int(peer, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(sys_bind(peer, addr4(INADDR_LOOPBACK, port), 16), 0);
	CHECK_EQ(sys_connect(peer, addr4(INADDR_LOOPBACK, other), 16), 0);
	CHECK_EQ(send_to(from, 1, INADDR_LOOPBACK, port), 1);
	CHECK_EQ(receive(peer), 1);
	CHECK_EQ(send_to(any, 2, INADDR_LOOPBACK, port), 2);
	CHECK_EQ(receive(one), 2);
	CHECK_EQ(send_to(from, 3, INADDR_LOOPBACK + 1, port), 3);
	CHECK_EQ(receive(any), 3);
	CHECK_EQ(receive(peer), -EAGAIN);
	CHECK_EQ(sys_close(any), 0);
	CHECK_EQ(sys_close(one), 0);
	CHECK_EQ(sys_close(peer), 0);
	CHECK_EQ(sys_close(from), 0);
}

PROC_TEST(udp_queue_that_is_full_drops)
{
	uint16_t port, other;
	int u = new_udp(&port), v = new_udp(&other), n = 0;
	uint32_t before;

	set_int(u, SOL_SOCKET, SO_RCVBUF, 2000);
	before = ktest_objects();
	for (int i = 0; i < 50; i++)
		CHECK_EQ(send_to(v, 100, INADDR_LOOPBACK, port), 100);
	CHECK(ktest_objects() - before < 10);
	while (receive(u) == 100)
		n++;
	CHECK(n >= 4 && n < 10);
	CHECK_EQ(ktest_objects(), before);
	CHECK_EQ(sys_close(u), 0);
	CHECK_EQ(sys_close(v), 0);
}

PROC_TEST(udp_close_frees_what_nobody_received)
{
	uint16_t port;
	int u = new_udp(&port), back;

	set_int(u, SOL_IP, IP_RECVERR, 1);
	for (int i = 0; i < 3; i++) {
		back = send_to(u, 50, INADDR_LOOPBACK, port);
		CHECK(back == 50 || back == -ECONNREFUSED);
		back = send_to(u, 50, INADDR_LOOPBACK + 9, 1);
		CHECK(back == 50 || back == -ECONNREFUSED);
	}
	CHECK_EQ(send_to(u, 1, INADDR_LOOPBACK, port), -ECONNREFUSED);
	CHECK_EQ(sys_sendto(u, u_alloc(5), 5, MSG_MORE, addr4(INADDR_LOOPBACK, port), 16), 5);
	CHECK_EQ(sys_close(u), 0);
}

PROC_TEST(udp_without_memory_loses_nothing_but_the_datagram)
{
	uint16_t port;
	int u = new_udp(&port), err;
	uaddr_t data = u_alloc(10), to = addr4(INADDR_LOOPBACK, port);

	alloc_fail_after(1);
	err = sys_sendto(u, data, 10, 0, to, 16);
	alloc_fail_after(0);
	CHECK_EQ(err, -ENOBUFS);
	CHECK_EQ(receive(u), -EAGAIN);
	CHECK_EQ(sys_sendto(u, data, 10, 0, to, 16), 10);
	CHECK_EQ(receive(u), 10);
	CHECK_EQ(sys_close(u), 0);
}

PROC_TEST(udp_group_reaches_members_and_goes_with_the_socket)
{
	struct abi_ip_mreqn r = {.multiaddr = net32(0xef010203u)};
	uint16_t port;
	int u = sys_socket(AF_INET, SOCK_DGRAM, 0), v = sys_socket(AF_INET, SOCK_DGRAM, 0);

	CHECK_EQ(sys_bind(u, addr4(0, 0), 16), 0);
	port = port_of(u);
	CHECK_EQ(send_to(v, 4, 0xef010203u, port), 4);
	CHECK_EQ(receive(u), -EAGAIN);
	CHECK_EQ(sys_setsockopt(u, SOL_IP, IP_ADD_MEMBERSHIP, u_bytes(&r, 12), 12), 0);
	CHECK_EQ(sys_setsockopt(u, SOL_IP, IP_ADD_MEMBERSHIP, u_bytes(&r, 12), 12), -EADDRINUSE);
	CHECK_EQ(send_to(v, 4, 0xef010203u, port), 4);
	CHECK_EQ(receive(u), 4);
	CHECK_EQ(sys_close(u), 0);
	CHECK_EQ(sys_close(v), 0);
}

/* ---- threads that meet ---- */

struct job {
	int fd, result;
	uint16_t port;
};

static void receive_one(void *arg)
{
	struct job *j = arg;

	j->result = sys_recvfrom(j->fd, u_alloc(100), 100, 0, 0, 0);
}

PROC_DET_TEST(udp_receivers_asleep_get_one_datagram_each, 1000)
{
	uint16_t port, other;
	int u = new_udp(&port), v = new_udp(&other);
	struct job j[2] = {{.fd = u}, {.fd = u}};
	struct thread *t[2];

	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(receive_one, &j[i]);
	CHECK_EQ(send_to(v, 7, INADDR_LOOPBACK, port), 7);
	CHECK_EQ(send_to(v, 9, INADDR_LOOPBACK, port), 9);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(j[0].result + j[1].result, 16);
	CHECK_EQ(sys_close(u), 0);
	CHECK_EQ(sys_close(v), 0);
}

PROC_DET_TEST(udp_receiver_asleep_wakes_for_a_shutdown_or_an_error, 1000)
{
	uint32_t seed = ktest_seed();
	uint16_t port, gone;
	int u = new_udp(&port), v = new_udp(&gone);
	struct job j = {.fd = u};
	struct thread *t;

	CHECK_EQ(sys_close(v), 0);
	CHECK_EQ(sys_connect(u, addr4(INADDR_LOOPBACK, gone), 16), 0);
	t = ktest_thread(receive_one, &j);
	if (seed & 1)
		ktest_wait_asleep(t);
	if (seed & 2)
		CHECK_EQ(sys_shutdown(u, SHUT_RD), 0);
	else
		CHECK_EQ(sys_write(u, u_alloc(1), 1), 1);
	ktest_join(t);
	CHECK_EQ(j.result, seed & 2 ? 0 : -ECONNREFUSED);
	CHECK_EQ(sys_close(u), 0);
}

static void send_some(void *arg)
{
	struct job *j = arg;

	for (int i = 0; i < 3; i++)
		j->result = send_to(j->fd, 20, INADDR_LOOPBACK, j->port);
}

/* The receiver closes, and its port gets another owner, while datagrams are on their way. */
PROC_DET_TEST(udp_send_beside_close_and_bind_reaches_one_or_none, 1000)
{
	uint16_t port, other;
	int u = new_udp(&port), w = sys_socket(AF_INET, SOCK_DGRAM, 0), n = 0;
	struct job j = {.fd = new_udp(&other), .port = port};
	struct thread *t = ktest_thread(send_some, &j);

	while (receive(u) == 20)
		n++;
	CHECK_EQ(sys_close(u), 0);
	CHECK_EQ(sys_bind(w, addr4(INADDR_LOOPBACK, port), 16), 0);
	ktest_join(t);
	while (receive(w) == 20)
		n++;
	CHECK(n <= 3);
	CHECK_EQ(j.result, 20);
	CHECK_EQ(sys_close(w), 0);
	CHECK_EQ(sys_close(j.fd), 0);
}

static void bind_it(void *arg)
{
	struct job *j = arg;

	j->result = sys_bind(j->fd, addr4(INADDR_LOOPBACK, j->port), 16);
}

PROC_DET_TEST(inet_two_binds_of_one_port_have_one_winner, 1000)
{
	uint16_t port;
	int first = new_udp(&port);
	struct job a = {.port = port}, b = {.port = port};
	struct thread *t;

	a.fd = sys_socket(AF_INET, SOCK_DGRAM, 0);
	b.fd = sys_socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(sys_close(first), 0);
	t = ktest_thread(bind_it, &a);
	bind_it(&b);
	ktest_join(t);
	CHECK_EQ(a.result + b.result, -EADDRINUSE);
	CHECK_EQ(sys_close(a.fd), 0);
	CHECK_EQ(sys_close(b.fd), 0);
}

static void join_and_leave(void *arg)
{
	struct job *j = arg;
	struct abi_ip_mreqn r = {.multiaddr = net32(0xef010203u)};
	uaddr_t value = u_bytes(&r, 12);

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sys_setsockopt(j->fd, SOL_IP, IP_ADD_MEMBERSHIP, value, 12), 0);
		CHECK_EQ(sys_setsockopt(j->fd, SOL_IP, IP_DROP_MEMBERSHIP, value, 12), 0);
	}
}

PROC_DET_TEST(udp_group_joined_and_left_beside_a_send, 500)
{
	uint16_t port;
	int v = new_udp(&port);
	struct job j = {.fd = sys_socket(AF_INET, SOCK_DGRAM, 0)};
	struct thread *t;

	CHECK_EQ(sys_bind(j.fd, addr4(0, 0), 16), 0);
	t = ktest_thread(join_and_leave, &j);
	CHECK_EQ(send_to(v, 4, 0xef010203u, port_of(j.fd)), 4);
	CHECK_EQ(send_to(v, 4, 0xef010203u, port_of(j.fd)), 4);
	ktest_join(t);
	CHECK_EQ(sys_close(j.fd), 0);
	CHECK_EQ(sys_close(v), 0);
}

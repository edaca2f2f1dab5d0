/*
 * Tests of TCP through the system calls: connections, bytes, ends and resets, and threads that meet
 * in them.
 */
#include "tests/ktest_proc.h"
#include "net/tcp.h"
#include "proc/internal.h"
#include "abi/termios.h"
#include "lib/alloc.h"
#include "lib/str.h"

/* What a connection leaves behind for a minute is no leak of the next test's ports. */
static void forget(void)
{
	inet_time_wait_clear();
}

static void catch_sigpipe(void)
{
	proc_self()->actions[SIGPIPE].handler = 1024;
}

static bool took_signal(int signo)
{
	struct thread *t = thread_self();
	struct abi_siginfo info;
	int got;

	lock_acquire(&t->proc->sig_lock);
	got = signal_dequeue_locked(t, SIGBIT(signo), &info);
	signal_recalc_locked(t);
	lock_release(&t->proc->sig_lock);
	return got == signo;
}

static uaddr_t lo_addr(uint16_t port)
{
	struct abi_sockaddr_in in = {
		.family = AF_INET, .port = net16(port), .addr = net32(INADDR_LOOPBACK)};

	return u_bytes(&in, sizeof(in));
}

static uint16_t port_of(int fd)
{
	uaddr_t a = u_alloc(sizeof(struct abi_sockaddr_in6)), len = u_alloc(4);

	*U_PTR(uint32_t, len) = sizeof(struct abi_sockaddr_in6);
	CHECK_EQ(sys_getsockname(fd, a, len), 0);
	return net16(U_PTR(struct abi_sockaddr_in, a)->port);
}

static int new_socket(void)
{
	int fd = sys_socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	return fd;
}

static int new_listener(int backlog, uint16_t *port)
{
	int fd = new_socket();

	CHECK_EQ(sys_bind(fd, lo_addr(0), 16), 0);
	CHECK_EQ(sys_listen(fd, backlog), 0);
	*port = port_of(fd);
	return fd;
}

struct pair {
	int listener, client, server;
	uint16_t port;
};

static struct pair new_pair(void)
{
	struct pair p;

	p.listener = new_listener(5, &p.port);
	p.client = new_socket();
	CHECK_EQ(sys_connect(p.client, lo_addr(p.port), 16), 0);
	p.server = sys_accept4(p.listener, 0, 0, 0);
	CHECK(p.server >= 0);
	return p;
}

static void close_pair(const struct pair *p)
{
	CHECK_EQ(sys_close(p->client), 0);
	CHECK_EQ(sys_close(p->server), 0);
	CHECK_EQ(sys_close(p->listener), 0);
	forget();
}

static int get_error(int fd)
{
	uaddr_t v = u_alloc(4), len = u_alloc(4);

	*U_PTR(uint32_t, len) = 4;
	CHECK_EQ(sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, v, len), 0);
	return *U_PTR(int, v);
}

static void set_int(int fd, int level, int name, int n)
{
	CHECK_EQ(sys_setsockopt(fd, level, name, u_bytes(&n, 4), 4), 0);
}

static uint32_t poll_bits(int fd, int events)
{
	struct abi_pollfd p = {.fd = fd, .events = (int16_t)events};
	uaddr_t a = u_bytes(&p, sizeof(p));
	struct abi_timespec zero = {0};

	CHECK(sys_ppoll_time64(a, 1, u_bytes(&zero, sizeof(zero)), 0, 0) >= 0);
	return (uint16_t)U_PTR(struct abi_pollfd, a)->revents;
}
#define EVERYTHING                                                                                 \
	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM)
#define ALL_OUT (POLLOUT | POLLWRNORM)
#define ALL_IN (POLLIN | POLLRDNORM)

static uaddr_t pattern(uint32_t from, uint32_t n)
{
	uaddr_t a = u_alloc(n ? n : 1);
	uint8_t *p = u_ptr(a, n);

	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)((from + i) * 7 + (from + i) / 251);
	return a;
}

static void check_pattern(uaddr_t a, uint32_t from, uint32_t n)
{
	const uint8_t *p = u_ptr(a, n);

	for (uint32_t i = 0; i < n; i++)
		CHECK_EQ(p[i], (uint8_t)((from + i) * 7 + (from + i) / 251));
}

/* ---- one thread ---- */

PROC_TEST(tcp_carries_bytes_both_ways_and_then_the_end)
{
	struct pair p = new_pair();
	uaddr_t buf = u_alloc(100);

	CHECK_EQ(sys_write(p.client, pattern(0, 30), 30), 30);
	CHECK_EQ(sys_read(p.server, buf, 10), 10);
	check_pattern(buf, 0, 10);
	CHECK_EQ(sys_read(p.server, buf, 100), 20);
	check_pattern(buf, 10, 20);
	CHECK_EQ(sys_write(p.server, pattern(0, 5), 5), 5);
	CHECK_EQ(sys_shutdown(p.server, SHUT_WR), 0);
	CHECK_EQ(sys_read(p.client, buf, 100), 5);
	CHECK_EQ(sys_read(p.client, buf, 100), 0);
	CHECK_EQ(sys_write(p.client, buf, 7), 7);
	CHECK_EQ(sys_read(p.server, buf, 100), 7);
	close_pair(&p);
}

PROC_TEST(tcp_connect_to_a_port_without_listener_is_refused)
{
	uint16_t port;
	int l = new_listener(1, &port), fd = new_socket();

	CHECK_EQ(sys_close(l), 0);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), -ECONNREFUSED);
	CHECK_EQ(get_error(fd), 0);
	CHECK_EQ(poll_bits(fd, EVERYTHING), ALL_OUT | POLLHUP);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(tcp_nonblocking_connect_tells_its_result_later)
{
	uint16_t port;
	int l = new_listener(1, &port);
	int fd = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), -EINPROGRESS);
	CHECK_EQ(poll_bits(fd, EVERYTHING), ALL_OUT);
	CHECK_EQ(get_error(fd), 0);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), 0);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), -EISCONN);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_close(l), 0);
	fd = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), -EINPROGRESS);
	CHECK_EQ(poll_bits(fd, EVERYTHING), ALL_IN | ALL_OUT | POLLERR | POLLHUP | POLLRDHUP);
	CHECK_EQ(get_error(fd), ECONNREFUSED);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), -ECONNABORTED);
	CHECK_EQ(sys_close(fd), 0);
	forget();
}

PROC_TEST(tcp_full_backlog_lets_a_client_wait_for_accept)
{
	uint16_t port;
	int l = new_listener(0, &port), a = new_socket(), s;
	int b = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	CHECK_EQ(sys_connect(a, lo_addr(port), 16), 0);
	CHECK_EQ(sys_connect(b, lo_addr(port), 16), -EINPROGRESS);
	CHECK_EQ(poll_bits(b, EVERYTHING), 0);
	CHECK_EQ(sys_connect(b, lo_addr(port), 16), -EALREADY);
	s = sys_accept4(l, 0, 0, 0);
	CHECK(s >= 0);
	CHECK_EQ(poll_bits(b, EVERYTHING), ALL_OUT);
	CHECK_EQ(sys_close(s), 0);
	/* The listener goes with one in its queue, and one that waits. */
	s = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(sys_connect(s, lo_addr(port), 16), -EINPROGRESS);
	CHECK_EQ(sys_close(l), 0);
	CHECK_EQ(get_error(b), ECONNRESET);
	CHECK_EQ(get_error(s), ECONNREFUSED);
	CHECK_EQ(sys_close(a), 0);
	CHECK_EQ(sys_close(b), 0);
	CHECK_EQ(sys_close(s), 0);
	forget();
}

PROC_TEST(tcp_close_with_unread_data_resets_the_peer)
{
	struct pair p = new_pair();
	uaddr_t buf = u_alloc(10);

	catch_sigpipe();
	CHECK_EQ(sys_write(p.server, buf, 3), 3);
	CHECK_EQ(sys_write(p.client, buf, 3), 3);
	CHECK_EQ(sys_close(p.server), 0);
	CHECK_EQ(poll_bits(p.client, EVERYTHING), ALL_IN | ALL_OUT | POLLERR | POLLHUP | POLLRDHUP);
	CHECK_EQ(sys_read(p.client, buf, 10), 3);
	CHECK_EQ(sys_read(p.client, buf, 10), -ECONNRESET);
	CHECK_EQ(sys_read(p.client, buf, 10), 0);
	CHECK_EQ(sys_write(p.client, buf, 10), -EPIPE);
	CHECK(took_signal(SIGPIPE));
	CHECK_EQ(sys_close(p.client), 0);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

PROC_TEST(tcp_write_to_a_closed_peer_succeeds_once)
{
	struct pair p = new_pair();
	uaddr_t buf = u_alloc(10);

	catch_sigpipe();
	CHECK_EQ(sys_close(p.server), 0);
	CHECK_EQ(poll_bits(p.client, EVERYTHING), ALL_IN | ALL_OUT | POLLRDHUP);
	CHECK_EQ(sys_write(p.client, buf, 10), 10);
	CHECK_EQ(sys_write(p.client, buf, 10), -EPIPE);
	CHECK(took_signal(SIGPIPE));
	CHECK_EQ(sys_read(p.client, buf, 10), 0);
	CHECK_EQ(sys_close(p.client), 0);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

PROC_TEST(tcp_linger_zero_resets)
{
	struct pair p = new_pair();
	struct abi_linger linger = {.onoff = 1};

	CHECK_EQ(sys_setsockopt(p.server, SOL_SOCKET, SO_LINGER, u_bytes(&linger, 8), 8), 0);
	CHECK_EQ(sys_close(p.server), 0);
	CHECK_EQ(sys_read(p.client, u_alloc(4), 4), -ECONNRESET);
	CHECK_EQ(sys_close(p.client), 0);
	CHECK_EQ(sys_close(p.listener), 0);
}

PROC_TEST(tcp_accept_gives_a_connection_that_is_reset_already)
{
	uint16_t port;
	int l = new_listener(1, &port), fd = new_socket(), s;
	struct abi_linger linger = {.onoff = 1};

	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), 0);
	CHECK_EQ(sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, u_bytes(&linger, 8), 8), 0);
	CHECK_EQ(sys_close(fd), 0);
	s = sys_accept4(l, 0, 0, 0);
	CHECK(s >= 0);
	CHECK_EQ(sys_read(s, u_alloc(4), 4), -ECONNRESET);
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(l), 0);
}

PROC_TEST(tcp_urgent_byte_is_apart_and_stops_a_read)
{
	struct pair p = new_pair();
	uaddr_t buf = u_alloc(20), n = u_alloc(4);

	CHECK_EQ(sys_sendto(p.client, u_str("abcX"), 4, MSG_OOB, 0, 0), 4);
	CHECK_EQ(sys_sendto(p.client, u_str("def"), 3, 0, 0, 0), 3);
	CHECK_EQ(poll_bits(p.server, EVERYTHING), ALL_IN | ALL_OUT | POLLPRI);
	CHECK_EQ(sys_ioctl(p.server, SIOCATMARK, n), 0);
	CHECK_EQ(*U_PTR(int, n), 0);
	CHECK_EQ(sys_ioctl(p.server, SIOCINQ, n), 0);
	CHECK_EQ(*U_PTR(int, n), 3);
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, 0, 0, 0), 3);
	CHECK_EQ(sys_ioctl(p.server, SIOCATMARK, n), 0);
	CHECK_EQ(*U_PTR(int, n), 1);
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, MSG_OOB, 0, 0), 1);
	CHECK_EQ(*U_PTR(char, buf), 'X');
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, MSG_OOB, 0, 0), -EINVAL);
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, 0, 0, 0), 3);
	CHECK_EQ(*U_PTR(char, buf), 'd');
	set_int(p.server, SOL_SOCKET, SO_OOBINLINE, 1);
	CHECK_EQ(sys_sendto(p.client, u_str("gY"), 2, MSG_OOB, 0, 0), 2);
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, 0, 0, 0), 1);
	CHECK_EQ(sys_recvfrom(p.server, buf, 20, 0, 0, 0), 1);
	CHECK_EQ(*U_PTR(char, buf), 'Y');
	close_pair(&p);
}

PROC_TEST(tcp_connects_to_itself)
{
	int fd = new_socket();
	uaddr_t buf = u_alloc(4);
	uint16_t port;

	CHECK_EQ(sys_bind(fd, lo_addr(0), 16), 0);
	port = port_of(fd);
	CHECK_EQ(sys_close(fd), 0);
	fd = new_socket();
	CHECK_EQ(sys_bind(fd, lo_addr(port), 16), 0);
	for (int round = 0; round < 2; round++) {
		struct abi_sockaddr_in none = {.family = AF_UNSPEC};

		CHECK_EQ(sys_connect(fd, lo_addr(port), 16), 0);
		CHECK_EQ(sys_write(fd, u_str("self"), 4), 4);
		CHECK_EQ(sys_read(fd, buf, 4), 4);
		CHECK_EQ(sys_connect(fd, u_bytes(&none, 16), 16), 0);
		(void)get_error(fd);
	}
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), 0);
	CHECK_EQ(sys_close(fd), 0);
	forget();
}

/* A socket may have many peers in its life; a late call for one must not reach the next. */
PROC_TEST(tcp_socket_disconnected_and_connected_again_has_a_new_peer)
{
	struct pair p = new_pair();
	struct abi_sockaddr_in none = {.family = AF_UNSPEC};
	uaddr_t buf = u_alloc(8);
	int second;

	catch_sigpipe();
	CHECK_EQ(sys_write(p.server, buf, 8), 8);
	CHECK_EQ(sys_connect(p.client, u_bytes(&none, 16), 16), 0);
	CHECK_EQ(get_error(p.client), ECONNRESET);
	CHECK_EQ(sys_connect(p.client, lo_addr(p.port), 16), 0);
	second = sys_accept4(p.listener, 0, 0, 0);
	CHECK_EQ(sys_write(p.server, buf, 8), -ECONNRESET);
	CHECK_EQ(sys_write(p.server, buf, 8), -EPIPE);
	CHECK(took_signal(SIGPIPE));
	CHECK_EQ(sys_write(second, buf, 3), 3);
	CHECK_EQ(sys_read(p.client, buf, 8), 3);
	/* The accepted one can connect, too. */
	CHECK_EQ(sys_connect(p.server, u_bytes(&none, 16), 16), 0);
	CHECK_EQ(sys_connect(p.server, lo_addr(p.port), 16), 0);
	CHECK_EQ(sys_close(second), 0);
	second = sys_accept4(p.listener, 0, 0, 0);
	CHECK_EQ(sys_write(second, buf, 5), 5);
	CHECK_EQ(sys_read(p.server, buf, 8), 5);
	CHECK_EQ(sys_close(second), 0);
	close_pair(&p);
}

/* Every allocation on the way fails once. */
PROC_TEST(tcp_without_memory_leaves_nothing)
{
	uint16_t port;
	int l = new_listener(5, &port), err, fd, s;
	uaddr_t one = pattern(0, 4);
	uint32_t n = 1;

	CHECK_EQ(sys_fcntl64(l, F_SETFL, O_NONBLOCK), 0);
	do {
		uint32_t before = ktest_objects();

		alloc_fail_after(n++);
		fd = sys_socket(AF_INET, SOCK_STREAM, 0);
		err = fd < 0 ? fd : sys_connect(fd, lo_addr(port), 16);
		if (!err)
			err = sys_write(fd, one, 4);
		alloc_fail_after(0);
		if (fd >= 0)
			CHECK_EQ(sys_close(fd), 0);
		s = sys_accept4(l, 0, 0, 0);
		if (s >= 0)
			CHECK_EQ(sys_close(s), 0);
		CHECK(err == 4 || err == -ENOMEM || err == -ENOBUFS);
		CHECK_EQ(ktest_objects(), before);
	} while (err != 4 && n < 30);
	CHECK_EQ(err, 4);
	CHECK(n > 4);
	CHECK_EQ(sys_close(l), 0);
	forget();
}

PROC_TEST(tcp_kernel_connects_to_a_port)
{
	uint16_t port;
	int l = new_listener(0, &port), s;
	struct sock *sk, *other;
	struct iobuf b;
	struct sock_msg m = {.data = &b};
	char text[4] = "abc";

	CHECK_EQ(tcp_connect_kernel(port, true, &sk), 0);
	CHECK_EQ(tcp_connect_kernel(port, true, &other), -EAGAIN);
	s = sys_accept4(l, 0, 0, 0);
	iob_init_kernel(&b, text, 3);
	CHECK_EQ(sk->ops->sendmsg(sk, &m), 3);
	CHECK_EQ(sys_read(s, u_alloc(8), 8), 3);
	sk->ops->release(sk);
	sock_put(sk);
	CHECK_EQ(sys_read(s, u_alloc(8), 8), 0);
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(l), 0);
	CHECK_EQ(tcp_connect_kernel(port, true, &sk), -ECONNREFUSED);
	forget();
}

/* ---- threads that meet ---- */

struct job {
	int fd;
	uint32_t total, piece, moved;
	int result;
	uint16_t port;
};

static void write_all(void *arg)
{
	struct job *j = arg;
	uaddr_t data = pattern(0, j->total);

	while (j->moved < j->total) {
		uint32_t n = MIN(j->piece, j->total - j->moved);

		j->result = sys_write(j->fd, data + j->moved, n);
		if (j->result <= 0)
			return;
		j->moved += (uint32_t)j->result;
	}
	j->result = sys_close(j->fd);
}

static void read_all(void *arg)
{
	struct job *j = arg;
	uaddr_t buf = u_alloc(j->piece);

	for (;;) {
		j->result = sys_read(j->fd, buf, j->piece);
		if (j->result <= 0)
			return;
		check_pattern(buf, j->moved, (uint32_t)j->result);
		j->moved += (uint32_t)j->result;
	}
}

/* Buffers of 2 KiB: they fill and empty often. */
static void small_buffers(const struct pair *p)
{
	set_int(p->client, SOL_SOCKET, SO_SNDBUF, 1);
	set_int(p->server, SOL_SOCKET, SO_RCVBUF, 1);
}

PROC_DET_TEST(tcp_carries_every_byte_in_order, 1000)
{
	static const uint32_t pieces[] = {500, 1500, 3456, 5000, 12000};
	uint32_t seed = ktest_seed();
	struct pair p = new_pair();
	struct job w = {.fd = p.client, .total = 12000, .piece = pieces[seed % 5]};
	struct job r = {.fd = p.server, .piece = pieces[seed / 5 % 5]};
	struct thread *t;

	small_buffers(&p);
	t = ktest_thread(write_all, &w);
	read_all(&r);
	ktest_join(t);
	CHECK_EQ(w.result, 0);
	CHECK_EQ(r.result, 0);
	CHECK_EQ(r.moved, 12000);
	CHECK_EQ(sys_close(p.server), 0);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

/* Full duplex: the two directions must not take each other's wake-ups away. */
PROC_DET_TEST(tcp_both_directions_at_once_carry_every_byte, 500)
{
	struct pair p = new_pair();
	struct job w[2] = {{.fd = p.client, .total = 6000, .piece = 6000},
		{.fd = p.server, .total = 6000, .piece = 900}};
	struct job r[2] = {{.fd = p.server, .piece = 700}, {.fd = p.client, .piece = 5000}};
	struct thread *t[3];

	small_buffers(&p);
	set_int(p.server, SOL_SOCKET, SO_SNDBUF, 1);
	set_int(p.client, SOL_SOCKET, SO_RCVBUF, 1);
	for (int i = 0; i < 2; i++)
		w[i].fd = sys_dup(w[i].fd);
	t[0] = ktest_thread(write_all, &w[0]);
	t[1] = ktest_thread(write_all, &w[1]);
	t[2] = ktest_thread(read_all, &r[0]);
	while (r[1].moved < 6000) {
		int n = sys_read(p.client, u_alloc(1000), 1000);

		CHECK(n > 0);
		r[1].moved += (uint32_t)n;
	}
	ktest_join(t[0]);
	ktest_join(t[1]);
	CHECK_EQ(sys_shutdown(p.client, SHUT_WR), 0);
	ktest_join(t[2]);
	CHECK_EQ(r[0].moved, 6000);
	close_pair(&p);
}

PROC_DET_TEST(tcp_reader_asleep_when_the_peer_ends_wakes, 1000)
{
	uint32_t seed = ktest_seed();
	struct pair p = new_pair();
	struct job r = {.fd = p.server, .piece = 10, .result = 1};
	struct abi_linger linger = {.onoff = 1};
	struct thread *t = ktest_thread(read_all, &r);

	if (seed & 1)
		ktest_wait_asleep(t);
	if (seed & 2)
		CHECK_EQ(
			sys_setsockopt(p.client, SOL_SOCKET, SO_LINGER, u_bytes(&linger, 8), 8), 0);
	CHECK_EQ(seed & 4 ? sys_shutdown(p.client, SHUT_WR) : sys_close(p.client), 0);
	ktest_join(t);
	CHECK_EQ(r.result, (seed & 6) == 2 ? -ECONNRESET : 0);
	if (seed & 4)
		CHECK_EQ(sys_close(p.client), 0);
	CHECK_EQ(sys_close(p.server), 0);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

static void write_and_take_sigpipe(void *arg)
{
	struct job *j = arg;

	write_all(j);
	(void)took_signal(SIGPIPE);
}

PROC_DET_TEST(tcp_writer_asleep_when_the_peer_closes_gets_a_reset, 1000)
{
	uint32_t seed = ktest_seed();
	struct pair p = new_pair();
	struct job w = {.fd = p.client, .total = 20000, .piece = seed & 2 ? 20000 : 900};
	struct thread *t;

	catch_sigpipe();
	small_buffers(&p);
	t = ktest_thread(write_and_take_sigpipe, &w);
	if (seed & 1)
		ktest_wait_asleep(t);
	CHECK_EQ(sys_close(p.server), 0);
	ktest_join(t);
	/* One write may still be sent to the end that has gone. */
	CHECK(w.result == -ECONNRESET || w.result == -EPIPE || w.moved == 20000);
	CHECK_EQ(sys_close(w.fd), w.moved == 20000 ? -EBADF : 0);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

static void connect_it(void *arg)
{
	struct job *j = arg;

	j->result = sys_connect(j->fd, lo_addr(j->port), 16);
}

/* Clients that wait for a place in the backlog, and accept() that makes it. */
PROC_DET_TEST(tcp_clients_beyond_the_backlog_are_served_in_turn, 1000)
{
	struct job c[3] = {0};
	struct thread *t[3];
	uint16_t port;
	int l = new_listener(0, &port);

	for (int i = 0; i < 3; i++) {
		c[i] = (struct job){.fd = new_socket(), .port = port, .result = 1};
		t[i] = ktest_thread(connect_it, &c[i]);
	}
	for (int i = 0; i < 3; i++) {
		int s = sys_accept4(l, 0, 0, 0);

		CHECK(s >= 0);
		CHECK_EQ(sys_close(s), 0);
	}
	for (int i = 0; i < 3; i++) {
		ktest_join(t[i]);
		CHECK_EQ(c[i].result, 0);
		CHECK_EQ(sys_close(c[i].fd), 0);
	}
	CHECK_EQ(sys_close(l), 0);
	forget();
}

PROC_DET_TEST(tcp_listener_that_closes_beside_connects_leaves_nobody_waiting, 1000)
{
	struct job c[2] = {0};
	struct thread *t[2];
	uint16_t port;
	int l = new_listener(0, &port);

	for (int i = 0; i < 2; i++) {
		c[i] = (struct job){.fd = new_socket(), .port = port, .result = 1};
		t[i] = ktest_thread(connect_it, &c[i]);
	}
	if (ktest_seed() & 1)
		ktest_wait_asleep(t[1]);
	CHECK_EQ(sys_close(l), 0);
	for (int i = 0; i < 2; i++) {
		ktest_join(t[i]);
		CHECK(c[i].result == 0 || c[i].result == -ECONNREFUSED ||
			c[i].result == -ECONNRESET);
		CHECK_EQ(sys_close(c[i].fd), 0);
	}
	forget();
}

static void accept_one(void *arg)
{
	struct job *j = arg;

	atomic_store(&j->result, sys_accept4(j->fd, 0, 0, 0));
}

PROC_DET_TEST(tcp_accept_asleep_wakes_for_a_connection_or_a_shutdown, 1000)
{
	uint16_t port;
	int l = new_listener(3, &port), fd = new_socket();
	struct job a[2] = {{.fd = l}, {.fd = l}};
	struct thread *t[2];
	int got = 0;

	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(accept_one, &a[i]);
	CHECK_EQ(sys_connect(fd, lo_addr(port), 16), 0);
	while (got == 0) {
		ktest_yield();
		got = atomic_load(&a[0].result) > 0 || atomic_load(&a[1].result) > 0;
	}
	CHECK_EQ(sys_shutdown(l, SHUT_RD), 0);
	for (int i = 0; i < 2; i++) {
		ktest_join(t[i]);
		CHECK(a[i].result > 0 || a[i].result == -EINVAL);
		if (a[i].result > 0)
			CHECK_EQ(sys_close(a[i].result), 0);
	}
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_close(l), 0);
	forget();
}

static void close_it(void *arg)
{
	struct job *j = arg;

	j->result = sys_close(j->fd);
}

/* Both ends close, write and read at the same time, in every order: nothing is left, nobody hangs.
 */
PROC_DET_TEST(tcp_both_ends_close_at_once, 1000)
{
	struct pair p = new_pair();
	struct job c = {.fd = p.client};
	struct thread *t;

	if (ktest_seed() & 1)
		CHECK_EQ(sys_write(p.client, pattern(0, 3), 3), 3);
	if (ktest_seed() & 2)
		CHECK_EQ(sys_shutdown(p.server, SHUT_WR), 0);
	t = ktest_thread(close_it, &c);
	CHECK_EQ(sys_close(p.server), 0);
	ktest_join(t);
	CHECK_EQ(sys_close(p.listener), 0);
	forget();
}

static void write_some(void *arg)
{
	struct job *j = arg;

	for (int i = 0; i < 3; i++)
		j->result = sys_write(j->fd, pattern(0, 50), 50);
	(void)took_signal(SIGPIPE);
}

/* One thread gives the connection up and makes another while a second one writes to it. */
PROC_DET_TEST(tcp_disconnect_beside_a_write_of_the_peer, 1000)
{
	struct pair p = new_pair();
	struct abi_sockaddr_in none = {.family = AF_UNSPEC};
	struct job w = {.fd = p.server};
	uaddr_t buf = u_alloc(400);
	struct thread *t;
	int second;

	catch_sigpipe();
	t = ktest_thread(write_some, &w);
	CHECK_EQ(sys_connect(p.client, u_bytes(&none, 16), 16), 0);
	(void)get_error(p.client);
	CHECK_EQ(sys_connect(p.client, lo_addr(p.port), 16), 0);
	second = sys_accept4(p.listener, 0, 0, 0);
	CHECK_EQ(sys_write(second, buf, 3), 3);
	CHECK_EQ(sys_read(p.client, buf, 400), 3);
	ktest_join(t);
	CHECK_EQ(sys_close(second), 0);
	close_pair(&p);
}

static void poll_it(void *arg)
{
	struct job *j = arg;
	struct abi_pollfd p = {.fd = j->fd, .events = (int16_t)j->total};
	uaddr_t a = u_bytes(&p, sizeof(p));

	j->result = sys_ppoll_time64(a, 1, 0, 0, 0);
	j->moved = (uint16_t)U_PTR(struct abi_pollfd, a)->revents;
}

PROC_DET_TEST(tcp_poll_asleep_for_room_wakes_when_the_peer_reads, 1000)
{
	struct pair p = new_pair();
	struct job j = {.fd = p.client, .total = POLLOUT};
	uaddr_t buf = u_alloc(10000);
	struct thread *t;

	small_buffers(&p);
	CHECK_EQ(sys_fcntl64(p.client, F_SETFL, O_NONBLOCK), 0);
	while (sys_write(p.client, buf, 10000) > 0)
		;
	t = ktest_thread(poll_it, &j);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	CHECK(sys_read(p.server, buf, 10000) > 0);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.moved, POLLOUT);
	close_pair(&p);
}

static void read_once(void *arg)
{
	struct job *j = arg;

	j->result = sys_read(j->fd, u_alloc(10), 10);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(tcp_reader_interrupted_while_data_comes_loses_none, 1000)
{
	struct pair p = new_pair();
	struct job r = {.fd = p.server};
	struct thread *t = ktest_thread(read_once, &r);

	waker_interrupt(&t->waker, ktest_seed() & 1 ? INTR_SIGNAL : INTR_KILL);
	CHECK_EQ(sys_write(p.client, pattern(0, 10), 10), 10);
	ktest_join(t);
	CHECK(r.result == 10 || r.result == -PLEAT_ERESTARTSYS);
	if (r.result != 10)
		CHECK_EQ(sys_read(p.server, u_alloc(10), 10), 10);
	close_pair(&p);
}

static void connect_interrupted(void *arg)
{
	struct job *j = arg;

	j->result = sys_connect(j->fd, lo_addr(j->port), 16);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

/* A connect that a kill ends while its place comes free. */
PROC_DET_TEST(tcp_connect_killed_beside_accept_leaves_nothing, 1000)
{
	uint16_t port;
	int l = new_listener(0, &port), first = new_socket(), s;
	struct job c = {.fd = new_socket(), .port = port};
	struct thread *t;

	CHECK_EQ(sys_fcntl64(l, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(sys_connect(first, lo_addr(port), 16), 0);
	t = ktest_thread(connect_interrupted, &c);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	waker_interrupt(&t->waker, INTR_KILL);
	s = sys_accept4(l, 0, 0, 0);
	CHECK(s >= 0);
	ktest_join(t);
	CHECK(c.result == 0 || c.result == -PLEAT_ERESTARTSYS);
	CHECK_EQ(sys_close(c.fd), 0);
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(first), 0);
	CHECK_EQ(sys_close(l), 0);
	forget();
}

PROC_DET_TEST(tcp_deferred_connection_is_shown_with_its_first_byte, 1000)
{
	uint16_t port;
	int l = new_listener(3, &port);
	struct job a = {.fd = l}, c = {.fd = new_socket()};
	struct thread *t;

	set_int(l, SOL_TCP, TCP_DEFER_ACCEPT, 5);
	CHECK_EQ(sys_connect(c.fd, lo_addr(port), 16), 0);
	CHECK_EQ(poll_bits(l, POLLIN), 0);
	t = ktest_thread(accept_one, &a);
	CHECK_EQ(sys_write(c.fd, pattern(0, 1), 1), 1);
	ktest_join(t);
	CHECK(a.result > 0);
	CHECK_EQ(sys_close(a.result), 0);
	CHECK_EQ(sys_close(c.fd), 0);
	/* One that never sends goes with the listener. */
	c.fd = new_socket();
	CHECK_EQ(sys_connect(c.fd, lo_addr(port), 16), 0);
	CHECK_EQ(sys_close(l), 0);
	CHECK_EQ(sys_close(c.fd), 0);
	forget();
}

/* unix_test.c - AF_UNIX by its calls: pairs, names, connections, closing, and their races. */
#include "tests/ktest_proc.h"
#include "lib/alloc.h"
#include "net/unix.h"
#include "lib/str.h"

/* ---- shorthand ---- */

static void make_pair(int type, int fd[2])
{
	uaddr_t fds = u_alloc(8);

	CHECK_EQ(sys_socketpair(AF_UNIX, (uint32_t)type, 0, fds), 0);
	fd[0] = U_PTR(int32_t, fds)[0];
	fd[1] = U_PTR(int32_t, fds)[1];
}

static int send_text(int fd, const char *text, uint32_t flags)
{
	return sys_sendto(fd, u_str(text), (uint32_t)strlen(text), flags | MSG_NOSIGNAL, 0, 0);
}

static int recv_some(int fd, char *buf, uint32_t size, uint32_t flags)
{
	uaddr_t u = u_alloc(size);
	int n = sys_recvfrom(fd, u, size, flags, 0, 0);

	if (n > 0)
		memcpy(buf, u_ptr(u, size), (size_t)MIN(n, (int)size));
	return n;
}

static void expect(int fd, const char *text)
{
	char buf[64];
	int n = recv_some(fd, buf, sizeof(buf) - 1, 0);

	CHECK_EQ(n, (int)strlen(text));
	CHECK_MEM(buf, text, strlen(text));
}

/* A sockaddr_un of an abstract name (text without the zero byte) or a path. */
static uaddr_t unix_name(const char *text, bool abstract, uint32_t *len)
{
	struct abi_sockaddr_un a = {.family = AF_UNIX};

	str_copy(a.path + abstract, text, sizeof(a.path) - 1);
	*len = 2 + (uint32_t)strlen(text) + 1;
	return u_bytes(&a, sizeof(a));
}

static int bind_to(int fd, const char *text, bool abstract)
{
	uint32_t len;
	uaddr_t a = unix_name(text, abstract, &len);

	return sys_bind(fd, a, len);
}

static int connect_to(int fd, const char *text, bool abstract)
{
	uint32_t len;
	uaddr_t a = unix_name(text, abstract, &len);

	return sys_connect(fd, a, len);
}

static int socket_of(int type)
{
	int fd = sys_socket(AF_UNIX, (uint32_t)type, 0);

	CHECK(fd >= 0);
	return fd;
}

static int listener(const char *name, int type, int backlog)
{
	int fd = socket_of(type);

	CHECK_EQ(bind_to(fd, name, true), 0);
	CHECK_EQ(sys_listen(fd, backlog), 0);
	return fd;
}

/* Send one byte with descriptors. */
static int send_fds(int fd, const int *fds, uint32_t n)
{
	struct {
		struct abi_cmsghdr h;
		int32_t fds[8];
	} control = {.h = {.len = 12 + n * 4, .level = SOL_SOCKET, .type = SCM_RIGHTS}};
	struct abi_iovec vec = {.base = u_str("x"), .len = 1};
	struct abi_msghdr h = {.iov = u_bytes(&vec, sizeof(vec)), .iovlen = 1};

	for (uint32_t i = 0; i < n; i++)
		control.fds[i] = fds[i];
	h.control = u_bytes(&control, sizeof(control));
	h.controllen = control.h.len;
	return sys_sendmsg(fd, u_bytes(&h, sizeof(h)), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Receive up to 16 bytes and descriptors. Returns how many descriptors came, or -errno. */
static int recv_fds(int fd, int *fds, uint32_t max, uint32_t flags)
{
	uint32_t room = 12 + max * 4;
	uaddr_t control = u_alloc(room), msg;
	struct abi_iovec vec = {.base = u_alloc(16), .len = 16};
	struct abi_msghdr h = {.iov = u_bytes(&vec, sizeof(vec)),
		.iovlen = 1,
		.control = control,
		.controllen = room};
	struct abi_cmsghdr *c;
	int n;

	msg = u_bytes(&h, sizeof(h));
	n = sys_recvmsg(fd, msg, flags);
	if (n < 0)
		return n;
	if (U_PTR(struct abi_msghdr, msg)->controllen < sizeof(*c))
		return 0;
	c = U_PTR(struct abi_cmsghdr, control);
	CHECK_EQ(c->type, SCM_RIGHTS);
	n = (int)(c->len - 12) / 4;
	memcpy(fds, u_ptr(control + 12, (size_t)n * 4), (size_t)n * 4);
	return n;
}

/* ---- pairs ---- */

PROC_TEST(unix_pair_carries_bytes_both_ways)
{
	int fd[2];

	make_pair(SOCK_STREAM, fd);
	CHECK_EQ(send_text(fd[0], "hello", 0), 5);
	CHECK_EQ(send_text(fd[0], " you", 0), 4);
	expect(fd[1], "hello you");
	CHECK_EQ(send_text(fd[1], "back", 0), 4);
	expect(fd[0], "back");
	CHECK_EQ(sys_close(fd[0]), 0);
	CHECK_EQ(recv_some(fd[1], (char[1]){0}, 1, 0), 0);
	CHECK_EQ(send_text(fd[1], "x", 0), -EPIPE);
}

PROC_TEST(unix_pair_messages_keep_their_borders)
{
	int fd[2], types[2] = {SOCK_DGRAM, SOCK_SEQPACKET};
	char buf[8];

	for (int i = 0; i < 2; i++) {
		make_pair(types[i], fd);
		CHECK_EQ(send_text(fd[0], "one", 0), 3);
		CHECK_EQ(send_text(fd[0], "", 0), 0);
		CHECK_EQ(send_text(fd[0], "three", 0), 5);
		CHECK_EQ(recv_some(fd[1], buf, 8, MSG_PEEK), 3);
		expect(fd[1], "one");
		CHECK_EQ(recv_some(fd[1], buf, 8, 0), 0);
		CHECK_EQ(recv_some(fd[1], buf, 2, MSG_TRUNC), 5);
		CHECK_EQ(recv_some(fd[1], buf, 8, MSG_DONTWAIT), -EAGAIN);
	}
}

PROC_TEST(unix_stream_ring_grows_and_wraps)
{
	int fd[2];
	uint32_t size = 100000, done = 0, got = 0;
	uaddr_t out, in;
	uint8_t *p, *q;

	make_pair(SOCK_STREAM, fd);
	out = u_alloc(size);
	in = u_alloc(size);
	p = u_ptr(out, size);
	q = u_ptr(in, size);
	for (uint32_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	for (uint32_t step = 1; got < size; step = step * 5 % 7919 + 1) {
		uint32_t n = MIN(step, size - done);

		if (n)
			CHECK_EQ(sys_sendto(fd[0], out + done, n, 0, 0, 0), (int)n);
		done += n;
		n = MIN(step / 2 + 1, done - got);
		CHECK_EQ(sys_recvfrom(fd[1], in + got, n, 0, 0, 0), (int)n);
		got += n;
	}
	CHECK_MEM(p, q, size);
}

PROC_TEST(unix_stream_close_with_unread_data_resets)
{
	int fd[2];

	make_pair(SOCK_STREAM, fd);
	send_text(fd[0], "lost", 0);
	send_text(fd[1], "kept", 0);
	sys_close(fd[1]);
	expect(fd[0], "kept");
	CHECK_EQ(recv_some(fd[0], (char[4]){0}, 4, 0), -ECONNRESET);
	CHECK_EQ(recv_some(fd[0], (char[4]){0}, 4, 0), 0);
}

PROC_TEST(unix_half_close_ends_one_direction)
{
	int fd[2];

	make_pair(SOCK_STREAM, fd);
	CHECK_EQ(sys_shutdown(fd[0], SHUT_WR), 0);
	CHECK_EQ(recv_some(fd[1], (char[1]){0}, 1, 0), 0);
	CHECK_EQ(send_text(fd[0], "x", 0), -EPIPE);
	CHECK_EQ(send_text(fd[1], "still", 0), 5);
	expect(fd[0], "still");
}

PROC_TEST(unix_full_stream_says_so_and_tells_when_it_has_room)
{
	int fd[2], sent = 0, n;
	uaddr_t big;
	struct sock *sk;
	struct fdref r;

	make_pair(SOCK_STREAM, fd);
	big = u_alloc(65536);
	while ((n = sys_sendto(fd[0], big, 65536, MSG_DONTWAIT, 0, 0)) > 0)
		sent += n;
	CHECK_EQ(n, -EAGAIN);
	CHECK_EQ(sock_from_fd(&r, fd[0], &sk), 0);
	CHECK_EQ(sk->ops->poll(sk, NULL) & POLLOUT, 0);
	for (; sent > 0; sent -= n)
		n = sys_recvfrom(fd[1], big, 65536, 0, 0, 0);
	CHECK_EQ(sk->ops->poll(sk, NULL) & POLLOUT, POLLOUT);
	fdref_put(&r);
}

/* ---- names ---- */

PROC_TEST(unix_abstract_name_is_one_sockets_until_it_closes)
{
	int a = socket_of(SOCK_DGRAM), b = socket_of(SOCK_DGRAM);

	CHECK_EQ(bind_to(a, "n", true), 0);
	CHECK_EQ(bind_to(a, "m", true), -EINVAL);
	CHECK_EQ(bind_to(b, "n", true), -EADDRINUSE);
	CHECK_EQ(connect_to(b, "n", true), 0);
	CHECK_EQ(send_text(b, "hi", 0), 2);
	expect(a, "hi");
	sys_close(a);
	CHECK_EQ(send_text(b, "hi", 0), -ECONNREFUSED);
	CHECK_EQ(send_text(b, "hi", 0), -ENOTCONN);
	CHECK_EQ(bind_to(b, "n", true), 0);
}

PROC_TEST(unix_path_outlives_its_socket_and_refuses)
{
	int a = socket_of(SOCK_STREAM), b = socket_of(SOCK_STREAM), c = socket_of(SOCK_DGRAM);

	CHECK_EQ(bind_to(a, "/s", false), 0);
	CHECK_EQ(bind_to(b, "/s", false), -EADDRINUSE);
	CHECK_EQ(connect_to(b, "/s", false), -ECONNREFUSED);
	CHECK_EQ(sys_listen(a, 1), 0);
	CHECK_EQ(connect_to(c, "/s", false), -EPROTOTYPE);
	CHECK_EQ(connect_to(b, "/none", false), -ENOENT);
	CHECK_EQ(connect_to(b, "/s", false), 0);
	CHECK_EQ(connect_to(b, "/s", false), -EISCONN);
	sys_close(a);
	CHECK_EQ(recv_some(b, (char[1]){0}, 1, 0), -ECONNRESET);
	CHECK_EQ(connect_to(socket_of(SOCK_STREAM), "/s", false), -ECONNREFUSED);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/s"), 0), 0);
}

PROC_TEST(unix_autobind_takes_a_free_name)
{
	int a = socket_of(SOCK_DGRAM);
	struct abi_sockaddr_un name = {.family = AF_UNIX};
	uint32_t size = sizeof(name);
	uaddr_t addr = u_bytes(&name, sizeof(name)), len = u_bytes(&size, 4);

	CHECK_EQ(sys_bind(a, addr, 2), 0);
	CHECK_EQ(sys_getsockname(a, addr, len), 0);
	CHECK_EQ(*U_PTR(uint32_t, len), 8);
	CHECK_EQ(U_PTR(struct abi_sockaddr_un, addr)->path[0], 0);
}

PROC_TEST(unix_accept_takes_connections_in_order_with_their_data)
{
	int l = listener("l", SOCK_STREAM, 5), a = socket_of(SOCK_STREAM),
	    b = socket_of(SOCK_STREAM), c, d;

	CHECK_EQ(connect_to(a, "l", true), 0);
	CHECK_EQ(send_text(a, "first", 0), 5);
	CHECK_EQ(connect_to(b, "l", true), 0);
	CHECK_EQ(send_text(b, "second", 0), 6);
	c = sys_accept(l, 0, 0);
	d = sys_accept4(l, 0, 0, SOCK_NONBLOCK);
	CHECK(c >= 0 && d >= 0);
	expect(c, "first");
	expect(d, "second");
	CHECK_EQ(recv_some(d, (char[1]){0}, 1, 0), -EAGAIN);
}

PROC_TEST(unix_closed_listener_resets_those_who_wait_in_it)
{
	int l = listener("l", SOCK_STREAM, 5), a = socket_of(SOCK_STREAM);

	CHECK_EQ(connect_to(a, "l", true), 0);
	sys_close(l);
	CHECK_EQ(recv_some(a, (char[1]){0}, 1, 0), -ECONNRESET);
}

/* ---- descriptors in flight ---- */

PROC_TEST(scm_rights_gives_the_same_open_file)
{
	int fd[2], p[2], got[2];
	uaddr_t fds = u_alloc(8);

	make_pair(SOCK_STREAM, fd);
	CHECK_EQ(sys_pipe2(fds, 0), 0);
	memcpy(p, u_ptr(fds, 8), 8);
	CHECK_EQ(send_fds(fd[0], p, 2), 1);
	sys_close(p[0]);
	sys_close(p[1]);
	CHECK_EQ(recv_fds(fd[1], got, 2, MSG_PEEK), 2);
	sys_close(got[0]);
	sys_close(got[1]);
	CHECK_EQ(recv_fds(fd[1], got, 2, 0), 2);
	CHECK_EQ(sys_write(got[1], u_str("pipe"), 4), 4);
	CHECK_EQ(sys_read(got[0], u_alloc(8), 8), 4);
}

PROC_TEST(scm_rights_ends_a_receive_and_is_lost_without_room)
{
	int fd[2], got[1], zero = 0;
	char buf[8];

	make_pair(SOCK_STREAM, fd);
	zero = fd[0];
	send_text(fd[0], "a", 0);
	CHECK_EQ(send_fds(fd[0], &zero, 1), 1);
	send_text(fd[0], "b", 0);
	CHECK_EQ(recv_some(fd[1], buf, 8, 0), 2); /* with the byte that carried it, and no more */
	CHECK_EQ(recv_fds(fd[1], got, 1, 0), 0);
}

PROC_TEST(scm_cycle_of_sockets_is_freed)
{
	int fd[2], other[2];

	make_pair(SOCK_STREAM, fd);
	CHECK_EQ(send_fds(fd[0], fd, 2), 1);
	CHECK_EQ(send_fds(fd[1], fd, 2), 1);
	sys_close(fd[0]);
	sys_close(fd[1]);
	/* Linux collects when the next one closes, too. */
	make_pair(SOCK_DGRAM, other);
	CHECK_EQ(send_fds(other[0], &other[1], 1), 1);
	sys_close(other[0]);
	sys_close(other[1]);
	make_pair(SOCK_STREAM, fd);
	sys_close(fd[0]);
	sys_close(fd[1]);
}

PROC_TEST(scm_cycle_that_somebody_can_read_stays)
{
	int a[2], b[2], got[2];

	make_pair(SOCK_DGRAM, a);
	make_pair(SOCK_DGRAM, b);
	/* a[1]'s queue holds b[0] and b[1], whose queue holds a[0]: reachable through a[1]. */
	CHECK_EQ(send_fds(b[0], &a[0], 1), 1);
	CHECK_EQ(send_fds(a[0], b, 2), 1);
	sys_close(b[0]);
	sys_close(b[1]);
	sys_close(a[0]);
	CHECK_EQ(recv_fds(a[1], got, 2, 0), 2);
	CHECK_EQ(recv_fds(got[1], &got[0], 1, 0), 1);
	CHECK_EQ(send_text(got[0], "alive", 0), 5);
	expect(a[1], "alive");
}

PROC_TEST(scm_chain_of_a_thousand_sockets_closes_without_recursion)
{
	int at[2], next[2];

	make_pair(SOCK_DGRAM, at);
	for (int i = 0; i < 1000; i++) {
		make_pair(SOCK_DGRAM, next);
		CHECK_EQ(send_fds(next[0], &at[1], 1), 1);
		sys_close(at[0]);
		sys_close(at[1]);
		at[0] = next[0];
		at[1] = next[1];
	}
	sys_close(at[0]);
	sys_close(at[1]);
}

PROC_TEST(scm_unaccepted_connection_in_flight_is_freed)
{
	int l = listener("l", SOCK_STREAM, 5), a = socket_of(SOCK_STREAM), other[2];

	CHECK_EQ(connect_to(a, "l", true), 0);
	CHECK_EQ(send_fds(a, (int[]){l, a}, 2), 1);
	sys_close(l);
	sys_close(a);
	make_pair(SOCK_STREAM, other);
	sys_close(other[0]);
}

/* ---- races ---- */

struct race {
	int fd[2];
	uaddr_t buf[2];
	int result[2];
	uint32_t size;
};

static void reader(void *arg)
{
	struct race *r = arg;
	int n;

	r->result[1] = 0;
	while ((n = sys_recvfrom(r->fd[1], r->buf[1], r->size, 0, 0, 0)) > 0)
		r->result[1] += n;
	if (n < 0)
		r->result[1] = n;
}

PROC_DET_TEST(unix_stream_writer_and_reader_lose_nothing, 1000)
{
	struct race r = {.size = 3000};
	struct thread *t;
	int32_t small = 1;
	uaddr_t opt = u_bytes(&small, 4);

	make_pair(SOCK_STREAM, r.fd);
	r.buf[0] = u_alloc(12000);
	r.buf[1] = u_alloc(r.size);
	CHECK_EQ(sys_setsockopt(r.fd[0], SOL_SOCKET, SO_SNDBUF, opt, 4), 0);
	t = ktest_thread(reader, &r);
	CHECK_EQ(sys_write(r.fd[0], r.buf[0], 12000), 12000);
	CHECK_EQ(sys_shutdown(r.fd[0], SHUT_WR), 0);
	ktest_join(t);
	CHECK_EQ(r.result[1], 12000);
}

static void closer(void *arg)
{
	struct race *r = arg;

	sys_close(r->fd[0]);
}

PROC_DET_TEST(unix_reader_asleep_when_peer_closes_gets_end_of_file, 1000)
{
	struct race r;
	struct thread *t;

	make_pair(ktest_seed() % 2 ? SOCK_STREAM : SOCK_SEQPACKET, r.fd);
	t = ktest_thread(closer, &r);
	CHECK_EQ(recv_some(r.fd[1], (char[1]){0}, 1, 0), 0);
	ktest_join(t);
}

static void close_second(void *arg)
{
	struct race *r = arg;

	sys_close(r->fd[1]);
}

PROC_DET_TEST(unix_writer_asleep_when_peer_closes_gets_epipe, 1000)
{
	struct race r;
	struct thread *t;
	int type = ktest_seed() % 2 ? SOCK_STREAM : SOCK_SEQPACKET, n;
	uint32_t size = 65536;
	uaddr_t buf;

	make_pair(type, r.fd);
	buf = u_alloc(size);
	t = ktest_thread(close_second, &r);
	do
		n = sys_sendto(r.fd[0], buf, size, MSG_NOSIGNAL, 0, 0);
	while (n > 0);
	/* What it did not read is a reset, for the first call that asks. */
	CHECK(n == -EPIPE || (n == -ECONNRESET && type == SOCK_SEQPACKET));
	ktest_join(t);
}

static void connecter(void *arg)
{
	struct race *r = arg;

	r->fd[0] = socket_of(SOCK_STREAM);
	r->result[0] = connect_to(r->fd[0], "l", true);
}

PROC_DET_TEST(unix_connect_meets_the_listeners_close, 1000)
{
	struct race r;
	struct thread *t;
	int l = listener("l", SOCK_STREAM, 0);

	t = ktest_thread(connecter, &r);
	sys_close(l);
	ktest_join(t);
	if (r.result[0] == 0)
		CHECK_EQ(recv_some(r.fd[0], (char[1]){0}, 1, 0), -ECONNRESET);
	else
		CHECK_EQ(r.result[0], -ECONNREFUSED);
}

PROC_DET_TEST(unix_connect_waits_for_a_place_in_the_queue, 1000)
{
	struct race r[2];
	struct thread *t[2];
	int l = listener("l", SOCK_STREAM, 0), first = socket_of(SOCK_STREAM), fd;

	CHECK_EQ(connect_to(first, "l", true), 0);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(connecter, &r[i]);
	for (int i = 0; i < 3; i++) {
		fd = sys_accept(l, 0, 0);
		CHECK(fd >= 0);
	}
	for (int i = 0; i < 2; i++) {
		ktest_join(t[i]);
		CHECK_EQ(r[i].result[0], 0);
	}
}

static void accepter(void *arg)
{
	struct race *r = arg;

	r->result[1] = sys_accept(r->fd[1], 0, 0);
}

PROC_DET_TEST(unix_accept_asleep_when_somebody_connects, 1000)
{
	struct race r = {.fd = {-1, -1}};
	struct thread *t;

	r.fd[1] = listener("l", SOCK_SEQPACKET, 1);
	t = ktest_thread(accepter, &r);
	r.fd[0] = socket_of(SOCK_SEQPACKET);
	CHECK_EQ(connect_to(r.fd[0], "l", true), 0);
	ktest_join(t);
	CHECK(r.result[1] >= 0);
}

PROC_DET_TEST(unix_accept_asleep_when_the_listener_shuts_down, 1000)
{
	struct race r;
	struct thread *t;

	r.fd[1] = listener("l", SOCK_STREAM, 1);
	t = ktest_thread(accepter, &r);
	CHECK_EQ(sys_shutdown(r.fd[1], SHUT_RD), 0);
	ktest_join(t);
	CHECK_EQ(r.result[1], -EINVAL);
}

static void dgram_sender(void *arg)
{
	struct race *r = arg;

	r->result[0] = 0;
	for (int i = 0; i < 14 && r->result[0] >= 0; i++)
		r->result[0] = sys_sendto(r->fd[0], r->buf[0], 4, 0, 0, 0);
}

PROC_DET_TEST(unix_datagram_sender_waits_for_a_full_receiver, 1000)
{
	struct race r;
	struct thread *t;

	r.fd[0] = socket_of(SOCK_DGRAM);
	r.fd[1] = socket_of(SOCK_DGRAM);
	r.buf[0] = u_alloc(4);
	CHECK_EQ(bind_to(r.fd[1], "d", true), 0);
	CHECK_EQ(connect_to(r.fd[0], "d", true), 0);
	t = ktest_thread(dgram_sender, &r);
	for (int i = 0; i < 14; i++)
		CHECK_EQ(recv_some(r.fd[1], (char[4]){0}, 4, 0), 4);
	ktest_join(t);
	CHECK_EQ(r.result[0], 4);
}

PROC_DET_TEST(unix_datagram_sender_asleep_when_the_receiver_closes, 1000)
{
	struct race r;
	struct thread *t;

	r.fd[0] = socket_of(SOCK_DGRAM);
	r.fd[1] = socket_of(SOCK_DGRAM);
	r.buf[0] = u_alloc(4);
	CHECK_EQ(bind_to(r.fd[1], "d", true), 0);
	CHECK_EQ(connect_to(r.fd[0], "d", true), 0);
	t = ktest_thread(dgram_sender, &r);
	sys_close(r.fd[1]);
	ktest_join(t);
	CHECK_EQ(r.result[0], -ECONNREFUSED);
}

static void pollout(void *arg)
{
	struct race *r = arg;
	struct abi_pollfd p = {.fd = r->fd[0], .events = POLLOUT};
	uaddr_t fds = u_bytes(&p, sizeof(p));

	r->result[0] = sys_ppoll_time64(fds, 1, 0, 0, 0);
}

PROC_DET_TEST(unix_poller_is_told_of_room, 1000)
{
	struct race r;
	struct thread *t;
	int type = ktest_seed() % 2 ? SOCK_STREAM : SOCK_DGRAM, n = 0;
	uint32_t size = type == SOCK_STREAM ? 65536 : 4;
	uaddr_t buf = u_alloc(65536);

	if (type == SOCK_STREAM) {
		make_pair(type, r.fd);
	} else {
		r.fd[0] = socket_of(type);
		r.fd[1] = socket_of(type);
		CHECK_EQ(bind_to(r.fd[1], "d", true), 0);
		CHECK_EQ(connect_to(r.fd[0], "d", true), 0);
	}
	while (sys_sendto(r.fd[0], buf, size, MSG_DONTWAIT, 0, 0) > 0)
		;
	t = ktest_thread(pollout, &r);
	while (n != -EAGAIN)
		n = sys_recvfrom(r.fd[1], buf, 65536, MSG_DONTWAIT, 0, 0);
	ktest_join(t);
	CHECK_EQ(r.result[0], 1);
}

static void cycle_maker(void *arg)
{
	int fd[2];

	(void)arg;
	make_pair(SOCK_DGRAM, fd);
	send_fds(fd[0], fd, 2);
	sys_close(fd[0]);
	sys_close(fd[1]);
}

static void passer(void *arg)
{
	struct race *r = arg;
	int got[2], n = recv_fds(r->fd[1], got, 2, MSG_DONTWAIT);

	if (n == 2) {
		CHECK_EQ(send_text(got[0], "live", 0), 4);
		expect(got[1], "live");
	}
	r->result[1] = n;
}

PROC_DET_TEST(scm_collection_beside_receive_keeps_what_is_received, 1000)
{
	struct race r;
	struct thread *t[2];
	int pair[2], other[2];

	make_pair(SOCK_DGRAM, r.fd);
	make_pair(SOCK_STREAM, pair);
	CHECK_EQ(send_fds(r.fd[0], pair, 2), 1);
	sys_close(pair[0]);
	sys_close(pair[1]);
	t[0] = ktest_thread(cycle_maker, NULL);
	t[1] = ktest_thread(passer, &r);
	make_pair(SOCK_STREAM, other);
	sys_close(other[0]);
	sys_close(other[1]);
	ktest_join(t[0]);
	ktest_join(t[1]);
	CHECK_EQ(r.result[1], 2);
	make_pair(SOCK_STREAM, other);
	sys_close(other[0]);
}

/* ---- kills ---- */

static void read_once(void *arg)
{
	struct race *r = arg;

	r->result[1] = sys_recvfrom(r->fd[1], r->buf[1], 4, 0, 0, 0);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(unix_reader_killed_while_data_comes_loses_none, 1000)
{
	static const int types[3] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	struct race r;
	struct thread *t;

	make_pair(types[ktest_seed() % 3], r.fd);
	r.buf[1] = u_alloc(4);
	t = ktest_thread(read_once, &r);
	waker_interrupt(&t->waker, ktest_seed() & 1 ? INTR_SIGNAL : INTR_KILL);
	CHECK_EQ(send_text(r.fd[0], "data", 0), 4);
	ktest_join(t);
	CHECK(r.result[1] == 4 || r.result[1] == -PLEAT_ERESTARTSYS);
	if (r.result[1] != 4)
		expect(r.fd[1], "data");
}

static void write_once(void *arg)
{
	struct race *r = arg;

	r->result[0] = sys_sendto(r->fd[0], r->buf[0], r->size, 0, 0, 0);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(unix_writer_killed_tells_what_it_wrote, 1000)
{
	struct race r = {.size = 12000};
	struct thread *t;
	int32_t small = 1;
	uaddr_t opt = u_bytes(&small, 4), buf = u_alloc(4096);
	int got = 0, n;

	make_pair(SOCK_STREAM, r.fd);
	CHECK_EQ(sys_setsockopt(r.fd[0], SOL_SOCKET, SO_SNDBUF, opt, 4), 0);
	r.buf[0] = u_alloc(r.size);
	t = ktest_thread(write_once, &r);
	got = sys_recvfrom(r.fd[1], buf, 4096, 0, 0, 0);
	waker_interrupt(&t->waker, INTR_KILL);
	ktest_join(t);
	sys_close(r.fd[0]);
	while ((n = sys_recvfrom(r.fd[1], buf, 4096, 0, 0, 0)) > 0)
		got += n;
	CHECK_EQ(n, 0);
	CHECK_EQ(got, r.result[0]);
}

static void killed_connecter(void *arg)
{
	connecter(arg);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(unix_connect_killed_in_a_full_queue_leaves_nothing, 1000)
{
	struct race r;
	struct thread *t;
	int l = listener("l", SOCK_STREAM, 0), first = socket_of(SOCK_STREAM);

	CHECK_EQ(connect_to(first, "l", true), 0);
	t = ktest_thread(killed_connecter, &r);
	if (ktest_seed() & 1)
		CHECK(sys_accept(l, 0, 0) >= 0);
	waker_interrupt(&t->waker, INTR_KILL);
	ktest_join(t);
	CHECK(r.result[0] == 0 || r.result[0] == -PLEAT_ERESTARTSYS);
}

/* ---- no memory ---- */

static void use_everything(void)
{
	int fd[2], got[2], l;
	uaddr_t fds = u_alloc(8);

	l = sys_socket(AF_UNIX, SOCK_STREAM, 0);
	if (l >= 0 && bind_to(l, "l", true) == 0 && sys_listen(l, 1) == 0) {
		int a = sys_socket(AF_UNIX, SOCK_STREAM, 0), b;

		if (a >= 0 && connect_to(a, "l", true) == 0) {
			send_fds(a, &l, 1);
			b = sys_accept(l, 0, 0);
			if (b >= 0 && recv_fds(b, got, 2, MSG_DONTWAIT) > 0)
				sys_close(got[0]);
			if (b >= 0)
				sys_close(b);
		}
		if (a >= 0)
			sys_close(a);
	}
	if (l >= 0)
		sys_close(l);
	if (sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0)
		return;
	fd[0] = U_PTR(int32_t, fds)[0];
	fd[1] = U_PTR(int32_t, fds)[1];
	send_text(fd[0], "message", MSG_DONTWAIT);
	send_fds(fd[0], fd, 2);
	recv_some(fd[1], (char[8]){0}, 8, MSG_DONTWAIT);
	if (recv_fds(fd[1], got, 2, MSG_DONTWAIT | MSG_PEEK) == 2) {
		sys_close(got[0]);
		sys_close(got[1]);
	}
	sys_close(fd[0]);
	sys_close(fd[1]);
}

PROC_TEST(unix_calls_without_memory_fail_and_leave_nothing)
{
	for (uint32_t n = 1; n < 60; n++) {
		int other[2];

		alloc_fail_after(n);
		use_everything();
		alloc_fail_after(0);
		/* What is left in a cycle goes with the next close. */
		make_pair(SOCK_DGRAM, other);
		sys_close(other[0]);
		sys_close(other[1]);
	}
}

/*
 * Tests of poll.c: what ppoll and pselect report, that no change is missed between the look and
 * the sleep, and that timeouts and signals end the wait with their own answer.
 */
#include "tests/ktest_proc.h"
#include "arch/arch.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/internal.h"

struct pair {
	int32_t r, w;
};

static struct pair make_pipe(void)
{
	uaddr_t fds = u_alloc(8);

	CHECK_EQ(sys_pipe2(fds, 0), 0);
	return *U_PTR(struct pair, fds);
}

static void close_pair(struct pair p)
{
	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(sys_close(p.w), 0);
}

static uaddr_t timespec(int64_t sec, int32_t nsec)
{
	struct abi_timespec ts = {.sec = sec, .nsec = nsec};

	return u_bytes(&ts, sizeof(ts));
}

static uaddr_t pollfds(const struct abi_pollfd *fds, uint32_t n)
{
	return u_bytes(fds, n * sizeof(*fds));
}

static int revents(uaddr_t fds, uint32_t i)
{
	return U_PTR(struct abi_pollfd, fds + 8 * i)->revents;
}

static int poll_now(uaddr_t fds, uint32_t n)
{
	return sys_ppoll_time64(fds, n, timespec(0, 0), 0, 8);
}

PROC_TEST(ppoll_tells_what_each_descriptor_is_ready_for)
{
	struct pair p = make_pipe();
	uaddr_t byte = u_str("x");
	uaddr_t fds = pollfds((struct abi_pollfd[]){{p.r, POLLIN, 0}, {p.w, POLLOUT, 0},
				      {p.w, POLLIN, 0}, {-1, POLLIN, 99}, {77, POLLIN, 0}},
		5);

	CHECK_EQ(poll_now(fds, 5), 2);
	CHECK_EQ(revents(fds, 0), 0);
	CHECK_EQ(revents(fds, 1), POLLOUT);
	CHECK_EQ(revents(fds, 2), 0);
	CHECK_EQ(revents(fds, 3), 0);
	CHECK_EQ(revents(fds, 4), POLLNVAL);
	CHECK_EQ(sys_write(p.w, byte, 1), 1);
	CHECK_EQ(poll_now(fds, 5), 3);
	CHECK_EQ(revents(fds, 0), POLLIN);
	CHECK_EQ(sys_close(p.w), 0);
	CHECK_EQ(poll_now(fds, 1), 1);
	CHECK_EQ(revents(fds, 0), POLLIN | POLLHUP);
	CHECK_EQ(sys_close(p.r), 0);
}

PROC_TEST(ppoll_reports_an_end_without_reader_though_not_asked)
{
	struct pair p = make_pipe();
	uaddr_t fds = pollfds(&(struct abi_pollfd){p.w, 0, 0}, 1);

	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(poll_now(fds, 1), 1);
	CHECK_EQ(revents(fds, 0), POLLERR);
	CHECK_EQ(sys_close(p.w), 0);
}

PROC_TEST(ppoll_refuses_what_makes_no_sense)
{
	uaddr_t none = u_alloc(8);

	proc_self()->limits[RLIMIT_NOFILE].cur = 16;
	CHECK_EQ(sys_ppoll_time64(none, 17, timespec(0, 0), 0, 8), -EINVAL);
	proc_self()->limits[RLIMIT_NOFILE].cur = 1024;
	CHECK_EQ(sys_ppoll_time64(none, 0, timespec(-1, 0), 0, 8), -EINVAL);
	CHECK_EQ(sys_ppoll_time64(none, 0, timespec(0, 1000000000), 0, 8), -EINVAL);
	CHECK_EQ(sys_ppoll_time64(none, 0, timespec(0, -1), 0, 8), -EINVAL);
	CHECK_EQ(sys_ppoll_time64(4, 1, timespec(0, 0), 0, 8), -EFAULT);
	CHECK_EQ(sys_ppoll_time64(none, 0, 4, 0, 8), -EFAULT);
	CHECK_EQ(sys_ppoll_time64(none, 0, timespec(0, 0), none, 4), -EINVAL);
	CHECK_EQ(sys_ppoll_time64(none, 0, timespec(0, 0), 0, 0), 0);
}

PROC_TEST(ppoll_of_many_descriptors_uses_the_heap_and_gives_it_back)
{
	struct pair p[20];
	struct abi_pollfd want[20];
	uaddr_t fds, ts = timespec(0, 2000000);
	uint32_t before;

	for (int i = 0; i < 20; i++) {
		p[i] = make_pipe();
		want[i] = (struct abi_pollfd){p[i].r, POLLIN, 0};
	}
	fds = pollfds(want, 20);
	before = ktest_objects();
	CHECK_EQ(sys_ppoll_time64(fds, 20, ts, 0, 8), 0);
	CHECK_EQ(sys_write(p[13].w, u_str("x"), 1), 1);
	CHECK_EQ(sys_ppoll_time64(fds, 20, 0, 0, 8), 1);
	CHECK_EQ(revents(fds, 13), POLLIN);
	CHECK_EQ(ktest_objects(), before + 1); /* the pipe's buffer */
	for (uint32_t n = 1; n < 3; n++) {
		alloc_fail_after(n);
		CHECK_EQ(sys_ppoll_time64(fds, 20, 0, 0, 8), -ENOMEM);
		alloc_fail_after(0);
	}
	for (int i = 0; i < 20; i++)
		close_pair(p[i]);
}

PROC_TEST(ppoll_timeout_is_waited_and_written_back_as_zero)
{
	uaddr_t ts = timespec(0, 3000000);
	uint64_t start = arch_clock_ns();

	CHECK_EQ(sys_ppoll_time64(0, 0, ts, 0, 8), 0);
	CHECK(arch_clock_ns() - start >= 3000000);
	CHECK_EQ(U_PTR(struct abi_timespec, ts)->sec, 0);
	CHECK_EQ(U_PTR(struct abi_timespec, ts)->nsec, 0);
}

PROC_TEST(ppoll_that_is_ready_at_once_writes_back_what_was_left)
{
	struct pair p = make_pipe();
	uaddr_t fds = pollfds(&(struct abi_pollfd){p.w, POLLOUT, 0}, 1);
	uaddr_t ts = timespec(100, 7);

	CHECK_EQ(sys_ppoll_time64(fds, 1, ts, 0, 8), 1);
	CHECK(U_PTR(struct abi_timespec, ts)->sec == 99 ||
		(U_PTR(struct abi_timespec, ts)->sec == 100 &&
			U_PTR(struct abi_timespec, ts)->nsec <= 7));
	close_pair(p);
}

/* ---- waking ---- */

struct poller {
	int32_t fd;
	int16_t events;
	int result, revents;
	uaddr_t timeout;
};

static void poll_one(void *arg)
{
	struct poller *j = arg;
	uaddr_t fds = pollfds(&(struct abi_pollfd){j->fd, j->events, 0}, 1);

	j->result = sys_ppoll_time64(fds, 1, j->timeout, 0, 8);
	j->revents = revents(fds, 0);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(ppoll_asleep_wakes_when_bytes_come, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.r, .events = POLLIN};
	struct thread *t = ktest_thread(poll_one, &j);

	CHECK_EQ(sys_write(p.w, u_str("x"), 1), 1);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.revents, POLLIN);
	close_pair(p);
}

PROC_DET_TEST(ppoll_asleep_wakes_when_the_writer_closes, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.r, .events = POLLIN};
	struct thread *t = ktest_thread(poll_one, &j);

	CHECK_EQ(sys_close(p.w), 0);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.revents, POLLHUP);
	CHECK_EQ(sys_close(p.r), 0);
}

/* A writer polls for PIPE_BUF bytes of room; another that waits for less is woken and served in
 * between, and must not make the pipe forget the poller. */
static void write_100(void *arg)
{
	CHECK_EQ(sys_write(*(int32_t *)arg, u_alloc(100), 100), 100);
}

PROC_DET_TEST(ppoll_for_room_wakes_though_a_smaller_writer_went_first, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.w, .events = POLLOUT};
	struct thread *t[2];
	uaddr_t buf = u_alloc(8192);
	int left = 8192 + 100;

	CHECK_EQ(sys_fcntl64(p.w, F_SETPIPE_SZ, 8192), 8192);
	CHECK_EQ(sys_write(p.w, buf, 8192), 8192);
	t[0] = ktest_thread(poll_one, &j);
	t[1] = ktest_thread(write_100, &p.w);
	while (left > 0)
		left -= sys_read(p.r, buf, 1000);
	ktest_join(t[0]);
	ktest_join(t[1]);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.revents, POLLOUT);
	close_pair(p);
}

PROC_DET_TEST(ppoll_interrupted_says_restart_or_what_is_ready, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.r, .events = POLLIN};
	struct thread *t = ktest_thread(poll_one, &j);

	waker_interrupt(&t->waker, INTR_SIGNAL);
	if (ktest_seed() & 1)
		CHECK_EQ(sys_write(p.w, u_str("x"), 1), 1);
	ktest_join(t);
	CHECK(j.result == -PLEAT_ERESTARTNOHAND || (j.result == 1 && j.revents == POLLIN));
	close_pair(p);
}

static void poll_both(void *arg)
{
	struct pair *p = arg;
	uaddr_t fds = pollfds((struct abi_pollfd[]){{p[0].r, POLLIN, 0}, {p[1].r, POLLIN, 0}}, 2);
	uaddr_t buf = u_alloc(4);
	int got = 0;

	while (got < 6) {
		CHECK(sys_ppoll_time64(fds, 2, 0, 0, 8) > 0);
		for (uint32_t i = 0; i < 2; i++) {
			if (revents(fds, i) & POLLIN)
				got += sys_read(p[i].r, buf, 1);
		}
	}
}

static void write_three(void *arg)
{
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sys_write(*(int32_t *)arg, u_str("x"), 1), 1);
}

PROC_DET_TEST(ppoll_over_two_pipes_misses_nothing, 1000)
{
	struct pair p[2] = {make_pipe(), make_pipe()};
	struct thread *t[3];

	t[0] = ktest_thread(poll_both, p);
	t[1] = ktest_thread(write_three, &p[0].w);
	t[2] = ktest_thread(write_three, &p[1].w);
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
	close_pair(p[0]);
	close_pair(p[1]);
}

/* The file must live until the poller has left its queues. */
PROC_DET_TEST(ppoll_of_a_descriptor_that_is_closed_meanwhile_is_safe, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.r, .events = POLLIN};
	struct thread *t = ktest_thread(poll_one, &j);

	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(sys_close(p.w), 0);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK(j.revents == POLLHUP || j.revents == POLLNVAL);
}

/* ---- masks ---- */

PROC_TEST(ppoll_mask_is_put_back_when_no_signal_ended_it)
{
	sigset_k mask = SIGBIT(SIGUSR1), old = SIGBIT(SIGUSR2);
	uaddr_t set = u_bytes(&mask, 8);

	thread_self()->blocked = old;
	CHECK_EQ(sys_ppoll_time64(0, 0, timespec(0, 1000), set, 8), 0);
	CHECK_EQ(thread_self()->blocked, old);
	thread_self()->blocked = 0;
}

/* ---- pselect ---- */

static int select_now(uint32_t n, uaddr_t r, uaddr_t w, uaddr_t e)
{
	return sys_pselect6_time64(n, r, w, e, timespec(0, 0), 0);
}

PROC_TEST(pselect_leaves_the_bits_that_are_ready)
{
	struct pair p = make_pipe(), q = make_pipe();
	uint32_t set = 1u << p.r | 1u << q.r, wset = 1u << p.w;
	uaddr_t r = u_bytes(&set, 4), w = u_bytes(&wset, 4), e = u_bytes(&set, 4);

	CHECK_EQ(sys_write(q.w, u_str("x"), 1), 1);
	CHECK_EQ(select_now(8, r, w, e), 2);
	CHECK_EQ(*U_PTR(uint32_t, r), 1u << q.r);
	CHECK_EQ(*U_PTR(uint32_t, w), 1u << p.w);
	CHECK_EQ(*U_PTR(uint32_t, e), 0);
	close_pair(p);
	close_pair(q);
}

PROC_TEST(pselect_looks_at_no_bit_from_n_on)
{
	struct pair p = make_pipe();
	uint32_t set = 1u << p.w | 1u << 30;
	uaddr_t w = u_bytes(&set, 4);

	CHECK_EQ(select_now((uint32_t)p.w + 1, 0, w, 0), 1);
	CHECK_EQ(select_now(31, 0, u_bytes(&set, 4), 0), -EBADF);
	CHECK_EQ(select_now(0, 0, 0, 0), 0);
	CHECK_EQ(select_now(~0u, 0, 0, 0), -EINVAL);
	CHECK_EQ(select_now(8, 4, 0, 0), -EFAULT);
	close_pair(p);
}

PROC_TEST(pselect_of_high_descriptors_uses_the_heap_and_gives_it_back)
{
	struct pair p = make_pipe();
	uaddr_t w = u_alloc(128);

	CHECK_EQ(sys_dup3(p.w, 900, 0), 900);
	*U_PTR(uint32_t, w + 900 / 32 * 4) = 1u << 900 % 32;
	CHECK_EQ(select_now(1024, 0, w, 0), 1);
	CHECK_EQ(*U_PTR(uint32_t, w + 900 / 32 * 4), 1u << 900 % 32);
	CHECK_EQ(sys_close(900), 0);
	CHECK_EQ(select_now(1024, 0, w, 0), -EBADF);
	close_pair(p);
}

static void select_one(void *arg)
{
	struct poller *j = arg;
	uint32_t set = 1u << j->fd;
	uaddr_t r = u_bytes(&set, 4);

	j->result = sys_pselect6_time64((uint32_t)j->fd + 1, r, 0, 0, 0, 0);
	j->revents = *U_PTR(uint32_t, r) == set;
}

PROC_DET_TEST(pselect_asleep_wakes_at_the_end_of_file, 1000)
{
	struct pair p = make_pipe();
	struct poller j = {.fd = p.r};
	struct thread *t = ktest_thread(select_one, &j);

	CHECK_EQ(sys_close(p.w), 0);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.revents, 1);
	CHECK_EQ(sys_close(p.r), 0);
}

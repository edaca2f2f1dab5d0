/*
 * Tests of epoll.c: what is reported and how often, that no event is lost between threads that
 * wait, change the set and close what it watches, and that nothing outlives its file.
 */
#include "ipc/epoll.h"
#include "tests/ktest_proc.h"
#include "lib/alloc.h"
#include "lib/str.h"
#include "proc/internal.h"

struct pair {
	int32_t r, w;
};

static struct pair make_pipe(void)
{
	uaddr_t fds = u_alloc(8);

	CHECK_EQ(sys_pipe2(fds, O_NONBLOCK), 0);
	return *U_PTR(struct pair, fds);
}

static void close_pair(struct pair p)
{
	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(sys_close(p.w), 0);
}

static int32_t make_set(void)
{
	int fd = sys_epoll_create1(0);

	CHECK(fd >= 0);
	return fd;
}

static int ctl(int32_t set, uint32_t op, int32_t fd, uint32_t events, uint64_t data)
{
	struct abi_epoll_event ev = {.events = events, .data = data};

	return sys_epoll_ctl(set, op, fd, u_bytes(&ev, sizeof(ev)));
}

static void add(int32_t set, int32_t fd, uint32_t events)
{
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, fd, events, (uint64_t)fd), 0);
}

static void put_byte(int32_t fd)
{
	CHECK_EQ(sys_write(fd, u_str("x"), 1), 1);
}

static int get_byte(int32_t fd)
{
	return sys_read(fd, u_alloc(1), 1);
}

/* What a wait of `ms` for at most max reports. */
static int wait_for(int32_t set, struct abi_epoll_event *ev, int32_t max, int32_t ms)
{
	uaddr_t u = u_alloc((uint32_t)max * sizeof(*ev));
	int n = sys_epoll_pwait(set, u, max, ms, 0, 8);

	if (n > 0)
		memcpy(ev, u_ptr(u, (uint32_t)n * sizeof(*ev)), (uint32_t)n * sizeof(*ev));
	return n;
}

/* The only ready member's data, or -1: none. */
static int64_t ready_now(int32_t set)
{
	struct abi_epoll_event ev[4];
	int n = wait_for(set, ev, 4, 0);

	CHECK(n == 0 || n == 1);
	return n == 0 ? -1 : (int64_t)ev[0].data;
}

PROC_TEST(epoll_ctl_refuses_what_makes_no_sense)
{
	struct pair p = make_pipe();
	int32_t set = make_set(), other = make_set();
	int32_t file = sys_openat(AT_FDCWD, u_str("/f"), O_CREAT | O_RDWR, 0600);
	uaddr_t ev = u_alloc(16);

	CHECK_EQ(sys_epoll_create1(O_NONBLOCK), -EINVAL);
	CHECK_EQ(sys_epoll_ctl(99, EPOLL_CTL_ADD, p.r, ev), -EBADF);
	CHECK_EQ(sys_epoll_ctl(set, EPOLL_CTL_ADD, 99, ev), -EBADF);
	CHECK_EQ(sys_epoll_ctl(set, EPOLL_CTL_ADD, p.r, 8), -EFAULT);
	CHECK_EQ(sys_epoll_ctl(p.r, EPOLL_CTL_ADD, p.w, ev), -EINVAL);
	CHECK_EQ(sys_epoll_ctl(set, EPOLL_CTL_ADD, set, ev), -EINVAL);
	CHECK_EQ(sys_epoll_ctl(set, EPOLL_CTL_ADD, file, ev), -EPERM);
	CHECK_EQ(sys_epoll_ctl(set, 77, p.r, ev), -EINVAL);
	CHECK_EQ(ctl(set, EPOLL_CTL_MOD, p.r, POLLIN, 0), -ENOENT);
	CHECK_EQ(sys_epoll_ctl(set, EPOLL_CTL_DEL, p.r, 0), -ENOENT);
	add(set, p.r, POLLIN);
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, p.r, POLLIN, 0), -EEXIST);
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, p.w, POLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 0), -EINVAL);
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, other, POLLIN | EPOLLEXCLUSIVE, 0), -EINVAL);
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, p.w, POLLOUT | EPOLLEXCLUSIVE, 0), 0);
	CHECK_EQ(ctl(set, EPOLL_CTL_MOD, p.w, POLLOUT, 0), -EINVAL);
	CHECK_EQ(sys_epoll_pwait(set, ev, 0, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys_epoll_pwait(p.r, ev, 1, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys_epoll_pwait(99, ev, 1, 0, 0, 8), -EBADF);
	CHECK_EQ(sys_epoll_pwait(set, ev, 1, 0, ev, 4), -EINVAL);
	CHECK_EQ(sys_epoll_pwait(set, 8, 1, 0, 0, 8), -EFAULT);
	CHECK_EQ(sys_epoll_pwait(set, ev, 1, 0, 0, 8), 1); /* what EFAULT kept is still there */
	close_pair(p);
	CHECK_EQ(sys_close(file), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/f"), 0), 0);
	CHECK_EQ(sys_close(set), 0);
	CHECK_EQ(sys_close(other), 0);
}

PROC_TEST(epoll_level_reports_until_the_cause_is_gone_edge_once_for_each_write)
{
	struct pair p = make_pipe();
	int32_t level = make_set(), edge = make_set();

	add(level, p.r, POLLIN);
	add(edge, p.r, POLLIN | EPOLLET);
	CHECK_EQ(ready_now(level), -1);
	put_byte(p.w);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(ready_now(level), p.r);
	CHECK_EQ(ready_now(edge), p.r);
	CHECK_EQ(ready_now(edge), -1);
	put_byte(p.w); /* the pipe was not empty: an edge all the same */
	CHECK_EQ(ready_now(edge), p.r);
	CHECK_EQ(ready_now(edge), -1);
	CHECK_EQ(get_byte(p.r), 1);
	CHECK_EQ(get_byte(p.r), 1);
	CHECK_EQ(ready_now(level), -1);
	CHECK_EQ(sys_close(p.w), 0);
	CHECK_EQ(ready_now(edge), p.r); /* HUP is always asked for */
	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(ready_now(level), -1);
	CHECK_EQ(sys_close(level), 0);
	CHECK_EQ(sys_close(edge), 0);
}

PROC_TEST(epoll_edge_for_room_comes_when_a_full_pipe_has_some_again)
{
	struct pair p = make_pipe();
	int32_t set = make_set();
	uaddr_t buf = u_alloc(4096);

	CHECK_EQ(sys_fcntl64(p.w, F_SETPIPE_SZ, 4096), 4096);
	add(set, p.w, POLLOUT | EPOLLET);
	CHECK_EQ(ready_now(set), p.w);
	CHECK_EQ(sys_write(p.w, buf, 4096), 4096);
	CHECK_EQ(ready_now(set), -1);
	CHECK_EQ(sys_read(p.r, buf, 4096), 4096);
	CHECK_EQ(ready_now(set), p.w);
	CHECK_EQ(sys_close(set), 0);
	close_pair(p);
}

PROC_TEST(epoll_oneshot_is_silent_until_it_is_modified)
{
	struct pair p = make_pipe();
	int32_t set = make_set();

	add(set, p.r, POLLIN | EPOLLONESHOT);
	put_byte(p.w);
	CHECK_EQ(ready_now(set), p.r);
	put_byte(p.w);
	CHECK_EQ(sys_close(p.w), 0);
	CHECK_EQ(ready_now(set), -1);
	CHECK_EQ(ctl(set, EPOLL_CTL_MOD, p.r, POLLIN | EPOLLONESHOT, 7), 0);
	CHECK_EQ(ready_now(set), 7);
	CHECK_EQ(ready_now(set), -1);
	CHECK_EQ(sys_close(set), 0);
	CHECK_EQ(sys_close(p.r), 0);
}

PROC_TEST(epoll_ready_members_take_turns)
{
	struct pair p[3];
	int32_t set = make_set();
	uint32_t seen[3] = {0, 0, 0};

	for (int i = 0; i < 3; i++) {
		p[i] = make_pipe();
		CHECK_EQ(ctl(set, EPOLL_CTL_ADD, p[i].r, POLLIN, (uint64_t)i), 0);
		put_byte(p[i].w);
	}
	for (int i = 0; i < 30; i++) {
		struct abi_epoll_event ev;

		CHECK_EQ(wait_for(set, &ev, 1, 0), 1);
		seen[ev.data]++;
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(seen[i], 10);
		close_pair(p[i]);
	}
	CHECK_EQ(sys_close(set), 0);
}

PROC_TEST(epoll_members_are_kept_by_open_file_and_descriptor)
{
	struct pair p = make_pipe();
	int32_t set = make_set(), copy = sys_dup(p.r);

	add(set, p.r, POLLIN);
	add(set, copy, POLLIN);
	put_byte(p.w);
	CHECK_EQ(ctl(set, EPOLL_CTL_DEL, copy, 0, 0), 0);
	CHECK_EQ(
		sys_close(p.r), 0); /* the open file lives on in the copy, and so does the member */
	CHECK_EQ(ready_now(set), p.r);
	CHECK_EQ(ctl(set, EPOLL_CTL_DEL, p.r, 0, 0), -EBADF);
	CHECK_EQ(sys_close(copy), 0);
	CHECK_EQ(ready_now(set), -1);
	CHECK_EQ(sys_close(p.w), 0);
	CHECK_EQ(sys_close(set), 0);
}

PROC_TEST(epoll_of_many_members_finds_each)
{
	enum { N = 200 };
	int32_t set = make_set(), fd[N];
	struct pair p = make_pipe();

	for (int i = 0; i < N; i++) {
		fd[i] = sys_dup(p.r);
		add(set, fd[i], POLLIN);
	}
	for (int i = 0; i < N; i += 2)
		CHECK_EQ(ctl(set, EPOLL_CTL_DEL, fd[i], 0, 0), 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(ctl(set, EPOLL_CTL_MOD, fd[i], POLLIN, 0), i % 2 ? 0 : -ENOENT);
	CHECK_EQ(sys_close(set), 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(sys_close(fd[i]), 0);
	close_pair(p);
}

PROC_TEST(epoll_sets_in_sets_have_no_circle_and_five_levels)
{
	int32_t set[7];
	struct pair p = make_pipe();

	for (int i = 0; i < 7; i++)
		set[i] = make_set();
	add(set[0], p.r, POLLIN);
	for (int i = 0; i < 4; i++)
		add(set[i + 1], set[i], POLLIN);
	CHECK_EQ(ctl(set[0], EPOLL_CTL_ADD, set[4], POLLIN, 0), -ELOOP);
	CHECK_EQ(ctl(set[2], EPOLL_CTL_ADD, set[3], POLLIN, 0), -ELOOP);
	CHECK_EQ(ctl(set[5], EPOLL_CTL_ADD, set[4], POLLIN, 0), -ELOOP);
	CHECK_EQ(ctl(set[0], EPOLL_CTL_ADD, set[6], POLLIN, 0), -ELOOP);
	add(set[5], set[6], POLLIN);
	CHECK_EQ(ready_now(set[4]), -1);
	put_byte(p.w);
	for (int i = 1; i < 5; i++)
		CHECK_EQ(ready_now(set[i]), set[i - 1]);
	CHECK_EQ(get_byte(p.r), 1);
	CHECK_EQ(ready_now(set[4]), -1);
	CHECK_EQ(sys_close(set[2]), 0); /* in the middle */
	put_byte(p.w);
	CHECK_EQ(ready_now(set[1]), set[0]);
	CHECK_EQ(ready_now(set[4]), -1);
	for (int i = 0; i < 7; i++)
		CHECK_EQ(sys_close(set[i]), i == 2 ? -EBADF : 0);
	close_pair(p);
}

/* Three floors of eleven sets, each watched by all of the next: 1,463 ways up from the ground. */
PROC_TEST(epoll_ways_up_are_limited)
{
	enum { WIDE = 11 };
	int32_t floor[3][WIDE], ground = make_set();
	int refused = 0;

	for (int i = 0; i < 3 * WIDE; i++)
		floor[i / WIDE][i % WIDE] = make_set();
	for (int i = 0; i < WIDE; i++)
		add(floor[0][i], ground, POLLIN);
	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < WIDE * WIDE; i++) {
			int err = ctl(floor[f + 1][i / WIDE], EPOLL_CTL_ADD, floor[f][i % WIDE],
				POLLIN, 0);

			CHECK(err == 0 || err == -EINVAL);
			refused += err != 0;
		}
	}
	CHECK(refused > 0 && refused < WIDE * WIDE);
	CHECK_EQ(sys_close(ground), 0);
	for (int i = 0; i < 3 * WIDE; i++)
		CHECK_EQ(sys_close(floor[i / WIDE][i % WIDE]), 0);
}

PROC_TEST(epoll_out_of_memory_leaves_nothing_behind)
{
	struct pair p = make_pipe();
	int32_t set = make_set();
	int err = -ENOMEM;

	for (uint32_t n = 1; err == -ENOMEM; n++) {
		alloc_fail_after(n);
		err = sys_epoll_create1(0);
		alloc_fail_after(0);
	}
	CHECK(err > 0);
	CHECK_EQ(sys_close(err), 0);
	alloc_fail_after(1);
	CHECK_EQ(ctl(set, EPOLL_CTL_ADD, p.r, POLLIN, 0), -ENOMEM);
	alloc_fail_after(0);
	add(set, p.r, POLLIN);
	CHECK_EQ(sys_close(set), 0);
	close_pair(p);
}

/* ---- waking ---- */

struct waiting {
	int32_t set, ms;
	int result;
	uint64_t data;
	uint32_t events;
};

static void wait_one(void *arg)
{
	struct waiting *j = arg;
	struct abi_epoll_event ev = {0, 0, 0};

	j->result = wait_for(j->set, &ev, 1, j->ms);
	j->data = ev.data;
	j->events = ev.events;
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(epoll_wait_asleep_wakes_for_a_byte_and_for_the_end, 1000)
{
	struct pair p = make_pipe();
	struct waiting j = {.set = make_set(), .ms = -1};
	struct thread *t;

	add(j.set, p.r, POLLIN);
	t = ktest_thread(wait_one, &j);
	if (ktest_seed() & 1)
		put_byte(p.w);
	CHECK_EQ(sys_close(p.w), 0);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.data, p.r);
	CHECK(j.events & (POLLIN | POLLHUP));
	CHECK_EQ(sys_close(p.r), 0);
	CHECK_EQ(sys_close(j.set), 0);
}

PROC_DET_TEST(epoll_wait_sees_what_is_added_and_modified_meanwhile, 1000)
{
	struct pair p = make_pipe();
	struct waiting j = {.set = make_set(), .ms = -1};
	struct thread *t = ktest_thread(wait_one, &j);

	if (ktest_seed() & 1) {
		add(j.set, p.w, POLLOUT);
	} else {
		add(j.set, p.w, 0);
		CHECK_EQ(ctl(j.set, EPOLL_CTL_MOD, p.w, POLLOUT, 5), 0);
	}
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.data, ktest_seed() & 1 ? (uint64_t)p.w : 5);
	close_pair(p);
	CHECK_EQ(sys_close(j.set), 0);
}

/* Each of two threads waits for one byte of two. One wake-up for each byte must do. */
static void wait_and_take(void *arg)
{
	struct waiting *j = arg;
	struct abi_epoll_event ev;

	do {
		CHECK_EQ(wait_for(j->set, &ev, 1, -1), 1);
	} while (get_byte((int32_t)ev.data) != 1);
}

PROC_DET_TEST(epoll_two_waiters_share_two_bytes, 1000)
{
	struct pair p = make_pipe();
	struct waiting j = {.set = make_set()};
	struct thread *t[2];

	add(j.set, p.r, POLLIN);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(wait_and_take, &j);
	put_byte(p.w);
	put_byte(p.w);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	close_pair(p);
	CHECK_EQ(sys_close(j.set), 0);
}

/* A thread that was chosen for the wake-up and leaves with a signal must not take it along. */
PROC_DET_TEST(epoll_waiter_that_is_interrupted_leaves_the_event_to_the_other, 1000)
{
	struct pair p = make_pipe();
	int32_t set = make_set();
	struct waiting j[2] = {{.set = set, .ms = -1}, {.set = set, .ms = -1}};
	struct thread *t[2];

	add(set, p.r, POLLIN | EPOLLET);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(wait_one, &j[i]);
	put_byte(p.w);
	waker_interrupt(&t[0]->waker, INTR_SIGNAL);
	ktest_join(t[0]);
	CHECK(j[0].result == 1 || j[0].result == -EINTR);
	if (j[0].result == 1)
		put_byte(p.w); /* an edge for the second */
	ktest_join(t[1]);
	CHECK_EQ(j[1].result, 1);
	close_pair(p);
	CHECK_EQ(sys_close(set), 0);
}

/* Two sets watch one file exclusively, a thread waits on each: a byte reaches at least one, and
 * when that one has read it the next byte reaches one again. */
PROC_DET_TEST(epoll_exclusive_sets_get_every_byte_between_them, 1000)
{
	struct pair p = make_pipe();
	struct waiting j[2] = {{.set = make_set()}, {.set = make_set()}};
	struct thread *t[2];

	for (int i = 0; i < 2; i++) {
		add(j[i].set, p.r, POLLIN | EPOLLEXCLUSIVE);
		t[i] = ktest_thread(wait_and_take, &j[i]);
	}
	put_byte(p.w);
	put_byte(p.w);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(sys_close(j[i].set), 0);
	close_pair(p);
}

PROC_DET_TEST(epoll_of_an_epoll_wakes_and_poll_of_it_too, 1000)
{
	struct pair p = make_pipe();
	int32_t inner = make_set();
	struct waiting j = {.set = make_set(), .ms = -1};
	struct thread *t;

	add(inner, p.r, POLLIN);
	add(j.set, inner, POLLIN | EPOLLET);
	t = ktest_thread(wait_one, &j);
	put_byte(p.w);
	ktest_join(t);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(j.data, inner);
	CHECK_EQ(ready_now(inner), p.r);
	CHECK_EQ(sys_close(inner), 0);
	CHECK_EQ(sys_close(j.set), 0);
	close_pair(p);
}

/* ---- closing beside use ---- */

static void close_one(void *arg)
{
	CHECK_EQ(sys_close(*(int32_t *)arg), 0);
}

PROC_DET_TEST(epoll_wait_beside_the_close_of_what_it_watches, 1000)
{
	struct pair p = make_pipe(), q = make_pipe();
	struct waiting j = {.set = make_set(), .ms = -1};
	struct thread *t[2];

	add(j.set, p.r, POLLIN);
	add(j.set, q.r, POLLIN);
	put_byte(p.w);
	t[0] = ktest_thread(close_one, &p.r);
	t[1] = ktest_thread(wait_one, &j);
	put_byte(q.w);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(j.result, 1);
	CHECK_EQ(ready_now(j.set), q.r);
	CHECK_EQ(sys_close(p.w), 0);
	close_pair(q);
	CHECK_EQ(sys_close(j.set), 0);
}

struct adding {
	int32_t set, fd;
	int add, del;
};

static void add_and_delete(void *arg)
{
	struct adding *j = arg;

	j->add = ctl(j->set, EPOLL_CTL_ADD, j->fd, POLLIN, 1);
	j->del = ctl(j->set, EPOLL_CTL_DEL, j->fd, 0, 0);
}

PROC_DET_TEST(epoll_ctl_beside_the_close_of_its_file, 1000)
{
	struct pair p = make_pipe();
	struct adding j = {.set = make_set(), .fd = p.r};
	struct thread *t = ktest_thread(add_and_delete, &j);

	put_byte(p.w);
	CHECK_EQ(sys_close(p.r), 0);
	ktest_join(t);
	CHECK(j.add == 0 || j.add == -EBADF);
	CHECK(j.del == -EBADF || (j.add == 0 && j.del == 0));
	CHECK_EQ(ready_now(j.set), -1);
	CHECK_EQ(sys_close(p.w), 0);
	CHECK_EQ(sys_close(j.set), 0);
}

PROC_DET_TEST(epoll_two_sets_and_their_file_all_closed_at_once, 1000)
{
	struct pair p = make_pipe();
	int32_t set[2] = {make_set(), make_set()};
	struct thread *t[3];

	add(set[0], p.r, POLLIN);
	add(set[1], p.r, POLLIN | EPOLLET);
	if (ktest_seed() & 1)
		add(set[1], set[0], POLLIN);
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(close_one, &set[i]);
	t[2] = ktest_thread(close_one, &p.r);
	CHECK_EQ(sys_close(p.w), 0); /* a hang-up meets all three */
	for (int i = 0; i < 3; i++)
		ktest_join(t[i]);
}

PROC_DET_TEST(epoll_inner_set_closed_beside_a_wait_on_the_outer, 1000)
{
	struct pair p = make_pipe(), q = make_pipe();
	int32_t inner = make_set();
	struct waiting j = {.set = make_set(), .ms = -1};
	struct thread *t[2];

	add(inner, p.r, POLLIN);
	add(j.set, inner, POLLIN);
	add(j.set, q.r, POLLIN);
	t[0] = ktest_thread(wait_one, &j);
	t[1] = ktest_thread(close_one, &inner);
	put_byte(p.w);
	put_byte(q.w);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(j.result, 1);
	CHECK(j.data == (uint64_t)q.r || j.data == (uint64_t)inner);
	CHECK_EQ(ready_now(j.set), q.r);
	CHECK_EQ(sys_close(j.set), 0);
	close_pair(p);
	close_pair(q);
}

/* The two orders of nesting, tried at the same time: one of them is a circle. */
struct nest {
	int32_t outer, inner;
	int result;
};
static void nest_one(void *arg)
{
	struct nest *j = arg;

	j->result = ctl(j->outer, EPOLL_CTL_ADD, j->inner, POLLIN, 0);
}

PROC_DET_TEST(epoll_sets_added_to_each_other_at_once_make_no_circle, 1000)
{
	struct pair p = make_pipe();
	struct nest j[2];
	struct thread *t[2];
	int32_t a = make_set(), b = make_set();

	add(a, p.r, POLLIN);
	add(b, p.r, POLLIN);
	put_byte(p.w);
	j[0] = (struct nest){a, b, 0};
	j[1] = (struct nest){b, a, 0};
	for (int i = 0; i < 2; i++)
		t[i] = ktest_thread(nest_one, &j[i]);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(j[0].result + j[1].result, -ELOOP);
	CHECK_EQ(sys_close(a), 0);
	CHECK_EQ(sys_close(b), 0);
	close_pair(p);
}

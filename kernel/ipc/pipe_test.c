/*
 * Tests of pipe.c through the system calls: POSIX's rules for pipes and FIFOs one by one, then
 * readers, writers, closes and signals that race.
 */
#include "tests/ktest_proc.h"
#include "ipc/pipe.h"
#include "proc/internal.h"
#include "abi/termios.h"
#include "lib/alloc.h"
#include "lib/str.h"

#define SMALL 4096 /* a pipe this large fills and empties often */

static void make(int32_t fd[2], uint32_t flags)
{
	uaddr_t fds = u_alloc(8);

	CHECK_EQ(sys_pipe2(fds, flags), 0);
	memcpy(fd, u_ptr(fds, 8), 8);
}

static void close_both(const int32_t fd[2])
{
	CHECK_EQ(sys_close(fd[0]), 0);
	CHECK_EQ(sys_close(fd[1]), 0);
}

/* n bytes of a pattern that says where in the stream they are. */
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

/* SIGPIPE is to be counted, not to end the test: it gets a handler that is never called. */
static void catch_sigpipe(void)
{
	proc_self()->actions[SIGPIPE].handler = 1024;
}

/* Take a pending signal of the calling thread off its queue. */
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

/* ---- one thread ---- */

PROC_TEST(pipe2_gives_the_two_lowest_descriptors)
{
	int32_t a[2], b[2];

	make(a, 0);
	make(b, O_CLOEXEC | O_NONBLOCK);
	CHECK_EQ(a[0], 0);
	CHECK_EQ(a[1], 1);
	CHECK_EQ(b[0], 2);
	CHECK_EQ(sys_fcntl64(a[0], F_GETFD, 0), 0);
	CHECK_EQ(sys_fcntl64(b[1], F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl64(b[0], F_GETFL, 0) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQ(sys_fcntl64(b[1], F_GETFL, 0) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	close_both(a);
	close_both(b);
}

PROC_TEST(pipe2_that_fails_leaves_no_descriptor)
{
	int32_t fd[2];

	CHECK_EQ(sys_pipe2(u_alloc(8), O_DIRECT), -EINVAL);
	CHECK_EQ(sys_pipe2(0, 0), -EFAULT);
	make(fd, 0);
	CHECK_EQ(fd[0], 0);
	close_both(fd);
}

PROC_TEST(pipe2_without_memory_leaves_nothing)
{
	uaddr_t fds = u_alloc(8);
	uint32_t n = 1;
	int err;

	do {
		uint32_t before = ktest_objects();

		alloc_fail_after(n++);
		err = sys_pipe2(fds, 0);
		alloc_fail_after(0);
		if (err) {
			CHECK_EQ(err, -ENOMEM);
			CHECK_EQ(ktest_objects(), before);
		}
	} while (err && n < 20);
	CHECK_EQ(err, 0);
	close_both(u_ptr(fds, 8));
}

PROC_TEST(pipe_ends_go_one_way)
{
	int32_t fd[2];

	make(fd, 0);
	CHECK_EQ(sys_read(fd[1], u_alloc(4), 4), -EBADF);
	CHECK_EQ(sys_write(fd[0], u_alloc(4), 4), -EBADF);
	CHECK_EQ(sys__llseek(fd[0], 0, 0, u_alloc(8), SEEK_SET), -ESPIPE);
	close_both(fd);
}

PROC_TEST(pipe_read_gives_what_is_there_and_then_the_end)
{
	int32_t fd[2];
	uaddr_t buf = u_alloc(100);

	make(fd, 0);
	CHECK_EQ(sys_write(fd[1], pattern(0, 30), 30), 30);
	CHECK_EQ(sys_read(fd[0], buf, 0), 0);
	CHECK_EQ(sys_read(fd[0], buf, 10), 10);
	check_pattern(buf, 0, 10);
	CHECK_EQ(sys_read(fd[0], buf, 100), 20);
	check_pattern(buf, 10, 20);
	CHECK_EQ(sys_close(fd[1]), 0);
	CHECK_EQ(sys_read(fd[0], buf, 100), 0);
	CHECK_EQ(sys_close(fd[0]), 0);
}

PROC_TEST(pipe_write_without_reader_is_epipe_and_sigpipe)
{
	int32_t fd[2];

	catch_sigpipe();
	make(fd, 0);
	CHECK_EQ(sys_close(fd[0]), 0);
	CHECK_EQ(sys_write(fd[1], pattern(0, 1), 0), 0);
	CHECK(!took_signal(SIGPIPE));
	CHECK_EQ(sys_write(fd[1], pattern(0, 1), 1), -EPIPE);
	CHECK(took_signal(SIGPIPE));
	CHECK_EQ(sys_close(fd[1]), 0);
}

PROC_TEST(pipe_nonblocking_read_of_an_empty_pipe_is_eagain)
{
	int32_t fd[2];

	make(fd, O_NONBLOCK);
	CHECK_EQ(sys_read(fd[0], u_alloc(1), 1), -EAGAIN);
	CHECK_EQ(sys_close(fd[1]), 0);
	CHECK_EQ(sys_read(fd[0], u_alloc(1), 1), 0);
	CHECK_EQ(sys_close(fd[0]), 0);
}

/* POSIX write(): up to PIPE_BUF all or nothing, above it what fits. */
PROC_TEST(pipe_nonblocking_write_splits_only_what_is_larger_than_pipe_buf)
{
	int32_t fd[2];
	uaddr_t data = pattern(0, 65536);

	make(fd, O_NONBLOCK);
	CHECK_EQ(sys_write(fd[1], data, 65436), 65436);
	CHECK_EQ(sys_write(fd[1], data, 101), -EAGAIN);
	CHECK_EQ(sys_write(fd[1], data, 4096), -EAGAIN);
	CHECK_EQ(sys_write(fd[1], data, 4097), 100);
	CHECK_EQ(sys_write(fd[1], data, 4097), -EAGAIN);
	CHECK_EQ(sys_write(fd[1], data, 1), -EAGAIN);
	CHECK_EQ(sys_read(fd[0], u_alloc(101), 101), 101);
	CHECK_EQ(sys_write(fd[1], data, 101), 101);
	close_both(fd);
}

PROC_TEST(pipe_keeps_order_around_its_end)
{
	static const uint32_t sizes[] = {1, 4095, 4096, 3, 4000, 100, 4096, 2048};
	int32_t fd[2];
	uint32_t at = 0, read_at = 0;

	make(fd, O_NONBLOCK);
	CHECK_EQ(sys_fcntl64(fd[1], F_SETPIPE_SZ, 8192), 8192);
	for (int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
			uaddr_t buf = u_alloc(4096);
			int n = sys_write(fd[1], pattern(at, sizes[i]), sizes[i]);

			CHECK(n == (int)sizes[i] || n == -EAGAIN);
			if (n > 0)
				at += (uint32_t)n;
			n = sys_read(fd[0], buf, sizes[ARRAY_LEN(sizes) - 1 - i]);
			CHECK(n > 0 || n == -EAGAIN);
			if (n > 0) {
				check_pattern(buf, read_at, (uint32_t)n);
				read_at += (uint32_t)n;
			}
		}
	}
	CHECK(read_at > 20000);
	close_both(fd);
}

PROC_TEST(pipe_fionread_counts_bytes)
{
	int32_t fd[2];
	uaddr_t n = u_alloc(4);

	make(fd, 0);
	CHECK_EQ(sys_ioctl(fd[0], FIONREAD, n), 0);
	CHECK_EQ(*U_PTR(uint32_t, n), 0);
	CHECK_EQ(sys_write(fd[1], pattern(0, 77), 77), 77);
	CHECK_EQ(sys_ioctl(fd[0], FIONREAD, n), 0);
	CHECK_EQ(*U_PTR(uint32_t, n), 77);
	CHECK_EQ(sys_ioctl(fd[0], TCGETS, n), -ENOTTY);
	close_both(fd);
}

PROC_TEST(pipe_size_can_be_set_and_keeps_what_is_inside)
{
	int32_t fd[2];
	uaddr_t buf = u_alloc(9000);

	make(fd, O_NONBLOCK);
	CHECK_EQ(sys_fcntl64(fd[0], F_GETPIPE_SZ, 0), 65536);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, 1), 4096);
	CHECK_EQ(sys_write(fd[1], pattern(0, 4096), 4096), 4096);
	CHECK_EQ(sys_read(fd[0], buf, 1000), 1000);
	CHECK_EQ(sys_write(fd[1], pattern(4096, 1000), 1000), 1000);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, 10000), 16384);
	CHECK_EQ(sys_write(fd[1], pattern(5096, 5000), 5000), 5000);
	CHECK_EQ(sys_fcntl64(fd[1], F_SETPIPE_SZ, 8192), -EBUSY);
	CHECK_EQ(sys_fcntl64(fd[1], F_SETPIPE_SZ, PIPE_SIZE_MAX + 1), -EPERM);
	CHECK_EQ(sys_fcntl64(fd[1], F_SETPIPE_SZ, 0), -EINVAL);
	CHECK_EQ(sys_read(fd[0], buf, 9000), 9000);
	check_pattern(buf, 1000, 9000);
	close_both(fd);
}

PROC_TEST(pipe_buffer_comes_with_the_first_byte)
{
	int32_t fd[2];
	struct alloc_stats before, after;

	alloc_stats(&before);
	make(fd, 0);
	alloc_stats(&after);
	CHECK(after.used_bytes - before.used_bytes < 4096);
	close_both(fd);
}

/* ---- two threads: who sleeps is woken ---- */

struct job {
	int32_t fd;
	uint32_t total, piece;
	int result;
	uint32_t moved;
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

/* Pieces of all sizes against each other, through a pipe of one page. */
PROC_DET_TEST(pipe_carries_every_byte_in_order, 1000)
{
	static const uint32_t pieces[] = {1000, 3000, 4096, 5000, 20000};
	uint32_t seed = ktest_seed();
	int32_t fd[2];
	struct job w = {.total = 20000, .piece = pieces[seed % 5]};
	struct job r = {.piece = pieces[seed / 5 % 5]};
	struct thread *t;

	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	w.fd = fd[1];
	r.fd = fd[0];
	t = ktest_thread(write_all, &w);
	read_all(&r);
	ktest_join(t);
	CHECK_EQ(w.result, 0);
	CHECK_EQ(r.result, 0);
	CHECK_EQ(r.moved, 20000);
	CHECK_EQ(sys_close(fd[0]), 0);
}

PROC_DET_TEST(pipe_reader_asleep_when_last_writer_closes_sees_the_end, 1000)
{
	int32_t fd[2];
	struct job r = {.piece = 10, .result = 1};
	struct thread *t;

	make(fd, 0);
	r.fd = fd[0];
	t = ktest_thread(read_all, &r);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	CHECK_EQ(sys_close(fd[1]), 0);
	ktest_join(t);
	CHECK_EQ(r.result, 0);
	CHECK_EQ(sys_close(fd[0]), 0);
}

static void write_and_take_sigpipe(void *arg)
{
	struct job *j = arg;

	write_all(j);
	CHECK(took_signal(SIGPIPE));
}

PROC_DET_TEST(pipe_writer_asleep_when_last_reader_closes_gets_epipe, 1000)
{
	int32_t fd[2];
	struct job w = {.total = 3 * SMALL, .piece = ktest_seed() & 2 ? 3 * SMALL : 1000};
	struct thread *t;

	catch_sigpipe();
	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	w.fd = fd[1];
	t = ktest_thread(write_and_take_sigpipe, &w);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	CHECK_EQ(sys_close(fd[0]), 0);
	ktest_join(t);
	/* What fitted before is a short write; the next one fails. */
	CHECK(w.result == -EPIPE || (w.piece > SMALL && w.result <= SMALL));
	CHECK_EQ(sys_close(fd[1]), 0);
}

/* A small write waits for exactly its size: one read that makes the room must wake it, for nobody
 * may read again before it has written. */
PROC_DET_TEST(pipe_small_writer_goes_on_as_soon_as_it_fits, 1000)
{
	int32_t fd[2];
	struct job w = {.total = 100, .piece = 100};
	struct thread *t;

	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	CHECK_EQ(sys_write(fd[1], pattern(0, SMALL - 50), SMALL - 50), SMALL - 50);
	w.fd = fd[1];
	t = ktest_thread(write_all, &w);
	CHECK_EQ(sys_read(fd[0], u_alloc(60), 60), 60);
	ktest_join(t);
	CHECK_EQ(w.moved, 100);
	CHECK_EQ(sys_close(fd[0]), 0);
}

/* Two writers with different needs: the modest one must not take the other's wake-up away. */
PROC_DET_TEST(pipe_two_writers_asleep_both_go_on, 1000)
{
	int32_t fd[2];
	struct job w[2] = {{.total = 3000, .piece = 3000}, {.total = 100, .piece = 100}};
	struct thread *t[2];
	uint32_t left = SMALL + 3100;
	uaddr_t buf = u_alloc(700);

	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	CHECK_EQ(sys_write(fd[1], pattern(0, SMALL), SMALL), SMALL);
	for (int i = 0; i < 2; i++) {
		w[i].fd = sys_dup(fd[1]);
		t[i] = ktest_thread(write_all, &w[i]);
	}
	while (left > 0) {
		int n = sys_read(fd[0], buf, 700);

		CHECK(n > 0);
		left -= (uint32_t)n;
	}
	for (int i = 0; i < 2; i++) {
		ktest_join(t[i]);
		CHECK_EQ(w[i].result, 0);
	}
	close_both(fd);
}

static void write_marked(void *arg)
{
	struct job *j = arg;
	uaddr_t data = u_alloc(j->piece);

	memset(u_ptr(data, j->piece), (int)j->total, j->piece);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sys_write(j->fd, data, j->piece), j->piece);
}

/* POSIX write(): {PIPE_BUF} bytes or fewer are not mixed with those of other writers. */
PROC_DET_TEST(pipe_pieces_of_pipe_buf_stay_whole, 1000)
{
	int32_t fd[2];
	struct job w[2] = {{.total = 'a', .piece = 1500}, {.total = 'b', .piece = 1500}};
	struct thread *t[2];
	uaddr_t buf = u_alloc(9000);
	uint32_t n = 0;

	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	for (int i = 0; i < 2; i++) {
		w[i].fd = fd[1];
		t[i] = ktest_thread(write_marked, &w[i]);
	}
	while (n < 9000) {
		int got = sys_read(fd[0], buf + n, 700);

		CHECK(got > 0);
		n += (uint32_t)got;
	}
	for (uint32_t i = 0; i < 9000; i++)
		CHECK_EQ(*U_PTR(char, buf + i), *U_PTR(char, buf + i / 1500 * 1500));
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	close_both(fd);
}

/* ---- signals and kills ---- */

static void read_once(void *arg)
{
	struct job *j = arg;

	j->result = sys_read(j->fd, u_alloc(10), 10);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(pipe_reader_interrupted_while_data_comes_loses_none, 1000)
{
	int32_t fd[2];
	struct job r = {0};
	struct thread *t;

	make(fd, 0);
	r.fd = fd[0];
	t = ktest_thread(read_once, &r);
	waker_interrupt(&t->waker, ktest_seed() & 1 ? INTR_SIGNAL : INTR_KILL);
	CHECK_EQ(sys_write(fd[1], pattern(0, 10), 10), 10);
	ktest_join(t);
	CHECK(r.result == 10 || r.result == -PLEAT_ERESTARTSYS);
	if (r.result != 10)
		CHECK_EQ(sys_read(fd[0], u_alloc(10), 10), 10);
	close_both(fd);
}

static void write_big(void *arg)
{
	struct job *j = arg;

	j->result = sys_write(j->fd, pattern(0, j->total), j->total);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

/* POSIX write(): interrupted after some bytes it tells how many. */
PROC_DET_TEST(pipe_writer_killed_between_reads_counts_what_it_wrote, 1000)
{
	int32_t fd[2];
	struct job w = {.total = 3 * SMALL};
	struct thread *t;
	uint32_t got = 0;
	uaddr_t buf = u_alloc(1000);
	int n;

	make(fd, 0);
	CHECK_EQ(sys_fcntl64(fd[0], F_SETPIPE_SZ, SMALL), SMALL);
	w.fd = fd[1];
	t = ktest_thread(write_big, &w);
	got += (uint32_t)sys_read(fd[0], buf, 1000);
	waker_interrupt(&t->waker, INTR_KILL);
	got += (uint32_t)sys_read(fd[0], buf, 1000);
	ktest_join(t);
	CHECK_EQ(sys_close(fd[1]), 0);
	while ((n = sys_read(fd[0], buf, 1000)) > 0)
		got += (uint32_t)n;
	CHECK_EQ(n, 0);
	CHECK_EQ(w.result, got);
	CHECK_EQ(sys_close(fd[0]), 0);
}

/* ---- FIFOs ---- */

static void make_fifo(void)
{
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/fifo"), S_IFIFO | 0600, 0), 0);
}

static void remove_fifo(void)
{
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/fifo"), 0), 0);
}

static int open_fifo(uint32_t flags)
{
	return sys_openat(AT_FDCWD, u_str("/fifo"), flags, 0);
}

PROC_TEST(fifo_nonblocking_opens_follow_posix)
{
	int r, w;

	catch_sigpipe();
	make_fifo();
	CHECK_EQ(open_fifo(O_WRONLY | O_NONBLOCK), -ENXIO);
	r = open_fifo(O_RDONLY | O_NONBLOCK);
	CHECK(r >= 0);
	CHECK_EQ(sys_read(r, u_alloc(1), 1), 0); /* no writer: the end, not EAGAIN */
	w = open_fifo(O_WRONLY | O_NONBLOCK);
	CHECK(w >= 0);
	CHECK_EQ(sys_read(r, u_alloc(1), 1), -EAGAIN);
	CHECK_EQ(sys_write(w, pattern(0, 5), 5), 5);
	CHECK_EQ(sys_read(r, u_alloc(5), 5), 5);
	CHECK_EQ(sys_close(r), 0);
	CHECK_EQ(sys_write(w, pattern(0, 5), 5), -EPIPE);
	CHECK(took_signal(SIGPIPE));
	CHECK_EQ(sys_close(w), 0);
	remove_fifo();
}

PROC_TEST(fifo_opened_both_ways_does_not_wait)
{
	int fd;

	make_fifo();
	fd = open_fifo(O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, pattern(0, 5), 5), 5);
	CHECK_EQ(sys_read(fd, u_alloc(5), 5), 5);
	CHECK_EQ(sys_close(fd), 0);
	/* Bytes do not outlive the last close. */
	fd = open_fifo(O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys_read(fd, u_alloc(5), 5), -EAGAIN);
	CHECK_EQ(sys_close(fd), 0);
	remove_fifo();
}

struct opener {
	uint32_t flags;
	int fd;
	bool write;
};

static void open_it(void *arg)
{
	struct opener *o = arg;

	o->fd = open_fifo(o->flags);
	if (o->fd >= 0 && o->write) {
		CHECK_EQ(sys_write(o->fd, pattern(0, 5), 5), 5);
		CHECK_EQ(sys_close(o->fd), 0);
	}
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

/* The writer may have come, written and gone before the reader's open has returned. */
PROC_DET_TEST(fifo_reader_meets_a_writer_that_leaves_at_once, 1000)
{
	struct opener w = {.flags = O_WRONLY, .write = true};
	struct thread *t;
	uaddr_t buf = u_alloc(10);
	int r;

	make_fifo();
	t = ktest_thread(open_it, &w);
	r = open_fifo(O_RDONLY);
	CHECK(r >= 0);
	CHECK_EQ(sys_read(r, buf, 10), 5);
	CHECK_EQ(sys_read(r, buf, 10), 0);
	ktest_join(t);
	CHECK_EQ(sys_close(r), 0);
	remove_fifo();
}

PROC_DET_TEST(fifo_writer_meets_a_reader_that_leaves_at_once, 1000)
{
	struct opener w = {.flags = O_WRONLY};
	struct thread *t;
	int r;

	make_fifo();
	t = ktest_thread(open_it, &w);
	r = open_fifo(O_RDONLY);
	CHECK(r >= 0);
	CHECK_EQ(sys_close(r), 0);
	ktest_join(t);
	CHECK(w.fd >= 0);
	CHECK_EQ(sys_close(w.fd), 0);
	remove_fifo();
}

PROC_DET_TEST(fifo_open_interrupted_leaves_nothing, 1000)
{
	struct opener o = {.flags = ktest_seed() & 1 ? O_WRONLY : O_RDONLY};
	struct thread *t;
	int fd;

	make_fifo();
	t = ktest_thread(open_it, &o);
	if (ktest_seed() & 2)
		ktest_wait_asleep(t);
	waker_interrupt(&t->waker, INTR_KILL);
	ktest_join(t);
	CHECK_EQ(o.fd, -PLEAT_ERESTARTSYS);
	/* No end is left behind: a lone writer finds no reader. */
	fd = open_fifo(O_WRONLY | O_NONBLOCK);
	CHECK_EQ(fd, -ENXIO);
	remove_fifo();
}

PROC_DET_TEST(fifo_close_and_open_race_for_the_pipe, 1000)
{
	struct opener o = {.flags = O_RDWR, .write = true};
	struct thread *t[2];
	int fd;

	make_fifo();
	fd = open_fifo(O_RDWR);
	t[0] = ktest_thread(open_it, &o);
	t[1] = ktest_thread(open_it, &(struct opener){.flags = O_RDWR, .write = true});
	CHECK_EQ(sys_close(fd), 0);
	ktest_join(t[0]);
	ktest_join(t[1]);
	remove_fifo();
}

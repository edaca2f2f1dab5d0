/*
 * Tests of console.c: the test plays the host at the far end of the rings.
 */
#include "tests/ktest_proc.h"
#include "dev/dev.h"
#include "host/host.h"
#include "lib/str.h"
#include "proc/internal.h"
#include "proc/session.h"
#include "tty/tty.h"

#define SIZE CONSOLE_RING_SIZE

static struct console_ring *ring(uint32_t n)
{
	return &host_area_ptr()->consoles[n];
}

/* Requests of one kind for console n since the last look; all others are thrown away. */
static uint32_t requests(uint32_t op, uint32_t n)
{
	struct host_area *area = host_area_ptr();
	uint32_t count = 0;

	while (area->request_tail != atomic_load(&area->request_head)) {
		struct host_slot *slot = &area->requests[area->request_tail % REQUEST_SLOTS];

		count += slot->op == op && slot->arg[0] == n;
		atomic_store(&area->request_tail, area->request_tail + 1);
	}
	return count;
}

/* The host's side: bytes typed. Returns how many fitted. */
static uint32_t host_type(uint32_t n, const char *s, uint32_t len)
{
	uint32_t head = ring(n)->in_head, i;

	for (i = 0; i < len && head + i - atomic_load(&ring(n)->in_tail) < SIZE; i++)
		console_ring_data(n, false)[(head + i) % SIZE] = (uint8_t)s[i];
	atomic_store(&ring(n)->in_head, head + i);
	return i;
}

/* The host's side: take up to len bytes of output. */
static uint32_t host_take(uint32_t n, char *out, uint32_t len)
{
	uint32_t tail = ring(n)->out_tail, i;

	for (i = 0; i < len && tail + i != atomic_load(&ring(n)->out_head); i++)
		out[i] = (char)console_ring_data(n, true)[(tail + i) % SIZE];
	atomic_store(&ring(n)->out_tail, tail + i);
	return i;
}

/* Consoles live for ever: what they take is no leak. */
static void need_console(uint32_t n)
{
	console_opened(n);
	ktest_forget_leaks();
	requests(0, 0);
}

/* A descriptor of a device, without a file system. */
static int open_rdev(uint32_t rdev, uint32_t flags)
{
	struct file *f = file_new_anon(dev_fops(S_IFCHR, rdev), flags, "dev:", NULL);
	struct inode inode = {.rdev = rdev, .mode = S_IFCHR};
	int fd, err;

	CHECK(f);
	err = f->ops->open ? f->ops->open(&inode, f) : 0;
	if (err) {
		f->ops = dev_fops(S_IFCHR, rdev);
		file_put(f);
		return err;
	}
	fd = fd_reserve(0, 0);
	CHECK(fd >= 0);
	fd_install(fd, f);
	return fd;
}

static int open_console(uint32_t n, uint32_t flags)
{
	return open_rdev(MKDEV(DEV_MAJOR_TTY, n), O_NOCTTY | flags);
}

static int read_text(int fd, char *out, uint32_t n)
{
	uaddr_t buf = u_alloc(n);
	int got = sys_read(fd, buf, n);

	if (got > 0)
		memcpy(out, u_ptr(buf, n), (size_t)got);
	return got;
}

static int put(int fd, const char *s)
{
	return sys_write(fd, u_str(s), (uint32_t)strlen(s));
}

PROC_TEST(console_is_a_terminal_over_its_rings)
{
	char text[64];
	int fd;

	need_console(3);
	fd = open_console(3, O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(put(fd, "hi\n"), 3);
	CHECK_EQ(requests(OP_CONSOLE_OUTPUT, 3), 1);
	CHECK_EQ(host_take(3, text, 64), 4);
	CHECK_MEM(text, "hi\r\n", 4);
	CHECK_EQ(host_type(3, "ls\r", 3), 3);
	console_input_ready(3);
	CHECK_EQ(read_text(fd, text, 64), 3);
	CHECK_MEM(text, "ls\n", 3);
	CHECK_EQ(host_take(3, text, 64), 4);
	CHECK_MEM(text, "ls\r\n", 4);
	CHECK_EQ(sys_close(fd), 0);
}

/* One request for each time the host had taken everything, not for each write. */
PROC_TEST(console_tells_the_host_only_when_it_may_be_asleep)
{
	char text[64];
	int fd;

	need_console(3);
	fd = open_console(3, O_RDWR);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(put(fd, "x"), 1);
	CHECK_EQ(requests(OP_CONSOLE_OUTPUT, 3), 1);
	CHECK_EQ(host_take(3, text, 3), 3);
	CHECK_EQ(put(fd, "x"), 1);
	CHECK_EQ(requests(OP_CONSOLE_OUTPUT, 3), 0);
	CHECK_EQ(host_take(3, text, 64), 3);
	CHECK_EQ(put(fd, "x"), 1);
	CHECK_EQ(requests(OP_CONSOLE_OUTPUT, 3), 1);
	CHECK_EQ(host_take(3, text, 64), 1);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(console_output_waits_when_the_host_is_slow)
{
	static char text[SIZE];
	uint32_t total = 0;
	int fd, n;

	need_console(3);
	fd = open_console(3, O_RDWR | O_NONBLOCK);
	while ((n = sys_write(fd, u_alloc(1000), 1000)) > 0)
		total += (uint32_t)n;
	CHECK_EQ(n, -EAGAIN);
	CHECK(total > SIZE);
	CHECK_EQ(atomic_load(&ring(3)->out_full), 1);
	CHECK_EQ(host_take(3, text, SIZE), SIZE);
	atomic_store(&ring(3)->out_full, 0u);
	console_output_drained(3);
	CHECK_EQ(SIZE + host_take(3, text, SIZE), total);
	CHECK_EQ(sys_write(fd, u_alloc(10), 10), 10);
	CHECK_EQ(host_take(3, text, SIZE), 10);
	CHECK_EQ(sys_close(fd), 0);
}

/* A paste larger than queue and ring: nothing is lost, and the host is told when to go on. */
PROC_TEST(console_input_waits_in_the_ring_until_it_is_read)
{
	/* 1331 lines of 50 bytes: more than the ring holds. */
	static char paste[SIZE + 1014], got[SIZE + 1014];
	uint32_t given, done = 0;
	int fd, n;
	bool told = false;

	need_console(3);
	fd = open_console(3, O_RDWR | O_NONBLOCK);
	for (uint32_t i = 0; i < sizeof(paste); i++)
		paste[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
	given = host_type(3, paste, sizeof(paste));
	CHECK_EQ(given, SIZE);
	console_input_ready(3);
	while (done < sizeof(paste)) {
		if (!told && requests(OP_CONSOLE_ROOM, 3)) {
			told = true;
			given += host_type(3, paste + given, (uint32_t)sizeof(paste) - given);
			CHECK_EQ(given, sizeof(paste));
			console_input_ready(3);
		}
		n = read_text(fd, got + done, 64);
		CHECK(n > 0);
		done += (uint32_t)n;
		host_take(3, (char[4096]){0}, 4096); /* echo */
	}
	CHECK(told);
	CHECK_MEM(got, paste, sizeof(paste));
	while (host_take(3, got, SIZE) > 0)
		console_output_drained(3);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(console_resize_from_the_page_and_from_inside)
{
	struct abi_winsize ws = {.row = 40, .col = 100};
	uaddr_t a = u_alloc(8);
	int fd;

	need_console(3);
	fd = open_console(3, O_RDWR);
	console_resized(3, 120, 30);
	CHECK_EQ(sys_ioctl(fd, TIOCGWINSZ, a), 0);
	CHECK_EQ(U_PTR(struct abi_winsize, a)->col, 120);
	CHECK_EQ(U_PTR(struct abi_winsize, a)->row, 30);
	CHECK_EQ(sys_ioctl(fd, TIOCSWINSZ, u_bytes(&ws, 8)), 0);
	CHECK_EQ(sys_close(fd), 0);
}

/* The next session gets a working terminal; what the last one left open is dead. */
PROC_TEST(console_closed_by_the_page_ends_open_files_but_not_the_terminal)
{
	struct abi_termios t;
	uaddr_t a = u_alloc(sizeof(t));
	int old, fresh;

	need_console(3);
	old = open_console(3, O_RDWR);
	CHECK_EQ(sys_ioctl(old, TCGETS, a), 0);
	U_PTR(struct abi_termios, a)->c_lflag = 0;
	CHECK_EQ(sys_ioctl(old, TCSETS, a), 0);
	console_closed(3);
	CHECK_EQ(sys_read(old, u_alloc(1), 1), 0);
	CHECK_EQ(put(old, "x"), -EIO);
	fresh = open_console(3, O_RDWR);
	CHECK_EQ(put(fresh, "x"), 1);
	CHECK_EQ(sys_ioctl(fresh, TCGETS, a), 0);
	CHECK(U_PTR(struct abi_termios, a)->c_lflag & ICANON);
	CHECK_EQ(sys_close(old), 0);
	requests(0, 0);
	CHECK_EQ(sys_close(fresh), 0);
	CHECK_EQ(requests(OP_CONSOLE_CLOSED, 3), 1);
	host_take(3, (char[8]){0}, 8);
}

static void lead_console(void *arg)
{
	int *fd = arg;

	CHECK_EQ(sys_setsid(), proc_self()->pid);
	CHECK_EQ(sys_ioctl(*fd, TIOCSCTTY, 0), 0);
	CHECK_EQ(sys_close(*fd), 0);
}

/* The parent may have reaped the leader and started the next session before the last one's end has
 * run to its end. */
PROC_TEST(console_session_end_spares_what_the_next_session_opened)
{
	struct proc *leader;
	struct session_exit x;
	int old, fresh;

	need_console(3);
	old = open_console(3, O_RDWR);
	leader = ktest_proc_new();
	ktest_join(ktest_thread_in(leader, lead_console, &old));
	lock_acquire(&proc_tree_lock);
	session_exit_locked(leader, &x);
	lock_release(&proc_tree_lock);
	fresh = open_console(3, O_RDWR);
	session_exit_finish(&x);
	CHECK_EQ(put(old, "x"), -EIO);
	CHECK_EQ(put(fresh, "x"), 1);
	CHECK_EQ(sys_close(old), 0);
	CHECK_EQ(sys_close(fresh), 0);
	ktest_proc_free(leader);
	host_take(3, (char[8]){0}, 8);
}

/* The leader's files are closed before its session ends: the page must hear of it all the same. */
PROC_TEST(console_closed_before_its_session_ends_is_told_to_the_page)
{
	struct proc *leader;
	int fd;

	need_console(3);
	fd = open_console(3, O_RDWR);
	leader = ktest_proc_new();
	ktest_join(ktest_thread_in(leader, lead_console, &fd));
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(requests(OP_CONSOLE_CLOSED, 3), 0);
	session_proc_exit(leader);
	CHECK_EQ(requests(OP_CONSOLE_CLOSED, 3), 1);
	ktest_proc_free(leader);
}

PROC_TEST(console_dev_console_survives_what_ends_tty1)
{
	int tty1, dev_console;

	need_console(1);
	tty1 = open_console(1, O_RDWR);
	dev_console = open_rdev(MKDEV(DEV_MAJOR_TTYAUX, 1), O_RDWR);
	CHECK(dev_console >= 0);
	console_closed(1);
	CHECK_EQ(put(tty1, "x"), -EIO);
	CHECK_EQ(put(dev_console, "x"), 1);
	CHECK_EQ(sys_close(tty1), 0);
	CHECK_EQ(sys_close(dev_console), 0);
	host_take(1, (char[8]){0}, 8);
}

PROC_TEST(conctl_tells_which_terminals_were_opened)
{
	char text[8];
	int fd = open_rdev(MKDEV(DEV_MAJOR_MISC, DEV_MINOR_CONCTL), O_RDONLY | O_NONBLOCK);

	CHECK(fd >= 0);
	while (read_text(fd, text, 8) > 0)
		;
	CHECK_EQ(read_text(fd, text, 8), -EAGAIN);
	CHECK_EQ(read_text(fd, text, 3), -EINVAL);
	console_opened(12);
	console_opened(4);
	ktest_forget_leaks();
	CHECK_EQ(read_text(fd, text, 8), 2);
	CHECK_MEM(text, "4\n", 2);
	CHECK_EQ(read_text(fd, text, 8), 3);
	CHECK_MEM(text, "12\n", 3);
	CHECK_EQ(read_text(fd, text, 8), -EAGAIN);
	CHECK_EQ(sys_close(fd), 0);
}

static int open_host(uint32_t minor, uint32_t flags)
{
	return open_rdev(MKDEV(DEV_MAJOR_MISC, minor), flags);
}

static void need_streams(void)
{
	console_set_raw_stream(1);
	console_set_raw_stream(2);
	ktest_forget_leaks();
}

PROC_TEST(console_streams_are_bytes_without_editing)
{
	char text[64];
	int in, out, err;

	need_console(1);
	CHECK_EQ(open_host(DEV_MINOR_HOSTIN, O_RDONLY), -ENXIO); /* still a terminal */
	need_streams();
	CHECK_EQ(open_host(DEV_MINOR_HOSTIN, O_WRONLY), -EACCES);
	CHECK_EQ(open_host(DEV_MINOR_HOSTOUT, O_RDONLY), -EACCES);
	in = open_host(DEV_MINOR_HOSTIN, O_RDONLY);
	out = open_host(DEV_MINOR_HOSTOUT, O_WRONLY);
	err = open_host(DEV_MINOR_HOSTERR, O_WRONLY);
	CHECK(in >= 0 && out >= 0 && err >= 0);
	CHECK_EQ(sys_ioctl(out, TCGETS, u_alloc(36)), -ENOTTY);
	CHECK_EQ(put(out, "a\nb"), 3);
	CHECK_EQ(put(err, "e\n"), 2);
	CHECK_EQ(host_take(1, text, 64), 3);
	CHECK_MEM(text, "a\nb", 3);
	CHECK_EQ(host_take(2, text, 64), 2);
	CHECK_EQ(host_type(1, "\003x\r\n", 4), 4);
	console_input_ready(1);
	CHECK_EQ(read_text(in, text, 64), 4);
	CHECK_MEM(text, "\003x\r\n", 4);
	CHECK_EQ(host_take(1, text, 64), 0); /* no echo */
	/* The end comes behind what is still in the ring. */
	CHECK_EQ(host_type(1, "z", 1), 1);
	console_input_eof(1);
	CHECK_EQ(read_text(in, text, 64), 1);
	CHECK_EQ(read_text(in, text, 64), 0);
	requests(0, 0);
	CHECK_EQ(sys_close(in), 0);
	CHECK_EQ(sys_close(out), 0);
	CHECK_EQ(requests(OP_CONSOLE_EOF, 1), 1);
	CHECK_EQ(sys_close(err), 0);
}

PROC_TEST(console_stream_write_is_epipe_when_nobody_reads)
{
	struct proc *p = proc_self();
	int out;

	p->actions[SIGPIPE].handler = 1024;
	need_streams();
	out = open_host(DEV_MINOR_HOSTOUT, O_WRONLY);
	console_closed(1);
	CHECK_EQ(put(out, "x"), -EPIPE);
	CHECK(thread_self()->pending.set & SIGBIT(SIGPIPE));
	lock_acquire(&p->sig_lock);
	sigpending_flush(&thread_self()->pending);
	lock_release(&p->sig_lock);
	atomic_and(&thread_self()->waker.interrupt, 0u);
	CHECK_EQ(sys_close(out), 0);
}

/* ---- both sides at once ---- */

static void write_stream(void *arg)
{
	int fd = *(int *)arg;
	uaddr_t data = u_alloc(SIZE + 20000);
	uint8_t *p = u_ptr(data, SIZE + 20000);

	for (uint32_t i = 0; i < SIZE + 20000; i++)
		p[i] = (uint8_t)(i * 13 + i / 256);
	CHECK_EQ(sys_write(fd, data, SIZE + 20000), SIZE + 20000);
}

/* A host that sleeps unless told, and tells when it was asked to: no byte and no wake-up is lost.
 */
PROC_DET_TEST(console_stream_carries_every_byte_to_a_host_that_sleeps, 1000)
{
	static char text[SIZE];
	uint32_t done = 0, n;
	struct thread *t;
	int out;

	need_streams();
	out = open_host(DEV_MINOR_HOSTOUT, O_WRONLY);
	t = ktest_thread(write_stream, &out);
	while (done < SIZE + 20000) {
		if (requests(OP_CONSOLE_OUTPUT, 1) == 0) {
			ktest_yield();
			continue;
		}
		/* As ring.h says: take until the ring is seen empty after the tail was stored. */
		while ((n = host_take(1, text, 1 + ktest_seed() % SIZE)) > 0) {
			for (uint32_t i = 0; i < n; i++)
				CHECK_EQ((uint8_t)text[i],
					(uint8_t)((done + i) * 13 + (done + i) / 256));
			done += n;
			if (atomic_xchg(&ring(1)->out_full, 0u))
				console_output_drained(1);
		}
	}
	ktest_join(t);
	requests(0, 0);
	CHECK_EQ(sys_close(out), 0);
}

static void read_conctl(void *arg)
{
	char text[8];

	CHECK_EQ(read_text(*(int *)arg, text, 8), 2);
	CHECK_EQ(text[0], '5');
}

PROC_DET_TEST(conctl_reader_asleep_wakes_when_a_terminal_is_opened, 1000)
{
	int fd = open_rdev(MKDEV(DEV_MAJOR_MISC, DEV_MINOR_CONCTL), O_RDONLY);
	struct thread *t = ktest_thread(read_conctl, &fd);

	console_opened(5);
	ktest_forget_leaks();
	ktest_join(t);
	CHECK_EQ(sys_close(fd), 0);
}

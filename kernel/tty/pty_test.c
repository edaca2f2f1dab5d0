/*
 * Tests of pty.c and of tty.c over it: pairs through the system calls, job control, reads that
 * wait for VMIN and VTIME, hang-ups of both sides, and their races.
 */
#include "tests/ktest_proc.h"
#include "arch/arch.h"
#include "fs/fs.h"
#include "lib/klog.h"
#include "lib/str.h"
#include "proc/internal.h"
#include "proc/session.h"
#include "tty/tty.h"

/* /dev on the test's root, for the length of a test. */
static void mount_dev(void)
{
	CHECK_EQ(sys_mkdirat(AT_FDCWD, u_str("/dev"), 0755), 0);
	CHECK_EQ(sys_mount(u_str("dev"), u_str("/dev"), u_str("devtmpfs"), 0, 0), 0);
	ktest_forget_leaks(); /* devfs stays for the next test of this program */
}

static void umount_dev(void)
{
	CHECK_EQ(sys_umount2(u_str("/dev"), 0), 0);
	CHECK_EQ(sys_unlinkat(AT_FDCWD, u_str("/dev"), AT_REMOVEDIR), 0);
}

static int open_dev(const char *name, uint32_t flags)
{
	return sys_openat(AT_FDCWD, u_str(name), flags, 0);
}

static int int_ioctl(int fd, uint32_t cmd, int value)
{
	return sys_ioctl(fd, cmd, u_bytes(&value, 4));
}

static int get_int(int fd, uint32_t cmd)
{
	uaddr_t a = u_alloc(4);

	CHECK_EQ(sys_ioctl(fd, cmd, a), 0);
	return *U_PTR(int32_t, a);
}

struct pair {
	int master, slave;
	char name[24];
};

/* A pair with its slave open, not as controlling terminal. */
static struct pair make_pair(uint32_t slave_flags)
{
	struct pair p;

	p.master = open_dev("/dev/ptmx", O_RDWR | O_NOCTTY);
	CHECK(p.master >= 0);
	kformat(p.name, sizeof(p.name), "/dev/pts/%d", get_int(p.master, TIOCGPTN));
	CHECK_EQ(int_ioctl(p.master, TIOCSPTLCK, 0), 0);
	p.slave = open_dev(p.name, O_RDWR | O_NOCTTY | slave_flags);
	CHECK(p.slave >= 0);
	return p;
}

static void close_pair(struct pair *p)
{
	CHECK_EQ(sys_close(p->slave), 0);
	CHECK_EQ(sys_close(p->master), 0);
}

static void put(int fd, const char *s)
{
	CHECK_EQ(sys_write(fd, u_str(s), (uint32_t)strlen(s)), strlen(s));
}

/* Read once and compare. */
static void expect(int fd, const char *s)
{
	uaddr_t buf = u_alloc(256);
	int n = sys_read(fd, buf, 255);

	CHECK(n >= 0);
	CHECK_STR(u_ptr(buf, 256), s);
}

static int read_result(int fd)
{
	return sys_read(fd, u_alloc(256), 256);
}

static struct abi_termios modes(int fd)
{
	uaddr_t a = u_alloc(sizeof(struct abi_termios));

	CHECK_EQ(sys_ioctl(fd, TCGETS, a), 0);
	return *U_PTR(struct abi_termios, a);
}

static void set_modes(int fd, uint32_t cmd, struct abi_termios t)
{
	CHECK_EQ(sys_ioctl(fd, cmd, u_bytes(&t, sizeof(t))), 0);
}

static void set_raw(int fd, uint8_t min, uint8_t time)
{
	struct abi_termios t = modes(fd);

	t.c_lflag = 0;
	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	set_modes(fd, TCSETS, t);
}

/* ---- pairs ---- */

PROC_TEST(pty_pair_carries_both_ways)
{
	struct pair p;

	mount_dev();
	p = make_pair(0);
	put(p.slave, "out\n");
	expect(p.master, "out\r\n");
	put(p.master, "in\r");
	expect(p.slave, "in\n");
	expect(p.master, "in\r\n"); /* echo */
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_slave_is_locked_until_unlocked_and_gone_with_the_master)
{
	int m, s;

	mount_dev();
	m = open_dev("/dev/ptmx", O_RDWR);
	CHECK(m >= 0);
	CHECK_EQ(get_int(m, TIOCGPTN), 0);
	CHECK_EQ(get_int(m, TIOCGPTLCK), 1);
	CHECK_EQ(open_dev("/dev/pts/0", O_RDWR | O_NOCTTY), -EIO);
	CHECK_EQ(int_ioctl(m, TIOCSPTLCK, 0), 0);
	s = open_dev("/dev/pts/0", O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(m), 0);
	CHECK_EQ(open_dev("/dev/pts/0", O_RDWR | O_NOCTTY), -ENOENT);
	umount_dev();
}

PROC_TEST(pty_number_is_free_when_both_sides_are_closed)
{
	struct pair p;
	int m;

	mount_dev();
	p = make_pair(0);
	CHECK_EQ(sys_close(p.master), 0);
	m = open_dev("/dev/ptmx", O_RDWR);
	CHECK_EQ(get_int(m, TIOCGPTN), 1);
	CHECK_EQ(sys_close(m), 0);
	CHECK_EQ(sys_close(p.slave), 0);
	m = open_dev("/dev/ptmx", O_RDWR);
	CHECK_EQ(get_int(m, TIOCGPTN), 0);
	CHECK_EQ(sys_close(m), 0);
	umount_dev();
}

PROC_TEST(pty_master_reads_what_is_left_and_then_eio_when_the_slave_closed)
{
	struct pair p;
	int s;

	mount_dev();
	p = make_pair(0);
	put(p.slave, "bye");
	CHECK_EQ(sys_close(p.slave), 0);
	expect(p.master, "bye");
	CHECK_EQ(read_result(p.master), -EIO);
	/* Opened again it lives on. */
	s = open_dev(p.name, O_RDWR | O_NOCTTY);
	put(s, "back");
	expect(p.master, "back");
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(p.master), 0);
	umount_dev();
}

PROC_TEST(pty_slave_reads_the_end_and_writes_eio_when_the_master_closed)
{
	struct pair p;

	mount_dev();
	p = make_pair(0);
	put(p.master, "lost\n");
	CHECK_EQ(sys_close(p.master), 0);
	CHECK_EQ(read_result(p.slave), 0);
	CHECK_EQ(sys_write(p.slave, u_str("x"), 1), -EIO);
	CHECK_EQ(sys_ioctl(p.slave, TCGETS, u_alloc(36)), -EIO);
	CHECK_EQ(sys_close(p.slave), 0);
	umount_dev();
}

PROC_TEST(pty_peer_is_opened_by_tiocgptpeer)
{
	int m, s;

	mount_dev();
	m = open_dev("/dev/ptmx", O_RDWR);
	CHECK_EQ(int_ioctl(m, TIOCSPTLCK, 0), 0);
	s = sys_ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(s >= 0);
	CHECK_EQ(sys_fcntl64(s, F_GETFD, 0), FD_CLOEXEC);
	put(s, "x");
	expect(m, "x");
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_close(m), 0);
	umount_dev();
}

PROC_TEST(pty_packet_mode_tells_what_happened_before_the_data)
{
	struct pair p;
	struct abi_termios t;
	uaddr_t buf = u_alloc(16);

	mount_dev();
	p = make_pair(0);
	CHECK_EQ(int_ioctl(p.master, TIOCPKT, 1), 0);
	CHECK_EQ(get_int(p.master, TIOCGPKT), 1);
	put(p.slave, "ab");
	CHECK_EQ(sys_read(p.master, buf, 16), 3);
	CHECK_MEM(u_ptr(buf, 3), "\0ab", 3);
	CHECK_EQ(sys_ioctl(p.slave, TCXONC, TCOOFF), 0);
	CHECK_EQ(sys_read(p.master, buf, 16), 1);
	CHECK_EQ(*U_PTR(uint8_t, buf), TIOCPKT_STOP);
	CHECK_EQ(sys_ioctl(p.slave, TCXONC, TCOON), 0);
	CHECK_EQ(sys_ioctl(p.slave, TCFLSH, TCIOFLUSH), 0);
	CHECK_EQ(sys_read(p.master, buf, 16), 1);
	CHECK_EQ(*U_PTR(uint8_t, buf), TIOCPKT_START | TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	t = modes(p.slave);
	t.c_iflag &= ~(uint32_t)IXON;
	set_modes(p.slave, TCSETS, t);
	CHECK_EQ(sys_read(p.master, buf, 16), 1);
	CHECK_EQ(*U_PTR(uint8_t, buf), TIOCPKT_NOSTOP);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_window_size_is_one_for_both_sides)
{
	struct abi_winsize ws = {.row = 50, .col = 132};
	struct pair p;
	uaddr_t a = u_alloc(8);

	mount_dev();
	p = make_pair(0);
	CHECK_EQ(sys_ioctl(p.slave, TIOCGWINSZ, a), 0);
	CHECK_EQ(U_PTR(struct abi_winsize, a)->col, 0);
	CHECK_EQ(sys_ioctl(p.master, TIOCSWINSZ, u_bytes(&ws, 8)), 0);
	CHECK_EQ(sys_ioctl(p.slave, TIOCGWINSZ, a), 0);
	CHECK_MEM(u_ptr(a, 8), &ws, 8);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_exclusive_slave_opens_for_root_alone)
{
	struct pair p;
	int s;

	mount_dev();
	p = make_pair(0);
	CHECK_EQ(sys_ioctl(p.slave, TIOCEXCL, 0), 0);
	CHECK_EQ(get_int(p.slave, TIOCGEXCL), 1);
	s = open_dev(p.name, O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	CHECK_EQ(sys_close(s), 0);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str(p.name), 0666), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(open_dev(p.name, O_RDWR | O_NOCTTY), -EBUSY);
	ktest_become(0, 0);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_nonblocking_ends_say_eagain)
{
	struct pair p;
	uaddr_t big = u_alloc(20000);

	mount_dev();
	p = make_pair(O_NONBLOCK);
	CHECK_EQ(read_result(p.slave), -EAGAIN);
	CHECK_EQ(sys_fcntl64(p.master, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(read_result(p.master), -EAGAIN);
	set_raw(p.slave, 1, 0);
	CHECK(sys_write(p.slave, big, 20000) < 20000);
	CHECK_EQ(sys_write(p.slave, big, 20000), -EAGAIN);
	CHECK_EQ(sys_write(p.master, big, 20000), 4095);
	CHECK_EQ(sys_write(p.master, big, 20000), -EAGAIN);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_ioctls_count_flush_and_type)
{
	struct pair p;
	uaddr_t c = u_str("z");

	mount_dev();
	p = make_pair(O_NONBLOCK);
	put(p.master, "abc\nd");
	CHECK_EQ(get_int(p.slave, FIONREAD), 4);
	CHECK_EQ(sys_ioctl(p.slave, TCFLSH, TCIFLUSH), 0);
	CHECK_EQ(get_int(p.slave, FIONREAD), 0);
	CHECK_EQ(sys_ioctl(p.slave, TIOCSTI, c), 0);
	put(p.master, "\n");
	expect(p.slave, "z\n");
	CHECK_EQ(sys_ioctl(p.slave, TCFLSH, 7), -EINVAL);
	CHECK_EQ(sys_ioctl(p.slave, TCXONC, 7), -EINVAL);
	CHECK_EQ(sys_ioctl(p.slave, 0x1234, 0), -ENOTTY);
	CHECK_EQ(sys_ioctl(p.slave, TCSBRK, 1), 0);
	CHECK_EQ(sys_ioctl(p.slave, TCGETS, 4), -EFAULT);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(pty_tcsetsf_throws_input_away_and_tcsets_keeps_it)
{
	struct pair p;

	mount_dev();
	p = make_pair(O_NONBLOCK);
	put(p.master, "one\n");
	set_modes(p.slave, TCSETS, modes(p.slave));
	expect(p.slave, "one\n");
	put(p.master, "two\n");
	set_modes(p.slave, TCSETSF, modes(p.slave));
	CHECK_EQ(read_result(p.slave), -EAGAIN);
	close_pair(&p);
	umount_dev();
}

/* ---- VMIN and VTIME: POSIX 11.1.7, cases A to D ---- */

static uint64_t elapsed_ms(uint64_t start)
{
	return (arch_clock_ns() - start) / 1000000;
}

PROC_TEST(tty_vmin_0_vtime_0_reads_what_is_there)
{
	struct pair p;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 0, 0);
	CHECK_EQ(read_result(p.slave), 0);
	put(p.master, "ab");
	CHECK_EQ(read_result(p.slave), 2);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(tty_vmin_0_vtime_waits_that_long_for_a_first_byte)
{
	struct pair p;
	uint64_t start;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 0, 1);
	start = arch_clock_ns();
	CHECK_EQ(read_result(p.slave), 0);
	CHECK(elapsed_ms(start) >= 100);
	put(p.master, "a");
	CHECK_EQ(read_result(p.slave), 1);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(tty_vmin_with_vtime_gives_fewer_bytes_when_typing_pauses)
{
	struct pair p;
	uint64_t start;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 5, 1);
	put(p.master, "ab");
	start = arch_clock_ns();
	CHECK_EQ(read_result(p.slave), 2);
	CHECK(elapsed_ms(start) >= 100);
	put(p.master, "abcde");
	start = arch_clock_ns();
	CHECK_EQ(read_result(p.slave), 5);
	close_pair(&p);
	umount_dev();
}

PROC_TEST(tty_vmin_above_what_is_asked_for_does_not_wait)
{
	struct pair p;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 5, 0);
	put(p.master, "abc");
	CHECK_EQ(sys_read(p.slave, u_alloc(3), 3), 3);
	close_pair(&p);
	umount_dev();
}

/* ---- job control ---- */

/* The caller's signals stay pending to be looked at. */
static void catch_all(struct proc *p)
{
	for (int i = 1; i < SIG_COUNT; i++)
		p->actions[i].handler = 1024;
}

static bool took(struct proc *p, int signo)
{
	bool was;

	lock_acquire(&p->sig_lock);
	was = p->pending.set & SIGBIT(signo);
	lock_release(&p->sig_lock);
	return was;
}

static void forget(struct proc *p)
{
	struct thread *t;

	lock_acquire(&p->sig_lock);
	sigpending_flush(&p->pending);
	LIST_FOR_EACH(t, &p->threads, link)
		atomic_and(&t->waker.interrupt, 0u);
	lock_release(&p->sig_lock);
}

/* A session with the slave as terminal, led by a child; the test acts in it. */
struct job {
	struct pair pair;
	struct proc *leader, *member;
	int result;
};

static void lead(void *arg)
{
	struct job *j = arg;

	CHECK_EQ(sys_setsid(), proc_self()->pid);
	CHECK_EQ(sys_ioctl(j->pair.slave, TIOCSCTTY, 0), 0);
	CHECK_EQ(get_int(j->pair.slave, TIOCGPGRP), proc_self()->pid);
	CHECK_EQ(get_int(j->pair.slave, TIOCGSID), proc_self()->pid);
}

static void own_group(void *arg)
{
	(void)arg;
	CHECK_EQ(sys_setpgid(0, 0), 0);
}

static void run_in(struct proc *p, void (*body)(void *), void *arg)
{
	ktest_join(ktest_thread_in(p, body, arg));
}

static struct job make_job(uint32_t flags)
{
	struct job j = {.pair = make_pair(flags)};

	j.leader = ktest_proc_new();
	run_in(j.leader, lead, &j);
	j.member = ktest_proc_new();
	lock_acquire(&proc_tree_lock);
	pgrp_leave(j.member);
	pgrp_join_parent(j.member, j.leader);
	list_del(&j.member->sibling);
	j.member->parent = j.leader;
	list_add_tail(&j.leader->children, &j.member->sibling);
	lock_release(&proc_tree_lock);
	run_in(j.member, own_group, NULL);
	catch_all(j.leader);
	catch_all(j.member);
	return j;
}

static void free_job(struct job *j)
{
	session_proc_exit(j->leader);
	forget(j->leader);
	forget(j->member);
	lock_acquire(&proc_tree_lock);
	list_del(&j->member->sibling);
	j->member->parent = proc_self();
	list_add_tail(&proc_self()->children, &j->member->sibling);
	lock_release(&proc_tree_lock);
	ktest_proc_free(j->member);
	ktest_proc_free(j->leader);
	close_pair(&j->pair);
}

static void read_slave(void *arg)
{
	struct job *j = arg;

	j->result = read_result(j->pair.slave);
}

static void write_slave(void *arg)
{
	struct job *j = arg;

	j->result = sys_write(j->pair.slave, u_str("x"), 1);
}

static void set_slave(void *arg)
{
	struct job *j = arg;
	struct abi_termios t = modes(j->pair.slave);

	j->result = sys_ioctl(j->pair.slave, TCSETS, u_bytes(&t, sizeof(t)));
}

static void take_foreground(void *arg)
{
	struct job *j = arg;

	j->result = int_ioctl(j->pair.slave, TIOCSPGRP, (int)j->member->pid);
}

PROC_TEST(tty_background_read_is_stopped_by_sigttin)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	run_in(j.member, read_slave, &j);
	CHECK_EQ(j.result, -PLEAT_ERESTARTSYS);
	CHECK(took(j.member, SIGTTIN));
	CHECK(!took(j.leader, SIGTTIN));
	forget(j.member);
	/* Ignored, it cannot be stopped: EIO. */
	j.member->actions[SIGTTIN].handler = SIG_IGN_K;
	run_in(j.member, read_slave, &j);
	CHECK_EQ(j.result, -EIO);
	free_job(&j);
	umount_dev();
}

PROC_TEST(tty_background_read_of_an_orphaned_group_is_eio)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	lock_acquire(&proc_tree_lock);
	j.leader->left_jobs = true;
	lock_release(&proc_tree_lock);
	run_in(j.member, read_slave, &j);
	CHECK_EQ(j.result, -EIO);
	CHECK(!took(j.member, SIGTTIN));
	free_job(&j);
	umount_dev();
}

PROC_TEST(tty_background_write_is_stopped_only_with_tostop)
{
	struct job j;
	struct abi_termios t;

	mount_dev();
	j = make_job(0);
	run_in(j.member, write_slave, &j);
	CHECK_EQ(j.result, 1);
	t = modes(j.pair.master);
	t.c_lflag |= TOSTOP;
	set_modes(j.pair.master, TCSETS, t);
	run_in(j.member, write_slave, &j);
	CHECK_EQ(j.result, -PLEAT_ERESTARTSYS);
	CHECK(took(j.member, SIGTTOU));
	forget(j.member);
	j.member->actions[SIGTTOU].handler = SIG_IGN_K;
	run_in(j.member, write_slave, &j);
	CHECK_EQ(j.result, 1);
	run_in(j.leader, write_slave, &j);
	CHECK_EQ(j.result, 1);
	free_job(&j);
	umount_dev();
}

PROC_TEST(tty_background_tcsetattr_is_stopped_without_tostop)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	run_in(j.member, set_slave, &j);
	CHECK_EQ(j.result, -PLEAT_ERESTARTSYS);
	CHECK(took(j.member, SIGTTOU));
	free_job(&j);
	umount_dev();
}

/* A shell ignores SIGTTOU and gives the terminal away; its job then reads. */
PROC_TEST(tty_foreground_group_is_set_by_the_session_alone)
{
	struct job j;

	mount_dev();
	j = make_job(O_NONBLOCK);
	CHECK_EQ(int_ioctl(j.pair.slave, TIOCSPGRP, 1), -ENOTTY); /* not our terminal */
	CHECK_EQ(sys_ioctl(j.pair.slave, TIOCGPGRP, u_alloc(4)), -ENOTTY);
	run_in(j.member, take_foreground, &j);
	CHECK_EQ(j.result, -PLEAT_ERESTARTSYS);
	forget(j.member);
	j.member->actions[SIGTTOU].handler = SIG_IGN_K;
	run_in(j.member, take_foreground, &j);
	CHECK_EQ(j.result, 0);
	CHECK_EQ(get_int(j.pair.master, TIOCGPGRP), j.member->pid);
	run_in(j.member, read_slave, &j);
	CHECK_EQ(j.result, -EAGAIN);
	/* The leader is in the background now, and its group has no parent in the session. */
	run_in(j.leader, read_slave, &j);
	CHECK_EQ(j.result, -EIO);
	free_job(&j);
	umount_dev();
}

static void set_wrong_groups(void *arg)
{
	struct job *j = arg;

	CHECK_EQ(int_ioctl(j->pair.slave, TIOCSPGRP, -1), -EINVAL);
	CHECK_EQ(int_ioctl(j->pair.slave, TIOCSPGRP, 999), -ESRCH);
	CHECK_EQ(int_ioctl(j->pair.slave, TIOCSPGRP, 1), -EPERM);
	CHECK_EQ(sys_ioctl(j->pair.slave, TIOCSPGRP, 4), -EFAULT);
}

PROC_TEST(tty_foreground_group_must_be_of_the_session)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	run_in(j.leader, set_wrong_groups, &j);
	free_job(&j);
	umount_dev();
}

PROC_TEST(tty_keys_signal_the_foreground_group)
{
	struct job j;
	struct abi_winsize ws = {.row = 9, .col = 9};

	mount_dev();
	j = make_job(0);
	put(j.pair.master, "\003\034\032");
	CHECK(took(j.leader, SIGINT) && took(j.leader, SIGQUIT) && took(j.leader, SIGTSTP));
	CHECK(!took(j.member, SIGINT));
	CHECK_EQ(sys_ioctl(j.pair.master, TIOCSWINSZ, u_bytes(&ws, 8)), 0);
	CHECK(took(j.leader, SIGWINCH));
	CHECK_EQ(sys_ioctl(j.pair.master, TIOCSIG, SIGUSR1), 0);
	CHECK(took(j.leader, SIGUSR1));
	CHECK_EQ(sys_ioctl(j.pair.master, TIOCSIG, 0), -EINVAL);
	free_job(&j);
	umount_dev();
}

static void open_tty(void *arg)
{
	struct job *j = arg;
	int fd = open_dev("/dev/tty", O_RDWR);

	j->result = fd;
	if (fd >= 0) {
		CHECK_EQ(get_int(fd, TIOCGSID), sys_getsid(0));
		CHECK_EQ(sys_close(fd), 0);
	}
}

static void give_up(void *arg)
{
	struct job *j = arg;

	j->result = sys_ioctl(j->pair.slave, TIOCNOTTY, 0);
}

PROC_TEST(tty_dev_tty_is_the_controlling_terminal)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	CHECK_EQ(open_dev("/dev/tty", O_RDWR), -ENXIO);
	run_in(j.member, open_tty, &j);
	CHECK(j.result >= 0);
	run_in(j.member, give_up, &j);
	CHECK_EQ(j.result, -EPERM);
	run_in(j.leader, give_up, &j);
	CHECK_EQ(j.result, 0);
	CHECK(took(j.leader, SIGHUP) && took(j.leader, SIGCONT));
	run_in(j.member, open_tty, &j);
	CHECK_EQ(j.result, -ENXIO);
	free_job(&j);
	umount_dev();
}

static void close_master(void *arg)
{
	struct job *j = arg;

	CHECK_EQ(sys_close(j->pair.master), 0);
}

PROC_TEST(tty_session_leader_hears_that_the_master_closed)
{
	struct job j;

	mount_dev();
	j = make_job(0);
	run_in(j.leader, close_master, &j);
	run_in(j.member, close_master, &j);
	CHECK(!took(j.leader, SIGHUP));
	close_master(&j);
	CHECK(took(j.leader, SIGHUP) && took(j.leader, SIGCONT));
	CHECK(!took(j.member, SIGHUP));
	forget(j.leader);
	run_in(j.member, read_slave, &j);
	CHECK_EQ(j.result, 0);
	run_in(j.member, write_slave, &j);
	CHECK_EQ(j.result, -EIO);
	run_in(j.member, open_tty, &j);
	CHECK_EQ(j.result, -ENXIO);
	j.pair.master = sys_dup(j.pair.slave);
	free_job(&j);
	umount_dev();
}

/* ---- sleepers ---- */

struct reader {
	int fd, result;
	uint32_t n;
};

static void read_one(void *arg)
{
	struct reader *r = arg;

	r->result = sys_read(r->fd, u_alloc(r->n), r->n);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

PROC_DET_TEST(tty_reader_asleep_gets_the_line, 1000)
{
	struct pair p;
	struct reader r = {.n = 10};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	r.fd = p.slave;
	t = ktest_thread(read_one, &r);
	put(p.master, "ab");
	put(p.master, "\n");
	ktest_join(t);
	CHECK_EQ(r.result, 3);
	close_pair(&p);
	umount_dev();
}

PROC_DET_TEST(tty_reader_asleep_wakes_when_the_master_closes, 1000)
{
	struct pair p;
	struct reader r = {.n = 10, .result = 1};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	r.fd = p.slave;
	t = ktest_thread(read_one, &r);
	CHECK_EQ(sys_close(p.master), 0);
	ktest_join(t);
	CHECK(r.result == 0);
	CHECK_EQ(sys_close(p.slave), 0);
	umount_dev();
}

PROC_DET_TEST(tty_reader_asleep_wakes_when_the_mode_becomes_raw, 1000)
{
	struct pair p;
	struct reader r = {.n = 10};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	r.fd = p.slave;
	put(p.master, "ab");
	t = ktest_thread(read_one, &r);
	set_raw(p.slave, 1, 0);
	ktest_join(t);
	CHECK_EQ(r.result, 2);
	close_pair(&p);
	umount_dev();
}

PROC_DET_TEST(pty_master_asleep_wakes_when_the_slave_closes, 1000)
{
	struct pair p;
	struct reader r = {.n = 10};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	r.fd = p.master;
	t = ktest_thread(read_one, &r);
	CHECK_EQ(sys_close(p.slave), 0);
	ktest_join(t);
	CHECK_EQ(r.result, -EIO);
	CHECK_EQ(sys_close(p.master), 0);
	umount_dev();
}

static void write_raw(void *arg)
{
	struct reader *r = arg;

	r->result = sys_write(r->fd, u_alloc(r->n), r->n);
	atomic_and(&thread_self()->waker.interrupt, 0u);
}

/* The master types more than the queue holds while a slow reader takes it. */
PROC_DET_TEST(pty_master_writer_waits_for_the_reader, 1000)
{
	struct pair p;
	struct reader w = {.n = 9000};
	struct thread *t;
	int got = 0;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 1, 0);
	w.fd = p.master;
	t = ktest_thread(write_raw, &w);
	while (got < 9000) {
		int n = sys_read(p.slave, u_alloc(1500), 1500);

		CHECK(n > 0);
		got += n;
	}
	ktest_join(t);
	CHECK_EQ(w.result, 9000);
	close_pair(&p);
	umount_dev();
}

PROC_DET_TEST(pty_slave_writer_waits_for_the_master, 1000)
{
	struct pair p;
	struct reader w = {.n = 30000};
	struct thread *t;
	int got = 0;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 1, 0);
	w.fd = p.slave;
	t = ktest_thread(write_raw, &w);
	while (got < 30000) {
		int n = sys_read(p.master, u_alloc(5000), 5000);

		CHECK(n > 0);
		got += n;
	}
	ktest_join(t);
	CHECK_EQ(w.result, 30000);
	close_pair(&p);
	umount_dev();
}

PROC_DET_TEST(pty_slave_writer_asleep_gets_eio_when_the_master_closes, 1000)
{
	struct pair p;
	struct reader w = {.n = 60000};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	set_raw(p.slave, 1, 0);
	w.fd = p.slave;
	t = ktest_thread(write_raw, &w);
	if (ktest_seed() & 1)
		ktest_wait_asleep(t);
	CHECK_EQ(sys_close(p.master), 0);
	ktest_join(t);
	CHECK(w.result == -EIO || (w.result > 0 && w.result < 60000));
	CHECK_EQ(sys_close(p.slave), 0);
	umount_dev();
}

PROC_DET_TEST(tty_reader_interrupted_loses_no_line, 1000)
{
	struct pair p;
	struct reader r = {.n = 10};
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	r.fd = p.slave;
	t = ktest_thread(read_one, &r);
	waker_interrupt(&t->waker, INTR_SIGNAL);
	put(p.master, "ab\n");
	ktest_join(t);
	CHECK(r.result == 3 || r.result == -PLEAT_ERESTARTSYS);
	if (r.result != 3)
		expect(p.slave, "ab\n");
	close_pair(&p);
	umount_dev();
}

static void open_and_close(void *arg)
{
	struct pair *p = arg;
	int fd = open_dev(p->name, O_RDWR | O_NOCTTY);

	CHECK(fd >= 0 || fd == -EIO || fd == -ENOENT || fd == -ENXIO);
	if (fd >= 0)
		CHECK_EQ(sys_close(fd), 0);
}

PROC_DET_TEST(pty_opener_of_the_slave_and_close_of_the_master_race, 1000)
{
	struct pair p;
	struct thread *t;

	mount_dev();
	p = make_pair(0);
	t = ktest_thread(open_and_close, &p);
	close_pair(&p);
	ktest_join(t);
	umount_dev();
}

/*
 * Which calls a handler ends with EINTR, and which go on where SA_RESTART is set: the table of
 * signal(7), call by call.
 *
 * Each call is made by a child that nothing will wake but its own alarm clock. The handler counts;
 * at the eighth signal it does what the call waits for. So a call that goes on ends well, and one
 * that does not has EINTR long before.
 */
#include "conformance.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#define RELEASE 8

static volatile sig_atomic_t count;
static void (*release)(void);
static int fd[2];
static pid_t helper;
static char big[1 << 20];

static void handler(int s)
{
	int saved = errno;

	(void)s;
	if (++count == RELEASE && release)
		release();
	errno = saved;
}

/* ---- what ends the waits ---- */
static void put_byte(void)
{
	CHECK(write(fd[1], "x", 1) == 1);
}
static void take_bytes(void)
{
	while (read(fd[0], big, sizeof(big)) > 0)
		;
}
static void end_helper(void)
{
	kill(helper, SIGKILL);
}
static void add_one(void)
{
	CHECK(write(fd[0], &(uint64_t){1}, 8) == 8);
}
static void take_one(void)
{
	uint64_t v;

	CHECK(read(fd[1], &v, 8) == 8);
}
static void raise_usr2(void)
{
	raise(SIGUSR2);
}
static void arm(void)
{
	CHECK(timerfd_settime(fd[0], 0, &(struct itimerspec){.it_value = {0, 1}}, NULL) == 0);
}
static void open_other_end(void)
{
	fd[1] = open("fifo", O_RDWR | O_NONBLOCK);
	CHECK(fd[1] >= 0);
}
static void connect_now(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(connect(s, (void *)&a, sizeof(a)) == 0);
}

/* ---- the calls ---- */
static void make_pipe(void)
{
	CHECK(pipe(fd) == 0);
	release = put_byte;
}
static void make_full_pipe(void)
{
	CHECK(pipe(fd) == 0);
	CHECK(fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(fd[1], big, sizeof(big)) > 0)
		;
	CHECK(fcntl(fd[1], F_SETFL, 0) == 0 && fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0);
	release = take_bytes;
}
static long call_read(void)
{
	return read(fd[0], big, 1);
}
static long call_readv(void)
{
	struct iovec v = {big, 1};

	return readv(fd[0], &v, 1);
}
static long call_write(void)
{
	return write(fd[1], big, 1);
}
static long call_poll(void)
{
	return poll(&(struct pollfd){.fd = fd[0], .events = POLLIN}, 1, -1);
}
static long call_ppoll(void)
{
	struct timespec t = {100, 0};

	return ppoll(&(struct pollfd){.fd = fd[0], .events = POLLIN}, 1, &t, NULL);
}
static long call_select(void)
{
	fd_set s;

	FD_ZERO(&s);
	FD_SET(fd[0], &s);
	return select(fd[0] + 1, &s, NULL, NULL, NULL);
}
static long call_pselect(void)
{
	struct timespec t = {100, 0};
	fd_set s;

	FD_ZERO(&s);
	FD_SET(fd[0], &s);
	return pselect(fd[0] + 1, &s, NULL, NULL, &t, NULL);
}
static int epoll_of(int f)
{
	int ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, f, &e) == 0);
	return ep;
}
static long call_epoll_wait(void)
{
	struct epoll_event e;

	return epoll_wait(epoll_of(fd[0]), &e, 1, -1);
}
static long call_epoll_pwait(void)
{
	struct epoll_event e;
	sigset_t m;

	sigemptyset(&m);
	return epoll_pwait(epoll_of(fd[0]), &e, 1, 100000, &m);
}
static void make_nothing(void)
{
}
static long call_nanosleep(void)
{
	return nanosleep(&(struct timespec){100, 0}, NULL);
}
static long call_clock_nanosleep(void)
{
	int e = clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){100, 0}, NULL);

	errno = e;
	return e ? -1 : 0;
}
static long call_clock_nanosleep_abs(void)
{
	struct timespec t;
	int e;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 100;
	e = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
	errno = e;
	return e ? -1 : 0;
}
static long call_sigsuspend(void)
{
	sigset_t m;

	sigemptyset(&m);
	return sigsuspend(&m);
}
static void make_usr2(void)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	sigprocmask(SIG_BLOCK, &m, NULL);
	release = raise_usr2;
}
static long call_sigtimedwait(void)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	/* The call itself: libc's may begin anew. */
#ifdef SYS_rt_sigtimedwait_time64
	return syscall(SYS_rt_sigtimedwait_time64, &m, NULL, &(struct timespec){100, 0}, 8);
#else
	return syscall(SYS_rt_sigtimedwait, &m, NULL, &(struct timespec){100, 0}, 8);
#endif
}
static void make_signalfd(void)
{
	sigset_t m;

	make_usr2();
	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	fd[0] = signalfd(-1, &m, 0);
}
static long call_read_all(void)
{
	return read(fd[0], big, 128);
}
static void idle(void)
{
	for (;;)
		pause();
}
static void make_child(void)
{
	struct itimerval none = {0};

	setitimer(ITIMER_REAL, &none, NULL);
	helper = fork();
	if (helper == 0)
		idle();
	release = end_helper;
}
static long call_waitpid(void)
{
	return waitpid(helper, NULL, 0) == helper ? 0 : -1;
}
static long call_waitid(void)
{
	siginfo_t i;

	return waitid(P_PID, (id_t)helper, &i, WEXITED);
}
static struct gate locked;
static void lock_it(int how)
{
	struct flock l = {.l_type = F_WRLCK};

	locked = gate_new();
	fd[0] = open("file", O_RDWR | O_CREAT, 0600);
	helper = fork();
	if (helper == 0) {
		int f = open("file", O_RDWR);

		CHECK(how ? flock(f, LOCK_EX) == 0 : fcntl(f, F_SETLK, &l) == 0);
		gate_open(&locked);
		idle();
	}
	gate_wait(&locked);
	release = end_helper;
}
static void make_flock(void)
{
	lock_it(1);
}
static void make_record_lock(void)
{
	lock_it(0);
}
static long call_flock(void)
{
	return flock(fd[0], LOCK_EX);
}
static long call_setlkw(void)
{
	struct flock l = {.l_type = F_WRLCK};

	return fcntl(fd[0], F_SETLKW, &l);
}
static void make_fifo(void)
{
	CHECK(mkfifo("fifo", 0600) == 0);
	release = open_other_end;
}
static long call_open_read(void)
{
	return open("fifo", O_RDONLY) >= 0 ? 0 : -1;
}
static long call_open_write(void)
{
	return open("fifo", O_WRONLY) >= 0 ? 0 : -1;
}
static void make_eventfd(void)
{
	fd[0] = eventfd(0, 0);
	release = add_one;
}
static void make_full_eventfd(void)
{
	fd[0] = fd[1] = eventfd(0, 0);
	CHECK(write(fd[0], &(uint64_t){UINT64_MAX - 1}, 8) == 8);
	release = take_one;
}
static long call_add(void)
{
	return write(fd[0], &(uint64_t){1}, 8);
}
static void make_timerfd(void)
{
	fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	release = arm;
}
static void make_pty(void)
{
	fd[1] = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(fd[1] >= 0 && grantpt(fd[1]) == 0 && unlockpt(fd[1]) == 0);
	fd[0] = open(ptsname(fd[1]), O_RDWR | O_NOCTTY);
	CHECK(fd[0] >= 0);
	release = NULL;
}
static void put_line(void)
{
	CHECK(write(fd[1], "\n", 1) == 1);
}
static void make_tty(void)
{
	make_pty();
	release = put_line;
}
static void make_pair(void)
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	release = put_byte;
}
static void make_timed_pair(void)
{
	struct timeval t = {100, 0};

	make_pair();
	CHECK(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0);
}
static long call_recv(void)
{
	return recv(fd[0], big, 1, 0);
}
static long call_recvmsg(void)
{
	struct iovec v = {big, 1};
	struct msghdr m = {.msg_iov = (void *)&v, .msg_iovlen = 1};

	return recvmsg(fd[0], &m, 0);
}
static void make_full_pair(void)
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	CHECK(fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(fd[1], big, 65536) > 0)
		;
	CHECK(fcntl(fd[1], F_SETFL, 0) == 0 && fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0);
	release = take_bytes;
}
static long call_send(void)
{
	return send(fd[1], big, 1, 0);
}
static void make_listener(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "sock"};

	fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(fd[0], (void *)&a, sizeof(a)) == 0 && listen(fd[0], 3) == 0);
	release = connect_now;
}
static long call_accept(void)
{
	return accept(fd[0], NULL, NULL) >= 0 ? 0 : -1;
}

static const struct {
	const char *name;
	void (*make)(void);
	long (*call)(void);
} calls[] = {
	{"read pipe", make_pipe, call_read},
	{"readv pipe", make_pipe, call_readv},
	{"write pipe", make_full_pipe, call_write},
	{"read terminal", make_tty, call_read},
	{"open FIFO to read", make_fifo, call_open_read},
	{"open FIFO to write", make_fifo, call_open_write},
	{"read eventfd", make_eventfd, call_read_all},
	{"write eventfd", make_full_eventfd, call_add},
	{"read timerfd", make_timerfd, call_read_all},
	{"read signalfd", make_signalfd, call_read_all},
	{"waitpid", make_child, call_waitpid},
	{"waitid", make_child, call_waitid},
	{"flock", make_flock, call_flock},
	{"F_SETLKW", make_record_lock, call_setlkw},
	{"poll", make_pipe, call_poll},
	{"ppoll", make_pipe, call_ppoll},
	{"select", make_pipe, call_select},
	{"pselect", make_pipe, call_pselect},
	{"epoll_wait", make_pipe, call_epoll_wait},
	{"epoll_pwait", make_pipe, call_epoll_pwait},
	{"nanosleep", make_nothing, call_nanosleep},
	{"clock_nanosleep", make_nothing, call_clock_nanosleep},
	{"clock_nanosleep until", make_nothing, call_clock_nanosleep_abs},
	{"sigsuspend", make_nothing, call_sigsuspend},
	{"sigtimedwait", make_usr2, call_sigtimedwait},
	{"recv", make_pair, call_recv},
	{"recvmsg", make_pair, call_recvmsg},
	{"recv with SO_RCVTIMEO", make_timed_pair, call_recv},
	{"send", make_full_pair, call_send},
	{"accept", make_listener, call_accept},
};

static void run(int i, int flags)
{
	struct itimerval v = {{0, 3000}, {0, 3000}};
	int error;
	long r;

	on_signal(SIGALRM, handler, flags);
	unlink("fifo");
	unlink("sock");
	calls[i].make();
	count = 0;
	CHECK(setitimer(ITIMER_REAL, &v, NULL) == 0);
	errno = 0;
	r = calls[i].call();
	error = errno;
	v = (struct itimerval){0};
	CHECK(setitimer(ITIMER_REAL, &v, NULL) == 0);
	if (r < 0)
		printf(" %s", errno_name(error));
	else
		printf(" %s", count >= RELEASE ? "goes on" : "ended early");
	if (helper > 0)
		kill(helper, SIGKILL);
}

int main(void)
{
	enter_tmp();
	for (int i = 0; i < COUNT(calls); i++) {
		printf("%-22s", calls[i].name);
		for (int flags = 0; flags < 2; flags++) {
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (pid == 0) {
				run(i, flags ? SA_RESTART : 0);
				_exit(0);
			}
			CHECK(waitpid(pid, NULL, 0) == pid);
		}
		printf("\n");
	}
	return 0;
}

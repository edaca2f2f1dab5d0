/*
 * events.c - attacks on what waits and tells: sockets full and in cycles, epoll sets in each other,
 * floods of timers, signals and inotify events, queues at their limits, ends beside blocked calls.
 */
#include "hostile.h"
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

static void in_child(const char *name, void (*f)(void), int kill_after_ms)
{
	pid_t pid = fork();
	int64_t start = now_ms();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	status = reap_by(pid, start + (kill_after_ms ? kill_after_ms : 8000));
	if ((!kill_after_ms && status != 0) || now_ms() - start > 9000) {
		printf("%s: status %x after %d ms\n", name, status, (int)(now_ms() - start));
		exit(1);
	}
}

/* ---- sockets ---- */

static ssize_t send_fds(int to, const int *fds, int n)
{
	char byte = 'x', room[CMSG_SPACE(300 * sizeof(int))] = "";
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((unsigned)n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, (unsigned)n * sizeof(int));
	return sendmsg(to, &m, MSG_DONTWAIT);
}

/* Sockets in each other's queues, and in an epoll set that is in a queue, too. */
static void fd_cycles(void)
{
	for (int i = 0; i < 60; i++) {
		int a[2], b[2], ep = epoll_create1(0), all[7];
		struct epoll_event ev = {.events = EPOLLIN};

		CHECK(socketpair(AF_UNIX, i & 1 ? SOCK_STREAM : SOCK_DGRAM, 0, a) == 0);
		CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, b) == 0);
		epoll_ctl(ep, EPOLL_CTL_ADD, a[0], &ev);
		epoll_ctl(ep, EPOLL_CTL_ADD, b[0], &ev);
		memcpy(all, (int[]){a[0], a[1], b[0], b[1], ep, a[0], 1}, sizeof(all));
		for (int k = 0; k < 4; k++)
			CHECK(send_fds(all[k], all, 7) == 1 || errno == EAGAIN ||
				errno == ETOOMANYREFS);
		for (int k = 0; k < 5; k++)
			close(all[k]);
	}
}

/* A chain: each queue holds the next socket. Its end must not be a recursion. */
static void fd_chain(void)
{
	int last[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, last) == 0);
	for (int i = 0; i < 1500; i++) {
		int next[2];

		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, next) == 0);
		if (send_fds(next[0], last, 2) < 0) {
			CHECK(errno == ETOOMANYREFS || errno == EAGAIN || errno == ENOMEM);
			close(next[0]);
			close(next[1]);
			break;
		}
		close(last[0]);
		close(last[1]);
		memcpy(last, next, sizeof(last));
	}
}

static void full_queues(void)
{
	static char big[65536];
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

	for (int i = 0; i < 24; i++) {
		int s[2], n = 0;

		CHECK(socketpair(AF_UNIX, types[i % 3], 0, s) == 0);
		while (n < 100000 && send(s[0], big, below(40000), MSG_DONTWAIT) >= 0)
			n++;
		CHECK(n < 100000 && (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE));
		while (send_fds(s[0], s, 2) == 1)
			CHECK(n++ < 200000);
	}
}

static int listener(struct sockaddr_in *here, int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*here);

	*here = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK(fd >= 0 && bind(fd, (void *)here, len) == 0 && listen(fd, backlog) == 0);
	CHECK(getsockname(fd, (void *)here, &len) == 0);
	return fd;
}

/* More connections than a backlog takes, none accepted, some reset, then all at once gone. */
static void tcp_flood(void)
{
	struct sockaddr_in here;
	int fd = listener(&here, 5);

	for (int i = 0; i < 400; i++) {
		int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct linger now = {1, 0};

		CHECK(c >= 0);
		if (connect(c, (void *)&here, sizeof(here)) == 0)
			send(c, "x", 1, MSG_NOSIGNAL);
		if (i % 3 == 0)
			setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		if (i % 7 == 0)
			close(accept4(fd, NULL, NULL, SOCK_NONBLOCK));
		if (i % 2 || i > 200)
			close(c);
	}
}

/* A connection to oneself, and one from a listener to itself. */
static void tcp_self(void)
{
	struct sockaddr_in here;
	int fd = listener(&here, 1);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(here);
	char b[10];

	CHECK(connect(fd, (void *)&here, sizeof(here)) == -1);
	here.sin_port = 0;
	CHECK(bind(c, (void *)&here, sizeof(here)) == 0);
	CHECK(getsockname(c, (void *)&here, &len) == 0);
	if (connect(c, (void *)&here, sizeof(here)) == 0 || errno == EINPROGRESS) {
		send(c, "self", 4, MSG_NOSIGNAL);
		recv(c, b, sizeof(b), 0);
		shutdown(c, SHUT_WR);
		recv(c, b, sizeof(b), 0);
	}
}

static int beside[2];
static void *blocked(void *arg)
{
	static char big[65536];
	struct pollfd p = {beside[0], POLLIN, 0};

	switch ((int)(uintptr_t)arg) {
	case 0:
		recv(beside[0], big, 100, 0);
		break;
	case 1:
		while (send(beside[0], big, sizeof(big), MSG_NOSIGNAL) > 0)
			;
		break;
	case 2:
		poll(&p, 1, 2000);
		break;
	default:
		accept(beside[0], NULL, NULL);
	}
	return NULL;
}

/* The descriptor goes, or is another one's, beside calls that wait on it; then the other end goes.
 */
static void close_beside(void)
{
	for (int i = 0; i < 24; i++) {
		struct sockaddr_in here;
		pthread_t t[4];

		if (i % 3 == 2) {
			beside[0] = listener(&here, 2);
			beside[1] = socket(AF_INET, SOCK_STREAM, 0);
			CHECK(connect(beside[1], (void *)&here, sizeof(here)) == 0);
		} else {
			CHECK(socketpair(AF_UNIX, i & 1 ? SOCK_STREAM : SOCK_SEQPACKET, 0,
				      beside) == 0);
		}
		for (int k = 0; k < 4; k++)
			CHECK(pthread_create(&t[k], NULL, blocked, (void *)(uintptr_t)k) == 0);
		usleep(below(2000));
		if (i & 1)
			dup2(1, beside[0]);
		else
			shutdown(beside[0], SHUT_RDWR);
		close(beside[1]);
		close(beside[0]);
		if (i % 4 == 3) /* they may wait for ever: on Linux, too */
			continue;
		usleep(1000);
	}
}

static void unix_names(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fds[200];

	for (int i = 0; i < 200; i++) {
		fds[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		CHECK(fds[i] >= 0);
		snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/un%d", i % 20);
		if (i % 3 == 0)
			a.sun_path[0] = 0;
		bind(fds[i], (void *)&a, sizeof(a) - below(108));
		connect(fds[i], (void *)&a, sizeof(a));
		sendto(fds[i], "x", 1, MSG_DONTWAIT, (void *)&a, sizeof(a));
		unlink(a.sun_path);
	}
}

/* ---- epoll ---- */

static void epoll_nests(void)
{
	int sets[400], pipes[2], n = 0;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET}, out[8];

	CHECK(pipe(pipes) == 0);
	for (; n < 400; n++) {
		sets[n] = epoll_create1(0);
		CHECK(sets[n] >= 0);
		if (n && epoll_ctl(sets[n], EPOLL_CTL_ADD, sets[n - 1], &ev) < 0)
			CHECK(errno == ELOOP || errno == EINVAL);
	}
	CHECK(epoll_ctl(sets[1], EPOLL_CTL_ADD, sets[1], &ev) == -1 && errno == EINVAL);
	epoll_ctl(sets[0], EPOLL_CTL_ADD, sets[3], &ev); /* a cycle */
	for (int i = 0; i < 2000; i++)
		epoll_ctl(sets[below(400)], 1 + (int)below(3),
			below(8) ? sets[below(400)] : pipes[0], &ev);
	for (int i = 0; i < 100; i++) {
		(void)!write(pipes[1], "x", 1);
		epoll_wait(sets[below(400)], out, 8, 0);
	}
	for (int i = 0; i < 400; i += 2)
		close(sets[i]);
	close(pipes[0]);
	(void)!write(pipes[1], "x", 1);
}

static int the_set, the_event;
static void *epoll_user(void *arg)
{
	struct epoll_event ev = {.events = EPOLLIN | (arg ? EPOLLONESHOT : EPOLLET)}, out[4];

	for (int i = 0; i < 1500; i++) {
		int fd = below(2) ? the_event : eventfd(1, EFD_NONBLOCK);

		epoll_ctl(the_set, 1 + (int)below(3), fd, &ev);
		eventfd_write(the_event, 1);
		epoll_wait(the_set, out, 4, below(8) ? 0 : 1);
		if (fd != the_event)
			close(fd);
	}
	return NULL;
}
static void epoll_race(void)
{
	pthread_t t[3];

	the_set = epoll_create1(0);
	the_event = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, epoll_user, (void *)(uintptr_t)(i & 1)) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* ---- timers and signals ---- */

static atomic_int ticks;
static void on_tick(int signo)
{
	(void)signo;
	ticks++;
}
static void timer_flood(void)
{
	struct itimerspec fast = {{0, 1}, {0, 1}}, odd = {{0, 1000000000}, {-1, 0}};
	int n = 0;
	timer_t t;

	signal(SIGRTMIN, on_tick);
	for (; n < 100000; n++) {
		struct sigevent ev = {.sigev_notify = n & 1 ? SIGEV_SIGNAL : SIGEV_NONE,
			.sigev_signo = n % 3 ? SIGRTMIN : SIGRTMIN};

		if (timer_create(n & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &ev, &t) < 0)
			break;
		CHECK(timer_settime(t, 0, &odd, NULL) == -1 && errno == EINVAL);
		if (n < 64)
			CHECK(timer_settime(t, 0, &fast, NULL) == 0);
	}
	CHECK(errno == EAGAIN || errno == ENOMEM);
	for (int64_t end = now_ms() + 100; now_ms() < end;)
		getppid();
	CHECK(ticks > 0);
}
static void timerfd_flood(void)
{
	struct itimerspec fast = {{0, 1}, {0, 1}}, far = {{0x7fffffff, 0}, {0x7fffffffffff, 0}};
	uint64_t n;

	for (int i = 0; i < 500; i++) {
		int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

		if (fd < 0)
			break;
		timerfd_settime(fd, 0, i & 1 ? &fast : &far, NULL);
		(void)!read(fd, &n, 8);
	}
	usleep(50000);
}
static void signal_flood(void)
{
	union sigval v = {0};
	sigset_t all;
	int n = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	while (n < 1000000 && sigqueue(getpid(), SIGRTMIN + n % 20, v) == 0)
		n++;
	CHECK(n < 1000000 && errno == EAGAIN);
	for (int i = 0; i < 100; i++)
		signalfd(-1, &all, 0);
	if (fork() == 0)
		_exit(0);
	sigprocmask(SIG_UNBLOCK, &all, NULL); /* it is the end of this child */
}

/* ---- inotify, message queues ---- */

static void inotify_flood(void)
{
	int in = inotify_init1(IN_NONBLOCK), others[200], n = 0;
	char name[64], buf[4096];

	mkdir("/tmp/watch", 0755);
	CHECK(inotify_add_watch(in, "/tmp/watch", IN_ALL_EVENTS) > 0);
	for (; n < 200; n++) {
		others[n] = inotify_init();
		if (others[n] < 0)
			break;
		inotify_add_watch(others[n], "/tmp/watch", IN_ALL_EVENTS);
	}
	CHECK(n > 0);
	for (int i = 0; i < 600; i++) { /* more than a queue holds */
		snprintf(name, sizeof(name), "/tmp/watch/%d", i % 9);
		close(open(name, O_CREAT | O_RDWR, 0600));
		inotify_add_watch(in, name, IN_ALL_EVENTS | IN_ONESHOT);
		unlink(name);
		inotify_rm_watch(in, (int)below(20));
	}
	CHECK(read(in, buf, 3) == -1 && read(in, buf, sizeof(buf)) > 0);
	rmdir("/tmp/watch");
}

static void mq_flood(void)
{
	struct mq_attr huge = {.mq_maxmsg = 0x7fffffff, .mq_msgsize = 0x7fffffff},
		       small = {.mq_maxmsg = 4, .mq_msgsize = 16};
	char name[32], buf[16] = "";

	CHECK(mq_open("/huge", O_RDWR | O_CREAT, 0600, &huge) == -1);
	for (int i = 0; i < 400; i++) {
		struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG};
		mqd_t q;

		snprintf(name, sizeof(name), "/q%d", i);
		q = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &small);
		if (q < 0)
			break;
		mq_notify(q, &ev);
		for (int k = 0; k < 6; k++)
			mq_send(q, buf, below(17), below(40000));
		if (i % 3)
			mq_close(q);
	}
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "/q%d", i);
		mq_unlink(name);
	}
}

/* ---- devices ---- */

struct mode {
	unsigned words[40];
};
static void fb_modes(void)
{
	static const unsigned odd[] = {0, 1, 2, 200, 320, 640, 1080, 1920, 1921, 4096, 65535,
		0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8};
	int fd = open("/dev/fb0", O_RDWR);
	static char page[70000];

	CHECK(fd >= 0);
	for (int i = 0; i < 600; i++) {
		struct mode m;
		char *p;

		CHECK(ioctl(fd, 0x4600, &m) == 0);
		for (int k = (int)below(4); k >= 0; k--)
			m.words[below(8)] = odd[below(COUNT(odd))];
		ioctl(fd, below(2) ? 0x4601 : 0x4606, &m);
		lseek(fd, (off_t)below(1 << 24), SEEK_SET);
		(void)!(below(2) ? write(fd, page, sizeof(page)) : read(fd, page, sizeof(page)));
		p = mmap(NULL, 4096 * (1 + below(900)), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			(off_t)below(4000) * 4096);
		if (p != MAP_FAILED && below(4)) {
			*p = 1;
			munmap(p, 4096 * (1 + below(900)));
		}
		if (i % 150 == 149 && fork() == 0) {
			lseek(fd, 0, SEEK_SET);
			(void)!read(fd, page, sizeof(page));
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

/* Processes that map, write, read and change modes at once, and are killed while they do. */
static void fb_crowd(void)
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			seed_with((unsigned)i + 50);
			fb_modes();
			_exit(0);
		}
	}
	usleep(400000);
	for (int i = 0; i < 4; i++) {
		kill(pids[i], SIGKILL);
		reap(pids[i]);
	}
}

static void dsp_flood(void)
{
	static char sound[65536];
	int fd = open("/dev/dsp", O_WRONLY | O_NONBLOCK);

	if (fd < 0)
		return; /* no sound here */
	for (int i = 0; i < 300; i++) {
		unsigned v = below(3) ? rnd() : below(64);

		ioctl(fd, (int)(0xc0045000u + 2 + below(9)), &v);
		(void)!write(fd, sound, below(sizeof(sound)));
		if (i % 50 == 0)
			ioctl(fd, 0x5000, 0);
	}
}

/* Traces of oneself, of one's tracer and of everybody, never read. */
static void strace_self(void)
{
	char line[64], buf[512];
	int fds[16];

	for (int i = 0; i < 16; i++) {
		pid_t pid;

		fds[i] = open("/dev/strace", O_RDWR | O_NONBLOCK);
		if (fds[i] < 0)
			break;
		snprintf(line, sizeof(line), "follow 1\nattach %d\n", i & 1 ? getpid() : getppid());
		(void)!write(fds[i], line, strlen(line));
		(void)!write(fds[i], "all\nformat records\n", i & 2 ? 4 : 19);
		pid = fork();
		if (pid == 0) {
			snprintf(line, sizeof(line), "attach %d\n", getppid());
			int fd = open("/dev/strace", O_RDWR | O_NONBLOCK);

			(void)!write(fd, line, strlen(line));
			for (int k = 0; k < 200; k++)
				(void)!read(fd, buf, sizeof(buf));
			_exit(0);
		}
		(void)!read(fds[i], buf, sizeof(buf));
	}
	for (int i = 0; i < 5000; i++)
		getppid();
	while (wait(NULL) > 0)
		;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*f)(void);
		int kill_after_ms;
	} all[] = {{"cycles of sockets", fd_cycles, 0}, {"a chain of sockets", fd_chain, 0},
		{"full queues", full_queues, 0}, {"a flood of connections", tcp_flood, 0},
		{"connections to oneself", tcp_self, 0}, {"closed beside calls", close_beside, 0},
		{"names of sockets", unix_names, 0}, {"epoll in epoll", epoll_nests, 0},
		{"epoll in threads", epoll_race, 0}, {"timers", timer_flood, 0},
		{"timerfds", timerfd_flood, 0}, {"signals", signal_flood, 3000},
		{"inotify", inotify_flood, 0}, {"message queues", mq_flood, 0},
		{"modes of the screen", fb_modes, 0}, {"a crowd at the screen", fb_crowd, 0},
		{"sound", dsp_flood, 0}, {"traces of oneself", strace_self, 0}};
	int zombies, before = processes(&zombies, false);
	long objects[3];

	signal(SIGPIPE, SIG_IGN);
	for (int round = 0; round < 3; round++) {
		seed_with((unsigned)round + 1);
		for (int i = 0; i < COUNT(all); i++) {
			in_child(all[i].name, all[i].f, all[i].kill_after_ms);
			if (getenv("STATUS"))
				printf("%s: %ld objects\n", all[i].name, kernel_objects());
		}
		if (!settle(before))
			return 1;
		objects[round] = kernel_objects();
	}
	printf("objects: %ld %ld %ld\n", objects[0], objects[1], objects[2]);
	if (objects[2] > objects[1] + 40) {
		puts("objects are lost");
		return 1;
	}
	puts("survived");
	return 0;
}

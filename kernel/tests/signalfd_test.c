/* signalfd: records of each kind of signal, order, masks, poll. */
#include "conformance.h"
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

static sigset_t all;

static int ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}
static void show_next(int fd)
{
	struct signalfd_siginfo s;
	ssize_t n = read(fd, &s, sizeof(s));

	if (n < 0) {
		printf("read: %s\n", errno_name(errno));
		return;
	}
	printf("%zd bytes: %s code %d from %s uid %s status %d int %d\n", n,
		signal_name((int)s.ssi_signo), s.ssi_code,
		s.ssi_pid == (uint32_t)getpid() ? "self"
		: s.ssi_pid			? "other"
						: "0",
		s.ssi_uid == getuid() ? "own" : "0", s.ssi_status, s.ssi_int);
}
static void exits_7(void)
{
	_exit(7);
}

int main(void)
{
	struct signalfd_siginfo many[4];
	union sigval v = {.sival_int = 77};
	struct itimerspec soon = {{0, 0}, {0, 1000000}};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	struct pollfd p;
	sigset_t m;
	timer_t timer;
	int fd, other;
	ssize_t n;
	char bytes[127];
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	SHOW(signalfd(-1, &m, 4));
	SHOW(signalfd(0, &m, 0));
	SHOW(signalfd(99, &m, 0));
	SHOW(syscall(SYS_signalfd4, -1, &m, 4, 0));
	fd = signalfd(-1, &m, SFD_NONBLOCK | SFD_CLOEXEC);
	TRUTH(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	TRUTH(!ready(fd));
	show_next(fd);
	kill(getpid(), SIGUSR2);
	TRUTH(!ready(fd));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	TRUTH(ready(fd));
	SHOW(read(fd, bytes, 127));
	show_next(fd);
	show_next(fd);
	TRUTH(signalfd(fd, &all, 0) == fd);
	TRUTH(ready(fd));
	show_next(fd);

	sigqueue(getpid(), SIGRTMIN + 2, v);
	v.sival_int = 78;
	sigqueue(getpid(), SIGRTMIN + 2, v);
	sigqueue(getpid(), SIGRTMIN + 1, v);
	kill(getpid(), SIGTERM);
	n = read(fd, many, sizeof(many));
	printf("%zd bytes at once:", n);
	for (int i = 0; i < n / (int)sizeof(many[0]); i++)
		printf(" %s", signal_name((int)many[i].ssi_signo));
	printf("\n");
	raise(SIGHUP); /* to the thread: before what waits for the process */
	kill(getpid(), SIGINT);
	show_next(fd);
	show_next(fd);
	pid = child(exits_7);
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	TRUTH(poll(&p, 1, -1) == 1);
	show_next(fd);
	CHECK(waitpid(pid, NULL, 0) == pid);

	ev.sigev_value.sival_int = 5;
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
	CHECK(poll(&p, 1, -1) == 1);
	n = read(fd, many, sizeof(many));
	printf("timer: %s code %d overrun %u int %d\n", signal_name((int)many[0].ssi_signo),
		many[0].ssi_code, many[0].ssi_overrun, many[0].ssi_int);
	alarm(0);

	/* Two descriptors over the same signals: each signal is taken once. */
	other = signalfd(-1, &all, SFD_NONBLOCK);
	kill(getpid(), SIGUSR1);
	TRUTH(ready(fd) && ready(other));
	show_next(other);
	show_next(fd);
	/* KILL and STOP are never in the set; an empty set is one. */
	sigemptyset(&m);
	sigaddset(&m, SIGKILL);
	SHOW(signalfd(other, &m, 0) == other);
	kill(getpid(), SIGUSR1);
	TRUTH(!ready(other));
	sprintf(bytes, "/proc/self/fdinfo/%d", other);
	TRUTH(strstr(get_file(bytes), "sigmask:\t0000000000000000\n") != NULL);
	/* sigwait and signalfd take from the same queue. */
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	TRUTH(sigwaitinfo(&m, NULL) == SIGUSR1);
	show_next(fd);
	return 0;
}

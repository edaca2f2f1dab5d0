/* pidfd: opening, polling for the end, signals, waiting, and a pid that is gone. */
#include "conformance.h"
#include <poll.h>
#include <sys/syscall.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_open_(pid_t pid, unsigned flags)
{
	return (int)syscall(434, pid, flags);
}
static int pidfd_send(int fd, int signo, siginfo_t *info, unsigned flags)
{
	return (int)syscall(424, fd, signo, info, flags);
}
static int ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CHECK(poll(&p, 1, 0) >= 0);
	return (p.revents & POLLIN) != 0;
}
static void waits(void)
{
	for (;;)
		pause();
}
static void exits_9(void)
{
	_exit(9);
}

int main(void)
{
	struct pollfd p;
	siginfo_t info = {0};
	int fd, self, plain = open("/dev/null", O_RDONLY);
	char path[64];
	pid_t pid = child(waits);

	SHOW(pidfd_open_(0, 0));
	SHOW(pidfd_open_(-5, 0));
	SHOW(pidfd_open_(pid, 1));
	SHOW(pidfd_open_(0x3fffffff, 0));
	fd = pidfd_open_(pid, 0);
	TRUTH(fd > 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	TRUTH((fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDWR);
	TRUTH(!ready(fd));
	SHOW(read(fd, path, 8));
	SHOW(write(fd, path, 8));
	sprintf(path, "/proc/self/fdinfo/%d", fd);
	sprintf(path + 32, "Pid:\t%d\n", pid);
	TRUTH(strstr(get_file(path), path + 32) != NULL);

	SHOW(pidfd_send(fd, 0, NULL, 0));
	SHOW(pidfd_send(fd, 65, NULL, 0));
	SHOW(pidfd_send(fd, 0, NULL, 0x100));
	SHOW(pidfd_send(plain, 0, NULL, 0));
	SHOW(pidfd_send(99, 0, NULL, 0));
	SHOW(pidfd_send(fd, SIGTERM, bad_address, 0));
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	SHOW(pidfd_send(fd, SIGUSR2, &info, 0));
	info.si_code = SI_USER;
	SHOW(pidfd_send(fd, SIGUSR1, &info, 0));
	SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	TRUTH(info.si_pid == 0);
	SHOW(waitid(P_PIDFD, (id_t)plain, &info, WEXITED));
	SHOW(waitid(P_PIDFD, 99, &info, WEXITED));
	self = pidfd_open_(getpid(), 0);
	SHOW(waitid(P_PIDFD, (id_t)self, &info, WEXITED));
	SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));

	SHOW(pidfd_send(fd, SIGKILL, NULL, 0));
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	TRUTH(poll(&p, 1, -1) == 1);
	SHOW(pidfd_send(fd, SIGTERM, NULL, 0)); /* a zombie is still there */
	SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	TRUTH(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
	TRUTH(ready(fd));
	SHOW(pidfd_send(fd, 0, NULL, 0));
	SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
	TRUTH(strstr(get_file(path), "Pid:\t-1\n") != NULL);
	close(fd);

	for (int i = 0; i < 50; i++) {
		pid = child(exits_9);
		fd = pidfd_open_(pid, 0);
		CHECK(fd >= 0);
		p.fd = fd;
		CHECK(poll(&p, 1, -1) == 1 && (p.revents & POLLIN));
		CHECK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED) == 0);
		CHECK(info.si_status == 9 && info.si_pid == pid);
		close(fd);
	}
	printf("50 ends\n");
	return 0;
}

/*
 * Tests of pidfd.c: polling for the end, signals and waiting beside the end itself.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

static int exits(uint32_t status)
{
	for (uint32_t n = ktest_seed() % 8; n > 0; n--)
		ktest_yield();
	return (int)status;
}

PROC_DET_TEST(pidfd_poll_sees_the_end, 1000)
{
	struct abi_pollfd p = {.events = POLLIN};
	uaddr_t info, at;
	int pid, fd;

	host_start();
	info = u_alloc(128);
	pid = host_fork(exits, 7);
	fd = sys_pidfd_open(pid, 0);
	CHECK(fd >= 0);
	p.fd = fd;
	at = u_bytes(&p, sizeof(p));
	CHECK_EQ(sys_ppoll_time64(at, 1, 0, 0, 0), 1);
	CHECK_EQ(U_PTR(struct abi_pollfd, at)->revents, POLLIN);
	CHECK_EQ(sys_pidfd_send_signal(fd, SIGTERM, 0, 0), 0); /* a zombie */
	CHECK_EQ(sys_waitid(P_PIDFD, fd, info, WEXITED, 0), 0);
	CHECK_EQ(U_PTR(struct abi_siginfo, info)->u.kill.pid, pid);
	CHECK_EQ(sys_pidfd_send_signal(fd, 0, 0, 0), -ESRCH);
	CHECK_EQ(sys_waitid(P_PIDFD, fd, info, WEXITED, 0), -ECHILD);
	CHECK_EQ(sys_close(fd), 0);
	host_stop();
}

static int waits(uint32_t unused)
{
	*(uint64_t *)prog_u(PROG_DATA) = 0;
	return prog_call(NR_rt_sigsuspend, PROG_DATA, 8) + (int)unused;
}

PROC_DET_TEST(pidfd_signal_reaches_its_process, 1000)
{
	int pid, fd;

	host_start();
	pid = host_fork(waits, 0);
	fd = sys_pidfd_open(pid, O_NONBLOCK);
	CHECK_EQ(sys_waitid(P_PIDFD, fd, 0, WEXITED, 0), -EAGAIN);
	CHECK_EQ(sys_pidfd_send_signal(fd, SIGTERM, 0, 0), 0);
	CHECK_EQ(host_wait(pid), SIGTERM);
	CHECK_EQ(sys_close(fd), 0);
	host_stop();
}

PROC_TEST(pidfd_checks_its_arguments)
{
	int fd = sys_pidfd_open(1, 0), other;

	CHECK_EQ(sys_pidfd_open(0, 0), -EINVAL);
	CHECK_EQ(sys_pidfd_open(1, 1), -EINVAL);
	CHECK_EQ(sys_pidfd_open(30000, 0), -ESRCH);
	CHECK_EQ(sys_fcntl64(fd, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_pidfd_send_signal(99, 0, 0, 0), -EBADF);
	CHECK_EQ(sys_pidfd_send_signal(fd, 65, 0, 0), -EINVAL);
	CHECK_EQ(sys_pidfd_send_signal(fd, 0, 0, 1), -EINVAL);
	other = sys_pidfd_getfd(fd, fd, 0);
	CHECK(other >= 0);
	CHECK_EQ(sys_pidfd_getfd(fd, 99, 0), -EBADF);
	CHECK_EQ(sys_close(other), 0);
	CHECK_EQ(sys_close(fd), 0);
}

/*
 * Tests of signalfd.c: readers and pollers of several processes beside senders, exits and closes.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

enum { NR_signalfd4 = 74 };
#define MASK (PROG_DATA + 0x200)
#define RECORD (PROG_DATA + 0x400)

static uint32_t ready; /* [a] */

static uint32_t open_fd(uint64_t set)
{
	*(uint64_t *)prog_u(MASK) = set;
	CHECK_EQ(prog_call(NR_rt_sigprocmask, SIG_BLOCK, MASK, 0, 8), 0);
	return (uint32_t)prog_call(NR_signalfd4, UINT32_MAX, MASK, 8, 0);
}

static uint32_t take(uint32_t fd)
{
	CHECK_EQ(prog_call(NR_read, fd, RECORD, 200), 128);
	return *(uint32_t *)prog_u(RECORD);
}

static int reads(uint32_t n)
{
	uint32_t fd = open_fd(SIGBIT(SIGUSR1) | SIGBIT(40)), sum = 0;

	atomic_store(&ready, 1u);
	for (uint32_t i = 0; i < n; i++)
		sum += take(fd);
	return (int)sum;
}

PROC_DET_TEST(signalfd_reader_takes_each_signal_once, 1000)
{
	int pid;

	host_start();
	ready = 0;
	pid = host_fork(reads, 4);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, 40), 0);
	CHECK_EQ(sys_kill(pid, SIGUSR1), 0);
	CHECK_EQ(sys_kill(pid, 40), 0);
	CHECK_EQ(sys_kill(pid, 40), 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(3 * 40 + SIGUSR1));
	host_stop();
}

static int polls(uint32_t fd)
{
	struct abi_pollfd *p = prog_u(PROG_DATA + 0x40);

	if (!fd)
		fd = open_fd(SIGBIT(SIGUSR1));
	*p = (struct abi_pollfd){.fd = (int32_t)fd, .events = POLLIN};
	atomic_add(&ready, 1u);
	CHECK_EQ(prog_call(NR_ppoll_time64, PROG_DATA + 0x40, 1, 0, 0, 0), 1);
	return (int)take(fd);
}

static int child_polls_too(uint32_t unused)
{
	uint32_t fd = open_fd(SIGBIT(SIGUSR1));
	uint32_t *status = prog_u(PROG_DATA + 0x80);
	int pid = prog_fork(polls, fd);

	(void)unused;
	CHECK(pid > 0);
	CHECK_EQ(prog_call(NR_kill, (uint32_t)pid, SIGUSR1), 0);
	CHECK_EQ(prog_call(NR_kill, (uint32_t)prog_call(NR_getpid), SIGUSR1), 0);
	CHECK_EQ(polls(fd), SIGUSR1);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA + 0x80, 0, 0), pid);
	return *status == WSTATUS_EXIT(SIGUSR1) ? 0 : 1;
}

/* One descriptor in two processes: each is told of its own signals. */
PROC_DET_TEST(signalfd_poll_is_about_the_process_that_polls, 1000)
{
	host_start();
	ready = 0;
	CHECK_EQ(host_wait(host_fork(child_polls_too, 0)), 0);
	host_stop();
}

PROC_DET_TEST(signalfd_poller_is_killed_at_any_moment, 1000)
{
	int pid;

	host_start();
	ready = 0;
	pid = host_fork(polls, 0);
	for (uint32_t n = ktest_seed() % 24; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

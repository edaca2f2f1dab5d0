/*
 * Tests of timerfd.c: expirations beside readers, settings and closes. The event thread is the
 * rig's host.
 */
#include "tests/ktest_host.h"
#include "lib/str.h"

enum { NR_timerfd_create = 85, NR_timerfd_gettime64 = 410, NR_timerfd_settime64 = 411 };
#define CLOCK_MONOTONIC 1u
#define SPEC (PROG_DATA + 0x100)
#define OLD (PROG_DATA + 0x140)

static int set(uint32_t fd, uint64_t value_ns, uint64_t interval_ns)
{
	struct abi_timespec *s = prog_u(SPEC);

	memset(s, 0, 2 * sizeof(*s));
	s[0].nsec = (int32_t)interval_ns;
	s[1].nsec = (int32_t)value_ns;
	return prog_call(NR_timerfd_settime64, fd, 0, SPEC, OLD);
}

static uint64_t take(uint32_t fd)
{
	CHECK_EQ(prog_call(NR_read, fd, PROG_DATA, 8), 8);
	return *(uint64_t *)prog_u(PROG_DATA);
}

static int reads(uint32_t variant)
{
	uint32_t fd = (uint32_t)prog_call(NR_timerfd_create, CLOCK_MONOTONIC, 0);
	uint64_t sum = 0;

	CHECK_EQ(set(fd, 1000 + variant, 0), 0);
	CHECK_EQ(take(fd), 1);
	CHECK_EQ(set(fd, 1, 1000), 0);
	while (sum < 5)
		sum += take(fd);
	/* Each setting counts from itself. */
	CHECK_EQ(set(fd, 500, 0), 0);
	CHECK_EQ(((struct abi_timespec *)prog_u(OLD))[0].nsec, 1000);
	CHECK_EQ(take(fd), 1);
	CHECK_EQ(set(fd, 1 + variant % 7, 100000), 0);
	return 0; /* armed: its end races with its going off */
}

PROC_DET_TEST(timerfd_reader_wakes_at_each_expiration, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(reads, ktest_seed() % 64)), 0);
	host_stop();
}

static int polls(uint32_t variant)
{
	uint32_t fd = (uint32_t)prog_call(NR_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	struct abi_pollfd *p = prog_u(PROG_DATA + 0x40);

	for (int i = 0; i < 3; i++) {
		*p = (struct abi_pollfd){.fd = (int32_t)fd, .events = POLLIN};
		CHECK_EQ(set(fd, 100 + variant, i & 1 ? 1000 : 0), 0);
		CHECK_EQ(prog_call(NR_ppoll_time64, PROG_DATA + 0x40, 1, 0, 0, 0), 1);
		CHECK_EQ(p->revents, POLLIN);
		CHECK(take(fd) >= 1);
	}
	CHECK_EQ(set(fd, 0, 0), 0);
	CHECK_EQ(prog_call(NR_read, fd, PROG_DATA, 8), -EAGAIN);
	return 0;
}

PROC_DET_TEST(timerfd_poll_sees_each_setting, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(polls, ktest_seed() % 64)), 0);
	host_stop();
}

static int waits_for_ever(uint32_t unused)
{
	uint32_t fd = (uint32_t)prog_call(NR_timerfd_create, CLOCK_MONOTONIC, 0);

	(void)unused;
	CHECK_EQ(set(fd, 999999999, 0), 0);
	return (int)take(fd) + prog_call(NR_read, fd, PROG_DATA, 8);
}

PROC_DET_TEST(timerfd_reader_is_killed_at_any_moment, 1000)
{
	int pid;

	host_start();
	pid = host_fork(waits_for_ever, 0);
	for (uint32_t n = ktest_seed() % 16; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

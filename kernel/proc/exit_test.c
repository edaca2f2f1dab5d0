/*
 * Tests of exit.c: what wait calls see of the end of processes, of stops and continues, and who
 * reaps what nobody waits for.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"

static int exits(uint32_t status)
{
	return (int)status;
}

PROC_DET_TEST(wait4_gives_the_exit_status_of_a_child, 1000)
{
	int pid;

	host_start();
	pid = host_fork(exits, 7);
	CHECK(pid > 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(7));
	CHECK_EQ(sys_wait4(pid, 0, 0, 0), -ECHILD);
	host_stop();
}

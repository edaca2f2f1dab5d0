/*
 * Tests of the kill rule (proc.h): a thread in user code is moved to DEAD and never comes back, one
 * in the kernel leaves by itself, and nobody's end leaves a lock behind. The rig's host fails a
 * test whose thread ends with a lock held.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

static int spins(uint32_t calls)
{
	for (uint32_t i = 0; i < calls; i++)
		prog_call(NR_getppid);
	prog_spin(false);
}

/* A thread that goes back to user code just as it is killed must not go on there. */
PROC_DET_TEST(kill_ends_a_thread_on_its_way_between_user_code_and_kernel, 1000)
{
	int pid;

	host_start();
	pid = host_fork(spins, 3);
	for (uint32_t n = ktest_seed() % 8; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

static int calls_for_ever(uint32_t unused)
{
	uaddr_t fds = PROG_DATA + 0x100;
	uint32_t i = unused;

	for (;;) {
		int32_t *fd = prog_u(fds);

		CHECK_EQ(prog_call(NR_pipe2, fds, 0), 0);
		CHECK_EQ(prog_call(NR_write, (uint32_t)fd[1], PROG_DATA, 8), 8);
		CHECK_EQ(prog_call(NR_brk, 0x800000 + (i++ & 3) * 4096) > 0, 1);
		CHECK_EQ(prog_call(NR_close, (uint32_t)fd[0]), 0);
		CHECK_EQ(prog_call(NR_close, (uint32_t)fd[1]), 0);
	}
}

PROC_DET_TEST(kill_orphans_no_lock, 1000)
{
	int pid[3];

	host_start();
	for (int i = 0; i < 3; i++)
		pid[i] = host_fork(calls_for_ever, 0);
	for (uint32_t n = ktest_seed() % 50; n > 0; n--)
		ktest_yield();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sys_kill(pid[i], i == 1 ? SIGTERM : SIGKILL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(host_wait(pid[i]), i == 1 ? SIGTERM : SIGKILL);
	host_stop();
}

static int sleeps(uint32_t unused)
{
	struct {
		int64_t sec;
		int64_t nsec;
	} *t = prog_u(PROG_DATA);

	(void)unused;
	t->sec = 1000000;
	t->nsec = 0;
	return prog_call(NR_clock_nanosleep_time64, 1, 0, PROG_DATA, 0);
}

PROC_DET_TEST(kill_ends_a_sleep, 1000)
{
	int pid;

	host_start();
	pid = host_fork(sleeps, 0);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

static int forks_for_ever(uint32_t unused)
{
	(void)unused;
	for (;;) {
		int pid = prog_fork(sleeps, 0);

		CHECK(pid > 0);
		CHECK_EQ(prog_call(NR_kill, (uint32_t)pid, SIGKILL), 0);
		CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, 0, 0, 0), pid);
	}
}

/* Its children come to PID 1, dead or alive. */
PROC_DET_TEST(kill_of_a_forking_process_leaves_its_children_to_pid_1, 1000)
{
	int pid, other;

	host_start();
	pid = host_fork(forks_for_ever, 0);
	for (uint32_t n = ktest_seed() % 200; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	sys_kill(-1, SIGKILL);
	while ((other = sys_wait4(-1, 0, 0, 0)) > 0)
		;
	CHECK_EQ(other, -ECHILD);
	host_stop();
}

static uint32_t trapped_in_child; /* [a] */

static int traps(uint32_t unused)
{
	(void)unused;
	prog_trap(SIGSEGV);
}

PROC_TEST(kill_by_trap_is_a_core_dump)
{
	int pid;

	host_start();
	pid = host_fork(traps, 0);
	CHECK_EQ(host_wait(pid), SIGSEGV | 0x80);
	host_stop();
}

static int vforks_into_trap(uint32_t unused)
{
	(void)unused;
	prog_vfork(traps, 0);
	atomic_store(&trapped_in_child, 1u);
	return 0;
}

/* The trap took the parent's frames, too: both end by it, and the machine goes on. */
PROC_TEST(kill_by_trap_of_a_vfork_child_takes_its_parent_along)
{
	int pid;

	host_start();
	pid = host_fork(vforks_into_trap, 0);
	CHECK_EQ(host_wait(pid), SIGSEGV | 0x80);
	CHECK(sys_wait4(-1, 0, 0, 0) > 0); /* the child: PID 1's now */
	CHECK_EQ(trapped_in_child, 0);
	host_stop();
}

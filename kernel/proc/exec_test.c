/*
 * Tests of exec.c, fork.c and spawn.c: what the new program has of the old one, and every way of
 * failing on the way to it.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

static uint32_t seen[8]; /* [a] what programs report */

static int exits(uint32_t status)
{
	return (int)status;
}

static int execs(uint32_t arg)
{
	prog_exec(exits, arg);
	return 99;
}

PROC_DET_TEST(exec_replaces_the_program_in_place, 1000)
{
	int pid;

	host_start();
	pid = host_fork(execs, 5);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(5));
	host_stop();
}

static void unused_handler(int signo)
{
	(void)signo;
}

static int looks(uint32_t pid)
{
	struct abi_sigaction *a = prog_u(PROG_DATA);

	CHECK_EQ(prog_call(NR_getpid), (int)pid);
	CHECK_EQ(prog_call(NR_gettid), (int)pid);
	CHECK_EQ(prog_call(NR_rt_sigaction, SIGUSR1, 0, PROG_DATA, 8), 0);
	CHECK_EQ(a->handler, SIG_DFL_K);
	CHECK_EQ(prog_call(NR_rt_sigaction, SIGUSR2, 0, PROG_DATA, 8), 0);
	CHECK_EQ(a->handler, SIG_IGN_K);
	CHECK_EQ(prog_call(NR_rt_sigpending, PROG_DATA, 8), 0);
	CHECK_EQ(*(uint64_t *)prog_u(PROG_DATA), SIGBIT(SIGTERM) | SIGBIT(40));
	CHECK_EQ(prog_call(NR_rt_sigprocmask, SIG_BLOCK, 0, PROG_DATA, 8), 0);
	CHECK_EQ(*(uint64_t *)prog_u(PROG_DATA), SIGBIT(SIGTERM) | SIGBIT(40));
	CHECK_EQ(prog_call(NR_fcntl64, 5, F_GETFD, 0), 0);
	CHECK_EQ(prog_call(NR_fcntl64, 6, F_GETFD, 0), -EBADF);
	return 4;
}

static int prepares(uint32_t unused)
{
	uint32_t pid = (uint32_t)prog_call(NR_getpid);
	int32_t *fd = prog_u(PROG_DATA + 0x100);

	(void)unused;
	CHECK_EQ(prog_handle(SIGUSR1, unused_handler, 0), 0);
	CHECK_EQ(prog_handle(SIGUSR2, (void (*)(int))(uintptr_t)SIG_IGN_K, 0), 0);
	*(uint64_t *)prog_u(PROG_DATA) = SIGBIT(SIGTERM) | SIGBIT(40);
	CHECK_EQ(prog_call(NR_rt_sigprocmask, SIG_SETMASK, PROG_DATA, 0, 8), 0);
	CHECK_EQ(prog_call(NR_kill, pid, SIGTERM), 0);
	CHECK_EQ(prog_call(NR_tkill, pid, 40), 0);
	CHECK_EQ(prog_call(NR_pipe2, PROG_DATA + 0x100, 0), 0);
	CHECK_EQ(prog_call(NR_fcntl64, (uint32_t)fd[0], F_DUPFD, 5), 5);
	CHECK_EQ(prog_call(NR_fcntl64, (uint32_t)fd[0], F_DUPFD_CLOEXEC, 6), 6);
	prog_exec(looks, pid);
	return 99;
}

PROC_TEST(exec_keeps_mask_and_pending_signals_and_closes_what_is_marked)
{
	int pid;

	host_start();
	pid = host_fork(prepares, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(4));
	host_stop();
}

static int exec_in_vfork_child(uint32_t arg)
{
	return prog_exec(exits, arg);
}

static int exit_in_vfork_child(uint32_t arg)
{
	return prog_call(NR_exit_group, arg);
}

static int vforks(uint32_t arg)
{
	uint32_t self = (uint32_t)prog_call(NR_getpid);
	int pid = prog_vfork(arg & 1 ? exec_in_vfork_child : exit_in_vfork_child, arg);
	uint32_t *status = prog_u(PROG_DATA);

	CHECK(pid > 0 && (uint32_t)pid != self);
	CHECK_EQ(prog_call(NR_getpid), (int)self);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA, 0, 0), pid);
	CHECK_EQ(*status, WSTATUS_EXIT(arg));
	return 0;
}

PROC_DET_TEST(vfork_child_ends_by_exit_or_exec_and_the_parent_goes_on, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(vforks, 2 + ktest_seed() % 2)), 0);
	host_stop();
}

static int vfork_child_signals_itself(uint32_t kind)
{
	uint32_t self = (uint32_t)prog_call(NR_getpid);

	int ended = prog_call(NR_kill, self, kind);

	return ended ? ended : prog_exec(exits, 0);
}

static int vforks_signalled(uint32_t signo)
{
	int pid = prog_vfork(vfork_child_signals_itself, signo);
	uint32_t *status = prog_u(PROG_DATA);

	CHECK(pid > 0);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA, 0, 0), pid);
	CHECK_EQ(*status, signo == SIGCHLD ? 0 : signo);
	return 0;
}

/* The thread is its parent's: that one goes on where it called vfork. */
PROC_TEST(vfork_child_acts_on_its_signals_at_once)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(vforks_signalled, SIGKILL)), 0);
	CHECK_EQ(host_wait(host_fork(vforks_signalled, SIGTERM)), 0);
	CHECK_EQ(host_wait(host_fork(vforks_signalled, SIGCHLD)), 0);
	host_stop();
}

static int vforks_slowly(uint32_t unused)
{
	(void)unused;
	for (;;) {
		int pid = prog_vfork(exec_in_vfork_child, 0);

		CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, 0, 0, 0), pid);
		pid = prog_vfork(exit_in_vfork_child, 1);
		CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, 0, 0, 0), pid);
	}
}

PROC_DET_TEST(vfork_parent_is_killed_at_any_moment, 1000)
{
	int pid, other;

	host_start();
	pid = host_fork(vforks_slowly, 0);
	for (uint32_t n = ktest_seed() % 200; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	while ((other = sys_wait4(-1, 0, 0, 0)) > 0)
		;
	CHECK_EQ(other, -ECHILD);
	host_stop();
}

static int spawns(uint32_t status)
{
	int pid = prog_spawn(exits, status);

	CHECK(pid > 0);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA, 0, 0), pid);
	CHECK_EQ(*(uint32_t *)prog_u(PROG_DATA), WSTATUS_EXIT(status));
	return 0;
}

PROC_DET_TEST(spawn_runs_a_program, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(spawns, 8)), 0);
	host_stop();
}

static int spawns_badly(uint32_t unused)
{
	uaddr_t argv = prog_exec_words(exits, 0);
	struct pleat_spawn *s = prog_u(argv + 128);
	struct pleat_spawn_action *a = prog_u(argv + 512);

	(void)unused;
	*s = (struct pleat_spawn){.path = argv + 64 + 16, .argv = argv};
	CHECK_EQ(prog_call(NR_pleat_spawn, argv + 128), -ENOENT);
	s->path = argv + 64;
	s->actions = argv + 512;
	s->nactions = 1;
	*a = (struct pleat_spawn_action){.op = PLEAT_SPAWN_DUP2, .srcfd = 77, .fd = 3};
	CHECK_EQ(prog_call(NR_pleat_spawn, argv + 128), -EBADF);
	a->op = 9;
	CHECK_EQ(prog_call(NR_pleat_spawn, argv + 128), -EINVAL);
	CHECK_EQ(prog_call(NR_wait4, UINT32_MAX, 0, 0, 0), -ECHILD);
	return 0;
}

PROC_TEST(spawn_that_fails_leaves_no_child)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(spawns_badly, 0)), 0);
	host_stop();
}

/* ---- failing ---- */

static int execs_what_is_written(uint32_t unused)
{
	uaddr_t argv = prog_exec_words(exits, 0);

	(void)unused;
	return -prog_call(NR_execve, argv + 64, argv, 0);
}

PROC_TEST(exec_of_a_file_open_for_writing_is_etxtbsy)
{
	int fd;

	host_start();
	fd = sys_openat(AT_FDCWD, u_str(PROG_FILE), O_WRONLY, 0);
	CHECK(fd >= 0);
	CHECK_EQ(host_wait(host_fork(execs_what_is_written, 0)), WSTATUS_EXIT(ETXTBSY));
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(host_wait(host_fork(execs, 3)), WSTATUS_EXIT(3));
	host_stop();
}

PROC_DET_TEST(fork_fails_with_eagain_when_the_host_has_no_worker, 300)
{
	int pid;

	host_start();
	host_fail_spawns(1);
	CHECK_EQ(host_fork(exits, 0), -EAGAIN);
	CHECK_EQ(sys_wait4(-1, 0, 0, 0), -ECHILD);
	pid = host_fork(exits, 2);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(2));
	host_stop();
}

static int execs_when_told(uint32_t arg)
{
	atomic_store(&seen[0], 1u);
	host_await(&seen[1], 1);
	prog_exec(exits, arg);
	return 99;
}

/* exec has let go of the old program by then: the process can only end. */
PROC_DET_TEST(exec_ends_the_process_when_the_host_has_no_worker, 300)
{
	int pid;

	host_start();
	seen[0] = seen[1] = 0;
	pid = host_fork(execs_when_told, 1);
	host_await(&seen[0], 1);
	host_fail_spawns(1);
	atomic_store(&seen[1], 1u);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

static int sleeps(uint32_t unused)
{
	(void)unused;
	*(uint64_t *)prog_u(PROG_DATA) = 0;
	return prog_call(NR_rt_sigsuspend, PROG_DATA, 8);
}

PROC_DET_TEST(fork_fails_with_eagain_when_the_engine_has_no_memory_and_recovers, 300)
{
	int pid[8], n = 0;

	host_start();
	host_limit_memories(5);
	while (n < 8 && (pid[n] = host_fork(sleeps, 0)) > 0)
		n++;
	CHECK_EQ(pid[n], -EAGAIN);
	CHECK(n >= 3 && n <= 5);
	CHECK_EQ(host_fork(sleeps, 0), -EAGAIN);
	CHECK_EQ(sys_kill(pid[0], SIGKILL), 0);
	CHECK_EQ(host_wait(pid[0]), SIGKILL);
	pid[0] = host_fork(exits, 1);
	CHECK(pid[0] > 0);
	CHECK_EQ(host_wait(pid[0]), WSTATUS_EXIT(1));
	CHECK_EQ(sys_kill(-1, SIGKILL), 0);
	for (int i = 1; i < n; i++)
		CHECK_EQ(host_wait(pid[i]), SIGKILL);
	host_limit_memories(40);
	host_stop();
}

/* ---- fork ---- */

static int checks_memory(uint32_t at)
{
	CHECK_EQ(*(uint32_t *)prog_u(PROG_DATA + 0x40), 0x1234);
	CHECK_EQ(*(uint32_t *)prog_u(at), 0x5678);
	CHECK_EQ(*(uint32_t *)prog_u(at + 4096), 0);
	*(uint32_t *)prog_u(at) = 1;
	return 6;
}

static int forks_with_maps(uint32_t unused)
{
	int at = prog_call(NR_mmap2, 0, 8192, 3, 0x22, UINT32_MAX, 0), pid;

	(void)unused;
	CHECK(at > 0);
	*(uint32_t *)prog_u((uaddr_t)at) = 0x5678;
	*(uint32_t *)prog_u(PROG_DATA + 0x40) = 0x1234;
	pid = prog_fork(checks_memory, (uint32_t)at);
	CHECK(pid > 0);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA, 0, 0), pid);
	CHECK_EQ(*(uint32_t *)prog_u(PROG_DATA), WSTATUS_EXIT(6));
	CHECK_EQ(*(uint32_t *)prog_u((uaddr_t)at), 0x5678);
	return 0;
}

static int execs_forker(uint32_t unused)
{
	(void)unused;
	prog_exec(forks_with_maps, 0);
	return 99;
}

PROC_DET_TEST(fork_copies_data_heap_and_maps, 300)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(execs_forker, 0)), 0);
	host_stop();
}

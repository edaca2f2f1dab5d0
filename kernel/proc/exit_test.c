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

/* The child is a zombie before the parent waits, or after; SIGCHLD tells of it. */
static uint32_t nchld; /* [a] */

static void count_chld(int signo)
{
	(void)signo;
	atomic_add(&nchld, 1u);
}

static int waits_with_handler(uint32_t unused)
{
	int pid;

	(void)unused;
	/* Without SA_RESTART: even so the wait ends by the child, not by the signal that tells of
	 * it. */
	CHECK_EQ(prog_handle(SIGCHLD, count_chld, 0), 0);
	pid = prog_fork(exits, 3);
	CHECK_EQ(prog_call(NR_wait4, (uint32_t)pid, PROG_DATA, 0, 0), pid);
	CHECK_EQ(*(uint32_t *)prog_u(PROG_DATA), WSTATUS_EXIT(3));
	CHECK_EQ(atomic_load(&nchld), 1);
	return 0;
}

PROC_DET_TEST(wait4_ends_by_the_child_when_sigchld_has_a_handler, 1000)
{
	host_start();
	nchld = 0;
	CHECK_EQ(host_wait(host_fork(waits_with_handler, 0)), 0);
	host_stop();
}

static int ignores_children(uint32_t flags)
{
	if (flags)
		CHECK_EQ(prog_handle(SIGCHLD, count_chld, flags), 0);
	else
		CHECK_EQ(prog_handle(SIGCHLD, (void (*)(int))(uintptr_t)SIG_IGN_K, 0), 0);
	CHECK(prog_fork(exits, 1) > 0);
	CHECK(prog_fork(exits, 2) > 0);
	/* Sleeps until the last one is gone. */
	while (prog_call(NR_wait4, UINT32_MAX, 0, 0, 0) == -EINTR)
		;
	CHECK_EQ(prog_call(NR_wait4, UINT32_MAX, 0, 0, 0), -ECHILD);
	return 0;
}

PROC_DET_TEST(wait4_with_sigchld_ignored_is_echild_when_the_last_child_is_gone, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(ignores_children, ktest_seed() & 1 ? SA_NOCLDWAIT : 0)), 0);
	host_stop();
}

static uint32_t go; /* [a] */

static int exits_later(uint32_t status)
{
	host_await(&go, 1);
	return (int)status;
}

static int leaves_child(uint32_t status)
{
	CHECK(prog_fork(status == 8 ? exits_later : exits, status) > 0);
	return 1;
}

/* Alive or a zombie already: PID 1 reaps it. */
PROC_DET_TEST(exit_leaves_children_to_pid_1, 1000)
{
	uint32_t status = 8 + ktest_seed() % 2;
	int pid, child;
	uaddr_t at;

	host_start();
	go = 0;
	at = u_alloc(4);
	pid = host_fork(leaves_child, status);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(1));
	atomic_store(&go, 1u);
	child = sys_wait4(-1, at, 0, 0);
	CHECK(child > 0 && child != pid);
	CHECK_EQ(*U_PTR(uint32_t, at), WSTATUS_EXIT(status));
	host_stop();
}

PROC_DET_TEST(exit_leaves_zombies_to_a_pid_1_that_ignores_sigchld_for_nobody, 300)
{
	int pid;

	host_start();
	go = 1;
	proc_self()->actions[SIGCHLD].handler = SIG_IGN_K;
	pid = host_fork(leaves_child, 9);
	CHECK(pid > 0);
	CHECK_EQ(sys_wait4(-1, 0, 0, 0), -ECHILD);
	CHECK_EQ(proc_count(NULL), 1);
	proc_self()->actions[SIGCHLD].handler = SIG_DFL_K;
	host_stop();
}

/* ---- options ---- */

struct info {
	int32_t signo, errnum, code, pid, uid, status;
};

PROC_TEST(waitid_follows_its_options)
{
	uaddr_t at;
	struct info *i;
	int pid;

	host_start();
	at = u_alloc(128);
	i = u_ptr(at, 128);
	CHECK_EQ(sys_waitid(P_ALL, 0, at, 0, 0), -EINVAL);
	CHECK_EQ(sys_waitid(P_ALL, 0, at, WNOHANG, 0), -EINVAL);
	CHECK_EQ(sys_waitid(P_ALL, 0, at, WEXITED | 0x40, 0), -EINVAL);
	CHECK_EQ(sys_waitid(9, 0, at, WEXITED, 0), -EINVAL);
	CHECK_EQ(sys_waitid(P_PID, 0, at, WEXITED, 0), -EINVAL);
	CHECK_EQ(sys_waitid(P_PGID, -4, at, WEXITED, 0), -EINVAL);
	CHECK_EQ(sys_waitid(P_PID, 1, at, WEXITED, 0), -ECHILD);
	CHECK_EQ(sys_waitid(P_ALL, 0, at, WEXITED, 0), -ECHILD);
	go = 0;
	pid = host_fork(exits_later, 5);
	i->pid = 77;
	CHECK_EQ(sys_waitid(P_PGID, 0, at, WEXITED | WNOHANG, 0), 0);
	CHECK_EQ(i->pid, 0);
	CHECK_EQ(i->signo, 0);
	atomic_store(&go, 1u);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WEXITED | WNOWAIT, 0), 0);
	CHECK_EQ(i->pid, pid);
	CHECK_EQ(i->signo, SIGCHLD);
	CHECK_EQ(i->code, CLD_EXITED);
	CHECK_EQ(i->status, 5);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WSTOPPED | WNOHANG, 0), 0);
	CHECK_EQ(i->pid, 0);
	CHECK_EQ(sys_waitid(P_PID, pid, 0, WEXITED, 0), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WEXITED, 0), -ECHILD);
	pid = host_fork(exits_later, 300);
	CHECK_EQ(sys_waitid(P_PGID, 1, at, WEXITED, 0), 0);
	CHECK_EQ(i->status, 300 & 0xff);
	host_stop();
}

static int sleeps(uint32_t unused)
{
	(void)unused;
	*(uint64_t *)prog_u(PROG_DATA) = 0;
	return prog_call(NR_rt_sigsuspend, PROG_DATA, 8);
}

PROC_TEST(waitid_tells_of_stops_and_kills)
{
	uaddr_t at;
	struct info *i;
	int pid;

	host_start();
	at = u_alloc(128);
	i = u_ptr(at, 128);
	pid = host_fork(sleeps, 0);
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WSTOPPED | WNOWAIT, 0), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WSTOPPED, 0), 0);
	CHECK_EQ(i->code, CLD_STOPPED);
	CHECK_EQ(i->status, SIGSTOP);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WSTOPPED | WNOHANG, 0), 0);
	CHECK_EQ(i->pid, 0); /* told once */
	CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WCONTINUED, 0), 0);
	CHECK_EQ(i->code, CLD_CONTINUED);
	CHECK_EQ(i->status, SIGCONT);
	CHECK_EQ(sys_kill(pid, SIGQUIT), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WEXITED, 0), 0);
	CHECK_EQ(i->code, CLD_DUMPED);
	CHECK_EQ(i->status, SIGQUIT);
	host_stop();
}

/* ---- ids that change while others look ---- */

static int changes_ids(uint32_t unused)
{
	(void)unused;
	for (int i = 0; i < 6; i++)
		CHECK_EQ(prog_call(NR_setresuid, UINT32_MAX, UINT32_MAX, (uint32_t)i), 0);
	return 0;
}

/* A process's credentials are replaced while others read them: getpriority(PRIO_USER), wait. */
PROC_DET_TEST(cred_of_another_process_is_read_safely, 1000)
{
	uaddr_t at;
	int pid;

	host_start();
	at = u_alloc(128);
	pid = host_fork(changes_ids, 0);
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(sys_getpriority(2, 0), 20);
		CHECK_EQ(sys_setpriority(2, 0, 0), 0);
		ktest_yield();
	}
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	CHECK_EQ(sys_waitid(P_PID, pid, at, WSTOPPED | WEXITED | WNOWAIT, 0), 0);
	CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	while (sys_waitid(P_PID, pid, at, WSTOPPED | WEXITED, 0) == 0 &&
		U_PTR(struct info, at)->code != CLD_EXITED)
		;
	host_stop();
}

static int leaves_zombie(uint32_t unused)
{
	struct info *i = prog_u(PROG_DATA);
	int pid;

	(void)unused;
	CHECK_EQ(prog_handle(SIGCHLD, (void (*)(int))(uintptr_t)SIG_DFL_K, 0), 0);
	pid = prog_fork(exits, 9);
	CHECK_EQ(prog_call(NR_waitid, P_PID, (uint32_t)pid, PROG_DATA, WEXITED | WNOWAIT, 0), 0);
	CHECK_EQ(i->pid, pid);
	return 1;
}

/* As on Linux: a PID 1 that ignores SIGCHLD is handed none. */
PROC_TEST(exit_hands_zombies_to_pid_1_or_reaps_them_for_it)
{
	uint32_t status;
	int pid, child;
	uaddr_t at;

	host_start();
	at = u_alloc(128);
	pid = host_fork(leaves_zombie, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(1));
	child = sys_wait4(-1, at, 0, 0);
	CHECK(child > pid);
	status = *U_PTR(uint32_t, at);
	CHECK_EQ(status, WSTATUS_EXIT(9));

	proc_self()->actions[SIGCHLD].handler = SIG_IGN_K;
	pid = host_fork(leaves_zombie, 0);
	CHECK_EQ(sys_wait4(-1, 0, 0, 0), -ECHILD); /* both are gone */
	proc_self()->actions[SIGCHLD].handler = SIG_DFL_K;
	CHECK_EQ(proc_count(NULL), 1);
	host_stop();
}

/*
 * Tests of threads of programs: their life, and everything that ends it beside everything else:
 * exit, exit_group, kill, exec, fork, clone.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

#define TIDS (PROG_DATA + 0x100) /* words that are cleared when threads end */
#define SHARED (PROG_DATA + 0x200)

static uint32_t *shared(void)
{
	return prog_u(SHARED);
}

static int adds(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		__atomic_fetch_add(shared(), 1u, __ATOMIC_SEQ_CST);
	return 0;
}
static int spins(uint32_t polls)
{
	prog_spin(polls);
}
static int sleeps(uint32_t unused)
{
	(void)unused;
	for (;;)
		prog_call(NR_futex_time64, SHARED + 8, 0, 0, 0, 0, 0);
}
static int calls(uint32_t unused)
{
	(void)unused;
	for (;;)
		prog_call(NR_getppid);
}
static int nothing(uint32_t unused)
{
	return (int)unused;
}
static void yields(uint32_t n)
{
	for (; n > 0; n--)
		ktest_yield();
}

static int creates_two(uint32_t unused)
{
	uint32_t *tids = prog_u(TIDS);

	(void)unused;
	for (uint32_t i = 0; i < 2; i++) {
		tids[i] = 99;
		CHECK(prog_thread(adds, 3, TIDS + i * 4) > 0);
	}
	for (uint32_t i = 0; i < 2; i++)
		prog_await(TIDS + i * 4, 0);
	return *shared() == 6 ? 5 : 1;
}

PROC_DET_TEST(thread_end_clears_its_word_and_wakes_who_waits_for_it, 1000)
{
	int pid;

	host_start();
	pid = host_fork(creates_two, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(5));
	host_stop();
}

static int creates_without_workers(uint32_t unused)
{
	(void)unused;
	host_fail_spawns(2);
	CHECK_EQ(prog_thread(adds, 1, 0), -EAGAIN);
	CHECK_EQ(prog_thread(adds, 1, 0), -EAGAIN);
	((uint32_t *)prog_u(TIDS))[0] = 99;
	CHECK(prog_thread(adds, 1, TIDS) > 0);
	prog_await(TIDS, 0);
	return (int)*shared();
}

PROC_DET_TEST(clone_without_a_worker_is_eagain_and_leaves_nothing, 200)
{
	int pid;

	host_start();
	pid = host_fork(creates_without_workers, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(1));
	host_stop();
}

PROC_TEST(clone_refuses_what_is_no_thread)
{
	struct pleat_clone c = {.flags = 0xd0f00u, .stack = U_ARENA + 0x1008};

	CHECK_EQ(sys_clone(u_bytes(&c, sizeof(c))), -EINVAL); /* stack */
	c.stack = 16;
	CHECK_EQ(sys_clone(u_bytes(&c, sizeof(c))), -EFAULT);
	c.stack = U_ARENA + 0x1000;
	c.flags = 17; /* a process */
	CHECK_EQ(sys_clone(u_bytes(&c, sizeof(c))), -EINVAL);
	c.flags = 0xd0f00u | 0x80000000u;
	CHECK_EQ(sys_clone(u_bytes(&c, sizeof(c))), -EINVAL);
	c.flags = 0xd0f00u | 0x100000u;
	c.ptid = 8;
	CHECK_EQ(sys_clone(u_bytes(&c, sizeof(c))), -EFAULT);
	CHECK_EQ(sys_clone(8), -EFAULT);
}

/* One of each kind, and one that makes more. */
static int creates_all(uint32_t unused)
{
	(void)unused;
	(void)prog_thread(nothing, 0, 0);
	(void)prog_thread(sleeps, 0, 0);
	return 0;
}
static void crowd(void)
{
	(void)prog_thread(spins, 0, 0);
	(void)prog_thread(sleeps, 0, 0);
	(void)prog_thread(calls, 0, 0);
	(void)prog_thread(creates_all, 0, 0);
}
static int lives_in_a_crowd(uint32_t unused)
{
	(void)unused;
	crowd();
	return sleeps(0);
}

PROC_DET_TEST(kill_ends_all_threads_and_those_being_made, 1000)
{
	int pid;

	host_start();
	pid = host_fork(lives_in_a_crowd, 0);
	yields(ktest_seed() % 150);
	CHECK_EQ(sys_kill(pid, ktest_seed() & 1 ? SIGKILL : SIGTERM), 0);
	CHECK_EQ(host_wait(pid), ktest_seed() & 1 ? SIGKILL : SIGTERM);
	host_stop();
}

static int exits(uint32_t status)
{
	prog_exit((int)status);
}
static int exits_in_a_crowd(uint32_t unused)
{
	(void)unused;
	(void)prog_thread(exits, 9, 0);
	crowd();
	(void)prog_thread(exits, 9, 0);
	return 9;
}

PROC_DET_TEST(exit_group_by_several_threads_ends_the_process_once, 1000)
{
	int pid;

	host_start();
	pid = host_fork(exits_in_a_crowd, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(9));
	host_stop();
}

static int leaves_last(uint32_t status)
{
	return (int)status;
}
static int leaves_first(uint32_t unused)
{
	(void)unused;
	CHECK(prog_thread(leaves_last, 4, 0) > 0);
	prog_call(NR_exit, 4);
	return 1;
}

PROC_DET_TEST(thread_that_ends_last_ends_the_process, 1000)
{
	int pid;

	host_start();
	pid = host_fork(leaves_first, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(4));
	host_stop();
}

static int replaced(uint32_t status)
{
	CHECK_EQ(prog_call(NR_gettid), prog_call(NR_getpid));
	CHECK_EQ(proc_self()->nthreads, 1);
	return (int)status;
}
static int execs(uint32_t status)
{
	prog_exec(replaced, status);
	return 1;
}
static int execs_from_a_thread(uint32_t n)
{
	(void)prog_thread(execs, 6, 0);
	if (n > 1)
		(void)prog_thread(execs, 6, 0);
	(void)prog_thread(spins, 0, 0);
	(void)prog_thread(sleeps, 0, 0);
	return n > 2 ? execs(6) : sleeps(0);
}

PROC_DET_TEST(exec_of_a_thread_ends_the_others_and_keeps_the_pid, 1000)
{
	int pid;

	host_start();
	pid = host_fork(execs_from_a_thread, 1);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(6));
	host_stop();
}

/* The name and arguments of the program lie at one place, so all ask for the same. */
PROC_DET_TEST(exec_of_several_threads_at_once_happens_once, 1000)
{
	int pid;

	host_start();
	pid = host_fork(execs_from_a_thread, 3);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(6));
	host_stop();
}

PROC_DET_TEST(exec_of_a_thread_beside_a_kill_ends_or_is_killed, 1000)
{
	uint32_t status;
	int pid;

	host_start();
	pid = host_fork(execs_from_a_thread, 2);
	yields(ktest_seed() % 200);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	status = host_wait(pid);
	CHECK(status == SIGKILL || status == WSTATUS_EXIT(6));
	host_stop();
}

static int exits_beside_exec(uint32_t unused)
{
	(void)unused;
	(void)prog_thread(execs, 6, 0);
	(void)prog_thread(calls, 0, 0);
	yields(ktest_seed() % 40);
	return 6;
}

PROC_DET_TEST(exec_of_a_thread_beside_exit_group_leaves_one_of_them, 1000)
{
	int pid;

	host_start();
	pid = host_fork(exits_beside_exec, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(6));
	host_stop();
}

static int child_of_thread(uint32_t unused)
{
	(void)unused;
	CHECK_EQ(proc_self()->nthreads, 1);
	CHECK_EQ(prog_call(NR_gettid), prog_call(NR_getpid));
	((uint32_t *)prog_u(TIDS))[1] = 99;
	CHECK(prog_thread(adds, 2, TIDS + 4) > 0);
	prog_await(TIDS + 4, 0);
	return 3;
}
static int forks(uint32_t unused)
{
	int pid = prog_fork(child_of_thread, 0);

	(void)unused;
	if (pid > 0)
		prog_call(NR_wait4, (uint32_t)pid, SHARED + 16, 0, 0);
	return 0;
}
static int forks_from_a_thread(uint32_t unused)
{
	(void)unused;
	(void)prog_thread(spins, 1, 0);
	((uint32_t *)prog_u(TIDS))[0] = 99;
	CHECK(prog_thread(forks, 0, TIDS) > 0);
	prog_await(TIDS, 0);
	return (int)(((uint32_t *)prog_u(SHARED + 16))[0] >> 8);
}

PROC_DET_TEST(fork_of_a_thread_has_that_thread_alone, 1000)
{
	int pid;

	host_start();
	pid = host_fork(forks_from_a_thread, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(3));
	host_stop();
}

PROC_DET_TEST(fork_of_a_thread_beside_a_kill_leaves_nothing, 1000)
{
	int pid, other;

	host_start();
	pid = host_fork(forks_from_a_thread, 0);
	yields(ktest_seed() % 250);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	(void)host_wait(pid);
	while ((other = sys_wait4(-1, 0, 0, 0)) > 0)
		;
	CHECK_EQ(other, -ECHILD);
	host_stop();
}

static int traps(uint32_t unused)
{
	(void)unused;
	prog_trap(SIGSEGV);
}
static int traps_in_a_crowd(uint32_t unused)
{
	(void)unused;
	crowd();
	(void)prog_thread(traps, 0, 0);
	return sleeps(0);
}

PROC_DET_TEST(trap_of_a_thread_ends_the_process, 1000)
{
	int pid;

	host_start();
	pid = host_fork(traps_in_a_crowd, 0);
	CHECK_EQ(host_wait(pid), SIGSEGV | 0x80);
	host_stop();
}

/* ---- signals: one poll word for all ---- */

static void count(int signo)
{
	(void)signo;
	__atomic_fetch_add(
		shared() + 1 + (thread_self()->tid == proc_self()->pid), 1u, __ATOMIC_SEQ_CST);
	prog_call(NR_futex_time64, SHARED + 4, 1, 9, 0, 0, 0);
}
static int polls_for_ever(uint32_t unused)
{
	(void)unused;
	__atomic_fetch_add(shared(), 1u, __ATOMIC_SEQ_CST);
	prog_call(NR_futex_time64, SHARED, 1, 9, 0, 0, 0);
	prog_spin(true);
}
/* Three compute, each is sent its own signal: who looks first must not take the others' away. */
static int signals_each(uint32_t unused)
{
	int tid[3];

	(void)unused;
	prog_handle(SIGUSR1, count, 0);
	for (int i = 0; i < 3; i++) {
		tid[i] = prog_thread(polls_for_ever, 0, 0);
		CHECK(tid[i] > 0);
	}
	prog_await(SHARED, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(prog_call(NR_tgkill, (uint32_t)prog_call(NR_getpid), (uint32_t)tid[i],
				 SIGUSR1),
			0);
	prog_await(SHARED + 4, 3);
	CHECK_EQ(shared()[2], 0);
	CHECK_EQ(prog_call(NR_tgkill, (uint32_t)prog_call(NR_getpid),
			 (uint32_t)prog_call(NR_getpid), SIGUSR1),
		0);
	CHECK_EQ(shared()[2], 1); /* its own before the call returned */
	return 7;
}

PROC_DET_TEST(signal_reaches_each_computing_thread, 1000)
{
	int pid;

	host_start();
	pid = host_fork(signals_each, 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(7));
	host_stop();
}

static int computes_until_told(uint32_t unused)
{
	(void)unused;
	prog_handle(SIGUSR1, count, 0);
	CHECK(prog_thread(polls_for_ever, 0, 0) > 0);
	CHECK(prog_thread(polls_for_ever, 0, 0) > 0);
	prog_await(SHARED, 2);
	while (__atomic_load_n(shared() + 1, __ATOMIC_SEQ_CST) < 2) {
		ktest_yield();
		prog_poll();
	}
	return 8;
}

/* From outside, by way of the host: two signals, for two threads of a program that computes. */
PROC_DET_TEST(signal_from_another_process_reaches_each_computing_thread, 1000)
{
	struct proc *p;
	struct thread *t;
	uint32_t tids[4], n;
	int pid;

	host_start();
	pid = host_fork(computes_until_told, 0);
	p = proc_find((uint32_t)pid);
	CHECK(p);
	do {
		ktest_yield();
		n = 0;
		lock_acquire(&proc_tree_lock);
		LIST_FOR_EACH(t, &p->threads, link) {
			if (t->tid != p->pid && n < 4 && atomic_load(&t->state) == THREAD_USER)
				tids[n++] = t->tid;
		}
		lock_release(&proc_tree_lock);
	} while (n < 2);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_EQ(sys_tgkill(pid, (int)tids[i], SIGUSR1), 0);
	proc_put(p);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(8));
	host_stop();
}

static int stops_in_a_crowd(uint32_t unused)
{
	(void)unused;
	(void)prog_thread(spins, 1, 0);
	(void)prog_thread(calls, 0, 0);
	(void)prog_thread(sleeps, 0, 0);
	return sleeps(0);
}

PROC_DET_TEST(stop_and_continue_of_threads_beside_a_kill, 1000)
{
	int pid;

	host_start();
	pid = host_fork(stops_in_a_crowd, 0);
	yields(ktest_seed() % 60);
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	yields(ktest_seed() % 40);
	if (ktest_seed() & 1)
		CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	yields(ktest_seed() % 20);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

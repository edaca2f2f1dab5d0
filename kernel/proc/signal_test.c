/*
 * Tests of signal.c and signal_calls.c: what is delivered, when, in which order, and how a call
 * that was interrupted goes on.
 */
#include "tests/ktest_host.h"
#include "proc/internal.h"
#include "lib/str.h"

static uint32_t handled[8], nhandled; /* [a] signals in the order their handlers ran */
static uint32_t ready;		      /* [a] */

static void note(int signo)
{
	handled[atomic_add(&nhandled, 1u) % 8] = (uint32_t)signo;
}

static void start(void)
{
	host_start();
	nhandled = ready = 0;
	memset(handled, 0, sizeof(handled));
}

static uint64_t *set_at(uaddr_t a, uint64_t set)
{
	uint64_t *p = prog_u(a);

	*p = set;
	return p;
}

static int mask(uint32_t how, uint64_t set)
{
	set_at(PROG_DATA + 0x200, set);
	return prog_call(NR_rt_sigprocmask, how, PROG_DATA + 0x200, PROG_DATA + 0x210, 8);
}

/* Stopped and continued at once: the process must run in the end. */
static int exits_when_told(uint32_t unused)
{
	(void)unused;
	while (!atomic_load(&ready)) {
		prog_poll();
		prog_call(NR_getppid);
		ktest_yield();
	}
	return 3;
}

PROC_DET_TEST(signal_stop_then_continue_leaves_the_process_running, 1000)
{
	int pid;

	start();
	pid = host_fork(exits_when_told, 0);
	for (uint32_t n = ktest_seed() % 16; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	for (uint32_t n = ktest_seed() / 16 % 8; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	atomic_store(&ready, 1u);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(3));
	host_stop();
}

PROC_DET_TEST(signal_stop_and_continue_are_each_told_to_the_parent, 1000)
{
	uaddr_t status;
	int pid;

	start();
	status = u_alloc(4);
	pid = host_fork(exits_when_told, 0);
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	CHECK_EQ(sys_wait4(pid, status, WUNTRACED, 0), pid);
	CHECK_EQ(*U_PTR(uint32_t, status), SIGSTOP << 8 | 0x7f);
	CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	CHECK_EQ(sys_wait4(pid, status, WCONTINUED, 0), pid);
	CHECK_EQ(*U_PTR(uint32_t, status), 0xffff);
	atomic_store(&ready, 1u);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(3));
	host_stop();
}

PROC_DET_TEST(signal_kill_ends_a_stopped_process, 1000)
{
	int pid;

	start();
	pid = host_fork(exits_when_told, 0);
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0);
	CHECK_EQ(sys_wait4(pid, 0, WUNTRACED, 0), pid);
	CHECK_EQ(sys_kill(pid, SIGTERM), 0); /* waits for SIGCONT */
	CHECK_EQ(sys_wait4(pid, 0, WNOHANG, 0), 0);
	CHECK_EQ(sys_kill(pid, SIGKILL), 0);
	CHECK_EQ(host_wait(pid), SIGKILL);
	host_stop();
}

/* ---- masks ---- */

static int poll_with_mask(uint32_t unused)
{
	struct {
		int64_t sec, nsec;
	} *none = prog_u(PROG_DATA);

	(void)unused;
	CHECK_EQ(prog_handle(SIGUSR1, note, 0), 0);
	none->sec = none->nsec = 0;
	set_at(PROG_DATA + 0x20, SIGBIT(SIGUSR1)); /* blocked for the call alone */
	atomic_store(&ready, 1u);
	CHECK_EQ(prog_call(NR_ppoll_time64, 0, 0, PROG_DATA, PROG_DATA + 0x20, 8), 0);
	/* No call any more: what came meanwhile was due when the call returned. */
	while (!atomic_load(&nhandled)) {
		ktest_yield();
		prog_poll();
	}
	return 5;
}

PROC_DET_TEST(signal_blocked_by_ppoll_alone_is_handled_when_it_returns, 1000)
{
	int pid;

	start();
	pid = host_fork(poll_with_mask, 0);
	host_await(&ready, 1);
	for (uint32_t n = ktest_seed() % 16; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGUSR1), 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(5));
	CHECK_EQ(handled[0], SIGUSR1);
	host_stop();
}

static int suspends(uint32_t unused)
{
	(void)unused;
	CHECK_EQ(prog_handle(SIGUSR1, note, 0), 0);
	CHECK_EQ(prog_handle(SIGUSR2, note, SA_RESTART), 0);
	CHECK_EQ(mask(SIG_BLOCK, SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2)), 0);
	atomic_store(&ready, 1u);
	set_at(PROG_DATA, SIGBIT(SIGUSR2));
	CHECK_EQ(prog_call(NR_rt_sigsuspend, PROG_DATA, 8), -EINTR);
	CHECK_EQ(atomic_load(&nhandled), 1);
	CHECK_EQ(handled[0], SIGUSR1);
	CHECK_EQ(mask(SIG_BLOCK, 0), 0);
	CHECK_EQ(*(uint64_t *)prog_u(PROG_DATA + 0x210), SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	CHECK_EQ(mask(SIG_SETMASK, 0), 0);
	CHECK_EQ(atomic_load(&nhandled), 2);
	return 0;
}

PROC_DET_TEST(signal_sigsuspend_takes_what_it_lets_in_and_puts_the_mask_back, 1000)
{
	int pid;

	start();
	pid = host_fork(suspends, 0);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, SIGUSR2), 0);
	CHECK_EQ(sys_kill(pid, SIGCHLD), 0); /* ignored: ends nothing */
	CHECK_EQ(sys_kill(pid, SIGUSR1), 0);
	CHECK_EQ(host_wait(pid), 0);
	host_stop();
}

/* ---- order and queues ---- */

static int takes_all(uint32_t unused)
{
	const int signals[] = {SIGUSR1, SIGTERM, 34, 40};

	(void)unused;
	for (int i = 0; i < 4; i++)
		CHECK_EQ(prog_handle(signals[i], note, SA_RESTART), 0);
	CHECK_EQ(mask(SIG_BLOCK, ~0ull), 0);
	atomic_store(&ready, 1u);
	host_await(&ready, 2);
	CHECK_EQ(mask(SIG_SETMASK, 0), 0);
	CHECK_EQ(atomic_load(&nhandled), 5);
	return 0;
}

/* Each next one interrupts the handler before. */
PROC_TEST(signal_order_is_by_number_and_only_real_time_ones_queue)
{
	const uint32_t want[] = {40, 34, 34, SIGTERM, SIGUSR1};
	const int sent[] = {40, 34, SIGTERM, SIGUSR1, SIGTERM, 34, SIGUSR1};
	int pid;

	start();
	pid = host_fork(takes_all, 0);
	host_await(&ready, 1);
	for (int i = 0; i < 7; i++)
		CHECK_EQ(sys_kill(pid, (uint32_t)sent[i]), 0);
	atomic_store(&ready, 2u);
	CHECK_EQ(host_wait(pid), 0);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(handled[i], want[i]);
	host_stop();
}

static int waits_blocked(uint32_t unused)
{
	(void)unused;
	CHECK_EQ(mask(SIG_BLOCK, SIGBIT(40) | SIGBIT(41)), 0);
	atomic_store(&ready, 1u);
	host_await(&ready, 2);
	return 0;
}

PROC_TEST(signal_queue_of_real_time_signals_is_bounded)
{
	struct abi_siginfo info = {.code = SI_QUEUE};
	uaddr_t queued = u_bytes(&info, sizeof(info));
	int pid, n = 0;

	start();
	proc_self()->limits[RLIMIT_SIGPENDING].cur = 100;
	pid = host_fork(waits_blocked, 0);
	proc_self()->limits[RLIMIT_SIGPENDING].cur = RLIM_INFINITY_K;
	host_await(&ready, 1);
	while (sys_rt_sigqueueinfo(pid, 40, queued) == 0)
		n++;
	CHECK_EQ(n, 100);
	CHECK_EQ(sys_rt_sigqueueinfo(pid, 41, queued), -EAGAIN);
	CHECK_EQ(sys_kill(pid, 41), 0);		 /* without its information, as on Linux */
	CHECK_EQ(sys_kill(pid, SIGUSR1 + 0), 0); /* kills it: a standard one always fits */
	CHECK_EQ(host_wait(pid), SIGUSR1);
	host_stop();
}

/* ---- sigtimedwait ---- */

static int timed_wait(uint32_t unused)
{
	int r;

	(void)unused;
	CHECK_EQ(mask(SIG_BLOCK, SIGBIT(SIGUSR1) | SIGBIT(SIGCHLD)), 0);
	atomic_store(&ready, 1u);
	set_at(PROG_DATA, SIGBIT(SIGUSR1) | SIGBIT(SIGCHLD));
	r = prog_call(NR_rt_sigtimedwait_time64, PROG_DATA, PROG_DATA + 0x40, 0, 8);
	CHECK_EQ(((int32_t *)prog_u(PROG_DATA + 0x40))[0], r);
	CHECK_EQ(((int32_t *)prog_u(PROG_DATA + 0x40))[3], 1);
	return r;
}

PROC_DET_TEST(signal_sigtimedwait_takes_also_what_is_ignored_by_default, 1000)
{
	uint32_t signo = ktest_seed() & 1 ? SIGUSR1 : SIGCHLD;
	int pid;

	start();
	pid = host_fork(timed_wait, 0);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, signo), 0);
	CHECK_EQ(host_wait(pid), WSTATUS_EXIT(signo));
	host_stop();
}

static int timed_wait_ends(uint32_t interrupted)
{
	int64_t *ts = prog_u(PROG_DATA + 0x80);

	CHECK_EQ(mask(SIG_BLOCK, SIGBIT(SIGUSR1)), 0);
	set_at(PROG_DATA, SIGBIT(SIGUSR1));
	ts[0] = 0;
	ts[1] = 1000000;
	if (!interrupted) {
		CHECK_EQ(prog_call(NR_rt_sigtimedwait_time64, PROG_DATA, 0, PROG_DATA + 0x80, 8),
			-EAGAIN);
		return 0;
	}
	CHECK_EQ(prog_handle(SIGALRM, note, SA_RESTART), 0);
	atomic_store(&ready, 1u);
	CHECK_EQ(prog_call(NR_rt_sigtimedwait_time64, PROG_DATA, 0, 0, 8), -EINTR);
	CHECK_EQ(handled[0], SIGALRM);
	return 0;
}

PROC_DET_TEST(signal_sigtimedwait_times_out, 300)
{
	start();
	CHECK_EQ(host_wait(host_fork(timed_wait_ends, 0)), 0);
	host_stop();
}

PROC_DET_TEST(signal_sigtimedwait_is_interrupted_by_another_signal, 1000)
{
	int pid;

	start();
	pid = host_fork(timed_wait_ends, 1);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, SIGALRM), 0);
	CHECK_EQ(host_wait(pid), 0);
	host_stop();
}

/* ---- handlers ---- */

static void note_mask(int signo)
{
	note(signo);
	CHECK_EQ(mask(SIG_BLOCK, 0), 0);
	handled[atomic_add(&nhandled, 1u) % 8] = *(uint32_t *)prog_u(PROG_DATA + 0x210);
}

static int handler_flags(uint32_t unused)
{
	uint32_t self = (uint32_t)prog_call(NR_getpid);

	(void)unused;
	CHECK_EQ(prog_handle(SIGUSR1, note_mask, 0), 0);
	CHECK_EQ(prog_call(NR_kill, self, SIGUSR1), 0);
	CHECK_EQ(handled[1], SIGBIT(SIGUSR1));
	CHECK_EQ(prog_handle(SIGUSR1, note_mask, SA_NODEFER), 0);
	CHECK_EQ(prog_call(NR_kill, self, SIGUSR1), 0);
	CHECK_EQ(handled[3], 0);
	CHECK_EQ(prog_handle(SIGUSR1, note, SA_RESETHAND), 0);
	CHECK_EQ(prog_call(NR_kill, self, SIGUSR1), 0);
	CHECK_EQ(atomic_load(&nhandled), 5);
	prog_call(NR_kill, self, SIGUSR1);
	return 1;
}

PROC_TEST(signal_handlers_block_themselves_unless_told_otherwise)
{
	int pid;

	start();
	pid = host_fork(handler_flags, 0);
	CHECK_EQ(host_wait(pid), SIGUSR1);
	CHECK_EQ(nhandled, 5);
	host_stop();
}

static uint32_t tops[4];

static void on_stack(int signo)
{
	uint32_t self = (uint32_t)prog_call(NR_getpid), i = atomic_add(&nhandled, 1u);
	struct abi_stack *old = prog_u(PROG_DATA + 0x300);

	tops[i] = prog_frame()->altstack_top;
	CHECK_EQ(prog_call(NR_sigaltstack, 0, PROG_DATA + 0x300), 0);
	CHECK_EQ(old->flags, SS_ONSTACK);
	CHECK_EQ(prog_call(NR_sigaltstack, PROG_DATA + 0x320, 0), -EPERM);
	if (signo == SIGUSR1)
		CHECK_EQ(prog_call(NR_kill, self, SIGUSR2), 0);
}

static int altstack(uint32_t unused)
{
	struct abi_stack *s = prog_u(PROG_DATA + 0x320);

	(void)unused;
	*s = (struct abi_stack){.sp = PROG_DATA + 0x4000, .size = 100};
	CHECK_EQ(prog_call(NR_sigaltstack, PROG_DATA + 0x320, 0), -ENOMEM);
	s->size = 4096;
	CHECK_EQ(prog_call(NR_sigaltstack, PROG_DATA + 0x320, 0), 0);
	CHECK_EQ(prog_handle(SIGUSR1, on_stack, SA_ONSTACK), 0);
	CHECK_EQ(prog_handle(SIGUSR2, on_stack, SA_ONSTACK), 0);
	CHECK_EQ(prog_call(NR_kill, (uint32_t)prog_call(NR_getpid), SIGUSR1), 0);
	CHECK_EQ(atomic_load(&nhandled), 2);
	CHECK_EQ(tops[0], PROG_DATA + 0x5000);
	CHECK_EQ(tops[1], 0); /* it is on that stack already */
	CHECK_EQ(prog_call(NR_sigaltstack, PROG_DATA + 0x320, 0), 0);
	return 0;
}

PROC_TEST(signal_alternate_stack_is_entered_once)
{
	int pid;

	start();
	pid = host_fork(altstack, 0);
	CHECK_EQ(host_wait(pid), 0);
	host_stop();
}

/* ---- the poll word ---- */

static int polls(uint32_t calls)
{
	CHECK_EQ(prog_handle(SIGUSR1, note, SA_RESTART), 0);
	CHECK_EQ(prog_handle(SIGUSR2, note, SA_RESTART), 0);
	atomic_store(&ready, 1u);
	for (uint32_t i = 0; atomic_load(&nhandled) < 2; i++) {
		if (i % 4 < calls)
			prog_call(NR_getppid);
		prog_poll();
		ktest_yield();
	}
	return 0;
}

/* No handler is lost, whatever the thread does when the signal comes. */
PROC_DET_TEST(signal_poll_word_loses_no_handler, 1000)
{
	int pid;

	start();
	pid = host_fork(polls, ktest_seed() % 4);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, SIGUSR1), 0);
	for (uint32_t n = ktest_seed() % 16; n > 0; n--)
		ktest_yield();
	CHECK_EQ(sys_kill(pid, SIGUSR2), 0);
	CHECK_EQ(host_wait(pid), 0);
	host_stop();
}

/* ---- restarts ---- */

static int sleeps_on(uint32_t unused)
{
	int64_t *ts = prog_u(PROG_DATA);
	int32_t *fd = prog_u(PROG_DATA + 0x100);

	(void)unused;
	CHECK_EQ(prog_handle(SIGUSR1, note, 0), 0);
	CHECK_EQ(prog_handle(SIGUSR2, note, SA_RESTART), 0);
	CHECK_EQ(prog_call(NR_pipe2, PROG_DATA + 0x100, 0), 0);
	atomic_store(&ready, 1u);
	CHECK_EQ(prog_call(NR_read, (uint32_t)fd[0], PROG_DATA + 0x40, 1), -EINTR);
	ts[0] = 1000;
	ts[1] = 0;
	atomic_store(&ready, 3u);
	/* POSIX: nanosleep ends by a handler even with SA_RESTART. */
	CHECK_EQ(prog_call(NR_clock_nanosleep_time64, 1, 0, PROG_DATA, PROG_DATA + 0x20), -EINTR);
	CHECK(((int64_t *)prog_u(PROG_DATA + 0x20))[0] <= 1000);
	return 0;
}

PROC_DET_TEST(signal_restarts_what_its_handler_lets_go_on, 300)
{
	int pid;

	start();
	pid = host_fork(sleeps_on, 0);
	host_await(&ready, 1);
	CHECK_EQ(sys_kill(pid, SIGCHLD), 0);
	CHECK_EQ(sys_kill(pid, SIGUSR2), 0); /* the read goes on */
	host_await(&nhandled, 1);
	host_settle();
	CHECK_EQ(atomic_load(&ready), 1);
	CHECK_EQ(sys_kill(pid, SIGUSR1), 0);
	host_await(&ready, 3);
	host_settle();
	CHECK_EQ(sys_kill(pid, SIGSTOP), 0); /* a stop alone does not end the sleep */
	CHECK_EQ(sys_wait4(pid, 0, WUNTRACED, 0), pid);
	CHECK_EQ(sys_kill(pid, SIGCONT), 0);
	host_settle();
	CHECK_EQ(sys_kill(pid, SIGUSR2), 0);
	CHECK_EQ(host_wait(pid), 0);
	host_stop();
}

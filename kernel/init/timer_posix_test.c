/*
 * Tests of timer_posix.c and itimer.c: expirations beside settings, deletions, exits and execs;
 * overruns; timers on running time.
 */
#include "tests/ktest_host.h"
#include "init/init.h"
#include "proc/internal.h"
#include "lib/str.h"

enum {
	NR_timer_create = 107,
	NR_timer_getoverrun = 109,
	NR_timer_delete = 111,
	NR_timer_gettime64 = 408,
	NR_timer_settime64 = 409,
};
#define EVENT (PROG_DATA + 0x100)
#define ID (PROG_DATA + 0x140)
#define SPEC (PROG_DATA + 0x180)
#define OLD (PROG_DATA + 0x1c0)
#define SET (PROG_DATA + 0x200)
#define INFO (PROG_DATA + 0x240)

static uint32_t fired; /* [a] */

static void count(int signo)
{
	(void)signo;
	atomic_add(&fired, 1u);
}

static uint32_t make(uint32_t clock, uint32_t notify, int signo)
{
	int32_t *e = prog_u(EVENT);

	e[0] = 77;
	e[1] = signo;
	e[2] = (int32_t)notify;
	e[3] = prog_call(NR_gettid);
	CHECK_EQ(prog_call(NR_timer_create, clock, EVENT, ID), 0);
	return *(uint32_t *)prog_u(ID);
}

static void set(uint32_t id, int32_t value_ns, int32_t interval_ns)
{
	struct abi_timespec *s = prog_u(SPEC);

	memset(s, 0, 2 * sizeof(*s));
	s[0].nsec = interval_ns;
	s[1].nsec = value_ns;
	CHECK_EQ(prog_call(NR_timer_settime64, id, 0, SPEC, OLD), 0);
}

static void sleep_until_fired(uint32_t n)
{
	int64_t *ts = prog_u(PROG_DATA);

	while (atomic_load(&fired) < n) {
		ts[0] = 10;
		ts[1] = 0;
		prog_call(NR_clock_nanosleep_time64, 1, 0, PROG_DATA, 0);
	}
}

static int sets_and_deletes(uint32_t variant)
{
	uint32_t a, b;

	CHECK_EQ(prog_handle(SIGUSR1, count, 0), 0);
	a = make(CLOCK_MONOTONIC, 0, SIGUSR1);
	b = make(CLOCK_REALTIME, 4, SIGUSR1); /* to the thread */
	CHECK_NE(a, b);
	set(a, 1000, 0);
	sleep_until_fired(1);
	set(b, 1, 1000 + (int32_t)variant);
	sleep_until_fired(3);
	CHECK_EQ(prog_call(NR_timer_delete, b), 0);
	CHECK_EQ(prog_call(NR_timer_delete, b), -EINVAL);
	for (int i = 0; i < 4; i++)
		set(a, 1 + (int32_t)variant * 10, i & 1 ? 100 : 0);
	return 0; /* armed */
}

PROC_DET_TEST(timer_goes_off_until_it_is_deleted_or_its_process_ends, 1000)
{
	host_start();
	fired = 0;
	CHECK_EQ(host_wait(host_fork(sets_and_deletes, ktest_seed() % 32)), 0);
	host_stop();
}

static int overruns(uint32_t unused)
{
	struct abi_siginfo *info = prog_u(INFO);
	struct abi_timespec *left = prog_u(OLD);
	int64_t *ts = prog_u(PROG_DATA);
	uint32_t id;

	(void)unused;
	*(uint64_t *)prog_u(SET) = SIGBIT(SIGUSR1);
	CHECK_EQ(prog_call(NR_rt_sigprocmask, SIG_BLOCK, SET, 0, 8), 0);
	id = make(CLOCK_MONOTONIC, 0, SIGUSR1);
	set(id, 1000000, 1000000);
	ts[0] = 0;
	ts[1] = 10500000;
	CHECK_EQ(prog_call(NR_clock_nanosleep_time64, 1, 0, PROG_DATA, 0), 0);
	CHECK_EQ(prog_call(NR_rt_sigtimedwait_time64, SET, INFO, 0, 8), SIGUSR1);
	CHECK_EQ(info->code, SI_TIMER);
	CHECK_EQ(info->u.timer.value, 77);
#ifdef KTEST_DET_BUILD
	CHECK(info->u.timer.overrun >= 8);
#else /* where time passes by itself the event thread may come late, and counts when it comes */
	CHECK(info->u.timer.overrun >= 0);
#endif
	CHECK_EQ(prog_call(NR_timer_getoverrun, id), info->u.timer.overrun);
	set(id, 0, 5);
	CHECK_EQ(left[0].nsec, 1000000);
	CHECK_EQ(prog_call(NR_timer_gettime64, id, OLD), 0);
	CHECK_EQ(left[0].nsec | left[1].nsec, 0);
	return 0;
}

PROC_DET_TEST(timer_counts_what_a_blocked_signal_missed, 300)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(overruns, 0)), 0);
	host_stop();
}

static int looks(uint32_t unused)
{
	(void)unused;
	CHECK_EQ(prog_call(NR_timer_gettime64, 0, OLD), -EINVAL);
	return 3;
}

static int execs(uint32_t variant)
{
	CHECK_EQ(prog_handle(SIGUSR1, count, 0), 0);
	*(uint64_t *)prog_u(SET) = SIGBIT(SIGUSR1);
	CHECK_EQ(prog_call(NR_rt_sigprocmask, SIG_BLOCK, SET, 0, 8), 0);
	set(make(CLOCK_MONOTONIC, 4, SIGUSR1), 1 + (int32_t)variant * 100, 100);
	return prog_exec(looks, 0);
}

PROC_DET_TEST(timer_goes_off_beside_exec, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(execs, ktest_seed() % 32)), WSTATUS_EXIT(3));
	host_stop();
}

static int killed(uint32_t unused)
{
	(void)unused;
	set(make(CLOCK_MONOTONIC, 0, 40), 1, 1000);
	*(uint64_t *)prog_u(SET) = 0;
	return prog_call(NR_rt_sigsuspend, SET, 8);
}

/* Its own signal ends it, and with it its timers. */
PROC_DET_TEST(timer_ends_its_process, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(killed, 0)), 40);
	host_stop();
}

TEST(period_counts_from_the_clock_however_late)
{
	struct period p = {.next_ns = 100, .interval_ns = 10, .armed = true};

	CHECK_EQ(period_advance(&p, 99), 0);
	CHECK_EQ(period_left(&p, 99), 1);
	CHECK_EQ(period_advance(&p, 100), 1);
	CHECK_EQ(period_left(&p, 100), 10);
	CHECK_EQ(period_advance(&p, 145), 4);
	CHECK_EQ(period_left(&p, 145), 5);
	p = (struct period){.next_ns = -50, .armed = true};
	CHECK_EQ(period_left(&p, 5), 1);
	CHECK_EQ(period_advance(&p, 5), 1);
	CHECK(!p.armed);
	CHECK_EQ(period_advance(&p, 500), 0);
	CHECK_EQ(period_left(&p, 500), 0);
}

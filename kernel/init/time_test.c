/*
 * Tests of time.c, itimer.c and sysinfo.c: interval timers, sleeps, limits and names.
 */
#include "tests/ktest_host.h"
#include "init/init.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "proc/internal.h"

struct itimer {
	int32_t interval_sec, interval_usec, value_sec, value_usec;
};

static uaddr_t timer_at(int32_t isec, int32_t iusec, int32_t sec, int32_t usec)
{
	struct itimer v = {isec, iusec, sec, usec};

	return u_bytes(&v, sizeof(v));
}

PROC_TEST(itimer_values_are_checked_and_given_back)
{
	uaddr_t old = u_alloc(16);
	struct itimer *v = u_ptr(old, 16);

	CHECK_EQ(sys_setitimer(3, timer_at(0, 0, 1, 0), 0), -EINVAL);
	CHECK_EQ(sys_setitimer(0, timer_at(0, 0, 1, 1000000), 0), -EINVAL);
	CHECK_EQ(sys_setitimer(0, timer_at(0, 0, -1, 0), 0), -EINVAL);
	CHECK_EQ(sys_setitimer(0, 16, 0), -EFAULT);
	CHECK_EQ(sys_setitimer(0, timer_at(5, 7, 100, 0), old), 0);
	CHECK_EQ(v->value_sec | v->value_usec | v->interval_sec | v->interval_usec, 0);
	CHECK_EQ(sys_getitimer(0, old), 0);
	CHECK(v->value_sec == 99 || (v->value_sec == 100 && v->value_usec == 0));
	CHECK_EQ(v->interval_sec, 5);
	CHECK_EQ(v->interval_usec, 7);
	CHECK_EQ(sys_setitimer(0, timer_at(5, 7, 0, 0), old), 0);
	CHECK_EQ(v->interval_sec, 5);
	CHECK_EQ(sys_getitimer(0, old), 0);
	CHECK_EQ(v->value_sec | v->value_usec | v->interval_sec | v->interval_usec, 0);
	itimers_exit(proc_self());
}

/* A timer that the test lets go off by driving the event thread's rounds. */
struct counted {
	struct timer timer;
	uint32_t fired;
};

static void count_fire(struct timer *t)
{
	CONTAINER_OF(t, struct counted, timer)->fired++;
}

TEST(timer_fires_in_order_once_or_at_each_interval)
{
	struct counted a = {.timer = {.fire = count_fire}};
	struct counted b = {.timer = {.fire = count_fire, .interval_ns = 10}};

	timer_set(&b.timer, 200);
	timer_set(&a.timer, 100);
	CHECK_EQ(timers_run(99), 100);
	CHECK_EQ(a.fired + b.fired, 0);
	CHECK_EQ(timers_run(100), 200);
	CHECK_EQ(a.fired, 1);
	CHECK_EQ(timers_run(200), 210);
	CHECK_EQ(b.fired, 1);
	CHECK_EQ(timers_run(255), 260); /* missed ones count once */
	CHECK_EQ(b.fired, 2);
	timer_set(&a.timer, 258);
	timer_set(&a.timer, 300); /* moved, not added */
	CHECK_EQ(timers_run(259), 260);
	CHECK_EQ(a.fired, 1);
	timer_cancel(&b.timer);
	timer_cancel(&a.timer);
	timer_cancel(&a.timer);
	CHECK_EQ(timers_run(1000), WAIT_FOREVER);
	CHECK_EQ(a.fired, 1);
	CHECK_EQ(b.fired, 2);
}

static void runs_timers(void *arg)
{
	for (uint64_t i = 0; i < 20; i++) {
		timers_run(i * 100);
		ktest_yield();
	}
	(void)arg;
}

/* After timer_cancel() the timer may be freed: its function neither runs nor will. */
DET_TEST(timer_cancel_waits_for_the_function_that_runs, 1000)
{
	struct thread *t = ktest_thread(runs_timers, NULL);

	for (int i = 0; i < 10; i++) {
		struct counted c = {.timer = {.fire = count_fire, .interval_ns = i & 1 ? 30 : 0}};
		uint32_t n;

		timer_set(&c.timer, (uint64_t)i * 150);
		ktest_yield();
		timer_cancel(&c.timer);
		n = c.fired;
		ktest_yield();
		CHECK_EQ(c.fired, n);
	}
	ktest_join(t);
}

static uint32_t nalarms; /* [a] */

static void alarmed(int signo)
{
	CHECK_EQ(signo, SIGALRM);
	atomic_add(&nalarms, 1u);
}

static int waits_for_alarms(uint32_t unused)
{
	struct itimer *v = prog_u(PROG_DATA);

	(void)unused;
	CHECK_EQ(prog_handle(SIGALRM, alarmed, 0), 0);
	*v = (struct itimer){0, 1000, 0, 1000};
	CHECK_EQ(prog_call(NR_setitimer, 0, PROG_DATA, 0), 0);
	while (atomic_load(&nalarms) < 3) {
		int64_t *ts = prog_u(PROG_DATA + 0x80);

		/* A sleep, so that nothing is lost between the look and the wait. */
		ts[0] = 10;
		ts[1] = 0;
		CHECK_EQ(prog_call(NR_clock_nanosleep_time64, 1, 0, PROG_DATA + 0x80, 0), -EINTR);
	}
	return 0; /* with the timer armed: exit races with its going off */
}

PROC_DET_TEST(itimer_goes_off_until_its_process_exits, 1000)
{
	host_start();
	nalarms = 0;
	CHECK_EQ(host_wait(host_fork(waits_for_alarms, 0)), 0);
	host_stop();
}

static int dies_of_alarm(uint32_t unused)
{
	struct itimer *v = prog_u(PROG_DATA);

	(void)unused;
	*v = (struct itimer){0, 0, 0, 10};
	CHECK_EQ(prog_call(NR_setitimer, 0, PROG_DATA, 0), 0);
	*(uint64_t *)prog_u(PROG_DATA) = 0;
	return prog_call(NR_rt_sigsuspend, PROG_DATA, 8);
}

PROC_DET_TEST(itimer_without_a_handler_ends_the_process, 1000)
{
	host_start();
	CHECK_EQ(host_wait(host_fork(dies_of_alarm, 0)), SIGALRM);
	host_stop();
}

PROC_TEST(nanosleep_checks_its_arguments)
{
	int64_t ts[2] = {0, 1000000000};
	uaddr_t at = u_bytes(ts, 16);

	CHECK_EQ(sys_clock_nanosleep_time64(1, 0, at, 0), -EINVAL);
	CHECK_EQ(sys_clock_nanosleep_time64(99, 0, at, 0), -EINVAL);
	CHECK_EQ(sys_clock_nanosleep_time64(3, 0, at, 0), -EINVAL);
	CHECK_EQ(sys_clock_nanosleep_time64(1, 0, 8, 0), -EFAULT);
	ts[0] = -1;
	ts[1] = 0;
	CHECK_EQ(sys_clock_nanosleep_time64(1, 0, u_bytes(ts, 16), 0), -EINVAL);
	ts[0] = 0;
	CHECK_EQ(sys_clock_nanosleep_time64(1, 0, u_bytes(ts, 16), 0), 0);
	CHECK_EQ(sys_clock_nanosleep_time64(1, 1, u_bytes(ts, 16), 0), 0); /* long past */
}

PROC_TEST(clock_of_each_kind_can_be_read)
{
	const struct {
		uint32_t clock;
		int want;
	} table[] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {11, 0},
		{8, 0}, {10, -EINVAL}, {12, -EINVAL}, {1000, -EINVAL}};
	uaddr_t at = u_alloc(16);

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CHECK_EQ(sys_clock_gettime64(table[i].clock, at), table[i].want);
		CHECK_EQ(sys_clock_getres_time64(table[i].clock, 0), table[i].want);
	}
	CHECK_EQ(sys_clock_gettime64(0, 0), -EFAULT);
}

/* ---- limits ---- */

static int set_limit(int32_t pid, uint32_t which, uint64_t cur, uint64_t max)
{
	uint64_t v[2] = {cur, max};

	return sys_prlimit64(pid, which, u_bytes(v, 16), 0);
}

PROC_TEST(prlimit_lets_only_root_raise_the_hard_limit)
{
	struct rlimit_k saved = proc_self()->limits[RLIMIT_FSIZE];
	uaddr_t old = u_alloc(16);

	CHECK_EQ(set_limit(0, 16, 1, 1), -EINVAL);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 2, 1), -EINVAL);
	CHECK_EQ(set_limit(999, RLIMIT_FSIZE, 1, 1), -ESRCH);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 100, 200), 0);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 100, 300), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 100, 400), -EPERM);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 250, 250), 0);
	CHECK_EQ(set_limit(0, RLIMIT_FSIZE, 250, 300), -EPERM);
	CHECK_EQ(sys_prlimit64(1, RLIMIT_FSIZE, 0, old), 0);
	CHECK_EQ(U_PTR(uint64_t, old)[0], 250);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_FSIZE, 0, 8), -EFAULT);
	CHECK_EQ(sys_prlimit64(0, RLIMIT_FSIZE, 8, 0), -EFAULT);
	ktest_become(0, 0);
	proc_self()->limits[RLIMIT_FSIZE] = saved;
}

PROC_TEST(uname_shows_the_name_that_was_set)
{
	uaddr_t u = u_alloc(6 * 65);

	CHECK_EQ(sys_sethostname(u_str("box"), 65), -EINVAL);
	CHECK_EQ(sys_sethostname(8, 3), -EFAULT);
	CHECK_EQ(sys_sethostname(u_str("box"), 3), 0);
	CHECK_EQ(sys_uname(u), 0);
	CHECK_STR(u_ptr(u, 65), "Linux");
	CHECK_STR(u_ptr(u + 65, 65), "box");
	CHECK_STR(u_ptr(u + 4 * 65, 65), "wasm32");
	ktest_become(1, 1);
	CHECK_EQ(sys_sethostname(u_str("other"), 5), -EPERM);
	ktest_become(0, 0);
	CHECK_EQ(sys_sethostname(u_str("pleat"), 5), 0);
}

/*
 * clocks.c - signals between two processes, eventfd ping-pong, and how late a sleep of 1 ms ends:
 * the median and the 99th of a hundred, so that sleep_1ms_p50 is 1 ms and what comes on top.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLEEPS 100
#define WINDOWS 5

static int there, back;
static volatile sig_atomic_t answered;

static void count(int signo)
{
	(void)signo;
	answered++;
}

/* Child: each SIGUSR1 is answered by one. */
static void answer(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwait(&set, &signo) == 0)
		kill(getppid(), SIGUSR1);
}

/* There by sigwait, back by a handler in sigsuspend. */
static void signal_round(void *context, unsigned n)
{
	const pid_t *child = context;
	sigset_t open;

	sigemptyset(&open);
	for (unsigned i = 0; i < n; i++) {
		answered = 0;
		if (kill(*child, SIGUSR1) != 0)
			meter_fail("kill");
		while (!answered)
			sigsuspend(&open);
	}
}

static void echo(void)
{
	uint64_t v;

	while (read(there, &v, sizeof v) == sizeof v)
		if (write(back, &v, sizeof v) != sizeof v)
			meter_fail("write to an eventfd");
}

static void eventfd_round(void *context, unsigned n)
{
	uint64_t v = 1;

	(void)context;
	for (unsigned i = 0; i < n; i++)
		if (write(there, &v, sizeof v) != sizeof v || read(back, &v, sizeof v) != sizeof v)
			meter_fail("eventfd");
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sleeps(void)
{
	const struct timespec ms = {0, 1000000};
	double took[SLEEPS], p50[WINDOWS], p99[WINDOWS];

	for (int w = 0; w < WINDOWS; w++) {
		for (int i = 0; i < SLEEPS; i++) {
			uint64_t start = meter_now_ns();

			nanosleep(&ms, NULL);
			took[i] = (double)(meter_now_ns() - start);
		}
		qsort(took, SLEEPS, sizeof took[0], by_size);
		p50[w] = took[SLEEPS / 2];
		p99[w] = took[SLEEPS - 2];
	}
	meter_print("sleep_1ms_p50", p50, WINDOWS);
	meter_print("sleep_1ms_p99", p99, WINDOWS);
}

static pid_t start(void (*f)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		meter_fail("fork");
	if (pid == 0) {
		f();
		_exit(0);
	}
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct row kill_handler = {"kill_handler", 200, 100};
	const struct row pingpong = {"eventfd_pingpong", 1000, 500};
	struct sigaction act = {.sa_handler = count};
	sigset_t set;
	pid_t child;

	meter_begin(argc, argv);
	if (meter_wants("kill_handler")) {
		sigaction(SIGUSR1, &act, NULL);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		child = start(answer);
		meter_run(&kill_handler, signal_round, &child);
		stop(child);
	}
	if (meter_wants("eventfd_pingpong")) {
		there = eventfd(0, 0);
		back = eventfd(0, 0);
		child = start(echo);
		meter_run(&pingpong, eventfd_round, NULL);
		stop(child);
	}
	if (meter_wants("sleep_1ms_p50") || meter_wants("sleep_1ms_p99"))
		sleeps();
	return 0;
}

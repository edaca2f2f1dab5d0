/*
 * procs.c - processes that do not copy memory: vfork and exec, posix_spawn, a shell that forks.
 * argv[1] is the folder of the programs: nothing is the one that is run.
 */
#define _GNU_SOURCE
#include "meter.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL_FORKS_FEW 5
#define SHELL_FORKS_MANY 45
#define SHELL_WINDOWS 5

extern char **environ;

static char nothing[256];

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		meter_fail("the child");
}

static pid_t vfork_one(void)
{
	char *argv[] = {nothing, NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve(nothing, argv, environ);
		_exit(127);
	}
	return pid;
}

static void vfork_exec(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		pid_t pid = vfork_one();
		if (pid < 0)
			meter_fail("vfork");
		wait_for(pid);
	}
}

static pid_t spawn(char **argv)
{
	pid_t pid;
	int error = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);

	if (error != 0) {
		errno = error;
		meter_fail(argv[0]);
	}
	return pid;
}

static void spawn_wait(void *context, unsigned n)
{
	char *argv[] = {nothing, NULL};

	(void)context;
	for (unsigned i = 0; i < n; i++)
		wait_for(spawn(argv));
}

/* Time of a dash that makes so many subshells and waits for each. */
static double shell_ns(unsigned forks)
{
	static char script[] = "i=0; while [ $i -lt $N ]; do (:); i=$((i + 1)); done";
	char *argv[] = {"/bin/dash", "-c", script, NULL};
	char number[16];
	uint64_t start;

	snprintf(number, sizeof(number), "%u", forks);
	setenv("N", number, 1);
	start = meter_now_ns();
	wait_for(spawn(argv));
	return (double)(meter_now_ns() - start);
}

/* One fork is the slope between a run with few and a run with many: start and end cancel out. */
static void shell_forks(void)
{
	double ns[SHELL_WINDOWS];

	if (!meter_wants("dash_fork_wait"))
		return;
	shell_ns(SHELL_FORKS_MANY);
	for (unsigned i = 0; i < SHELL_WINDOWS; i++) {
		double few = shell_ns(SHELL_FORKS_FEW);
		ns[i] = (shell_ns(SHELL_FORKS_MANY) - few) / (SHELL_FORKS_MANY - SHELL_FORKS_FEW);
	}
	meter_print("dash_fork_wait", ns, SHELL_WINDOWS);
}

int main(int argc, char **argv)
{
	snprintf(nothing, sizeof(nothing), "%s/nothing", meter_begin(argc, argv));
	meter_run(&(struct row){"vfork_exec_wait", 30, 8}, vfork_exec, NULL);
	meter_run(&(struct row){"spawn_wait", 30, 8}, spawn_wait, NULL);
	shell_forks();
	return 0;
}

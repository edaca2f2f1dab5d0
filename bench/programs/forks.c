/*
 * forks.c - fork, _exit, wait of a small program. Alone in its file: what imports fork is
 * instrumented for it, and the other figures shall not carry that.
 */
#include "meter.h"

#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void fork_wait(void *context, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			meter_fail("fork");
	}
}

int main(int argc, char **argv)
{
	meter_begin(argc, argv);
	meter_run(&(struct row){"fork_wait", 30, 8}, fork_wait, NULL);
	return 0;
}

/*
 * hold.c - so many small processes that stay: for what a further process takes in memory.
 * hold N: spawns N of itself, prints "holding N" and ends them at the end of standard input.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Until the last writer of standard input is gone. */
static void stay(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		continue;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, ends[2], made = 0;
	char *child[] = {argv[0], NULL};
	posix_spawn_file_actions_t actions;

	if (count == 0) {
		stay();
		return 0;
	}
	if (pipe(ends) != 0)
		return 1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	for (; made < count; made++)
		if (posix_spawn(&(pid_t){0}, argv[0], &actions, NULL, child, environ) != 0)
			break;
	printf("holding %d\n", made);
	fflush(stdout);
	stay();
	close(ends[1]);
	while (wait(NULL) > 0)
		continue;
	return made != count;
}

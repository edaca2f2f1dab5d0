/* spawn.c - posix_spawn and posix_spawnp: actions in order, many of them, errors, PATH. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run(const char *name, int path, posix_spawn_file_actions_t *fa, char **env)
{
	char *argv[] = {"echo", "spawned", 0};
	pid_t pid = -1;
	int status, err;

	err = (path ? posix_spawnp : posix_spawn)(&pid, name, fa, 0, argv, env);
	if (err)
		return printf("%s: %s, pid %d\n", name, strerror(err), pid);
	return waitpid(pid, &status, 0) != pid || status;
}

int main(void)
{
	char *env[] = {"MARK=1", 0}, text[256] = "";
	posix_spawn_file_actions_t fa;
	int fds[2], fd;

	setvbuf(stdout, 0, _IONBF, 0);
	run("/bin/echo", 0, 0, environ);
	run("echo", 1, 0, env);
	run("echo", 0, 0, environ);
	run("nothing", 1, 0, environ);
	setenv("PATH", "/none::/usr/none:/bin", 1);
	run("echo", 1, 0, environ);
	pipe(fds);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 40, "/tmp/out", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&fa, 40, 41);
	posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
	posix_spawn_file_actions_addclose(&fa, fds[0]);
	run("/bin/echo", 0, &fa, environ);
	for (int i = 0; i < 30; i++)
		posix_spawn_file_actions_adddup2(&fa, 41, 50 + i);
	posix_spawn_file_actions_adddup2(&fa, 79, 1);
	run("/bin/echo", 0, &fa, environ);
	read(fds[0], text, sizeof text);
	printf("pipe: %s", text);
	fd = open("/tmp/out", O_RDONLY);
	memset(text, 0, sizeof text);
	read(fd, text, sizeof text);
	printf("file: %s", text);
	posix_spawn_file_actions_adddup2(&fa, 99, 1);
	run("/bin/echo", 0, &fa, environ);
	return 0;
}

/* vfork.c - vfork() as a macro: exec, failed exec, _exit, nesting, too deep, locals kept. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((noinline)) static int start(char *path, char *arg)
{
	char *argv[] = {path, arg, 0}, keep[64];
	int sum = 0;
	pid_t pid;

	memset(keep, *arg, sizeof keep);
	pid = vfork();
	if (!pid) {
		execve(path, argv, environ);
		_exit(errno == ENOENT ? 127 : 126);
	}
	for (int i = 0; i < 64; i++)
		sum += keep[i];
	printf("kept %d: ", sum == 64 * *arg);
	return status_of(pid);
}

__attribute__((noinline)) static int nested(int levels)
{
	pid_t pid = vfork();

	if (pid < 0)
		return errno == EAGAIN ? -1 : -2;
	if (!pid)
		_exit(levels ? nested(levels - 1) + 1 : 0);
	return status_of(pid);
}

int main(void)
{
	int fds[2];
	pid_t pid;

	for (int i = 0; i < 3; i++)
		printf("exit %d\n", start("/bin/exit", "7"));
	printf("exit %d\n", start("/bin/nothing", "7"));
	printf("nested %d\n", nested(8));
	pipe(fds);
	pid = vfork();
	if (!pid) {
		dup2(fds[1], 1);
		execlp("echo", "echo", "through", "a", "pipe", (char *)0);
		_exit(1);
	}
	if (status_of(pid) == 0) {
		char text[64] = "";

		read(fds[0], text, sizeof text - 1);
		printf("%s", text);
	}
	printf("pid %d\n", getpid() != pid);
	return 0;
}

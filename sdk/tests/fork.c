/* fork.c - fork() anywhere: deep, in a loop, through pointers, inside setjmp, from a handler. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int tl = 1;
static jmp_buf jb;
static int handler_errno;

static void on_prepare(void)
{
	write(1, "prepare\n", 8);
}

static void on_child(void)
{
	write(1, "atfork child\n", 13);
}

static void on_usr1(int sig)
{
	int saved = errno;

	if (fork() < 0)
		handler_errno = errno;
	errno = saved;
}

__attribute__((noinline)) static int deep(int n, int (*f)(int))
{
	char keep[50];
	int r;

	memset(keep, n, sizeof keep);
	r = n ? deep(n - 1, f) : f(5);
	for (int i = 0; i < 50; i++)
		if (keep[i] != n)
			return -100;
	return r + 1;
}

static int forks(int x)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -50;
	if (!pid)
		return x;
	waitpid(pid, &status, 0);
	return 1000 + WEXITSTATUS(status);
}

static int (*volatile through)(int) = forks; /* not for the optimizer to see through */

int main(void)
{
	int r, status;
	pid_t self = getpid(), pid;

	setvbuf(stdout, 0, _IONBF, 0);
	pthread_atfork(on_prepare, 0, on_child);
	r = deep(20, through);
	if (getpid() != self)
		_exit(r);
	printf("deep %d\n", r);
	for (int i = 0; i < 3; i++) {
		tl = i;
		pid = fork();
		if (!pid) {
			tl += 10;
			_exit(tl);
		}
		waitpid(pid, &status, 0);
		printf("child %d, parent %d\n", WEXITSTATUS(status), tl);
	}
	if (!setjmp(jb)) {
		pid = fork();
		if (!pid)
			longjmp(jb, 1);
		waitpid(pid, &status, 0);
		printf("longjmp in child: %d\n", WEXITSTATUS(status));
	} else {
		_exit(33);
	}
	signal(SIGUSR1, on_usr1);
	raise(SIGUSR1);
	printf("fork in a handler: %s\n", handler_errno ? strerror(handler_errno) : "went on");
	return 0;
}

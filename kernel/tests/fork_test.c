/* fork(2): what is copied, what is shared. */
#include "conformance.h"

static int global = 1;
static int depth;

static void nest(void)
{
	if (depth < 5) {
		int status;
		pid_t pid;

		depth++;
		pid = fork();
		if (pid == 0) {
			nest();
			_exit(depth);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		printf("depth %d: child %d\n", depth, WEXITSTATUS(status));
	}
}

static int fork_in_recursion(int n)
{
	volatile char pad[100];

	pad[n % 100] = (char)n;
	if (n > 0)
		return fork_in_recursion(n - 1) + pad[n % 100];
	pid_t pid = fork();
	if (pid == 0)
		return -100000;
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

int main(void)
{
	int local = 2, *heap = malloc(sizeof(int)), fd, p[2];
	pid_t pid, parent = getpid();
	char buf[20] = "";

	*heap = 3;
	enter_tmp();
	put_file("f", "0123456789");
	fd = open("f", O_RDONLY);
	CHECK(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		TRUTH(getppid() == parent);
		TRUTH(getpid() != parent);
		TRUTH(getpgrp() == getpgid(parent));
		printf("child sees %d %d %d\n", global, local, *heap);
		global = local = *heap = 100;
		CHECK(read(fd, buf, 4) == 4);
		CHECK(chdir("/") == 0);
		umask(077);
		CHECK(setenv("HERE", "child", 1) == 0);
		close(p[0]);
		CHECK(write(p[1], "from child", 10) == 10);
		_exit(7);
	}
	close(p[1]);
	SHOW(read(p[0], buf, 20)); /* the child has printed its lines */
	TRUTH(pid > 0 && pid != parent);
	SHOW(read(p[0], buf, 20));
	reap("child", pid);
	printf("parent sees %d %d %d\n", global, local, *heap);
	SHOW(lseek(fd, 0, SEEK_CUR));
	TRUTH(strncmp(getcwd(buf, sizeof(buf)) ? buf : "", "/tmp/c", 6) == 0 || errno == ERANGE);
	TRUTH(umask(022) == 022);
	TRUTH(getenv("HERE") == NULL);
	nest();

	int r = fork_in_recursion(50);
	if (r < 0)
		_exit(r == -100000 + 1275 ? 42 : 43);
	printf("recursion: %d\n", r - 1275);

	for (int i = 0; i < 50; i++) {
		int status;

		pid = fork();
		if (pid == 0)
			_exit(i);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i);
	}
	printf("50 forks\n");
	return 0;
}

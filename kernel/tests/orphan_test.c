/* A process whose parent ends gets another; the children of its group are hung up when orphaned. */
#include "conformance.h"

static int p[2];
static struct gate born, end, stopping;

static void grandchild(void)
{
	char answer[40];
	pid_t parent = getppid();

	gate_open(&born); /* the child may end now */
	gate_wait(&end);  /* it has ended and was waited for */
	int n = snprintf(
		answer, sizeof(answer), "%s", getppid() != parent ? "new parent" : "old parent");
	CHECK(write(p[1], answer, (size_t)n) == n);
}
static void child_ends(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		grandchild();
		_exit(0);
	}
	gate_wait(&born);
	_exit(8);
}
static void stopped_orphan(void)
{
	/* In a group of its own: stopped, its parent ends, so it is hung up and continued (POSIX
	 * exit()): the default action of SIGHUP ends it. */
	CHECK(setpgid(0, 0) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		gate_open(&stopping);
		raise(SIGSTOP);
		_exit(1); /* not reached: SIGHUP comes first */
	}
	int status;
	gate_wait(&stopping);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	_exit(9);
}

int main(void)
{
	char buf[40] = "";
	pid_t pid;

	CHECK(pipe(p) == 0);
	born = gate_new();
	end = gate_new();
	stopping = gate_new();
	pid = child(child_ends);
	reap("child", pid);
	gate_open(&end);
	close(p[1]);
	SHOW(read(p[0], buf, sizeof(buf)));
	printf("%s\n", buf);
	SHOW(read(p[0], buf, sizeof(buf))); /* the orphan is gone, too */
	SHOW(waitpid(-1, NULL, 0));

	CHECK(pipe(p) == 0);
	pid = child(stopped_orphan);
	reap("leader", pid);
	close(p[1]);
	SHOW(read(p[0], buf, sizeof(buf))); /* end of file: the stopped one has died */
	return 0;
}

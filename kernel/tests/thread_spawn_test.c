/* Threads that start processes at the same time: posix_spawn, vfork, system, popen, and who waits.
 */
#include "thread.h"
#include <spawn.h>

extern char **environ;
static char self[PATH_MAX];
static atomic_int sum;

static void *spawns(void *arg)
{
	char code[8], *argv[] = {self, code, NULL};
	long me = (long)arg;

	for (volatile int i = 0; i < 6; i++) {
		int status = 0;
		pid_t pid;

		snprintf(code, sizeof(code), "%ld", me * 10 + i);
		if (i % 2) {
			CHECK(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
		} else {
			pid = vfork();
			CHECK(pid >= 0);
			if (pid == 0) {
				execv(self, argv);
				_exit(99);
			}
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == me * 10 + i);
		atomic_fetch_add(&sum, WEXITSTATUS(status));
	}
	return NULL;
}
static void *shells(void *arg)
{
	char line[64], command[64];
	FILE *f;

	snprintf(command, sizeof(command), "exit %ld", (long)arg);
	CHECK(WEXITSTATUS(system(command)) == (int)(long)arg);
	snprintf(command, sizeof(command), "echo hello %ld", (long)arg);
	f = popen(command, "r");
	CHECK(f && fgets(line, sizeof(line), f));
	CHECK(atoi(line + 6) == (int)(long)arg);
	CHECK(pclose(f) == 0);
	return NULL;
}
static void *reaps(void *arg)
{
	int status;

	CHECK(waitpid((pid_t)(long)arg, &status, 0) == (pid_t)(long)arg);
	return (void *)(long)WEXITSTATUS(status);
}
static void *waits_for_any(void *arg)
{
	(void)arg;
	return (void *)(long)waitpid(-1, NULL, 0);
}

int main(int argc, char **argv)
{
	struct gate g;
	pthread_t t[4];
	pid_t pid;
	int status;

	if (argc == 2)
		return atoi(argv[1]);
	CHECK(realpath("/proc/self/exe", self));
	for (long i = 0; i < 4; i++)
		t[i] = start(spawns, i + 1);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	printf("statuses %d\n", (int)sum);
	for (long i = 0; i < 3; i++)
		t[i] = start(shells, i + 1);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	puts("shells done");

	g = gate_new();
	pid = fork();
	if (pid == 0) {
		gate_wait(&g);
		_exit(6);
	}
	t[0] = start(reaps, pid);
	gate_open(&g);
	printf("another thread reaped it: %ld\n", join(t[0]));
	pid = fork();
	if (pid == 0) {
		gate_wait(&g);
		_exit(6);
	}
	t[0] = start(waits_for_any, 0);
	t[1] = start(waits_for_any, 0);
	gate_open(&g);
	{
		long a = join(t[0]), b = join(t[1]);

		printf("one of two got it: %d %d\n", a == pid || b == pid, a == -1 || b == -1);
	}
	pid = fork();
	if (pid == 0)
		_exit(8);
	SHOW(waitpid(pid, &status, 0x80000000));	 /* __WCLONE: it is no such child */
	CHECK(waitpid(pid, &status, 0x40000000) == pid); /* __WALL */
	show_status("with __WALL", status);
	SHOW(waitpid(-1, &status, 0x20000000)); /* __WNOTHREAD */
	return 0;
}

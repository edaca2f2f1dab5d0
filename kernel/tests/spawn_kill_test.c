/* A child that is killed before it has execed: posix_spawn waits in a file action, vfork computes.
 */
#include "conformance.h"
#include <spawn.h>

extern char **environ;
static pid_t leader;
static struct gate stop;

static void idle(void)
{
	for (;;)
		pause();
}
/* Kills the group until told to end: who has joined it by then dies. */
static void killer(void)
{
	fcntl(stop.fd[0], F_SETFL, O_NONBLOCK);
	for (;;) {
		char c;

		kill(-leader, SIGKILL);
		if (read(stop.fd[0], &c, 1) == 1)
			return;
		usleep(2000);
	}
}

int main(void)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	char *argv[] = {"true", NULL};
	pid_t pid = 0, other;
	int r;

	enter_tmp();
	CHECK(mkfifo("fifo", 0600) == 0);
	stop = gate_new();
	leader = child(idle);
	CHECK(setpgid(leader, leader) == 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "fifo", O_RDONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, leader);
	other = child(killer);
	r = posix_spawn(&pid, "/bin/true", &fa, &attr, argv, environ);
	printf("posix_spawn: %s, %s\n", r ? errno_name(r) : "0", pid > 0 ? "a pid" : "no pid");
	gate_open(&stop);
	reap("child", pid);
	reap("killer", other);
	reap("leader", leader);

	for (int signo = 0; signo < 2; signo++) {
		pid = vfork();
		if (pid == 0) {
			raise(signo ? SIGTERM : SIGKILL);
			_exit(1);
		}
		reap("vfork child", pid);
	}
	printf("the parent goes on\n");
	return 0;
}

/* posix_spawn(3): file actions, attributes, errors. */
#include "conformance.h"
#include <spawn.h>

extern char **environ;
static char self[PATH_MAX];

static int spawned(int argc, char **argv)
{
	sigset_t m;
	struct sigaction a;
	char buf[40] = "";
	ssize_t n;

	if (strcmp(argv[1], "cat") == 0) {
		while ((n = read(0, buf, sizeof(buf))) > 0)
			CHECK(write(1, buf, (size_t)n) == n);
		return 2;
	}
	if (strcmp(argv[1], "fds") == 0) {
		for (int fd = 3; fd < 8; fd++)
			printf("%d %s\n", fd, fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
		return 3;
	}
	if (strcmp(argv[1], "attributes") == 0) {
		TRUTH(getpgrp() == getpid());
		sigprocmask(SIG_BLOCK, NULL, &m);
		TRUTH(sigismember(&m, SIGUSR1) == 1);
		sigaction(SIGUSR2, NULL, &a);
		TRUTH(a.sa_handler == SIG_DFL);
		sigaction(SIGTERM, NULL, &a);
		TRUTH(a.sa_handler == SIG_IGN);
		return 4;
	}
	printf("%s %s %s\n", argv[1], argc > 2 ? argv[2] : "-",
		getenv("SPAWNED") ? getenv("SPAWNED") : "-");
	return 5;
}
static pid_t spawn(const char *what, posix_spawn_file_actions_t *fa, posix_spawnattr_t *attr)
{
	char *args[] = {self, (char *)(uintptr_t)what, NULL};
	pid_t pid = -1;
	int err = posix_spawn(&pid, self, fa, attr, args, environ);

	if (err)
		printf("posix_spawn %s: %s\n", what, errno_name(err));
	return pid;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t m;
	pid_t pid;
	int p[2];

	if (argc > 1)
		return spawned(argc, argv);
	CHECK(realpath(argv[0], self));
	enter_tmp();
	reap("plain", spawn("plain", NULL, NULL));
	char *args[] = {self, (char *)"with", (char *)"args", NULL},
	     *env[] = {(char *)"SPAWNED=yes", NULL};
	CHECK(posix_spawn(&pid, self, NULL, NULL, args, env) == 0);
	reap("environment", pid);

	put_file("in", "from a file\n");
	CHECK(posix_spawn_file_actions_init(&fa) == 0);
	CHECK(posix_spawn_file_actions_addopen(&fa, 0, "in", O_RDONLY, 0) == 0);
	CHECK(posix_spawn_file_actions_addopen(&fa, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600) ==
		0);
	reap("cat", spawn("cat", &fa, NULL));
	posix_spawn_file_actions_destroy(&fa);
	printf("out: %s", get_file("out"));

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[1], 1);
	posix_spawn_file_actions_addopen(&fa, 0, "in", O_RDONLY, 0);
	pid = spawn("cat", &fa, NULL);
	posix_spawn_file_actions_destroy(&fa);
	close(p[1]);
	char buf[40] = "";
	SHOW(read(p[0], buf, sizeof(buf)));
	close(p[0]);
	reap("to a pipe", pid);

	for (int fd = 3; fd < 8; fd++)
		close(fd);
	CHECK(open("in", O_RDONLY) == 3 && open("in", O_RDONLY | O_CLOEXEC) == 4 && dup(3) == 5);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addclose(&fa, 5);
	posix_spawn_file_actions_adddup2(&fa, 4, 6);
	posix_spawn_file_actions_adddup2(&fa, 4, 4); /* keeps it open in the child */
	reap("fds", spawn("fds", &fa, NULL));
	posix_spawn_file_actions_destroy(&fa);
	TRUTH(fcntl(4, F_GETFD) == FD_CLOEXEC && fcntl(6, F_GETFD) < 0);

	signal(SIGUSR2, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	posix_spawnattr_setsigmask(&attr, &m);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	posix_spawnattr_setsigdefault(&attr, &m);
	reap("attributes", spawn("attributes", NULL, &attr));
	posix_spawnattr_destroy(&attr);

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "missing", O_RDONLY, 0);
	spawn("missing file", &fa, NULL);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, 77, 1);
	spawn("bad descriptor", &fa, NULL);
	posix_spawn_file_actions_destroy(&fa);
	printf("missing program: %s\n",
		errno_name(posix_spawn(&pid, "./none", NULL, NULL, args, env)));
	printf("not a program: %s\n", errno_name(posix_spawn(&pid, "./in", NULL, NULL, args, env)));
	setenv("PATH", "/bin", 1);
	printf("by name: %s\n",
		errno_name(posix_spawnp(&pid, "no-such-command-here", NULL, NULL, args, env)));
	SHOW(waitpid(-1, NULL, 0)); /* a spawn that failed leaves no child */
	for (int i = 0; i < 20; i++) {
		int status;

		CHECK(posix_spawn(&pid, self, NULL, NULL, (char *[]){self, (char *)"cat", NULL},
			      env) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 2);
	}
	printf("20 rounds\n");
	return 0;
}

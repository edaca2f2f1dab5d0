/* vfork(2): the child runs first, in the parent's memory, until it executes or ends. */
#include "conformance.h"

static char self[PATH_MAX];

int main(int argc, char **argv)
{
	int status, fd;
	volatile int seen = 0;
	pid_t pid;

	if (argc > 1) {
		printf("executed, fd 5 %s, parent %s\n", fcntl(5, F_GETFD) < 0 ? "closed" : "open",
			atoi(argv[1]) == getppid() ? "right" : "wrong");
		return 17;
	}
	CHECK(realpath(argv[0], self));
	enter_tmp();
	pid = vfork();
	if (pid == 0) {
		seen = 1; /* the parent sees it: same memory */
		_exit(3);
	}
	CHECK(pid > 0);
	printf("seen %d\n", seen);
	reap("ended", pid);

	char me[20];
	snprintf(me, sizeof(me), "%d", getpid());
	put_file("f", "");
	fd = open("f", O_RDONLY);
	CHECK(dup2(fd, 5) == 5);
	pid = vfork();
	if (pid == 0) {
		close(5); /* descriptors are the child's own */
		execl(self, self, me, (char *)NULL);
		_exit(1);
	}
	CHECK(pid > 0);
	reap("executed", pid);
	TRUTH(fcntl(5, F_GETFD) == 0);

	pid = vfork();
	if (pid == 0) {
		execl("./none", "none", (char *)NULL);
		_exit(errno == ENOENT ? 42 : 43); /* still the child after a failed exec */
	}
	CHECK(pid > 0);
	reap("failed exec", pid);

	for (volatile int i = 0; i < 20; i++) {
		pid = vfork();
		if (pid == 0)
			_exit(i);
		CHECK(pid > 0);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i);
	}
	printf("20 rounds\n");
	return 0;
}

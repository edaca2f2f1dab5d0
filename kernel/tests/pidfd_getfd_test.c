/* needs: root. pidfd_getfd: a descriptor of another process, shared as dup shares it. */
#include "conformance.h"
#include <sys/syscall.h>

static int getfd(int pidfd, int fd, unsigned flags)
{
	return (int)syscall(438, pidfd, fd, flags);
}
static int in[2], out[2];

static void holder(void)
{
	char c;

	dup2(in[1], 50);
	close(in[1]);
	CHECK(write(out[1], "r", 1) == 1);
	CHECK(read(out[0], &c, 0) == 0);
	for (;;)
		pause();
}

int main(void)
{
	char buf[8];
	int pidfd, fd;
	pid_t pid;

	CHECK(pipe(in) == 0 && pipe(out) == 0);
	pid = child(holder);
	close(in[1]);
	CHECK(read(out[0], buf, 1) == 1);
	pidfd = (int)syscall(434, pid, 0);
	SHOW(getfd(pidfd, 51, 0));
	SHOW(getfd(pidfd, -1, 0));
	SHOW(getfd(pidfd, 50, 1));
	SHOW(getfd(0, 50, 0));
	fd = getfd(pidfd, 50, 0);
	TRUTH(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	SHOW(write(fd, "hello", 5));
	memset(buf, 0, sizeof(buf));
	SHOW(read(in[0], buf, 8));
	printf("%s\n", buf);
	kill(pid, SIGKILL);
	reap("holder", pid);
	SHOW(getfd(pidfd, 50, 0));
	close(fd);
	SHOW(read(in[0], buf, 8)); /* the last writer is gone */
	return 0;
}

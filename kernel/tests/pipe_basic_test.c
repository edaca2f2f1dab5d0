/* Pipes: pipe2(2) flags, end of file, EPIPE, O_NONBLOCK, sizes. POSIX.1-2024 pipe(), read(),
 * write(). */
#include "conformance.h"
#include <sys/ioctl.h>

int main(void)
{
	int p[2], q[2], n;
	char buf[70000];

	SHOW(pipe2(p, 0x40000000));
	SHOW(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	TRUTH(fcntl(p[0], F_GETFD) == FD_CLOEXEC && fcntl(p[1], F_GETFD) == FD_CLOEXEC);
	TRUTH(fcntl(p[0], F_GETFL) == (O_RDONLY | O_NONBLOCK));
	TRUTH(fcntl(p[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
	SHOW(read(p[0], buf, 10));
	SHOW(write(p[1], "hello", 5));
	SHOW(ioctl(p[0], FIONREAD, &n));
	printf("readable %d\n", n);
	SHOW(read(p[0], buf, 3));
	SHOW(read(p[0], buf + 3, 100));
	printf("%.5s\n", buf);
	SHOW(write(p[0], "x", 1));
	SHOW(read(p[1], buf, 1));
	SHOW(lseek(p[0], 0, SEEK_CUR));
	SHOW(pread(p[0], buf, 1, 0));
	SHOW(write(p[1], buf, 0));
	SHOW(read(p[0], buf, 0));
	TRUTH(fcntl(p[1], F_GETPIPE_SZ) == 65536);

	memset(buf, 'a', sizeof(buf));
	SHOW(write(p[1], buf, 70000));
	SHOW(write(p[1], buf, 1));
	SHOW(read(p[0], buf, 4096));
	SHOW(write(p[1], buf, 4096));
	SHOW(write(p[1], buf, 100));
	SHOW(read(p[0], buf, 70000));
	SHOW(read(p[0], buf, 70000));

	/* The last writer goes: what is left, then end of file, again and again. */
	SHOW(pipe(q));
	SHOW(write(q[1], "tail", 4));
	SHOW(close(q[1]));
	SHOW(read(q[0], buf, 100));
	SHOW(read(q[0], buf, 100));
	SHOW(read(q[0], buf, 100));
	close(q[0]);

	signal(SIGPIPE, SIG_IGN);
	close(p[0]);
	SHOW(write(p[1], "x", 1));
	SHOW(write(p[1], "x", 0));
	close(p[1]);

	SHOW(pipe(bad_address));
	SHOW(pipe(p));
	SHOW(read(p[0], bad_address, 0));
	SHOW(write(p[1], bad_address, 5));
	SHOW(write(p[1], "12345", 5));
	SHOW(read(p[0], bad_address, 5));
	struct stat st;
	SHOW(fstat(p[0], &st));
	TRUTH(S_ISFIFO(st.st_mode));
	return 0;
}

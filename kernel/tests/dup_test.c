/* dup(2), fcntl(2): descriptors and what they share. */
#include "conformance.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit;
	int a, b, c;

	enter_tmp();
	put_file("f", "0123456789");
	a = open("f", O_RDWR);
	printf("a %d\n", a);
	b = dup(a);
	printf("b %d\n", b);
	char buf[4];
	SHOW(read(a, buf, 4));
	SHOW(lseek(b, 0, SEEK_CUR));
	SHOW(dup2(a, 20));
	SHOW(lseek(20, 0, SEEK_CUR));
	SHOW(dup2(a, a));
	SHOW(dup2(50, 20));
	SHOW(lseek(20, 0, SEEK_CUR)); /* a failed dup2 closes nothing */
	SHOW(dup2(a, -1));
	SHOW(dup3(a, a, 0));
	SHOW(dup3(a, 21, 0x1));
	SHOW(dup3(a, 21, O_CLOEXEC));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(20, F_GETFD));
	SHOW(fcntl(20, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(20, F_GETFD));
	SHOW(fcntl(a, F_GETFD)); /* the flag is the descriptor's, not the file's */
	SHOW(fcntl(a, F_DUPFD, 30));
	SHOW(fcntl(a, F_DUPFD_CLOEXEC, 30));
	SHOW(fcntl(31, F_GETFD));
	SHOW(fcntl(a, F_DUPFD, -1));
	SHOW(close(b));
	SHOW(dup(a) == b); /* the lowest free one */
	SHOW(dup(-1));
	SHOW(fcntl(99, F_GETFL));

	SHOW(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK | O_RDONLY));
	printf("flags %o\n", (unsigned)fcntl(b, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	c = open("f", O_RDONLY);
	printf("flags %o\n", (unsigned)fcntl(c, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	SHOW(fcntl(a, 12345));
	for (int fd = 3; fd < 40; fd++)
		close(fd);

	SHOW(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 10;
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	a = open("f", O_RDONLY);
	int n = 0;
	while (dup(a) >= 0)
		n++;
	printf("%d more, then %s\n", n, errno_name(errno));
	SHOW(open("f", O_RDONLY));
	SHOW(dup2(a, 10));
	SHOW(dup2(a, 9));
	SHOW(fcntl(a, F_DUPFD, 10));
	int p[2];
	SHOW(close(9));
	SHOW(pipe(p)); /* one is free, two are needed */
	SHOW(close(8));
	SHOW(pipe(p));
	printf("%d %d\n", p[0], p[1]);
	return 0;
}

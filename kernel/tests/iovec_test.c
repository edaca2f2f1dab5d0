/* readv(2), writev(2) and their positioned kin. */
#include "conformance.h"
#include <sys/uio.h>

int main(void)
{
	char a[4] = "", b[6] = "", c[10] = "";
	struct iovec out[3] = {{(char *)"one", 3}, {(char *)"", 0}, {(char *)"-two-three", 10}};
	struct iovec in[3] = {{a, 3}, {b, 5}, {c, 10}};
	struct iovec bad[2] = {{a, 2}, {bad_address, 5}};
	struct iovec many[1025];
	int fd, p[2];
	volatile int minus_one = -1;

	enter_tmp();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	SHOW(writev(fd, out, 3));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(readv(fd, in, 3));
	printf("<%.3s> <%.5s> <%.10s>\n", a, b, c);
	SHOW(preadv(fd, in, 2, 4));
	printf("<%.3s> <%.5s>\n", a, b);
	SHOW(pwritev(fd, out, 1, 20));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(readv(fd, in, 0));
	SHOW(readv(fd, in, minus_one));
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){a, 1};
	SHOW(readv(fd, many, 1025));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(readv(fd, many, 1024));
	in[1].iov_len = (size_t)-1;
	SHOW(readv(fd, in, 2));
	in[1].iov_len = 5;
	SHOW(writev(fd, bad_address, 2));
	CHECK(pipe(p) == 0);
	SHOW(writev(p[1], out, 3));
	SHOW(readv(p[0], in, 3));
	SHOW(writev(p[0], out, 3));
	SHOW(preadv(p[0], in, 3, 0));
	CHECK(write(p[1], "abcdef", 6) == 6);
	/* A bad second part is either not reached for or the call fails; never a wild write. */
	ssize_t n = readv(p[0], bad, 2);
	TRUTH(n == 2 || (n == -1 && errno == EFAULT));
	return 0;
}

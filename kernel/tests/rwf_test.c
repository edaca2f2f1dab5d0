/* preadv2(2), pwritev2(2), and calls that advise or store: all with their errors. */
#include "conformance.h"
#include <sys/uio.h>
#include <sys/syscall.h>

static ssize_t p2(int nr, int fd, const struct iovec *v, int n, int64_t off, int flags)
{
	if (nr == SYS_preadv2)
		return preadv2(fd, v, n, off, flags);
	return pwritev2(fd, v, n, off, flags);
}

int main(void)
{
	char a[4], b[4], text[64];
	struct iovec in[2] = {{a, 4}, {b, 4}}, out[2] = {{"abcd", 4}, {"efgh", 4}};
	int fd, app, p[2], dir;
	ssize_t n;

	enter_tmp();
	fd = open("f", O_CREAT | O_RDWR, 0644);
	CHECK(pipe2(p, 0) == 0);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	SHOW(p2(SYS_pwritev2, fd, out, 2, -1, 0));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(p2(SYS_pwritev2, fd, out, 1, 10, RWF_DSYNC));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(p2(SYS_pwritev2, fd, out, 1, 0, RWF_APPEND));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(p2(SYS_pwritev2, fd, out, 1, -1, RWF_APPEND | RWF_SYNC));
	SHOW(lseek(fd, 0, SEEK_CUR));
	n = pread(fd, text, sizeof(text), 0);
	for (int i = 0; i < n; i++)
		putchar(text[i] ? text[i] : '.');
	printf("\n");
	SHOW(lseek(fd, 2, SEEK_SET));
	SHOW(p2(SYS_preadv2, fd, in, 2, -1, 0));
	printf("%.4s %.4s\n", a, b);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(p2(SYS_preadv2, fd, in, 2, 4, 0));
	printf("%.4s\n", a);
	SHOW(p2(SYS_preadv2, fd, in, 1, -2, 0));
	SHOW(p2(SYS_preadv2, fd, in, 1, 0, 0x4000));
	SHOW(p2(SYS_pwritev2, fd, out, 1, 0, 0x4000));
	SHOW(p2(SYS_preadv2, p[0], in, 1, 0, 0));
	SHOW(p2(SYS_preadv2, p[0], in, 1, -1, RWF_NOWAIT));
	SHOW(p2(SYS_pwritev2, p[1], out, 1, -1, 0));
	SHOW(p2(SYS_preadv2, p[0], in, 1, -1, RWF_NOWAIT));
	SHOW(p2(SYS_preadv2, 99, in, 1, -1, 0));
	SHOW(p2(SYS_preadv2, dir, in, 1, -1, 0));
	app = open("f", O_WRONLY | O_APPEND);
	SHOW(p2(SYS_pwritev2, app, out, 1, 0, 0));
	SHOW(lseek(fd, 0, SEEK_END));

	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	SHOW(posix_fadvise(fd, 0, 100, POSIX_FADV_DONTNEED));
	printf("%s\n", errno_name(posix_fadvise(fd, 0, 0, 77)));
	printf("%s\n", errno_name(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL)));
	printf("%s\n", errno_name(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL)));
	printf("%s\n", errno_name(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL)));
	SHOW(readahead(fd, 0, 100));
	SHOW(readahead(app, 0, 100));
	SHOW(readahead(p[0], 0, 100));
	SHOW(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	SHOW(sync_file_range(fd, 0, 0, 0x100));
	SHOW(sync_file_range(fd, -1, 0, 0));
	SHOW(sync_file_range(p[0], 0, 0, 0));
	SHOW(sync_file_range(99, 0, 0, 0));
	SHOW(syncfs(fd));
	SHOW(syncfs(dir));
	SHOW(syncfs(99));
	SHOW(fsync(fd));
	SHOW(fsync(dir));
	SHOW(fsync(p[0]));
	SHOW(fdatasync(fd));
	return 0;
}

/* Regular files: open flags, read, write, seek, pread, pwrite, holes, truncation. */
#include "conformance.h"

int main(void)
{
	char buf[100];
	int fd, rd, wr;
	struct stat st;

	enter_tmp();
	SHOW(open("none", O_RDONLY));
	SHOW(open("none/x", O_RDONLY | O_CREAT, 0644));
	fd = (int)SHOW_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(write(fd, "hello world", 11));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(fd, buf, 10));
	SHOW(lseek(fd, -5, SEEK_END));
	SHOW(read(fd, buf, 100));
	printf("%.5s\n", buf);
	SHOW(lseek(fd, 3, SEEK_SET));
	SHOW(lseek(fd, -4, SEEK_CUR));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(fd, 0, 99));
	SHOW(pread(fd, buf, 5, 6));
	printf("%.5s\n", buf);
	SHOW(pwrite(fd, "W", 1, 6));
	SHOW(pread(fd, buf, 5, -1));
	SHOW(pwrite(fd, "x", 1, -1));
	SHOW(lseek(fd, 0, SEEK_CUR));
	printf("%s\n", get_file("f"));

	/* A hole reads as zeros. */
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(write(fd, "end", 3));
	SHOW(fstat(fd, &st));
	printf("size %lld\n", (long long)st.st_size);
	memset(buf, 'x', sizeof(buf));
	SHOW(pread(fd, buf, 50, 20));
	TRUTH(buf[0] == 0 && buf[49] == 0);
	SHOW(pread(fd, buf, 100, 98));
	SHOW(pread(fd, buf, 100, 103));
	SHOW(pread(fd, buf, 100, 1000));
	SHOW(ftruncate(fd, 5));
	printf("%s\n", get_file("f"));
	SHOW(ftruncate(fd, 8));
	SHOW(pread(fd, buf, 100, 0));
	TRUTH(memcmp(buf, "hello\0\0\0", 8) == 0);
	SHOW(ftruncate(fd, -1));
	SHOW(truncate("f", 2));
	printf("%s\n", get_file("f"));
	SHOW(truncate("none", 2));
	SHOW(truncate(".", 2));

	rd = (int)SHOW_OK(open("f", O_RDONLY));
	wr = (int)SHOW_OK(open("f", O_WRONLY));
	SHOW(write(rd, "x", 1));
	SHOW(read(wr, buf, 1));
	SHOW(ftruncate(rd, 0));
	SHOW(open(".", O_WRONLY));
	SHOW(open(".", O_RDWR));
	SHOW(open(".", O_RDONLY | O_CREAT, 0644));
	SHOW(open("f", O_RDONLY | O_DIRECTORY));
	SHOW(open("f/", O_RDONLY));
	SHOW(open("new/", O_RDWR | O_CREAT, 0644));
	int dir = (int)SHOW_OK(open(".", O_RDONLY));
	SHOW(read(dir, buf, 10));
	SHOW(write(dir, buf, 10));
	close(dir);

	int trunc = (int)SHOW_OK(open("f", O_WRONLY | O_TRUNC));
	SHOW(fstat(trunc, &st));
	printf("size %lld\n", (long long)st.st_size);
	SHOW(write(wr, "", 0));
	SHOW(close(trunc));
	SHOW(close(trunc));
	SHOW(write(trunc, "x", 1));
	SHOW(read(-1, buf, 1));
	SHOW(fsync(wr));
	SHOW(fdatasync(wr));
	SHOW(fsync(12345));

	/* Beyond 4 GiB: offsets have 64 bits. */
	SHOW(lseek(fd, 5000000000LL, SEEK_SET) == 5000000000LL);
	SHOW(write(fd, "far", 3));
	fstat(fd, &st);
	TRUTH(st.st_size == 5000000003LL);
	SHOW(pread(fd, buf, 10, 4999999998LL));
	TRUTH(memcmp(buf, "\0\0far", 5) == 0);
	SHOW(lseek(fd, 0, SEEK_END) == 5000000003LL);
	SHOW(ftruncate(fd, 0));
	return 0;
}

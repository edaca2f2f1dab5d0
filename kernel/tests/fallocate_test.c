/* fallocate(2), holes, SEEK_DATA and SEEK_HOLE, copy_file_range(2). */
#include "conformance.h"

static int fd;

static void show_bytes(void)
{
	char text[200];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	printf("%ld: ", (long)n);
	for (ssize_t i = 0; i < n && i < 40; i++)
		putchar(text[i] ? text[i] : '.');
	printf("\n");
}
static long size(void)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return (long)st.st_size;
}

int main(void)
{
	static char page[4096];
	char text[100];
	loff_t from, to;
	struct stat st;
	int ro, p[2], dir, out, app;

	enter_tmp();
	memset(page, 'x', sizeof(page));
	fd = open("f", O_CREAT | O_RDWR, 0644);
	ro = open("f", O_RDONLY);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(pipe(p) == 0);
	SHOW(fallocate(fd, 0, 0, 10));
	show_bytes();
	CHECK(pwrite(fd, "abcdefghij", 10, 0) == 10);
	SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
	SHOW(size());
	SHOW(fallocate(fd, 0, 5, 10));
	show_bytes();
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
	show_bytes();
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8, 1000));
	show_bytes();
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
	SHOW(fallocate(fd, 0, -1, 1));
	SHOW(fallocate(fd, 0, 0, 0));
	SHOW(fallocate(fd, 0, 0, -1));
	SHOW(fallocate(fd, 0x8000, 0, 1));
	SHOW(fallocate(ro, 0, 0, 1));
	SHOW(fallocate(p[1], 0, 0, 1));
	SHOW(fallocate(dir, 0, 0, 1));
	SHOW(fallocate(99, 0, 0, 1));
	SHOW(fallocate(fd, 0, INT64_MAX - 5, 100));
	SHOW(posix_fallocate(fd, 0, 50));
	SHOW(size());

	/* Holes. */
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, page, 4096, 65536) == 4096);
	CHECK(ftruncate(fd, 200000) == 0);
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	SHOW(lseek(fd, 65536, SEEK_DATA));
	SHOW(lseek(fd, 66000, SEEK_DATA));
	SHOW(lseek(fd, 66000, SEEK_HOLE));
	SHOW(lseek(fd, 70000, SEEK_DATA));
	SHOW(lseek(fd, 70000, SEEK_HOLE));
	SHOW(lseek(fd, 200000, SEEK_HOLE));
	SHOW(lseek(fd, 300000, SEEK_DATA));
	CHECK(fstat(fd, &st) == 0);
	TRUTH(st.st_blocks * 512 < 100000);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 4096));
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(size());

	/* copy_file_range. */
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, "0123456789", 10, 0) == 10);
	out = open("out", O_CREAT | O_RDWR, 0644);
	app = open("out", O_WRONLY | O_APPEND);
	lseek(fd, 0, SEEK_SET);
	SHOW(copy_file_range(fd, NULL, out, NULL, 4, 0));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(out, 0, SEEK_CUR));
	from = 8;
	to = 20;
	SHOW(copy_file_range(fd, &from, out, &to, 100, 0));
	SHOW(from);
	SHOW(to);
	SHOW(lseek(fd, 0, SEEK_CUR));
	from = 10;
	SHOW(copy_file_range(fd, &from, out, NULL, 100, 0));
	from = 0;
	to = 5;
	SHOW(copy_file_range(fd, &from, fd, &to, 5, 0));
	SHOW(copy_file_range(fd, &from, fd, &to, 5, 0));
	from = 0;
	to = 3;
	SHOW(copy_file_range(fd, &from, fd, &to, 5, 0));
	SHOW(copy_file_range(fd, NULL, out, NULL, 5, 1));
	SHOW(copy_file_range(fd, NULL, ro, NULL, 5, 0));
	SHOW(copy_file_range(app, NULL, out, NULL, 5, 0));
	SHOW(copy_file_range(fd, NULL, app, NULL, 5, 0));
	SHOW(copy_file_range(fd, NULL, p[1], NULL, 5, 0));
	SHOW(copy_file_range(dir, NULL, out, NULL, 5, 0));
	SHOW(copy_file_range(99, NULL, out, NULL, 5, 0));
	from = -1;
	SHOW(copy_file_range(fd, &from, out, NULL, 5, 0));
	fd = out;
	show_bytes();
	(void)text;
	return 0;
}

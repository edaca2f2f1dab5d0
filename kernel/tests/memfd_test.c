/* memfd_create(2) and seals. */
#include "conformance.h"
#include <sys/mman.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#define S_SEAL 1
#define S_SHRINK 2
#define S_GROW 4
#define S_WRITE 8

int main(void)
{
	char buf[64], path[64], name[300];
	struct stat st;
	ssize_t n;
	int fd, again, file;

	enter_tmp();
	SHOW_OK(fd = memfd_create("first", 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	printf("%s\n", buf);
	CHECK(fstat(fd, &st) == 0);
	printf("mode %o size %ld links %d\n", st.st_mode, (long)st.st_size, (int)st.st_nlink);
	TRUTH(fcntl(fd, F_GETFD) == 0);
	TRUTH((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	SHOW(write(fd, "hello", 5));
	SHOW(pread(fd, buf, sizeof(buf), 1));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(ftruncate(fd, 100));
	SHOW(lseek(fd, 0, SEEK_END));
	again = open(path, O_RDONLY);
	SHOW(read(again, buf, 5));
	TRUTH(memcmp(buf, "hello", 5) == 0);
	SHOW(write(again, "x", 1));
	close(again);
	/* Without MFD_ALLOW_SEALING it is sealed against seals. */
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, S_WRITE));
	close(fd);

	fd = memfd_create("second", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	TRUTH(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(write(fd, "0123456789", 10));
	SHOW(fcntl(fd, F_ADD_SEALS, S_SHRINK));
	SHOW(ftruncate(fd, 5));
	SHOW(ftruncate(fd, 20));
	SHOW(fcntl(fd, F_ADD_SEALS, S_GROW));
	SHOW(ftruncate(fd, 21));
	SHOW(pwrite(fd, "abcdef", 6, 18));
	SHOW(pwrite(fd, "abcdef", 6, 20));
	SHOW(pwrite(fd, "abcdef", 6, 0));
	SHOW(fallocate(fd, 0, 0, 4096));
	SHOW(fcntl(fd, F_GET_SEALS));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	SHOW(fcntl(again, F_ADD_SEALS, S_WRITE));
	SHOW(fcntl(again, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, 0x1000));
	SHOW(fcntl(fd, F_ADD_SEALS, S_WRITE));
	SHOW(write(fd, "x", 1));
	SHOW(pwrite(fd, "x", 1, 0));
	SHOW(pread(fd, buf, 6, 0));
	TRUTH(memcmp(buf, "abcdef", 6) == 0);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4));
	SHOW(fcntl(fd, F_ADD_SEALS, S_SEAL));
	SHOW(fcntl(fd, F_ADD_SEALS, S_WRITE));
	SHOW(fcntl(fd, F_GET_SEALS));
	close(again);
	close(fd);

	file = open("file", O_CREAT | O_RDWR, 0644);
	int p[2];
	CHECK(pipe(p) == 0);
	SHOW(fcntl(p[0], F_GET_SEALS));
	SHOW(fcntl(p[1], F_ADD_SEALS, S_WRITE));
	SHOW(memfd_create("x", 0x8000000));
	SHOW(memfd_create(bad_address, 0));
	memset(name, 'n', sizeof(name));
	name[250] = 0;
	SHOW(memfd_create(name, 0));
	name[249] = 0;
	SHOW_OK(fd = memfd_create(name, 0));
	/* Empty names, and names with slashes, are names. */
	SHOW_OK(memfd_create("", 0));
	SHOW_OK(memfd_create("a/b", 0));
	close(file);
	return 0;
}

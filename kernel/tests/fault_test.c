/* Bad addresses in system calls: EFAULT, never a crash. Only calls that libc hands through as they
 * are. */
#include "conformance.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>

int main(void)
{
	void *volatile wild = (void *)0xfffff000u;
	struct stat st;
	char *none[] = {NULL};
	char *edge;
	int fd, p[2];

	enter_tmp();
	put_file("f", "contents");
	fd = open("f", O_RDWR);
	SHOW(read(fd, bad_address, 5));
	SHOW(pread(fd, wild, 5, 0));
	SHOW(write(fd, bad_address, 5));
	SHOW(open(bad_address, O_RDONLY));
	SHOW(stat(bad_address, &st));
	SHOW(readlink("f", bad_address, 0x7fffffff));
	SHOW(chdir(bad_address));
	SHOW(mkdir(bad_address, 0755));
	SHOW(rename("f", bad_address));
	SHOW(unlink(bad_address));
	SHOW(pipe2(bad_address, 0));
	SHOW(uname(bad_address));
	SHOW(execve(bad_address, none, none));
	SHOW(readv(fd, bad_address, 1));
	SHOW(poll(bad_address, 1, 0));
	/* A range that ends outside: the part before it may be used, nothing beyond. */
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(munmap(edge + 4096, 4096) == 0);
	memset(edge, 'e', 4096);
	CHECK(pipe(p) == 0);
	SHOW(write(p[1], edge + 4090, 6));
	SHOW(read(p[0], edge + 4090, 6));
	memcpy(edge + 4090, "/dev/", 5);
	SHOW(access(edge + 4090, F_OK)); /* not terminated before the edge */
	memcpy(edge + 4092, "f\0", 2);
	SHOW(access(edge + 4092, F_OK));
	edge[4095] = 0;
	SHOW(access(edge + 4095, F_OK));
	printf("%s\n", get_file("f"));
	return 0;
}

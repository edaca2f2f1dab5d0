/* A memfd mapped by several processes, and what seals allow. link: -mshm */
#include "conformance.h"
#include <sys/mman.h>

static char *map;

static void writes(void)
{
	strcpy(map + 10, "child");
}

int main(void)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);
	char buf[32] = "";

	CHECK(fd >= 0);
	SHOW(ftruncate(fd, 8192));
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	strcpy(map, "parent");
	reap("child", child(writes));
	SHOW(pread(fd, buf, 20, 0));
	printf("%s %s\n", buf, buf + 10);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(munmap(map, 8192));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
	SHOW(ftruncate(fd, 4096));
	SHOW(ftruncate(fd, 16384));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(write(fd, "x", 1));
	TRUTH(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
		errno == EPERM);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	printf("%s\n", map + 10);
	SHOW(mprotect(map, 4096, PROT_READ | PROT_WRITE));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(map != MAP_FAILED);
	map[0] = 'X';
	printf("%s\n", map);
	return 0;
}

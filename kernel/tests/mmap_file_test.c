/* mmap(2) of files: private mappings, and shared ones that only read. */
#include "conformance.h"
#include <sys/mman.h>

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)

int main(void)
{
	char *a, *b, page[PAGE];
	int fd, ro, wo;

	enter_tmp();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	memset(page, 'a', PAGE);
	CHECK(write(fd, page, PAGE) == (ssize_t)PAGE);
	CHECK(write(fd, "tail", 4) == 4);

	a = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	TRUTH(a[0] == 'a' && memcmp(a + PAGE, "tail", 4) == 0);
	TRUTH(a[PAGE + 4] == 0 && a[2 * PAGE - 1] == 0);
	a[0] = 'P';
	CHECK(pread(fd, page, 1, 0) == 1);
	TRUTH(page[0] == 'a'); /* private: the file does not change */
	SHOW(munmap(a, 2 * PAGE));
	a = mmap(NULL, 4, PROT_READ, MAP_PRIVATE, fd, PAGE);
	TRUTH(memcmp(a, "tail", 4) == 0);
	SHOW(munmap(a, 4));

	CHECK(pwrite(fd, "shared", 6, 0) == 6);
	close(fd); /* a mapping outlives its descriptor */
	ro = open("f", O_RDONLY);
	wo = open("f", O_WRONLY);
	a = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	TRUTH(memcmp(a, "shared", 6) == 0);
	SHOW_OK(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0));
	b = (char *)SHOW_OK(mmap(NULL, PAGE, RW, MAP_PRIVATE, ro, 0));
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 1));
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
	int dir = open(".", O_RDONLY);
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
	int p[2];
	CHECK(pipe(p) == 0);
	SHOW_OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
	close(ro);
	unlink("f");
	TRUTH(memcmp(a, "shared", 6) == 0);
	SHOW(munmap(a, PAGE));
	SHOW(munmap(b, PAGE));
	return 0;
}

/* mmap(2), munmap(2), mprotect(2) of anonymous memory; brk(2). */
#include "conformance.h"
#include <sys/mman.h>

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int all(const char *p, size_t n, char c)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != c)
			return 0;
	}
	return 1;
}

int main(void)
{
	char *a, *b, *c;
	int p[2];

	a = mmap(NULL, 100 * PAGE, RW, ANON, -1, 0);
	TRUTH(a != MAP_FAILED && (uintptr_t)a % PAGE == 0);
	TRUTH(all(a, 100 * PAGE, 0));
	memset(a, 'x', 100 * PAGE);
	b = mmap(NULL, PAGE + 1, RW, ANON, -1, 0);
	TRUTH(b + 2 * PAGE <= a || b >= a + 100 * PAGE);
	memset(b, 'y', 2 * PAGE);
	TRUTH(all(a, 100 * PAGE, 'x'));

	/* A hole in the middle, used again: it reads as zeros. */
	SHOW(munmap(a + 10 * PAGE, 5 * PAGE));
	TRUTH(all(a, 10 * PAGE, 'x') && all(a + 15 * PAGE, 85 * PAGE, 'x'));
	CHECK(pipe(p) == 0);
	SHOW(write(p[1], a + 10 * PAGE, 1));
	SHOW(write(p[1], a + 9 * PAGE, 1));
	c = mmap(a + 10 * PAGE, 5 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRUTH(c == a + 10 * PAGE && all(c, 5 * PAGE, 0));
	memset(c, 'z', 5 * PAGE);
	c = mmap(a + 12 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0); /* over what is there */
	TRUTH(all(c, PAGE, 0) && all(a + 10 * PAGE, 2 * PAGE, 'z') &&
		all(a + 13 * PAGE, 2 * PAGE, 'z'));
	SHOW_OK(mmap(a + 20 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(munmap(a, 100 * PAGE));
	SHOW(munmap(a, 100 * PAGE)); /* nothing there: no error */
	SHOW(munmap(a + 1, PAGE));
	SHOW(munmap(a, 0));
	SHOW_OK(mmap(NULL, 0, RW, ANON, -1, 0));
	SHOW_OK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	SHOW_OK(mmap((void *)(PAGE * 3 + 1), PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW_OK(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0));

	/* Protection is known to system calls. */
	a = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);
	CHECK(read(p[0], a, 1) == 1);
	SHOW(mprotect(a + PAGE, PAGE, PROT_READ));
	SHOW(write(p[1], a, 3 * PAGE) == (long)(3 * PAGE));
	SHOW(read(p[0], a + PAGE, 10));
	SHOW(read(p[0], a, 10));
	SHOW(mprotect(a + PAGE, PAGE, PROT_NONE));
	SHOW(write(p[1], a + PAGE, 1));
	SHOW(mprotect(a + PAGE, PAGE, RW));
	SHOW(read(p[0], a + PAGE, 10));
	SHOW(munmap(a, 3 * PAGE));
	SHOW(mprotect(a, PAGE, RW));
	SHOW(msync(a, PAGE, MS_SYNC));
	SHOW(madvise(b, PAGE, 9999));

	/* Many mappings, freed in another order, with their contents intact until then. */
	char *m[64];
	for (int i = 0; i < 64; i++) {
		m[i] = mmap(NULL, (size_t)(1 + i % 7) * PAGE, RW, ANON, -1, 0);
		CHECK(m[i] != MAP_FAILED);
		memset(m[i], i, (size_t)(1 + i % 7) * PAGE);
	}
	for (int i = 0; i < 64; i++) {
		int k = i * 37 % 64;

		CHECK(all(m[k], (size_t)(1 + k % 7) * PAGE, (char)k));
		CHECK(munmap(m[k], (size_t)(1 + k % 7) * PAGE) == 0);
	}
	printf("64 mappings\n");
	char *big = malloc(8 << 20);
	CHECK(big);
	memset(big, 1, 8 << 20);
	free(big);
	for (int i = 0; i < 200; i++) {
		big = calloc(1, 1 << 20);
		CHECK(big && all(big, 1 << 20, 0));
		memset(big, 0xff, 1 << 20);
		free(big);
	}
	printf("200 zeroed blocks\n");
	return 0;
}

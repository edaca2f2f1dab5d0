/* mremap(2). */
#include "conformance.h"
#include <sys/mman.h>

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void number(char *p, int pages)
{
	for (int i = 0; i < pages; i++)
		memset(p + (size_t)i * PAGE, i + 1, PAGE);
}
static int numbered(const char *p, int pages)
{
	for (int i = 0; i < pages; i++) {
		if (p[(size_t)i * PAGE] != i + 1 || p[(size_t)i * PAGE + PAGE - 1] != i + 1)
			return 0;
	}
	return 1;
}

int main(void)
{
	char *a, *b, *wall;
	int p[2];

	CHECK(pipe(p) == 0);
	a = mmap(NULL, 10 * PAGE, RW, ANON, -1, 0);
	number(a, 10);
	/* Smaller: in place, the rest is gone. */
	b = mremap(a, 10 * PAGE, 4 * PAGE, 0);
	TRUTH(b == a && numbered(a, 4));
	SHOW(write(p[1], a + 4 * PAGE, 1));
	/* Larger again: new pages are zeros. */
	b = mremap(a, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	TRUTH(b != MAP_FAILED && numbered(b, 4) && b[4 * PAGE] == 0 && b[8 * PAGE - 1] == 0);
	a = b;
	number(a, 8);
	/* Something behind it: it must move, or cannot grow. */
	wall = mmap(a + 8 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	CHECK(wall == a + 8 * PAGE);
	wall[0] = 'w';
	SHOW_OK(mremap(a, 8 * PAGE, 16 * PAGE, 0));
	b = mremap(a, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	TRUTH(b != MAP_FAILED && b != a && numbered(b, 8) && b[8 * PAGE] == 0 && wall[0] == 'w');
	SHOW(write(p[1], a, 1)); /* the old place is free */
	a = b;
	b = mremap(a, 16 * PAGE, 16 * PAGE, 0);
	TRUTH(b == a);
	SHOW_OK(mremap(a, 16 * PAGE, 0, 0));
	SHOW_OK(mremap(a + 1, PAGE, PAGE, 0));
	SHOW(munmap(a, 16 * PAGE));
	SHOW_OK(mremap(a, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	SHOW_OK(mremap(wall, PAGE, 2 * PAGE, 0x80));

	/* realloc of large blocks goes this way. */
	char *block = malloc(300000);
	for (int i = 0; i < 300000; i++)
		block[i] = (char)(i * 7);
	for (size_t size = 400000; size < 4000000; size += 500000) {
		block = realloc(block, size);
		CHECK(block);
		for (int i = 0; i < 300000; i++)
			CHECK(block[i] == (char)(i * 7));
	}
	printf("realloc kept the contents\n");
	return 0;
}

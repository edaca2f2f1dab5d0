/*
 * badptr.c - every call with pointers that lead nowhere in every place: an errno, never a trap.
 */
#include "hostile.h"
#include <sys/mman.h>

#define LAST 440u

static bool ends_or_blocks(unsigned nr)
{
	static const unsigned list[] = {93, 94, 142, 1027, 1026, 1025, 133, 128, 139, 129, 130, 131,
		138, 99, 161, 51, 404, 157, 144, 146, 145, 143, 147, 149, 151, 152, 159, 39, 40,
		436, 57, 215, 216, 214, 222, 226, 188, 189, 193,
		420 /* msgget and semget made what one may wait for */};

	for (int i = 0; i < COUNT(list); i++) {
		if (list[i] == nr)
			return true;
	}
	return false;
}

int main(void)
{
	static char good[8192];
	char *map =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned end = (unsigned)__builtin_wasm_memory_size(0) << 16;
	unsigned wrong = 0, done = 0;
	int fds[2];

	CHECK(map != MAP_FAILED && munmap(map + 4096, 4096) == 0);
	CHECK(mprotect(map + 8192, 4096, PROT_NONE) == 0);
	CHECK(pipe2(fds, O_NONBLOCK) == 0);
	{
		const unsigned hole = (unsigned)(uintptr_t)map + 4096;
		const unsigned evil[] = {8, 4092, hole, hole - 2, hole + 4096, hole + 8192 - 1, end,
			end - 1, 0x7ffffffc, 0x80000000, 0xfffffffc, 0xffffffff};
		const unsigned firsts[] = {
			0, 1, 3, (unsigned)fds[0], (unsigned)fds[1], (unsigned)AT_FDCWD};

		for (unsigned nr = 0; nr <= LAST + 8; nr++) {
			unsigned n = nr > LAST ? 1024 + nr - LAST - 1 : nr;

			if (ends_or_blocks(n))
				continue;
			if (getenv("VERBOSE"))
				fprintf(stderr, "call %u\n", n);
			for (int i = 0; i < COUNT(evil); i++) {
				for (unsigned where = 0; where < 64; where++) {
					unsigned a[6];

					for (int k = 0; k < 6; k++)
						a[k] = where >> k & 1 ? evil[i]
						       : k == 0	      ? firsts[(where + nr) % 6]
								      : 1;
					/* no clock to sleep by, no poll without end */
					if (n == 407 || n == 413 || n == 414 || n == 421 ||
						n == 260 || n == 95)
						a[n == 414 || n == 421 ? 2
							: n == 413     ? 4
								       : 2] =
							n == 260 || n == 95 ? 1 : evil[i];
					int r = raw_syscall(n, a[0], a[1], a[2], a[3], a[4], a[5]);

					done++;
					if (r < 0 && r >= -4095 && -r > 133) {
						printf("call %u (%x %x %x): errno %d\n", n, a[0],
							a[1], a[2], -r);
						wrong++;
					}
				}
			}
		}
#define BAD(call)                                                                                  \
	((errno = 0, (call) == -1 && errno == EFAULT)                                              \
			? (void)0                                                                  \
			: (void)(wrong++, printf("%s, %x: errno %d\n", #call, evil[i], errno)))
		for (int i = 0; i < COUNT(evil); i++) {
			void *p = (void *)(uintptr_t)evil[i];
			int zero = open("/dev/zero", O_RDONLY), dir = open("/", O_RDONLY);

			(void)good;

			BAD(syscall(291, AT_FDCWD, "/", 0, 0x7ff, p));
			BAD(read(zero, p, 64));
			BAD(write(fds[1], p, 64));
			BAD(pipe(p));
			BAD(syscall(61, dir, p, 4096));
			BAD(syscall(160, p));
			BAD(syscall(403, 0, p));
			BAD(syscall(414, p, 2, 0, 0, 8));
			BAD(syscall(134, SIGUSR1, 0, p, 8));
			BAD(syscall(135, 0, 0, p, 8));
			BAD(syscall(221, "/bin/true", p, 0));
			BAD(syscall(278, p, 16, 0));
			syscall(136, p, 0); /* no bytes at a bad address */
			syscall(135, 0, p, p, 0);
			close(zero);
			close(dir);
			if (evil[i] == hole - 2) /* room for a short text */
				continue;
			BAD(open(p, O_RDONLY));
			BAD(syscall(17, p, 100));
			BAD(syscall(221, p, 0, 0));
		}
	}
	if (wrong)
		return 1;
	CHECK(done > 100000);
	puts("survived");
	return 0;
}

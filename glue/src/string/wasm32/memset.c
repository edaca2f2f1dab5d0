/* memset.c - memory.fill; short ones as stores, for the reason given in memcpy.c. */
#include <stdint.h>
#include <string.h>

#define WORD(p) (((struct { uint64_t v; } __attribute__((__packed__, __may_alias__)) *)(p))->v)
#define HALF(p) (((struct { uint32_t v; } __attribute__((__packed__, __may_alias__)) *)(p))->v)

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	uint64_t v = (unsigned char)c * 0x0101010101010101ULL;

	if (n > 32) {
		__asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.fill 0"
			:
			: "r"(d), "r"(c), "r"(n)
			: "memory");
	} else if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8)
			WORD(d + i) = v;
		WORD(d + n - 8) = v;
	} else if (n >= 4) {
		HALF(d) = v;
		HALF(d + n - 4) = v;
	} else if (n) {
		d[0] = c;
		d[n / 2] = c;
		d[n - 1] = c;
	}
	return dst;
}

/*
 * memcpy.c - memory.copy, which engines turn into a call of their own: short copies are cheaper
 * as a few loads and stores (unaligned access is free in WebAssembly).
 */
#include <stdint.h>
#include <string.h>

#define WORD(p) (((struct { uint64_t v; } __attribute__((__packed__, __may_alias__)) *)(p))->v)
#define HALF(p) (((struct { uint32_t v; } __attribute__((__packed__, __may_alias__)) *)(p))->v)

/* Without restrict: memmove.c counts on all loads before the first store. */
void *memcpy(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (n > 32) {
		__asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.copy 0, 0"
			:
			: "r"(d), "r"(s), "r"(n)
			: "memory");
	} else if (n > 16) {
		uint64_t a = WORD(s), b = WORD(s + 8), x = WORD(s + n - 16), y = WORD(s + n - 8);

		WORD(d) = a;
		WORD(d + 8) = b;
		WORD(d + n - 16) = x;
		WORD(d + n - 8) = y;
	} else if (n >= 8) {
		uint64_t a = WORD(s), x = WORD(s + n - 8);

		WORD(d) = a;
		WORD(d + n - 8) = x;
	} else if (n >= 4) {
		uint32_t a = HALF(s), x = HALF(s + n - 4);

		HALF(d) = a;
		HALF(d + n - 4) = x;
	} else if (n) {
		unsigned char a = s[0], m = s[n / 2], z = s[n - 1];

		d[0] = a;
		d[n / 2] = m;
		d[n - 1] = z;
	}
	return dst;
}

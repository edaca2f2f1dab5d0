/*
 * machine.c - what the native and the deterministic build have in common: user memory and the
 * growth of K. User memory U is a 4 GiB mapping addressed by uaddr_t, so that a
 * wild user address reaches nothing else. K is grown from a range below 4 GiB: the words of
 * abi/ring.h that hold addresses then fit.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "arch/native/native.h"

/* Above where Linux puts the heap of a position dependent program (up to 1 GiB and some), below
 * the end of the low memory that every sanitizer knows. */
#define K_BASE 0x50000000ul
#define K_LIMIT 0x28000000ul
#define U_SPAN (1ul << 32)

static uint8_t *k_base;
static size_t k_used;

static _Thread_local struct native_u *current_u;

struct native_u *native_u_new(uint64_t size)
{
	struct native_u *u = calloc(1, sizeof(*u));
	void *base = mmap(NULL, U_SPAN, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!u || base == MAP_FAILED)
		abort();
	u->base = base;
	u->size = size;
	return u;
}

void native_u_free(struct native_u *u)
{
	munmap(u->base, U_SPAN);
	free(u);
}

void native_u_use(struct native_u *u)
{
	current_u = u;
}

struct native_u *native_u_current(void)
{
	return current_u;
}

/* S: its first byte is address S_START. */
#define S_START 0x80000000u
#define S_SPAN (64ul << 20)
static uint8_t *s_base;
static uint64_t s_size = 65536; /* atomic: read beside a growth */

static uint8_t *user(uaddr_t a, size_t n)
{
	if (a >= S_START) {
		if ((uint64_t)(a - S_START) + n > arch_ssize())
			arch_halt("native: raw user access outside S");
		return s_base + (a - S_START);
	}
	/* The checked copies of mm/uaccess.h let nothing else through. */
	if (!current_u || (uint64_t)a + n > current_u->size)
		arch_halt("native: raw user access outside U");
	return current_u->base + a;
}

/*
 * Races in user memory are the program's own affair: ThreadSanitizer is told of the kernel's side
 * of a copy only. (A string is copied in steps, and what is behind its end may be anybody's.)
 */
#if __has_feature(thread_sanitizer)
void __tsan_read_range(void *p, unsigned long n);
void __tsan_write_range(void *p, unsigned long n);
#define KERNEL_READ(p, n) __tsan_read_range((void *)(uintptr_t)(p), (n))
#define KERNEL_WRITE(p, n) __tsan_write_range((p), (n))
__attribute__((no_sanitize("thread"))) static void copy(void *dst, const void *src, size_t n)
{
	volatile uint8_t *d = dst;
	const volatile uint8_t *s = src;

	while (n-- > 0)
		*d++ = *s++;
}
#else
#define KERNEL_READ(p, n) (void)0
#define KERNEL_WRITE(p, n) (void)0
static void copy(void *dst, const void *src, size_t n)
{
	if (n) /* of nothing, either address may be NULL */
		memcpy(dst, src, n);
}
#endif

void arch_copyin(void *dst, uaddr_t src, size_t n)
{
	KERNEL_WRITE(dst, n);
	copy(dst, user(src, n), n);
}

void arch_copyout(uaddr_t dst, const void *src, size_t n)
{
	KERNEL_READ(src, n);
	copy(user(dst, n), src, n);
}

void arch_uset(uaddr_t dst, int c, size_t n)
{
	memset(user(dst, n), c, n);
}

void arch_umove(uaddr_t dst, uaddr_t src, size_t n)
{
	memmove(user(dst, n), user(src, n), n);
}

uint32_t arch_uload32(uaddr_t a)
{
	return __atomic_load_n((uint32_t *)(void *)user(a, 4), __ATOMIC_SEQ_CST);
}

void arch_ustore32(uaddr_t a, uint32_t v)
{
	__atomic_store_n((uint32_t *)(void *)user(a, 4), v, __ATOMIC_SEQ_CST);
}

bool arch_ucas32(uaddr_t a, uint32_t old, uint32_t new_value)
{
	return __atomic_compare_exchange_n((uint32_t *)(void *)user(a, 4), &old, new_value, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

uint64_t arch_usize(void)
{
	return current_u ? current_u->size : 0;
}

bool arch_ugrow(uint64_t bytes)
{
	if (!current_u || bytes > (1ull << 31))
		return false;
	if (bytes > current_u->size)
		current_u->size = (bytes + 65535) & ~65535ull;
	return true;
}

__attribute__((constructor)) static void make_s(void)
{
	s_base = mmap(NULL, S_SPAN, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s_base == MAP_FAILED)
		abort();
}

uint64_t arch_ssize(void)
{
	return __atomic_load_n(&s_size, __ATOMIC_SEQ_CST);
}

bool arch_sgrow(uint64_t bytes)
{
	if (bytes > S_SPAN)
		return false;
	if (bytes > arch_ssize())
		__atomic_store_n(&s_size, (bytes + 65535) & ~65535ull, __ATOMIC_SEQ_CST);
	return true;
}

/* A test's host, if it has one, waits on the doorbell as a thread does. */
void arch_doorbell(uint32_t *word)
{
	arch_notify(word, 1);
}

/* Called under the allocator's lock, like memory.grow from one place. */
void *arch_kgrow(size_t pages, size_t *got)
{
	size_t bytes = (pages * PAGE_SIZE + 65535) & ~(size_t)65535;
	uint8_t *p;

	if (!k_base) {
		void *at = mmap((void *)K_BASE, K_LIMIT, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

		if (at != (void *)K_BASE)
			arch_halt("native: the range of K is taken");
		k_base = at;
	}
	if (k_used + bytes > K_LIMIT)
		return NULL;
	p = k_base + k_used;
	k_used += bytes;
	*got = bytes / PAGE_SIZE;
	return p;
}

uint64_t arch_klimit(void)
{
	return K_LIMIT;
}

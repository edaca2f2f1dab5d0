/*
 * alloc.c - the kernel heap's interface over malloc, for the ASan build: the sanitizer then sees
 * each object, its end and its use after kfree(). lib/alloc.c itself is tested by its own tests.
 * Locks: none; the counts are atomic.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/kassert.h"

#define MAGIC 0x6b6d656du

/* Before each object; 16 bytes keep its alignment. Whole pages have theirs in front of the page. */
struct head {
	uint64_t size;
	uint32_t magic;
	uint32_t pages;
};

static uint64_t used_bytes;	/* [a] */
static uint32_t live_objects;	/* [a] */
static uint32_t fail_countdown; /* [a] */

static void *take(size_t n, size_t align)
{
	size_t front = align > sizeof(struct head) ? align : sizeof(struct head);
	struct head *h;
	uint8_t *block;

	if (atomic_load(&fail_countdown) && atomic_sub(&fail_countdown, 1u) == 1)
		return NULL;
	/* aligned_alloc wants a multiple; malloc keeps the end exact, which is what finds overruns.
	 */
	block = align > 16 ? aligned_alloc(align, (front + n + align - 1) & ~(align - 1))
			   : malloc(front + n);
	if (!block)
		return NULL;
	h = (struct head *)(void *)(block + front - sizeof(struct head));
	*h = (struct head){n, MAGIC, align > 16};
	memset(block + front, 0xdd, n);
	atomic_add(&used_bytes, (uint64_t)n);
	atomic_add(&live_objects, 1u);
	return block + front;
}

static void give(void *p)
{
	struct head *h = (struct head *)(void *)((uint8_t *)p - sizeof(struct head));

	if (h->magic != MAGIC)
		panic("alloc: kfree(%p): not an allocation", p);
	h->magic = 0;
	atomic_sub(&used_bytes, h->size);
	atomic_sub(&live_objects, 1u);
	free(h->pages ? (uint8_t *)p - PAGE_SIZE : (uint8_t *)h);
}

void *kmalloc(size_t n)
{
	return take(n, n >= 2048 ? PAGE_SIZE : 16);
}

void *kzalloc(size_t n)
{
	void *p = kmalloc(n);

	if (p)
		memset(p, 0, n);
	return p;
}

void kfree(void *p)
{
	if (p)
		give(p);
}

char *kstrdup(const char *s, size_t n)
{
	char *p = kmalloc(n + 1);

	if (p) {
		if (n) /* of nothing, s may be NULL */
			memcpy(p, s, n);
		p[n] = 0;
	}
	return p;
}

void *pages_alloc(size_t n)
{
	return take(n * PAGE_SIZE, PAGE_SIZE);
}

void pages_free(void *p, size_t n)
{
	(void)n;
	kfree(p);
}

void *page_alloc(void)
{
	return pages_alloc(1);
}

void page_free(void *page)
{
	kfree(page);
}

void alloc_stats(struct alloc_stats *out)
{
	*out = (struct alloc_stats){
		.heap_bytes = atomic_load(&used_bytes),
		.used_bytes = atomic_load(&used_bytes),
		.limit_bytes = 1ull << 30,
		.objects = atomic_load(&live_objects),
	};
}

void alloc_fail_after(uint32_t n)
{
	atomic_store(&fail_countdown, n);
}

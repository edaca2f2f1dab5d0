/*
 * alloc.h - the kernel heap in K: size classes up to 2 KiB carved from pages, runs of pages above.
 * Grows K by memory.grow and never shrinks it. Locks: RANK_ALLOC. Never sleeps.
 */
#ifndef LIB_ALLOC_H
#define LIB_ALLOC_H

#include "lib/types.h"

/* n bytes, 16-byte aligned (2 KiB and more: page-aligned), zeroed. NULL when K is full. */
void *kzalloc(size_t n) MUST_CHECK;
/* The same, contents undefined. */
void *kmalloc(size_t n) MUST_CHECK;
/* NULL is allowed. Panics on a pointer that is not a live allocation (LOCK_DEBUG builds). */
void kfree(void *p);
/* A copy of n bytes plus a terminating zero. NULL when K is full. */
char *kstrdup(const char *s, size_t n) MUST_CHECK;

/* One 4 KiB page, aligned, not zeroed. NULL when K is full. */
void *page_alloc(void) MUST_CHECK;
void page_free(void *page);
/* n contiguous pages. */
void *pages_alloc(size_t n) MUST_CHECK;
void pages_free(void *p, size_t n);

struct alloc_stats {
	uint64_t heap_bytes;  /* grown from the engine so far */
	uint64_t used_bytes;  /* live allocations, rounded to their class */
	uint64_t limit_bytes; /* K's maximum */
	uint32_t objects;     /* live allocations */
};
void alloc_stats(struct alloc_stats *out);

/* Fault injection: the n-th allocation from now on fails once (0: off). For tests. */
void alloc_fail_after(uint32_t n);

#endif

/*
 * shared.h - S, the memory that processes share, and its allocator.
 *
 * S is one linear memory that every process of the machine imports if it was linked with -mshm;
 * such a program sees it from S_BASE up. It grows and never shrinks. There is no protection inside
 * S: who imports it can reach all of it. Both ends stay unused, so that no access straddles U and
 * S, or wraps.
 *
 * struct shseg   a run of pages of S. It has one address in every process, so that fork hands it on
 *                without a copy and futexes need no more than the address. New ones read as 0.
 *
 * Lock: one, RANK_SHARED, for the list of what is free. A segment's contents are its owner's to
 * guard: a file's (inode.lock), or nobody's.
 */
#ifndef MM_SHARED_H
#define MM_SHARED_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/ref.h"

#define S_BASE 0x80000000u
#define S_FIRST 0x80010000u
#define S_END 0xffff0000u

struct shseg {
	struct ref refs;
	uint32_t start, end; /* [i] page-aligned addresses */
	struct list link;    /* [SHARED] among the free runs, once nobody has it any more */
	/* [i] Who wants to know when ranges of it are unmapped, with mm.lock held: it takes the
	 * bytes from `mapped`. NULL: nobody, and nothing is counted. */
	void (*unmapped)(struct shseg *s, uint64_t bytes);
	void *owner;	 /* [i] unmapped()'s */
	uint64_t mapped; /* [a] bytes in all maps */
};

static inline bool is_shared_address(uaddr_t a)
{
	return a >= S_BASE;
}

/* Does this engine have S at all? */
bool shared_available(void);
/* len bytes (rounded up to pages) of zeros, one reference. NULL: S or K is full. */
struct shseg *shseg_new(uint32_t len);
/* The same at exactly `start`, a multiple of the page size. NULL: taken, too, or not in S. */
struct shseg *shseg_new_at(uint32_t start, uint32_t len);
void shseg_get(struct shseg *s);
void shseg_put(struct shseg *s); /* the last one gives the pages back */
/* Map all of a segment into the calling process (shmat). Its address, or -ENOMEM. */
int mmap_segment(struct shseg *s, uint32_t prot) MUST_CHECK;
/* Undo one of the calling process's mmap_segment() at an address. -EINVAL: there is no segment with
 * that `unmapped` there; -ENOMEM. */
int munmap_segment(uaddr_t start, void (*unmapped)(struct shseg *s, uint64_t bytes)) MUST_CHECK;
/* Bytes in segments now, and the bytes that S has grown to; for /proc/meminfo. */
void shared_usage(uint64_t *used, uint64_t *size);

#endif

/* internal.h - what the files of mm/ share. */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include "mm/mm.h"

#define U_LIMIT 0x7fff0000ull /* 2 GiB less 64 KiB */

/* All: mm->lock is held. */
struct vma *vma_find_locked(struct mm *mm, uint32_t a);
/* Take v out of the list, and let go of what it holds. */
void vma_free_locked(struct mm *mm, struct vma *v);
/* A range of S is new: count it for the segment's owner, if that wants to know. */
void vma_count_shared(const struct vma *v);
/* Add [start, end), which is free; joins an equal anonymous neighbour. NULL: K is full. */
struct vma *vma_add_locked(struct mm *mm, uint32_t start, uint32_t end, uint32_t prot,
	uint32_t flags, uint8_t kind, struct file *file, uint64_t offset);
/* Take [start, end) out of all maps, splitting at its edges. -ENOMEM: nothing changed. */
int vma_remove_locked(struct mm *mm, uint32_t start, uint32_t end);
/* Make start and end edges of maps. -ENOMEM. */
int vma_split_at_locked(struct mm *mm, uint32_t a);
bool range_free_locked(struct mm *mm, uint32_t start, uint32_t end);
/* Lowest free range of len bytes at or above from; 0: none. */
uint32_t range_find_locked(struct mm *mm, uint32_t from, uint32_t len);
/* U reaches to end, and [start, end) reads as zeros. -ENOMEM: the engine refuses to grow. */
int range_clear_locked(struct mm *mm, uint32_t start, uint32_t end);
/* Recompute what uaccess's fast path may assume. After each change of the maps. */
void mm_refresh_locked(struct mm *mm);
/* Bytes of the maps that start below an address. */
uint64_t mm_mapped_locked(struct mm *mm, uint32_t below);
/* Would `more` bytes break RLIMIT_AS or the size of U? */
bool mm_limit_ok_locked(struct mm *mm, uint64_t more);

/* ---- mmap_shared.c: ranges of S; each returns the address or -errno ---- */

/* offset and len are multiples of the page size. -EOPNOTSUPP: the file has no pages to share. */
int mmap_shared_file(struct file *file, uint32_t want, uint32_t len, uint32_t prot, uint32_t flags,
	uint64_t offset) MUST_CHECK;
int mmap_shared_anonymous(uint32_t want, uint32_t len, uint32_t prot, uint32_t flags) MUST_CHECK;
/* One mapping less of [start, end) of S. 0 or -ENOMEM. */
int munmap_shared(struct mm *mm, uint32_t start, uint32_t end) MUST_CHECK;

#endif

/*
 * plainmap.h - writable shared mappings of files in programs that were not linked with -mshm.
 *
 * Such a program cannot see memory that others write. What nobody shares works all the same: the
 * mapping is a copy of the file in the process's own U, and pages that the program changed are
 * written back at msync, munmap, exec and exit. A second process that wants to map the file so is
 * refused (ENODEV) while the first does, and so is fork(). What a process has not written back when
 * it is killed while it computes stays unwritten: nobody else reaches its memory.
 *
 * struct plainmap   one such mapping; the parts that munmap cut it into share it (vma.plain).
 *
 * Lock: plain_lock (RANK_SHARED), for inode.plain_mm and .plain_count.
 */
#ifndef MM_PLAINMAP_H
#define MM_PLAINMAP_H

#include "mm/mm.h"

struct inode;

struct plainmap {
	struct ref refs;
	struct inode *inode; /* [i] referenced */
	uint32_t start;	     /* [i] of the mapping when it was made */
	uint64_t sums[];     /* [mm.lock] of each page as the file has it */
};

/* Claim inode for mm; len: bytes of the mapping. -ENODEV: another process has it; -ENOMEM. */
int plainmap_new(struct mm *mm, struct inode *inode, uint32_t start, uint32_t len,
	struct plainmap **out) MUST_CHECK;
/* Remember [start, end) of the calling process's U as what the file holds. mm.lock is held. */
void plainmap_note_locked(struct plainmap *p, uint32_t start, uint32_t end);
void plainmap_get(struct plainmap *p);
void plainmap_put(struct plainmap *p); /* the last one: others may map the file */
/* Does a plain process map it for writing? */
bool plainmap_of(struct inode *inode);
/*
 * Write the changed pages of [start, end) of the calling process back to their files. Takes
 * mm.lock, and not while it writes. 0, or the first error; the other pages are tried all the same.
 */
int plainmap_write_back(struct mm *mm, uint32_t start, uint32_t end);

#endif

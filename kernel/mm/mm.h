/*
 * mm.h - one process's user memory: what is mapped where. Bookkeeping only: Wasm has no pages to
 * protect. U is one linear memory, grown by the kernel alone, never shrunk; the ranges below say
 * which parts mean something, what fork copies and what uaccess accepts.
 *
 * Layout:  0 .. stack_size            the stack, growing down; page 0 counts as unmapped
 *          stack_size .. heap_base    static data of the program
 *          heap_base .. brk           brk(2)
 *          mmap_base .. 2 GiB         mmap(2), first fit from below
 *          2 GiB ..                   S: what is shared with other processes; see mm/shared.h
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/ref.h"

struct file;
struct plainmap;
struct shseg;

#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u
#define MAP_SHARED 1u
#define MAP_PRIVATE 2u
#define MAP_SHARED_VALIDATE 3u
#define MAP_TYPE 15u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define MAP_NORESERVE 0x4000u
#define MAP_POPULATE 0x8000u
#define MAP_STACK 0x20000u
#define MAP_FIXED_NOREPLACE 0x100000u
#define MREMAP_MAYMOVE 1u
#define MREMAP_FIXED 2u

struct vma {
	struct list link;     /* [mm.lock] in mm->vmas, by address, no overlaps */
	uint32_t start, end;  /* page-aligned, [start, end) */
	uint32_t prot, flags; /* PROT_*, MAP_* */
	struct file *file;    /* referenced; NULL: anonymous */
	uint64_t offset;      /* in file, of start */
	uint8_t kind;	      /* VMA_* */
	uint32_t times; /* mmaps of these pages of S: a segment has one address, see shared.h */
	struct shseg *shared;	/* referenced: the range lies in S; NULL: in U */
	struct plainmap *plain; /* referenced: written back, see plainmap.h; NULL: not */
};
enum { VMA_MMAP, VMA_STACK, VMA_DATA, VMA_HEAP };

struct mm {
	struct ref refs;	 /* processes (vfork shares) and threads being started */
	struct lock lock;	 /* RANK_MM */
	struct list vmas;	 /* [l] */
	uint32_t memory;	 /* [i] the host's number for U; see host/host.h */
	uint32_t heap_base, brk; /* [l] */
	uint32_t mmap_base;	 /* [i] */
	uint32_t touched;	 /* [l] bytes of U that may be non-zero: high-water mark */
	uint32_t fast_end;	 /* [a] [PAGE_SIZE, fast_end) is all readable and writable */
	uint64_t fast_map; /* [a] so is [fast_map >> 32, low word): the largest run of mappings */
	uint64_t limit;	   /* bytes U may grow to */
	bool shares;	   /* [i] once it runs: linked with -mshm, reaches S */
	char *exe;	   /* [i] path text of the program, for /proc/<pid>/exe and maps */
	uint32_t arg_start, arg_end, env_start, env_end; /* for /proc/<pid>/cmdline, environ */
	char *cmdline; /* kernel copy of the argument strings, NUL-separated */
	uint32_t cmdline_len;
	char *environ_copy;
	uint32_t environ_len;
};

/* An mm without memory yet. NULL: K is full. */
struct mm *mm_new(void);
void mm_get(struct mm *mm);
void mm_put(struct mm *mm); /* last one gives U back to the host's pool */
/* fork: a copy of the bookkeeping for a new memory. NULL: K is full. */
struct mm *mm_copy(struct mm *from);
/* exec: lay out stack, data and heap of the program just instantiated. */
int mm_set_program(struct mm *mm, uint32_t stack_size, uint32_t heap_base);
/* Bytes mapped, and bytes of private memory, for /proc. */
void mm_usage(struct mm *mm, uint64_t *mapped, uint64_t *resident);

#endif

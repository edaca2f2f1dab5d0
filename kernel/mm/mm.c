/*
 * mm.c - life of a process's memory map and the list of its ranges.
 * Locks: mm.lock (RANK_MM).
 */
#include "mm/internal.h"
#include "mm/plainmap.h"
#include "mm/pool.h"
#include "mm/shared.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/kassert.h"
#include "lib/str.h"
#include "arch/arch.h"
#include "proc/proc.h"

#define MMAP_GAP (16u << 20) /* between the heap's start and the first mapping: room for brk */

struct mm *mm_new(void)
{
	struct mm *mm = kzalloc(sizeof(*mm));

	if (!mm)
		return NULL;
	ref_init(&mm->refs, 1);
	lock_init(&mm->lock, RANK_MM);
	list_init(&mm->vmas);
	mm->limit = U_LIMIT;
	return mm;
}

void mm_get(struct mm *mm)
{
	ref_get(&mm->refs);
}

void vma_count_shared(const struct vma *v)
{
	if (v->shared->unmapped)
		atomic_add(&v->shared->mapped, (uint64_t)(v->end - v->start) * v->times);
}

void vma_free_locked(struct mm *mm, struct vma *v)
{
	list_del(&v->link);
	if (v->file && v->file->ops->map)
		v->file->ops->map->unmap(v->file, mm, v);
	if (v->plain)
		plainmap_put(v->plain);
	if (v->shared && v->shared->unmapped)
		v->shared->unmapped(v->shared, (uint64_t)(v->end - v->start) * v->times);
	if (v->shared)
		shseg_put(v->shared);
	if (v->file)
		file_put(v->file);
	kfree(v);
}

void mm_put(struct mm *mm)
{
	struct vma *v, *next;

	if (!ref_put(&mm->refs))
		return;
	LIST_FOR_EACH_SAFE(v, next, &mm->vmas, link)
		vma_free_locked(mm, v);
	if (mm->memory)
		memory_put(mm->memory, mm->touched);
	kfree(mm->exe);
	kfree(mm->cmdline);
	kfree(mm->environ_copy);
	kfree(mm);
}

static bool copy_text(char **to, const char *from, uint32_t len)
{
	if (!from)
		return true;
	*to = kstrdup(from, len);
	return *to != NULL;
}

struct mm *mm_copy(struct mm *from)
{
	struct mm *mm = mm_new();
	struct vma *v;
	bool ok;

	if (!mm)
		return NULL;
	lock_acquire(&from->lock);
	mm->heap_base = from->heap_base;
	mm->brk = from->brk;
	mm->mmap_base = from->mmap_base;
	mm->shares = from->shares;
	mm->touched = from->touched;
	mm->arg_start = from->arg_start;
	mm->arg_end = from->arg_end;
	mm->env_start = from->env_start;
	mm->env_end = from->env_end;
	mm->cmdline_len = from->cmdline_len;
	mm->environ_len = from->environ_len;
	ok = copy_text(&mm->exe, from->exe, from->exe ? strlen(from->exe) : 0) &&
	     copy_text(&mm->cmdline, from->cmdline, from->cmdline_len) &&
	     copy_text(&mm->environ_copy, from->environ_copy, from->environ_len);
	LIST_FOR_EACH(v, &from->vmas, link) {
		struct vma *n = ok ? kzalloc(sizeof(*n)) : NULL;

		if (!n) {
			ok = false;
			break;
		}
		*n = *v;
		if (n->file && n->file->ops->map && n->file->ops->map->map(n->file, mm, n, true)) {
			kfree(n);
			ok = false;
			break;
		}
		KASSERT(!n->plain); /* fork() was refused */
		if (n->shared) {
			shseg_get(n->shared);
			vma_count_shared(n);
		}
		if (n->file)
			file_get(n->file);
		list_add_tail(&mm->vmas, &n->link);
	}
	lock_release(&from->lock);
	if (!ok) {
		mm_put(mm);
		return NULL;
	}
	lock_acquire(&mm->lock);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return mm;
}

int mm_set_program(struct mm *mm, uint32_t stack_size, uint32_t heap_base)
{
	uint32_t data_end = PAGE_ALIGN(heap_base);
	int err = -ENOMEM;

	lock_acquire(&mm->lock);
	KASSERT(list_empty(&mm->vmas));
	if (!vma_add_locked(
		    mm, 0, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, VMA_STACK, NULL, 0))
		goto out;
	if (!vma_add_locked(mm, stack_size, data_end, PROT_READ | PROT_WRITE, MAP_PRIVATE, VMA_DATA,
		    NULL, 0))
		goto out;
	mm->heap_base = mm->brk = data_end;
	mm->mmap_base = data_end + MMAP_GAP;
	mm->touched = data_end;
	mm_refresh_locked(mm);
	err = 0;
out:
	lock_release(&mm->lock);
	return err;
}

/* ---- ranges ---- */

struct vma *vma_find_locked(struct mm *mm, uint32_t a)
{
	struct vma *v;

	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (a < v->start)
			return NULL;
		if (a < v->end)
			return v;
	}
	return NULL;
}

static bool can_join(const struct vma *v, uint32_t prot, uint32_t flags, uint8_t kind)
{
	return !v->file && !v->shared && v->prot == prot && v->flags == flags && v->kind == kind;
}

struct vma *vma_add_locked(struct mm *mm, uint32_t start, uint32_t end, uint32_t prot,
	uint32_t flags, uint8_t kind, struct file *file, uint64_t offset)
{
	struct vma *v, *prev = NULL;
	bool in_s = is_shared_address(start);

	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->start >= end)
			break;
		prev = v;
	}
	KASSERT(!prev || prev->end <= start);
	if (!file && !in_s && prev && prev->end == start && can_join(prev, prot, flags, kind)) {
		prev->end = end;
		return prev;
	}
	v = kzalloc(sizeof(*v));
	if (!v)
		return NULL;
	v->start = start;
	v->end = end;
	v->prot = prot;
	v->flags = flags;
	v->kind = kind;
	v->offset = offset;
	if (file) {
		file_get(file);
		v->file = file;
	}
	list_insert_between(
		&v->link, prev ? &prev->link : &mm->vmas, prev ? prev->link.next : mm->vmas.next);
	return v;
}

int vma_split_at_locked(struct mm *mm, uint32_t a)
{
	struct vma *v = vma_find_locked(mm, a), *n;

	if (!v || v->start == a)
		return 0;
	n = kzalloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = *v;
	if (n->file)
		file_get(n->file);
	if (n->shared)
		shseg_get(n->shared);
	if (n->plain)
		plainmap_get(n->plain);
	n->start = a;
	n->offset += a - v->start;
	v->end = a;
	list_add_head(&v->link, &n->link);
	return 0;
}

int vma_remove_locked(struct mm *mm, uint32_t start, uint32_t end)
{
	struct vma *v, *next;

	if (vma_split_at_locked(mm, start) || vma_split_at_locked(mm, end))
		return -ENOMEM;
	LIST_FOR_EACH_SAFE(v, next, &mm->vmas, link) {
		if (v->start >= end)
			break;
		if (v->start >= start)
			vma_free_locked(mm, v);
	}
	return 0;
}

bool range_free_locked(struct mm *mm, uint32_t start, uint32_t end)
{
	struct vma *v;

	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->start >= end)
			break;
		if (v->end > start)
			return false;
	}
	return true;
}

uint32_t range_find_locked(struct mm *mm, uint32_t from, uint32_t len)
{
	uint64_t at = from;
	struct vma *v;

	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->end <= at)
			continue;
		if (v->start >= at + len)
			break;
		at = v->end;
	}
	return at + len <= mm->limit ? (uint32_t)at : 0;
}

int range_clear_locked(struct mm *mm, uint32_t start, uint32_t end)
{
	if (!arch_ugrow(end)) {
		klog(KLOG_WARN, "mm: the engine refuses to grow a process to %u KiB", end >> 10);
		return -ENOMEM;
	}
	if (start < mm->touched)
		arch_uset(start, 0, MIN(end, mm->touched) - start);
	mm->touched = MAX(mm->touched, end);
	return 0;
}

void mm_refresh_locked(struct mm *mm)
{
	const uint32_t rw = PROT_READ | PROT_WRITE;
	uint32_t low = 0, run_start = 0, run_end = 0, best_start = 0, best_end = 0;
	bool in_low = true;
	struct vma *v;

	LIST_FOR_EACH(v, &mm->vmas, link) {
		bool ok = (v->prot & rw) == rw;

		if (v->shared)
			break;
		if (in_low && ok && v->start == low) {
			low = v->end;
			continue;
		}
		in_low = false;
		if (!ok)
			continue;
		if (v->start != run_end)
			run_start = v->start;
		run_end = v->end;
		if (run_end - run_start > best_end - best_start) {
			best_start = run_start;
			best_end = run_end;
		}
	}
	atomic_store(&mm->fast_end, low);
	atomic_store(&mm->fast_map, (uint64_t)best_start << 32 | best_end);
}

uint64_t mm_mapped_locked(struct mm *mm, uint32_t below)
{
	uint64_t sum = 0;
	struct vma *v;

	LIST_FOR_EACH(v, &mm->vmas, link)
		sum += v->start < below ? v->end - v->start : 0;
	return sum;
}

bool mm_limit_ok_locked(struct mm *mm, uint64_t more)
{
	/* S does not count against the size of U. */
	return mm_mapped_locked(mm, S_BASE) + more <= mm->limit &&
	       mm_mapped_locked(mm, UINT32_MAX) + more <= proc_limit_self(RLIMIT_AS);
}

/* ---- for /proc ---- */

void mm_usage(struct mm *mm, uint64_t *mapped, uint64_t *resident)
{
	struct vma *v;

	*mapped = *resident = 0;
	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link) {
		*mapped += v->end - v->start;
		/* Engines do not say which pages exist; the stack is mostly untouched. */
		if (v->kind != VMA_STACK)
			*resident += v->end - v->start;
	}
	lock_release(&mm->lock);
}

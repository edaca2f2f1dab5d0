/*
 * mmap_shared.c - mappings of S, the memory that processes share: anonymous ones, files, and what
 * SysV's shmat() attaches.
 * A segment has one address everywhere. So MAP_FIXED must name that address, and the same pages
 * mapped twice by one process are one range that counts (vma.times): munmap takes one away.
 * Locks: mm.lock.
 */
#include "mm/internal.h"
#include "mm/plainmap.h"
#include "mm/shared.h"
#include "lib/klog.h"
#include "proc/proc.h"
#include "vfs/vfs.h"

struct request {
	struct shseg *seg;
	uint32_t start, end, prot, flags;
	struct file *file; /* or NULL */
	uint64_t offset;
};

static uint64_t offset_at(const struct request *r, uint32_t a)
{
	return r->offset + (a - r->start);
}

/* Map what of [a, b) is not mapped yet. */
static int add_piece_locked(struct mm *mm, const struct request *r, uint32_t a, uint32_t b)
{
	struct vma *v =
		vma_add_locked(mm, a, b, r->prot, r->flags, VMA_MMAP, r->file, offset_at(r, a));

	if (!v)
		return -ENOMEM;
	shseg_get(r->seg);
	v->shared = r->seg;
	v->times = 1;
	vma_count_shared(v);
	return 0;
}

/* Take one mapping of [start, end) away; ranges that are mapped no more go. */
static int drop_locked(struct mm *mm, uint32_t start, uint32_t end)
{
	struct vma *v, *next;

	if (vma_split_at_locked(mm, start) || vma_split_at_locked(mm, end))
		return -ENOMEM;
	LIST_FOR_EACH_SAFE(v, next, &mm->vmas, link) {
		if (v->start >= end)
			break;
		if (v->start < start)
			continue;
		if (v->times > 1) {
			v->times--;
			if (v->shared->unmapped)
				v->shared->unmapped(v->shared, v->end - v->start);
		} else {
			vma_free_locked(mm, v);
		}
	}
	return 0;
}

static int add_locked(struct mm *mm, const struct request *r)
{
	uint32_t at = r->start;
	int err;

	if (vma_split_at_locked(mm, r->start) || vma_split_at_locked(mm, r->end))
		return -ENOMEM;
	while (at < r->end) {
		struct vma *v = vma_find_locked(mm, at);
		uint32_t to = r->end;

		if (v) {
			v->times++;
			if (r->seg->unmapped)
				atomic_add(&r->seg->mapped, (uint64_t)(v->end - v->start));
			v->prot |= r->prot;
			at = v->end;
			continue;
		}
		LIST_FOR_EACH(v, &mm->vmas, link) {
			if (v->start > at) {
				to = MIN(to, v->start);
				break;
			}
		}
		err = add_piece_locked(mm, r, at, to);
		if (err) {
			if (at > r->start && drop_locked(mm, r->start, at))
				klog(KLOG_WARN, "mm: pid %u keeps a shared mapping: out of memory",
					proc_self()->pid);
			return err;
		}
		at = to;
	}
	return 0;
}

static int add(const struct request *r)
{
	struct mm *mm = proc_self()->mm;
	int err = -ENOMEM;

	lock_acquire(&mm->lock);
	if (mm_limit_ok_locked(mm, 0) && mm_mapped_locked(mm, UINT32_MAX) + (r->end - r->start) <=
						 proc_limit_self(RLIMIT_AS))
		err = add_locked(mm, r);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return err ? err : (int)r->start;
}

static int wrong_place(uint32_t want, uint32_t is)
{
	klog(KLOG_WARN, "mm: pid %u: MAP_FIXED at %08x of shared memory that lies at %08x",
		proc_self()->pid, want, is);
	return -EINVAL;
}

int mmap_shared_file(struct file *file, uint32_t want, uint32_t len, uint32_t prot, uint32_t flags,
	uint64_t offset)
{
	struct request r = {
		.prot = prot, .flags = flags & MAP_TYPE, .file = file, .offset = offset};
	int err;

	if (!file->ops->share)
		return -EOPNOTSUPP;
	if (file->inode && plainmap_of(file->inode))
		return -ENODEV; /* its owner does not see S */
	if (offset + len > S_END - S_FIRST)
		return -ENOMEM;
	err = file->ops->share(file, offset + len, &r.seg);
	if (err)
		return err;
	r.start = r.seg->start + (uint32_t)offset;
	r.end = r.start + len;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && want != r.start)
		err = wrong_place(want, r.start);
	else
		err = add(&r);
	shseg_put(r.seg);
	return err;
}

int mmap_shared_anonymous(uint32_t want, uint32_t len, uint32_t prot, uint32_t flags)
{
	struct request r = {.prot = prot, .flags = flags & MAP_TYPE};
	int err;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!is_shared_address(want))
			return wrong_place(want, S_FIRST);
		r.seg = shseg_new_at(want, len);
	} else {
		r.seg = shseg_new(len);
	}
	if (!r.seg)
		return -ENOMEM;
	r.start = r.seg->start;
	r.end = r.seg->end;
	err = add(&r);
	shseg_put(r.seg);
	return err;
}

int mmap_segment(struct shseg *seg, uint32_t prot)
{
	struct request r = {.seg = seg,
		.start = seg->start,
		.end = seg->end,
		.prot = prot,
		.flags = MAP_SHARED};

	return add(&r);
}

int munmap_shared(struct mm *mm, uint32_t start, uint32_t end)
{
	int err;

	lock_acquire(&mm->lock);
	err = drop_locked(mm, start, end);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return err;
}

int munmap_segment(uaddr_t start, void (*unmapped)(struct shseg *s, uint64_t bytes))
{
	struct mm *mm = proc_self()->mm;
	struct vma *v;
	int err = -EINVAL;

	lock_acquire(&mm->lock);
	v = vma_find_locked(mm, start);
	if (v && v->shared && v->shared->start == start && v->shared->unmapped == unmapped)
		err = drop_locked(mm, start, v->shared->end);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return err;
}

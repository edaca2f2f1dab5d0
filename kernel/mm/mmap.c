/*
 * mmap.c - mmap, munmap, mremap, mprotect and friends: bookkeeping over U.
 * Spec: POSIX.1-2024 mmap(); flags as Linux has them. A private file mapping is a copy made at the
 * call. Memory that processes share is mmap_shared.c's; a shared file mapping of a program that
 * cannot reach S is plainmap.c's.
 * Locks: mm.lock.
 */
#include "mm/internal.h"
#include "mm/plainmap.h"
#include "mm/shared.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "arch/arch.h"
#include "proc/proc.h"
#include "syscalls.h"

/* Pages of U. */
static bool range_valid(uint32_t start, uint64_t len)
{
	return !(start & (PAGE_SIZE - 1)) && len > 0 && start + len <= U_LIMIT;
}

/* Pages of U or of S. */
static bool range_anywhere(uint32_t start, uint64_t len)
{
	return range_valid(start, len) ||
	       (is_shared_address(start) && len > 0 && !(start & (PAGE_SIZE - 1)) &&
		       start + len <= S_END);
}

/* Where a new mapping goes; removes what MAP_FIXED replaces. Returns 0: -ENOMEM or in *err. */
static uint32_t choose_locked(struct mm *mm, uint32_t start, uint32_t len, uint32_t flags, int *err)
{
	*err = -ENOMEM;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!range_valid(start, len) || start < PAGE_SIZE) {
			*err = start & (PAGE_SIZE - 1) ? -EINVAL : start ? -ENOMEM : -EPERM;
			return 0;
		}
		if ((flags & MAP_FIXED_NOREPLACE) && !range_free_locked(mm, start, start + len)) {
			*err = -EEXIST;
			return 0;
		}
		if (vma_remove_locked(mm, start, start + len))
			return 0;
		return start;
	}
	start &= ~(PAGE_SIZE - 1);
	if (start >= mm->mmap_base && start + (uint64_t)len <= mm->limit &&
		range_free_locked(mm, start, start + len))
		return start;
	return range_find_locked(mm, mm->mmap_base, len);
}

/* Copy a file's bytes into fresh memory of the calling process. Short files leave zeros. */
static int fill_from_file(struct file *file, uint32_t at, uint32_t len, uint64_t offset)
{
	struct iobuf b;
	int err = iob_init_user(&b, at, len, true);
	ssize_t n;

	if (err)
		return err;
	while (b.left > 0) {
		n = file->ops->read(file, &b, &offset);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
	}
	return 0;
}

/* A memfd that is not to change any more. */
static bool sealed(const struct file *file)
{
	return file->inode && (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
}

static int check_file(struct file *file, uint32_t prot, uint32_t flags)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	if (!file_readable(file))
		return -EACCES;
	if (file->ops->map)
		return shared && (prot & PROT_WRITE) && !file_writable(file) ? -EACCES : 0;
	if (!file->ops->read || file->ops->stream || !file->inode || !S_ISREG(file->inode->mode))
		return -ENODEV;
	if (shared && (prot & PROT_WRITE) && (!file_writable(file) || !file->ops->write))
		return -EACCES;
	return shared && (prot & PROT_WRITE) && sealed(file) ? -EPERM : 0;
}

/* The copy of a file's bytes at [start, start + len) is to be written back. */
static int make_plain(struct mm *mm, struct file *file, uint32_t start, uint32_t len)
{
	struct plainmap *p;
	struct vma *v;
	int err = plainmap_new(mm, file->inode, start, len, &p);

	if (err)
		return err;
	lock_acquire(&mm->lock);
	v = vma_find_locked(mm, start);
	if (v && v->start == start && v->end == start + len && v->file == file) {
		plainmap_note_locked(p, start, start + len);
		plainmap_get(p);
		v->plain = p;
	} else {
		err = -ENOMEM; /* another thread unmapped it meanwhile */
	}
	lock_release(&mm->lock);
	plainmap_put(p);
	return err;
}

/* Tell the file of its new mapping, which is undone if it says no. */
static int announce_locked(struct mm *mm, struct vma *v, uint32_t prot)
{
	struct file *file = v->file;
	int err = file->ops->map->map(file, mm, v, false);

	if (!err) {
		v->prot = prot;
		return 0;
	}
	list_del(&v->link);
	kfree(v);
	file_put(file); /* the caller holds it, too */
	return err;
}

static int map_range(struct mm *mm, uint32_t start, uint32_t len, uint32_t prot, uint32_t flags,
	struct file *file, uint64_t offset)
{
	uint32_t keep = flags & (MAP_TYPE | MAP_NORESERVE | MAP_STACK);
	struct vma *v = NULL;
	int err;

	if (flags & MAP_FIXED) { /* what it replaces */
		err = plainmap_write_back(mm, start, start + len);
		if (err)
			return err;
	}
	lock_acquire(&mm->lock);
	if (!mm_limit_ok_locked(mm, len)) {
		lock_release(&mm->lock);
		return -ENOMEM;
	}
	start = choose_locked(mm, start, len, flags, &err);
	if (!start)
		goto out;
	err = range_clear_locked(mm, start, start + len);
	/* A file's bytes are read through the map: readable and writable until they are there. */
	if (!err)
		v = vma_add_locked(mm, start, start + len, file ? PROT_READ | PROT_WRITE : prot,
			keep, VMA_MMAP, file, offset);
	if (!err && !v)
		err = -ENOMEM;
	if (!err && file && file->ops->map)
		err = announce_locked(mm, v, prot);
	mm_refresh_locked(mm);
out:
	lock_release(&mm->lock);
	return err ? err : (int)start;
}

int sys_mmap2(
	uaddr_t start, uint32_t len, uint32_t prot, uint32_t flags, int32_t fd, uint32_t pgoff)
{
	struct mm *mm = proc_self()->mm;
	struct file *file = NULL;
	uint64_t offset = (uint64_t)pgoff << PAGE_SHIFT;
	uint32_t type = flags & MAP_TYPE;
	bool shared = type != MAP_PRIVATE;
	int at, err;

	if (!len || (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
		return -EINVAL;
	if (len > U_LIMIT)
		return -ENOMEM;
	len = PAGE_ALIGN(len);
	if (!(flags & MAP_ANONYMOUS)) {
		file = fd_get(fd);
		if (!file)
			return -EBADF;
		err = check_file(file, prot, flags);
		if (err)
			goto put;
	}
	if (shared && mm->shares && !(file && file->ops->map)) {
		err = file ? mmap_shared_file(file, start, len, prot, flags, offset)
			   : mmap_shared_anonymous(start, len, prot, flags);
		if (err != -EOPNOTSUPP)
			goto put;
	}
	at = map_range(mm, start, len, prot, flags, file, offset);
	if (at < 0 && at > -4096) {
		err = at;
		goto put;
	}
	err = at;
	if (file && !file->ops->map) {
		int fill = fill_from_file(file, (uint32_t)at, len, offset);

		if (!fill && shared && (prot & PROT_WRITE) && !file->ops->map)
			fill = make_plain(mm, file, (uint32_t)at, len);
		if (fill) {
			err = fill;
			sys_munmap((uint32_t)at, len);
		} else if ((prot & 3) != (PROT_READ | PROT_WRITE)) {
			sys_mprotect((uint32_t)at, len, prot);
		}
	}
put:
	if (file)
		file_put(file);
	return err;
}

int sys_munmap(uaddr_t start, uint32_t len)
{
	struct mm *mm = proc_self()->mm;
	int err;

	if (is_shared_address(start) && !(start & (PAGE_SIZE - 1)) && len &&
		(uint64_t)start + PAGE_ALIGN((uint64_t)len) <= S_END)
		return munmap_shared(mm, start, start + PAGE_ALIGN(len));
	len = len > U_LIMIT ? 0 : PAGE_ALIGN(len);
	if (!range_valid(start, len))
		return -EINVAL;
	err = plainmap_write_back(mm, start, start + len);
	if (err)
		klog(KLOG_WARN, "mm: pid %u: munmap could not write back: error %d",
			proc_self()->pid, -err);
	lock_acquire(&mm->lock);
	err = vma_remove_locked(mm, start, start + len);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return err;
}

/* True if every page of the range is mapped. */
static bool covered_locked(struct mm *mm, uint32_t start, uint32_t end)
{
	struct vma *v;

	while (start < end) {
		v = vma_find_locked(mm, start);
		if (!v)
			return false;
		start = v->end;
	}
	return true;
}

/* May a range become writable? Not a shared one that would never reach the file. */
static bool may_write(const struct vma *v)
{
	if (!v->file || (v->flags & MAP_TYPE) == MAP_PRIVATE)
		return true;
	return file_writable(v->file) && !sealed(v->file) &&
	       (v->plain || v->shared || v->file->ops->map);
}

int sys_mprotect(uaddr_t start, uint32_t len, uint32_t prot)
{
	struct mm *mm = proc_self()->mm;
	struct vma *v;
	int err = -ENOMEM;

	if (start & (PAGE_SIZE - 1) || prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	len = len > U_LIMIT ? (uint32_t)U_LIMIT : PAGE_ALIGN(len);
	if (!len)
		return 0;
	if (!range_anywhere(start, len))
		return -ENOMEM;
	lock_acquire(&mm->lock);
	if (!covered_locked(mm, start, start + len) || vma_split_at_locked(mm, start) ||
		vma_split_at_locked(mm, start + len))
		goto out;
	LIST_FOR_EACH(v, &mm->vmas, link) {
		if (v->start < start || v->start >= start + len)
			continue;
		if ((prot & PROT_WRITE) && !may_write(v)) {
			err = -EACCES;
			goto refresh;
		}
		v->prot = prot;
	}
	err = 0;
refresh:
	mm_refresh_locked(mm);
out:
	lock_release(&mm->lock);
	return err;
}

static int move_locked(
	struct mm *mm, struct vma *v, uint32_t old, uint32_t oldlen, uint32_t newlen, uint32_t to)
{
	uint32_t prot = v->prot, flags = v->flags;
	struct file *file = v->file;
	uint64_t offset = v->offset + (old - v->start);
	int err = range_clear_locked(mm, to, to + newlen);

	if (err)
		return err;
	arch_umove(to, old, MIN(oldlen, newlen));
	if (!vma_add_locked(mm, to, to + newlen, prot, flags, VMA_MMAP, file, offset))
		return -ENOMEM;
	return vma_remove_locked(mm, old, old + oldlen);
}

static int remap_locked(struct mm *mm, uint32_t old, uint32_t oldlen, uint32_t newlen,
	uint32_t flags, uint32_t want)
{
	struct vma *v = vma_find_locked(mm, old);
	uint32_t to;
	int err;

	if (!v || old + oldlen > v->end)
		return -EFAULT;
	/* Its pages have one address; and a copy of a file would have to be filled from it. */
	if ((v->shared || v->plain) && (newlen > oldlen || (flags & MREMAP_FIXED)))
		return -ENOMEM;
	/* What a device maps neither grows nor moves. */
	if (v->file && v->file->ops->map && (newlen > oldlen || (flags & MREMAP_FIXED)))
		return -EFAULT;
	if (!(flags & MREMAP_FIXED) && newlen <= oldlen) {
		err = newlen < oldlen ? vma_remove_locked(mm, old + newlen, old + oldlen) : 0;
		return err ? err : (int)old;
	}
	if (!mm_limit_ok_locked(mm, newlen))
		return -ENOMEM;
	if (!(flags & MREMAP_FIXED) && old + oldlen == v->end &&
		old + (uint64_t)newlen <= mm->limit &&
		range_free_locked(mm, v->end, old + newlen)) {
		err = range_clear_locked(mm, v->end, old + newlen);
		if (!err)
			v->end = old + newlen;
		return err ? err : (int)old;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	if (flags & MREMAP_FIXED) {
		if (!range_valid(want, newlen) || want < PAGE_SIZE ||
			(want < old + oldlen && old < want + newlen))
			return -EINVAL;
		if (vma_remove_locked(mm, want, want + newlen))
			return -ENOMEM;
		v = vma_find_locked(mm, old); /* the first part of v may be what was removed */
		to = want;
	} else {
		to = range_find_locked(mm, mm->mmap_base, newlen);
		if (!to)
			return -ENOMEM;
	}
	err = move_locked(mm, v, old, oldlen, newlen, to);
	return err ? err : (int)to;
}

int sys_mremap(uaddr_t old, uint32_t oldlen, uint32_t newlen, uint32_t flags, uaddr_t want)
{
	struct mm *mm = proc_self()->mm;
	int r;

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) || (old & (PAGE_SIZE - 1)) || !newlen)
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (oldlen > U_LIMIT || newlen > U_LIMIT)
		return -ENOMEM;
	oldlen = PAGE_ALIGN(oldlen);
	newlen = PAGE_ALIGN(newlen);
	if (!range_anywhere(old, oldlen)) /* oldlen 0 duplicates a shared map: not without -mshm */
		return -EINVAL;
	if (newlen < oldlen) {
		r = plainmap_write_back(mm, old + newlen, old + oldlen);
		if (r)
			return r;
	}
	lock_acquire(&mm->lock);
	r = remap_locked(mm, old, oldlen, newlen, flags, want);
	mm_refresh_locked(mm);
	lock_release(&mm->lock);
	return r;
}

/* The checks that a call makes on a range that must be mapped. */
static int check_mapped(uaddr_t start, uint32_t len)
{
	struct mm *mm = proc_self()->mm;
	bool ok;

	if (start & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!len)
		return 0;
	if (!range_anywhere(start, PAGE_ALIGN((uint64_t)len)))
		return -ENOMEM;
	lock_acquire(&mm->lock);
	ok = covered_locked(mm, start, start + PAGE_ALIGN(len));
	lock_release(&mm->lock);
	return ok ? 0 : -ENOMEM;
}

#define MS_ASYNC 1u
#define MS_INVALIDATE 2u
#define MS_SYNC 4u

/* Pages of S are the file's own. Those of a plain program are copied back. */
int sys_msync(uaddr_t start, uint32_t len, uint32_t flags)
{
	int err;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
		(flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	err = check_mapped(start, len);
	return err ? err : plainmap_write_back(proc_self()->mm, start, start + PAGE_ALIGN(len));
}

int sys_mlock(uaddr_t start, uint32_t len)
{
	uint32_t offset = start & (PAGE_SIZE - 1);

	return check_mapped(start - offset, len ? len + offset : 0);
}

int sys_munlock(uaddr_t start, uint32_t len)
{
	return sys_mlock(start, len);
}

#define MADV_NORMAL 0
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_HUGEPAGE 14
#define MADV_DODUMP 17

int sys_madvise(uaddr_t start, uint32_t len, uint32_t advice)
{
	struct mm *mm = proc_self()->mm;
	struct vma *v;
	int err = check_mapped(start, len);

	if (err)
		return err;
	if (advice <= MADV_WILLNEED || advice == MADV_FREE ||
		(advice >= MADV_HUGEPAGE && advice <= MADV_DODUMP))
		return 0;
	if (advice != MADV_DONTNEED)
		return -EINVAL;
	/* Anonymous private pages read as zeros afterwards. */
	len = PAGE_ALIGN(len);
	lock_acquire(&mm->lock);
	LIST_FOR_EACH(v, &mm->vmas, link) {
		uint32_t a = MAX(v->start, start), b = MIN(v->end, start + len);

		if (a < b && !v->file && !v->shared)
			arch_uset(a, 0, b - a);
	}
	lock_release(&mm->lock);
	return 0;
}

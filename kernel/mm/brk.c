/* brk.c - brk(2): the heap that grows from the end of static data. */
#include "mm/internal.h"
#include "proc/proc.h"
#include "syscalls.h"

/* Returns the new break, or the old one when the request cannot be met, as Linux does. */
int sys_brk(uaddr_t want)
{
	struct mm *mm = proc_self()->mm;
	uint32_t old_end, new_end;

	lock_acquire(&mm->lock);
	if (want < mm->heap_base || want > mm->limit)
		goto out;
	old_end = PAGE_ALIGN(mm->brk);
	new_end = PAGE_ALIGN(want);
	if (new_end > old_end) {
		if (!range_free_locked(mm, old_end, new_end) ||
			!mm_limit_ok_locked(mm, new_end - old_end) ||
			new_end - mm->heap_base > proc_limit_self(RLIMIT_DATA) ||
			range_clear_locked(mm, old_end, new_end) ||
			!vma_add_locked(mm, old_end, new_end, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				VMA_HEAP, NULL, 0))
			goto out;
	} else if (new_end < old_end && vma_remove_locked(mm, new_end, old_end)) {
		goto out;
	}
	mm->brk = want;
	mm_refresh_locked(mm);
out:
	want = mm->brk;
	lock_release(&mm->lock);
	return (int)want;
}

/*
 * shared.c - pages of S: first fit over an ordered list of the runs that are free.
 * Lock: shared_lock (RANK_SHARED).
 */
#include "mm/shared.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/lock.h"
#include "arch/arch.h"

static struct lock shared_lock = LOCK_INIT(RANK_SHARED);
/* All [shared_lock]. */
static struct list holes = LIST_INIT(holes); /* free runs below top, by address; no two touch */
static uint32_t top = S_FIRST;		     /* all from here on is free, too */
static uint32_t clean = S_FIRST;	     /* all from here on was never used: it is zeros */
static uint64_t used;			     /* bytes in segments */

bool shared_available(void)
{
	return arch_ssize() > 0;
}

/* Cut [start, end) out of hole h. *spare becomes the second half of what a cut in the middle
 * leaves. */
static void cut_locked(struct shseg *h, uint32_t start, uint32_t end, struct shseg **spare)
{
	if (h->start < start && end < h->end) {
		struct shseg *rest = *spare;

		*spare = NULL;
		rest->start = end;
		rest->end = h->end;
		list_add_head(&h->link, &rest->link);
		h->end = start;
	} else if (h->start < start) {
		h->end = start;
	} else if (end < h->end) {
		h->start = end;
	} else {
		list_del(&h->link);
		kfree(h);
	}
}

/* [start, end) at or above top becomes used; *spare becomes the hole between. False: S is full. */
static bool extend_locked(uint32_t start, uint64_t end, struct shseg **spare)
{
	if (end > S_END)
		return false;
	if (!arch_sgrow(end - S_BASE)) {
		klog(KLOG_WARN, "mm: the engine refuses to grow shared memory to %u KiB",
			(uint32_t)(end - S_BASE) >> 10);
		return false;
	}
	if (start > top) {
		struct shseg *h = *spare;

		*spare = NULL;
		h->start = top;
		h->end = start;
		list_add_tail(&holes, &h->link);
	}
	top = (uint32_t)end;
	return true;
}

/* Find len bytes, at `at` unless that is 0. Returns their address, 0: there are none. */
static uint32_t take_locked(uint32_t at, uint32_t len, struct shseg **spare)
{
	struct shseg *h;

	LIST_FOR_EACH(h, &holes, link) {
		uint32_t start = at ? at : h->start;

		if (start >= h->start && start < h->end && h->end - start >= len) {
			cut_locked(h, start, start + len, spare);
			return start;
		}
	}
	if (!at)
		at = top;
	return at >= top && extend_locked(at, (uint64_t)at + len, spare) ? at : 0;
}

static struct shseg *segment_new(uint32_t at, uint64_t len)
{
	struct shseg *s, *spare;
	uint32_t dirty;

	len = PAGE_ALIGN(len);
	if (!shared_available() || !len || len > S_END - S_FIRST)
		return NULL;
	s = kzalloc(sizeof(*s));
	spare = kzalloc(sizeof(*spare));
	if (!s || !spare) {
		kfree(s);
		kfree(spare);
		return NULL;
	}
	lock_acquire(&shared_lock);
	s->start = take_locked(at, (uint32_t)len, &spare);
	dirty = clean;
	if (s->start) {
		s->end = s->start + (uint32_t)len;
		used += len;
		clean = MAX(clean, s->end);
	}
	lock_release(&shared_lock);
	kfree(spare);
	if (!s->start) {
		kfree(s);
		return NULL;
	}
	ref_init(&s->refs, 1);
	if (s->start < dirty)
		arch_uset(s->start, 0, MIN(s->end, dirty) - s->start);
	return s;
}

struct shseg *shseg_new(uint32_t len)
{
	return segment_new(0, len);
}

struct shseg *shseg_new_at(uint32_t start, uint32_t len)
{
	if (start & (PAGE_SIZE - 1) || start < S_FIRST)
		return NULL;
	return segment_new(start, len);
}

void shseg_get(struct shseg *s)
{
	ref_get(&s->refs);
}

/* The record of a segment that is free becomes a hole's, or goes. So giving back cannot fail. */
static void give_locked(struct shseg *s)
{
	struct shseg *next, *prev = NULL;

	LIST_FOR_EACH(next, &holes, link) {
		if (next->start > s->start)
			break;
		prev = next;
	}
	list_insert_between(
		&s->link, prev ? &prev->link : &holes, prev ? prev->link.next : holes.next);
	if (s->link.next != &holes && next->start == s->end) {
		s->end = next->end;
		list_del(&next->link);
		kfree(next);
	}
	if (prev && prev->end == s->start) {
		prev->end = s->end;
		list_del(&s->link);
		kfree(s);
		s = prev;
	}
	if (s->end == top) {
		top = s->start;
		list_del(&s->link);
		kfree(s);
	}
}

void shseg_put(struct shseg *s)
{
	if (!ref_put(&s->refs))
		return;
	lock_acquire(&shared_lock);
	used -= s->end - s->start;
	give_locked(s);
	lock_release(&shared_lock);
}

void shared_usage(uint64_t *in_use, uint64_t *size)
{
	lock_acquire(&shared_lock);
	*in_use = used;
	lock_release(&shared_lock);
	*size = arch_ssize();
}

/*
 * alloc.c - the kernel heap: a buddy allocator of pages below size classes.
 * Locks: pages.lock and one per class, all RANK_ALLOC, never two at once.
 *
 * One byte of page_info per page says what starts there. Blocks of the buddy allocator are aligned
 * to their size from the arena's start, so a slab's head is found by masking an object's address.
 */
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/str.h"
#include "arch/arch.h"

#define MAX_PAGES (1u << 19) /* 2 GiB */
#define MAX_ORDER 15	     /* 128 MiB */
#define GROW_PAGES 256u	     /* K grows by at least 1 MiB */
#define SLAB_ORDER_SMALL 0
#define SLAB_ORDER_LARGE 2 /* 16 KiB slabs for objects from 512 bytes */

enum { INFO_NONE, INFO_FREE = 0x20, INFO_BLOCK = 0x40, INFO_SLAB = 0x80 }; /* | order or class */

static const uint16_t class_size[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};
#define CLASSES ARRAY_LEN(class_size)

struct slab {
	struct list link; /* [class lock] in class.partial, or alone when full */
	void *free;	  /* [class lock] objects, linked through their first word */
	uint32_t used;
	uint32_t class;
};
#define SLAB_HEADER 32u
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "objects start after the header");

struct size_class {
	struct lock lock;
	struct list partial; /* [l] slabs with a free object */
	struct slab *spare;  /* [l] one empty slab kept back, so that a loop does not thrash */
} __attribute__((aligned(CACHE_LINE)));

static struct size_class classes[CLASSES];
static uint8_t page_info[MAX_PAGES];
static struct {
	struct lock lock;
	uint8_t *base;			 /* [i] after the first growth; 64 KiB-aligned */
	uint32_t count;			 /* [l] pages in the arena */
	struct list free[MAX_ORDER + 1]; /* [l] free blocks by order */
} pages = {.lock = LOCK_INIT(RANK_ALLOC)};

static uint32_t ready;		/* [a] lists are set up */
static uint64_t used_bytes;	/* [a] */
static uint32_t live_objects;	/* [a] */
static uint32_t fail_countdown; /* [a] fault injection */

static uint32_t slab_order(uint32_t class)
{
	return class_size[class] >= 512 ? SLAB_ORDER_LARGE : SLAB_ORDER_SMALL;
}

/* The first caller is the boot thread, before any other exists. */
static void set_up(void)
{
	for (uint32_t i = 0; i <= MAX_ORDER; i++)
		list_init(&pages.free[i]);
	for (uint32_t i = 0; i < CLASSES; i++) {
		lock_init(&classes[i].lock, RANK_ALLOC);
		list_init(&classes[i].partial);
	}
	atomic_store(&ready, 1u);
}

static bool injected_failure(void)
{
	return UNLIKELY(atomic_load(&fail_countdown)) && atomic_sub(&fail_countdown, 1u) == 1;
}

/* ---- pages ---- */

static uint32_t page_index(const void *p)
{
	return (uint32_t)(((const uint8_t *)p - pages.base) >> PAGE_SHIFT);
}

static void *page_at(uint32_t index)
{
	return pages.base + ((size_t)index << PAGE_SHIFT);
}

static void free_list_add(uint32_t index, uint32_t order)
{
	page_info[index] = (uint8_t)(INFO_FREE | order);
	list_add_head(&pages.free[order], page_at(index));
}

/* Give [index, index + 1 << order) back, joined with free neighbours. pages.lock is held. */
static void block_free_locked(uint32_t index, uint32_t order)
{
	while (order < MAX_ORDER) {
		uint32_t buddy = index ^ (1u << order);

		if (buddy + (1u << order) > pages.count || page_info[buddy] != (INFO_FREE | order))
			break;
		list_del(page_at(buddy));
		page_info[buddy] = INFO_NONE;
		index = MIN(index, buddy);
		order++;
	}
	free_list_add(index, order);
}

/* Grow K by at least n pages. pages.lock is held. */
static bool grow_locked(uint32_t n)
{
	size_t got = 0;
	uint8_t *p;

	n = MAX(n, GROW_PAGES);
	if (pages.count + n > MAX_PAGES)
		return false;
	p = arch_kgrow(n, &got);
	if (!p)
		return false;
	if (!pages.base)
		pages.base = p;
	KASSERT(p == pages.base + ((size_t)pages.count << PAGE_SHIFT));
	for (uint32_t done = 0; done < got;) {
		uint32_t index = pages.count, order = 0;

		while (order < MAX_ORDER && !(index & (1u << order)) && done + (2u << order) <= got)
			order++;
		pages.count += 1u << order;
		block_free_locked(index, order);
		done += 1u << order;
	}
	return true;
}

static void *block_alloc(uint32_t order)
{
	uint32_t found, index;

	if (order > MAX_ORDER || injected_failure())
		return NULL;
	lock_acquire(&pages.lock);
	if (!ready)
		set_up();
	for (;;) {
		for (found = order; found <= MAX_ORDER && list_empty(&pages.free[found]); found++)
			;
		if (found <= MAX_ORDER)
			break;
		/* Twice the size: a block aligned to its size is then in it. */
		if (!grow_locked(order > 8 ? 2u << order : 1u << order)) {
			lock_release(&pages.lock);
			return NULL;
		}
	}
	index = page_index(pages.free[found].next);
	list_del(page_at(index));
	while (found > order) {
		found--;
		free_list_add(index + (1u << found), found);
	}
	page_info[index] = (uint8_t)(INFO_BLOCK | order);
	lock_release(&pages.lock);
	atomic_add(&used_bytes, (uint64_t)PAGE_SIZE << order);
	return page_at(index);
}

static void block_free(void *p)
{
	uint32_t index = page_index(p), order;

	KASSERT((page_info[index] & 0xe0) == INFO_BLOCK);
	lock_acquire(&pages.lock);
	order = page_info[index] & 0x1f;
	block_free_locked(index, order);
	lock_release(&pages.lock);
	atomic_sub(&used_bytes, (uint64_t)PAGE_SIZE << order);
}

static uint32_t order_of(size_t n)
{
	uint32_t order = 0;

	while (((size_t)1 << order) < n)
		order++;
	return order;
}

void *pages_alloc(size_t n)
{
	void *p = block_alloc(order_of(n));

	if (p)
		atomic_add(&live_objects, 1u);
	return p;
}

void pages_free(void *p, size_t n)
{
	if (!p)
		return;
	KASSERT((page_info[page_index(p)] & 0x1f) == order_of(n));
	block_free(p);
	atomic_sub(&live_objects, 1u);
}

void *page_alloc(void)
{
	return pages_alloc(1);
}

void page_free(void *page)
{
	pages_free(page, 1);
}

/* ---- size classes ---- */

static struct slab *slab_new(uint32_t class)
{
	uint32_t order = slab_order(class), size = class_size[class];
	uint32_t bytes = PAGE_SIZE << order;
	uint8_t *base = block_alloc(order);
	struct slab *s = (struct slab *)(void *)base;

	if (!base)
		return NULL;
	/* used_bytes counts objects, not slabs. */
	atomic_sub(&used_bytes, (uint64_t)bytes);
	for (uint32_t i = 0; i < (1u << order); i++)
		page_info[page_index(base) + i] = (uint8_t)(INFO_SLAB | class);
	*s = (struct slab){.class = class};
	list_init(&s->link);
	for (uint32_t at = bytes - size; at >= SLAB_HEADER; at -= size) {
		*(void **)(void *)(base + at) = s->free;
		s->free = base + at;
		if (at < size)
			break;
	}
	return s;
}

static void slab_delete(struct slab *s)
{
	uint32_t order = slab_order(s->class), index = page_index(s);

	for (uint32_t i = 1; i < (1u << order); i++)
		page_info[index + i] = INFO_NONE;
	page_info[index] = (uint8_t)(INFO_BLOCK | order);
	atomic_add(&used_bytes, (uint64_t)PAGE_SIZE << order);
	block_free(s);
}

static void *class_alloc(uint32_t class)
{
	struct size_class *c = &classes[class];
	struct slab *s, *fresh = NULL;
	void *p;

	if (injected_failure())
		return NULL;
	if (UNLIKELY(!atomic_load(&ready))) {
		void *first = block_alloc(0); /* sets the lists up */
		if (!first)
			return NULL;
		block_free(first);
	}
	lock_acquire(&c->lock);
	if (list_empty(&c->partial) && c->spare) {
		list_add_head(&c->partial, &c->spare->link);
		c->spare = NULL;
	}
	if (list_empty(&c->partial)) {
		lock_release(&c->lock);
		fresh = slab_new(class);
		if (!fresh)
			return NULL;
		lock_acquire(&c->lock);
		list_add_head(&c->partial, &fresh->link);
	}
	s = LIST_FIRST(&c->partial, struct slab, link);
	p = s->free;
	s->free = *(void **)p;
	s->used++;
	if (!s->free)
		list_del(&s->link);
	lock_release(&c->lock);
	return p;
}

static void class_free(struct slab *s, void *p)
{
	struct size_class *c = &classes[s->class];
	struct slab *gone = NULL;

	lock_acquire(&c->lock);
	KASSERT(s->used > 0);
	if (!s->free)
		list_add_head(&c->partial, &s->link);
	*(void **)p = s->free;
	s->free = p;
	if (--s->used == 0) {
		list_del(&s->link);
		gone = c->spare;
		c->spare = s;
	}
	lock_release(&c->lock);
	if (gone)
		slab_delete(gone);
}

static uint32_t class_of(size_t n)
{
	uint32_t class = 0;

	while (class_size[class] < n)
		class ++;
	return class;
}

void *kmalloc(size_t n)
{
	uint32_t class;
	void *p;

	if (n > class_size[CLASSES - 1])
		return pages_alloc(PAGE_ALIGN(n) >> PAGE_SHIFT);
	class = class_of(n);
	p = class_alloc(class);
	if (p) {
		atomic_add(&used_bytes, (uint64_t)class_size[class]);
		atomic_add(&live_objects, 1u);
	}
	return p;
}

void *kzalloc(size_t n)
{
	void *p = kmalloc(n);

	if (p)
		memset(p, 0, n);
	return p;
}

void kfree(void *p)
{
	uint8_t info;
	uint32_t class;
	uintptr_t slab_bytes, offset;

	if (!p)
		return;
	info = page_info[page_index(p)];
	if (!(info & INFO_SLAB)) {
		if ((info & 0xe0) != INFO_BLOCK || ((uintptr_t)p & (PAGE_SIZE - 1)))
			panic("alloc: kfree(%p): not an allocation", p);
		block_free(p);
		atomic_sub(&live_objects, 1u);
		return;
	}
	class = info & 0x1f;
	slab_bytes = (uintptr_t)PAGE_SIZE << slab_order(class);
	offset = (uintptr_t)((uint8_t *)p - pages.base) & (slab_bytes - 1);
	if (offset < SLAB_HEADER)
		panic("alloc: kfree(%p): not an allocation", p);
#if LOCK_DEBUG
	memset(p, 0xdd, class_size[class]);
#endif
	class_free((struct slab *)(void *)((uint8_t *)p - offset), p);
	atomic_sub(&used_bytes, (uint64_t)class_size[class]);
	atomic_sub(&live_objects, 1u);
}

char *kstrdup(const char *s, size_t n)
{
	char *p = kmalloc(n + 1);

	if (p) {
		memcpy(p, s, n);
		p[n] = 0;
	}
	return p;
}

void alloc_stats(struct alloc_stats *out)
{
	*out = (struct alloc_stats){
		.heap_bytes = (uint64_t)pages.count << PAGE_SHIFT,
		.used_bytes = atomic_load(&used_bytes),
		.limit_bytes = arch_klimit(),
		.objects = atomic_load(&live_objects),
	};
}

void alloc_fail_after(uint32_t n)
{
	atomic_store(&fail_countdown, n);
}

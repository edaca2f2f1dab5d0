/*
 * chunkcache.c - the cache of image chunks; see chunkcache.h.
 * Replacement is second chance: a round of chunks and a bit that each use sets.
 * Locks: cache_lock (RANK_CHUNK) guards table, round and states. A fetch runs without it.
 *
 * chunk_put() takes no lock: a chunk is freed or refilled only under the lock, when its pins are
 * zero, and pins rise only under the lock; so zero seen there stays zero.
 */
#include "fs/chunkcache.h"
#include "host/hostfetch.h"
#include "lib/alloc.h"
#include "lib/kassert.h"
#include "lib/lock.h"

#define BUCKETS 1024u
#define CACHE_BYTES_MAX (64u << 20)
#define CACHE_CHUNKS_MIN 16u

enum { CHUNK_LOADING, CHUNK_READY, CHUNK_FAILED };

static struct lock cache_lock = LOCK_INIT(RANK_CHUNK);
static struct chunk *buckets[BUCKETS];			      /* [cache_lock] */
static struct list chunk_round = LIST_INIT(chunk_round);      /* [cache_lock] next victim first */
static uint32_t chunk_limit;				      /* [cache_lock] 0: not yet computed */
static struct chunk_stats stats;			      /* [cache_lock] */
static const struct chunk_source *source = &hostfetch_source; /* [i] but in tests */

static uint32_t bucket_of(uint32_t layer, uint64_t index)
{
	return (uint32_t)(index * 2654435761u + layer * 40503u) % BUCKETS;
}

static struct chunk *find_locked(uint32_t layer, uint64_t index)
{
	struct chunk *c = buckets[bucket_of(layer, index)];

	while (c && (c->index != index || c->layer != layer))
		c = c->next;
	return c;
}

/* Out of table and round. Whoever pins it keeps the memory. */
static void unlink_locked(struct chunk *c)
{
	struct chunk **p = &buckets[bucket_of(c->layer, c->index)];

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	list_del(&c->link);
	stats.chunks--;
}

static void chunk_free(struct chunk *c)
{
	pages_free(c->memory, CHUNK_SIZE / PAGE_SIZE);
	kfree(c);
}

/* Take an unpinned chunk out of the cache, one not used lately if there is one. NULL: all pinned.
 */
static struct chunk *victim_locked(void)
{
	/* Two rounds: the first may only clear bits. */
	for (uint32_t n = 2 * stats.chunks; n > 0; n--) {
		struct chunk *c = LIST_FIRST(&chunk_round, struct chunk, link);

		if (!c->used && c->state == CHUNK_READY && atomic_load(&c->pins) == 0) {
			unlink_locked(c);
			return c;
		}
		c->used = false;
		list_del(&c->link);
		list_add_tail(&chunk_round, &c->link);
	}
	return NULL;
}

static uint32_t limit_locked(void)
{
	if (chunk_limit == 0) {
		struct alloc_stats a;
		uint64_t bytes;

		alloc_stats(&a);
		bytes = MIN(a.limit_bytes / 4, (uint64_t)CACHE_BYTES_MAX);
		chunk_limit = MAX((uint32_t)(bytes / CHUNK_SIZE), CACHE_CHUNKS_MIN);
	}
	return chunk_limit;
}

/* A chunk to fill: new while below the bound, else the victim's memory. NULL: K is full. */
static struct chunk *obtain_locked(void)
{
	struct chunk *c = stats.chunks >= limit_locked() ? victim_locked() : NULL;

	if (c)
		return c;
	c = kzalloc(sizeof(*c));
	if (c) {
		c->memory = pages_alloc(CHUNK_SIZE / PAGE_SIZE);
		if (c->memory)
			return c;
		kfree(c);
	}
	return victim_locked();
}

/* Enter a chunk to be fetched, pinned once. NULL: K is full. */
static struct chunk *enter_locked(uint32_t layer, uint64_t index, uint32_t len)
{
	struct chunk *c = obtain_locked(), **bucket;

	if (!c)
		return NULL;
	c->data = c->memory;
	c->len = len;
	c->pins = 1;
	c->layer = layer;
	c->index = index;
	c->state = CHUNK_LOADING;
	c->used = false; /* one use is no habit: a long file must not push out what is read often */
	c->err = 0;
	waitq_init(&c->loaded);
	bucket = &buckets[bucket_of(layer, index)];
	c->next = *bucket;
	*bucket = c;
	list_init(&c->link);
	list_add_tail(&chunk_round, &c->link);
	stats.chunks++;
	stats.misses++;
	return c;
}

/* Drop a pin of a failed chunk; the last one frees it. */
static void failed_put_locked(struct chunk *c)
{
	if (atomic_sub(&c->pins, 1u) == 1)
		chunk_free(c);
}

static int load(struct chunk *c)
{
	int err = source->fetch(c->layer, c->index, c->memory, c->len);

	lock_acquire(&cache_lock);
	c->err = err;
	c->state = err ? CHUNK_FAILED : CHUNK_READY;
	waitq_wake_all(&c->loaded);
	if (err) {
		unlink_locked(c); /* forgotten: the next reader tries anew */
		stats.failures++;
		failed_put_locked(c);
	}
	lock_release(&cache_lock);
	return err;
}

static int wait_loaded_locked(struct chunk *c)
{
	int err;

	while (c->state == CHUNK_LOADING) {
		if (waitq_sleep(&c->loaded, &cache_lock, WAIT_FOREVER, WAIT_UNINTR))
			continue;
	}
	err = c->err;
	if (err)
		failed_put_locked(c);
	return err;
}

/* Bytes in a chunk of a layer, 0 past its end. */
static uint32_t chunk_len(uint32_t layer, uint64_t index)
{
	const struct layer_info *info = source->layer(layer);

	if (!info || index > UINT64_MAX >> CHUNK_SHIFT || index << CHUNK_SHIFT >= info->size)
		return 0;
	return (uint32_t)MIN(info->size - (index << CHUNK_SHIFT), (uint64_t)CHUNK_SIZE);
}

int chunk_get(uint32_t layer, uint64_t index, struct chunk **out)
{
	struct chunk *c;
	uint32_t len;
	int err = 0;

	lock_acquire(&cache_lock);
	c = find_locked(layer, index);
	if (c) {
		atomic_add(&c->pins, 1u);
		c->used = true;
		stats.hits++;
		if (UNLIKELY(c->state != CHUNK_READY))
			err = wait_loaded_locked(c);
		lock_release(&cache_lock);
		*out = c;
		return err;
	}
	len = chunk_len(layer, index);
	c = len ? enter_locked(layer, index, len) : NULL;
	lock_release(&cache_lock);
	if (!c)
		return len ? -ENOMEM : -EUCLEAN;
	*out = c;
	return load(c);
}

void chunk_put(struct chunk *c)
{
	uint32_t before = atomic_sub(&c->pins, 1u);

	KASSERT(before > 0);
}

const struct layer_info *chunk_layer(uint32_t layer)
{
	return source->layer(layer);
}

void chunk_stats(struct chunk_stats *out)
{
	lock_acquire(&cache_lock);
	*out = stats;
	lock_release(&cache_lock);
}

void chunk_use_source(const struct chunk_source *new_source, uint32_t limit)
{
	lock_acquire(&cache_lock);
	while (!list_empty(&chunk_round)) {
		struct chunk *c = LIST_FIRST(&chunk_round, struct chunk, link);

		KASSERT(atomic_load(&c->pins) == 0);
		unlink_locked(c);
		chunk_free(c);
	}
	source = new_source;
	chunk_limit = limit;
	stats = (struct chunk_stats){0};
	lock_release(&cache_lock);
}

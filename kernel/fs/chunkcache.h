/*
 * chunkcache.h - plain chunks of image layers, kept in K and shared by every reader.
 *
 * A layer is cut into chunks of CHUNK_SIZE bytes (the last may be shorter). A chunk is fetched
 * once, whoever asks first; others that want it meanwhile wait for the same answer. What nobody has
 * pinned may go when the cache is at its bound.
 * Locks: one, RANK_CHUNK, never held over a fetch.
 */
#ifndef FS_CHUNKCACHE_H
#define FS_CHUNKCACHE_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/waitq.h"
#include "init/init.h"

#define CHUNK_SHIFT 16
#define CHUNK_SIZE (1u << CHUNK_SHIFT)

struct chunk {
	const uint8_t *data; /* [i] while pinned */
	uint32_t len;	     /* [i] while pinned */
	uint32_t pins;	     /* [a] raised under the cache's lock only */
	uint32_t layer;	     /* [i] in the table */
	uint64_t index;	     /* [i] in the table */
	uint8_t state;	     /* [CHUNK] */
	bool used;	     /* [CHUNK] since the sweep last came by */
	int err;	     /* [CHUNK] once failed */
	uint8_t *memory;     /* [i] CHUNK_SIZE bytes */
	struct chunk *next;  /* [CHUNK] in its bucket */
	struct list link;    /* [CHUNK] the sweep's round */
	struct waitq loaded; /* [CHUNK] */
};

/* Where chunks come from: the host; in tests, memory. */
struct chunk_source {
	/* NULL: no such layer. */
	const struct layer_info *(*layer)(uint32_t layer);
	/* Fill exactly len bytes. 0, or -errno after saying why in the log. May sleep. */
	int (*fetch)(uint32_t layer, uint64_t index, uint8_t *data, uint32_t len);
};

/*
 * Pin a chunk. Sleeps while it is being fetched; a signal does not end that sleep.
 * Returns 0 and *out, whose data and len hold until chunk_put(); -EIO when it cannot be had or
 * fails its check (the next call tries again); -ENOMEM; -EUCLEAN past the layer's end.
 */
int chunk_get(uint32_t layer, uint64_t index, struct chunk **out) MUST_CHECK;
void chunk_put(struct chunk *c);

/* The layer's description, from the source in use. NULL: no such layer. */
const struct layer_info *chunk_layer(uint32_t layer);

struct chunk_stats {
	uint32_t chunks; /* in memory now */
	uint64_t hits, misses, failures;
};
void chunk_stats(struct chunk_stats *out);

/* For tests and fuzzers: another source, at most `limit` chunks kept. Forgets every chunk; none
 * may be pinned. */
void chunk_use_source(const struct chunk_source *source, uint32_t limit);

#endif

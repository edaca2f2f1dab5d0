/* ref.h - reference counts. A count that reached zero never rises again. */
#ifndef LIB_REF_H
#define LIB_REF_H

#include "lib/types.h"
#include "lib/kassert.h"

struct ref {
	uint32_t count; /* [a] */
};

static inline void ref_init(struct ref *r, uint32_t n)
{
	atomic_store(&r->count, n);
}
/* The caller holds a reference already. */
static inline void ref_get(struct ref *r)
{
	uint32_t before = atomic_add(&r->count, 1u);
	KASSERT(before > 0 && before < 0x40000000u);
}
/* Take a reference unless the count is zero. Returns false if it was: the object is going. */
static inline bool ref_get_unless_zero(struct ref *r)
{
	uint32_t n = atomic_load(&r->count);
	while (n > 0) {
		if (atomic_cas(&r->count, n, n + 1))
			return true;
		n = atomic_load(&r->count);
	}
	return false;
}
/* Returns true when this was the last one: the caller frees the object. */
static inline bool ref_put(struct ref *r)
{
	uint32_t before = atomic_sub(&r->count, 1u);
	KASSERT(before > 0);
	return before == 1;
}

#endif

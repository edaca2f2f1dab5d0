/*
 * types.h - the words every room uses. Freestanding: no header of the C library but these three,
 * so that the four builds (wasm, native with TSan, native with ASan, det) see the same kernel.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/errno.h"

typedef ptrdiff_t ssize_t_k;
#define ssize_t ssize_t_k
typedef uint32_t uaddr_t; /* an untrusted user address: 32 bits in every build */

#define PAGE_SIZE 4096u
#define PAGE_SHIFT 12
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & ~(__typeof__(x))(PAGE_SIZE - 1))
#define CACHE_LINE 128 /* two lines: neighbours are prefetched in pairs; sharing one cost 3x */

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define NORETURN __attribute__((noreturn))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MUST_CHECK __attribute__((warn_unused_result))

/* Pointers that carry a small negative errno, as op tables return them. */
static inline void *ERR_PTR(long err)
{
	return (void *)(intptr_t)err;
}
static inline int PTR_ERR(const void *p)
{
	return (int)(intptr_t)p;
}
static inline bool IS_ERR(const void *p)
{
	return (uintptr_t)p >= (uintptr_t)-4095;
}

/* Atomics: sequentially consistent unless a comment at the use says why not. */
#define atomic_load(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define atomic_store(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
/* Set *p to new if it is old. Returns true if it did. */
#define atomic_cas(p, old, new)                                                                    \
	({                                                                                         \
		__typeof__(*(p)) cas_old_ = (old);                                                 \
		__atomic_compare_exchange_n(                                                       \
			(p), &cas_old_, (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
	})

#endif

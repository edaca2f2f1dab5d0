/*
 * atomics.h - included before every file of the deterministic build: each atomic operation is a
 * point where another thread may run.
 */
#ifndef ARCH_DET_ATOMICS_H
#define ARCH_DET_ATOMICS_H

#include "lib/types.h"

void det_atomic_point(void);

#undef atomic_load
#undef atomic_store
#undef atomic_add
#undef atomic_sub
#undef atomic_or
#undef atomic_and
#undef atomic_xchg
#undef atomic_cas
#define DET_POINT(x) (det_atomic_point(), (x))
#define atomic_load(p) DET_POINT(__atomic_load_n((p), __ATOMIC_SEQ_CST))
#define atomic_store(p, v) (det_atomic_point(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST))
#define atomic_add(p, v) DET_POINT(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))
#define atomic_sub(p, v) DET_POINT(__atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST))
#define atomic_or(p, v) DET_POINT(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define atomic_and(p, v) DET_POINT(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define atomic_xchg(p, v) DET_POINT(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define atomic_cas(p, old, new)                                                                    \
	({                                                                                         \
		__typeof__(*(p)) cas_old_ = (old);                                                 \
		det_atomic_point();                                                                \
		__atomic_compare_exchange_n(                                                       \
			(p), &cas_old_, (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
	})

#endif

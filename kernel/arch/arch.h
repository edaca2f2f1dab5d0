/*
 * arch.h - the whole seam between the kernel and what it runs on: WebAssembly (arch/wasm), Linux
 * threads for sanitizers (arch/native), one thread at a time chosen by a seed (arch/det).
 * Only lib/lock.c and lib/waitq.c call arch_wait and arch_notify.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "lib/types.h"

struct waker;
/* Wait while *word == seen, at most timeout_ns (negative: for ever). May return early. */
void arch_wait(uint32_t *word, uint32_t seen, int64_t timeout_ns);
/* Wake up to n threads that wait on word. */
void arch_notify(uint32_t *word, uint32_t n);

/* Tell the host that *word (the request doorbell) changed: it waits with Atomics.waitAsync. */
void arch_doorbell(uint32_t *word);

/* A point where the det build may switch threads. Nothing elsewhere. lib/lock.c and
 * lib/waitq.c call it; so may code whose atomics are a protocol of their own. */
void arch_preempt(void);

/* The calling thread's waker; set once per kernel instance. */
struct waker *arch_self(void);
void arch_set_self(struct waker *self);

/* Monotonic nanoseconds since the machine started, and the Unix time in ns. Cheap (< 50 ns). */
uint64_t arch_clock_ns(void);
uint64_t arch_realtime_ns(void);
/* CPU time is not metered by engines: thread's running time since its start is the best known. */

/* n random bytes from the host's generator. */
void arch_random(void *buf, size_t n);

/*
 * Raw copies between K and the calling thread's U, or, for addresses from 0x80000000 up, S: memory
 * that processes share (mm/shared.h), within reach of every thread. No checks: mm/uaccess.h has the
 * checked ones that the rest of the kernel uses. A copy touches one of U and S. Sizes are in bytes.
 */
void arch_copyin(void *dst, uaddr_t src, size_t n);
void arch_copyout(uaddr_t dst, const void *src, size_t n);
void arch_uset(uaddr_t dst, int c, size_t n);
void arch_umove(uaddr_t dst, uaddr_t src, size_t n);
uint32_t arch_uload32(uaddr_t a);
void arch_ustore32(uaddr_t a, uint32_t v);
bool arch_ucas32(uaddr_t a, uint32_t old, uint32_t new_value);
uint64_t arch_usize(void);
/* Grow U to at least `bytes`. Returns false when the engine refuses. */
bool arch_ugrow(uint64_t bytes);
/* The same for S, whose caller makes sure that it is alone. Size 0: this engine has no S. */
uint64_t arch_ssize(void);
bool arch_sgrow(uint64_t bytes);

/* Grow K by n pages of 4 KiB (rounded up to 64 KiB). Returns the address, NULL at the limit. */
void *arch_kgrow(size_t pages, size_t *got);
uint64_t arch_klimit(void);

/* Make sure the calling thread has native stack left for the kernel; overflows now, before any
 * lock is taken, if not. First thing at kernel entry. */
void arch_probe_stack(void);

/*
 * Leave the calling thread's program for good (exec, exit, park): back to the Worker's loop, by a
 * trap. Holds no lock. Does not return.
 */
NORETURN void arch_leave(void);
/* Stop the whole machine after panic() wrote its message. */
NORETURN void arch_halt(const char *message);

#endif

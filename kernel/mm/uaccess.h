/*
 * uaccess.h - checked copies between the kernel and the calling process's user memory.
 * Every range is tested first: against U's size, page 0, and unmapped or PROT_NONE pages of the
 * map; a bad one is -EFAULT and nothing is copied. Never traps, never sleeps, takes no lock
 * (the common case is one compare with mm->fast_end; the slow case reads the map under mm.lock,
 * so call it with no lock above RANK_MM held unless the range was checked before: see pin).
 */
#ifndef MM_UACCESS_H
#define MM_UACCESS_H

#include "lib/types.h"

int copyin(void *dst, uaddr_t src, size_t n) MUST_CHECK;
int copyout(uaddr_t dst, const void *src, size_t n) MUST_CHECK;
/* True if [a, a + n) may be read (write: written) by the program. n == 0: true. */
bool uaccess_ok(uaddr_t a, size_t n, bool write);
/* Copy a NUL-terminated string of at most size - 1 bytes. Returns its length, -EFAULT, or
 * -ENAMETOOLONG when no NUL comes in time. */
ssize_t copyin_str(char *dst, uaddr_t src, size_t size) MUST_CHECK;

/*
 * Where the bytes of a read or write come from and go to: user memory (one range or an iovec) or
 * kernel memory. Made by the system call layer with every range already checked by uaccess_ok, so
 * that iob_* neither fails nor takes mm.lock and may be called under any lock. (Another thread
 * may unmap meanwhile: U never shrinks, so the copy still cannot trap.)
 */
struct iobuf {
	bool kernel;
	void *kbase;		     /* kernel: the buffer */
	uaddr_t ubase;		     /* user, current segment: its next byte */
	uint32_t useg;		     /* user: bytes left in the current segment */
	const struct abi_iovec *vec; /* user: further segments, kernel copy */
	uint32_t nvec;
	size_t left; /* bytes left in all */
	size_t done; /* bytes moved */
};

void iob_init_kernel(struct iobuf *b, void *base, size_t len);
/* -EFAULT unless [base, base + len) may be accessed. write: the kernel will write to it. */
int iob_init_user(struct iobuf *b, uaddr_t base, size_t len, bool write) MUST_CHECK;
/*
 * From an iovec in user memory; vec: room for count entries, lives as long as b.
 * -EINVAL: count or total too large; -EFAULT.
 */
int iob_init_iovec(struct iobuf *b, struct abi_iovec *vec, uaddr_t uvec, uint32_t count,
	bool write) MUST_CHECK;
/* Move min(n, left) bytes. Returns how many. */
size_t iob_put(struct iobuf *b, const void *src, size_t n); /* kernel -> buffer */
size_t iob_get(struct iobuf *b, void *dst, size_t n);	    /* buffer -> kernel */
size_t iob_zero(struct iobuf *b, size_t n);
/* The same between the buffer and S (mm/shared.h); the kernel's own segment, not checked. */
size_t iob_put_shared(struct iobuf *b, uaddr_t src, size_t n);
size_t iob_get_shared(struct iobuf *b, uaddr_t dst, size_t n);

#endif

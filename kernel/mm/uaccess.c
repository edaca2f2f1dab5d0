/*
 * uaccess.c - checked copies to and from user memory; see uaccess.h.
 * Locks: mm.lock in the slow path of uaccess_ok().
 */
#include "mm/internal.h"
#include "mm/shared.h"
#include "mm/uaccess.h"
#include "lib/str.h"
#include "abi/fs.h"
#include "arch/arch.h"
#include "proc/proc.h"

static bool slow_ok(struct mm *mm, uint32_t a, uint64_t end, bool write)
{
	struct vma *v;
	bool ok = false;

	lock_acquire(&mm->lock);
	while ((v = vma_find_locked(mm, a))) {
		if (!(v->prot & (write ? PROT_WRITE : PROT_READ)))
			break;
		if (end <= v->end) {
			ok = true;
			break;
		}
		a = v->end;
	}
	lock_release(&mm->lock);
	return ok;
}

bool uaccess_ok(uaddr_t a, size_t n, bool write)
{
	struct mm *mm = proc_self()->mm;
	uint64_t end = (uint64_t)a + n, map;

	if (n == 0)
		return true;
	if (a < PAGE_SIZE)
		return false;
	if (LIKELY(end <= atomic_load(&mm->fast_end)))
		return true;
	map = atomic_load(&mm->fast_map);
	if (LIKELY(a >= (uint32_t)(map >> 32) && end <= (uint32_t)map))
		return true;
	if (is_shared_address(a))
		return end <= S_END && slow_ok(mm, a, end, write);
	return end <= U_LIMIT && slow_ok(mm, a, end, write);
}

int copyin(void *dst, uaddr_t src, size_t n)
{
	if (!uaccess_ok(src, n, false))
		return -EFAULT;
	if (n) /* no bytes may be at any address, but the engine traps beyond the end even then */
		arch_copyin(dst, src, n);
	return 0;
}

int copyout(uaddr_t dst, const void *src, size_t n)
{
	if (!uaccess_ok(dst, n, true))
		return -EFAULT;
	if (n)
		arch_copyout(dst, src, n);
	return 0;
}

ssize_t copyin_str(char *dst, uaddr_t src, size_t size)
{
	size_t done = 0;

	while (done < size) {
		/* Up to the next page's edge: the bytes after the NUL need not be mapped. */
		size_t n = MIN(size - done, PAGE_SIZE - (src & (PAGE_SIZE - 1)));
		const char *nul;
		int err;

		n = MIN(n, 256);
		err = copyin(dst + done, src, n);
		if (err)
			return err;
		nul = memchr(dst + done, 0, n);
		if (nul)
			return nul - dst;
		done += n;
		src += n;
	}
	return -ENAMETOOLONG;
}

/* ---- iobuf ---- */

void iob_init_kernel(struct iobuf *b, void *base, size_t len)
{
	*b = (struct iobuf){.kernel = true, .kbase = base, .left = len};
}

int iob_init_user(struct iobuf *b, uaddr_t base, size_t len, bool write)
{
	if (!uaccess_ok(base, len, write))
		return -EFAULT;
	*b = (struct iobuf){.ubase = base, .useg = (uint32_t)len, .left = len};
	return 0;
}

int iob_init_iovec(struct iobuf *b, struct abi_iovec *vec, uaddr_t uvec, uint32_t count, bool write)
{
	uint64_t total = 0;
	int err;

	if (count > IOV_MAX)
		return -EINVAL;
	err = copyin(vec, uvec, count * sizeof(*vec));
	if (err)
		return err;
	for (uint32_t i = 0; i < count; i++) {
		total += vec[i].len;
		if (total > INT32_MAX)
			return -EINVAL;
		if (!uaccess_ok(vec[i].base, vec[i].len, write))
			return -EFAULT;
	}
	*b = (struct iobuf){.vec = vec, .nvec = count, .left = (size_t)total};
	return 0;
}

enum move { PUT, GET, ZERO, PUT_SHARED, GET_SHARED };

/* The buffer is the kernel's own. s: an address in S. */
static void move_kernel(uint8_t *base, uint8_t *k, uaddr_t s, size_t n, enum move what)
{
	if (what == PUT)
		memcpy(base, k, n);
	else if (what == GET)
		memcpy(k, base, n);
	else if (what == ZERO)
		memset(base, 0, n);
	else if (what == PUT_SHARED)
		arch_copyin(base, s, n);
	else
		arch_copyout(s, base, n);
}

static void move_user(uaddr_t base, uint8_t *k, uaddr_t s, size_t n, enum move what)
{
	if (what == PUT)
		arch_copyout(base, k, n);
	else if (what == GET)
		arch_copyin(k, base, n);
	else if (what == ZERO)
		arch_uset(base, 0, n);
	else if (what == PUT_SHARED)
		arch_umove(base, s, n);
	else
		arch_umove(s, base, n);
}

/* Bytes go to or come from k (K) or s (S), as `what` says. */
static size_t iob_move(struct iobuf *b, uint8_t *k, uaddr_t s, size_t n, enum move what)
{
	size_t done = 0;

	n = MIN(n, b->left);
	while (done < n) {
		size_t part;

		if (b->kernel) {
			part = n;
			move_kernel(b->kbase, k, s, part, what);
			b->kbase = (uint8_t *)b->kbase + part;
		} else {
			while (b->useg == 0) {
				b->ubase = b->vec->base;
				b->useg = b->vec->len;
				b->vec++;
				b->nvec--;
			}
			part = MIN(n - done, b->useg);
			move_user(b->ubase, k ? k + done : NULL, s + (uint32_t)done, part, what);
			b->ubase += part;
			b->useg -= part;
		}
		done += part;
	}
	b->left -= n;
	b->done += n;
	return n;
}

size_t iob_put(struct iobuf *b, const void *src, size_t n)
{
	return iob_move(b, (uint8_t *)(uintptr_t)src, 0, n, PUT);
}

size_t iob_get(struct iobuf *b, void *dst, size_t n)
{
	return iob_move(b, dst, 0, n, GET);
}

size_t iob_zero(struct iobuf *b, size_t n)
{
	return iob_move(b, NULL, 0, n, ZERO);
}

size_t iob_put_shared(struct iobuf *b, uaddr_t src, size_t n)
{
	return iob_move(b, NULL, src, n, PUT_SHARED);
}

size_t iob_get_shared(struct iobuf *b, uaddr_t dst, size_t n)
{
	return iob_move(b, NULL, dst, n, GET_SHARED);
}

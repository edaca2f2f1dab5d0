/*
 * uaccess.c - checked copies to and from user memory; see uaccess.h.
 * Locks: mm.lock in the slow path of uaccess_ok().
 */
#include "mm/internal.h"
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

enum move { PUT, GET, ZERO };

static size_t iob_move(struct iobuf *b, uint8_t *k, size_t n, enum move what)
{
	size_t done = 0;

	n = MIN(n, b->left);
	while (done < n) {
		size_t part;

		if (b->kernel) {
			part = n;
			if (what == PUT)
				memcpy(b->kbase, k, part);
			else if (what == GET)
				memcpy(k, b->kbase, part);
			else
				memset(b->kbase, 0, part);
			b->kbase = (uint8_t *)b->kbase + part;
		} else {
			while (b->useg == 0) {
				b->ubase = b->vec->base;
				b->useg = b->vec->len;
				b->vec++;
				b->nvec--;
			}
			part = MIN(n - done, b->useg);
			if (what == PUT)
				arch_copyout(b->ubase, k + done, part);
			else if (what == GET)
				arch_copyin(k + done, b->ubase, part);
			else
				arch_uset(b->ubase, 0, part);
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
	return iob_move(b, (uint8_t *)(uintptr_t)src, n, PUT);
}

size_t iob_get(struct iobuf *b, void *dst, size_t n)
{
	return iob_move(b, dst, n, GET);
}

size_t iob_zero(struct iobuf *b, size_t n)
{
	return iob_move(b, NULL, n, ZERO);
}

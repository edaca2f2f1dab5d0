/*
 * xattrs.c - extended attributes in memory; see xattrs.h. A list: files have none or one or two.
 * Locks: the inode's, the caller's.
 */
#include "fs/xattrs.h"
#include "lib/alloc.h"
#include "lib/str.h"

struct xattr {
	struct xattr *next;
	uint32_t size;
	uint32_t name_len; /* without the zero after it */
	char name[];	   /* then the value */
};

static struct xattr **find(const struct xattrs *x, const char *name)
{
	struct xattr **at = (struct xattr **)(uintptr_t)&x->first;

	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

ssize_t xattrs_get(const struct xattrs *x, const char *name, void *value, size_t size)
{
	const struct xattr *a = *find(x, name);

	if (!a)
		return -ENODATA;
	if (size > 0 && size < a->size)
		return -ERANGE;
	if (size > 0)
		memcpy(value, a->name + a->name_len + 1, a->size);
	return (ssize_t)a->size;
}

ssize_t xattrs_list(const struct xattrs *x, char *list, size_t size)
{
	size_t done = 0;

	for (const struct xattr *a = x->first; a; a = a->next) {
		size_t n = a->name_len + 1u;

		if (size > 0 && done + n > size)
			return -ERANGE;
		if (size > 0)
			memcpy(list + done, a->name, n);
		done += n;
	}
	return (ssize_t)done;
}

int xattrs_set(struct xattrs *x, const char *name, const void *value, size_t size, int flags)
{
	struct xattr **at = find(x, name), *a;
	size_t len = strlen(name);

	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (*at && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!*at && (flags & XATTR_REPLACE))
		return -ENODATA;
	a = kmalloc(sizeof(*a) + len + 1 + size);
	if (!a)
		return -ENOSPC;
	a->size = (uint32_t)size;
	a->name_len = (uint32_t)len;
	memcpy(a->name, name, len + 1);
	if (size > 0)
		memcpy(a->name + len + 1, value, size);
	a->next = *at ? (*at)->next : NULL;
	kfree(*at);
	*at = a;
	return 0;
}

int xattrs_remove(struct xattrs *x, const char *name)
{
	struct xattr **at = find(x, name), *a = *at;

	if (!a)
		return -ENODATA;
	*at = a->next;
	kfree(a);
	return 0;
}

void xattrs_free(struct xattrs *x)
{
	while (x->first) {
		struct xattr *a = x->first;

		x->first = a->next;
		kfree(a);
	}
}

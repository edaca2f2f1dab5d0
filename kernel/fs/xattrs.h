/*
 * xattrs.h - extended attributes of an inode, kept in memory by file systems that have no other
 * place for them. Under the inode's lock. Zeroed: none.
 */
#ifndef FS_XATTRS_H
#define FS_XATTRS_H

#include "lib/types.h"

struct xattr;
struct xattrs {
	struct xattr *first;
};

#define XATTR_CREATE 1	/* must not exist */
#define XATTR_REPLACE 2 /* must exist */
#define XATTR_SIZE_MAX 65536u

/* As getxattr(2) and the rest: a size of 0 asks for the length. -ENODATA, -ERANGE. */
ssize_t xattrs_get(const struct xattrs *x, const char *name, void *value, size_t size);
ssize_t xattrs_list(const struct xattrs *x, char *list, size_t size);
/* -EEXIST, -ENODATA (flags), -E2BIG, -ENOSPC (no memory). */
int xattrs_set(struct xattrs *x, const char *name, const void *value, size_t size, int flags);
int xattrs_remove(struct xattrs *x, const char *name);
void xattrs_free(struct xattrs *x);

#endif

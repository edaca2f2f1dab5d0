/*
 * erofs_xattr.c - extended attributes of images: those in the inode, then the shared ones.
 * Spec: EROFS on-disk format, extended attributes. Long name prefixes (a later feature) are
 * skipped.
 * Locks: none.
 */
#include "fs/erofs_image.h"
#include "lib/str.h"

#define XATTR_NAME_MAX 255u

struct xattr_walk {
	struct inode *inode;
	uint64_t at, end; /* the next one in the inode */
	uint32_t shared, shared_count;
	struct erofs_disk_xattr head; /* the current one */
	uint64_t name;		      /* its name in the image; its value follows */
	const char *prefix;
};

static const char *prefix_text(uint8_t prefix)
{
	static const char *const texts[] = {NULL, "user.", "system.posix_acl_access",
		"system.posix_acl_default", "trusted.", NULL, "security."};

	return prefix < ARRAY_LEN(texts) ? texts[prefix] : NULL;
}

static int walk_start(struct xattr_walk *w, struct inode *inode)
{
	const struct erofs_inode *e = erofs_of(inode);
	struct erofs_disk_xattr_body body;
	uint64_t first;
	int err;

	*w = (struct xattr_walk){.inode = inode};
	if (e->xattr_len == 0)
		return 0;
	err = erofs_copy(erofs_image(inode), e->xattr, &body, sizeof(body));
	if (err)
		return err;
	first = sizeof(body) + 4u * body.shared_count;
	if (first > e->xattr_len)
		return erofs_damaged(erofs_image(inode), inode->ino, "shared attributes overflow");
	w->at = e->xattr + first;
	w->end = e->xattr + e->xattr_len;
	w->shared_count = body.shared_count;
	return 0;
}

/* Offset of the next entry's head. Returns 1, 0 at the end, or -errno. */
static int next_place(struct xattr_walk *w, uint64_t *place)
{
	const struct erofs_inode *e = erofs_of(w->inode);
	struct erofs_image *im = erofs_image(w->inode);
	uint32_t id;
	int err;

	if (w->end - w->at >= sizeof(w->head)) {
		*place = w->at;
		return 1;
	}
	w->at = w->end;
	if (w->shared >= w->shared_count)
		return 0;
	err = erofs_copy(im, e->xattr + sizeof(struct erofs_disk_xattr_body) + 4u * w->shared, &id,
		sizeof(id));
	w->shared++;
	*place = im->xattrs + 4ull * id;
	return err ? err : 1;
}

/* On to the next attribute with a known prefix. Returns 1, 0 at the end, or -errno. */
static int walk_next(struct xattr_walk *w)
{
	struct erofs_image *im = erofs_image(w->inode);

	for (;;) {
		uint64_t place = 0, len;
		int err = next_place(w, &place);

		if (err != 1)
			return err;
		err = erofs_copy(im, place, &w->head, sizeof(w->head));
		if (err)
			return err;
		len = sizeof(w->head) + w->head.name_len + w->head.value_len;
		if (w->at < w->end) {
			if (len > w->end - w->at)
				return erofs_damaged(im, w->inode->ino, "attribute overflows");
			w->at = MIN(w->end, w->at + ((len + 3) & ~3ull));
		}
		w->name = place + sizeof(w->head);
		w->prefix = prefix_text(w->head.prefix);
		if (w->prefix)
			return 1;
	}
}

static int walk_name(const struct xattr_walk *w, char *name, size_t *len)
{
	size_t n = strlen(w->prefix);

	memcpy(name, w->prefix, n);
	*len = n + w->head.name_len;
	return erofs_copy(erofs_image(w->inode), w->name, name + n, w->head.name_len);
}

ssize_t erofs_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
	size_t want = strlen(name), len;
	char have[32 + XATTR_NAME_MAX];
	struct xattr_walk w;
	int err = walk_start(&w, inode);

	if (err)
		return err;
	while ((err = walk_next(&w)) == 1) {
		err = walk_name(&w, have, &len);
		if (err)
			return err;
		if (len != want || memcmp(have, name, len) != 0)
			continue;
		if (size == 0)
			return w.head.value_len;
		if (size < w.head.value_len)
			return -ERANGE;
		err = erofs_copy(
			erofs_image(inode), w.name + w.head.name_len, value, w.head.value_len);
		return err ? err : w.head.value_len;
	}
	return err ? err : -ENODATA;
}

ssize_t erofs_listxattr(struct inode *inode, char *list, size_t size)
{
	size_t done = 0, len;
	char name[32 + XATTR_NAME_MAX];
	struct xattr_walk w;
	int err = walk_start(&w, inode);

	if (err)
		return err;
	while ((err = walk_next(&w)) == 1) {
		err = walk_name(&w, name, &len);
		if (err)
			return err;
		name[len++] = 0;
		if (size && done + len > size)
			return -ERANGE;
		if (size)
			memcpy(list + done, name, len);
		done += len;
	}
	return err ? err : (ssize_t)done;
}

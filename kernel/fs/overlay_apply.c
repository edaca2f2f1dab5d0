/*
 * overlay_apply.c - unpack a list of files, links and deletions into an overlay's upper tree.
 * Spec: descriptor/SPEC.md 5.6; CBOR: RFC 8949.
 * Whoever made the list is not trusted: each head is checked against the bytes that are left, each
 * path is walked one name at a time, and nothing but a directory is walked through.
 * Locks: as the overlay's own changes take them: the real directory's for each step.
 */
#include "fs/overlay_diff.h"
#include "fs/fs.h"
#include "fs/overlay.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define PATH_DEPTH 64
#define CBOR_UINT 0u
#define CBOR_BYTES 2u
#define CBOR_TEXT 3u
#define CBOR_ARRAY 4u
#define CBOR_MAP 5u

struct reader {
	const uint8_t *at, *end;
};

struct span {
	const uint8_t *at;
	size_t len;
};

struct entry {
	struct span path, content, target;
	uint32_t type, mode, uid, gid;
	int64_t mtime; /* seconds; -1: not given */
	bool has_mode;
};

/* ---- CBOR ---- */

static bool read_head(struct reader *r, uint32_t *major, uint64_t *value)
{
	uint32_t info, width;

	if (r->at == r->end)
		return false;
	*major = *r->at >> 5;
	info = *r->at++ & 31;
	*value = info;
	if (info < 24)
		return true;
	if (info > 27)
		return false;
	width = 1u << (info - 24);
	if ((size_t)(r->end - r->at) < width)
		return false;
	for (*value = 0; width > 0; width--)
		*value = *value << 8 | *r->at++;
	return true;
}

static bool read_uint(struct reader *r, uint64_t most, uint64_t *value)
{
	uint32_t major;

	return read_head(r, &major, value) && major == CBOR_UINT && *value <= most;
}

static bool read_string(struct reader *r, struct span *out)
{
	uint32_t major;
	uint64_t len;

	if (!read_head(r, &major, &len) || (major != CBOR_BYTES && major != CBOR_TEXT) ||
		len > (uint64_t)(r->end - r->at))
		return false;
	*out = (struct span){r->at, (size_t)len};
	r->at += len;
	return true;
}

static bool read_field(struct reader *r, uint64_t key, struct entry *e)
{
	uint64_t value;

	switch (key) {
	case OVL_KEY_PATH:
		return read_string(r, &e->path);
	case OVL_KEY_CONTENT:
		return read_string(r, &e->content);
	case OVL_KEY_TARGET:
		return read_string(r, &e->target);
	case OVL_KEY_TYPE:
		if (!read_uint(r, OVL_ENTRY_OPAQUE, &value))
			return false;
		e->type = (uint32_t)value;
		return true;
	case OVL_KEY_MODE:
		if (!read_uint(r, 07777, &value))
			return false;
		e->mode = (uint32_t)value;
		e->has_mode = true;
		return true;
	case OVL_KEY_UID:
		if (!read_uint(r, UINT32_MAX - 1, &value))
			return false;
		e->uid = (uint32_t)value;
		return true;
	case OVL_KEY_GID:
		if (!read_uint(r, UINT32_MAX - 1, &value))
			return false;
		e->gid = (uint32_t)value;
		return true;
	case OVL_KEY_MTIME:
		if (!read_uint(r, (uint64_t)1 << 40, &value))
			return false;
		e->mtime = (int64_t)value;
		return true;
	default:
		return false;
	}
}

static bool read_entry(struct reader *r, struct entry *e)
{
	uint32_t major;
	uint64_t fields, key, last = 0;

	*e = (struct entry){.mtime = -1};
	if (!read_head(r, &major, &fields) || major != CBOR_MAP)
		return false;
	for (; fields > 0; fields--) {
		if (!read_uint(r, OVL_KEY_MTIME, &key) || key <= last || !read_field(r, key, e))
			return false;
		last = key;
	}
	if (!e->has_mode)
		e->mode = e->type == OVL_ENTRY_FILE ? 0644 : 0755;
	return true;
}

/* ---- paths ---- */

/* The part of path that begins at `at`; its end. */
static size_t part_end(struct span path, size_t at)
{
	while (at < path.len && path.at[at] != '/')
		at++;
	return at;
}

/* Relative, at least one part, none empty, "." or "..", none too long, not too many. */
static bool path_is_plain(struct span path)
{
	uint32_t depth = 0;

	if (path.len == 0 || path.len >= PATH_MAX || memchr(path.at, 0, path.len))
		return false;
	for (size_t at = 0;; depth++) {
		size_t end = part_end(path, at), len = end - at;

		if (len == 0 || len > NAME_MAX || depth == PATH_DEPTH)
			return false;
		if (path.at[at] == '.' && (len == 1 || (len == 2 && path.at[at + 1] == '.')))
			return false;
		if (end == path.len)
			return true;
		at = end + 1;
	}
}

/* Look up, or make, one directory in an overlay directory. *out is referenced. */
static int step(struct inode *dir, const char *name, size_t len, bool make, struct inode **out)
{
	int err;

	lock_acquire(&dir->lock);
	err = dir->ops->lookup(dir, name, len, out);
	if (err == -ENOENT && make)
		err = dir->ops->create(dir, name, len, S_IFDIR | 0755, 0, 0, 0, out);
	lock_release(&dir->lock);
	return err;
}

/* The overlay directory that holds the last part of path, referenced; *last: where that begins. */
static int walk(struct super *root, struct span path, bool make, struct inode **out, size_t *last)
{
	struct inode *dir = root->root_inode;
	size_t at = 0, end;

	inode_get(dir);
	while ((end = part_end(path, at)) < path.len) {
		struct inode *next;
		int err = step(dir, (const char *)path.at + at, end - at, make, &next);

		inode_put(dir);
		if (err)
			return err;
		if (!S_ISDIR(next->mode)) {
			inode_put(next);
			return -ENOTDIR;
		}
		dir = next;
		at = end + 1;
	}
	*out = dir;
	*last = at;
	return 0;
}

/* ---- entries ---- */

/*
 * Look at what an earlier list left under this name and take it away; directories only when they
 * are empty. A directory that a directory is to be laid over stays: *kept, referenced. *hidden: a
 * whiteout was there, so that nothing below may show again.
 */
static int clear_name(
	struct inode *up, const char *name, size_t len, bool dir, struct inode **kept, bool *hidden)
{
	struct inode *there;
	int err = ovl_real_lookup(up, name, len, &there);

	*kept = NULL;
	*hidden = false;
	if (err)
		return err == -ENOENT ? 0 : err;
	if (dir && S_ISDIR(there->mode)) {
		*kept = there;
		return 0;
	}
	*hidden = ovl_is_whiteout(there);
	if (S_ISDIR(there->mode)) {
		lock_acquire2(&up->lock, &there->lock);
		err = up->ops->rmdir(up, name, len, there);
		lock_release(&there->lock);
	} else {
		lock_acquire(&up->lock);
		err = up->ops->unlink(up, name, len, there);
	}
	lock_release(&up->lock);
	inode_put(there);
	return err;
}

static int make_symlink(
	struct inode *up, const char *name, size_t len, const struct entry *e, struct inode **out)
{
	char *target;
	int err;

	if (e->target.len == 0 || e->target.len >= PATH_MAX ||
		memchr(e->target.at, 0, e->target.len))
		return -EINVAL;
	target = kstrdup((const char *)e->target.at, e->target.len);
	if (!target)
		return -ENOMEM;
	err = up->ops->symlink(up, name, len, target, e->uid, e->gid, out);
	kfree(target);
	return err;
}

/* A new object in a real directory whose lock is held. *out is referenced. */
static int make_locked(struct inode *up, const char *name, size_t len, const struct entry *e,
	struct inode *linked, struct inode **out)
{
	bool dir = e->type == OVL_ENTRY_DIRECTORY || e->type == OVL_ENTRY_OPAQUE;
	int err;

	switch (e->type) {
	case OVL_ENTRY_SYMLINK:
		return make_symlink(up, name, len, e, out);
	case OVL_ENTRY_HARDLINK:
		err = up->ops->link(up, name, len, linked);
		if (!err) {
			inode_get(linked);
			*out = linked;
		}
		return err;
	case OVL_ENTRY_DELETED:
		return up->ops->create(up, name, len, S_IFCHR, MKDEV(0, 0), 0, 0, out);
	default:
		return up->ops->create(
			up, name, len, (dir ? S_IFDIR : S_IFREG) | 0600, 0, e->uid, e->gid, out);
	}
}

/* One name in a real directory. *out is referenced: what is there now. */
static int place(struct inode *up, const char *name, size_t len, const struct entry *e,
	struct inode *linked, struct inode **out)
{
	bool dir = e->type == OVL_ENTRY_DIRECTORY || e->type == OVL_ENTRY_OPAQUE, hidden;
	int err = clear_name(up, name, len, dir, out, &hidden);

	if (err || *out)
		return err;
	lock_acquire(&up->lock);
	err = make_locked(up, name, len, e, linked, out);
	lock_release(&up->lock);
	if (!err && dir && hidden) {
		err = ovl_set_xattr(*out, OVL_OPAQUE, "y", 1);
		if (err)
			inode_put(*out);
	}
	return err;
}

static int write_content(struct inode *inode, struct span content)
{
	struct file *f;
	struct iobuf b;
	uint64_t pos = 0;
	ssize_t n;

	if (content.len == 0)
		return 0;
	f = ovl_real_open(inode, O_WRONLY, NULL);
	if (IS_ERR(f))
		return PTR_ERR(f);
	iob_init_kernel(&b, (void *)(uintptr_t)content.at, content.len);
	n = f->ops->write(f, &b, &pos);
	ovl_real_close(f);
	return n < 0 ? (int)n : (size_t)n == content.len ? 0 : -ENOSPC;
}

/* Contents, mode and owner of what was placed. Mode last: writing clears the set-id bits. */
static int dress(struct inode *inode, const struct entry *e)
{
	struct iattr attr = {.valid = ATTR_UID | ATTR_GID, .uid = e->uid, .gid = e->gid};
	int err = 0;

	if (e->type == OVL_ENTRY_HARDLINK || e->type == OVL_ENTRY_DELETED)
		return 0;
	if (e->type == OVL_ENTRY_FILE)
		err = write_content(inode, e->content);
	if (!err && e->type == OVL_ENTRY_OPAQUE)
		err = ovl_set_xattr(inode, OVL_OPAQUE, "y", 1);
	if (err)
		return err;
	if (e->type != OVL_ENTRY_SYMLINK) {
		attr.valid |= ATTR_MODE;
		attr.mode = e->mode;
	}
	if (e->mtime >= 0) {
		attr.valid |= ATTR_MTIME;
		attr.mtime = (struct ktime){.sec = e->mtime};
	}
	return inode_setattr(inode, &attr);
}

/* The file in the upper tree that a hard link of the list names, referenced. */
static int find_linked(struct super *root, const struct entry *e, struct inode **out)
{
	struct inode *dir, *inode;
	size_t last;
	int err;

	if (!path_is_plain(e->target))
		return -EINVAL;
	err = walk(root, e->target, false, &dir, &last);
	if (err)
		return err;
	err = step(dir, (const char *)e->target.at + last, e->target.len - last, false, &inode);
	inode_put(dir);
	if (err)
		return err;
	*out = ovl_upper(inode);
	if (*out && S_ISREG((*out)->mode))
		inode_get(*out);
	else
		err = -ENOENT;
	inode_put(inode);
	return err;
}

static int apply_entry(struct super *root, const struct entry *e)
{
	struct inode *dir, *up, *linked = NULL, *made = NULL;
	const char *name;
	size_t last, len;
	int err;

	if (!path_is_plain(e->path))
		return -EINVAL;
	if (e->type == OVL_ENTRY_HARDLINK) {
		err = find_linked(root, e, &linked);
		if (err)
			return err;
	}
	err = walk(root, e->path, e->type != OVL_ENTRY_DELETED, &dir, &last);
	if (err) {
		if (err == -ENOENT)
			err = 0; /* deleted already, with its directory */
		goto put_linked;
	}
	err = ovl_copy_up(dir, UINT64_MAX);
	if (err)
		goto put_dir;
	up = ovl_upper(dir);
	name = (const char *)e->path.at + last;
	len = e->path.len - last;
	err = place(up, name, len, e, linked, &made);
	if (!err) {
		err = dress(made, e);
		inode_put(made);
	}
put_dir:
	inode_put(dir);
put_linked:
	inode_put(linked);
	return err;
}

/* A directory's time, after what was made in it has changed it. */
static int apply_time(struct super *root, const struct entry *e)
{
	struct iattr attr = {.valid = ATTR_MTIME, .mtime = {.sec = e->mtime}};
	struct inode *dir, *inode;
	size_t last;
	int err = walk(root, e->path, false, &dir, &last);

	if (err)
		return err;
	err = step(dir, (const char *)e->path.at + last, e->path.len - last, false, &inode);
	inode_put(dir);
	if (err)
		return err;
	if (ovl_upper(inode))
		err = inode_setattr(ovl_upper(inode), &attr);
	inode_put(inode);
	return err;
}

/* One pass over the list. times: only those of directories. */
static int apply_pass(struct super *root, struct reader r, bool times, char *what, size_t size)
{
	uint32_t major;
	uint64_t count;

	what[0] = 0;
	if (!read_head(&r, &major, &count) || major != CBOR_ARRAY)
		return -EINVAL;
	for (; count > 0; count--) {
		struct entry e;
		int err = 0;

		if (!read_entry(&r, &e)) {
			what[0] = 0;
			return -EINVAL;
		}
		if (!times)
			err = apply_entry(root, &e);
		else if (e.mtime >= 0 &&
			 (e.type == OVL_ENTRY_DIRECTORY || e.type == OVL_ENTRY_OPAQUE))
			err = apply_time(root, &e);
		if (err) {
			kformat(what, size, "%.*s", (int)MIN(e.path.len, size - 1), e.path.at);
			return err;
		}
	}
	return r.at == r.end ? 0 : -EINVAL;
}

int overlay_apply(struct super *root, const uint8_t *bytes, size_t len, char *what, size_t size)
{
	struct reader r = {bytes, bytes + len};
	int err;

	if (root->type != &overlay_type || !((struct ovl_super *)root->priv)->upper.super)
		return -EINVAL;
	err = apply_pass(root, r, false, what, size);
	return err ? err : apply_pass(root, r, true, what, size);
}

/*
 * overlay_diff.h - the writable layer of an overlay as a list of entries, in both directions:
 * unpacked before PID 1 starts, gathered when a machine is shared.
 *
 * The list is one CBOR array of maps as descriptor/SPEC.md 5.6 has them: 1 path, 2 type, 3 mode,
 * 4 uid, 5 gid, 6 content, 7 target, 8 mtime. Paths, contents and targets may be text or byte
 * strings; a diff has byte strings, and lengths that are not in their shortest form.
 */
#ifndef FS_OVERLAY_DIFF_H
#define FS_OVERLAY_DIFF_H

#include "lib/types.h"

struct super;

/* Types of entries. Those after OPAQUE occur in a diff only: they name what no link can hold. */
enum {
	OVL_ENTRY_FILE,
	OVL_ENTRY_DIRECTORY,
	OVL_ENTRY_SYMLINK,
	OVL_ENTRY_HARDLINK,
	OVL_ENTRY_DELETED,
	OVL_ENTRY_OPAQUE,
	OVL_ENTRY_FIFO,
	OVL_ENTRY_SOCKET,
	OVL_ENTRY_DEVICE,
};

/* Keys of an entry. SIZE stands in a diff in place of contents that were too large for it. */
enum {
	OVL_KEY_PATH = 1,
	OVL_KEY_TYPE,
	OVL_KEY_MODE,
	OVL_KEY_UID,
	OVL_KEY_GID,
	OVL_KEY_CONTENT,
	OVL_KEY_TARGET,
	OVL_KEY_MTIME,
	OVL_KEY_SIZE
};

/* What an upper inode was copied up with: struct ovl_copied. A diff leaves out what is as it was.
 */
#define OVL_COPIED "trusted.overlay.copied"
struct ovl_copied {
	uint32_t mode, uid, gid;
};

/*
 * Lay the entries over an overlay that nobody uses yet: its names must not be cached. No symbolic
 * link is followed, nothing outside of its upper tree is changed. On failure what came before
 * stays; `what` then has the path of the refused entry, "" if the list itself is damaged. -EINVAL:
 * no such list, or a path, type or mode that no link may have; -ENOTDIR: a parent is no directory;
 * -ENOENT: no target of a hard link; -ENOTEMPTY, -EEXIST; -ENOSPC, -ENOMEM, -EIO.
 */
int overlay_apply(
	struct super *root, const uint8_t *bytes, size_t len, char *what, size_t size) MUST_CHECK;

/*
 * Gather the upper tree of an overlay while it is in use: each directory is listed at one moment,
 * each file read once. Contents that would make the list longer than limit are left out, their
 * sizes are named. Reads the upper layer alone, so it waits for the host only if that does. *out is
 * the caller's to kfree. -EINVAL: no writable overlay; -ENOMEM; -EFBIG: the names alone are longer
 * than limit.
 */
int overlay_diff(struct super *root, size_t limit, uint8_t **out, size_t *len) MUST_CHECK;

#endif

/*
 * overlayfs.h - a writable tree over read-only ones, as the machine's root is.
 */
#ifndef FS_OVERLAYFS_H
#define FS_OVERLAYFS_H

#include "vfs/vfs.h"

#define OVL_LAYERS_MAX 128

/*
 * Make an overlay of n trees, topmost first, below upper (NULL: read-only). Takes references of its
 * own. -EINVAL (n out of range), -ENOMEM.
 */
int overlay_mount_root(
	struct super **lowers, unsigned n, struct super *upper, struct super **out) MUST_CHECK;

/*
 * If inode is an overlay's, set *real to the file that holds its contents now: the upper one, or
 * the lower one until it is copied up. Lives as long as inode. False: not an overlay's.
 */
bool overlay_real_inode(struct inode *inode, struct inode **real);

#endif

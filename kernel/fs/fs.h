/*
 * fs.h - the file systems there are. A new one: fs/x.c, one row in fs.c, a test.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "vfs/vfs.h"

/* f_type of statfs */
#define TMPFS_MAGIC 0x01021994u
#define EROFS_MAGIC 0xe0f5e1e2u
#define OVERLAYFS_MAGIC 0x794c7630u
#define PROC_MAGIC 0x9fa0u

extern const struct fs_type tmpfs_type;     /* files in memory */
extern const struct fs_type erofs_type;     /* image layers, read-only */
extern const struct fs_type overlayfs_type; /* writable over read-only */
extern const struct fs_type procfs_type;
extern const struct fs_type devfs_type;

#endif

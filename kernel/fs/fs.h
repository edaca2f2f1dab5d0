/*
 * fs.h - the file systems there are. A new one: fs/x.c, one row in fs.c, a test.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "vfs/vfs.h"

/* f_type of statfs; each file system's own header has the others */
#define TMPFS_MAGIC 0x01021994u

extern const struct fs_type tmpfs_type;	  /* files in memory */
extern const struct fs_type erofs_type;	  /* image layers, read-only */
extern const struct fs_type overlay_type; /* writable over read-only */
extern const struct fs_type procfs_type;
extern const struct fs_type sysfs_type;
extern const struct fs_type devfs_type;
extern const struct fs_type hostfs_type; /* folders of the host, read-only: boot mounts them */

/* fcntl(2): F_ADD_SEALS and F_GET_SEALS. -EINVAL: no memfd; -EPERM: sealed against seals, or not
 * open for writing; -EBUSY: its pages may be mapped for writing. */
struct file;
int memfd_add_seals(struct file *f, uint32_t seals);
int memfd_get_seals(struct file *f);

#endif

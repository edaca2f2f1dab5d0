/*
 * notify.h - telling watchers (inotify) what happens to files. The rooms that make it happen call
 * these after the change, with whatever locks they hold up to RANK_FLOCK.
 *
 * While nobody watches anything a call is one load and a branch.
 */
#ifndef VFS_NOTIFY_H
#define VFS_NOTIFY_H

#include "abi/inotify.h"
#include "vfs/vfs.h"

extern uint32_t notify_watches; /* [a] watches in the machine */

static inline bool notify_on(void)
{
	return UNLIKELY(atomic_load(&notify_watches) > 0);
}

/* Use the notify_* below; these are their slow halves. */
void notify_slow_inode(
	struct inode *inode, uint32_t mask, const char *name, size_t len, uint32_t cookie);
void notify_slow_dentry(struct dentry *d, uint32_t mask);
void notify_slow_gone(struct inode *inode);
void notify_slow_rename(struct inode *olddir, const char *oldname, size_t oldlen,
	struct inode *newdir, const char *newname, size_t newlen, struct inode *moved,
	struct inode *victim);

/* To those who watch the inode itself: IN_ATTRIB when its links change. */
static inline void notify_inode(struct inode *inode, uint32_t mask)
{
	if (notify_on())
		notify_slow_inode(inode, mask, NULL, 0, 0);
}

/* A name in a directory comes or goes: IN_CREATE, IN_DELETE. child: what it named. */
static inline void notify_name(
	struct inode *dir, uint32_t mask, const struct inode *child, const char *name, size_t len)
{
	if (notify_on())
		notify_slow_inode(dir, mask | (S_ISDIR(child->mode) ? IN_ISDIR : 0), name, len, 0);
}

/* Something is done to a file by this name: to those who watch it, or the directory it is in. */
static inline void notify_dentry(struct dentry *d, uint32_t mask)
{
	if (notify_on() && d)
		notify_slow_dentry(d, mask);
}

static inline void notify_file(const struct file *f, uint32_t mask)
{
	notify_dentry(f->path.dentry, mask);
}

/* moved went from one name to another and replaced victim (or NULL). */
static inline void notify_rename(struct inode *olddir, const char *oldname, size_t oldlen,
	struct inode *newdir, const char *newname, size_t newlen, struct inode *moved,
	struct inode *victim)
{
	if (notify_on())
		notify_slow_rename(olddir, oldname, oldlen, newdir, newname, newlen, moved, victim);
}

/* The last use of a name of inode is over: if it was the last name, its watches end. */
static inline void notify_name_gone(struct inode *inode)
{
	if (notify_on() && inode)
		notify_slow_gone(inode);
}

/* The file system goes: the watches on its inodes end. */
void notify_super_gone(struct super *super);

#endif

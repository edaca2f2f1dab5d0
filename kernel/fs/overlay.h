/*
 * overlay.h - what the files of overlayfs share.
 *
 * An overlay inode stands for one object of the merged tree. It has an upper inode, or lower ones,
 * or both (merged directories; files after copy-up). `upper` is set once and stays; so whoever sees
 * it may use it without a lock. An overlay inode is found again by either real inode, so that one
 * object never has two overlay inodes (and two ideas of where its bytes are).
 *
 * Locks, outer to inner: overlay inode locks (RANK_OVERLAY_DIR, RANK_OVERLAY; the callers'), then
 * real inodes' locks; state_lock (RANK_WAITQ) for copy-up's bookkeeping; icache_lock for the
 * tables. The upper tree is changed by its overlay only: a real directory's lock is held for each
 * step of a change, the overlay directory's lock makes the steps one.
 */
#ifndef FS_OVERLAY_H
#define FS_OVERLAY_H

#include "fs/overlayfs.h"
#include "lib/waitq.h"

#define OVERLAYFS_MAGIC 0x794c7630u
#define OVL_BUCKETS 512u
#define OVL_OPAQUE "trusted.overlay.opaque"
#define OVL_ORIGIN "trusted.overlay.origin"
#define OVL_XATTR_PREFIX "trusted.overlay."

struct ovl_layer {
	struct super *super; /* referenced */
	struct inode *root;  /* referenced */
};

struct ovl_super {
	struct ovl_layer upper; /* [i] super NULL: read-only */
	struct lock state_lock;
	struct waitq copied;					  /* [state_lock] a copy-up ended */
	struct list by_upper[OVL_BUCKETS], by_lower[OVL_BUCKETS]; /* [ICACHE] */
	uint32_t serial;	  /* [a] names of whiteouts in the making */
	char options[256];	  /* as given, for /proc/mounts */
	uint32_t nlower;	  /* [i] */
	struct ovl_layer lower[]; /* [i] topmost first */
};

struct ovl_lower {
	struct inode *inode; /* referenced */
	uint32_t layer;	     /* index in ovl_super.lower */
};

struct ovl_inode {
	struct inode vfs;	 /* must be first; vfs.cache_link: in by_lower */
	struct inode *upper;	 /* [a] set once, referenced */
	struct inode *upper_key; /* [ICACHE] what by_upper finds it by; upper, or soon to be */
	struct list upper_link;	 /* [ICACHE] */
	bool copying;		 /* [state_lock] somebody copies it up */
	bool pinned;		 /* [state_lock] the table holds a reference, see ovl_pin() */
	/* Where copy-up puts it: [state_lock]. Gone once it is up, or the name is removed. */
	struct inode *parent; /* referenced */
	char *name;
	uint32_t nlower;	  /* [i] directories: those merged; others: 0 or 1 */
	struct ovl_lower lower[]; /* [i] topmost first */
};

static inline struct ovl_super *ovl_super(const struct inode *inode)
{
	return inode->super->priv;
}
static inline struct ovl_inode *ovl_of(struct inode *inode)
{
	return CONTAINER_OF(inode, struct ovl_inode, vfs);
}
static inline struct inode *ovl_upper(struct inode *inode)
{
	return atomic_load(&ovl_of(inode)->upper);
}
/* Where the object is now. */
static inline struct inode *ovl_real(struct inode *inode)
{
	struct inode *upper = ovl_upper(inode);

	return upper ? upper : ovl_of(inode)->lower[0].inode;
}
static inline bool ovl_is_whiteout(const struct inode *inode)
{
	return S_ISCHR(inode->mode) && inode->rdev == 0;
}

/* ---- overlayfs.c ---- */

extern const struct inode_ops ovl_dir_ops, ovl_inode_ops;
extern const struct file_ops ovl_dir_fops, ovl_file_fops;

/*
 * The overlay inode of these real ones; upper (may be NULL) and the lower references are taken
 * over, also on failure. parent and name: where copy-up would put it (no upper).
 */
int ovl_iget(struct super *super, struct inode *upper, struct ovl_lower *lower, uint32_t nlower,
	struct inode *parent, const char *name, size_t len, struct inode **out) MUST_CHECK;
/* Enter or take out the upper inode by which the tables find `inode`. */
void ovl_key_upper(struct inode *inode, struct inode *upper);
/* Copy mode, owner, size and times from the upper inode after a change. inode->lock is held. */
void ovl_refresh_locked(struct inode *inode);
/* Keep inode in memory as long as the overlay: only it knows that its names are one file. */
void ovl_pin(struct inode *inode);
/* Number shown for an upper object: its origin's if it was copied up. */
uint64_t ovl_upper_ino(struct inode *upper);
uint64_t ovl_lower_ino(uint32_t layer, uint64_t ino);
int ovl_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);

/* Look a name up in a real directory, whose lock is taken. -ENOENT and the rest. */
int ovl_real_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) MUST_CHECK;
/* Does a lower layer show this name in dir? 0 or 1, or -errno. */
int ovl_lower_has(struct inode *dir, const char *name, size_t len) MUST_CHECK;
int ovl_set_xattr(struct inode *real, const char *name, const void *value, size_t len) MUST_CHECK;
bool ovl_is_opaque(struct inode *real);

/* ---- overlay_copyup.c ---- */

/*
 * Make sure that inode has an upper one, and its directories too. At most data_limit bytes of a
 * file's contents are copied (it is to be truncated). Sleeps; killable. Errors of the upper and
 * lower file systems; -EROFS without an upper layer; -EINTR.
 */
int ovl_copy_up(struct inode *inode, uint64_t data_limit) MUST_CHECK;

/* ---- overlay_name.c ---- */

int ovl_create(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	uint32_t uid, uint32_t gid, struct inode **out);
int ovl_symlink(struct inode *dir, const char *name, size_t len, const char *target, uint32_t uid,
	uint32_t gid, struct inode **out);
int ovl_link(struct inode *dir, const char *name, size_t len, struct inode *target);
int ovl_unlink(struct inode *dir, const char *name, size_t len, struct inode *victim);
int ovl_rmdir(struct inode *dir, const char *name, size_t len, struct inode *victim);
int ovl_rename(struct inode *olddir, const char *oldname, size_t oldlen, struct inode *newdir,
	const char *newname, size_t newlen, struct inode *moved, struct inode *victim,
	uint32_t flags);
int ovl_tmpfile(struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out);

/* ---- overlay_dir.c ---- */

/* 0 if the merged directory has no entries; -ENOTEMPTY; or an error. dir->lock is held. */
int ovl_check_empty(struct inode *dir) MUST_CHECK;
/* Remove every whiteout from an upper directory, whose lock is held. */
int ovl_clear_whiteouts_locked(struct inode *upper) MUST_CHECK;

/* ---- overlay_file.c ---- */

/* A private open file over a real inode (no descriptor, no path of its own). like: whose flags and
 * place it has, or NULL. Closed by ovl_real_close(). ERR_PTR on failure. */
struct file *ovl_real_open(struct inode *real, uint32_t flags, const struct file *like);
void ovl_real_close(struct file *real);

#endif

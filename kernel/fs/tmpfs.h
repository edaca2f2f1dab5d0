/*
 * tmpfs.h - what the files of tmpfs share.
 *
 * A file is an array of runs of pages, NULL where nothing was written, so that a sparse file costs
 * little more than what it holds. A directory is a list in the order of making, each entry with a
 * number that never comes again (the readdir cookie, so that readers lose and repeat nothing while
 * others add and remove), and a hash over it. Every entry holds a reference to its inode; an inode
 * without names and users frees its pages at once.
 *
 * Locks: inode.lock for contents, entries and attributes; the page count of the file system is
 * atomic.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/xattrs.h"
#include "vfs/vfs.h"

#define TMPFS_FILE_MAX ((uint64_t)1 << 40)
#define TMPFS_FIRST_COOKIE 2u /* 0 and 1: "." and ".." */
#define RUN_PAGES 64u	      /* 256 KiB of file */

struct tmpfs_super {
	uint64_t limit_pages;  /* [a] */
	uint64_t used_pages;   /* [a] */
	uint64_t last_ino;     /* [a] */
	uint64_t limit_inodes; /* [a] */
	uint64_t inodes;       /* [a] */
};

struct tmpfs_entry {
	struct list link; /* by cookie */
	struct tmpfs_entry *hash_next;
	struct inode *inode; /* referenced */
	uint64_t cookie;
	uint32_t hash;
	uint16_t len;
	char name[];
};

struct tmpfs_dir {
	struct list entries;
	struct tmpfs_entry **buckets;
	uint32_t nbuckets, count;
	uint64_t next_cookie;
	struct tmpfs_entry *cursor; /* where the last readdir stopped: the next begins there */
};

struct page_run {
	uint8_t *page[RUN_PAGES];
};

struct tmpfs_file {
	struct page_run **runs;
	uint32_t nruns;	      /* entries of runs */
	uint32_t count;	      /* pages that are there */
	struct shseg *shared; /* instead of runs: see tmpfs_shared.c; referenced */
};

struct tmpfs_inode {
	struct inode inode;   /* first */
	struct xattrs xattrs; /* [l] */
	union {
		struct tmpfs_dir dir;
		struct tmpfs_file file;
		char *target; /* symbolic link */
	};
};

static inline struct tmpfs_inode *tmpfs_i(struct inode *inode)
{
	return (struct tmpfs_inode *)inode;
}

static inline struct tmpfs_super *tmpfs_s(const struct super *super)
{
	return super->priv;
}

/* A new inode with one reference and no name. NULL: no memory. */
struct tmpfs_inode *tmpfs_inode_new(
	struct super *super, uint32_t mode, uint32_t uid, uint32_t gid) MUST_CHECK;

/* tmpfs_file.c: contents */
extern const struct file_ops tmpfs_file_fops;
/* Set the size; inode->lock is held. -EFBIG. */
int tmpfs_truncate_locked(struct inode *inode, uint64_t size);
/* Free the pages in K. */
void tmpfs_file_free(struct inode *inode);
/* Page `index` of a file in K; NULL: a hole. */
const uint8_t *tmpfs_page_locked(struct inode *inode, uint64_t index);

/* tmpfs_shared.c: contents in S. tmpfs_share() is the file operation; the others are for files with
 * `shared` set, and take inode->lock as held. */
int tmpfs_share(struct file *file, uint64_t reach, struct shseg **out);
void tmpfs_shared_free(struct inode *inode); /* of any file */
/* Make room for `reach` bytes. -ENOMEM: it is mapped, or S is full; -ENOSPC: the limit. */
int tmpfs_shared_reach_locked(struct inode *inode, uint64_t reach) MUST_CHECK;
ssize_t tmpfs_shared_read_locked(struct inode *inode, struct iobuf *b, uint64_t *pos);
ssize_t tmpfs_shared_write_locked(struct inode *inode, struct iobuf *b, uint64_t *pos, size_t len);
void tmpfs_shared_zero_locked(struct inode *inode, uint64_t from, uint64_t to);
int tmpfs_shared_truncate_locked(struct inode *inode, uint64_t size) MUST_CHECK;

/* tmpfs_dir.c: names */
extern const struct file_ops tmpfs_dir_fops;
int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
int tmpfs_create(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	uint32_t uid, uint32_t gid, struct inode **out);
int tmpfs_symlink(struct inode *dir, const char *name, size_t len, const char *target, uint32_t uid,
	uint32_t gid, struct inode **out);
int tmpfs_tmpfile(struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out);
int tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *target);
int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *victim);
int tmpfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *victim);
int tmpfs_rename(struct inode *olddir, const char *oldname, size_t oldlen, struct inode *newdir,
	const char *newname, size_t newlen, struct inode *moved, struct inode *victim,
	uint32_t flags);
/* Free the entries; inodes that nothing else holds go on the list of orphans. */
void tmpfs_dir_free(struct tmpfs_dir *dir, struct list *orphans);

#endif

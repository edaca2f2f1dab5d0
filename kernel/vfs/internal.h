/*
 * internal.h - what the files of this room share and others do not need: the dentry cache, the
 * path walk, mount lookups, borrowed descriptors, record locks.
 */
#ifndef VFS_INTERNAL_H
#define VFS_INTERNAL_H

#include "vfs/vfs.h"
#include "proc/proc.h"
#include "syscalls.h"

/* ---- user strings that name files ---- */

/* A path copied in: short ones stay on the stack, which is 16 KiB, long ones go to the heap. */
struct upath {
	char *s;
	char small[200];
};
/* -EFAULT, -ENAMETOOLONG, -ENOMEM. Empty strings are allowed here. */
int upath_get(struct upath *u, uaddr_t addr) MUST_CHECK;
void upath_put(struct upath *u);

/* ---- dentry.c ---- */

/* The cached name, referenced, or NULL: not cached. Negative ones too. */
struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t len);
/* The name, from the cache or the file system; referenced, maybe negative. Sleeps; the parent's
 * inode lock is taken (or held: _locked). ERR_PTR: -ENOMEM, -EIO, -ENOENT (dead directory). */
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len);
struct dentry *dentry_find_locked(struct dentry *parent, const char *name, size_t len);
/* Enter a name; inode (may be NULL) is taken over, also on failure. Referenced; NULL: no memory. */
struct dentry *dentry_insert(
	struct dentry *parent, const char *name, size_t len, struct inode *inode);
/* A dentry outside the hash: roots (parent NULL), unnamed files. As dentry_insert otherwise. */
struct dentry *dentry_new(struct dentry *parent, const char *name, size_t len, struct super *super,
	struct inode *inode);
/* Take it out of the cache; deleted: its path text says so. */
void dentry_drop(struct dentry *d, bool deleted);
/* Drop the cached names below a directory that nobody uses (they are negative, or it is dead). */
void dentry_drop_children(struct dentry *d);
/* A mount point of a file system without cache must be found again: keep it hashed. */
void dentry_pin(struct dentry *d);
void dentry_unpin(struct dentry *d);
/* Memory for dentry_rename(), so that it cannot fail. */
char *dentry_name_alloc(const char *name, size_t len) MUST_CHECK;
/* d becomes (parent, name); both directories are locked. name: from dentry_name_alloc, consumed. */
void dentry_rename(struct dentry *d, struct dentry *parent, char *name, size_t len);
/* a and b change places. Both names as above. */
void dentry_exchange(struct dentry *a, struct dentry *b, char *a_name, char *b_name);
struct dentry *dentry_parent_get(struct dentry *d);
/* Is a at or above d? */
bool dentry_is_ancestor(struct dentry *a, struct dentry *d);
/* Throw away every unused name of a file system. */
void dentry_prune_super(struct super *super);
extern struct lock dentry_tree_lock; /* RANK_DTREE */

/* ---- path.c ---- */

enum walk_last { WALK_NAME, WALK_DOT, WALK_DOTDOT, WALK_HERE };

struct walk_text;
struct walk {
	struct path at;	  /* referenced: where the walk stands */
	struct path root; /* referenced once has_root */
	bool has_root;
	bool slash;	     /* the last component had a slash after it: it must be a directory */
	enum walk_last type; /* after walk_parent() */
	uint16_t len;
	uint32_t links;		 /* symbolic links followed */
	uint32_t resolve;	 /* RESOLVE_* of openat2(2) */
	const struct cred *cred; /* whose search permission */
	const char *p;		 /* what is left of the current text */
	const char *last;	 /* the last component (WALK_NAME), len bytes */
	struct walk_text *texts; /* symbolic links being walked, innermost first */
};
/* After any result of these, walk_end() gives back what the walk holds. */
int walk_start(struct walk *w, int dirfd, const char *name) MUST_CHECK;
int walk_start_resolve(struct walk *w, int dirfd, const char *name, uint32_t resolve) MUST_CHECK;
#define RESOLVE_NO_XDEV 1u
#define RESOLVE_NO_MAGICLINKS 2u
#define RESOLVE_NO_SYMLINKS 4u
#define RESOLVE_BENEATH 8u
#define RESOLVE_IN_ROOT 16u
#define RESOLVE_CACHED 32u
#define LOOKUP_RESOLVE_SHIFT 8 /* path_lookup(): RESOLVE_* above the LOOKUP_* */
/* Go to the directory of the last component; its name is then in last, len, type, slash. */
int walk_parent(struct walk *w) MUST_CHECK;
/* Go on at the target of symbolic link d, which is w->last in w->at; then walk_parent() again. */
int walk_follow(struct walk *w, struct dentry *d) MUST_CHECK;
void walk_end(struct walk *w);
/* Lookup of the last component done by walk_parent(), for calls that create, remove or rename. */
int walk_dir(struct walk *w, int dirfd, const char *name) MUST_CHECK;
int path_lookup_cred(const struct cred *cred, int dirfd, const char *name, uint32_t flags,
	struct path *out) MUST_CHECK;

/* ---- dir.c ---- */

/* May names be added to a directory, which is locked? */
int may_create_locked(const struct path *dir) MUST_CHECK;
/* May the name of victim be taken out of it? Sticky directories: only by an owner. */
int may_delete_locked(const struct path *dir, struct dentry *victim) MUST_CHECK;

/* ---- fsctx.c ---- */

/* The calling process's root and working directory, referenced. */
void fsctx_root(struct path *out);
void fsctx_cwd(struct path *out);

/* ---- mount.c ---- */

void mount_get(struct mount *m);
/* A mount that is in no tree, for the kernel's own use; takes over the super. NULL: no memory. */
struct mount *mount_hidden(struct super *super);
void mount_put(struct mount *m);
/* If something is mounted at *p, go to its root, as often as needed. */
void mount_cross(struct path *p);
/* From the root of a mount to the place it is mounted on. False: it is the root of all. */
bool mount_climb(struct path *p);
extern struct lock mount_lock; /* RANK_MOUNT */

/* ---- inode.c ---- */

int inode_permission_cred(const struct cred *cred, struct inode *inode, uint32_t mask);
bool inode_owner_or_root(struct inode *inode);
/* Write access and the executing programs' veto: 0 or -ETXTBSY. */
int inode_get_write(struct inode *inode) MUST_CHECK;
void inode_put_write(struct inode *inode);
int inode_setattr_locked(struct inode *inode, const struct iattr *attr) MUST_CHECK;
int inode_truncate(struct inode *inode, uint64_t size) MUST_CHECK;
/* The fops an open of this inode starts with. -ENXIO: no such device. */
int inode_open_ops(struct inode *inode, const struct file_ops **out) MUST_CHECK;

/* ---- fd.c ---- */

/*
 * A descriptor for the length of one call. While the calling thread is the only one that can
 * change the table, the file is borrowed without counting: a read costs four atomics less.
 */
struct fdref {
	struct file *file;
	bool counted;
};
bool fdref_get(struct fdref *r, int fd); /* false: EBADF (O_PATH files too) */
static inline void fdref_put(struct fdref *r)
{
	if (r->counted)
		file_put(r->file);
}

/* ---- file.c ---- */

struct file *file_alloc(uint32_t flags);
void file_free(struct file *f);

/* ---- sync.c ---- */

int file_fsync(struct file *f);

/* ---- rw.c ---- */

/* A stand-in for f with other flags, on the caller's stack, for one read or write. */
void file_with_flags(struct file *as, struct file *f, uint32_t flags);

/* ---- lock.c ---- */

int flock_fcntl(struct file *f, uint32_t cmd, uaddr_t arg);
/* close(2): the process's record locks on the file go. */
void flock_release_owner(struct inode *inode, void *owner);
/* Last reference of an open file: its flock and OFD locks go. */
void flock_release_file(struct file *f);

/* ---- shared constants ---- */

#define RW_MAX 0x7ffff000u /* most bytes of one read or write */
#define OFF_MAX INT64_MAX

#endif

/*
 * vfs.h - inodes, dentries, mounts, open files: what a file system provides and what calls use.
 *
 * struct inode    one file of a file system, whatever its names. inode.lock guards its attributes
 *                 and contents; it is sleepable (host I/O). Its rank is RANK_INODE_DIR for
 *                 directories, RANK_INODE for the rest (overlayfs: RANK_OVERLAY_DIR, _OVERLAY),
 *                 so that a directory's lock may be held while a file's in it is taken.
 * struct dentry   one name in one directory, cached; inode NULL: known not to exist. Which inode
 *                 a dentry names never changes: creating and deleting make a new dentry. Tree and
 *                 names: RANK_DTREE; the hash: striped locks, RANK_DENTRY. A dentry holds a
 *                 reference to its parent and inode, the hash holds one to the dentry.
 * struct mount    a file system's tree shown at a place. Guarded by RANK_MOUNT.
 * struct path     (mount, dentry): a place. cwd, root and open files hold one.
 * struct file     an open file description: what descriptors share after dup and fork.
 * struct fdtable  a process's descriptors.
 *
 * Op tables: functions have exactly the declared type (an indirect call of another type traps).
 * A NULL entry means what its comment says. Functions return 0 or a count, or -errno.
 */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include "lib/types.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/ref.h"
#include "lib/waitq.h"
#include "abi/fs.h"
#include "mm/uaccess.h"

struct inode;
struct dentry;
struct mount;
struct super;
struct file;
struct path;
struct dir_emit;
struct poll_table;
struct proc;
struct cred;
struct mm;
struct shseg;
struct mm;
struct vma;
struct proc_text;

struct ktime {
	int64_t sec;
	uint32_t nsec;
};
struct ktime ktime_now(void); /* real time; init/time.c */

/* ---- inodes ---- */

/* What stat needs beyond struct inode is computed by getattr. */
struct kstat {
	uint64_t ino, size, blocks; /* blocks of 512 bytes */
	uint32_t dev, rdev;	    /* MKDEV */
	uint32_t mode, nlink, uid, gid, blksize;
	struct ktime atime, mtime, ctime, btime;
};
#define MKDEV(major, minor) ((uint32_t)(major) << 20 | (uint32_t)(minor))
#define MAJOR(dev) ((dev) >> 20)
#define MINOR(dev) ((dev) & 0xfffffu)

#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u
struct iattr {
	uint32_t valid; /* ATTR_* */
	uint32_t mode;	/* permission bits only */
	uint32_t uid, gid;
	uint64_t size;
	struct ktime atime, mtime, ctime;
};

struct inode_ops {
	/* Directory operations. dir->lock is held (two directories: both); names have no '/'. The
	 * caller checked permissions and, for create-like calls, that a cached negative or no entry
	 * exists; the file system still answers -EEXIST for itself. New inodes come back with one
	 * reference. A victim or link target that is a directory is locked too (rmdir, rename over
	 * it); the lock of any other is the file system's to take. The moved inode is not locked.
	 */
	int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **out);
	/* Any type by mode & S_IFMT but links; rdev for devices. uid, gid: the owner. */
	int (*create)(struct inode *dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
		uint32_t uid, uint32_t gid, struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t len, const char *target,
		uint32_t uid, uint32_t gid, struct inode **out);
	int (*link)(struct inode *dir, const char *name, size_t len, struct inode *target);
	int (*unlink)(struct inode *dir, const char *name, size_t len, struct inode *victim);
	int (*rmdir)(struct inode *dir, const char *name, size_t len, struct inode *victim);
	/* victim: what newname is now, or NULL. flags: RENAME_*. */
	int (*rename)(struct inode *olddir, const char *oldname, size_t oldlen,
		struct inode *newdir, const char *newname, size_t newlen, struct inode *moved,
		struct inode *victim, uint32_t flags);
	/* An unnamed file in dir's file system (O_TMPFILE). NULL: -EOPNOTSUPP. */
	int (*tmpfile)(
		struct inode *dir, uint32_t mode, uint32_t uid, uint32_t gid, struct inode **out);

	/* All inodes. NULL getattr: fields of struct inode; NULL setattr: -EROFS or stored in it,
	 * by super.flags. setattr is called with inode->lock held; it truncates for ATTR_SIZE. */
	void (*getattr)(struct inode *inode, struct kstat *out);
	int (*setattr)(struct inode *inode, const struct iattr *attr);
	/* Copy the target to buf, not terminated; returns its length. Symbolic links. */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	/* A link whose target is an object, not text (/proc/<pid>/cwd, fd/N): fill *out with a
	 * referenced path. NULL: use readlink. */
	int (*jump)(struct inode *inode, struct path *out);
	/* Extra permission rule after the mode bits (procfs). NULL: mode bits only. */
	int (*permission)(struct inode *inode, uint32_t mask);

	/* Extended attributes: inode->lock is held. size 0 asks for the length. */
	ssize_t (*getxattr)(struct inode *inode, const char *name, void *value, size_t size);
	int (*setxattr)(
		struct inode *inode, const char *name, const void *value, size_t size, int flags);
	ssize_t (*listxattr)(struct inode *inode, char *list, size_t size);
	int (*removexattr)(struct inode *inode, const char *name);
};

struct inode {
	struct ref refs;
	struct lock lock;	     /* rank by type: see the head of this file */
	struct super *super;	     /* [i] */
	const struct inode_ops *ops; /* [i] */
	const struct file_ops *fops; /* [i] for open(); devices and FIFOs: see inode_open() */
	uint64_t ino;		     /* [i] */
	uint32_t mode;		     /* [l] to write, [a] to read; type bits [i] */
	uint32_t nlink;		     /* [l] */
	uint32_t uid, gid;	     /* [l] to write, [a] to read */
	uint32_t rdev;		     /* [i] */
	uint64_t size;		     /* [l]; atomically readable only under the lock */
	struct ktime atime, mtime, ctime, btime; /* [l] */
	uint32_t write_gen;	/* [a] bumped at every change of contents: exec's module key */
	int32_t deny_write;	/* [a] > 0: being executed; < 0: writers */
	bool dead;		/* [l] a removed directory: no new names in it */
	bool linkable;		/* [l] made by O_TMPFILE: linkat may give it a name */
	bool sealable;		/* [i] a memfd */
	uint32_t seals;		/* [l] F_SEAL_* of a memfd */
	struct list flocks;	/* [FLOCK] flock and fcntl locks on it */
	struct list cache_link; /* [ICACHE] the file system's own table */
	struct pipe *fifo;	/* [l] the pipe behind an open FIFO */
	struct list watches;	/* [NOTIFY] inotify's */
	uint32_t watch_mask;	/* [a] IN_* that one of them wants; 0: there is none */
	struct mm *plain_mm;	/* [plain_lock of mm/plainmap.c] who maps it so; not referenced */
	uint32_t plain_count;	/* [plain_lock] its mappings of that kind */
	void *priv;		/* file system's */
};

void inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* last one: super->ops->evict */
/* Set up the common part. One reference, times now, nlink 1. */
void inode_init(struct inode *inode, struct super *super, const struct inode_ops *ops,
	const struct file_ops *fops, uint64_t ino, uint32_t mode);
/* mask of R_OK W_OK X_OK for the calling thread's fs ids. 0 or -EACCES (-EROFS for W_OK). */
int inode_permission(struct inode *inode, uint32_t mask);
void inode_stat(struct inode *inode, struct kstat *out);
/* For setattr ops: store the fields but ATTR_SIZE in the inode, whose lock is held. */
void inode_store_attr_locked(struct inode *inode, const struct iattr *attr);
/* Lock, and call setattr (or what stands in for it). No permission check. */
int inode_setattr(struct inode *inode, const struct iattr *attr) MUST_CHECK;
/* Keep writers out while a program runs from it: -ETXTBSY if one has it open. */
int inode_deny_write(struct inode *inode) MUST_CHECK;
void inode_allow_write(struct inode *inode);
/* For read ops of file systems that keep atime: relatime rule, inode->lock held. */
void file_accessed_locked(struct file *file);
/*
 * For write ops of regular files, inode->lock held: moves *pos to the end for O_APPEND, cuts *len
 * to RLIMIT_FSIZE (none left: SIGXFSZ, -EFBIG), clears set-id bits and sets mtime and ctime.
 */
int file_prepare_write_locked(struct file *file, uint64_t *pos, size_t *len) MUST_CHECK;

/* ---- super blocks and file system types ---- */

struct super_ops {
	/* Free the inode; its count is zero and no name or open file has it. May be called under
	 * other inodes' locks: takes none itself. */
	void (*evict)(struct inode *inode);
	void (*statfs)(struct super *super, struct abi_statfs *out);
	void (*destroy)(struct super *super); /* last mount gone */
	int (*sync)(struct super *super);     /* NULL: nothing to do */
	/* New options (mount -o remount). NULL: only mount flags can change. */
	int (*remount)(struct super *super, uint32_t flags, const char *options);
};

struct super {
	struct ref refs; /* mounts, and file systems stacked on it */
	const struct fs_type *type;
	const struct super_ops *ops;
	struct inode *root_inode;
	struct dentry *root; /* [i] */
	uint32_t dev;	     /* [i] MKDEV(0, n) */
	uint32_t magic;	     /* f_type */
	uint32_t flags;	     /* MS_RDONLY of the file system itself */
	/* Names of this file system are not cached: lookup runs each time (procfs). */
	bool no_dcache;
	bool stacked; /* [i] overlayfs: inode locks get the RANK_OVERLAY ranks. Set before
			 inode_init */
	struct lock icache_lock; /* RANK_ICACHE */
	struct lock rename_lock; /* RANK_RENAME */
	char source[64];
	void *priv;
};

struct fs_type {
	const char *name;
	/* source and options are kernel strings, "" if none. *out has one reference and a root. */
	int (*mount)(const char *source, uint32_t flags, const char *options, struct super **out);
	bool nodev; /* shown so in /proc/filesystems */
};
extern const struct fs_type *const fs_types[]; /* fs/fs.c; NULL-terminated */
const struct fs_type *fs_type_find(const char *name);
/* A super with lock, dev number and one reference. NULL: no memory. */
struct super *super_alloc(const struct fs_type *type, const struct super_ops *ops);
/* Give it its root directory (takes over the reference); makes the root dentry. -ENOMEM. */
int super_set_root(struct super *super, struct inode *root);
void super_get(struct super *super);
void super_put(struct super *super); /* last one: drops cached names, then ops->destroy */

/* ---- dentries, mounts, paths ---- */

struct dentry {
	struct ref refs;
	struct dentry *parent;		  /* [DTREE] itself for a root */
	struct inode *inode;		  /* [i] NULL: negative */
	struct super *super;		  /* [i] */
	struct dentry *hash_next;	  /* [DENTRY] */
	struct list child_link, children; /* [DTREE] hashed ones only */
	uint32_t hash;			  /* [DTREE and DENTRY to write, either to read] */
	uint32_t mounts;		  /* [MOUNT to write, a to read] mounts on it */
	bool hashed;			  /* [DTREE] in the hash, which then holds a reference */
	bool unhashed;	   /* [DTREE] deleted or never named: path shows " (deleted)" */
	uint8_t used;	   /* [a] looked up since the last sweep */
	uint16_t name_len; /* as hash */
	char *name;	   /* as hash; terminated */
	char short_name[36];
};
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d); /* may evict the inode */

struct mount {
	struct ref refs;
	struct mount *parent;	   /* [MOUNT] NULL for the root of all */
	struct dentry *mountpoint; /* [MOUNT] in parent's file system */
	struct dentry *root;	   /* [i] */
	struct super *super;	   /* [i] */
	uint32_t flags;		   /* [a] MS_RDONLY NOSUID NODEV NOEXEC NOATIME */
	uint32_t writers;	   /* [a] files open for writing: remount,ro is -EBUSY */
	uint32_t id;		   /* [i] */
	struct list link;	   /* [MOUNT] all mounts, in order */
	bool detached;		   /* [MOUNT] */
	bool hidden;		   /* [i] never in the tree: where memfds are */
};

struct path {
	struct mount *mount;
	struct dentry *dentry;
};
void path_get(const struct path *p);
void path_put(const struct path *p);

#define LOOKUP_FOLLOW 1u    /* follow a last component that is a symbolic link */
#define LOOKUP_DIRECTORY 2u /* -ENOTDIR unless it is one */
#define LOOKUP_EMPTY 4u	    /* "" names dirfd itself (AT_EMPTY_PATH) */
#define LOOKUP_PARENT 8u    /* stop before the last component */

/*
 * Resolve a kernel string from dirfd (AT_FDCWD: cwd) for the calling process. Search permission is
 * checked at each step. *out is referenced.
 * -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -EBADF, -EIO.
 */
int path_lookup(int dirfd, const char *name, uint32_t flags, struct path *out) MUST_CHECK;
/* The same for a user string; also -EFAULT. */
int path_lookup_user(int dirfd, uaddr_t name, uint32_t flags, struct path *out) MUST_CHECK;
/*
 * The place as text from the process's root, terminated, with " (deleted)" if unlinked.
 * Returns its length without NUL, -ERANGE if it does not fit. A place outside the process's root
 * starts with "(unreachable)".
 */
int path_text(const struct path *p, char *buf, size_t size);

/* mkdir(2) of a kernel string. */
int path_mkdir(int dirfd, const char *name, uint32_t mode) MUST_CHECK;

/* Mount a file system at a place, or as the root of all when at is NULL. */
int mount_new(const struct fs_type *type, const char *source, uint32_t flags, const char *options,
	const struct path *at) MUST_CHECK;
/* The same for a file system that is there already; takes over one reference. */
int mount_super(struct super *super, uint32_t flags, const struct path *at) MUST_CHECK;
void mount_root_path(struct path *out); /* referenced */
/* For procfs: calls f for each mount, in order, RANK_MOUNT held. */
void mount_for_each(void (*f)(struct mount *m, void *arg), void *arg);
/* For f: as path_text() of the place m is mounted on, from the calling process's root. */
int mount_text_locked(struct mount *m, char *buf, size_t size);
/* 0, or -EROFS when the mount or its file system is read-only. */
int path_want_write(const struct path *p);
/* Make a file, FIFO, device or socket name (bind(2)); out may be NULL, else referenced. */
int path_mknod(
	int dirfd, const char *name, uint32_t mode, uint32_t rdev, struct path *out) MUST_CHECK;

/* ---- open files ---- */

/*
 * Mappings of a file that are more than a copy of its bytes made at the call: a device's memory, a
 * file whose pages are written back. mm.lock (sleepable) is held. Each range that was mapped is
 * unmapped once, but maybe in parts, in any order: munmap of a part cuts the range.
 */
struct map_ops {
	/* v of mm is to show the file from v->offset on. It is mm's already, readable and writable,
	 * reads as zeros, and lies in the calling thread's own U. forked: mm is that of a child to
	 * be, whose U (not there yet) gets a copy of what the parent's holds. 0 or -errno: no
	 * mapping. A forked one cannot fail but with -ENOMEM. */
	int (*map)(struct file *file, struct mm *mm, const struct vma *v, bool forked);
	/* [v->start, v->end) of mm is no more: munmap, another mapping in its place, exec, the end
	 * of the process. U still holds its bytes, but may be another process's than the caller's.
	 */
	void (*unmap)(struct file *file, struct mm *mm, const struct vma *v);
};

struct file_ops {
	/* Called once for a new struct file; may replace file->ops and set file->priv. NULL: none.
	 */
	int (*open)(struct inode *inode, struct file *file);
	/* The last reference is gone. */
	void (*release)(struct file *file);
	/*
	 * Move up to b->left bytes at *pos and advance *pos; *pos is a private copy (file.pos under
	 * pos_lock, or pread's). Stream files ignore it. NULL: -EINVAL (directory: -EISDIR).
	 */
	ssize_t (*read)(struct file *file, struct iobuf *b, uint64_t *pos);
	ssize_t (*write)(struct file *file, struct iobuf *b, uint64_t *pos);
	/* Call emit for entries from *pos on until it returns false; *pos: cookie of the next.
	 * "." and ".." included: see dir_emit_dots(). inode->lock is held, file.pos_lock too. */
	int (*readdir)(struct file *file, uint64_t *pos, struct dir_emit *emit);
	/* NULL: -ENOTTY. arg is a user address or a number, as the command says. */
	int (*ioctl)(struct file *file, uint32_t cmd, uint32_t arg);
	/* POLL* bits ready now; joins its queue through pt if pt is not NULL. NULL: always ready.
	 */
	uint32_t (*poll)(struct file *file, struct poll_table *pt);
	/* NULL: regular rule over inode->size (files), 0 (directories). -ESPIPE for streams. */
	int64_t (*seek)(struct file *file, int64_t off, int whence);
	int (*fsync)(struct file *file);
	int (*fallocate)(struct file *file, int mode, uint64_t off, uint64_t len);
	/* mmap, shared or private. NULL: private ones copy the bytes by read, regular files only.
	 */
	const struct map_ops *map;
	/* The pages of S that hold the contents from byte 0 to at least `reach`, referenced; moves
	 * them there if need be. NULL, or -EOPNOTSUPP: not here. -ENOMEM: S is full, or the file
	 * is shared already and cannot be made longer. */
	int (*share)(struct file *file, uint64_t reach, struct shseg **out);
	/* Further lines of /proc/<pid>/fdinfo/<fd>, by text_add() of fs/procfs.h. NULL: none. */
	void (*fdinfo)(struct file *file, struct proc_text *out);
	bool stream; /* no position: pipe, tty, socket; lseek is -ESPIPE */
};

struct dir_emit {
	/* False: no room, stop before this entry. */
	bool (*entry)(struct dir_emit *e, const char *name, size_t len, uint64_t ino, uint8_t type,
		uint64_t next_pos);
};
/* Emit "." and ".." for *pos 0 and 1, leaving it at 2. False: no room. */
bool dir_emit_dots(struct file *file, uint64_t *pos, struct dir_emit *e);

struct file {
	struct ref refs;
	const struct file_ops *ops; /* [i] after open */
	struct path path;	    /* [i]; pipes and the like: mount NULL, dentry NULL */
	struct inode *inode;	    /* [i] NULL only for anonymous objects */
	uint32_t flags;		    /* [a] O_ACCMODE and status flags */
	struct lock pos_lock;	    /* RANK_FILE */
	uint64_t pos;		    /* [pos_lock] */
	int32_t owner;		    /* F_SETOWN */
	struct sigio *sigio;	    /* [pos_lock] vfs/sigio.c; NULL until asked for */
	struct list epoll_links;    /* [EPOLL] memberships in epoll sets */
	uint32_t epoll_count;	    /* [a] how many; 0: file_put() has nothing to tell epoll */
	const char *anon_name; /* "pipe:[7]" style prefix, for /proc/<pid>/fd; NULL for files */
	uint64_t anon_ino;
	void *priv;
};

static inline bool file_readable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_WRONLY && !(f->flags & O_PATH);
}
static inline bool file_writable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_RDONLY && !(f->flags & O_PATH);
}

void file_get(struct file *f);
void file_put(struct file *f); /* may sleep: release() */
uint32_t file_count(void);     /* open files there are now */
/* A file without a name (pipe, epoll, …). One reference. NULL: no memory. */
struct file *file_new_anon(
	const struct file_ops *ops, uint32_t flags, const char *anon_name, void *priv);
/* Open what path names; flags as open(2) without O_CREAT and O_TRUNC; no permission check. For exec
 * and the kernel itself too. Sets *out with one reference. */
int file_open_path(const struct path *path, uint32_t flags, struct file **out) MUST_CHECK;
/* Lookup and open for kernel use; checks permissions of the calling process. */
int file_open(const char *name, uint32_t flags, struct file **out) MUST_CHECK;
/* openat(2) without the descriptor: all flags, for posix_spawn's file actions too. */
int file_open_at(
	int dirfd, const char *name, uint32_t flags, uint32_t mode, struct file **out) MUST_CHECK;
/* Read n bytes at pos into kernel memory. Short only at the end of the file. */
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, uint64_t pos) MUST_CHECK;
ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, uint64_t pos) MUST_CHECK;

/* ---- descriptors ---- */

struct fdtable;
struct fdtable *fdtable_new(void);
struct fdtable *fdtable_copy(struct fdtable *from); /* fork; NULL: no memory */
void fdtable_get(struct fdtable *t);
void fdtable_put(struct fdtable *t); /* last one closes everything */
void fdtable_close_on_exec(struct fdtable *t);
/* Slots that t has now: no descriptor from there on is open. */
uint32_t fdtable_size(struct fdtable *t);

/* The calling process's descriptor fd, referenced; NULL: bad. O_PATH files only through _path. */
struct file *fd_get(int fd);
struct file *fd_get_path(int fd);
/* Reserve the lowest free descriptor >= min. -EMFILE, -ENOMEM. Then install or unreserve. */
int fd_reserve(int min, uint32_t flags /* O_CLOEXEC */) MUST_CHECK;
void fd_install(int fd, struct file *f); /* takes over the reference */
void fd_unreserve(int fd);
/* Give the calling process f at its lowest free descriptor; takes over the reference, also when it
 * fails. flags: O_CLOEXEC or 0. -EMFILE, -ENOMEM. */
int fd_give(struct file *f, uint32_t flags) MUST_CHECK;
/* The same for two, whose descriptors are stored as two ints at fds. Also -EFAULT. Neither or both.
 */
int fd_give_pair(struct file *const ends[2], uint32_t flags, uaddr_t fds) MUST_CHECK;
int fd_close(int fd);
/* dup2 into exactly newfd for posix_spawn and dup3; flags O_CLOEXEC. */
int fd_dup_to(int oldfd, int newfd, uint32_t flags);
/* For procfs: the n-th open descriptor >= fd of another process; *out referenced. -1: none. */
int fdtable_next(struct fdtable *t, int fd, struct file **out, uint32_t *fd_flags);

/* ---- a process's view: cwd, root, umask ---- */

struct fsctx {
	struct ref refs;
	struct lock lock;      /* RANK_PROC */
	struct path root, cwd; /* [l] */
	uint32_t umask;	       /* [l] */
};
struct fsctx *fsctx_new(const struct path *root);
struct fsctx *fsctx_copy(struct fsctx *from);
void fsctx_put(struct fsctx *f);
/* Set the calling process's working directory; takes its own references. */
void fsctx_set_cwd(struct fsctx *f, const struct path *cwd);
/* chdir(2), fchdir(2) for posix_spawn's file actions. */
int path_chdir(const char *name) MUST_CHECK;
int path_fchdir(int fd) MUST_CHECK;

/* ---- polling ---- */

struct poll_entry {
	struct waiter waiter;
	struct lock *lock; /* protects the queue */
};
struct poll_table {
	struct waker *waker;
	struct poll_entry inline_entries[8];
	struct poll_entry *more; /* heap, grown before joining */
	uint32_t count, capacity;
	int error; /* -ENOMEM: an entry was not joined */
	/* NULL, or called instead of joining with an entry of this table (epoll). */
	void (*join)(struct poll_table *pt, struct waitq *q, struct lock *l);
};
/* From a poll op, with l held: be told when q changes. pt may be NULL. */
void poll_join(struct poll_table *pt, struct waitq *q, struct lock *l);
uint32_t file_poll(struct file *f, struct poll_table *pt);

#endif

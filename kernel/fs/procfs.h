/*
 * procfs.h - what the files of /proc share.
 *
 * A file is a row in a table: name, mode, and a function that writes its text. The text is made
 * when a descriptor reads from position 0 and then copied out, so no lock of what it describes is
 * held over the copy. Inodes live as long as somebody uses them; names are not cached, so a lookup
 * always tells what is there now.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "proc/proc.h"
#include "vfs/vfs.h"

#define PROC_MAGIC 0x9fa0u

/* Text that grows. After a failed allocation err is -ENOMEM and the rest is dropped. */
struct proc_text {
	char *buf;
	size_t len, room;
	int err;
};
void text_add(struct proc_text *t, const char *format, ...) PRINTF(2, 3);
void text_bytes(struct proc_text *t, const char *s, size_t n);
/* Room for n more bytes at buf + len. False: no memory. */
bool text_reserve(struct proc_text *t, size_t n);

struct proc_node;

/* A row of a directory. */
struct proc_entry {
	const char *name;
	uint32_t mode;
	bool private; /* for the process's owner and root only */
	/* S_IFREG: write the text. 0 or -errno. */
	int (*text)(struct proc_text *t, struct proc_node *n);
	/* S_IFREG: take what was written. */
	int (*store)(struct proc_node *n, const char *s, size_t len);
	/* S_IFDIR with fixed entries. */
	const struct proc_entry *entries;
	uint32_t count;
	/* Anything else: operations of its own. */
	const struct inode_ops *ops;
	const struct file_ops *fops;
};
#define PROC_FILE(n, m, f) {.name = (n), .mode = S_IFREG | (m), .text = (f)}
#define PROC_PRIVATE(n, m, f) {.name = (n), .mode = S_IFREG | (m), .text = (f), .private = true}
#define PROC_STORE(n, m, f, s) {.name = (n), .mode = S_IFREG | (m), .text = (f), .store = (s)}
#define PROC_DIR(n, e) {.name = (n), .mode = S_IFDIR | 0555, .entries = (e), .count = ARRAY_LEN(e)}

/* Defines fixed_<id>(), the text of a file that always says the same line. */
#define PROC_FIXED(id, line)                                                                       \
	static int fixed_##id(struct proc_text *t, struct proc_node *n)                            \
	{                                                                                          \
		(void)n;                                                                           \
		text_bytes(t, line "\n", sizeof(line));                                            \
		return 0;                                                                          \
	}

struct proc_node {
	struct inode vfs;		/* must be first */
	const struct proc_entry *entry; /* [i] */
	struct proc *proc;		/* [i] referenced; NULL: about the machine */
	uint32_t tid;			/* [i] under task/: the thread; else 0 */
	uint32_t fd;			/* [i] under fd/, fdinfo/ */
};
static inline struct proc_node *proc_node(struct inode *inode)
{
	return CONTAINER_OF(inode, struct proc_node, vfs);
}

/* A new inode for a row. p may be NULL; a reference is taken. ERR_PTR(-ENOMEM). */
struct inode *proc_inode(struct super *super, const struct proc_entry *entry, uint64_t ino,
	struct proc *p, uint32_t tid, uint32_t fd);
#define PROC_INO(id, low)                                                                          \
	((uint64_t)(id) << 16 | (low)) /* of a process, or a thread with low 1                     \
					*/

/* 0, or -EACCES unless the caller is root or owns the process. */
int proc_private_check(struct proc *p);
/* Whole text is a decimal number without sign or leading zero. */
bool proc_number(const char *s, size_t len, uint32_t *out);
/* For directories of fixed rows. */
int proc_table_lookup(struct inode *dir, const struct proc_entry *entries, uint32_t count,
	const char *name, size_t len, struct inode **out);
/* Emits rows from cookie *pos = DOTS + index on. False: no room. */
bool proc_table_emit(const struct proc_node *dir, const struct proc_entry *entries, uint32_t count,
	uint64_t *pos, struct dir_emit *emit);
/* A file system whose root is a row. 0, -ENOMEM. */
int proc_table_mount(const struct fs_type *type, uint32_t magic, const char *source,
	const struct proc_entry *entry, struct super **out);
#define PROC_DOTS 2u
#define PROC_DYNAMIC 0x10000u /* cookies of numbered entries begin here */

extern const struct inode_ops proc_dir_ops, proc_file_ops;
extern const struct file_ops proc_dir_fops, proc_file_fops;

/* procfs_mem.c */
struct mm *proc_mm_get(struct proc *p); /* referenced; NULL: it has ended */
int proc_maps_text(struct proc_text *t, struct proc_node *n);
int proc_smaps_text(struct proc_text *t, struct proc_node *n);
int proc_smaps_rollup_text(struct proc_text *t, struct proc_node *n);
int proc_statm_text(struct proc_text *t, struct proc_node *n);
int proc_meminfo_text(struct proc_text *t, struct proc_node *n);
void proc_status_memory(struct proc_text *t, struct proc_node *n); /* VmSize and so on */
/* All in bytes. used has kernel, user and what S has grown to; cached is part of kernel. */
struct machine_memory {
	uint64_t total, used, kernel, cached, user, shared;
};
void proc_machine_memory(struct machine_memory *m);
/* procfs_more.c */
int proc_limits_text(struct proc_text *t, struct proc_node *n);
int proc_io_text(struct proc_text *t, struct proc_node *n);
int proc_cgroup_text(struct proc_text *t, struct proc_node *n);
int proc_oom_score_text(struct proc_text *t, struct proc_node *n);
int proc_oom_adj_text(struct proc_text *t, struct proc_node *n);
int proc_oom_adj_store(struct proc_node *n, const char *s, size_t len);
int proc_loginuid_text(struct proc_text *t, struct proc_node *n);
int proc_loginuid_store(struct proc_node *n, const char *s, size_t len);
int proc_sessionid_text(struct proc_text *t, struct proc_node *n);
int proc_id_map_text(struct proc_text *t, struct proc_node *n);
int proc_setgroups_text(struct proc_text *t, struct proc_node *n);
int proc_personality_text(struct proc_text *t, struct proc_node *n);
int proc_schedstat_text(struct proc_text *t, struct proc_node *n);
int proc_syscall_text(struct proc_text *t, struct proc_node *n);
int proc_children_text(struct proc_text *t, struct proc_node *n);
/* procfs_pid.c */
extern const struct proc_entry proc_pid_entry; /* the directory of one process */
/* procfs_net.c */
#define PROC_NET_COUNT 10
extern const struct proc_entry proc_net_entries[PROC_NET_COUNT];
/* procfs_fd.c */
extern const struct inode_ops proc_fd_dir_ops, proc_fdinfo_dir_ops;
extern const struct file_ops proc_fd_dir_fops;
/* procfs_pleat.c */
#define PROC_PLEAT_COUNT 3
extern const struct proc_entry proc_pleat_entries[PROC_PLEAT_COUNT];
/* procfs_sysctl.c */
#define PROC_SYS_COUNT 4
extern const struct proc_entry proc_sys_entries[PROC_SYS_COUNT];
/* procfs_sys.c */
extern const struct proc_entry proc_root_entries[];
extern const uint32_t proc_root_count;
int proc_mounts_text(struct proc_text *t, struct proc_node *n);
int proc_mountinfo_text(struct proc_text *t, struct proc_node *n);

#endif

/*
 * procfs_sys.c - what /proc says about the machine: memory, time, file systems, mounts.
 * Spec: proc(5) of Linux.
 * Locks: RANK_MOUNT while mounts are told; else those of the rooms asked.
 */
#include "fs/procfs.h"
#include "fs/chunkcache.h"
#include "ipc/sysv.h"
#include "fs/fs.h"
#include "arch/arch.h"
#include "init/init.h"
#include "lib/alloc.h"
#include "lib/klog.h"
#include "lib/str.h"

#define TICK_NS 10000000ull

/* ---- links to oneself ---- */

static ssize_t self_readlink(struct inode *inode, char *buf, size_t size)
{
	char text[16];
	int n = kformat(text, sizeof(text), "%u", proc_self()->pid);

	(void)inode;
	n = (int)MIN((size_t)n, size);
	memcpy(buf, text, (size_t)n);
	return n;
}

static ssize_t thread_self_readlink(struct inode *inode, char *buf, size_t size)
{
	char text[40];
	int n = kformat(text, sizeof(text), "%u/task/%u", proc_self()->pid, thread_self()->tid);

	(void)inode;
	n = (int)MIN((size_t)n, size);
	memcpy(buf, text, (size_t)n);
	return n;
}

static ssize_t mounts_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t n = MIN(sizeof("self/mounts") - 1, size);

	(void)inode;
	memcpy(buf, "self/mounts", n);
	return (ssize_t)n;
}

static const struct inode_ops self_ops = {.readlink = self_readlink};
static const struct inode_ops thread_self_ops = {.readlink = thread_self_readlink};
static const struct inode_ops mounts_ops = {.readlink = mounts_readlink};

/* ---- time ---- */

/* Time that some process ran, summed: the machine's one idea of being busy. */
static uint64_t busy_ns(uint32_t *processes)
{
	uint64_t sum = 0;
	uint32_t pid = 0;
	struct proc *p;

	*processes = 0;
	while ((p = proc_next(pid)) != NULL) {
		pid = p->pid;
		++*processes;
		sum += proc_cpu_ns(p);
		proc_put(p);
	}
	return sum;
}

static int uptime_text(struct proc_text *t, struct proc_node *n)
{
	uint64_t now = arch_clock_ns(), busy;
	uint32_t processes;

	(void)n;
	busy = MIN(busy_ns(&processes), now * cpu_count());
	text_add(t, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(now / 1000000000),
		(unsigned long long)(now / TICK_NS % 100),
		(unsigned long long)((now * cpu_count() - busy) / 1000000000),
		(unsigned long long)((now * cpu_count() - busy) / TICK_NS % 100));
	return 0;
}

static int loadavg_text(struct proc_text *t, struct proc_node *n)
{
	uint32_t loads[3], running, all = proc_count(&running), last = 0;
	struct proc *p;

	(void)n;
	load_average(loads);
	for (int i = 0; i < 3; i++)
		text_add(t, "%u.%02u ", loads[i] >> 16, (loads[i] & 0xffff) * 100 >> 16);
	while ((p = proc_next(last)) != NULL) {
		last = p->pid;
		proc_put(p);
	}
	text_add(t, "%u/%u %u\n", running, all, last);
	return 0;
}

static int stat_text(struct proc_text *t, struct proc_node *n)
{
	uint64_t now = arch_clock_ns(), busy;
	uint32_t processes, running;

	(void)n;
	busy = MIN(busy_ns(&processes), now * cpu_count());
	proc_count(&running);
	text_add(t, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", (unsigned long long)(busy / TICK_NS),
		(unsigned long long)((now * cpu_count() - busy) / TICK_NS));
	/* Which processor ran what is not known: each has its share. */
	for (uint32_t i = 0, n = cpu_count(); i < n; i++)
		text_add(t, "cpu%u %llu 0 0 %llu 0 0 0 0 0 0\n", i,
			(unsigned long long)(busy / n / TICK_NS),
			(unsigned long long)((now * n - busy) / n / TICK_NS));
	text_add(t, "intr 0\nctxt 0\nbtime %llu\nprocesses %u\nprocs_running %u\nprocs_blocked 0\n",
		(unsigned long long)((arch_realtime_ns() - now) / 1000000000), processes, running);
	return 0;
}

static int cpuinfo_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	for (uint32_t i = 0; i < cpu_count(); i++)
		text_add(t,
			"processor\t: %u\nvendor_id\t: WebAssembly\nmodel name\t: wasm32\n"
			"flags\t\t: atomics bulk_memory mutable_globals\n\n",
			i);
	return 0;
}

static int version_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "Linux version %s (pleat) %s\n", kernel_release, kernel_version);
	return 0;
}

static int cmdline_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%s\n", boot_cmdline());
	return 0;
}

static int vmstat_text(struct proc_text *t, struct proc_node *n)
{
	struct chunk_stats c;
	struct alloc_stats a;

	(void)n;
	alloc_stats(&a);
	chunk_stats(&c);
	text_add(t, "nr_free_pages %llu\nchunk_hits %llu\nchunk_misses %llu\nchunk_failures %llu\n",
		(unsigned long long)((a.limit_bytes - a.used_bytes) >> PAGE_SHIFT),
		(unsigned long long)c.hits, (unsigned long long)c.misses,
		(unsigned long long)c.failures);
	text_add(t, "kernel_objects %u\n", a.objects);
	return 0;
}

/* ---- file systems and mounts ---- */

static int filesystems_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	for (const struct fs_type *const *f = fs_types; *f; f++)
		text_add(t, "%s\t%s\n", (*f)->nodev ? "nodev" : "", (*f)->name);
	return 0;
}

static int swaps_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int partitions_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "major minor  #blocks  name\n\n");
	return 0;
}

static int devices_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n 10 misc\n136 pts\n\n"
		    "Block devices:\n");
	return 0;
}

/* Blank, tab, newline and backslash as octal, so that a line has its fields. */
static void text_field(struct proc_text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
			text_add(t, "\\%03o", (uint32_t)*s);
		else
			text_bytes(t, s, 1);
	}
}

static void text_mount_flags(struct proc_text *t, const struct mount *m)
{
	uint32_t flags = atomic_load(&((struct mount *)(uintptr_t)m)->flags);

	text_add(t, "%s", (flags | m->super->flags) & MS_RDONLY ? "ro" : "rw");
	if (flags & MS_NOSUID)
		text_add(t, ",nosuid");
	if (flags & MS_NODEV)
		text_add(t, ",nodev");
	if (flags & MS_NOEXEC)
		text_add(t, ",noexec");
	text_add(t, flags & MS_NOATIME ? ",noatime" : ",relatime");
}

struct mount_walk {
	struct proc_text *t;
	char place[PATH_MAX];
};

static void mounts_line(struct mount *m, void *arg)
{
	struct mount_walk *w = arg;

	if (mount_text_locked(m, w->place, sizeof(w->place)) < 0)
		return;
	text_field(w->t, m->super->source[0] ? m->super->source : "none");
	text_add(w->t, " ");
	text_field(w->t, w->place);
	text_add(w->t, " %s ", m->super->type->name);
	text_mount_flags(w->t, m);
	text_add(w->t, " 0 0\n");
}

/* What of its file system is mounted: a bind mount shows a part. */
static void text_within(struct mount_walk *w, const struct mount *m)
{
	const struct dentry *d = m->root;
	size_t at = sizeof(w->place) - 1;

	w->place[at] = 0;
	for (; d != m->super->root && d->parent && d->parent != d; d = d->parent) {
		size_t len = strlen(d->name);

		if (len + 1 > at)
			break;
		at -= len;
		memcpy(w->place + at, d->name, len);
		w->place[--at] = '/';
	}
	text_field(w->t, w->place[at] ? w->place + at : "/");
}

static void mountinfo_line(struct mount *m, void *arg)
{
	struct mount_walk *w = arg;

	/* Not to be seen from the caller's root: no line. */
	if (mount_text_locked(m, w->place, sizeof(w->place)) < 0)
		return;
	text_add(w->t, "%u %u %u:%u ", m->id, m->parent ? m->parent->id : 0, MAJOR(m->super->dev),
		MINOR(m->super->dev));
	text_within(w, m);
	text_add(w->t, " ");
	if (mount_text_locked(m, w->place, sizeof(w->place)) >= 0)
		text_field(w->t, w->place);
	text_add(w->t, " ");
	text_mount_flags(w->t, m);
	text_add(w->t, " - %s ", m->super->type->name);
	text_field(w->t, m->super->source[0] ? m->super->source : "none");
	text_add(w->t, " %s\n", m->super->flags & MS_RDONLY ? "ro" : "rw");
}

static int each_mount(struct proc_text *t, void (*line)(struct mount *m, void *arg))
{
	struct mount_walk *w = kmalloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->t = t;
	mount_for_each(line, w);
	kfree(w);
	return 0;
}

int proc_mounts_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return each_mount(t, mounts_line);
}

int proc_mountinfo_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	return each_mount(t, mountinfo_line);
}

static const struct proc_entry sysvipc_entries[] = {
	PROC_FILE("msg", 0444, sysv_msg_text),
	PROC_FILE("sem", 0444, sysv_sem_text),
	PROC_FILE("shm", 0444, sysv_shm_text),
};

const struct proc_entry proc_root_entries[] = {
	{.name = "self", .mode = S_IFLNK | 0777, .ops = &self_ops},
	{.name = "thread-self", .mode = S_IFLNK | 0777, .ops = &thread_self_ops},
	{.name = "mounts", .mode = S_IFLNK | 0777, .ops = &mounts_ops},
	PROC_FILE("cmdline", 0444, cmdline_text),
	PROC_FILE("cpuinfo", 0444, cpuinfo_text),
	PROC_FILE("devices", 0444, devices_text),
	PROC_FILE("filesystems", 0444, filesystems_text),
	PROC_FILE("loadavg", 0444, loadavg_text),
	PROC_FILE("meminfo", 0444, proc_meminfo_text),
	PROC_FILE("partitions", 0444, partitions_text),
	PROC_FILE("stat", 0444, stat_text),
	PROC_FILE("swaps", 0444, swaps_text),
	PROC_FILE("uptime", 0444, uptime_text),
	PROC_FILE("version", 0444, version_text),
	PROC_FILE("vmstat", 0444, vmstat_text),
	{.name = "net",
		.mode = S_IFDIR | 0555,
		.entries = proc_net_entries,
		.count = PROC_NET_COUNT},
	{.name = "sys",
		.mode = S_IFDIR | 0555,
		.entries = proc_sys_entries,
		.count = PROC_SYS_COUNT},
	PROC_DIR("sysvipc", sysvipc_entries),
	{.name = "pleat",
		.mode = S_IFDIR | 0555,
		.entries = proc_pleat_entries,
		.count = PROC_PLEAT_COUNT},
};
const uint32_t proc_root_count = ARRAY_LEN(proc_root_entries);

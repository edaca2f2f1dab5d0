/*
 * procfs_sys.c - what /proc says about the machine: memory, time, file systems, mounts, sys/.
 * Spec: proc(5), proc_sys(5) of Linux.
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

/* ---- memory and time ---- */

static int meminfo_text(struct proc_text *t, struct proc_node *n)
{
	struct chunk_stats chunks;
	struct alloc_stats a;
	uint64_t total, used, cached;

	(void)n;
	alloc_stats(&a);
	chunk_stats(&chunks);
	total = a.limit_bytes >> 10;
	used = a.used_bytes >> 10;
	cached = MIN((uint64_t)chunks.chunks << (CHUNK_SHIFT - 10), used);
	text_add(t,
		"MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n",
		(unsigned long long)total, (unsigned long long)(total - used),
		(unsigned long long)(total - used + cached));
	text_add(t, "Buffers:        %8u kB\nCached:         %8llu kB\nSwapCached:     %8u kB\n", 0,
		(unsigned long long)cached, 0);
	text_add(t, "Active:         %8llu kB\nInactive:       %8u kB\n",
		(unsigned long long)(used - cached), 0);
	text_add(t, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\nDirty:          %8u kB\n", 0,
		0, 0);
	text_add(t, "Shmem:          %8u kB\nSlab:           %8llu kB\nSReclaimable:   %8u kB\n", 0,
		(unsigned long long)(used - cached), 0);
	return 0;
}

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

static void mountinfo_line(struct mount *m, void *arg)
{
	struct mount_walk *w = arg;

	if (mount_text_locked(m, w->place, sizeof(w->place)) < 0)
		return;
	text_add(w->t, "%u %u %u:%u ", m->id, m->parent ? m->parent->id : 0, MAJOR(m->super->dev),
		MINOR(m->super->dev));
	/* The place within the file system; of a bind mount only its last name is told. */
	text_add(w->t, "/");
	if (m->root != m->super->root)
		text_field(w->t, m->root->name);
	text_add(w->t, " ");
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

/* ---- sys/ ---- */

static int hostname_text(struct proc_text *t, struct proc_node *n)
{
	char name[65];

	(void)n;
	text_add(t, "%s\n", host_name(name, sizeof(name)));
	return 0;
}

static int osrelease_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%s\n", kernel_release);
	return 0;
}

static int sysversion_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%s\n", kernel_version);
	return 0;
}

static void text_uuid(struct proc_text *t, const uint8_t *u)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint8_t b = u[i];

		if (i == 6)
			b = (uint8_t)(0x40 | (b & 0x0f)); /* RFC 9562: version 4 */
		if (i == 8)
			b = (uint8_t)(0x80 | (b & 0x3f));
		text_add(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b);
	}
	text_add(t, "\n");
}

static int uuid_text(struct proc_text *t, struct proc_node *n)
{
	uint8_t u[16];

	(void)n;
	arch_random(u, sizeof(u));
	text_uuid(t, u);
	return 0;
}

static int boot_id_text(struct proc_text *t, struct proc_node *n)
{
	static struct lock lock = LOCK_INIT(RANK_WAITQ);
	static uint8_t id[16]; /* [lock] */
	static bool made;      /* [lock] */
	uint8_t mine[16];

	(void)n;
	lock_acquire(&lock);
	if (!made)
		arch_random(id, sizeof(id));
	made = true;
	memcpy(mine, id, sizeof(mine));
	lock_release(&lock);
	text_uuid(t, mine);
	return 0;
}

/* A file that always says the same. */
#define FIXED(id, s)                                                                               \
	static int fixed_##id(struct proc_text *t, struct proc_node *n)                            \
	{                                                                                          \
		(void)n;                                                                           \
		text_bytes(t, s "\n", sizeof(s));                                                  \
		return 0;                                                                          \
	}
FIXED(ostype, "Linux")
FIXED(pid_max, "32768")
FIXED(threads_max, "4096")
FIXED(zero, "0")
FIXED(one, "1")
FIXED(two, "2")
FIXED(none, "(none)")
FIXED(entropy, "256")
FIXED(file_max, "1048576")
FIXED(nr_open, "1048576")
FIXED(pipe_max, "1048576")
FIXED(inotify_events, "16384")
FIXED(inotify_instances, "128")
FIXED(inotify_watches, "65536")
FIXED(ngroups, "64")
FIXED(last_cap, "40")
FIXED(core, "core")
FIXED(max_map, "65530")
FIXED(somaxconn, "4096")

static const struct proc_entry random_entries[] = {
	PROC_FILE("uuid", 0444, uuid_text),
	PROC_FILE("boot_id", 0444, boot_id_text),
	PROC_FILE("entropy_avail", 0444, fixed_entropy),
	PROC_FILE("poolsize", 0444, fixed_entropy),
};
static const struct proc_entry kernel_entries[] = {
	PROC_FILE("hostname", 0444, hostname_text),
	PROC_FILE("domainname", 0444, fixed_none),
	PROC_FILE("osrelease", 0444, osrelease_text),
	PROC_FILE("ostype", 0444, fixed_ostype),
	PROC_FILE("version", 0444, sysversion_text),
	PROC_FILE("pid_max", 0444, fixed_pid_max),
	PROC_FILE("threads-max", 0444, fixed_threads_max),
	PROC_FILE("ngroups_max", 0444, fixed_ngroups),
	PROC_FILE("cap_last_cap", 0444, fixed_last_cap),
	PROC_FILE("core_pattern", 0444, fixed_core),
	PROC_FILE("randomize_va_space", 0444, fixed_zero),
	PROC_DIR("random", random_entries),
};
static const struct proc_entry inotify_entries[] = {
	PROC_FILE("max_queued_events", 0444, fixed_inotify_events),
	PROC_FILE("max_user_instances", 0444, fixed_inotify_instances),
	PROC_FILE("max_user_watches", 0444, fixed_inotify_watches),
};
static const struct proc_entry fs_entries[] = {
	PROC_FILE("file-max", 0444, fixed_file_max),
	PROC_FILE("nr_open", 0444, fixed_nr_open),
	PROC_FILE("pipe-max-size", 0444, fixed_pipe_max),
	PROC_DIR("inotify", inotify_entries),
};
static const struct proc_entry vm_entries[] = {
	PROC_FILE("overcommit_memory", 0444, fixed_one),
	PROC_FILE("max_map_count", 0444, fixed_max_map),
	PROC_FILE("swappiness", 0444, fixed_zero),
	PROC_FILE("drop_caches", 0444, fixed_zero),
	PROC_FILE("laptop_mode", 0444, fixed_zero),
	PROC_FILE("page-cluster", 0444, fixed_two),
};
static const struct proc_entry core_entries[] = {
	PROC_FILE("somaxconn", 0444, fixed_somaxconn),
};
static const struct proc_entry net_entries[] = {PROC_DIR("core", core_entries)};
static const struct proc_entry sys_entries[] = {
	PROC_DIR("kernel", kernel_entries),
	PROC_DIR("fs", fs_entries),
	PROC_DIR("vm", vm_entries),
	PROC_DIR("net", net_entries),
};

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
	PROC_FILE("meminfo", 0444, meminfo_text),
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
	PROC_DIR("sys", sys_entries),
	PROC_DIR("sysvipc", sysvipc_entries),
	{.name = "pleat",
		.mode = S_IFDIR | 0555,
		.entries = proc_pleat_entries,
		.count = PROC_PLEAT_COUNT},
};
const uint32_t proc_root_count = ARRAY_LEN(proc_root_entries);

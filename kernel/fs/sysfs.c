/*
 * sysfs.c - /sys: what there is of processors, devices and the kernel, as programs look for it.
 * Spec: sysfs(5) of Linux and its Documentation/ABI. Fixed rows as in /proc; no device comes or
 * goes, and nothing can be set here.
 * Locks: none of its own.
 */
#include "fs/fs.h"
#include "fs/procfs.h"
#include "init/init.h"

#define SYS_MAGIC 0x62656572u

/* ---- devices/system/cpu ---- */

static int cpus_text(struct proc_text *t, struct proc_node *n)
{
	uint32_t cpus = cpu_count();

	(void)n;
	if (cpus > 1)
		text_add(t, "0-%u\n", cpus - 1);
	else
		text_add(t, "0\n");
	return 0;
}

static int no_cpus_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "\n");
	return 0;
}

PROC_FIXED(kernel_max, "31")
PROC_FIXED(zero, "0")
PROC_FIXED(one, "1")

static const struct proc_entry node0_entries[] = {
	PROC_FILE("cpulist", 0444, cpus_text),
};
static const struct proc_entry node_entries[] = {
	PROC_FILE("online", 0444, fixed_zero),
	PROC_FILE("possible", 0444, fixed_zero),
	PROC_DIR("node0", node0_entries),
};
/* As many of the names as there are processors. */
#define CPU(n) PROC_DIR("cpu" #n, one_cpu_entries)
static const struct proc_entry one_cpu_entries[] = {
	PROC_FILE("online", 0444, fixed_one),
};
static const struct proc_entry cpu_files[] = {
	PROC_FILE("online", 0444, cpus_text),
	PROC_FILE("possible", 0444, cpus_text),
	PROC_FILE("present", 0444, cpus_text),
	PROC_FILE("offline", 0444, no_cpus_text),
	PROC_FILE("isolated", 0444, no_cpus_text),
	PROC_FILE("kernel_max", 0444, fixed_kernel_max),
	CPU(0),
	CPU(1),
	CPU(2),
	CPU(3),
	CPU(4),
	CPU(5),
	CPU(6),
	CPU(7),
	CPU(8),
	CPU(9),
	CPU(10),
	CPU(11),
	CPU(12),
	CPU(13),
	CPU(14),
	CPU(15),
	CPU(16),
	CPU(17),
	CPU(18),
	CPU(19),
	CPU(20),
	CPU(21),
	CPU(22),
	CPU(23),
	CPU(24),
	CPU(25),
	CPU(26),
	CPU(27),
	CPU(28),
	CPU(29),
	CPU(30),
	CPU(31),
};
#define CPU_FILES 6u

static uint32_t cpu_rows(void)
{
	return CPU_FILES + MIN(cpu_count(), 32u);
}

static int cpu_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	return proc_table_lookup(dir, cpu_files, cpu_rows(), name, len, out);
}

static int cpu_readdir(struct file *file, uint64_t *pos, struct dir_emit *emit)
{
	if (dir_emit_dots(file, pos, emit))
		(void)proc_table_emit(proc_node(file->inode), cpu_files, cpu_rows(), pos, emit);
	return 0;
}

static const struct inode_ops cpu_ops = {.lookup = cpu_lookup};
static const struct file_ops cpu_fops = {.readdir = cpu_readdir};

static const struct proc_entry system_entries[] = {
	{.name = "cpu", .mode = S_IFDIR | 0555, .ops = &cpu_ops, .fops = &cpu_fops},
	PROC_DIR("node", node_entries),
};
static const struct proc_entry devices_entries[] = {PROC_DIR("system", system_entries)};

/* ---- class ---- */

PROC_FIXED(loopback, "00:00:00:00:00:00")
PROC_FIXED(broadcast, "00:00:00:00:00:00")
PROC_FIXED(mtu, "65536")
PROC_FIXED(lo_type, "772")
PROC_FIXED(lo_flags, "0x9")
PROC_FIXED(unknown, "unknown")
PROC_FIXED(addr_len, "6")
PROC_FIXED(fb_dev, "29:0")
PROC_FIXED(fb_bits, "32")
PROC_FIXED(tty_dev, "5:0")
PROC_FIXED(console_dev, "5:1")
PROC_FIXED(null_dev, "1:3")
PROC_FIXED(zero_dev, "1:5")
PROC_FIXED(full_dev, "1:7")
PROC_FIXED(random_dev, "1:8")
PROC_FIXED(urandom_dev, "1:9")

static const struct proc_entry lo_entries[] = {
	PROC_FILE("address", 0444, fixed_loopback),
	PROC_FILE("broadcast", 0444, fixed_broadcast),
	PROC_FILE("addr_len", 0444, fixed_addr_len),
	PROC_FILE("carrier", 0444, fixed_one),
	PROC_FILE("flags", 0444, fixed_lo_flags),
	PROC_FILE("ifindex", 0444, fixed_one),
	PROC_FILE("iflink", 0444, fixed_one),
	PROC_FILE("mtu", 0444, fixed_mtu),
	PROC_FILE("operstate", 0444, fixed_unknown),
	PROC_FILE("type", 0444, fixed_lo_type),
};
static const struct proc_entry net_entries[] = {PROC_DIR("lo", lo_entries)};

static const struct proc_entry fb0_entries[] = {
	PROC_FILE("dev", 0444, fixed_fb_dev),
	PROC_FILE("bits_per_pixel", 0444, fixed_fb_bits),
};
static const struct proc_entry graphics_entries[] = {PROC_DIR("fb0", fb0_entries)};

static const struct proc_entry tty_entries[] = {PROC_FILE("dev", 0444, fixed_tty_dev)};
static const struct proc_entry console_entries[] = {PROC_FILE("dev", 0444, fixed_console_dev)};
static const struct proc_entry ttys_entries[] = {
	PROC_DIR("tty", tty_entries),
	PROC_DIR("console", console_entries),
};

static const struct proc_entry null_entries[] = {PROC_FILE("dev", 0444, fixed_null_dev)};
static const struct proc_entry zero_entries[] = {PROC_FILE("dev", 0444, fixed_zero_dev)};
static const struct proc_entry full_entries[] = {PROC_FILE("dev", 0444, fixed_full_dev)};
static const struct proc_entry random_entries[] = {PROC_FILE("dev", 0444, fixed_random_dev)};
static const struct proc_entry urandom_entries[] = {PROC_FILE("dev", 0444, fixed_urandom_dev)};
static const struct proc_entry mem_entries[] = {
	PROC_DIR("null", null_entries),
	PROC_DIR("zero", zero_entries),
	PROC_DIR("full", full_entries),
	PROC_DIR("random", random_entries),
	PROC_DIR("urandom", urandom_entries),
};

/* Keyboard, mouse and so on have no attributes yet but their numbers. */
PROC_FIXED(event0_dev, "13:64")
PROC_FIXED(event1_dev, "13:65")
static const struct proc_entry event0_entries[] = {PROC_FILE("dev", 0444, fixed_event0_dev)};
static const struct proc_entry event1_entries[] = {PROC_FILE("dev", 0444, fixed_event1_dev)};
static const struct proc_entry input_entries[] = {
	PROC_DIR("event0", event0_entries),
	PROC_DIR("event1", event1_entries),
};

static const struct proc_entry class_entries[] = {
	PROC_DIR("graphics", graphics_entries),
	PROC_DIR("input", input_entries),
	PROC_DIR("mem", mem_entries),
	PROC_DIR("net", net_entries),
	PROC_DIR("tty", ttys_entries),
};

/* ---- kernel ---- */

static int uevent_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "0\n");
	return 0;
}

PROC_FIXED(never, "always madvise [never]")
static const struct proc_entry hugepage_entries[] = {PROC_FILE("enabled", 0444, fixed_never)};
static const struct proc_entry mm_entries[] = {
	PROC_DIR("transparent_hugepage", hugepage_entries),
};
static const struct proc_entry kernel_entries[] = {
	PROC_FILE("uevent_seqnum", 0444, uevent_text),
	PROC_DIR("mm", mm_entries),
};

static const struct proc_entry empty_dir = {.name = "", .mode = S_IFDIR | 0555};
#define EMPTY(n) {.name = (n), .mode = S_IFDIR | 0555, .entries = &empty_dir, .count = 0}
static const struct proc_entry root_entries[] = {
	EMPTY("block"),
	EMPTY("bus"),
	PROC_DIR("class", class_entries),
	PROC_DIR("devices", devices_entries),
	EMPTY("fs"),
	PROC_DIR("kernel", kernel_entries),
};
static const struct proc_entry root_entry = PROC_DIR("", root_entries);

static int sys_mount_type(
	const char *source, uint32_t flags, const char *options, struct super **out)
{
	(void)source, (void)flags, (void)options;
	return proc_table_mount(&sysfs_type, SYS_MAGIC, "sysfs", &root_entry, out);
}

const struct fs_type sysfs_type = {.name = "sysfs", .mount = sys_mount_type, .nodev = true};

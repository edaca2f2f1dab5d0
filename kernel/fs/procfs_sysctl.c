/*
 * procfs_sysctl.c - /proc/sys: names, limits and settings of the kernel.
 * Spec: proc_sys(5) of Linux. A file that can be written acts; what cannot be changed is read-only.
 * Locks: those of the rooms asked.
 */
#include "fs/procfs.h"
#include "arch/arch.h"
#include "init/init.h"
#include "lib/klog.h"
#include "lib/str.h"

static int hostname_text(struct proc_text *t, struct proc_node *n)
{
	char name[65];

	(void)n;
	text_add(t, "%s\n", host_name(name, sizeof(name)));
	return 0;
}

/* -EINVAL: longer than 64 bytes. Opening for writing was root's alone. */
static int hostname_store(struct proc_node *n, const char *s, size_t len)
{
	(void)n;
	return host_name_set(s, len);
}

static int domainname_text(struct proc_text *t, struct proc_node *n)
{
	char name[65];

	(void)n;
	text_add(t, "%s\n", domain_name(name, sizeof(name)));
	return 0;
}

static int domainname_store(struct proc_node *n, const char *s, size_t len)
{
	(void)n;
	return domain_name_set(s, len);
}

static int pid_max_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%u\n", atomic_load(&pid_max));
	return 0;
}

/* -EINVAL: not 301..32768. */
static int pid_max_store(struct proc_node *n, const char *s, size_t len)
{
	uint32_t value;

	(void)n;
	if (!str_to_u32(s, s + len, &value) || value < 301 || value > 32768)
		return -EINVAL;
	atomic_store(&pid_max, value);
	return 0;
}

static int file_nr_text(struct proc_text *t, struct proc_node *n)
{
	(void)n;
	text_add(t, "%u\t0\t%u\n", file_count(), 1048576u);
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

PROC_FIXED(ostype, "Linux")
PROC_FIXED(threads_max, "4096")
PROC_FIXED(zero, "0")
PROC_FIXED(one, "1")
PROC_FIXED(two, "2")
PROC_FIXED(entropy, "256")
PROC_FIXED(file_max, "1048576")
PROC_FIXED(nr_open, "1048576")
PROC_FIXED(pipe_max, "1048576")
PROC_FIXED(inotify_events, "16384")
PROC_FIXED(inotify_instances, "128")
PROC_FIXED(inotify_watches, "65536")
PROC_FIXED(ngroups, "64")
PROC_FIXED(last_cap, "40")
PROC_FIXED(core, "core")
PROC_FIXED(max_map, "65530")
PROC_FIXED(somaxconn, "4096")
PROC_FIXED(msgmax, "8192")
PROC_FIXED(msgmnb, "16384")
PROC_FIXED(msgmni, "32768")
PROC_FIXED(sem, "32000\t1048576000\t500\t32768")
PROC_FIXED(shmmax, "2147352576")
PROC_FIXED(shmall, "524256")
PROC_FIXED(shmmni, "32768")
PROC_FIXED(printk, "4\t4\t1\t7")
PROC_FIXED(overflow, "65534")
PROC_FIXED(mq_queues, "256")
PROC_FIXED(mq_messages, "10")
PROC_FIXED(mq_size, "8192")
PROC_FIXED(overcommit_ratio, "50")
PROC_FIXED(min_free, "4096")

static const struct proc_entry random_entries[] = {
	PROC_FILE("uuid", 0444, uuid_text),
	PROC_FILE("boot_id", 0444, boot_id_text),
	PROC_FILE("entropy_avail", 0444, fixed_entropy),
	PROC_FILE("poolsize", 0444, fixed_entropy),
};
static const struct proc_entry kernel_entries[] = {
	PROC_STORE("hostname", 0644, hostname_text, hostname_store),
	PROC_STORE("domainname", 0644, domainname_text, domainname_store),
	PROC_FILE("osrelease", 0444, osrelease_text),
	PROC_FILE("ostype", 0444, fixed_ostype),
	PROC_FILE("version", 0444, sysversion_text),
	PROC_STORE("pid_max", 0644, pid_max_text, pid_max_store),
	PROC_FILE("threads-max", 0444, fixed_threads_max),
	PROC_FILE("ngroups_max", 0444, fixed_ngroups),
	PROC_FILE("cap_last_cap", 0444, fixed_last_cap),
	PROC_FILE("core_pattern", 0444, fixed_core),
	PROC_FILE("randomize_va_space", 0444, fixed_zero),
	PROC_FILE("core_uses_pid", 0444, fixed_zero),
	PROC_FILE("dmesg_restrict", 0444, fixed_zero),
	PROC_FILE("overflowuid", 0444, fixed_overflow),
	PROC_FILE("overflowgid", 0444, fixed_overflow),
	PROC_FILE("panic", 0444, fixed_zero),
	PROC_FILE("printk", 0444, fixed_printk),
	PROC_FILE("tainted", 0444, fixed_zero),
	PROC_FILE("msgmax", 0444, fixed_msgmax),
	PROC_FILE("msgmnb", 0444, fixed_msgmnb),
	PROC_FILE("msgmni", 0444, fixed_msgmni),
	PROC_FILE("sem", 0444, fixed_sem),
	PROC_FILE("shmmax", 0444, fixed_shmmax),
	PROC_FILE("shmall", 0444, fixed_shmall),
	PROC_FILE("shmmni", 0444, fixed_shmmni),
	PROC_DIR("random", random_entries),
};
static const struct proc_entry inotify_entries[] = {
	PROC_FILE("max_queued_events", 0444, fixed_inotify_events),
	PROC_FILE("max_user_instances", 0444, fixed_inotify_instances),
	PROC_FILE("max_user_watches", 0444, fixed_inotify_watches),
};
static const struct proc_entry mqueue_entries[] = {
	PROC_FILE("queues_max", 0444, fixed_mq_queues),
	PROC_FILE("msg_max", 0444, fixed_mq_messages),
	PROC_FILE("msgsize_max", 0444, fixed_mq_size),
	PROC_FILE("msg_default", 0444, fixed_mq_messages),
	PROC_FILE("msgsize_default", 0444, fixed_mq_size),
};
static const struct proc_entry fs_entries[] = {
	PROC_FILE("file-max", 0444, fixed_file_max),
	PROC_FILE("file-nr", 0444, file_nr_text),
	PROC_FILE("nr_open", 0444, fixed_nr_open),
	PROC_FILE("overflowuid", 0444, fixed_overflow),
	PROC_FILE("overflowgid", 0444, fixed_overflow),
	PROC_FILE("protected_hardlinks", 0444, fixed_zero),
	PROC_FILE("protected_symlinks", 0444, fixed_zero),
	PROC_FILE("suid_dumpable", 0444, fixed_zero),
	PROC_DIR("mqueue", mqueue_entries),
	PROC_FILE("pipe-max-size", 0444, fixed_pipe_max),
	PROC_DIR("inotify", inotify_entries),
};
static const struct proc_entry vm_entries[] = {
	PROC_FILE("overcommit_memory", 0444, fixed_one),
	PROC_FILE("overcommit_ratio", 0444, fixed_overcommit_ratio),
	PROC_FILE("min_free_kbytes", 0444, fixed_min_free),
	PROC_FILE("max_map_count", 0444, fixed_max_map),
	PROC_FILE("swappiness", 0444, fixed_zero),
	PROC_FILE("page-cluster", 0444, fixed_two),
};
static const struct proc_entry core_entries[] = {
	PROC_FILE("somaxconn", 0444, fixed_somaxconn),
};
static const struct proc_entry net_entries[] = {PROC_DIR("core", core_entries)};
const struct proc_entry proc_sys_entries[PROC_SYS_COUNT] = {
	PROC_DIR("kernel", kernel_entries),
	PROC_DIR("fs", fs_entries),
	PROC_DIR("vm", vm_entries),
	PROC_DIR("net", net_entries),
};

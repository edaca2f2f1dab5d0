/* procfs_test.c - what ps, lsof, mount and shells read in /proc. */
#include "vfs/vfs_test.h"

static void proc_up(void)
{
	CHECK_EQ(t_mkdir("/proc"), 0);
	CHECK_EQ(t_mount("proc", "/proc", 0, ""), 0);
}

static void proc_down(void)
{
	CHECK_EQ(t_umount("/proc", 0), 0);
	CHECK_EQ(t_rmdir("/proc"), 0);
}

/* The start of a file, as a string. */
static const char *text_of(const char *path)
{
	int fd = t_open(path, O_RDONLY, 0);
	const char *s;

	CHECK(fd >= 0);
	s = t_read(fd);
	CHECK_EQ(sys_close(fd), 0);
	return s;
}

static const char *link_of(const char *path)
{
	static char text[256];
	uaddr_t buf = u_alloc(256);
	int n = sys_readlinkat(AT_FDCWD, u_str(path), buf, 255);

	CHECK(n > 0);
	memcpy(text, u_ptr(buf, (size_t)n), (size_t)n);
	text[n] = 0;
	return text;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static uint32_t count_names(const char *path)
{
	uaddr_t buf = u_alloc(1024);
	int fd = t_open(path, O_RDONLY | O_DIRECTORY, 0), n;
	uint32_t count = 0;

	CHECK(fd >= 0);
	while ((n = sys_getdents64(fd, buf, 1024)) > 0) {
		for (uint32_t at = 0; at < (uint32_t)n;) {
			const struct abi_dirent64 *d = u_ptr(buf + at, sizeof(*d));
			char below[300];

			kformat(below, sizeof(below), "%s/%s", path, d->name);
			CHECK_EQ(t_exists(below), 0);
			CHECK(d->ino != 0);
			if (d->name[0] != '.')
				CHECK_EQ(t_stat(below).ino, d->ino);
			count++;
			at += d->reclen;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(sys_close(fd), 0);
	return count;
}

PROC_TEST(proc_self_is_the_caller)
{
	proc_up();
	CHECK_STR(link_of("/proc/self"), "1");
	CHECK_STR(link_of("/proc/thread-self"), "1/task/1");
	CHECK(begins(text_of("/proc/self/stat"), "1 ("));
	CHECK(begins(text_of("/proc/thread-self/status"), "Name:\t"));
	CHECK_EQ(t_exists("/proc/2"), -ENOENT);
	CHECK_EQ(t_exists("/proc/01"), -ENOENT);
	CHECK_EQ(t_exists("/proc/none"), -ENOENT);
	CHECK_STR(link_of("/proc/self/cwd"), "/");
	CHECK_STR(link_of("/proc/self/root"), "/");
	CHECK_STR(link_of("/proc/mounts"), "self/mounts");
	proc_down();
}

PROC_TEST(proc_stat_has_52_fields)
{
	const char *s;
	uint32_t fields = 1;

	proc_up();
	s = text_of("/proc/1/stat");
	for (; *s; s++)
		fields += *s == ' ';
	CHECK_EQ(fields, 52);
	proc_down();
}

PROC_TEST(proc_lists_what_can_be_looked_up)
{
	struct proc *p;

	proc_up();
	p = ktest_proc_new();
	CHECK(count_names("/proc") > 15);
	CHECK(count_names("/proc/1") > 15);
	CHECK_EQ(count_names("/proc/1/task"), 3);
	CHECK(count_names("/proc/sys/kernel") > 8);
	CHECK_EQ(count_names("/proc/sys"), 6);
	ktest_proc_free(p);
	proc_down();
}

PROC_TEST(proc_fd_links_open_their_files_again)
{
	uaddr_t fds = u_alloc(8);
	char name[64];
	int fd, again;

	proc_up();
	fd = t_create("/file");
	CHECK_EQ(t_write(fd, "hello"), 5);
	kformat(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK_STR(link_of(name), "/file");
	CHECK_EQ(t_stat(name).mode & 07777, 0700);
	CHECK_STR(text_of(name), "hello"); /* from its start: another open file */
	CHECK_EQ(t_unlink("/file"), 0);
	CHECK_STR(link_of(name), "/file (deleted)");
	CHECK_STR(text_of(name), "hello");
	kformat(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	CHECK(begins(text_of(name), "pos:\t5\nflags:\t0"));
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_exists(name), -ENOENT);
	/* A pipe has no name; its link is one more handle. */
	CHECK_EQ(sys_pipe2(fds, 0), 0);
	kformat(name, sizeof(name), "/proc/self/fd/%d", U_PTR(int, fds)[0]);
	CHECK(begins(link_of(name), "pipe:["));
	again = t_open(name, O_RDONLY, 0);
	CHECK(again >= 0);
	CHECK_EQ(t_write(U_PTR(int, fds)[1], "through"), 7);
	CHECK_STR(t_read(again), "through");
	CHECK_EQ(t_seek(again, 0, SEEK_SET), -ESPIPE);
	CHECK_EQ(t_open(name, O_WRONLY, 0), -EACCES);
	CHECK_EQ(sys_close(again), 0);
	CHECK_EQ(sys_close(U_PTR(int, fds)[0]), 0);
	CHECK_EQ(sys_close(U_PTR(int, fds)[1]), 0);
	proc_down();
}

PROC_TEST(proc_private_files_are_the_owners)
{
	proc_up();
	ktest_become(1000, 1000);
	/* The process is the tester's own: it sees itself, whoever it is. */
	CHECK_EQ(t_exists("/proc/self/fd/0"), -ENOENT);
	ktest_become(0, 0);
	struct proc *p = ktest_proc_new();
	char name[64];

	kformat(name, sizeof(name), "/proc/%u/environ", p->pid);
	CHECK_EQ(sys_close(t_open(name, O_RDONLY, 0)), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(t_open(name, O_RDONLY, 0), -EACCES);
	kformat(name, sizeof(name), "/proc/%u/fd", p->pid);
	CHECK_EQ(t_open(name, O_RDONLY, 0), -EACCES);
	kformat(name, sizeof(name), "/proc/%u/cwd", p->pid);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str(name), u_alloc(64), 64), -EACCES);
	kformat(name, sizeof(name), "/proc/%u/stat", p->pid);
	CHECK_EQ(sys_close(t_open(name, O_RDONLY, 0)), 0);
	ktest_become(0, 0);
	ktest_proc_free(p);
	proc_down();
}

PROC_TEST(proc_text_is_made_anew_at_position_zero)
{
	uaddr_t buf = u_alloc(64);
	int fd;

	proc_up();
	fd = t_open("/proc/sys/kernel/random/uuid", O_RDONLY, 0);
	CHECK_EQ(sys_read(fd, buf, 10), 10);
	CHECK_EQ(sys_read(fd, buf + 10, 50), 27);
	CHECK_EQ(sys_read(fd, buf, 10), 0);
	CHECK_EQ(U_PTR(char, buf + 14)[0], '4');
	CHECK_EQ(U_PTR(char, buf + 36)[0], '\n');
	CHECK_EQ(sys_pread64(fd, buf + 40, 10, 0), 10);
	CHECK(memcmp(u_ptr(buf, 10), u_ptr(buf + 40, 10), 10) != 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_STR(text_of("/proc/sys/kernel/ostype"), "Linux\n");
	CHECK(memcmp(text_of("/proc/sys/kernel/random/boot_id"), "", 1) != 0);
	proc_down();
}

PROC_TEST(proc_mounts_escape_blanks)
{
	proc_up();
	CHECK_EQ(t_mkdir("/a b"), 0);
	CHECK_EQ(t_mount("tmpfs", "/a b", MS_NOSUID, ""), 0);
	const char *s = text_of("/proc/mounts");

	while (*s && !begins(s, "none /a\\040b tmpfs rw,nosuid,relatime 0 0\n"))
		s++;
	CHECK(*s);
	CHECK_EQ(t_umount("/a b", 0), 0);
	CHECK_EQ(t_rmdir("/a b"), 0);
	proc_down();
}

PROC_TEST(proc_machine_files_have_their_first_lines)
{
	proc_up();
	CHECK(begins(text_of("/proc/meminfo"), "MemTotal: "));
	CHECK(begins(text_of("/proc/cpuinfo"), "processor\t: 0\n"));
	CHECK(begins(text_of("/proc/stat"), "cpu  "));
	CHECK(begins(text_of("/proc/version"), "Linux version "));
	CHECK(strchr(text_of("/proc/uptime"), '.'));
	CHECK(strchr(text_of("/proc/loadavg"), '/'));
	CHECK(begins(text_of("/proc/filesystems"), "\terofs\n"));
	CHECK(begins(text_of("/proc/self/limits"), "Limit                     Soft Limit"));
	CHECK(begins(text_of("/proc/self/mountinfo"), "1 0 0:"));
	int fd = t_open("/proc/version", O_WRONLY, 0); /* root may; there is nothing to write to */
	CHECK_EQ(t_write(fd, "x"), -EINVAL);
	CHECK_EQ(sys_close(fd), 0);
	proc_down();
}

/* Is a text in the file's first 4 KiB? */
static bool has_text(const char *path, const char *text)
{
	static char all[4096];
	int fd = t_open(path, O_RDONLY, 0);
	size_t len = 0, n;
	const char *s;

	CHECK(fd >= 0);
	while (len < sizeof(all) - 256 && (n = strlen(s = t_read(fd))) > 0) {
		memcpy(all + len, s, n);
		len += n;
	}
	all[len] = 0;
	CHECK_EQ(sys_close(fd), 0);
	for (s = all; *s && !begins(s, text); s++)
		;
	return *s;
}

PROC_TEST(proc_maps_name_a_mapped_file_and_smaps_count_it)
{
	char line[64];
	int fd, at;

	proc_up();
	fd = t_create("/mapped");
	CHECK_EQ(sys_ftruncate64(fd, 8192), 0);
	at = sys_mmap2(0, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(at > 0);
	kformat(line, sizeof(line), "%08x-%08x r--p ", (uint32_t)at, (uint32_t)at + 8192);
	CHECK(has_text("/proc/self/maps", line));
	CHECK(has_text("/proc/self/maps", " /mapped\n"));
	CHECK(has_text("/proc/self/smaps", " /mapped\nSize:                  8 kB\n"));
	CHECK_EQ(sys_munmap((uint32_t)at, 8192), 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_unlink("/mapped"), 0);
	proc_down();
}

static int put_text(const char *path, const char *text)
{
	int fd = t_open(path, O_WRONLY, 0), n;

	if (fd < 0)
		return fd;
	n = t_write(fd, text);
	CHECK_EQ(sys_close(fd), 0);
	return n < 0 ? n : 0;
}

PROC_TEST(proc_settings_act_and_are_the_owners)
{
	proc_up();
	CHECK_EQ(put_text("/proc/sys/kernel/hostname", "box\n"), 0);
	CHECK_STR(text_of("/proc/sys/kernel/hostname"), "box\n");
	CHECK_EQ(put_text("/proc/sys/kernel/hostname", "pleat"), 0);
	CHECK_EQ(put_text("/proc/sys/kernel/pid_max", "300"), -EINVAL);
	CHECK_EQ(put_text("/proc/sys/kernel/pid_max", "500"), 0);
	CHECK_STR(text_of("/proc/sys/kernel/pid_max"), "500\n");
	CHECK_EQ(put_text("/proc/sys/kernel/pid_max", "32768"), 0);
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "-17"), 0);
	CHECK_STR(text_of("/proc/self/oom_score_adj"), "-17\n");
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "1001"), -EINVAL);
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "0"), 0);
	CHECK_STR(text_of("/proc/self/loginuid"), "4294967295");
	CHECK_EQ(put_text("/proc/self/loginuid", "1000"), 0);
	CHECK_STR(text_of("/proc/self/loginuid"), "1000");
	ktest_become(1000, 1000);
	CHECK_EQ(put_text("/proc/sys/kernel/hostname", "mine"), -EACCES);
	ktest_become(0, 0);
	proc_down();
}

PROC_TEST(sysfs_lists_what_can_be_looked_up)
{
	CHECK_EQ(t_mkdir("/sys"), 0);
	CHECK_EQ(t_mount("sysfs", "/sys", MS_RDONLY, ""), 0);
	CHECK_EQ(count_names("/sys"), 8);
	CHECK(count_names("/sys/devices/system/cpu") >= 9);
	CHECK_EQ(count_names("/sys/fs"), 2);
	CHECK_EQ(text_of("/sys/devices/system/cpu/online")[0], '0');
	CHECK_STR(text_of("/sys/class/net/lo/mtu"), "65536\n");
	CHECK_EQ(t_exists("/sys/devices/system/cpu/cpu32"), -ENOENT);
	CHECK_EQ(t_umount("/sys", 0), 0);
	CHECK_EQ(t_rmdir("/sys"), 0);
}

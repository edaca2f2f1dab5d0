/* devfs_test.c - /dev and the devices that need nobody else. */
#include "dev/dev.h"
#include "lib/klog.h"
#include "vfs/vfs_test.h"

static void dev_up(void)
{
	CHECK_EQ(t_mkdir("/dev"), 0);
	CHECK_EQ(t_mount("devtmpfs", "/dev", 0, ""), 0);
	ktest_forget_leaks(); /* the one tree of /dev stays for good */
}

static void dev_down(void)
{
	CHECK_EQ(t_umount("/dev", 0), 0);
	CHECK_EQ(t_rmdir("/dev"), 0);
}

PROC_TEST(dev_null_zero_full_behave)
{
	uaddr_t buf;
	int fd;

	dev_up();
	buf = u_alloc(64);
	fd = t_open("/dev/null", O_RDWR, 0);
	CHECK_EQ(t_write(fd, "gone"), 4);
	CHECK_EQ(sys_read(fd, buf, 64), 0);
	CHECK_EQ(t_seek(fd, 100, SEEK_SET), 0);
	CHECK_EQ(sys_close(fd), 0);
	fd = t_open("/dev/zero", O_RDWR, 0);
	memset(u_ptr(buf, 64), 7, 64);
	CHECK_EQ(sys_read(fd, buf, 64), 64);
	CHECK_EQ(U_PTR(uint8_t, buf + 63)[0], 0);
	CHECK_EQ(t_write(fd, "x"), 1);
	CHECK_EQ(sys_close(fd), 0);
	fd = t_open("/dev/full", O_RDWR, 0);
	CHECK_EQ(t_write(fd, "x"), -ENOSPC);
	CHECK_EQ(sys_read(fd, buf, 8), 8);
	CHECK_EQ(sys_close(fd), 0);
	dev_down();
}

PROC_TEST(dev_random_differs_each_time)
{
	uaddr_t a, b;
	int fd;

	dev_up();
	a = u_alloc(2000);
	b = u_alloc(2000);
	fd = t_open("/dev/urandom", O_RDONLY, 0);
	CHECK_EQ(sys_read(fd, a, 2000), 2000);
	CHECK_EQ(sys_read(fd, b, 2000), 2000);
	CHECK(memcmp(u_ptr(a, 2000), u_ptr(b, 2000), 2000) != 0);
	CHECK_EQ(sys_close(fd), 0);
	dev_down();
}

PROC_TEST(dev_kmsg_reads_records_and_takes_lines)
{
	const char *text;
	int fd;

	dev_up();
	fd = t_open("/dev/kmsg", O_RDWR | O_NONBLOCK, 0);
	CHECK_EQ(t_seek(fd, 0, SEEK_END) >= 0, 1);
	CHECK_EQ(sys_read(fd, u_alloc(300), 300), -EAGAIN);
	CHECK_EQ(t_write(fd, "<3>from a test\n"), 15);
	CHECK_EQ(sys_read(fd, u_alloc(300), 5), -EINVAL);
	text = t_read(fd);
	CHECK_EQ(memcmp(text, "3,", 2), 0);
	CHECK_STR(strchr(text, '-'), "-;from a test\n");
	CHECK_EQ(sys_close(fd), 0);
	dev_down();
}

PROC_TEST(syslog_shows_the_newest_lines_and_clears)
{
	uaddr_t buf = u_alloc(4096);
	int n;

	CHECK_EQ(sys_syslog(5, 0, 0), 0);
	CHECK_EQ(sys_syslog(3, buf, 4096), 0);
	klog(KLOG_INFO, "test: first");
	klog(KLOG_WARN, "test: second");
	n = sys_syslog(3, buf, 4096);
	CHECK_EQ(n, 2 * 18 + 12 + 13);
	CHECK_MEM(u_ptr(buf, 4), "<6>[", 4);
	CHECK_MEM(u_ptr(buf + 18, 30), "test: first\n<4>[", 16);
	CHECK_EQ(sys_syslog(3, buf, 35), 18 + 13); /* the newest that fit */
	CHECK_MEM(u_ptr(buf, 4), "<4>[", 4);
	CHECK_EQ(sys_syslog(4, buf, 4096), n);
	CHECK_EQ(sys_syslog(3, buf, 4096), 0);
	CHECK_EQ(sys_syslog(99, buf, 1), -EINVAL);
	CHECK_EQ(sys_syslog(3, 0, 1), -EINVAL);
	klog(KLOG_INFO, "test: third");
	CHECK_EQ(sys_syslog(3, 16, 4096), -EFAULT);
	ktest_become(1000, 1000);
	CHECK(sys_syslog(3, buf, 4096) > 0);
	CHECK_EQ(sys_syslog(5, 0, 0), -EPERM);
	ktest_become(0, 0);
}

PROC_TEST(dev_nodes_come_and_go)
{
	struct abi_statx st;

	dev_up();
	CHECK_EQ(t_exists("/dev/pts/3"), -ENOENT);
	CHECK_EQ(devfs_add_node("pts/3", 0620, MKDEV(DEV_MAJOR_PTS, 3)), 0);
	ktest_forget_leaks();
	st = t_stat("/dev/pts/3");
	CHECK_EQ(st.mode, S_IFCHR | 0620);
	CHECK_EQ(st.rdev_major, DEV_MAJOR_PTS);
	CHECK_EQ(st.rdev_minor, 3);
	CHECK_EQ(devfs_add_node("pts/3", 0620, MKDEV(DEV_MAJOR_PTS, 3)), 0);
	CHECK_EQ(devfs_add_node("pts/3", 0620, MKDEV(DEV_MAJOR_PTS, 4)), -EEXIST);
	CHECK_EQ(devfs_add_node("no/3", 0620, 0), -ENOENT);
	devfs_remove_node("pts/3");
	devfs_remove_node("pts/3");
	CHECK_EQ(t_exists("/dev/pts/3"), -ENOENT);
	ktest_forget_leaks();
	CHECK_EQ(t_stat("/dev/shm").mode, S_IFDIR | 01777);
	CHECK_EQ(t_stat("/dev/tty16").rdev_minor, 16);
	CHECK_EQ(t_stat("/dev/console").rdev_minor, 1);
	CHECK_EQ(t_mkdir("/dev/mine"), 0);
	CHECK_EQ(t_rmdir("/dev/mine"), 0);
	dev_down();
}

PROC_TEST(dev_without_driver_is_enxio)
{
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/x"), S_IFCHR | 0600, 99 << 8 | 1), 0);
	CHECK_EQ(t_open("/x", O_RDONLY, 0), -ENXIO);
	CHECK_EQ(t_unlink("/x"), 0);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str("/x"), S_IFBLK | 0600, 1 << 8 | 3), 0);
	CHECK_EQ(t_open("/x", O_RDONLY, 0), -ENXIO);
	CHECK_EQ(t_unlink("/x"), 0);
}

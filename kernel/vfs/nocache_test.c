/* nocache_test.c - a file system whose names are not cached, as devfs is: a tmpfs told so. */
#include "vfs/vfs_test.h"

static void begin(void)
{
	struct path p;

	CHECK_EQ(t_mkdir("/n"), 0);
	CHECK_EQ(t_mount("tmpfs", "/n", 0, ""), 0);
	CHECK_EQ(path_lookup(AT_FDCWD, "/n", 0, &p), 0);
	p.mount->super->no_dcache = true;
	path_put(&p);
}

static void end(void)
{
	CHECK_EQ(t_umount("/n", 0), 0);
	CHECK_EQ(t_rmdir("/n"), 0);
}

PROC_TEST(nocache_names_come_and_go)
{
	begin();
	CHECK_EQ(t_exists("/n/f"), -ENOENT);
	t_touch("/n/f");
	CHECK_EQ(t_mkdir("/n/d"), 0);
	CHECK_EQ(t_rename("/n/f", "/n/d/g", 0), 0);
	CHECK_EQ(t_exists("/n/f"), -ENOENT);
	CHECK_EQ(t_exists("/n/d/g"), 0);
	CHECK_EQ(t_chdir("/n/d"), 0);
	CHECK_STR(t_getcwd(), "/n/d");
	CHECK_EQ(t_exists("../d/g"), 0);
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_rmdir("/n/d"), -ENOTEMPTY);
	CHECK_EQ(t_unlink("/n/d/g"), 0);
	CHECK_EQ(t_rmdir("/n/d"), 0);
	end();
}

PROC_TEST(nocache_rename_into_itself_is_einval)
{
	begin();
	CHECK_EQ(t_mkdir("/n/a"), 0);
	CHECK_EQ(t_mkdir("/n/a/b"), 0);
	CHECK_EQ(t_rename("/n/a", "/n/a/b/c", 0), -EINVAL);
	CHECK_EQ(t_rename("/n/a/b", "/n/a", 0), -ENOTEMPTY);
	CHECK_EQ(t_rename("/n/a/b", "/n/b", 0), 0);
	CHECK_EQ(t_rmdir("/n/a"), 0);
	CHECK_EQ(t_rmdir("/n/b"), 0);
	end();
}

/* /dev/pts and /dev/shm: a mount point must be found again. */
PROC_TEST(nocache_directory_can_be_mounted_on)
{
	begin();
	CHECK_EQ(t_mkdir("/n/m"), 0);
	t_touch("/n/m/below");
	CHECK_EQ(t_mount("tmpfs", "/n/m", 0, ""), 0);
	CHECK_EQ(t_exists("/n/m/below"), -ENOENT);
	t_touch("/n/m/above");
	CHECK_EQ(t_exists("/n/m/above"), 0);
	CHECK_EQ(t_stat("/n/m/..").ino, t_stat("/n").ino);
	CHECK_EQ(t_rmdir("/n/m"), -EBUSY);
	CHECK_EQ(t_umount("/n/m", 0), 0);
	CHECK_EQ(t_exists("/n/m/below"), 0);
	CHECK_EQ(t_unlink("/n/m/below"), 0);
	CHECK_EQ(t_rmdir("/n/m"), 0);
	CHECK_EQ(t_exists("/n/m"), -ENOENT);
	end();
}

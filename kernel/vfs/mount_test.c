/* mount_test.c - the mount tree: cover and uncover, busy, bind, move, lazy, read-only. */
#include "vfs/vfs_test.h"

PROC_TEST(mount_covers_and_umount_uncovers)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	t_touch("/m/below");
	CHECK_EQ(t_mount("tmpfs", "/m", 0, "mode=700"), 0);
	CHECK_EQ(t_exists("/m/below"), -ENOENT);
	CHECK_EQ(t_stat("/m").mode, S_IFDIR | 0700);
	CHECK_NE(t_stat("/m").dev_minor, t_stat("/").dev_minor);
	t_touch("/m/above");
	CHECK_EQ(t_stat("/m/..").ino, t_stat("/").ino);
	CHECK_EQ(t_rmdir("/m"), -EBUSY);
	CHECK_EQ(t_rename("/m", "/n", 0), -EBUSY);
	CHECK_EQ(t_rename("/m/above", "/above", 0), -EXDEV);
	CHECK_EQ(t_link("/m/above", "/above"), -EXDEV);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_exists("/m/below"), 0);
	CHECK_EQ(t_umount("/m", 0), -EINVAL);
	CHECK_EQ(t_unlink("/m/below"), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(mount_refuses_what_makes_no_sense)
{
	t_touch("/f");
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/f", 0, ""), -ENOTDIR);
	CHECK_EQ(t_mount("nonesuch", "/m", 0, ""), -ENODEV);
	CHECK_EQ(t_mount("tmpfs", "/none", 0, ""), -ENOENT);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, "colour=red"), -EINVAL);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_SHARED, ""), -EINVAL);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_PRIVATE, ""), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), -EPERM);
	CHECK_EQ(t_umount("/m", 0), -EPERM);
	ktest_become(0, 0);
	CHECK_EQ(t_umount("/", 0), -EBUSY);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(umount_is_busy_while_somebody_is_inside)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	int fd = t_create("/m/f");
	CHECK_EQ(t_umount("/m", 0), -EBUSY);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_mkdir("/m/sub"), 0);
	CHECK_EQ(t_chdir("/m/sub"), 0);
	CHECK_EQ(t_umount("/m", 0), -EBUSY);
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m/sub", 0, ""), 0);
	CHECK_EQ(t_umount("/m", 0), -EBUSY);
	CHECK_EQ(t_umount("/m/sub", 0), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(umount_detach_leaves_users_their_files)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	CHECK_EQ(t_mkdir("/m/sub"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m/sub", 0, ""), 0);
	int fd = t_create("/m/sub/f");
	CHECK_EQ(t_write(fd, "kept"), 4);
	CHECK_EQ(t_umount("/m", MNT_DETACH), 0);
	CHECK_EQ(t_exists("/m/sub"), -ENOENT);
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_STR(t_read(fd), "kept");
	CHECK_EQ(t_rmdir("/m"), 0);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_TEST(bind_shows_a_tree_twice)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/a/sub"), 0);
	CHECK_EQ(t_mkdir("/b"), 0);
	t_touch("/a/f");
	CHECK_EQ(t_mount("tmpfs", "/a/sub", 0, ""), 0);
	t_touch("/a/sub/g");
	CHECK_EQ(t_bind("/a", "/b", 0), 0);
	CHECK_EQ(t_stat("/b/f").ino, t_stat("/a/f").ino);
	CHECK_EQ(t_exists("/b/sub/g"), -ENOENT);
	CHECK_EQ(t_chdir("/b/sub"), 0);
	CHECK_STR(t_getcwd(), "/b/sub");
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_umount("/b", 0), 0);
	CHECK_EQ(t_bind("/a", "/b", MS_REC), 0);
	CHECK_EQ(t_exists("/b/sub/g"), 0);
	CHECK_EQ(t_umount("/b", 0), -EBUSY);
	CHECK_EQ(t_umount("/b", MNT_DETACH), 0);
	CHECK_EQ(t_exists("/a/sub/g"), 0);
	CHECK_EQ(t_bind("/a/f", "/b", 0), -ENOTDIR);
	t_touch("/h");
	CHECK_EQ(t_bind("/a/f", "/h", 0), 0);
	CHECK_EQ(t_stat("/h").ino, t_stat("/a/f").ino);
	CHECK_EQ(t_unlink("/h"), -EBUSY);
	CHECK_EQ(t_umount("/h", 0), 0);
	CHECK_EQ(t_umount("/a/sub", 0), 0);
	CHECK_EQ(t_unlink("/h"), 0);
	CHECK_EQ(t_unlink("/a/f"), 0);
	CHECK_EQ(t_rmdir("/a/sub"), 0);
	CHECK_EQ(t_rmdir("/a"), 0);
	CHECK_EQ(t_rmdir("/b"), 0);
}

/* A tree bound into itself must not copy its own copy without end. */
PROC_TEST(bind_recursive_into_itself_ends)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/a/b"), 0);
	CHECK_EQ(t_bind("/a", "/a/b", MS_REC), 0);
	CHECK_EQ(t_exists("/a/b/b"), 0);
	CHECK_EQ(t_umount("/a/b", MNT_DETACH), 0);
	CHECK_EQ(t_rmdir("/a/b"), 0);
	CHECK_EQ(t_rmdir("/a"), 0);
}

PROC_TEST(move_takes_a_mount_elsewhere)
{
	CHECK_EQ(t_mkdir("/a"), 0);
	CHECK_EQ(t_mkdir("/b"), 0);
	CHECK_EQ(t_mount("tmpfs", "/a", 0, ""), 0);
	CHECK_EQ(t_mkdir("/a/sub"), 0);
	CHECK_EQ(sys_mount(u_str("/a"), u_str("/a/sub"), 0, MS_MOVE, 0), -ELOOP);
	CHECK_EQ(sys_mount(u_str("/b"), u_str("/a"), 0, MS_MOVE, 0), -EINVAL);
	CHECK_EQ(sys_mount(u_str("/a"), u_str("/b"), 0, MS_MOVE, 0), 0);
	CHECK_EQ(t_exists("/b/sub"), 0);
	CHECK_EQ(t_exists("/a/sub"), -ENOENT);
	CHECK_EQ(t_umount("/b", 0), 0);
	CHECK_EQ(t_rmdir("/a"), 0);
	CHECK_EQ(t_rmdir("/b"), 0);
}

PROC_TEST(readonly_mount_refuses_changes)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	t_touch("/m/f");
	int fd = t_open("/m/f", O_RDWR, 0);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT | MS_RDONLY, ""), -EBUSY);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT | MS_RDONLY, ""), 0);
	CHECK_EQ(t_open("/m/f", O_RDWR, 0), -EROFS);
	CHECK_EQ(t_open("/m/f", O_RDONLY | O_TRUNC, 0), -EROFS);
	CHECK_EQ(t_create("/m/g"), -EROFS);
	CHECK_EQ(t_mkdir("/m/g"), -EROFS);
	CHECK_EQ(t_mkdir("/m/f"), -EEXIST);
	CHECK_EQ(t_unlink("/m/f"), -EROFS);
	CHECK_EQ(t_rename("/m/f", "/m/g", 0), -EROFS);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/m/f"), 0600), -EROFS);
	CHECK_EQ(sys_truncate64(u_str("/m/f"), 0), -EROFS);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/m/f"), W_OK), -EROFS);
	CHECK(t_open("/m/f", O_RDONLY, 0) == fd);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT, ""), 0);
	CHECK_EQ(t_unlink("/m/f"), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(mount_stacks_on_a_mount)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	t_touch("/m/first");
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	CHECK_EQ(t_exists("/m/first"), -ENOENT);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_exists("/m/first"), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(umount_frees_a_tree_however_deep)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
	CHECK_EQ(t_chdir("/m"), 0);
	for (int i = 0; i < 3000; i++) {
		CHECK_EQ(t_mkdir("d"), 0);
		CHECK_EQ(t_chdir("d"), 0);
	}
	t_touch("f");
	CHECK_EQ(t_chdir("/"), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

/* A walk into a mount that is being taken away: in or out, never in between. */
static void cover_loop(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(t_mount("tmpfs", "/m", 0, ""), 0);
		while (t_umount("/m", 0) == -EBUSY)
			ktest_yield();
	}
}

PROC_DET_TEST(mount_beside_walk, 300)
{
	CHECK_EQ(t_mkdir("/m"), 0);
	t_touch("/m/below");
	struct thread *t = ktest_thread(cover_loop, NULL);
	for (int i = 0; i < 10; i++) {
		int err = t_exists("/m/below");

		CHECK(err == 0 || err == -ENOENT);
	}
	ktest_join(t);
	CHECK_EQ(t_unlink("/m/below"), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

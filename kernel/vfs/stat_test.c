/* stat_test.c - attributes: modes, owners, times, access. */
#include "vfs/vfs_test.h"

PROC_TEST(chmod_is_for_owners)
{
	t_touch("/f");
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), 1000, 50, 0), 0);
	ktest_become(1001, 50);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0777), -EPERM);
	ktest_become(1000, 1000);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 06755), 0);
	/* Not in group 50: the set-group-id bit is not granted. */
	CHECK_EQ(t_stat("/f").mode & 07777, 04755);
	ktest_become(0, 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(chown_rules_and_set_id_bits)
{
	t_touch("/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 06755), 0);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), 1000, UINT32_MAX, 0), 0);
	CHECK_EQ(t_stat("/f").mode & 07777, 0755);
	CHECK_EQ(t_stat("/f").gid, 0);
	ktest_become(1000, 60);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), 1001, UINT32_MAX, 0), -EPERM);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), UINT32_MAX, 61, 0), -EPERM);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), 1000, 60, 0), 0);
	ktest_become(0, 0);
	CHECK_EQ(t_stat("/f").gid, 60);
	CHECK_EQ(t_symlink("f", "/l"), 0);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/l"), 7, 7, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(t_stat("/l").uid, 7);
	CHECK_EQ(t_stat("/f").uid, 1000);
	CHECK_EQ(t_unlink("/l"), 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

static int set_times(const char *path, int64_t asec, int32_t ansec, int64_t msec, int32_t mnsec)
{
	struct abi_timespec ts[2] = {{asec, ansec, 0}, {msec, mnsec, 0}};

	return sys_utimensat_time64(AT_FDCWD, u_str(path), u_bytes(ts, sizeof(ts)), 0);
}

PROC_TEST(utimensat_sets_omits_and_asks)
{
	t_touch("/f");
	CHECK_EQ(set_times("/f", 100, 5, 200, 6), 0);
	CHECK_EQ(t_stat("/f").atime.sec, 100);
	CHECK_EQ(t_stat("/f").mtime.nsec, 6);
	CHECK_EQ(set_times("/f", 0, UTIME_OMIT, 300, 0), 0);
	CHECK_EQ(t_stat("/f").atime.sec, 100);
	CHECK_EQ(t_stat("/f").mtime.sec, 300);
	CHECK_EQ(set_times("/f", 0, 1000000000, 0, 0), -EINVAL);
	CHECK_EQ(set_times("/none", 0, UTIME_OMIT, 0, UTIME_OMIT), 0);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0646), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(set_times("/f", 1, 0, 1, 0), -EPERM);
	CHECK_EQ(sys_utimensat_time64(AT_FDCWD, u_str("/f"), 0, 0), 0);
	ktest_become(0, 0);
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0644), 0);
	ktest_become(1000, 1000);
	CHECK_EQ(sys_utimensat_time64(AT_FDCWD, u_str("/f"), 0, 0), -EACCES);
	ktest_become(0, 0);
	int fd = t_open("/f", O_RDONLY, 0);
	struct abi_timespec ts[2] = {{7, 0, 0}, {8, 0, 0}};
	CHECK_EQ(sys_utimensat_time64(fd, 0, u_bytes(ts, sizeof(ts)), 0), 0);
	CHECK_EQ(t_fstat(fd).mtime.sec, 8);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(access_uses_the_real_ids)
{
	struct cred *cred = (struct cred *)(uintptr_t)proc_self()->cred;

	t_touch("/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0600), 0);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/f"), R_OK | W_OK), 0);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/f"), X_OK), -EACCES);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/f"), 8), -EINVAL);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/none"), 0), -ENOENT);
	cred->ruid = 1000;
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/f"), R_OK), -EACCES);
	CHECK_EQ(sys_faccessat2(AT_FDCWD, u_str("/f"), R_OK, AT_EACCESS), 0);
	cred->ruid = 0;
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(stat_follows_or_not)
{
	struct abi_statx st;

	CHECK_EQ(t_symlink("nowhere", "/l"), 0);
	CHECK_EQ(t_statx("/l", 0, &st), -ENOENT);
	CHECK_EQ(t_statx("/l", AT_SYMLINK_NOFOLLOW, &st), 0);
	CHECK_EQ(st.mode, S_IFLNK | 0777);
	CHECK_EQ(t_statx("/l", 0x8000, &st), -EINVAL);
	CHECK_EQ(sys_statx(AT_FDCWD, u_str("/"), 0, 0, 0), -EFAULT);
	CHECK_EQ(t_unlink("/l"), 0);
}

PROC_TEST(statfs_knows_the_limit)
{
	uaddr_t buf = u_alloc(88);

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_NOSUID, "size=64k"), 0);
	CHECK_EQ(sys_statfs64(u_str("/m"), 88, buf), 0);
	CHECK_EQ(U_PTR(struct abi_statfs, buf)->blocks, 16);
	CHECK_EQ(U_PTR(struct abi_statfs, buf)->type, 0x01021994);
	CHECK(U_PTR(struct abi_statfs, buf)->flags & MS_NOSUID);
	CHECK_EQ(sys_statfs64(u_str("/m"), 16, buf), -EINVAL);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

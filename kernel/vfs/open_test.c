/* open_test.c - openat's rules, sizes, and descriptors. */
#include "vfs/vfs_test.h"

PROC_TEST(open_creat_rules)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_open("/f", O_RDONLY, 0), -ENOENT);
	int fd = t_open("/f", O_CREAT | O_EXCL | O_WRONLY, 0666);
	CHECK_EQ(fd, 0);
	CHECK_EQ(t_stat("/f").mode, S_IFREG | 0644);
	CHECK_EQ(t_open("/f", O_CREAT | O_EXCL | O_WRONLY, 0666), -EEXIST);
	CHECK_EQ(t_open("/f", O_CREAT | O_RDONLY, 0), 1);
	CHECK_EQ(t_open("/d", O_CREAT | O_RDONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/d/", O_CREAT | O_RDONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/new/", O_CREAT | O_RDONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/f/", O_CREAT | O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(t_open("/d/.", O_CREAT | O_RDONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/", O_CREAT | O_RDONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/f", O_CREAT | O_DIRECTORY | O_RDONLY, 0), -EINVAL);
	CHECK_EQ(t_open("/f", O_DIRECTORY, 0), -ENOTDIR);
	CHECK_EQ(t_open("/d", O_WRONLY, 0), -EISDIR);
	CHECK_EQ(t_open("/f", O_ACCMODE, 0), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(open_creat_through_a_link_makes_its_target)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	CHECK_EQ(t_symlink("d/new", "/l"), 0);
	CHECK_EQ(t_open("/l", O_CREAT | O_EXCL | O_RDWR, 0644), -EEXIST);
	CHECK_EQ(t_open("/l", O_CREAT | O_NOFOLLOW | O_RDWR, 0644), -ELOOP);
	CHECK(t_open("/l", O_CREAT | O_RDWR, 0644) >= 0);
	CHECK_EQ(t_exists("/d/new"), 0);
	CHECK_EQ(t_unlink("/d/new"), 0);
	CHECK_EQ(t_unlink("/l"), 0);
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(open_permissions)
{
	CHECK_EQ(t_mkdir("/d"), 0);
	t_touch("/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0040), 0);
	CHECK_EQ(sys_fchownat(AT_FDCWD, u_str("/f"), 1000, 50, 0), 0);
	ktest_become(1000, 50);
	/* The owner's bits count, although the group would be let in. */
	CHECK_EQ(t_open("/f", O_RDONLY, 0), -EACCES);
	ktest_become(1001, 50);
	CHECK(t_open("/f", O_RDONLY, 0) >= 0);
	CHECK_EQ(t_open("/f", O_RDWR, 0), -EACCES);
	CHECK_EQ(t_open("/f", O_RDONLY | O_TRUNC, 0), -EACCES);
	CHECK_EQ(t_open("/f", O_RDONLY | O_NOATIME, 0), -EPERM);
	CHECK_EQ(t_create("/d/g"), -EACCES);
	ktest_become(0, 0);
	CHECK(t_open("/f", O_RDWR, 0) >= 0);
	CHECK_EQ(t_rmdir("/d"), 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

/* POSIX open(): the mode of a new file does not concern the descriptor that made it. */
PROC_TEST(open_new_file_with_mode_0_is_writable)
{
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/"), 0777), 0);
	ktest_become(1000, 1000);
	int fd = t_open("/f", O_CREAT | O_WRONLY, 0);
	CHECK_EQ(t_write(fd, "x"), 1);
	CHECK_EQ(t_open("/f", O_RDONLY, 0), -EACCES);
	CHECK_EQ(t_unlink("/f"), 0);
	ktest_become(0, 0);
}

PROC_TEST(open_trunc_empties)
{
	int fd = t_create("/f");

	CHECK_EQ(t_write(fd, "full"), 4);
	CHECK(t_open("/f", O_WRONLY | O_TRUNC, 0) >= 0);
	CHECK_EQ(t_fstat(fd).size, 0);
	CHECK_EQ(t_fstat(fd).blocks, 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(open_path_only_names)
{
	t_touch("/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 0), 0);
	ktest_become(1000, 1000);
	int fd = t_open("/f", O_PATH | O_RDWR, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys_read(fd, u_alloc(4), 4), -EBADF);
	CHECK_EQ(sys_fchmod(fd, 0777), -EBADF);
	CHECK_EQ(t_fstat(fd).mode, S_IFREG);
	CHECK_EQ(sys_fcntl64(fd, F_GETFL, 0), O_PATH);
	int copy = sys_dup(fd);
	CHECK(copy > fd);
	CHECK_EQ(sys_close(copy), 0);
	ktest_become(0, 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(open_tmpfile_has_no_name_until_linked)
{
	CHECK_EQ(t_open("/", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
	int fd = t_open("/", O_TMPFILE | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(t_fstat(fd).nlink, 0);
	CHECK_EQ(t_write(fd, "unnamed"), 7);
	CHECK_EQ(sys_linkat(fd, u_str(""), AT_FDCWD, u_str("/named"), AT_EMPTY_PATH), 0);
	CHECK_EQ(t_stat("/named").size, 7);
	CHECK_EQ(t_stat("/named").nlink, 1);
	int excl = t_open("/", O_TMPFILE | O_EXCL | O_RDWR, 0600);
	CHECK_EQ(sys_linkat(excl, u_str(""), AT_FDCWD, u_str("/x"), AT_EMPTY_PATH), -ENOENT);
	CHECK_EQ(t_unlink("/named"), 0);
}

PROC_TEST(running_program_cannot_be_written)
{
	struct path p;

	t_touch("/prog");
	CHECK_EQ(path_lookup(AT_FDCWD, "/prog", LOOKUP_FOLLOW, &p), 0);
	CHECK_EQ(inode_deny_write(p.dentry->inode), 0);
	CHECK_EQ(t_open("/prog", O_WRONLY, 0), -ETXTBSY);
	CHECK_EQ(t_open("/prog", O_RDONLY | O_TRUNC, 0), -ETXTBSY);
	CHECK_EQ(sys_truncate64(u_str("/prog"), 0), -ETXTBSY);
	inode_allow_write(p.dentry->inode);
	int fd = t_open("/prog", O_WRONLY, 0);
	CHECK(fd >= 0);
	CHECK_EQ(inode_deny_write(p.dentry->inode), -ETXTBSY);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(inode_deny_write(p.dentry->inode), 0);
	inode_allow_write(p.dentry->inode);
	path_put(&p);
	CHECK_EQ(t_unlink("/prog"), 0);
}

PROC_TEST(truncate_grows_with_zeros_and_cuts)
{
	int fd = t_create("/f");

	CHECK_EQ(t_write(fd, "abcdef"), 6);
	CHECK_EQ(sys_ftruncate64(fd, 3), 0);
	CHECK_EQ(sys_truncate64(u_str("/f"), 6), 0);
	uaddr_t buf = u_alloc(8);
	CHECK_EQ(sys_pread64(fd, buf, 8, 0), 6);
	CHECK_MEM(u_ptr(buf, 6), "abc\0\0\0", 6);
	CHECK_EQ(sys_ftruncate64(fd, UINT64_MAX), -EINVAL);
	CHECK_EQ(sys_truncate64(u_str("/"), 0), -EISDIR);
	int ro = t_open("/f", O_RDONLY, 0);
	CHECK_EQ(sys_ftruncate64(ro, 0), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(fallocate_reserves_and_punches)
{
	int fd = t_create("/f");

	CHECK_EQ(sys_fallocate(fd, 0, 0, 10000), 0);
	CHECK_EQ(t_fstat(fd).size, 10000);
	CHECK_EQ(t_fstat(fd).blocks, 24);
	CHECK_EQ(t_write(fd, "data"), 4);
	CHECK_EQ(sys_fallocate(fd, 1 | 2, 0, 8192), 0);
	CHECK_EQ(t_fstat(fd).blocks, 8);
	CHECK_EQ(t_fstat(fd).size, 10000);
	uaddr_t buf = u_bytes("xxxx", 4);
	CHECK_EQ(sys_pread64(fd, buf, 4, 0), 4);
	CHECK_MEM(u_ptr(buf, 4), "\0\0\0\0", 4);
	CHECK_EQ(sys_fallocate(fd, 2, 0, 1), -EOPNOTSUPP);
	CHECK_EQ(sys_fallocate(fd, 0, 0, 0), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
}

/* ---- descriptors ---- */

PROC_TEST(fd_lowest_free_number_is_taken)
{
	t_touch("/f");
	for (int i = 0; i < 100; i++)
		CHECK_EQ(t_open("/f", O_RDONLY, 0), i);
	CHECK_EQ(sys_close(70), 0);
	CHECK_EQ(sys_close(7), 0);
	CHECK_EQ(sys_dup(0), 7);
	CHECK_EQ(sys_dup(0), 70);
	CHECK_EQ(sys_dup(0), 100);
	CHECK_EQ(sys_fcntl64(0, F_DUPFD, 50), 101);
	CHECK_EQ(sys_close(60), 0);
	CHECK_EQ(sys_fcntl64(0, F_DUPFD_CLOEXEC, 50), 60);
	CHECK_EQ(sys_fcntl64(60, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl64(0, F_DUPFD, 1024), -EINVAL);
	CHECK_EQ(sys_fcntl64(0, F_DUPFD, 1023), 1023);
	CHECK_EQ(sys_fcntl64(0, F_DUPFD, 1023), -EMFILE);
	CHECK_EQ(sys_close(200), -EBADF);
	CHECK_EQ(sys_close(-1), -EBADF);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(dup3_replaces)
{
	int a = t_create("/a"), b = t_create("/b");

	CHECK_EQ(sys_dup3(a, a, 0), -EINVAL);
	CHECK_EQ(sys_dup3(a, b, O_APPEND), -EINVAL);
	CHECK_EQ(sys_dup3(77, b, 0), -EBADF);
	CHECK_EQ(sys_dup3(a, 5000, 0), -EBADF);
	CHECK_EQ(sys_dup3(a, b, O_CLOEXEC), b);
	CHECK_EQ(t_fstat(a).ino, t_fstat(b).ino);
	CHECK_EQ(sys_fcntl64(b, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl64(a, F_GETFD, 0), 0);
	CHECK_EQ(t_write(a, "12"), 2);
	CHECK_EQ(t_seek(b, 0, SEEK_CUR), 2);
	CHECK_EQ(fd_dup_to(b, b, 0), b);
	CHECK_EQ(sys_fcntl64(b, F_GETFD, 0), 0);
	CHECK_EQ(sys_dup3(a, 300, 0), 300);
	CHECK_EQ(t_unlink("/a"), 0);
	CHECK_EQ(t_unlink("/b"), 0);
}

PROC_TEST(close_range_closes_or_marks)
{
	t_touch("/f");
	for (int i = 0; i < 10; i++)
		CHECK_EQ(t_open("/f", O_RDONLY, 0), i);
	CHECK_EQ(sys_close_range(3, 5, 0), 0);
	CHECK_EQ(sys_fcntl64(4, F_GETFD, 0), -EBADF);
	CHECK_EQ(sys_close_range(6, UINT32_MAX, 4), 0);
	CHECK_EQ(sys_fcntl64(6, F_GETFD, 0), FD_CLOEXEC);
	fdtable_close_on_exec(proc_self()->files);
	CHECK_EQ(sys_fcntl64(6, F_GETFD, 0), -EBADF);
	CHECK_EQ(sys_fcntl64(2, F_GETFD, 0), 0);
	CHECK_EQ(sys_close_range(5, 3, 0), -EINVAL);
	CHECK_EQ(sys_close_range(0, 3, 16), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(fcntl_flags)
{
	int fd = t_open("/f", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	uaddr_t on = u_alloc(4);

	CHECK_EQ(sys_fcntl64(fd, F_GETFL, 0), O_RDWR | O_NOFOLLOW);
	CHECK_EQ(sys_fcntl64(fd, F_SETFL, O_APPEND | O_WRONLY | O_CREAT), 0);
	CHECK_EQ(sys_fcntl64(fd, F_GETFL, 0), O_RDWR | O_NOFOLLOW | O_APPEND);
	*U_PTR(uint32_t, on) = 1;
	CHECK_EQ(sys_ioctl(fd, 0x5421, on), 0);
	CHECK(sys_fcntl64(fd, F_GETFL, 0) & O_NONBLOCK);
	CHECK_EQ(sys_ioctl(fd, 0x5450, 0), 0);
	CHECK_EQ(sys_fcntl64(fd, F_GETFD, 0), 0);
	CHECK_EQ(t_write(fd, "12345"), 5);
	CHECK_EQ(t_seek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(sys_ioctl(fd, 0x541b, on), 0);
	CHECK_EQ(*U_PTR(uint32_t, on), 3);
	CHECK_EQ(sys_ioctl(fd, 0x5401, on), -ENOTTY);
	CHECK_EQ(sys_fcntl64(fd, 9999, 0), -EINVAL);
	CHECK_EQ(sys_fcntl64(99, F_GETFL, 0), -EBADF);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(forked_table_shares_files_not_numbers)
{
	int fd = t_create("/f");
	struct fdtable *copy = fdtable_copy(proc_self()->files);
	struct file *f;
	uint32_t flags;

	CHECK(copy);
	CHECK_EQ(t_write(fd, "abc"), 3);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(fdtable_next(copy, 0, &f, &flags), fd);
	CHECK_EQ(f->pos, 3);
	file_put(f);
	CHECK_EQ(fdtable_next(copy, fd + 1, &f, &flags), -1);
	fdtable_put(copy);
	CHECK_EQ(t_unlink("/f"), 0);
}

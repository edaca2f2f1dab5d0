/*
 * same_test.c - one set of tests for every file system that files can be written on: tmpfs, an
 * overlay's new files, an overlay's files that were copied up, memfds; and what can only be read
 * from an image answers the same questions alike.
 */
#include "fs/fs.h"
#include "fs/erofs.h"
#include "fs/image_test.h"
#include "fs/overlay.h"
#include "fs/xattrs.h"
#include "lib/alloc.h"

#define FALLOC_KEEP_SIZE 1u
#define FALLOC_PUNCH_HOLE 2u

/* ---- what must hold of an open, empty, writable file ---- */

static int64_t size_of(int fd)
{
	return (int64_t)t_fstat(fd).size;
}

static void check_bytes(int fd, uint64_t at, const char *want, uint32_t n)
{
	uaddr_t buf = u_alloc(n);

	CHECK_EQ(sys_pread64(fd, buf, n, at), (int)n);
	CHECK_MEM(u_ptr(buf, n), want, n);
}

static void writes_land_where_they_should(int fd)
{
	CHECK_EQ(t_write(fd, "hello"), 5);
	CHECK_EQ(sys_pwrite64(fd, u_str("J"), 1, 0), 1);
	CHECK_EQ(sys_pwrite64(fd, u_str("end"), 3, 10000), 3);
	CHECK_EQ(size_of(fd), 10003);
	check_bytes(fd, 0, "Jello\0\0\0", 8);
	check_bytes(fd, 9998, "\0\0end", 5);
	CHECK_EQ(t_seek(fd, 0, SEEK_CUR), 5);
	CHECK_EQ(t_seek(fd, -3, SEEK_END), 10000);
	CHECK_EQ(t_seek(fd, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(sys_pread64(fd, u_alloc(8), 8, 20000), 0);
}

static void sizes_cut_and_grow_with_zeros(int fd)
{
	CHECK_EQ(sys_pwrite64(fd, u_str("abcdefgh"), 8, 0), 8);
	CHECK_EQ(sys_ftruncate64(fd, 3), 0);
	CHECK_EQ(sys_ftruncate64(fd, 8), 0);
	check_bytes(fd, 0, "abc\0\0\0\0\0", 8);
	CHECK_EQ(sys_ftruncate64(fd, 0), 0);
	CHECK_EQ(size_of(fd), 0);
	CHECK_EQ(sys_ftruncate64(fd, (uint64_t)INT64_MAX + 1), -EINVAL);
}

static void ranges_are_allocated_and_punched(int fd)
{
	CHECK_EQ(sys_pwrite64(fd, u_str("abcdefgh"), 8, 0), 8);
	CHECK_EQ(sys_fallocate(fd, FALLOC_KEEP_SIZE, 0, 100000), 0);
	CHECK_EQ(size_of(fd), 8);
	CHECK_EQ(sys_fallocate(fd, 0, 0, 20), 0);
	CHECK_EQ(size_of(fd), 20);
	CHECK_EQ(sys_fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 2, 3), 0);
	check_bytes(fd, 0, "ab\0\0\0fgh\0", 9);
	CHECK_EQ(sys_fallocate(fd, 8, 0, 4096), -EOPNOTSUPP);  /* collapse */
	CHECK_EQ(sys_fallocate(fd, 32, 0, 4096), -EOPNOTSUPP); /* insert */
	CHECK_EQ(size_of(fd), 20);
}

static void attributes_are_set_and_times_move(int fd)
{
	struct abi_statx before, after;
	struct abi_timespec ts[2] = {{.sec = 5, .nsec = 6}, {.sec = 7, .nsec = 8}};

	before = t_fstat(fd);
	CHECK_EQ(sys_fchmod(fd, 04711), 0);
	CHECK_EQ(sys_fchown(fd, 3, 4), 0);
	after = t_fstat(fd);
	CHECK_EQ(after.mode & 07777, 0711); /* chown takes the set-id bit */
	CHECK(after.uid == 3 && after.gid == 4);
	CHECK_EQ(after.ino, before.ino);
	CHECK_EQ(sys_utimensat_time64(fd, 0, u_bytes(ts, sizeof(ts)), 0), 0);
	after = t_fstat(fd);
	CHECK(after.atime.sec == 5 && after.atime.nsec == 6);
	CHECK(after.mtime.sec == 7 && after.mtime.nsec == 8);
	CHECK(after.btime.sec != 5);
	CHECK_EQ(t_write(fd, "x"), 1);
	CHECK_NE(t_fstat(fd).mtime.sec, 7);
	CHECK_EQ(sys_fchown(fd, 0, 0), 0);
}

static int get_attr(int fd, const char *name, char *out, uint32_t size)
{
	uaddr_t buf = u_alloc(size);
	int n = sys_fgetxattr(fd, u_str(name), buf, size);

	if (n > 0)
		memcpy(out, u_ptr(buf, (size_t)n), (size_t)n);
	return n;
}

static void extended_attributes_come_and_go(int fd)
{
	char value[16];
	uaddr_t list = u_alloc(64);

	CHECK_EQ(get_attr(fd, "user.a", value, 16), -ENODATA);
	CHECK_EQ(sys_fsetxattr(fd, u_str("user.a"), u_str("one"), 3, XATTR_REPLACE), -ENODATA);
	CHECK_EQ(sys_fsetxattr(fd, u_str("user.a"), u_str("one"), 3, 0), 0);
	CHECK_EQ(sys_fsetxattr(fd, u_str("user.a"), u_str("two"), 3, XATTR_CREATE), -EEXIST);
	CHECK_EQ(get_attr(fd, "user.a", value, 16), 3);
	CHECK_MEM(value, "one", 3);
	CHECK_EQ(get_attr(fd, "user.a", value, 2), -ERANGE);
	CHECK_EQ(sys_flistxattr(fd, list, 64), 7);
	CHECK_STR(u_ptr(list, 7), "user.a");
	CHECK_EQ(sys_fremovexattr(fd, u_str("user.a")), 0);
	CHECK_EQ(sys_fremovexattr(fd, u_str("user.a")), -ENODATA);
	CHECK_EQ(sys_flistxattr(fd, list, 64), 0);
	CHECK_EQ(sys_fsetxattr(fd, u_str("none"), u_str("x"), 1, 0), -EOPNOTSUPP);
	CHECK_EQ(sys_fsetxattr(fd, u_str(""), u_str("x"), 1, 0), -ERANGE);
	CHECK_EQ(sys_fsetxattr(fd, u_str("user."), u_str("x"), 1, 0), -EINVAL);
}

static void flags_of_one_call(int fd)
{
	struct abi_iovec iov = {.base = u_str("abcd"), .len = 4};
	uaddr_t v = u_bytes(&iov, sizeof(iov));

	CHECK_EQ(sys_pwritev2(fd, v, 1, UINT64_MAX, 0), 4);
	CHECK_EQ(sys_pwritev2(fd, v, 1, 0, 16), 4); /* RWF_APPEND */
	CHECK_EQ(size_of(fd), 8);
	CHECK_EQ(t_seek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(sys_pwritev2(fd, v, 1, 0, 0x4000), -EOPNOTSUPP);
	CHECK_EQ(sys_preadv2(fd, v, 1, UINT64_MAX, 8), 4);
	CHECK_EQ(t_seek(fd, 0, SEEK_CUR), 8);
}

static void bytes_go_through_pipes(int fd)
{
	uaddr_t fds = u_alloc(8), off = u_alloc(8);
	int32_t r, w;

	CHECK_EQ(sys_pipe2(fds, O_NONBLOCK), 0);
	r = U_PTR(int32_t, fds)[0];
	w = U_PTR(int32_t, fds)[1];
	CHECK_EQ(t_write(w, "through a pipe"), 14);
	CHECK_EQ(sys_splice(r, 0, fd, 0, 100, 0), 14);
	*U_PTR(uint64_t, off) = 8;
	CHECK_EQ(sys_splice(fd, off, w, 0, 100, 0), 6);
	CHECK_STR(t_read(r), "a pipe");
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys_sendfile64(w, fd, 0, 7), 7);
	CHECK_STR(t_read(r), "through");
	CHECK_EQ(sys_close(r), 0);
	CHECK_EQ(sys_close(w), 0);
}

static void (*const of_a_file[])(int fd) = {writes_land_where_they_should,
	sizes_cut_and_grow_with_zeros, ranges_are_allocated_and_punched,
	attributes_are_set_and_times_move, extended_attributes_come_and_go, flags_of_one_call,
	bytes_go_through_pipes};

/* Each on a file of its own that make() opened empty. */
static void all_of_a_file(int (*make)(void))
{
	for (uint32_t i = 0; i < ARRAY_LEN(of_a_file); i++) {
		int fd = make();

		CHECK(fd >= 0);
		of_a_file[i](fd);
		CHECK_EQ(sys_close(fd), 0);
	}
}

/* ---- what must hold of names ---- */

static void names_behave(const char *top)
{
	char a[64], b[64], c[64], d[64];
	struct abi_statx st;
	int fd;

	kformat(a, sizeof(a), "%s/a", top);
	kformat(b, sizeof(b), "%s/b", top);
	kformat(c, sizeof(c), "%s/dir", top);
	kformat(d, sizeof(d), "%s/dir/a", top);
	fd = t_create(a);
	CHECK(fd >= 0);
	CHECK_EQ(t_write(fd, "A"), 1);
	CHECK_EQ(t_open(a, O_CREAT | O_EXCL | O_RDWR, 0600), -EEXIST);
	CHECK_EQ(t_link(a, b), 0);
	CHECK_EQ(t_stat(b).nlink, 2);
	CHECK_EQ(t_stat(b).ino, t_stat(a).ino);
	CHECK_EQ(t_mkdir(c), 0);
	CHECK_EQ(t_rename(a, d, 0), 0);
	CHECK_EQ(t_exists(a), -ENOENT);
	CHECK_EQ(t_rename(b, d, RENAME_NOREPLACE), -EEXIST);
	CHECK_EQ(t_rename(b, c, RENAME_EXCHANGE), 0);
	CHECK_EQ(t_stat(b).mode & S_IFMT, S_IFDIR);
	CHECK_EQ(t_stat(c).mode & S_IFMT, S_IFREG);
	CHECK_EQ(t_rename(c, b, RENAME_EXCHANGE), 0);
	CHECK_EQ(t_rmdir(c), -ENOTEMPTY);
	CHECK_EQ(t_unlink(c), -EISDIR);
	CHECK_EQ(t_unlink(b), 0);
	st = t_fstat(fd);
	CHECK_EQ(st.nlink, 1);
	CHECK_EQ(t_unlink(d), 0);
	CHECK_EQ(t_fstat(fd).nlink, 0);
	check_bytes(fd, 0, "A", 1);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_symlink("target", a), 0);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str(a), u_alloc(16), 16), 6);
	CHECK_EQ(t_unlink(a), 0);
	CHECK_EQ(sys_mknodat(AT_FDCWD, u_str(a), S_IFIFO | 0600, 0), 0);
	CHECK_EQ(t_stat(a).mode & S_IFMT, S_IFIFO);
	CHECK_EQ(t_unlink(a), 0);
	CHECK_EQ(t_rmdir(c), 0);
}

static int new_on_tmpfs(void)
{
	(void)t_unlink("/f");
	return t_open("/f", O_CREAT | O_EXCL | O_RDWR, 0644);
}

PROC_TEST(same_on_tmpfs)
{
	all_of_a_file(new_on_tmpfs);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_mkdir("/t"), 0);
	names_behave("/t");
	CHECK_EQ(t_rmdir("/t"), 0);
}

static int new_memfd(void)
{
	return sys_memfd_create(u_str("same"), 0);
}

PROC_TEST(same_on_memfds)
{
	all_of_a_file(new_memfd);
	ktest_forget_leaks(); /* the file system of memfds stays */
}

static void overlay_up(void)
{
	struct super *lower, *upper, *super;
	struct path at;

	host_sh("cd tree && mkdir -p d && for i in 0 1 2 3 4 5 6 7 8 9; do printf lower > f$i; "
		"done");
	layer_from_tree("");
	CHECK_EQ(erofs_type.mount("layer:0", 0, "", &lower), 0);
	CHECK_EQ(tmpfs_type.mount("t", 0, "mode=755", &upper), 0);
	CHECK_EQ(overlay_mount_root(&lower, 1, upper, &super), 0);
	super_put(lower);
	super_put(upper);
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(path_lookup(AT_FDCWD, "/m", 0, &at), 0);
	CHECK_EQ(mount_super(super, 0, &at), 0);
	path_put(&at);
}

static void overlay_down(void)
{
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

static int new_on_overlay(void)
{
	(void)t_unlink("/m/new");
	return t_open("/m/new", O_CREAT | O_EXCL | O_RDWR, 0644);
}

static int of_lower_layer(void)
{
	static int turn;
	char name[16];

	kformat(name, sizeof(name), "/m/f%d", turn++);
	return t_open(name, O_RDWR | O_TRUNC, 0);
}

PROC_TEST(same_on_new_files_of_an_overlay)
{
	overlay_up();
	all_of_a_file(new_on_overlay);
	names_behave("/m");
	names_behave("/m/d");
	overlay_down();
}

PROC_TEST(same_on_lower_files_of_an_overlay)
{
	overlay_up();
	all_of_a_file(of_lower_layer);
	overlay_down();
}

/* ---- read-only ---- */

PROC_TEST(same_refusals_on_an_image)
{
	int fd;

	host_sh("cd tree && mkdir d && printf text > f && ln -s f l");
	layer_from_tree("");
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(sys_mount(u_str("layer:0"), u_str("/m"), u_str("erofs"), MS_RDONLY, 0), 0);
	fd = t_open("/m/f", O_RDONLY, 0);
	CHECK(fd >= 0);
	CHECK_STR(t_read(fd), "text");
	CHECK_EQ(t_open("/m/f", O_RDWR, 0), -EROFS);
	CHECK_EQ(t_open("/m/f", O_RDONLY | O_TRUNC, 0), -EROFS);
	CHECK_EQ(t_open("/m/new", O_CREAT | O_RDWR, 0644), -EROFS);
	CHECK_EQ(t_mkdir("/m/new"), -EROFS);
	CHECK_EQ(t_unlink("/m/f"), -EROFS);
	CHECK_EQ(t_rmdir("/m/d"), -EROFS);
	CHECK_EQ(t_rename("/m/f", "/m/g", 0), -EROFS);
	CHECK_EQ(t_link("/m/f", "/m/g"), -EROFS);
	CHECK_EQ(t_symlink("x", "/m/g"), -EROFS);
	CHECK_EQ(sys_fchmod(fd, 0600), -EROFS);
	CHECK_EQ(sys_fchown(fd, 1, 1), -EROFS);
	CHECK_EQ(sys_fsetxattr(fd, u_str("user.a"), u_str("x"), 1, 0), -EROFS);
	CHECK_EQ(sys_fgetxattr(fd, u_str("user.a"), u_alloc(4), 4), -ENODATA);
	CHECK_EQ(sys_utimensat_time64(fd, 0, 0, 0), -EROFS);
	CHECK_EQ(sys_truncate64(u_str("/m/f"), 0), -EROFS);
	CHECK_EQ(sys_faccessat(AT_FDCWD, u_str("/m/f"), W_OK), -EROFS);
	CHECK_EQ(sys_fsync(fd), 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

/* ---- limits, whiteouts, seals ---- */

PROC_TEST(tmpfs_limits_are_enospc)
{
	uaddr_t page = u_alloc(8192);
	int fd;

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, "size=8k,nr_inodes=4,uid=7,gid=8"), 0);
	CHECK(t_stat("/m").uid == 7 && t_stat("/m").gid == 8);
	fd = t_create("/m/a");
	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, page, 8192), 8192);
	CHECK_EQ(sys_write(fd, page, 1), -ENOSPC);
	CHECK_EQ(sys_fallocate(fd, 0, 0, 16384), -ENOSPC);
	CHECK_EQ(sys_ftruncate64(fd, 4096), 0);
	CHECK_EQ(sys_write(fd, page, 1), 1);
	CHECK_EQ(t_mkdir("/m/b"), 0);
	CHECK_EQ(t_symlink("x", "/m/c"), 0);
	CHECK_EQ(t_create("/m/d"), -ENOSPC);
	CHECK_EQ(t_mkdir("/m/d"), -ENOSPC);
	CHECK_EQ(t_unlink("/m/c"), 0);
	CHECK_EQ(t_mkdir("/m/d"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT, "nr_inodes=2"), -EINVAL);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT, "nr_inodes=0"), 0);
	CHECK_EQ(t_mkdir("/m/e"), 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(rename_leaves_a_whiteout_if_asked)
{
	struct abi_statx st;

	t_touch("/f");
	CHECK_EQ(t_rename("/f", "/g", RENAME_WHITEOUT), 0);
	st = t_stat("/f");
	CHECK_EQ(st.mode, S_IFCHR);
	CHECK(st.rdev_major == 0 && st.rdev_minor == 0);
	CHECK_EQ(t_rename("/g", "/f", RENAME_WHITEOUT), 0); /* over one */
	CHECK_EQ(t_stat("/f").mode & S_IFMT, S_IFREG);
	CHECK_EQ(t_rename("/f", "/g", RENAME_WHITEOUT | RENAME_EXCHANGE), -EINVAL);
	ktest_become(1000, 1000);
	CHECK_EQ(t_rename("/f", "/g", RENAME_WHITEOUT), -EPERM);
	ktest_become(0, 0);
	CHECK_EQ(t_unlink("/f"), 0);
	CHECK_EQ(t_unlink("/g"), 0);
}

struct sealing {
	int fd;
	int result;
};
static void seal(void *arg)
{
	struct sealing *s = arg;

	s->result = sys_fcntl64(s->fd, F_ADD_SEALS, F_SEAL_WRITE);
}

/* A write beside the seal is whole or refused; after it nothing changes. */
PROC_DET_TEST(memfd_write_beside_its_seal, 1000)
{
	struct sealing s = {.fd = sys_memfd_create(u_str("m"), 2)};
	struct thread *t = ktest_thread(seal, &s);
	int n = t_write(s.fd, "word");

	CHECK(n == 4 || n == -EPERM);
	ktest_join(t);
	CHECK_EQ(s.result, 0);
	CHECK_EQ(size_of(s.fd), n == 4 ? 4 : 0);
	CHECK_EQ(t_write(s.fd, "word"), -EPERM);
	CHECK_EQ(sys_close(s.fd), 0);
	ktest_forget_leaks();
}

/* ---- two that splice from one pipe ---- */

struct splicing {
	int32_t from, to;
	int moved;
};
static void splice_all(void *arg)
{
	struct splicing *s = arg;
	int n;

	while ((n = sys_splice(s->from, 0, s->to, 0, 3, 0)) > 0)
		s->moved += n;
	CHECK_EQ(n, 0);
}

PROC_DET_TEST(splice_of_two_from_one_pipe_loses_nothing, 1000)
{
	uaddr_t fds = u_alloc(8), out = u_alloc(8);
	struct splicing s[2];
	struct thread *t[2];
	int32_t w;
	int n;

	CHECK_EQ(sys_pipe2(fds, 0), 0);
	CHECK_EQ(sys_pipe2(out, 0), 0);
	w = U_PTR(int32_t, fds)[1];
	for (int i = 0; i < 2; i++) {
		s[i] = (struct splicing){U_PTR(int32_t, fds)[0], U_PTR(int32_t, out)[1], 0};
		t[i] = ktest_thread(splice_all, &s[i]);
	}
	CHECK_EQ(t_write(w, "0123456"), 7);
	CHECK_EQ(t_write(w, "789"), 3);
	CHECK_EQ(sys_close(w), 0);
	for (int i = 0; i < 2; i++)
		ktest_join(t[i]);
	CHECK_EQ(s[0].moved + s[1].moved, 10);
	n = sys_read(U_PTR(int32_t, out)[0], u_alloc(32), 32);
	CHECK_EQ(n, 10);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sys_close(U_PTR(int32_t, out)[i]), 0);
	}
	CHECK_EQ(sys_close(U_PTR(int32_t, fds)[0]), 0);
}

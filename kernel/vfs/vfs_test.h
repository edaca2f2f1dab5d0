/* vfs_test.h - the calls of this room as its tests write them: kernel strings, results as they are.
 */
#ifndef VFS_VFS_TEST_H
#define VFS_VFS_TEST_H

#include "tests/ktest_proc.h"
#include "vfs/internal.h"
#include "lib/klog.h"
#include "lib/str.h"

static inline int t_open(const char *path, uint32_t flags, uint32_t mode)
{
	return sys_openat(AT_FDCWD, u_str(path), flags, mode);
}
static inline int t_create(const char *path)
{
	return t_open(path, O_CREAT | O_RDWR, 0644);
}
/* An empty file, closed. */
static inline void t_touch(const char *path)
{
	int fd = t_create(path);

	CHECK(fd >= 0);
	CHECK_EQ(sys_close(fd), 0);
}
static inline int t_write(int fd, const char *text)
{
	return sys_write(fd, u_str(text), (uint32_t)strlen(text));
}
/* Up to 255 bytes from the position, as a string in a static buffer. */
static inline const char *t_read(int fd)
{
	static char text[256];
	uaddr_t buf = u_alloc(sizeof(text));
	int n = sys_read(fd, buf, sizeof(text) - 1);

	CHECK(n >= 0);
	memcpy(text, u_ptr(buf, (size_t)n + 1), (size_t)n);
	text[n] = 0;
	return text;
}
static inline int t_mkdir(const char *path)
{
	return sys_mkdirat(AT_FDCWD, u_str(path), 0755);
}
static inline int t_rmdir(const char *path)
{
	return sys_unlinkat(AT_FDCWD, u_str(path), AT_REMOVEDIR);
}
static inline int t_unlink(const char *path)
{
	return sys_unlinkat(AT_FDCWD, u_str(path), 0);
}
static inline int t_symlink(const char *target, const char *path)
{
	return sys_symlinkat(u_str(target), AT_FDCWD, u_str(path));
}
static inline int t_link(const char *old, const char *path)
{
	return sys_linkat(AT_FDCWD, u_str(old), AT_FDCWD, u_str(path), 0);
}
static inline int t_rename(const char *old, const char *path, uint32_t flags)
{
	return sys_renameat2(AT_FDCWD, u_str(old), AT_FDCWD, u_str(path), flags);
}
static inline int t_mount(const char *type, const char *path, uint32_t flags, const char *data)
{
	return sys_mount(u_str("none"), u_str(path), u_str(type), flags, u_str(data));
}
static inline int t_bind(const char *source, const char *path, uint32_t flags)
{
	return sys_mount(u_str(source), u_str(path), 0, MS_BIND | flags, 0);
}
static inline int t_umount(const char *path, uint32_t flags)
{
	return sys_umount2(u_str(path), flags);
}
static inline int t_chdir(const char *path)
{
	return sys_chdir(u_str(path));
}
static inline const char *t_getcwd(void)
{
	uaddr_t buf = u_alloc(PATH_MAX);

	CHECK(sys_getcwd(buf, PATH_MAX) > 0);
	return u_ptr(buf, PATH_MAX);
}
static inline int t_statx(const char *path, uint32_t flags, struct abi_statx *out)
{
	uaddr_t buf = u_alloc(sizeof(*out));
	int err = sys_statx(AT_FDCWD, u_str(path), flags, STATX_BASIC_STATS, buf);

	memcpy(out, u_ptr(buf, sizeof(*out)), sizeof(*out));
	return err;
}
static inline struct abi_statx t_stat(const char *path)
{
	struct abi_statx st;

	CHECK_EQ(t_statx(path, AT_SYMLINK_NOFOLLOW, &st), 0);
	return st;
}
static inline struct abi_statx t_fstat(int fd)
{
	uaddr_t buf = u_alloc(sizeof(struct abi_statx));

	CHECK_EQ(sys_statx(fd, u_str(""), AT_EMPTY_PATH, STATX_BASIC_STATS, buf), 0);
	return *U_PTR(struct abi_statx, buf);
}
static inline int t_exists(const char *path)
{
	struct abi_statx st;

	return t_statx(path, AT_SYMLINK_NOFOLLOW, &st);
}
static inline int64_t t_seek(int fd, int64_t off, uint32_t whence)
{
	uaddr_t at = u_alloc(8);
	int err = sys__llseek(fd, (uint32_t)((uint64_t)off >> 32), (uint32_t)off, at, whence);

	return err ? err : *U_PTR(int64_t, at);
}
/* fcntl locks: SEEK_SET, kernel's structure filled in and back. */
static inline int t_lock(int fd, uint32_t cmd, int type, int64_t start, int64_t len)
{
	struct abi_flock l = {.l_type = (int16_t)type, .l_start = start, .l_len = len};

	return sys_fcntl64(fd, cmd, u_bytes(&l, sizeof(l)));
}

#endif

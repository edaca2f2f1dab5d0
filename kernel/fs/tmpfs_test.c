/* tmpfs_test.c - files in memory: contents, size limit, big directories, memory given back. */
#include "vfs/vfs_test.h"
#include "lib/alloc.h"

PROC_TEST(tmpfs_contents_survive_any_cut)
{
	uint32_t n = 5 * 4096 + 123;
	uaddr_t a = u_alloc(n), b = u_alloc(n);
	uint8_t *pa = u_ptr(a, n), *pb = u_ptr(b, n);
	int fd = t_create("/f");

	for (uint32_t i = 0; i < n; i++)
		pa[i] = (uint8_t)(i * 2654435761u >> 24);
	/* Written in pieces of 1000, out of order; read back in one. */
	for (uint32_t at = 0; at < n; at += 2000)
		CHECK_EQ(sys_pwrite64(fd, a + at, MIN(1000, n - at), at), MIN(1000, n - at));
	for (uint32_t at = 1000; at < n; at += 2000)
		CHECK_EQ(sys_pwrite64(fd, a + at, MIN(1000, n - at), at), MIN(1000, n - at));
	CHECK_EQ(sys_pread64(fd, b, n, 0), n);
	CHECK_MEM(pa, pb, n);
	CHECK_EQ(sys_pread64(fd, b, n, 4000), n - 4000);
	CHECK_MEM(pa + 4000, pb, n - 4000);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(tmpfs_cut_and_grown_reads_zero)
{
	uaddr_t buf = u_alloc(4096 * 2);
	int fd = t_create("/f");

	memset(u_ptr(buf, 8192), 'x', 8192);
	CHECK_EQ(sys_write(fd, buf, 8192), 8192);
	CHECK_EQ(sys_ftruncate64(fd, 5), 0);
	CHECK_EQ(sys_ftruncate64(fd, 8192), 0);
	CHECK_EQ(sys_pread64(fd, buf, 8192, 0), 8192);
	CHECK_MEM(u_ptr(buf, 6), "xxxxx\0", 6);
	for (uint32_t i = 6; i < 8192; i++)
		CHECK_EQ(((uint8_t *)u_ptr(buf, 8192))[i], 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(tmpfs_full_is_enospc_and_keeps_what_fitted)
{
	uaddr_t buf = u_alloc(8 * 4096);

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(t_mount("tmpfs", "/m", 0, "size=16k,mode=755"), 0);
	int fd = t_create("/m/f");
	CHECK_EQ(sys_write(fd, buf, 8 * 4096), 4 * 4096);
	CHECK_EQ(sys_write(fd, buf, 1), -ENOSPC);
	CHECK_EQ(t_fstat(fd).size, 4 * 4096);
	CHECK_EQ(sys_pwrite64(fd, buf, 4096, 0), 4096);
	CHECK_EQ(sys_fallocate(fd, 0, 0, 5 * 4096), -ENOSPC);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT, "size=8k"), -EINVAL);
	CHECK_EQ(t_mount("tmpfs", "/m", MS_REMOUNT, "size=20k"), 0);
	CHECK_EQ(t_seek(fd, 0, SEEK_END), 4 * 4096);
	CHECK_EQ(sys_write(fd, buf, 4097), 4096);
	CHECK_EQ(sys_ftruncate64(fd, 4096), 0);
	CHECK_EQ(t_seek(fd, 0, SEEK_END), 4096);
	CHECK_EQ(sys_write(fd, buf, 4096), 4096);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
}

PROC_TEST(tmpfs_memory_goes_with_the_last_user)
{
	struct alloc_stats before, after;
	uaddr_t buf = u_alloc(64 * 4096);
	int fd = t_create("/f");

	alloc_stats(&before);
	CHECK_EQ(sys_write(fd, buf, 64 * 4096), 64 * 4096);
	CHECK_EQ(t_unlink("/f"), 0);
	alloc_stats(&after);
	CHECK(after.used_bytes >= before.used_bytes + 64 * 4096 - 4096);
	CHECK_EQ(sys_close(fd), 0);
	alloc_stats(&after);
	CHECK(after.used_bytes <= before.used_bytes);
}

PROC_TEST(tmpfs_sparse_file_costs_what_it_holds)
{
	int fd = t_create("/f");

	CHECK_EQ(sys_pwrite64(fd, u_str("end"), 3, 1u << 30), 3);
	CHECK_EQ(t_fstat(fd).size, (1 << 30) + 3);
	CHECK_EQ(t_fstat(fd).blocks, 8);
	CHECK_EQ(t_seek(fd, 0, SEEK_DATA), 1 << 30);
	CHECK_EQ(t_seek(fd, 1, SEEK_HOLE), 1);
	/* The bookkeeping of half a tebibyte of holes stays small, too. */
	struct alloc_stats before, after;
	alloc_stats(&before);
	CHECK_EQ(sys_pwrite64(fd, u_str("x"), 1, (uint64_t)1 << 39), 1);
	CHECK_EQ(t_seek(fd, (1 << 30) + 4096, SEEK_DATA), (int64_t)1 << 39);
	alloc_stats(&after);
	CHECK(after.used_bytes - before.used_bytes < 64u << 20);
	CHECK_EQ(sys_fallocate(fd, 1 | 2, 0, (uint64_t)1 << 38), 0);
	CHECK_EQ(t_fstat(fd).blocks, 8);
	CHECK_EQ(sys_ftruncate64(fd, 1), 0);
	CHECK_EQ(t_fstat(fd).blocks, 0);
	CHECK_EQ(sys_pwrite64(fd, u_str("x"), 1, (uint64_t)1 << 50), -EFBIG);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(tmpfs_big_directory)
{
	char name[32];

	CHECK_EQ(t_mkdir("/d"), 0);
	for (int i = 0; i < 2000; i++) {
		kformat(name, sizeof(name), "/d/file%d", i);
		CHECK_EQ(sys_mknodat(AT_FDCWD, u_str(name), 0644, 0), 0);
	}
	dentry_prune_super(proc_self()->fs->root.mount->super);
	for (int i = 0; i < 2000; i += 7) {
		kformat(name, sizeof(name), "/d/file%d", i);
		CHECK_EQ(t_exists(name), 0);
	}
	CHECK_EQ(t_exists("/d/file2000"), -ENOENT);
	CHECK_EQ(t_rmdir("/d"), -ENOTEMPTY);
	for (int i = 0; i < 2000; i++) {
		kformat(name, sizeof(name), "/d/file%d", i);
		CHECK_EQ(t_unlink(name), 0);
	}
	CHECK_EQ(t_rmdir("/d"), 0);
}

PROC_TEST(tmpfs_names_beyond_the_cache_are_found_again)
{
	char name[32];

	CHECK_EQ(t_mkdir("/d"), 0);
	/* More than dentry.c keeps. */
	for (int i = 0; i < 9000; i++) {
		kformat(name, sizeof(name), "/d/%d", i);
		struct path p;
		CHECK_EQ(path_mknod(AT_FDCWD, name, 0644, 0, &p), 0);
		path_put(&p);
	}
	for (int i = 0; i < 9000; i++) {
		struct path p;
		kformat(name, sizeof(name), "/d/%d", i);
		CHECK_EQ(path_lookup(AT_FDCWD, name, 0, &p), 0);
		path_put(&p);
	}
	for (int i = 0; i < 9000; i++) {
		uaddr_t u = U_ARENA_END - 64;
		kformat(name, sizeof(name), "/d/%d", i);
		memcpy(u_ptr(u, 32), name, 32);
		CHECK_EQ(sys_unlinkat(AT_FDCWD, u, 0), 0);
	}
	CHECK_EQ(t_rmdir("/d"), 0);
}

/* Every allocation of a few calls fails once: a clean errno, and nothing half made. */
PROC_TEST(tmpfs_out_of_memory_is_a_clean_error)
{
	for (uint32_t n = 1; n < 30; n++) {
		alloc_fail_after(n);
		int fd = t_create("/f");
		int err = t_mkdir("/d");
		int err2 = t_symlink("target", "/l");
		int err3 = t_rename("/l", "/m", 0);
		ssize_t w = fd >= 0 ? t_write(fd, "data") : -ENOSPC;
		alloc_fail_after(0);
		CHECK(fd >= 0 || fd == -ENOMEM || fd == -ENOSPC);
		CHECK(err == 0 || err == -ENOMEM || err == -ENOSPC);
		CHECK(err2 == 0 || err2 == -ENOMEM || err2 == -ENOSPC);
		CHECK(err3 == 0 || err3 == -ENOMEM || err3 == -ENOSPC || err3 == -ENOENT);
		CHECK(w == 4 || w == -ENOSPC);
		if (fd >= 0)
			CHECK_EQ(sys_close(fd), 0);
		(void)t_unlink("/f");
		(void)t_unlink("/l");
		(void)t_unlink("/m");
		(void)t_rmdir("/d");
	}
	CHECK_EQ(t_stat("/").nlink, 2);
}

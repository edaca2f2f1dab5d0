/* rw_test.c - read, write, positions, vectors, copies between files, limits. */
#include "vfs/vfs_test.h"

PROC_TEST(read_write_move_the_position)
{
	int fd = t_create("/f");

	CHECK_EQ(t_write(fd, "hello world"), 11);
	CHECK_EQ(t_seek(fd, 6, SEEK_SET), 6);
	CHECK_STR(t_read(fd), "world");
	CHECK_STR(t_read(fd), "");
	CHECK_EQ(t_seek(fd, -5, SEEK_END), 6);
	CHECK_EQ(t_seek(fd, -7, SEEK_CUR), -EINVAL);
	CHECK_EQ(t_seek(fd, 0, 9), -EINVAL);
	CHECK_EQ(sys_read(fd, 0, 4), -EFAULT);
	CHECK_EQ(sys_write(fd, 0x70000000, 4), -EFAULT);
	CHECK_EQ(t_seek(fd, 0, SEEK_CUR), 6);
	CHECK_EQ(sys_read(fd, u_alloc(4), 0), 0);
	CHECK_EQ(sys_read(99, u_alloc(4), 4), -EBADF);
	int ro = t_open("/f", O_RDONLY, 0), wo = t_open("/f", O_WRONLY, 0);
	CHECK_EQ(t_write(ro, "x"), -EBADF);
	CHECK_EQ(sys_read(wo, u_alloc(4), 4), -EBADF);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(pread_pwrite_leave_the_position)
{
	int fd = t_create("/f");
	uaddr_t buf = u_alloc(8);

	CHECK_EQ(sys_pwrite64(fd, u_str("abc"), 3, 5000), 3);
	CHECK_EQ(t_seek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(t_fstat(fd).size, 5003);
	CHECK_EQ(sys_pread64(fd, buf, 8, 4999), 4);
	CHECK_MEM(u_ptr(buf, 4), "\0abc", 4);
	CHECK_EQ(sys_pread64(fd, buf, 8, 6000), 0);
	CHECK_EQ(sys_pread64(fd, buf, 8, UINT64_MAX), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(vectors_are_one_stream)
{
	int fd = t_create("/f");
	struct abi_iovec v[12];
	uaddr_t in = u_str("abcdefghijkl"), out = u_alloc(16);

	for (uint32_t i = 0; i < 12; i++)
		v[i] = (struct abi_iovec){.base = in + i, .len = 1};
	CHECK_EQ(sys_writev(fd, u_bytes(v, sizeof(v)), 12), 12);
	v[0] = (struct abi_iovec){.base = out, .len = 5};
	v[1] = (struct abi_iovec){.base = out + 5, .len = 0};
	v[2] = (struct abi_iovec){.base = out + 5, .len = 11};
	CHECK_EQ(sys_preadv(fd, u_bytes(v, sizeof(v)), 3, 1), 11);
	CHECK_MEM(u_ptr(out, 11), "bcdefghijkl", 11);
	CHECK_EQ(sys_readv(fd, u_bytes(v, sizeof(v)), IOV_MAX + 1), -EINVAL);
	CHECK_EQ(sys_readv(fd, u_bytes(v, sizeof(v)), 0), 0);
	v[0].len = 0x80000000u;
	CHECK_EQ(sys_readv(fd, u_bytes(v, sizeof(v)), 3), -EINVAL);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(seek_finds_data_and_holes)
{
	int fd = t_create("/f");

	CHECK_EQ(sys_pwrite64(fd, u_str("x"), 1, 3 * 4096), 1);
	CHECK_EQ(t_seek(fd, 0, SEEK_DATA), 3 * 4096);
	CHECK_EQ(t_seek(fd, 5, SEEK_HOLE), 5);
	CHECK_EQ(t_seek(fd, 3 * 4096, SEEK_HOLE), 3 * 4096 + 1);
	CHECK_EQ(t_seek(fd, 4 * 4096, SEEK_DATA), -ENXIO);
	CHECK_EQ(t_fstat(fd).blocks, 8);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(write_over_rlimit_fsize_is_cut_then_sigxfsz)
{
	int fd = t_create("/f");
	struct rlimit_k *limit = &proc_self()->limits[RLIMIT_FSIZE];

	limit->cur = 6;
	CHECK_EQ(t_write(fd, "12345678"), 6);
	proc_self()->actions[SIGXFSZ].handler = SIG_IGN_K;
	CHECK_EQ(t_write(fd, "x"), -EFBIG);
	CHECK_EQ(sys_ftruncate64(fd, 7), -EFBIG);
	CHECK_EQ(sys_pwrite64(fd, u_str("ab"), 2, 0), 2);
	limit->cur = RLIM_INFINITY_K;
	proc_self()->actions[SIGXFSZ].handler = SIG_DFL_K;
	CHECK_EQ(t_write(fd, "x"), 1);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(write_by_others_clears_set_id_bits)
{
	t_touch("/f");
	CHECK_EQ(sys_fchmodat(AT_FDCWD, u_str("/f"), 06777), 0);
	int fd = t_open("/f", O_WRONLY, 0);
	CHECK_EQ(t_write(fd, "root may"), 8);
	CHECK_EQ(t_stat("/f").mode & 07777, 06777);
	ktest_become(1000, 1000);
	CHECK_EQ(t_write(fd, "x"), 1);
	CHECK_EQ(t_stat("/f").mode & 07777, 0777);
	ktest_become(0, 0);
	CHECK_EQ(t_unlink("/f"), 0);
}

PROC_TEST(sendfile_and_copy_file_range)
{
	int in = t_create("/in"), out = t_create("/out");
	uaddr_t off = u_alloc(8), off2 = u_alloc(8);

	CHECK_EQ(t_write(in, "0123456789"), 10);
	CHECK_EQ(sys_sendfile64(out, in, 0, 100), 0);
	*U_PTR(uint64_t, off) = 2;
	CHECK_EQ(sys_sendfile64(out, in, off, 3), 3);
	CHECK_EQ(*U_PTR(uint64_t, off), 5);
	CHECK_EQ(t_seek(in, 0, SEEK_CUR), 10);
	CHECK_EQ(t_seek(in, 8, SEEK_SET), 8);
	CHECK_EQ(sys_sendfile64(out, in, 0, 100), 2);
	CHECK_EQ(t_seek(out, 0, SEEK_SET), 0);
	CHECK_STR(t_read(out), "23489");
	*U_PTR(uint64_t, off) = 0;
	*U_PTR(uint64_t, off2) = 5;
	CHECK_EQ(sys_copy_file_range(in, off, out, off2, 4, 0), 4);
	CHECK_EQ(*U_PTR(uint64_t, off2), 9);
	CHECK_EQ(sys_pread64(out, u_alloc(16), 16, 0), 9);
	*U_PTR(uint64_t, off2) = 2;
	*U_PTR(uint64_t, off) = 0;
	CHECK_EQ(sys_copy_file_range(in, off, in, off2, 4, 0), -EINVAL);
	CHECK_EQ(sys_copy_file_range(in, off, out, off2, 4, 1), -EINVAL);
	CHECK_EQ(t_unlink("/in"), 0);
	CHECK_EQ(t_unlink("/out"), 0);
}

/* O_APPEND: two writers never write over each other. */
static void append_a(void *arg)
{
	int fd = t_open("/log", O_WRONLY | O_APPEND, 0);

	(void)arg;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_write(fd, "aa"), 2);
	CHECK_EQ(sys_close(fd), 0);
}

PROC_DET_TEST(append_by_two_loses_nothing, 1000)
{
	int fd = t_open("/log", O_CREAT | O_RDWR | O_APPEND, 0644), n[2] = {0, 0};
	struct thread *t = ktest_thread(append_a, NULL);

	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_write(fd, "bb"), 2);
	ktest_join(t);
	CHECK_EQ(t_seek(fd, 0, SEEK_SET), 0);
	const char *s = t_read(fd);
	CHECK_EQ(strlen(s), 12);
	for (int i = 0; i < 12; i += 2) {
		CHECK_EQ(s[i], s[i + 1]);
		n[s[i] - 'a']++;
	}
	CHECK_EQ(n[0], 3);
	CHECK_EQ(n[1], 3);
	CHECK_EQ(t_unlink("/log"), 0);
}

/* One descriptor of two threads: each byte is read once. */
static int shared_fd;
static uint32_t sum;

static void read_all(void *arg)
{
	uaddr_t buf = u_alloc(1);

	(void)arg;
	while (sys_read(shared_fd, buf, 1) == 1)
		atomic_add(&sum, 1u << 4 * (*U_PTR(char, buf) - 'a'));
}

PROC_DET_TEST(read_of_one_position_by_two_repeats_nothing, 1000)
{
	shared_fd = t_create("/f");
	sum = 0;
	CHECK_EQ(t_write(shared_fd, "abcdef"), 6);
	CHECK_EQ(t_seek(shared_fd, 0, SEEK_SET), 0);
	struct thread *t = ktest_thread(read_all, NULL);
	read_all(NULL);
	ktest_join(t);
	CHECK_EQ(sum, 0x111111);
	CHECK_EQ(t_unlink("/f"), 0);
}

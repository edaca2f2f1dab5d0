/* erofs_test.c - images made by mkfs.erofs: what was put in is what is read; damage is an errno. */
#include "fs/fs.h"
#include "fs/image_test.h"

static const uint32_t sizes[] = {
	0, 1, 100, 4000, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 300000};

static void make_sizes(void)
{
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char name[32];

		kformat(name, sizeof(name), "f%u", sizes[i]);
		host_pattern_file(name, sizes[i]);
	}
}

static void check_sizes(uint32_t piece)
{
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char name[32];

		kformat(name, sizeof(name), "/m/f%u", sizes[i]);
		check_pattern(name, sizes[i], piece);
	}
}

static void check_tree(const char *flags)
{
	make_sizes();
	uint32_t layer = layer_from_tree(flags);

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(layer, "/m"), 0);
	check_sizes(1000);
	check_sizes(70000);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

PROC_TEST(erofs_files_of_all_sizes_inline)
{
	check_tree("");
}

PROC_TEST(erofs_files_of_all_sizes_extended_inodes)
{
	check_tree("-Eforce-inode-extended");
}

PROC_TEST(erofs_files_of_all_sizes_plain)
{
	check_tree("-Enoinline_data");
}

PROC_TEST(erofs_files_of_all_sizes_chunk_based)
{
	check_tree("--chunksize=4096");
}

PROC_TEST(erofs_chunk_based_holes_read_as_zero)
{
	uaddr_t buf = u_alloc(8192);

	host_sh("truncate -s 1M tree/sparse && printf end >> tree/sparse");
	uint32_t layer = layer_from_tree("--chunksize=4096");

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(layer, "/m"), 0);
	int fd = t_open("/m/sparse", O_RDONLY, 0);
	CHECK_EQ(t_fstat(fd).size, (1 << 20) + 3);
	CHECK_EQ(sys_pread64(fd, buf, 8192, 500000), 8192);
	for (uint32_t i = 0; i < 8192; i++)
		CHECK_EQ(U_PTR(uint8_t, buf + i)[0], 0);
	CHECK_EQ(sys_pread64(fd, buf, 100, (1 << 20) - 1), 4);
	CHECK_MEM(u_ptr(buf, 4), "\0end", 4);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

/* 3,000 names take many blocks: each is found, in any order, and none that is not there. */
PROC_TEST(erofs_long_directory_is_searched_and_listed)
{
	uaddr_t buf = u_alloc(4096);
	uint32_t seen = 0, dots = 0;
	char name[64];
	int n;

	host_sh("mkdir tree/d && cd tree/d && seq -f 'name-%05g-with-some-length' 0 2 5998 | xargs "
		"touch");
	uint32_t layer = layer_from_tree("");

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(layer, "/m"), 0);
	for (uint32_t i = 0; i < 6000; i += 7) {
		kformat(name, sizeof(name), "/m/d/name-%05u-with-some-length", i);
		CHECK_EQ(t_exists(name), i % 2 ? -ENOENT : 0);
	}
	CHECK_EQ(t_exists("/m/d/a"), -ENOENT);
	CHECK_EQ(t_exists("/m/d/zzz"), -ENOENT);
	CHECK_EQ(t_exists("/m/d/name-00000-with-some-lengt"), -ENOENT);
	CHECK_EQ(t_exists("/m/d/name-00000-with-some-lengthh"), -ENOENT);
	int fd = t_open("/m/d", O_RDONLY | O_DIRECTORY, 0);
	while ((n = sys_getdents64(fd, buf, 4096)) > 0) {
		for (uint32_t at = 0; at < (uint32_t)n;) {
			const struct abi_dirent64 *d = u_ptr(buf + at, sizeof(*d));

			dots += d->name[0] == '.';
			seen++;
			at += d->reclen;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(seen, 3002);
	CHECK_EQ(dots, 2);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

PROC_TEST(erofs_kinds_of_files_keep_their_attributes)
{
	host_sh("cd tree && mkdir -m 2755 d && ln -s ../far/away d/link && mknod -m 600 c c 4 65 "
		"&& "
		"mknod b b 259 70000 && mkfifo -m 622 p && printf hello > x && chmod 4711 x && "
		"ln x d/y && printf '%04000d' 0 | tr 0 a | xargs -I{} ln -s {} long");
	uint32_t layer = layer_from_tree("");
	struct abi_statx st;
	uaddr_t buf = u_alloc(5000);

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(layer, "/m"), 0);
	CHECK_EQ(t_stat("/m/d").mode, S_IFDIR | 02755);
	st = t_stat("/m/c");
	CHECK_EQ(st.mode, S_IFCHR | 0600);
	CHECK_EQ(st.rdev_major, 4);
	CHECK_EQ(st.rdev_minor, 65);
	st = t_stat("/m/b");
	CHECK_EQ(st.rdev_major, 259);
	CHECK_EQ(st.rdev_minor, 70000);
	CHECK_EQ(t_stat("/m/p").mode, S_IFIFO | 0622);
	st = t_stat("/m/x");
	CHECK_EQ(st.mode, S_IFREG | 04711);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(st.ino, t_stat("/m/d/y").ino);
	CHECK_EQ(st.mtime.sec, 1700000000);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/m/d/link"), buf, 100), 11);
	CHECK_MEM(u_ptr(buf, 11), "../far/away", 11);
	CHECK_EQ(sys_readlinkat(AT_FDCWD, u_str("/m/long"), buf, 5000), 4000);
	CHECK_EQ(t_open("/m/x", O_WRONLY, 0), -EROFS);
	CHECK_EQ(t_open("/m/new", O_CREAT | O_WRONLY, 0644), -EROFS);
	CHECK_EQ(t_unlink("/m/x"), -EROFS);
	CHECK_EQ(t_mkdir("/m/nd"), -EROFS);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

/* A chunk that cannot be had is EIO; once it can, the same descriptor reads on. */
PROC_TEST(erofs_lost_chunk_is_eio_then_retried)
{
	host_pattern_file("big", 300000);
	uint32_t layer = layer_from_tree("-Enoinline_data");
	struct test_layer *l = &test_layers[layer];
	uaddr_t buf = u_alloc(300000);

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(layer, "/m"), 0);
	int fd = t_open("/m/big", O_RDONLY, 0);
	CHECK(fd >= 0);
	l->fail_chunk = 3; /* the third: past all metadata */
	int n = sys_pread64(fd, buf, 300000, 0);
	CHECK(n > 0 && n < 300000); /* what came before it */
	CHECK_EQ(sys_pread64(fd, buf, 10, (uint32_t)n), -EIO);
	CHECK_EQ(sys_pread64(fd, buf, 10, (uint32_t)n), -EIO);
	l->fail_chunk = 0;
	CHECK_EQ(sys_pread64(fd, buf, 300000, 0), 300000);
	for (uint32_t i = 0; i < 300000; i++)
		CHECK_EQ(((uint8_t *)u_ptr(buf, 300000))[i], pattern(300000, i));
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(t_umount("/m", 0), 0);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

/* ---- damage ---- */

static bool count_entry(
	struct dir_emit *e, const char *name, size_t len, uint64_t ino, uint8_t type, uint64_t next)
{
	(void)e, (void)ino, (void)type, (void)next;
	CHECK(len > 0 && len <= NAME_MAX && !memchr(name, '/', len) && !memchr(name, 0, len));
	return true;
}

static void list_all(struct file *f)
{
	struct dir_emit emit = {count_entry};
	uint64_t pos = 0, before;
	int err;

	lock_acquire(&f->inode->lock);
	do {
		before = pos;
		err = f->ops->readdir(f, &pos, &emit);
	} while (!err && pos != before);
	lock_release(&f->inode->lock);
}

static void read_parts(struct file *f)
{
	static uint8_t buf[4096];
	uint64_t size = f->inode->size;

	(void)!file_read_kernel(f, buf, sizeof(buf), 0);
	(void)!file_read_kernel(f, buf, sizeof(buf), size / 2);
	(void)!file_read_kernel(f, buf, sizeof(buf), size - MIN(size, (uint64_t)10));
}

static void look_at(const char *path)
{
	static char target[PATH_MAX];
	struct path p;
	struct file *f;

	if (path_lookup(AT_FDCWD, path, 0, &p))
		return;
	if (S_ISLNK(p.dentry->inode->mode)) {
		(void)p.dentry->inode->ops->readlink(p.dentry->inode, target, sizeof(target));
	} else if ((S_ISREG(p.dentry->inode->mode) || S_ISDIR(p.dentry->inode->mode)) &&
		   file_open_path(&p, O_RDONLY, &f) == 0) {
		if (S_ISDIR(f->inode->mode))
			list_all(f);
		else
			read_parts(f);
		file_put(f);
	}
	path_put(&p);
}

/* Overwrite bytes of the metadata at random, many times: never more than an errno. */
PROC_TEST(erofs_damaged_images_are_errors_only)
{
	static const char *const paths[] = {"/m", "/m/d", "/m/d/e", "/m/d/x", "/m/l", "/m/x",
		"/m/f1", "/m/f4096", "/m/f65537", "/m/none", "/m/d/d", "/m/e"};
	static uint8_t saved[16384];
	uint32_t random = 12345 + ktest_seed(), mounted = 0, span, layer;
	struct test_layer *l;
	uaddr_t at_m = u_str("/m");
	struct path at;

	host_sh("mkdir -p tree/d/e && ln -s target tree/l && printf x > tree/x && printf y > "
		"tree/d/x");
	host_pattern_file("f1", 1);
	host_pattern_file("f4096", 4096);
	host_pattern_file("f65537", 65537);
	layer = layer_from_tree("--chunksize=4096");
	l = &test_layers[layer];
	span = (uint32_t)MIN(l->info.size, (uint64_t)sizeof(saved));
	memcpy(saved, l->base, span);
	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(path_lookup(AT_FDCWD, "/m", 0, &at), 0);
	for (int round = 0; round < 1000; round++) {
		memcpy(l->base, saved, span);
		for (int i = 0; i < 1 + round % 6; i++) {
			random = random * 1664525u + 1013904223u;
			uint32_t where = 1024 + (random >> 8) % (span - 1024);
			random = random * 1664525u + 1013904223u;
			l->base[where] = random & 0x10000 ? (uint8_t)(random >> 24) : 0xff;
		}
		chunk_use_source(&test_source, 64);
		if (mount_new(&erofs_type, "layer:0", 0, "", &at))
			continue;
		mounted++;
		for (uint32_t i = 0; i < ARRAY_LEN(paths); i++)
			look_at(paths[i]);
		CHECK_EQ(sys_umount2(at_m, 0), 0);
	}
	CHECK(mounted > 300);
	path_put(&at);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}

PROC_TEST(erofs_what_is_no_image_is_einval)
{
	host_sh("head -c 1000 /dev/zero > short; head -c 65536 /dev/zero > zeros");
	uint32_t empty = layer_from_file("short");
	uint32_t zeros = layer_from_file("zeros");

	CHECK_EQ(t_mkdir("/m"), 0);
	CHECK_EQ(mount_layer(empty, "/m"), -EINVAL);
	CHECK_EQ(mount_layer(zeros, "/m"), -EINVAL);
	CHECK_EQ(mount_layer(7, "/m"), -ENOENT);
	CHECK_EQ(sys_mount(u_str("/dev/sda"), u_str("/m"), u_str("erofs"), 0, 0), -EINVAL);
	CHECK_EQ(t_rmdir("/m"), 0);
	layers_end();
}
